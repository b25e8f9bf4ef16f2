# SPDX-License-Identifier: GPL-3.0-or-later
"""When to look at which ticket: one column, claimed in batches, poison contained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, new_token
from worker.store.tables import tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from worker.store.database import Books

_PUSHED_AHEAD_BY = (60, 300, 1800, 3600)
QUARANTINED_AFTER = 8
_rows = tickets.c


@dataclass(frozen=True, slots=True)
class Look:
    """A batch of tickets claimed for judgement; `token` proves the claim."""

    ticket_ids: tuple[str, ...]
    token: str


def claim_looks(books: Books, now: datetime, limit: int, lease: int) -> Look:
    """Claim tickets whose moment has come, the most overdue first.

    A ticket that has been tried before goes alone: if it brings the process
    down, it takes no others with it. One that was claimed too often without
    ever coming to an end is quarantined here.
    """
    _quarantine_hopeless(books, now)
    lease_now = books.database.lease_now()
    choice = (
        sa.select(_rows.account, _rows.ticket_id)
        .where(
            books.of(tickets),
            _rows.look_at <= epoch(now),
            sa.text("settled = 1"),
            _rows.quarantined_at.is_(None),
            sa.or_(_rows.lease_until.is_(None), _rows.lease_until < lease_now),
        )
        .order_by(_rows.look_at)
    )
    token = new_token()
    again = choice.where(_rows.tries > 0).limit(1)
    found = _claim(books, again, token, lease) or _claim(
        books, choice.where(_rows.tries == 0).limit(limit), token, lease
    )
    return Look(tuple(found), token)


def _claim(books: Books, choice: sa.Select[tuple[str, str]], token: str, lease: int) -> list[str]:
    chosen = books.database.for_claim(choice)
    claim = (
        sa.update(tickets)
        .where(
            books.of(tickets),
            _rows.ticket_id.in_(sa.select(chosen.c.ticket_id)),
        )
        .values(claim=token, lease_until=books.database.lease_now() + lease, tries=_rows.tries + 1)
        .returning(_rows.ticket_id)
    )
    return list(books.tx.execute(claim).scalars())


def still_owned(books: Books, look: Look) -> dict[str, int]:
    """The tickets of the claim that are still ours, with the version of their facts.

    The rows stay locked until the transaction ends.
    """
    choice = sa.select(_rows.ticket_id, _rows.version).where(
        books.of(tickets), _rows.ticket_id.in_(look.ticket_ids), _rows.claim == look.token
    )
    if not books.database.is_sqlite:
        choice = choice.with_for_update()
    return {row[0]: row[1] for row in books.tx.execute(choice)}


def release_looks(books: Books, ticket_ids: Sequence[str], token: str) -> None:
    """Give claimed tickets back at once: newer facts have come meanwhile."""
    if ticket_ids:
        books.tx.execute(
            sa.update(tickets)
            .where(books.of(tickets), _rows.ticket_id.in_(ticket_ids), _rows.claim == token)
            .values(claim=None, lease_until=None, tries=0)
        )


def push_ahead(books: Books, ticket_id: str, token: str, error: str, now: datetime) -> int:
    """A judgement failed: look again later, each time later than before.

    Returns the number of tries so far, 0 when the ticket is no longer ours.
    """
    mine = (books.of(tickets), _rows.ticket_id == ticket_id, _rows.claim == token)
    tries = books.tx.execute(sa.select(_rows.tries).where(*mine)).scalar()
    if tries is None:
        return 0
    wait = _PUSHED_AHEAD_BY[min(tries, len(_PUSHED_AHEAD_BY)) - 1]
    at = epoch(now)
    books.tx.execute(
        sa.update(tickets)
        .where(*mine)
        .values(
            claim=None,
            lease_until=None,
            look_at=at + wait,
            error=error,
            quarantined_at=at if tries >= QUARANTINED_AFTER else None,
        )
    )
    return int(tries)


def wake(books: Books, ticket_ids: Sequence[str], now: datetime) -> None:
    """Look at these tickets at once."""
    if ticket_ids:
        at = epoch(now)
        books.tx.execute(
            sa.update(tickets)
            .where(books.of(tickets), _rows.ticket_id.in_(ticket_ids))
            .values(look_at=sa.case((_rows.look_at < at, _rows.look_at), else_=at))
        )


def wake_all(books: Books, now: datetime, *, judged_by_others_than: str | None = None) -> int:
    """Look again at every ticket that can still change; quarantined ones get another chance."""
    at = epoch(now)
    change = (
        sa.update(tickets)
        .where(
            books.of(tickets),
            sa.or_(_rows.status != "closed", _rows.judged_at.is_(None)),
            _rows.life == "present",
        )
        .values(
            look_at=sa.case((_rows.look_at < at, _rows.look_at), else_=at),
            tries=sa.case((_rows.quarantined_at.is_not(None), 0), else_=_rows.tries),
            quarantined_at=None,
        )
    )
    if judged_by_others_than is not None:
        change = change.where(_rows.judged_by.is_distinct_from(judged_by_others_than))
    return books.tx.execute(change).rowcount


def next_look_at(books: Books) -> int | None:
    """The earliest moment at which a ticket wants to be looked at, in epoch seconds."""
    choice = sa.select(sa.func.min(_rows.look_at)).where(
        books.of(tickets), _rows.quarantined_at.is_(None), sa.text("settled = 1")
    )
    return books.tx.execute(choice).scalar()


def _quarantine_hopeless(books: Books, now: datetime) -> None:
    books.tx.execute(
        sa.update(tickets)
        .where(
            books.of(tickets),
            _rows.look_at <= epoch(now),
            _rows.quarantined_at.is_(None),
            _rows.tries >= QUARANTINED_AFTER,
            _rows.lease_until < books.database.lease_now(),
        )
        .values(
            quarantined_at=epoch(now),
            error=sa.func.coalesce(_rows.error, "the worker stopped while it judged this ticket"),
            claim=None,
            lease_until=None,
        )
    )
