# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims: kept for as long as the work goes on, ended at once when their process is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.tables import field_changes, leases, outbox, tickets

if TYPE_CHECKING:
    from worker.store.database import Books


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
    for table in (tickets, field_changes, outbox):
        books.tx.execute(
            sa.update(table)
            .where(books.of(table), table.c.claim.is_not(None))
            .values(lease_until=0)
        )
    books.tx.execute(sa.delete(leases).where(books.of(leases)))
