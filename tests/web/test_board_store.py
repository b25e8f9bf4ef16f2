# SPDX-License-Identifier: GPL-3.0-or-later
"""What the board reads, from either database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.facts import Happening, Organization
from worker.store.board import calls_used, oldest_look, open_marks, read_open
from worker.web.board import snapshot
from worker.web.board.snapshot import Snapshot

if TYPE_CHECKING:
    import pytest

    from tests.worker.conftest import Site

GLOBEX = Organization(id="360002", name="Globex", fields={"market": "us"})


def fill(site: Site) -> None:
    """Two open tickets and a solved one, all judged."""
    site.helpdesk.add("1", group="Support")
    site.helpdesk.add("2", organization=GLOBEX)
    site.helpdesk.add("3")
    site.helpdesk.happen("3", Happening(at=site.clock.now(), kind="status", to="solved"))
    site.once()


def test_open_tickets_come_with_their_open_cycles_by_deadline(any_site: Site) -> None:
    fill(any_site)
    with any_site.database.read("default") as books:
        found = {one.ticket_id: one for one in read_open(books)}
        assert found == {one.ticket_id: one for one in read_open(books, ["1", "2", "3", "4"])}
        assert {ident: one.mark for ident, one in found.items()} == open_marks(books)
    assert set(found) == {"1", "2"}
    assert [one.measure for one in found["1"].cycles] == ["first_reply", "resolution"]
    assert (found["2"].customer, found["2"].market, found["2"].tier) == ("Globex", "us", "standard")


def of_grace(site: Site, ticket: str, name: str | None) -> None:
    """Give a ticket to an agent whom the helpdesk calls so."""
    held = site.helpdesk.held[ticket]
    held.state = replace(
        held.state,
        current=replace(held.state.current, assignee="77"),
        assignee_id="77",
        assignee_name=name,
        order=max(one.state.order for one in site.helpdesk.held.values()) + 1,
        updated_at=site.clock.now(),
    )


def test_agents_are_shown_by_the_name_that_the_helpdesk_gives_them(any_site: Site) -> None:
    fill(any_site)
    for name, shown in ((None, "77"), ("Grace Hopper", "Grace Hopper"), ("Grace", "Grace")):
        of_grace(any_site, "1", name)
        any_site.wait(minutes=1)
        any_site.once()
        with any_site.database.read("default") as books:
            assert [one.assignee for one in read_open(books, ["1"])] == [shown]
    of_grace(any_site, "2", None)
    any_site.wait(minutes=1)
    any_site.once()
    with any_site.database.read("default") as books:
        assert [one.assignee for one in read_open(books)] == ["Grace", "Grace"]


def test_a_snapshot_follows_the_database(any_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FRESH_S", 0)
    fill(any_site)
    held = Snapshot(any_site.database, "default")
    first = held.held()
    assert held.held() is first  # nothing has changed
    any_site.helpdesk.happen(
        "1", Happening(at=any_site.clock.now(), kind="comment", by="agent", public=True)
    )
    any_site.helpdesk.delete("2")
    any_site.once()
    after = held.held()
    assert [one.ticket_id for one in after.tickets] == ["1"]
    assert [one.measure for one in after.tickets[0].cycles] == ["resolution"]


def test_health_is_told_of_either_database(any_site: Site) -> None:
    fill(any_site)
    with any_site.database.read("default") as books:
        assert calls_used(books) == []
        assert oldest_look(books) is not None


def test_what_can_be_chosen_follows_though_nothing_changes_any_more(any_site: Site) -> None:
    seconds = [100.0]
    held = Snapshot(any_site.database, "default", lambda: seconds[0])
    any_site.helpdesk.add("9")
    any_site.once()
    assert len(held.held().values["customer"]) == 1
    seconds[0] += 1
    fill(any_site)
    assert len(held.held().tickets) == 3
    assert "Globex" not in held.held().values["customer"]  # they were looked at a second ago
    seconds[0] += 10
    assert "Globex" in held.held().values["customer"]


def test_a_helpdesk_without_tickets_is_read_to_its_end_too(any_site: Site) -> None:
    seconds = [100.0]
    held = Snapshot(any_site.database, "default", lambda: seconds[0])
    any_site.start()
    assert not held.held().is_read
    any_site.once()
    seconds[0] += 1
    assert held.held().is_read
