# SPDX-License-Identifier: GPL-3.0-or-later
"""Hints: read in bulk, outside the export, once, and never more than is good for the account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa

from connector.base import CredentialsRejected, Throttled, Unavailable
from rules.facts import Happening
from worker.hints import Followed, HintReader
from worker.store.hint_tables import hints
from worker.store.hints import count_hints, take_hint
from worker.store.tables import verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.worker.conftest import Site


def hint(site: Site, *idents: str) -> None:
    """A webhook tells of these tickets."""
    with site.database.write("default") as books:
        for ident in idents:
            take_hint(books, uuid4().hex, ident, site.clock.now() - timedelta(seconds=1))


def follow(site: Site) -> Followed:
    assert site.installation is not None
    return site.installation.accounts[0].hints.follow_due()


def waiting(site: Site) -> int:
    with site.database.read("default") as books:
        return count_hints(books)


def states(site: Site, ident: str) -> list[str]:
    with site.database.read("default") as books:
        choice = sa.select(verdicts.c.state).where(verdicts.c.ticket_id == ident)
        return sorted(books.tx.execute(choice).scalars())


def reply(site: Site, ident: str) -> None:
    answered = Happening(at=site.clock.now(), kind="comment", by="agent", public=True)
    site.helpdesk.happen(ident, answered)


def test_a_hinted_ticket_is_judged_with_its_history_before_the_export_tells(any_site: Site) -> None:
    site = any_site
    site.helpdesk.add("1")
    site.once()
    site.wait(minutes=5)
    reply(site, "1")
    hint(site, "1")
    assert follow(site) == Followed(claimed=1, read=1)
    work = site.installation.accounts[0]
    assert work.reconciler.reconcile(work.reconciler.claim()).judged == 1
    assert states(site, "1") == ["met", "running"]
    assert waiting(site) == 0


def test_a_ticket_that_is_not_known_yet_is_read_too(site: Site) -> None:
    site.start()
    site.helpdesk.add("1")
    hint(site, "1")
    assert follow(site).read == 1
    assert site.installation.accounts[0].reconciler.claim().ticket_ids == ("1",)


def test_what_the_export_tells_afterwards_is_no_news(site: Site) -> None:
    site.helpdesk.add("1")
    site.once()
    site.wait(minutes=5)
    reply(site, "1")
    hint(site, "1")
    follow(site)
    site.once()
    assert site.installation.accounts[0].poller.poll().happenings == 0
    assert site.installation.accounts[0].reconciler.claim().ticket_ids == ()


def test_a_hundred_tickets_that_have_not_changed_cost_one_call(site: Site) -> None:
    for number in range(100):
        site.helpdesk.add(f"{number}")
    site.once()
    before = site.helpdesk.spent.copy()
    hint(site, *(f"{number}" for number in range(100)))
    assert follow(site) == Followed(claimed=100, known=100)
    assert site.helpdesk.spent - before == {"tickets": 1}


def test_our_own_write_that_comes_back_as_a_hint_writes_nothing(site: Site) -> None:
    site.helpdesk.add("1")
    site.once()
    n_writes = len(site.helpdesk.writes)
    hint(site, "1")
    follow(site)
    site.once()
    assert len(site.helpdesk.writes) == n_writes == 1


def test_a_ticket_that_is_gone_is_forgotten(site: Site) -> None:
    site.start()
    hint(site, "404")
    assert follow(site) == Followed(claimed=1, gone=1)
    assert waiting(site) == 0


def test_so_many_histories_a_minute_are_read_the_most_urgent_first(site: Site) -> None:
    for number in range(6):
        site.helpdesk.add(f"{number}")
        site.wait(minutes=10)  # each is due ten minutes after the one before it
    site.once()
    site.wait(minutes=5)
    for number in range(6):
        reply(site, f"{number}")
    hint(site, *(f"{number}" for number in range(6)))
    reader = HintReader(
        site.database, site.helpdesk, site.clock, lambda: False, histories_a_minute=2
    )
    assert reader.follow_due() == Followed(claimed=6, read=2, waiting=4)
    assert reader.follow_due().claimed == 0
    with site.database.read("default") as books:
        assert set(books.tx.execute(sa.select(hints.c.ticket_id)).scalars()) == set("2345")
    site.wait(minutes=1)
    assert reader.follow_due() == Followed(claimed=4, read=2, waiting=2)


def test_those_that_waited_are_not_read_again_when_the_export_has_brought_them(site: Site) -> None:
    for number in range(3):
        site.helpdesk.add(f"{number}")
    site.start()
    hint(site, "0", "1", "2")
    reader = HintReader(
        site.database, site.helpdesk, site.clock, lambda: False, histories_a_minute=1
    )
    assert reader.follow_due() == Followed(claimed=3, read=1, waiting=2)
    site.once()
    site.wait(minutes=1)
    assert reader.follow_due() == Followed(claimed=2, known=2)


def test_a_hint_that_comes_while_its_ticket_is_read_is_followed_again(site: Site) -> None:
    site.start()
    site.helpdesk.add("1")
    hint(site, "1")
    asked = site.helpdesk.happenings

    def while_reading(ident: str) -> object:
        hint(site, ident)
        return asked(ident)

    site.helpdesk.happenings = while_reading
    follow(site)
    site.helpdesk.happenings = asked
    assert waiting(site) == 1
    assert follow(site) == Followed(claimed=1, known=1)


def test_a_rate_limit_puts_hints_off_and_loses_none(site: Site) -> None:
    site.start()
    site.helpdesk.add("1")
    site.helpdesk.faults["tickets"] = [Throttled(20)]
    hint(site, "1")
    assert follow(site) == Followed(claimed=1, waiting=1)
    assert follow(site).claimed == 0
    site.wait(seconds=20)
    assert follow(site).read == 1


def test_a_fault_in_the_middle_loses_no_hint(site: Site) -> None:
    site.start()
    for ident in "12":
        site.helpdesk.add(ident)
    site.helpdesk.faults["happenings"] = [Unavailable("cut off")]
    hint(site, "1", "2")
    assert follow(site) == Followed(claimed=2, read=1, waiting=1)
    assert waiting(site) == 1
    site.wait(seconds=30)
    assert follow(site).read == 1


def test_a_ticket_that_cannot_be_read_holds_up_no_other_and_is_left_in_the_end(
    site: Site,
) -> None:
    site.start()
    for ident in "123":
        site.helpdesk.add(ident)
    honest = site.helpdesk.tickets

    def unreadable(idents: Sequence[str]) -> object:
        if "2" in idents:
            raise Unavailable("a row of a shape that nobody expects")
        return honest(idents)

    site.helpdesk.tickets = unreadable
    hint(site, "1", "2", "3")
    assert follow(site).read == 0
    n_read = 0
    for _ in range(40):
        site.wait(minutes=1)
        n_read += sum(follow(site).read for _ in range(3))
    assert n_read == 2
    assert waiting(site) == 0


def test_a_fault_of_ours_with_one_ticket_stops_no_other(site: Site) -> None:
    site.start()
    for ident in "123":
        site.helpdesk.add(ident)
    honest = site.helpdesk.happenings
    site.helpdesk.happenings = lambda ident: 1 / 0 if ident == "1" else honest(ident)
    hint(site, "1", "2", "3")
    assert follow(site) == Followed(claimed=3, read=2, waiting=1)
    assert follow(site).claimed == 0
    site.wait(seconds=30)
    site.helpdesk.happenings = honest
    assert follow(site) == Followed(claimed=1, read=1)


def test_refused_credentials_pause_the_connection(site: Site) -> None:
    site.start()
    site.helpdesk.add("1")
    site.helpdesk.faults["tickets"] = [CredentialsRejected("401")]
    hint(site, "1")
    follow(site)
    site.wait(seconds=30)
    before = site.helpdesk.spent["tickets"]
    assert follow(site) == Followed(claimed=1, waiting=1)
    assert site.helpdesk.spent["tickets"] == before
    assert waiting(site) == 1


def test_a_stop_leaves_the_rest_for_the_next_start(site: Site) -> None:
    site.start()
    for ident in "123":
        site.helpdesk.add(ident)
    hint(site, "1", "2", "3")
    asked: list[int] = []

    def stops_after_one() -> bool:
        asked.append(1)
        return len(asked) > 1

    reader = HintReader(site.database, site.helpdesk, site.clock, stops_after_one)
    assert reader.follow_due() == Followed(claimed=3, read=1, waiting=2)
    assert waiting(site) == 2


def test_a_ticket_is_read_once_the_second_of_its_update_is_over(any_site: Site) -> None:
    site = any_site
    site.start()
    site.helpdesk.add("1")
    with site.database.write("default") as books:
        assert take_hint(books, "one", "1", site.clock.now())
    assert follow(site).claimed == 0
    site.wait(seconds=1)
    with site.database.write("default") as books:
        assert take_hint(books, "another", "1", site.clock.now())
    assert follow(site).claimed == 0
    site.wait(seconds=1)
    assert follow(site).read == 1
    assert waiting(site) == 0


def test_new_tickets_are_judged_while_the_first_sync_still_goes_on(site: Site) -> None:
    site.helpdesk.page_size = 2
    for number in range(6):
        site.helpdesk.add(f"{number}")
    work = site.start().accounts[0]
    page = site.helpdesk.changes(None, since=site.clock.now() - timedelta(days=1))
    work.poller._store(page)
    hint(site, "5")
    follow(site)
    assert work.reconciler.claim().ticket_ids == ("5",)
