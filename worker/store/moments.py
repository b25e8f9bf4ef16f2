# SPDX-License-Identifier: GPL-3.0-or-later
"""The next moments at which there is something to do, in one query over indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.looks import is_free
from worker.store.tables import accounts, field_changes, outbox, tickets

if TYPE_CHECKING:
    from worker.store.database import Books


@dataclass(frozen=True, slots=True)
class Moments:
    """Epoch seconds; None where nothing waits. What somebody is at work on does not count."""

    look_at: int | None
    message_at: int | None
    change_at: int | None
    is_paused: bool


def next_moments(books: Books) -> Moments:
    """When the account's next ticket, message and field change want attention."""
    choice = sa.select(
        sa.select(sa.func.min(tickets.c.look_at)).where(is_free(books)).scalar_subquery(),
        _waits(books, outbox, "sending"),
        _waits(books, field_changes, "writing"),
        sa.select(accounts.c.paused_at).where(books.of(accounts)).scalar_subquery(),
    )
    look_at, message_at, change_at, paused_at = books.tx.execute(choice).one()
    return Moments(look_at, message_at, change_at, paused_at is not None)


def _waits(books: Books, table: sa.Table, underway: str) -> sa.ScalarSelect[int]:
    """The earliest row that waits, or that somebody began and did not end in time."""
    rows = table.c
    abandoned = sa.and_(rows.state == underway, rows.lease_until < books.database.lease_now())
    return (
        sa.select(sa.func.min(rows.due))
        .where(
            books.of(table),
            rows.state.in_(("ready", underway)),
            sa.or_(rows.state == "ready", abandoned),
        )
        .scalar_subquery()
    )
