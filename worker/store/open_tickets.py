# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tickets a change of rules could still touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.tables import tickets

if TYPE_CHECKING:
    from worker.store.database import Books


def open_ticket_ids(books: Books) -> list[str]:
    """Tickets that are neither closed nor deleted, in the order of their numbers."""
    choice = sa.select(tickets.c.ticket_id).where(
        books.of(tickets), tickets.c.status != "closed", tickets.c.life == "present"
    )
    return sorted(books.tx.execute(choice).scalars(), key=lambda ident: (len(ident), ident))


def count_open_tickets(books: Books) -> int:
    """How many tickets are neither solved, closed nor deleted."""
    choice = sa.select(sa.func.count()).where(
        books.of(tickets),
        tickets.c.status.not_in(("solved", "closed")),
        tickets.c.life == "present",
    )
    return int(books.tx.execute(choice).scalar_one())
