# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets a second on one core: pure evaluation, and evaluation with everything stored.

    python benchmarks/engine.py [--tickets N] [--rounds N] [--database URL]

Seconds are those of the processor that this process used, so that a busy
machine tells nearly the same as an idle one; of several rounds the best counts.
Tickets have 20 happenings and four targets each, under 50 tiers and contracts.
"Evaluated and stored": facts in memory, verdict rows and the next look written
to the database. "Reconciled" is the worker's whole path: claimed, facts read
from rows, assembled, evaluated, steps and field changes planned, everything
written, in one transaction per batch. "Once more" is the same a minute later,
when the ticket's fields hold what was wanted.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connector.base import Page, TicketHappening, TicketState
from rules.changes import CurrentFields
from rules.evaluate import evaluate
from rules.facts import Author, Happening, Organization, Requester, Ticket
from rules.load import load
from worker.clock import SteppedClock
from worker.judging import Judgement
from worker.reconcile import Reconciler
from worker.store.accounts import open_account
from worker.store.columns import metadata
from worker.store.database import Database
from worker.store.facts import StoredTicket, load_tickets
from worker.store.judgements import store_judgements
from worker.store.pages import store_page
from worker.store.schema import prepare
from worker.store.wanted import claim_wanted, finish_wanted
from worker.store.writes import record_written

if TYPE_CHECKING:
    from rules.policy import Policy
    from worker.store.database import Books

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
HAPPENINGS = 20
BATCH = 500
TIERS = 10
CUSTOMERS = 40


def rules() -> bytes:
    """Ten tiers and forty contracts; four targets and a few steps each."""
    lines = [
        "version: 1",
        "settings: {time_zone: Europe/Amsterdam}",
        "calendars:",
        "  office:",
        "    time_zone: Europe/Amsterdam",
        "    hours: {mon-fri: [09:00-12:30, 13:00-17:30]}",
        "    holidays: {country: NL}",
        "recipients: {lead: {email: lead@example.com}}",
        "escalations:",
        "  usual:",
        "    - {at: 75%, tell: [lead]}",
        "    - {at: due, tell: [lead]}",
        "tiers:",
    ]
    for number in range(TIERS):
        last = number == TIERS - 1
        match = "everything" if last else f"{{organization.fields.sla_tier: tier{number}}}"
        lines += [
            f"  tier{number}:",
            f"    match: {match}",
            "    priority: {default: normal}",
            "    targets:",
            "      - {measure: first_reply, within: 4h, counted: office, escalate: usual}",
            "      - {measure: next_reply, within: 8h, counted: office, escalate: usual}",
            "      - {measure: requester_wait, within: 16h, counted: office, escalate: usual}",
            "      - {measure: resolution, within: 5 working days, counted: office}",
        ]
    lines.append("customers:")
    for number in range(CUSTOMERS):
        lines += [
            f"  customer{number}:",
            f"    match: {{organization.id: '{1000 + number}'}}",
            f"    tier: tier{number % TIERS}",
            "    targets:",
            "      - {measure: first_reply, within: 2h, counted: office, escalate: usual}",
        ]
    return "\n".join(lines).encode()


def policy() -> Policy:
    """The rules, loaded."""
    found, problems = load({"sla.yaml": rules()})
    if found is None:
        raise SystemExit("\n".join(str(one) for one in problems))
    return found


def tickets(number: int, seed: int = 1) -> list[Ticket]:
    """Tickets of the last two weeks: questions, answers, pendings, solving and reopening."""
    chance = random.Random(seed)
    organizations = [
        Organization(
            id=f"{1000 + one}", name=f"Customer {one}", fields={"sla_tier": f"tier{one % TIERS}"}
        )
        for one in range(CUSTOMERS + 60)
    ]
    return [_ticket(f"{one + 1}", chance, organizations) for one in range(number)]


def _ticket(ident: str, chance: random.Random, organizations: list[Organization]) -> Ticket:
    at = NOW - timedelta(seconds=chance.randrange(14 * 86_400))
    ticket = Ticket(
        id=ident,
        created_at=at,
        channel=chance.choice(("email", "web", "chat", "phone")),
        status="open",
        requester=Requester(id="7"),
        organization=chance.choice(organizations),
        tags=("vip",),
        fields={"product": "router"},
    )
    step = (NOW - at) / (HAPPENINGS + 1)
    told: list[Happening] = []
    for number in range(HAPPENINGS):
        at += step
        told.append(_happening(number, at.replace(microsecond=0), f"{ident}{number:03d}"))
    return ticket.with_happenings(tuple(told))


def _happening(number: int, at: datetime, ident: str) -> Happening:
    by, what = _COURSE[number % len(_COURSE)]
    if what == "comment":
        return Happening(at=at, kind="comment", by=by, id=ident)
    if what == "note":
        return Happening(at=at, kind="comment", by=by, public=False, id=ident)
    if what in ("open", "pending", "hold"):
        return Happening(at=at, kind="status", by=by, to=what, id=ident)
    return Happening(at=at, kind="field", by=by, field=what, to="support", was="sales", id=ident)


_COURSE: tuple[tuple[Author, str], ...] = (
    ("agent", "group"),
    ("agent", "assignee"),
    ("agent", "comment"),
    ("agent", "pending"),
    ("requester", "comment"),
    ("system", "open"),
    ("agent", "note"),
    ("agent", "hold"),
    ("agent", "open"),
    ("agent", "ticket.fields.product"),
)


