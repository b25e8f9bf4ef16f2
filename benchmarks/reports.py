# SPDX-License-Identifier: GPL-3.0-or-later
"""How long reports take over many verdicts.

    python benchmarks/reports.py [--verdicts N] [--customer N]

The rows are written as a worker would have left them, into SQLite: two verdicts of each ticket,
all of which fall due in the twelve months that the reports show, and every fourth in the month
that they are of. One customer has so many tickets. It ends with 1 when the report of the team
takes more than 20 seconds, or that of the customer more than 5, pages included.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.facts import Organization, Requester, Ticket
from rules.teamwork import stretch_named
from worker.report.customer_pictures import pictures
from worker.report.statement_page import statement_page
from worker.report.team_page import team_page
from worker.reporting.customers import account_of, agreement_named, period_of
from worker.reporting.evidence import OutageFiles
from worker.reporting.language import ENGLISH
from worker.reporting.stored import StoredSource
from worker.reporting.team import TeamQuestion, stored_team
from worker.rule_folder import load_folder
from worker.store.database import Database, epoch
from worker.store.facts_json import organization_text, ticket_text
from worker.store.schema import prepare
from worker.store.tables import cursors, organizations, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 12, 3, 12, 0, tzinfo=UTC)
MONTH = datetime(2026, 11, 1, tzinfo=UTC)
TEAM_S, CUSTOMER_S = 20.0, 5.0
_AT_ONCE = 20_000
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:30]}}
tiers:
  standard:
    match: everything
    commitment: best_effort
    targets:
      - {measure: first_reply, within: 8h, counted: office}
      - {measure: resolution, within: 40h, counted: office}
customers:
  acme:
    match: {organization.id: acme}
    tier: standard
    from: 2024-01-01
    because: Annex B
    commitment: guarantee
    fee: {amount: "2000.00", currency: EUR, per: month}
    obligations: [replies, solved, at_once]
obligations:
  replies:
    of: first_reply
    tickets: {channel: [email, web]}
    at_least: 95%
    per: calendar_month
    excluding: [merged, deleted]
    otherwise:
      credit: [{below: 95%, share_of_fee: 5%}, {below: 90%, share_of_fee: 10%}]
      cap: 20%
      settled: next_invoice
      claim: automatic
      beyond_credit: excluded
  solved:
    of: resolution
    tickets: everything
    at_least: 95%
    per: calendar_month
    excluding: [merged, deleted]
    otherwise:
      credit: [{below: 95%, share_of_fee: 5%}, {below: 90%, share_of_fee: 10%}]
      cap: 20%
      settled: next_invoice
      claim: automatic
      beyond_credit: excluded
  at_once:
    of: first_contact_resolution
    tickets: everything
    at_least: 50%
    per: calendar_month
    excluding: [merged, deleted]
    otherwise: none
"""


def fill(database: Database, n_tickets: int, n_customer: int) -> None:
    """Tickets, their customers and their verdicts."""
    draw = random.Random(1)
    with database.write("default") as books:
        books.tx.execute(
            sa.insert(organizations), [_organization(f"o{n}", draw) for n in range(400)]
        )
        for stream in ("tickets", "events"):
            done = {"complete_at": epoch(NOW), "saved_at": epoch(NOW), "pages": 1}
            books.tx.execute(sa.insert(cursors), [{"account": "default", "stream": stream, **done}])
        rows = _rows(draw, n_tickets, n_customer)
        while some := [row for row, _ in zip(rows, range(_AT_ONCE), strict=False)]:
            books.tx.execute(sa.insert(tickets), [one for one, _ in some])
            books.tx.execute(sa.insert(verdicts), [one for _, two in some for one in two])


def _organization(ident: str, draw: random.Random) -> dict[str, object]:
    facts = Organization(id=ident, name=ident, fields={"market": draw.choice(["nl", "be", "us"])})
    return {
        "account": "default",
        "organization_id": ident,
        "version": 1,
        "seen_at": 0,
        "body": organization_text(facts),
    }


