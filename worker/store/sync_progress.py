# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the first sync has come, and which tickets it has told of in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch
from worker.store.pages import TICKETS
from worker.store.tables import cursors, tickets, verdicts

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Books


def first_sync_is_done(books: Books) -> bool:
    """Whether the helpdesk's export was ever read to its end."""
    choice = sa.select(cursors.c.stream).where(
        books.of(cursors), cursors.c.stream == TICKETS, cursors.c.complete_at.is_not(None)
    )
    return books.tx.execute(choice).first() is not None


def newest_tickets(books: Books, since: datetime, limit: int) -> list[str]:
    """Ids of tickets whose clocks all began after `since`, the latest changed first."""
    earlier = sa.select(verdicts.c.ticket_id).where(
        books.of(verdicts), verdicts.c.started_at < epoch(since)
    )
    choice = (
        sa.select(tickets.c.ticket_id)
        .where(
            books.of(tickets),
            tickets.c.life == "present",
            tickets.c.judged_at.is_not(None),
            tickets.c.ticket_id.not_in(earlier),
        )
        .order_by(tickets.c.updated_at.desc(), tickets.c.ticket_id)
        .limit(limit)
    )
    return list(books.tx.execute(choice).scalars())
