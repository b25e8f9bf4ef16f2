# SPDX-License-Identifier: GPL-3.0-or-later
"""The tickets of an account read back from the store, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch
from worker.store.facts import load_tickets
from worker.store.tables import tickets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rules.facts import Ticket
    from worker.store.database import Books, Database

_BATCH = 500


def stored_ticket_ids(books: Books, since: datetime | None = None) -> list[str]:
    """The tickets that changed at `since` or later (None: all), in the order of their numbers.

    Deleted ones are among them: their verdicts say so.
    """
    choice = sa.select(tickets.c.ticket_id).where(books.of(tickets))
    if since is not None:
        choice = choice.where(tickets.c.updated_at >= epoch(since))
    return sorted(books.tx.execute(choice).scalars(), key=lambda ident: (len(ident), ident))


def stored_tickets(database: Database, account: str, idents: Sequence[str]) -> Iterator[Ticket]:
    """The facts of these tickets as the worker judges them, in this order; missing ones left out.

    Read in batches, each in a transaction of its own, so that nobody waits.
    """
    for start in range(0, len(idents), _BATCH):
        batch = idents[start : start + _BATCH]
        with database.read(account) as books:
            found = {one.id: one for one in load_tickets(books, batch)}
        for ident in batch:
            if ident in found:
                yield found[ident].assembled()
