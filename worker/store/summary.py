# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts over an account's rows, for summaries and probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, instant
from worker.store.tables import field_changes, tickets, verdicts

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
    """Tickets that are not closed, by their state in one word; `unjudged` ones have none yet."""
    is_new = tickets.c.judged_at.is_(None)
    choice = (
        sa.select(is_new, tickets.c.sla_state, sa.func.count())
        .where(books.of(tickets), tickets.c.status != "closed", tickets.c.life == "present")
        .group_by(is_new, tickets.c.sla_state)
    )
    counts: dict[str, int] = {}
    for never_judged, state, number in books.tx.execute(choice):
        word = "unjudged" if never_judged else state or "none"
        counts[word] = counts.get(word, 0) + number
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


def _count(books: Books, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
    choice = sa.select(sa.func.count()).select_from(table).where(books.of(table), *conditions)
    return int(books.tx.execute(choice).scalar_one())
