# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that change under a worker process: taken over, refused loudly, and the past let be."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from connector.sandbox import Sandbox, SandboxSettings
from rules.facts import Happening
from rules.verdict import OPEN_STATES
from tests.worker.sandbox_site import GENEROUS, REPOSITORY, SandboxSite
from worker.store.accounts import standing_notices
from worker.store.policy_log import policy_loads_of
from worker.store.tables import outbox, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.worker.conftest import Site

SERVE = "import sys; from worker.cli.main import main; main(['run'])"


class Running:
    """A service process over a sandbox, and its files and rows."""

    def __init__(self, site: SandboxSite) -> None:
        self.site = site
        self.rules = site.folder / "sla" / "sla.yaml"
        environment = site.environment(STIPT_LOG_LEVEL="info", STIPT_LOG_FORMAT="json")
        self.process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-c", SERVE],
            cwd=REPOSITORY,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def eventually(self, holds: Callable[[], object], seconds: float = 25) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.process.communicate()
            if holds():
                return True
            time.sleep(0.1)  # a process of its own: nothing to wait on
        return False

    def edit(self, old: str, new: str) -> None:
        text = self.rules.read_text()
        assert old in text
        self.rules.write_text(text.replace(old, new))

    def loads(self) -> list[str]:
        """Hashes of the policies that came into force, the latest first."""
        database = self.site.database()
        try:
            with database.engine.connect() as connection:
                if not sa.inspect(connection).has_table("policy_loads"):
                    return []
            with database.read("default") as books:
                return [one.hash for one in policy_loads_of(books)]
        finally:
            database.close()

    def notices(self) -> dict[str, str]:
        database = self.site.database()
        try:
            with database.read("default") as books:
                return standing_notices(books)
        finally:
            database.close()

    def judged_by(self) -> set[str]:
        """Which policies have judged the open cycles."""
        return {row["policy"] for row in rows(self.site) if row["state"] in OPEN_STATES}

    def end(self) -> list[dict[str, object]]:
        """Drain it; the lines of its log."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=40)
        assert self.process.returncode == 0, said
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def rows(site: SandboxSite) -> list[dict[str, object]]:
    """All verdict rows; none before the first start has made the tables."""
    database = site.database()
    try:
        with database.engine.connect() as connection:
            if not sa.inspect(connection).has_table("policy_loads"):
                return []
        with database.read("default") as books:
            order = (verdicts.c.ticket_id, verdicts.c.measure, verdicts.c.cycle)
            found = books.tx.execute(sa.select(verdicts).order_by(*order))
            return [dict(row) for row in found.mappings()]
    finally:
        database.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[SandboxSite]:
    settings = SandboxSettings(tickets=60, speed=60, limits=GENEROUS)
    with Sandbox(settings) as sandbox:
        site = SandboxSite(sandbox, tmp_path)
        site.set_up_fields()
        yield site


@pytest.fixture
def running(served: SandboxSite) -> Iterator[Running]:
    found = Running(served)
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.communicate()


def test_an_edit_is_taken_over_without_a_restart(running: Running) -> None:
    assert running.eventually(running.judged_by)
    running.edit("within: 24h", "within: 240h")
    assert running.eventually(lambda: len(running.loads()) == 2)
    newest = running.loads()[0]
    assert running.eventually(lambda: running.judged_by() == {newest})
    events = [line["event"] for line in running.end()]
    assert events.count("policy_loaded") == 2


def test_broken_rules_are_refused_loudly_and_a_signal_takes_the_mended_ones(
    running: Running,
) -> None:
    assert running.eventually(running.judged_by)
    [good] = running.loads()
    running.edit("within: 24h", "within: 24 hours-ish")
    assert running.eventually(lambda: "rules_refused" in running.notices())
    told = running.notices()["rules_refused"]
    assert "The last good rules stay in force" in told
    assert "sla.yaml:" in told
    calls = running.site.sandbox.ledger.calls.total()
    assert running.eventually(lambda: running.site.sandbox.ledger.calls.total() > calls)
    assert running.judged_by() == {good}

    running.edit("within: 24 hours-ish", "within: 24h")
    running.process.send_signal(signal.SIGHUP)
    assert running.eventually(lambda: "rules_refused" not in running.notices())
    assert running.loads() == [good]
    log = running.end()
    [refused] = [line for line in log if line["event"] == "policy_refused"]
    assert refused["level"] == "error"
    assert any("sla.yaml" in str(one) for one in refused["problems"])
    assert [line["event"] for line in log].count("policy_mended") == 1


def test_a_folder_that_goes_away_leaves_the_rules_in_force(running: Running) -> None:
    assert running.eventually(running.judged_by)
    running.rules.rename(running.rules.with_suffix(".away"))
    assert running.eventually(lambda: "rules_refused" in running.notices())
    running.rules.with_suffix(".away").rename(running.rules)
    assert running.eventually(lambda: "rules_refused" not in running.notices())
    assert len(running.loads()) == 1


def test_a_rule_edit_changes_no_closed_row_and_repeats_no_message(served: SandboxSite) -> None:
    served.once()
    closed = [row for row in rows(served) if row["state"] not in OPEN_STATES]
    notes = served.notes()
    assert {row["state"] for row in closed} >= {"met", "breached"}
    assert notes

    path = served.folder / "sla" / "sla.yaml"
    path.write_text(path.read_text().replace("within: 4h", "within: 1h").replace("24h", "23h"))
    served.let_exports_see()
    served.once()

    assert [row for row in rows(served) if row in closed] == closed
    policies = {row["policy"] for row in rows(served)}
    assert len(policies) == 2
    again = served.notes()
    assert len(again) == len(set(again))
    assert set(notes) <= set(again)


def rewrite(site: Site, old: str, new: str) -> None:
    path = site.rules / "sla.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert site.installation is not None
    assert site.installation.accounts[0].policies.reload()


def sent_keys(site: Site) -> list[tuple[object, ...]]:
    with site.database.read("default") as books:
        choice = sa.select(outbox.c.ticket_id, outbox.c.measure, outbox.c.cycle, outbox.c.step)
        return [
            tuple(row)
            for row in books.tx.execute(
                choice.where(outbox.c.state == "sent").order_by(outbox.c.id)
            )
        ]


def test_a_step_that_was_sent_is_not_sent_again_when_its_deadline_moves(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2, minutes=1)
    any_site.once()
    assert [key[3] for key in sent_keys(any_site)] == ["50%"]
    rewrite(any_site, "within: 4h", "within: 8h")
    any_site.once()
    any_site.wait(hours=2)
    any_site.once()
    assert [key[3] for key in sent_keys(any_site)] == ["50%"]
    any_site.wait(hours=3)
    any_site.once()
    assert [key[3] for key in sent_keys(any_site)] == ["50%", "1h before", "1h before"]


def test_what_began_before_enforce_from_is_neither_told_nor_counted(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    rewrite(any_site, "enforce_from: 2026-01-01", "enforce_from: 2026-11-25")
    any_site.once()
    any_site.wait(hours=12)
    any_site.once()
    assert any_site.mailbox.sent == []
    with any_site.database.read("default") as books:
        found = books.tx.execute(sa.select(verdicts.c.state, verdicts.c.reason)).all()
    assert {tuple(row) for row in found} == {("excluded", "before_enforce_from")}


def test_a_later_enforce_from_excludes_what_is_open_and_leaves_what_was_closed(
    any_site: Site,
) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=5)
    reply = Happening(at=any_site.clock.now(), kind="comment", by="agent")
    any_site.helpdesk.happen("1", reply)
    any_site.once()
    closed = [row for row in _states(any_site) if row.measure == "first_reply"]
    assert [row.state for row in closed] == ["breached"]
    rewrite(any_site, "enforce_from: 2026-01-01", "enforce_from: 2026-12-01")
    any_site.once()
    assert [row for row in _states(any_site) if row.measure == "first_reply"] == closed
    assert [row.state for row in _states(any_site) if row.measure != "first_reply"] == ["excluded"]


def _states(site: Site) -> list[sa.Row[tuple[str, str, str]]]:
    with site.database.read("default") as books:
        choice = sa.select(verdicts.c.measure, verdicts.c.state, verdicts.c.policy)
        return list(books.tx.execute(choice.order_by(verdicts.c.measure, verdicts.c.cycle)))


def test_bots_that_change_need_no_restart(site: Site) -> None:
    site.helpdesk.add("1")
    site.once()
    rewrite(site, "{time_zone: Europe/Amsterdam,", "{time_zone: Europe/Amsterdam, bots: ['7'],")
    assert site.once().notices == {}


PROMISE = """
customers:
  acme:
    match: {organization.id: acme}
    tier: standard
    from: 2026-01-01
    because: Annex B
    obligations: [liked]