def pure(sample: list[Ticket], found: Policy) -> float:
    """Evaluations a second."""
    for ticket in sample[:200]:
        evaluate(ticket, found, NOW)
    begun = time.process_time()
    for ticket in sample:
        evaluate(ticket, found, NOW)
    return len(sample) / (time.process_time() - begun)


class _Policies:
    def __init__(self, found: Policy) -> None:
        self.policy = found

    def by_hash(self, name: str) -> Policy | None:
        return self.policy if name == self.policy.hash else None


def stored(sample: list[Ticket], found: Policy, database: Database) -> tuple[float, ...]:
    """Tickets a second: pages stored; evaluated and stored; reconciled; once more."""
    prepare(database)
    with database.write("bench") as books:
        open_account(books, NOW - timedelta(days=90), NOW)
    begun = time.process_time()
    for start in range(0, len(sample), 1000):
        part = sample[start : start + 1000]
        with database.write("bench") as books:
            store_page(books, _page(part, start, more=start + 1000 < len(sample)), NOW)
    paged = len(sample) / (time.process_time() - begun)
    direct = evaluated_and_stored(sample, found, database)
    with database.write("bench") as books:
        books.tx.exec_driver_sql("UPDATE tickets SET look_at = 0, news = 1")
        books.tx.exec_driver_sql("DELETE FROM verdicts")
    clock = SteppedClock(NOW)
    reconciler = Reconciler(database, "bench", _Policies(found), clock, dry_run=False)
    first = len(sample) / _judge_all(reconciler, len(sample))
    with database.write("bench") as books:
        _write_all(books)
        books.tx.exec_driver_sql("UPDATE tickets SET look_at = 0")
    clock.move(timedelta(minutes=1))
    second = len(sample) / _judge_all(reconciler, len(sample))
    return paged, direct, first, second


def evaluated_and_stored(sample: list[Ticket], found: Policy, database: Database) -> float:
    """Tickets a second: evaluated and their verdicts stored, the facts being in memory."""
    idents = [one.id for one in sample]
    rows: dict[str, StoredTicket] = {}
    for start in range(0, len(idents), BATCH):
        with database.read("bench") as books:
            rows |= {one.id: one for one in load_tickets(books, idents[start : start + BATCH])}
    begun = time.process_time()
    for start in range(0, len(sample), BATCH):
        judgements = [_judgement(one, rows[one.id], found) for one in sample[start : start + BATCH]]
        with database.write("bench") as books:
            store_judgements(books, judgements, NOW, dry_run=False)
    return len(sample) / (time.process_time() - begun)


def _judgement(ticket: Ticket, stored: StoredTicket, found: Policy) -> Judgement:
    verdict = evaluate(ticket, found, NOW)
    return Judgement(
        ticket=stored,
        verdict=verdict,
        cycles=verdict.cycles,
        cancelled=(),
        due=(),
        changes=(),
        actions_done=True,
        cause="event",
        assignee=None,
        group=None,
        sla_tier=verdict.choice.tier,
        sla_state=None,
    )


def _write_all(books: Books) -> None:
    """What writing back would leave in the rows, had the helpdesk taken every change."""
    while claimed := claim_wanted(books, NOW, BATCH, 60, causes=("event", "time")):
        record_written(books, claimed, NOW, NOW)
        for one in claimed:
            finish_wanted(books, one, "written", "", NOW)


def _judge_all(reconciler: Reconciler, expected: int) -> float:
    begun = time.process_time()
    judged = 0
    while True:
        look = reconciler.claim(BATCH)
        if not look.ticket_ids:
            break
        result = reconciler.reconcile(look)
        assert result.failed == 0
        judged += result.judged
    assert judged == expected
    return time.process_time() - begun


def _page(part: list[Ticket], start: int, *, more: bool) -> Page:
    states = tuple(
        TicketState(
            facts=replace(one, happenings=(), status="open"),
            current=CurrentFields(own={}, status="open", updated_at=NOW),
            updated_at=NOW,
            order=start + number,
            organization_id=one.organization.id if one.organization else None,
        )
        for number, one in enumerate(part)
    )
    told = tuple(TicketHappening(one.id, happening) for one in part for happening in one.happenings)
    return Page(states, told, (), next_cursor=f"{start}", more=more, until=NOW)


def best_of(rounds: int, sample: list[Ticket], found: Policy, url: str | None) -> tuple[float, ...]:
    """The best figures of `stored` over several rounds, each on fresh rows."""
    figures = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            database = Database(url or f"sqlite:///{Path(folder) / 'bench.db'}")
            figures.append(stored(sample, found, database))
            if url:
                metadata.drop_all(database.engine)
                with database.engine.begin() as connection:
                    connection.exec_driver_sql("DROP TABLE alembic_version")
            database.close()
    return tuple(max(column) for column in zip(*figures, strict=True))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", help="URL of an empty one; else a fresh SQLite file")
    options = parser.parse_args()
    found, sample = policy(), tickets(options.tickets)
    measures = sum(len(evaluate(one, found, NOW).cycles) for one in sample) / len(sample)
    print(f"{len(sample)} tickets, {HAPPENINGS} happenings, {measures:.1f} cycles each")
    fastest = max(pure(sample, found) for _ in range(options.rounds))
    print(f"pure evaluation         {fastest:8.0f} tickets/s   (aim 10,000)")
    figures = best_of(options.rounds, sample, found, options.database)
    paged, direct, first, second = figures
    print(f"pages stored            {paged:8.0f} tickets/s")
    print(f"evaluated and stored    {direct:8.0f} tickets/s   (aim 4,000)")
    print(f"reconciled              {first:8.0f} tickets/s")
    print(f"reconciled once more    {second:8.0f} tickets/s")


if __name__ == "__main__":
    main()
