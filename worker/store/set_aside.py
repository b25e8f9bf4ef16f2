# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the helpdesk that could not be read: kept by id, tried again later each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch
from worker.store.tables import set_aside

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Books

_FIRST_WAIT = 300
_LONGEST_WAIT = 86_400
_rows = set_aside.c


def due_set_aside(books: Books, now: datetime, limit: int) -> list[str]:
    """Tickets whose next try has come."""
    choice = (
        sa.select(_rows.ticket_id)
        .where(books.of(set_aside), _rows.due <= epoch(now))
        .group_by(_rows.ticket_id)
        .order_by(sa.func.min(_rows.due))
        .limit(limit)
    )
    return list(books.tx.execute(choice).scalars())


def put_off_set_aside(books: Books, ticket_id: str, reason: str, now: datetime) -> None:
    """It still cannot be read: try again after twice the time, a day at most."""
    tries = books.tx.execute(
        sa.select(sa.func.max(_rows.tries)).where(books.of(set_aside), _rows.ticket_id == ticket_id)
    ).scalar()
    wait = min(_FIRST_WAIT * 2 ** min(int(tries or 0), 10), _LONGEST_WAIT)
    books.tx.execute(
        sa.update(set_aside)
        .where(books.of(set_aside), _rows.ticket_id == ticket_id)
        .values(due=epoch(now) + wait, tries=_rows.tries + 1, reason=reason)
    )


def drop_set_aside(books: Books, ticket_id: str) -> None:
    """It has been read, or is gone."""
    books.tx.execute(sa.delete(set_aside).where(books.of(set_aside), _rows.ticket_id == ticket_id))


def count_set_aside(books: Books) -> int:
    """How many tickets could not be read."""
    choice = sa.select(sa.func.count(sa.distinct(_rows.ticket_id))).where(books.of(set_aside))
    return int(books.tx.execute(choice).scalar_one())