obligations:
  liked: {of: satisfaction, tickets: everything, at_least: 80%, per: calendar_month,
          excluding: [], otherwise: none}
"""


def promise_ratings(site: Site) -> None:
    path = site.rules / "sla.yaml"
    path.write_text(path.read_text() + PROMISE)
    assert site.installation is not None
    assert site.installation.accounts[0].policies.reload()


def test_a_promise_about_ratings_asks_for_a_restart_that_may_read_them(site: Site) -> None:
    site.once()
    promise_ratings(site)
    assert "which we asked no right to read" in site.once().notices["restart_needed"]


def test_where_ratings_are_read_anyway_a_promise_about_them_asks_for_nothing(site: Site) -> None:
    site.start(records="on")
    site.once()
    promise_ratings(site)
    assert "restart_needed" not in site.once().notices


def test_a_promise_about_ratings_that_nobody_may_read_names_the_setting(site: Site) -> None:
    site.start(records="off")
    promise_ratings(site)
    site.once()
    told = site.once().notices["restart_needed"]
    assert "STIPT_RECORDS=auto" in told
    assert "no right" not in told
    # A restart with the same settings changes nothing, and does not hide it.
    site.start(records="off")
    assert site.once().notices["restart_needed"] == told


def test_a_folder_that_is_still_being_written_is_not_read_yet(site: Site) -> None:
    site.helpdesk.add("1")
    site.once()
    assert site.installation is not None
    policies = site.installation.accounts[0].policies
    path = site.rules / "sla.yaml"
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    assert not policies.reload_if_changed()
    path.write_text(text.replace("within: 4h", "within: 5h"))
    assert not policies.reload_if_changed()
    assert policies.reload_if_changed()
    assert site.once().notices == {}
