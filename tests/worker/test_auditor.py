# SPDX-License-Identifier: GPL-3.0-or-later
"""The auditor: each question finds what breaks its promise, and nothing else."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.worker.conftest import Site
from worker.auditor import MEANINGS, audited
from worker.cli.main import run
from worker.store.audit import CHECKS
from worker.store.database import Database, epoch
from worker.store.hints import take_hint
from worker.store.schema import prepare
from worker.store.tables import accounts, cursors, field_changes, outbox, steps, tickets, verdicts


def found(site: Site) -> dict[str, int]:
    broken = audited(site.database, site.settings.accounts, site.clock.now())
    return {one.check: one.number for one in broken.get("default", ())}


def change(site: Site, table: sa.Table, **values: object) -> None:
    with site.database.write("default") as books:
        assert books.tx.execute(sa.update(table).values(**values)).rowcount


@pytest.fixture
def told(any_site: Site) -> Site:
    """A site with an overdue ticket of which everybody has been told."""
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=5)
    any_site.once()
    assert len(any_site.mailbox.sent) >= 1
    assert found(any_site) == {}
    return any_site


def test_the_auditor_finds_nothing_after_a_pass_and_something_when_it_stops(
    any_site: Site,
) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    assert found(any_site) == {}
    any_site.wait(hours=3)
    assert found(any_site) == {"missed_step": 1, "overdue_look": 1, "old_cursor": 1}
    any_site.wait(hours=2)
    assert found(any_site)["unnoticed_breach"] == 1


def test_a_step_without_its_messages_is_found(told: Site) -> None:
    with told.database.write("default") as books:
        books.tx.execute(sa.delete(outbox).where(outbox.c.step == "due"))
    assert found(told) == {"untold_step": 1}


def test_a_step_that_a_wrong_look_would_miss_is_found(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    far = any_site.clock.now() + timedelta(days=9)
    change(any_site, tickets, look_at=epoch(far))
    any_site.wait(hours=3)
    any_site.installation.accounts[0].poller.poll()
    assert found(any_site)["missed_step"] == 1
    assert "overdue_look" not in found(any_site)


def test_a_message_that_is_dropped_without_a_reason_is_found(told: Site) -> None:
    change(told, outbox, state="dropped", detail="no longer needed")
    assert found(told) == {}
    change(told, outbox, detail=None)
    assert found(told)["no_reason"] >= 1


def test_a_hint_that_nobody_follows_is_found(told: Site) -> None:
    with told.database.write("default") as books:
        assert take_hint(books, "event-1", "7", told.clock.now())
    assert "old_hint" not in found(told)
    told.wait(minutes=6)
    assert found(told)["old_hint"] == 1


@pytest.mark.parametrize(
    ("table", "state", "check"),
    [(outbox, "sending", "abandoned_message"), (field_changes, "writing", "abandoned_write")],
)
def test_what_nobody_finishes_is_found(told: Site, table: sa.Table, state: str, check: str) -> None:
    with told.database.read("default") as books:
        lease_now = books.lease_now()
    change(told, table, state=state, claim="dead", lease_until=lease_now + 60)
    assert found(told) == {}
    change(told, table, lease_until=lease_now - 400)
    assert list(found(told)) == [check]


def test_a_running_clock_that_nobody_will_look_at_is_found(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    change(any_site, tickets, look_at=None)
    assert found(any_site)["no_look"] >= 1


def test_an_obligation_without_a_verdict_is_found(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    with any_site.database.write("default") as books:
        books.tx.execute(sa.delete(verdicts))
    change(any_site, tickets, look_at=None, judged_at=None)
    assert found(any_site) == {"not_judged": 1}


def test_messages_that_wait_an_old_place_and_a_pause_are_found(told: Site) -> None:
    now = epoch(told.clock.now())
    change(told, outbox, state="ready", due=now - 301)
    change(told, cursors, saved_at=now - 181)
    change(told, accounts, paused_at=now)
    assert set(found(told)) == {"unsent_message", "old_cursor", "paused"}


def test_what_is_in_quarantine_is_told_elsewhere(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    change(any_site, tickets, quarantined_at=1)
    any_site.wait(hours=9)
    any_site.installation.accounts[0].poller.poll()
    assert found(any_site) == {}


def test_old_messages_are_audited_only_when_asked_for(told: Site) -> None:
    with told.database.write("default") as books:
        books.tx.execute(sa.delete(outbox))
    change(told, steps, fired_at=epoch(told.clock.now()) - 90_000)
    assert found(told)["untold_step"] >= 1
    since = told.clock.now() - timedelta(days=1)
    assert audited(told.database, told.settings.accounts, told.clock.now(), since=since) == {}


def test_every_check_says_what_it_means() -> None:
    assert list(MEANINGS) == list(CHECKS)


def environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Database:
    monkeypatch.setenv("STIPT_DATABASE_URL", f"sqlite:///{folder / 'stipt.db'}")
    monkeypatch.setenv("STIPT_STATE_DIR", str(folder))
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
    database = Database(f"sqlite:///{folder / 'stipt.db'}")
    prepare(database)
    return database


def test_the_command_lists_what_was_forgotten_and_ends_with_5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = environment(monkeypatch, tmp_path)
    assert run(["audit"]) == 0
    assert "Nothing was forgotten" in capsys.readouterr().out
    with database.write("default") as books:
        books.tx.execute(sa.insert(cursors).values(account="default", stream="all", saved_at=1))
    database.close()
    assert run(["audit"]) == 5
    assert "default: old_cursor 1: the helpdesk was read too long ago" in capsys.readouterr().out
    assert run(["audit", "--json"]) == 5
    answer = json.loads(capsys.readouterr().out)
    assert answer["accounts"]["default"] == [{"check": "old_cursor", "number": 1, "shown": ["all"]}]
    assert answer["checks"] == list(CHECKS)
