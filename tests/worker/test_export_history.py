# SPDX-License-Identifier: GPL-3.0-or-later
"""The store as a history file: what is judged from it is what the worker judged."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from connector.history.reader import read_line
from connector.history.values import as_iso
from connector.sandbox import Sandbox, SandboxSettings
from rules.evaluate import evaluate
from rules.facts import MEASURES, Happening
from tests.rules.test_engine_oracle import QUARTER, policies
from tests.rules.test_engine_oracle import tickets as tickets_of_all_kinds
from tests.worker.sandbox_site import GENEROUS, SandboxSite
from worker.cli.main import run
from worker.cli.replaying import summary_lines
from worker.clock import SteppedClock
from worker.histories import StoreHistory, line_of
from worker.replay import replay
from worker.rule_folder import load_folder
from worker.settings import load_settings
from worker.store.database import Database, instant
from worker.store.tables import tickets, verdicts
from worker.wiring import Parts, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.facts import Ticket
    from rules.policy import Policy
    from tests.worker.conftest import Site


RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-10-01}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours: {mon-fri: [09:00-12:30, 13:00-17:30]}
    holidays: {country: NL}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    priority: {default: high, floor: normal}
    targets:
      - {measure: first_reply, within: {urgent: 1h, otherwise: 4h}, counted: always}
      - {measure: next_reply, within: 8h, counted: office}
      - {measure: requester_wait, within: 16h, counted: office}
      - {measure: group_ownership, within: 2 working days, counted: office}
  standard:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 8h, counted: office}
      - {measure: pausable_update, within: 12h, counted: office, pause_on: [pending, hold]}
      - {measure: agent_work, within: 20h, counted: office}
      - {measure: resolution, within: 5 working days, counted: office}
"""
CHANGED = RULES.replace("otherwise: 4h", "otherwise: 2h").replace(
    "8h, counted: office", "6h, counted: office"
)


@dataclass(frozen=True)
class Lived:
    """A worker's folder after two days of work, every ticket judged at one instant."""

    site: SandboxSite
    now: str

    @property
    def rules(self) -> str:
        return str(self.site.folder / "sla")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A worker that has read several weeks of a sandbox and worked on for two days."""
    settings = SandboxSettings(
        tickets=100, seed=11, speed=60, traffic=None, limits=GENEROUS, job_rows_per_second=500
    )
    with Sandbox(settings) as sandbox, pytest.MonkeyPatch.context() as patched:
        patched.setenv("ZENPY_FORCE_SCHEME", "http")
        patched.setenv("ZENPY_FORCE_NETLOC", sandbox.base_url.removeprefix("http://"))
        site = SandboxSite(sandbox, tmp_path_factory.mktemp("lived"))
        (site.folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
        site.set_up_fields()
        yield Lived(site, as_iso(worked(site)))


@pytest.fixture
def here(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> Lived:
    """Commands of this process have the worker's settings."""
    for name, value in lived.site.environment().items():
        monkeypatch.setenv(name, value)
    return lived


def worked(site: SandboxSite) -> datetime:
    """Two days of work; then every ticket is judged at one instant, which is returned."""
    for _ in range(4):
        assert site.once()["is_complete"]
        site.sandbox.clock.advance(timedelta(hours=12))
    assert site.once()["is_complete"]
    now = site.sandbox.now().replace(microsecond=0)
    settings = load_settings(environment=site.environment())
    with closing(site.database()) as database:
        parts = Parts(clock=SteppedClock(now), database=database)
        work = build(settings, parts).accounts[0]
        with database.write("default") as books:
            books.tx.execute(sa.update(tickets).values(look_at=0, claim=None))
        while (look := work.reconciler.claim()).ticket_ids:
            assert work.reconciler.reconcile(look).failed == 0
    return now


def stored_rows(database: Database) -> bytes:
    """The verdict rows as the worker stored them, written as replay writes rows."""
    with database.read("default") as books:
        found = books.rows(sa.select(verdicts))
    ordered = sorted(
        found,
        key=lambda row: (
            (len(row["ticket_id"]), row["ticket_id"]),
            MEASURES.index(row["measure"]),
            row["cycle"],
        ),
    )
    return b"".join(msgspec.json.encode(as_row(row)) + b"\n" for row in ordered)


