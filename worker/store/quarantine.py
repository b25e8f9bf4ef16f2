# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets in quarantine: nobody looks at them until they are let go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, instant
from worker.store.tables import tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from worker.store.database import Books

_rows = tickets.c


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A ticket that is left alone, since when, after how many tries, and why."""

    ticket_id: str
    since: datetime
    tries: int
    reason: str


def quarantined(books: Books) -> list[Quarantined]:
    """The tickets in quarantine, the longest there first."""
    choice = (
        sa.select(_rows.ticket_id, _rows.quarantined_at, _rows.tries, _rows.error)
        .where(books.of(tickets), _rows.quarantined_at.is_not(None))
        .order_by(_rows.quarantined_at, _rows.ticket_id)
    )
    return [
        Quarantined(ident, instant(since), tries, reason or "unknown")
        for ident, since, tries, reason in books.tx.execute(choice)
    ]


def release_quarantined(books: Books, ticket_ids: Sequence[str] | None, now: datetime) -> list[str]:
    """Look at these tickets (None: all) at once, as if they had never failed; returns which."""
    change = sa.update(tickets).where(books.of(tickets), _rows.quarantined_at.is_not(None))
    if ticket_ids is not None:
        change = change.where(_rows.ticket_id.in_(ticket_ids))
    change = change.values(
        quarantined_at=None,
        look_at=epoch(now),
        tries=0,
        error=None,
        claim=None,
        lease_until=None,
        # Its loop with somebody's automation is told anew, should it go on.
        full_windows=0,
        window_writes=0,
        writable_from=None,
    )
    return sorted(books.tx.execute(change.returning(_rows.ticket_id)).scalars())
