# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets that somebody told us to read again, and which webhook calls have been taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch
from worker.store.hint_tables import hints, webhook_calls
from worker.store.tables import tickets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from worker.store.database import Books

_AFTER = 1
"""Seconds after a hint in which its ticket is read: the helpdesk tells times in whole seconds, so
that a second update within one second cannot be told from the first."""

_WAITED = 5
"""Seconds beyond which a hint has been put off."""

_rows = hints.c


@dataclass(frozen=True, slots=True)
class Hint:
    """A ticket to read again.

    `told` is how many hints had come for it when it was claimed, `tries` how
    often reading it has failed.
    """

    ticket_id: str
    told: int
    tries: int = 0


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """What is stored of a hinted ticket: seconds of its last update and of its next look."""

    updated_at: int
    look_at: int | None


def take_hint(books: Books, event_id: str, ticket_id: str, now: datetime) -> bool:
    """Note that a ticket is to be read; False, and no row, for a call that was taken before."""
    at = epoch(now)
    call = books.insert(webhook_calls).values(account=books.account, event_id=event_id, taken_at=at)
    # Not rowcount: on PostgreSQL it says nothing of an INSERT.
    is_new = call.on_conflict_do_nothing().returning(webhook_calls.c.event_id)
    if books.tx.execute(is_new).scalar() is None:
        return False
    hint = books.insert(hints).values(
        account=books.account, ticket_id=ticket_id, first_at=at, due=at + _AFTER, told=1, tries=0
    )
    later = hint.excluded.due
    books.tx.execute(
        hint.on_conflict_do_update(
            index_elements=["account", "ticket_id"],
            set_={
                "told": _rows.told + 1,
                "due": sa.case((_rows.due < later, later), else_=_rows.due),
            },
        )
    )
    return True


def due_hints(books: Books, now: datetime, limit: int) -> list[Hint]:
    """Hinted tickets that are to be read now, the oldest first.

    One that could not be read before goes alone: it takes no others with it.
    """
    choice = (
        sa.select(_rows.ticket_id, _rows.told, _rows.tries)
        .where(books.of(hints), _rows.due <= epoch(now))
        .order_by(_rows.due, _rows.first_at, _rows.ticket_id)
    )
    again = books.tx.execute(choice.where(_rows.tries > 0).limit(1)).all()
    rows = again or books.tx.execute(choice.where(_rows.tries == 0).limit(limit)).all()
    return [Hint(*row) for row in rows]


def known_tickets(books: Books, ticket_ids: Sequence[str]) -> Mapping[str, KnownTicket]:
    """What is stored of these tickets; those that are not stored are left out."""
    choice = sa.select(tickets.c.ticket_id, tickets.c.updated_at, tickets.c.look_at).where(
        books.of(tickets), tickets.c.ticket_id.in_(ticket_ids)
    )
    return {row[0]: KnownTicket(row[1], row[2]) for row in books.tx.execute(choice)}


def drop_hints(books: Books, done: Iterable[Hint]) -> None:
    """Forget hints that were followed; a ticket that was hinted at again meanwhile stays."""
    for one in done:
        books.tx.execute(sa.delete(hints).where(*_same(books, one)))


def put_off_hints(
    books: Books, waiting: Iterable[Hint], due: datetime, *, failed: bool = False
) -> None:
    """Follow these hints later; `failed`: reading them did not work."""
    for one in waiting:
        change = sa.update(hints).where(*_same(books, one))
        books.tx.execute(change.values(due=epoch(due), tries=one.tries + failed))


def is_any_put_off(books: Books) -> bool:
    """Whether a hinted ticket waits that there was no room to read yet."""
    choice = (
        sa.select(_rows.ticket_id)
        .where(books.of(hints), _rows.due > _rows.first_at + _WAITED, _rows.tries == 0)
        .limit(1)
    )
    return books.tx.execute(choice).scalar() is not None


def count_hints(books: Books) -> int:
    """How many tickets wait to be read."""
    choice = sa.select(sa.func.count()).select_from(hints).where(books.of(hints))
    return int(books.tx.execute(choice).scalar_one())


def forget_calls(books: Books, before: datetime) -> None:
    """Forget calls so old that their signature is no longer accepted."""
    books.tx.execute(
        sa.delete(webhook_calls).where(
            books.of(webhook_calls), webhook_calls.c.taken_at < epoch(before)
        )
    )


def _same(books: Books, hint: Hint) -> tuple[sa.ColumnElement[bool], ...]:
    return (books.of(hints), _rows.ticket_id == hint.ticket_id, _rows.told == hint.told)