def as_row(row: sa.RowMapping) -> dict[str, object]:
    def at(name: str) -> str | None:
        return None if row[name] is None else as_iso(instant(row[name]))

    return {
        "ticket": row["ticket_id"],
        "measure": row["measure"],
        "cycle": row["cycle"],
        "organization": row["organization_id"],
        "tier": row["tier"],
        "customer": row["customer"],
        "rule": row["rule"],
        "policy": row["policy"],
        "target_seconds": row["target_seconds"],
        "calendar": row["calendar"],
        "started_at": at("started_at"),
        "due_at": at("due_at"),
        "fulfilled_at": at("fulfilled_at"),
        "ended_by": row["ended_by"],
        "breached_at": at("breached_at"),
        "elapsed_seconds": row["elapsed_seconds"],
        "paused_seconds": row["paused_seconds"],
        "state": row["state"],
        "reason": row["reason"],
    }


def test_replay_gives_the_verdicts_of_the_worker_byte_for_byte(here: Lived, tmp_path: Path) -> None:
    history, rows, own = (tmp_path / name for name in ("history.jsonl", "rows.jsonl", "own.jsonl"))

    assert run(["export-history", "--out", str(history)]) == 0
    judging = ["--rules", here.rules, "--now", here.now]
    assert run(["replay", *judging, "--history", str(history), "--out", str(rows)]) == 0
    assert run(["replay", "--now", here.now, "--out", str(own)]) == 0

    with closing(here.site.database()) as database:
        expected = stored_rows(database)
    states = {json.loads(line)["state"] for line in expected.splitlines()}
    assert {"met", "breached"} < states
    assert rows.read_bytes() == expected
    assert own.read_bytes() == expected


def test_only_tickets_that_changed_since_then_are_written_with_their_whole_history(
    here: Lived, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    since = as_iso(datetime.fromisoformat(here.now) - timedelta(days=3))

    assert run(["export-history", "--out", str(whole), "--quiet"]) == 0
    assert run(["export-history", "--out", str(part), "--since", since, "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    lines, chosen = (set(path.read_text().splitlines()) for path in (whole, part))
    assert 0 < len(chosen) < len(lines)
    assert chosen <= lines
    assert told == {"account": "default", "tickets": len(chosen), "file": str(part)}


def test_a_change_of_rules_is_compared_over_the_store(
    here: Lived, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sla.yaml").write_text(CHANGED, encoding="utf-8")

    assert run(["replay", "--compare", str(tmp_path), "--now", here.now, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["tickets"] >= 100
    assert found["target_changes"]["next_reply"]["shorter"] > 0
    assert found["before"]["rules"] == here.rules


def test_the_store_of_each_kind_of_database_is_judged_as_by_the_worker(any_site: Site) -> None:
    for number in range(12):
        any_site.helpdesk.add(f"{number + 1}")
    any_site.once()
    any_site.wait(hours=2)
    answer = Happening(any_site.clock.now(), "comment", by="agent")
    any_site.helpdesk.happen("3", answer)
    any_site.wait(hours=20)
    any_site.once()
    rows: list[bytes] = []

    store = StoreHistory(any_site.database, "default", any_site.clock.now())
    summary = replay(load_folder(any_site.rules), store, now=None, write=rows.append)

    assert (summary.n_lines, summary.n_tickets) == (12, 12)
    assert "0 of 12 tickets could not be read" in summary_lines(summary, store.name)
    assert b"".join(rows) == stored_rows(any_site.database)


def test_nothing_is_exported_before_anything_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STIPT_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")

    assert run(["export-history", "--out", str(tmp_path / "history.jsonl")]) == 1

    assert "nothing has been read" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@given(tickets_of_all_kinds(), policies(), st.integers(0, 10 * 96))
def test_a_ticket_written_to_a_line_and_read_back_is_judged_alike(
    ticket: Ticket, made: tuple[Policy, object], later: int
) -> None:
    now = ticket.created_at + later * QUARTER

    back, n_moved = read_line(line_of(ticket))

    assert evaluate(back, made[0], now) == evaluate(ticket, made[0], now)
    assert n_moved == 0