def _rows(
    draw: random.Random, n_tickets: int, n_customer: int
) -> Iterator[tuple[dict[str, object], list[dict[str, object]]]]:
    for number in range(n_tickets):
        owner = "acme" if number < n_customer else f"o{draw.randrange(400)}"
        days = draw.uniform(0, 29) if number % 4 == 0 else -draw.uniform(0, 333)
        created_at = MONTH + timedelta(days=days)
        channel = draw.choice(["email", "web", "phone"])
        solved_at = epoch(created_at) + draw.randrange(200_000)
        facts = Ticket(
            id=f"{number}",
            created_at=created_at,
            channel=channel,
            requester=Requester("7"),
            organization=Organization(id=owner),
        )
        ticket = {
            "account": "default",
            "ticket_id": f"{number}",
            "facts": ticket_text(facts),
            "current": "{}",
            "feed_order": number,
            "updated_at": solved_at,
            "settled": 1,
            "status": "closed",
            "organization_id": owner,
            "judged_at": solved_at,
            "tier": "standard",
            "channel": channel,
            "group_id": f"group {draw.randrange(12)}",
            "solved_at": solved_at,
            "reopened_at": solved_at + 3600 if number % 20 == 0 else None,
            "contacts": draw.choice([1, 1, 1, 2, 3]),
        }
        yield ticket, [_verdict(draw, ticket, name, created_at) for name in _TARGETS]


_TARGETS = {"first_reply": 28_800, "resolution": 144_000}


def _verdict(
    draw: random.Random, ticket: dict[str, object], measure: str, created_at: datetime
) -> dict[str, object]:
    target = _TARGETS[measure]
    elapsed = int(target * draw.betavariate(2, 4) * 1.8)
    started = epoch(created_at)
    return {
        **{key: ticket[key] for key in ("account", "ticket_id", "organization_id", "tier")},
        "measure": measure,
        "cycle": 1,
        "state": "met" if elapsed <= target else "breached",
        "customer": "acme" if ticket["organization_id"] == "acme" else None,
        "priority": draw.choice(["low", "normal", "high", "urgent"]),
        "rule": "sla.yaml:12",
        "calendar": "office",
        "time_zone": "Europe/Amsterdam",
        "policy": "0" * 64,
        "target_seconds": target,
        "started_at": started,
        "due_at": started + target // 2,
        "fulfilled_at": started + elapsed // 2,
        "ended_by": "reply" if measure == "first_reply" else "solved",
        "breached_at": started + target // 2 if elapsed > target else None,
        "elapsed_seconds": elapsed,
        "paused_seconds": draw.choice([0, 0, 7200]),
        "judged_at": started + elapsed,
    }


def team(database: Database) -> str:
    """The team's month as a page."""
    question = TeamQuestion(stretch_named("2026-11", "Europe/Amsterdam"))
    found = stored_team(database, "default", question, NOW)
    return team_page(found, "Team")


def year(database: Database) -> str:
    """The team's year as a page: every row of it counts."""
    question = TeamQuestion(stretch_named("2026", "Europe/Amsterdam"))
    return team_page(stored_team(database, "default", question, NOW), "Team")


def customer(database: Database, folder: Path) -> str:
    """The customer's month as a page, with twelve months of trend."""
    policy = load_folder(folder)
    source = StoredSource.of(database, "default", policy, OutageFiles(folder))
    agreement = agreement_named("acme", policy)
    found = account_of(agreement, period_of(agreement, "2026-11"), source)
    shown = pictures(found, ENGLISH)
    return statement_page(found.statement, shown, None, ENGLISH)


def timed(name: str, limit: float, make: Callable[[], str]) -> bool:
    """Print how long it took; False when that was too long."""
    begun, worked = time.perf_counter(), time.process_time()
    page = make()
    took, used = time.perf_counter() - begun, time.process_time() - worked
    print(
        f"{name}: {took:.1f} s ({used:.1f} s of the processor), at most {limit:.0f} s; "
        f"{len(page) / 1000:,.0f} kB"
    )
    return took <= limit


def main() -> int:
    """Fill a store, and time each report once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    parser.add_argument("--customer", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sla.yaml").write_text(RULES, encoding="utf-8")
        database = Database(f"sqlite:///{folder / 'stipt.db'}")
        prepare(database)
        fill(database, asked.verdicts // 2, asked.customer)
        kept = [
            timed("team, a month", TEAM_S, lambda: team(database)),
            timed("team, a year", TEAM_S, lambda: year(database)),
            timed("customer", CUSTOMER_S, lambda: customer(database, folder)),
        ]
        database.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
