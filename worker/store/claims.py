# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims: kept for as long as the work goes on, ended at once when their process is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.budget_tables import call_budgets
from worker.store.database import epoch, instant_or_none
from worker.store.hint_tables import hints
from worker.store.report_tables import report_mails
from worker.store.tables import (
    accounts,
    cursors,
    field_changes,
    leases,
    outbox,
    recipient_states,
    set_aside,
    tickets,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from worker.store.database import Books

_LONGEST_LEASE = 600
"""Seconds: no lease is taken for longer."""


def renew_claims(books: Books, table: sa.Table, token: str, lease: int) -> None:
    """Let the lease of everything that is still claimed by this token begin anew."""
    books.tx.execute(
        sa.update(table)
        .where(books.of(table), table.c.claim == token)
        .values(lease_until=books.database.lease_now() + lease)
    )


def forget_claims(books: Books) -> None:
    """End all claims at once instead of waiting for their leases.

    Only for the one process that works on a SQLite file. What was being sent
    or written stays marked as such: nobody knows how that ended.
    """
    for table in _CLAIMED:
        books.tx.execute(
            sa.update(table)
            .where(books.of(table), table.c.claim.is_not(None))
            .values(lease_until=0)
        )
    books.tx.execute(sa.delete(leases).where(books.of(leases)))


def follow_clock_back(books: Books, now: datetime, by: timedelta) -> None:
    """The clock was set back: waits and leases counted by the old time shrink with it.

    Deadlines stay where they are. They are instants of the world, and what has
    been told once is not told again.
    """
    at, seconds = epoch(now), int(by.total_seconds())
    for column in _WAITS:
        _bring_forward(books, column, at, seconds)
    _bring_forward(books, tickets.c.look_at, at, seconds, tickets.c.tries > 0)
    latest = books.database.lease_now() + _LONGEST_LEASE
    for column in (*(one.c.lease_until for one in _CLAIMED), leases.c.until):
        books.tx.execute(
            sa.update(column.table)
            .where(books.of(column.table), column > latest)
            .values({column: latest})
        )


def last_seen(books: Books) -> datetime | None:
    """When the account's store was last filled, by the clock of that time; None for never."""
    latest = sa.select(sa.func.max(cursors.c.saved_at)).where(books.of(cursors))
    return instant_or_none(books.tx.execute(latest).scalar())


_CLAIMED = (tickets, field_changes, outbox, report_mails)
_WAITS: tuple[sa.Column[int], ...] = (
    outbox.c.due,
    field_changes.c.due,
    set_aside.c.due,
    hints.c.first_at,
    hints.c.due,
    report_mails.c.try_at,
    recipient_states.c.blocked_until,
    tickets.c.window_at,
    tickets.c.writable_from,
    accounts.c.paused_at,
    accounts.c.not_before,
    call_budgets.c.blocked_until,
    cursors.c.saved_at,
)
"""Instants that say only how long somebody waits, or since when."""


def _bring_forward(
    books: Books,
    column: sa.Column[int],
    now: int,
    seconds: int,
    *conditions: sa.ColumnElement[bool],
) -> None:
    moved = column - seconds
    books.tx.execute(
        sa.update(column.table)
        .where(books.of(column.table), column > now, *conditions)
        .values({column: sa.case((moved > now, moved), else_=now)})
    )
