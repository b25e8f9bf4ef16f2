# SPDX-License-Identifier: GPL-3.0-or-later
"""Cycles about which somebody has taken notice: their steps are not repeated any more."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch
from worker.store.tables import accounts, acknowledgements, verdicts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from worker.store.database import Books

TicketCycle = tuple[str, str, int]
"""Ticket, measure and number of a cycle."""

_rows = acknowledgements.c


def acknowledge(books: Books, cycle: TicketCycle, now: datetime) -> bool:
    """Take note that somebody is at it; False when that was known."""
    ticket_id, measure, number = cycle
    done = books.tx.execute(
        books.insert(acknowledgements)
        .values(
            account=books.account, ticket_id=ticket_id, measure=measure, cycle=number, at=epoch(now)
        )
        .on_conflict_do_nothing()
        .returning(_rows.cycle)  # on PostgreSQL rowcount says nothing of an INSERT
    )
    return done.scalar() is not None


def acknowledged(books: Books, ticket_ids: Collection[str]) -> set[TicketCycle]:
    """The acknowledged cycles of these tickets."""
    if not ticket_ids:
        return set()
    choice = sa.select(_rows.ticket_id, _rows.measure, _rows.cycle).where(
        books.of(acknowledgements), _rows.ticket_id.in_(sorted(set(ticket_ids)))
    )
    return {(row[0], row[1], row[2]) for row in books.tx.execute(choice)}


def state_of_cycle(books: Books, cycle: TicketCycle) -> str | None:
    """The state of a cycle's verdict; None where there is none."""
    ticket_id, measure, number = cycle
    state: str | None = books.tx.execute(
        sa.select(verdicts.c.state).where(
            books.of(verdicts),
            verdicts.c.ticket_id == ticket_id,
            verdicts.c.measure == measure,
            verdicts.c.cycle == number,
        )
    ).scalar()
    return state


def signing_key(books: Books) -> str:
    """The account's key for links in messages, made when it is first needed."""
    books.tx.execute(
        sa.update(accounts)
        .where(books.of(accounts), accounts.c.signing_key.is_(None))
        .values(signing_key=secrets.token_hex(32))
    )
    key = known_signing_key(books)
    if key is None:
        raise LookupError(f"the account {books.account} has no row")
    return key


def known_signing_key(books: Books) -> str | None:
    """The account's key for links in messages; None before the first link was made."""
    key: str | None = books.tx.execute(
        sa.select(accounts.c.signing_key).where(books.of(accounts))
    ).scalar()
    return key
