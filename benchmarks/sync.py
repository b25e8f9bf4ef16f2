# SPDX-License-Identifier: GPL-3.0-or-later
"""API calls of a first sync with evaluation, write-back and internal notes.

    python benchmarks/sync.py [--tickets N] [--seed N] [--quiet-account]

A sandbox at its default limits, in which agents and customers go on working
while the worker reads and writes, so that safe updates conflict. Its clock
moves only while the worker waits. Every call counts, set-up aside, polls that
return nothing included. Then everything is read and judged once more, which
must write nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connector.sandbox import Sandbox, SandboxSettings
from worker.demo import DemoClock
from worker.run_once import run_once
from worker.settings import load_settings
from worker.store.database import Database
from worker.store.looks import wake_all
from worker.wiring import Parts, zendesk

if TYPE_CHECKING:
    from worker.settings import Settings

MOST_PER_1000 = 25
_MOST_PASSES = 10
_UNTIL_OWN_WRITES_ARE_SEEN = timedelta(seconds=90)
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-11-10}
escalations:
  usual:
    - {at: 50%, note: true}
    - {at: due, note: true, raise_priority: high, add_tags: [sla_breached]}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    priority: {default: high, floor: high}
    targets:
      - {measure: first_reply, within: 4h, counted: always, escalate: usual}
      - {measure: next_reply, within: 8h, counted: always, escalate: usual}
      - {measure: resolution, within: 5 working days, counted: always, escalate: usual}
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 8h, counted: always, escalate: usual}
      - {measure: resolution, within: 10 working days, counted: always, escalate: usual}
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One sync. `calls` are the sandbox's own counts, by endpoint."""

    tickets: int
    calls: Counter[str]
    writes: int
    notes: int
    conflicts: int
    single_puts: int
    most_notes_of_a_step: int
    written_for_nothing: int
    second_pass_writes: int
    is_complete: bool
    seconds: float

    @property
    def per_1000(self) -> float:
        """Calls per 1,000 tickets."""
        return self.calls.total() * 1000 / self.tickets


def measure(tickets: int, *, seed: int = 1, traffic: float | None = None) -> Measured:
    """Sync a fresh sandbox once; `traffic` is new tickets an hour (None: as in its history)."""
    settings = SandboxSettings(tickets=tickets, seed=seed, speed=0, traffic=traffic)
    with Sandbox(settings) as sandbox, tempfile.TemporaryDirectory() as folder:
        return _measured(sandbox, Path(folder))


def _measured(sandbox: Sandbox, folder: Path) -> Measured:
    (folder / "sla").mkdir()
    (folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
    settings = _settings(sandbox, folder)
    parts = Parts(clock=DemoClock(sandbox))
    helpdesk = zendesk(settings.account(), now=sandbox.now)
    helpdesk.ensure_fields(tiers=["premium", "everybody"])
    sandbox.site.ledger.clear()
    begun = time.perf_counter()
    (report,) = run_once(settings, parts)
    seconds = time.perf_counter() - begun
    calls = Counter(sandbox.site.ledger.calls)
    writes = list(sandbox.site.ledger.ticket_writes)
    keys = Counter(str(one.marker) for one in writes if one.comment)
    return Measured(
        tickets=report.tickets,
        calls=calls,
        writes=report.writes,
        notes=sum(one.comment for one in writes),
        conflicts=report.outcomes.get("conflict", 0),
        single_puts=sum(one.in_job is None for one in writes),
        most_notes_of_a_step=max(keys.values(), default=0),
        written_for_nothing=sum(not one.changed and not one.comment for one in writes),
        second_pass_writes=_second_pass(sandbox, settings, parts),
        is_complete=report.is_complete,
        seconds=seconds,
    )


def _second_pass(sandbox: Sandbox, settings: Settings, parts: Parts) -> int:
    """Writes of a pass over all tickets, once everything written has come back and been judged."""
    for _ in range(_MOST_PASSES):
        sandbox.advance(_UNTIL_OWN_WRITES_ARE_SEEN)
        if run_once(settings, parts)[0].writes == 0:
            break
    database = Database(settings.database_url.get_secret_value())
    with database.write(settings.account().name) as books:
        wake_all(books, sandbox.now())
    database.close()
    return run_once(settings, parts)[0].writes


def _settings(sandbox: Sandbox, folder: Path) -> Settings:
    return load_settings(
        environment={
            "HOME": str(folder),
            "STIPT_ZENDESK_URL": sandbox.base_url,
            "ZENDESK_OAUTH_CLIENT_ID": sandbox.settings.client_id,
            "ZENDESK_OAUTH_CLIENT_SECRET": sandbox.settings.client_secret,
            "STIPT_STATE_DIR": str(folder),
            "STIPT_RULES_PATH": str(folder / "sla"),
            "STIPT_SYNC_FROM": "400d",
            "STIPT_WRITE": "on",
        }
    )


def show(found: Measured) -> None:
    """Print what was measured."""
    for endpoint, calls in sorted(found.calls.items(), key=lambda item: -item[1]):
        print(f"  {calls:5d}  {endpoint}")
    print(f"{found.tickets} tickets read and judged in {found.seconds:.1f} s")
    print(f"calls                {found.calls.total():6d}")
    print(f"calls per 1,000      {found.per_1000:6.1f}   (at most {MOST_PER_1000})")
    print(f"tickets written      {found.writes:6d}")
    print(
        f"internal notes       {found.notes:6d}   (at most {found.most_notes_of_a_step} per step)"
    )
    print(f"conflicts resolved   {found.conflicts:6d}")
    print(f"single-ticket PUTs   {found.single_puts:6d}")
    print(f"written for nothing  {found.written_for_nothing:6d}")
    print(f"second pass writes   {found.second_pass_writes:6d}")


def main() -> int:
    """Measure once; fails where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quiet-account", action="store_true", help="nobody else works meanwhile")
    options = parser.parse_args()
    found = measure(
        options.tickets, seed=options.seed, traffic=0.0 if options.quiet_account else None
    )
    show(found)
    is_kept = found.per_1000 <= MOST_PER_1000 and not (
        found.single_puts or found.second_pass_writes or found.written_for_nothing
    )
    return 0 if is_kept and found.is_complete else 1


if __name__ == "__main__":
    raise SystemExit(main())
