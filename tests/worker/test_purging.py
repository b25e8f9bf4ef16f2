# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt purge`: what goes, what stays, and that it asks."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from rules.evidence import Party
from worker.cli.main import run
from worker.store.agents import agent_names, agents
from worker.store.database import Database, epoch
from worker.store.purging import Old, Settled, count_old, delete_old
from worker.store.schema import prepare
from worker.store.tables import happenings, outbox, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(UTC)
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    obligations: [reply_95]
    targets: [{measure: first_reply, within: 8h, counted: always}]
  all:
    match: everything
    targets: [{measure: first_reply, within: 8h, counted: always}]
obligations:
  reply_95: {of: first_reply, at_least: 95%, per: calendar_month}
"""


def row(table: sa.Table, ident: str, **own: object) -> dict[str, object]:
    """A row with what the schema asks for."""
    needed = [one for one in table.columns if not one.nullable and one.server_default is None]
    empty = {one.name: "" if isinstance(one.type, sa.Text) else 0 for one in needed}
    empty.pop("id", None)
    return {**empty, "account": "default", "ticket_id": ident, **own}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A store with old and young tickets, and the settings that name it."""
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(RULES)
    monkeypatch.setenv("STIPT_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("STIPT_RULES_PATH", str(tmp_path / "sla"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    with closing(Database(f"sqlite:///{tmp_path / 'stipt.db'}")) as found:
        prepare(found)
        years_ago, lately = (epoch(NOW - timedelta(days=n)) for n in (1000, 100))
        with found.write("default") as books:
            for ident, status, updated, tier in (
                ("old", "closed", years_ago, "all"),
                ("open", "open", years_ago, "all"),
                ("young", "closed", lately, "all"),
                ("counted", "closed", years_ago, "premium"),
                ("waits", "closed", years_ago, "all"),
            ):
                values = {"status": status, "updated_at": updated, "facts": "{}", "current": "{}"}
                books.tx.execute(sa.insert(tickets), [row(tickets, ident, **values)])
                books.tx.execute(sa.insert(happenings), [row(happenings, ident, event_id="1")])
                books.tx.execute(sa.insert(verdicts), [row(verdicts, ident, tier=tier)])
            books.tx.execute(sa.insert(outbox), [row(outbox, "waits", state="ready")])
        yield found


def left(database: Database) -> set[str]:
    with database.read("default") as books:
        return set(books.tx.execute(sa.select(tickets.c.ticket_id)).scalars())


def test_names_of_agents_go_with_their_last_tickets(database: Database) -> None:
    years_ago, lately = (epoch(NOW - timedelta(days=n)) for n in (1000, 100))
    with database.write("default") as books:
        for ident, ticket, seen_at in (
            ("1", "old", years_ago),
            ("2", "open", years_ago),
            ("3", "nothing", lately),
        ):
            values = {"account": "default", "agent_id": ident, "name": "x", "seen_at": seen_at}
            books.tx.execute(sa.insert(agents), [values])
            current = {"current": f'{{"assignee":"{ident}"}}'}
            books.tx.execute(
                sa.update(tickets).where(tickets.c.ticket_id == ticket).values(current)
            )
    old = Old(NOW - timedelta(days=800))
    with database.read("default") as books:
        assert count_old(books, old)["agents"] == 1
    assert delete_old(database, "default", old)["agents"] == 1
    with database.read("default") as books:
        assert sorted(agent_names(books)) == ["2", "3"]


def test_only_what_is_old_closed_and_not_counted_goes_with_all_its_rows(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["purge", "--yes", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["deleted"] == {"tickets": 1, "happenings": 1, "verdicts": 1}
    assert document["kept_tickets"] == 1
    assert left(database) == {"open", "young", "counted", "waits"}


def test_a_settled_customer_of_a_tier_takes_no_others_tickets_along(database: Database) -> None:
    begin, end = NOW - timedelta(days=2000), NOW
    mine = Settled(Party(None, "premium", "7"), begin, end)
    old = Old(NOW - timedelta(days=800), {"premium"}, (), [mine])
    started = epoch(NOW - timedelta(days=1001))
    with database.write("default") as books:
        books.tx.execute(
            sa.update(verdicts)
            .where(verdicts.c.ticket_id == "counted")
            .values(started_at=started, due_at=started)
        )
    assert "counted" not in gone(database, old)  # it has no organization

    with database.write("default") as books:
        books.tx.execute(sa.update(verdicts).values(organization_id="8"))
    assert "counted" not in gone(database, old)

    with database.write("default") as books:
        books.tx.execute(sa.update(verdicts).values(organization_id="7"))
    assert "counted" in gone(database, old)


def gone(database: Database, old: Old) -> set[str]:
    """The tickets that go, all others staying."""
    before = left(database)
    delete_old(database, "default", old)
    return before - left(database)


def test_counts_are_shown_first_and_without_an_answer_nothing_goes(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["purge"]) == 1
    shown = capsys.readouterr()
    assert "tickets: 1" in shown.out
    assert "1 ticket stay" in shown.err or "1 ticket" in shown.err
    assert len(left(database)) == 5


def test_a_flag_and_the_setting_say_how_old(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIPT_PURGE_AFTER", "2000d")
    assert run(["purge", "--yes", "--quiet"]) == 0
    assert len(left(database)) == 5
    assert run(["purge", "--yes", "--quiet", "--older-than", "50d"]) == 0
    assert left(database) == {"open", "counted", "waits"}
    assert run(["purge", "--older-than", "soon"]) == 64


def test_without_rules_nobody_knows_what_statements_need(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STIPT_RULES_PATH", str(tmp_path / "nowhere"))
    assert run(["purge", "--yes"]) == 1
    assert len(left(database)) == 5


def test_other_accounts_are_left_alone(database: Database) -> None:
    with database.read("another") as books:
        assert count_old(books, Old(NOW)) == {}
    assert delete_old(database, "another", Old(NOW)) == {}
    assert len(left(database)) == 5
