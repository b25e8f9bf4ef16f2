# SPDX-License-Identifier: GPL-3.0-or-later
"""When to look at which ticket: one column, claimed in batches, poison contained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, lease_clock, new_token
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
    choice = (
        sa.select(_rows.ticket_id, _rows.tries)
        .where(*_due(books, now))
        .order_by(_rows.look_at)
        .limit(limit)
    )
    if not books.database.is_sqlite:
        choice = choice.with_for_update(skip_locked=True)
    found = books.tx.execute(choice).all()
    hopeless = [ident for ident, tries in found if tries >= QUARANTINED_AFTER]
    if hopeless:
        _quarantine(books, hopeless, now)
        return claim_looks(books, now, limit, lease)
    again = [ident for ident, tries in found if tries > 0]
    token = new_token()
    idents = again[:1] or [ident for ident, _ in found]
    if idents:
        _claim(books, idents, token, lease)
    return Look(tuple(idents), token)


def due_looks(books: Books, now: datetime, most: int) -> int:
    """How many tickets could be claimed now, counted up to `most`."""
    due = sa.select(sa.literal(1)).where(*_due(books, now)).limit(most).subquery()
    return int(books.tx.execute(sa.select(sa.func.count()).select_from(due)).scalar_one())


IS_TIMED = sa.text("settled = 1 AND quarantined_at IS NULL AND look_at IS NOT NULL")
"""The condition of the index over what is due, in its own words."""


def is_free(lease_now: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """The condition that a ticket has a moment and nobody holds it."""
    free = sa.or_(_rows.lease_until.is_(None), _rows.lease_until < lease_now)
    return sa.and_(IS_TIMED, free)


def _due(books: Books, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    lease_now = books.database.lease_now()
    return (books.of(tickets), is_free(lease_now), _rows.look_at <= epoch(now))


def _claim(books: Books, idents: Sequence[str], token: str, lease: int) -> None:
    """Mark rows that this transaction has locked: their leases need no second look."""
    database = books.database
    change = _claiming(database.is_sqlite, database.lease_skew)
    ids = json.dumps(idents) if database.is_sqlite else list(idents)
    values = {"of_account": books.account, "ids": ids, "token": token, "lease": lease}
    books.tx.execute(change, values)


@cache
def _claiming(is_sqlite: bool, lease_skew: int) -> sa.Update:
    """Built once, with all tickets as one parameter: a backlog is claimed in thousands."""
    if is_sqlite:
        mine = sa.text("ticket_id IN (SELECT value FROM json_each(:ids))")
    else:
        mine = sa.text("ticket_id = ANY(:ids)")
    return (
        sa.update(tickets)
        .where(_rows.account == sa.bindparam("of_account"), mine)
        .values(
            claim=sa.bindparam("token"),
            lease_until=lease_clock(is_sqlite, lease_skew)
            + sa.bindparam("lease", type_=sa.Integer),
            tries=_rows.tries + 1,
        )
    )


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


@dataclass(frozen=True, slots=True)
class Pushed:
    """A ticket that was put off. `is_new`: it had not failed in this way before."""

    tries: int
    is_new: bool
    is_quarantined: bool


def push_ahead(
    books: Books, ticket_id: str, token: str, error: str, now: datetime
) -> Pushed | None:
    """A judgement failed: look again later, each time later than before.

    None when the ticket is no longer ours.
    """
    mine = (books.of(tickets), _rows.ticket_id == ticket_id, _rows.claim == token)
    row = books.tx.execute(sa.select(_rows.tries, _rows.error).where(*mine)).one_or_none()
    if row is None:
        return None
    is_given_up = row.tries >= QUARANTINED_AFTER
    wait = _PUSHED_AHEAD_BY[min(row.tries, len(_PUSHED_AHEAD_BY)) - 1]
    at = epoch(now)
    books.tx.execute(
        sa.update(tickets)
        .where(*mine)
        .values(
            claim=None,
            lease_until=None,
            look_at=at + wait,
            error=error,
            quarantined_at=at if is_given_up else None,
        )
    )
    return Pushed(row.tries, row.error != error, is_given_up)


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


def _quarantine(books: Books, idents: Sequence[str], now: datetime) -> None:
    books.tx.execute(
        sa.update(tickets)
        .where(books.of(tickets), _rows.ticket_id.in_(idents))
        .values(
            quarantined_at=epoch(now),
            error=sa.func.coalesce(_rows.error, "the worker stopped while it judged this ticket"),
            claim=None,
            lease_until=None,
        )
    )
