# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts over an account's rows, for summaries, probes and the auditor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, instant
from worker.store.tables import cursors, field_changes, outbox, tickets, verdicts

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Books


@dataclass(frozen=True, slots=True)
class Deadline:
    """An open cycle and when it is due."""

    ticket_id: str
    measure: str
    due_at: datetime
    tier: str
    customer: str | None


def count_tickets(books: Books) -> int:
    """Tickets that are stored."""
    return _count(books, tickets)


def count_states(books: Books) -> dict[str, int]:
    """Tickets that are not closed, by their state in one word."""
    choice = (
        sa.select(sa.func.coalesce(tickets.c.sla_state, "none"), sa.func.count())
        .where(books.of(tickets), tickets.c.status != "closed", tickets.c.life == "present")
        .group_by(tickets.c.sla_state)
    )
    counts: dict[str, int] = {}
    for state, number in books.tx.execute(choice):
        counts[state] = counts.get(state, 0) + number
    return counts


def count_tiers(books: Books) -> dict[str, dict[str, int]]:
    """Tickets that are not closed, by tier and state."""
    choice = (
        sa.select(tickets.c.tier, tickets.c.sla_state, sa.func.count())
        .where(
            books.of(tickets),
            tickets.c.status != "closed",
            tickets.c.life == "present",
            tickets.c.tier.is_not(None),
        )
        .group_by(tickets.c.tier, tickets.c.sla_state)
    )
    counts: dict[str, dict[str, int]] = {}
    for tier, state, number in books.tx.execute(choice):
        of_tier = counts.setdefault(tier, {})
        of_tier[state or "none"] = of_tier.get(state or "none", 0) + number
    return counts


def count_changes(books: Books) -> dict[str, int]:
    """Wanted field changes by state."""
    rows = field_changes.c
    choice = (
        sa.select(rows.state, sa.func.count()).where(books.of(field_changes)).group_by(rows.state)
    )
    return {row[0]: row[1] for row in books.tx.execute(choice)}


def count_quarantined(books: Books) -> int:
    """Tickets that are no longer judged because judging or writing them keeps failing."""
    return _count(books, tickets, tickets.c.quarantined_at.is_not(None))


def next_deadlines(books: Books, now: datetime, limit: int) -> list[Deadline]:
    """The open cycles that are due next."""
    rows = verdicts.c
    choice = (
        sa.select(rows.ticket_id, rows.measure, rows.due_at, rows.tier, rows.customer)
        .where(books.of(verdicts), rows.state.in_(("running", "paused")), rows.due_at >= epoch(now))
        .order_by(rows.due_at)
        .limit(limit)
    )
    return [
        Deadline(ident, measure, instant(due_at), tier, customer)
        for ident, measure, due_at, tier, customer in books.tx.execute(choice)
    ]


def violations(books: Books, now: datetime, grace: int, poll_interval: int) -> dict[str, int]:
    """What must never be: each check with the number of rows that break it.

    Args:
        books: the account.
        now: the present instant.
        grace: seconds for which a row may be overdue.
        poll_interval: seconds between two polls.
    """
    late = epoch(now) - grace
    is_running = sa.exists().where(
        verdicts.c.account == tickets.c.account,
        verdicts.c.ticket_id == tickets.c.ticket_id,
        verdicts.c.state == "running",
    )
    lease_now = books.database.lease_now()
    return {
        "overdue_look": _count(
            books,
            tickets,
            tickets.c.look_at < late,
            tickets.c.settled == 1,
            tickets.c.quarantined_at.is_(None),
        ),
        "no_look": _count(
            books, tickets, tickets.c.look_at.is_(None), tickets.c.settled == 1, is_running
        ),
        "not_judged": _count(
            books,
            tickets,
            tickets.c.judged_at.is_(None),
            tickets.c.look_at.is_(None),
            tickets.c.settled == 1,
        ),
        "unsent_message": _count(books, outbox, outbox.c.state == "ready", outbox.c.due < late),
        "abandoned_message": _count(
            books, outbox, outbox.c.state == "sending", outbox.c.lease_until < lease_now - grace
        ),
        "old_cursor": _count(
            books,
            cursors,
            cursors.c.saved_at < epoch(now) - 3 * poll_interval,
        ),
    }


def _count(books: Books, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
    choice = sa.select(sa.func.count()).select_from(table).where(books.of(table), *conditions)
    return int(books.tx.execute(choice).scalar_one())
