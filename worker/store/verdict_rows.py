# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict rows of one customer as evidence, and up to when everything is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from rules.evidence import CycleRow, Party
from worker.store.database import epoch, instant, instant_or_none
from worker.store.pages import TICKETS
from worker.store.tables import cursors, tickets, verdicts

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Books

OPEN_STATES = frozenset({"running", "paused", "breached_open"})


class Known(NamedTuple):
    """Up to when the helpdesk's changes are known, and at which position of its stream."""

    until: datetime
    cursor: str | None


def known_until(books: Books) -> Known | None:
    """The instant at which all tickets had been read to the end; None before the first."""
    choice = sa.select(cursors.c.complete_at, cursors.c.cursor).where(
        books.of(cursors), cursors.c.stream == TICKETS, cursors.c.complete_at.is_not(None)
    )
    row = books.tx.execute(choice).first()
    return None if row is None else Known(instant(row[0]), row[1])


def count_unjudged(books: Books) -> int:
    """Tickets with facts that no judgement knows yet, or that are set aside."""
    waits = sa.or_(
        tickets.c.news == 1, tickets.c.settled == 0, tickets.c.quarantined_at.is_not(None)
    )
    choice = sa.select(sa.func.count()).where(books.of(tickets), waits)
    return int(books.tx.execute(choice).scalar_one())


def rows_due(books: Books, party: Party, since: datetime, until: datetime) -> list[CycleRow]:
    """Rows of a customer that fall due from `since` to before `until`, or have no due.

    As stored at their last judging, without the values that obligations read.
    """
    row = verdicts.c
    begin, end = epoch(since), epoch(until)
    whose = (
        (row.customer == party.customer,)
        if party.customer is not None
        else (
            row.customer.is_(None),
            row.tier == party.tier,
            row.organization_id == party.organization_id,
        )
    )
    falls = sa.or_(
        sa.and_(row.due_at >= begin, row.due_at < end),
        sa.and_(row.due_at.is_(None), row.started_at < end),
    )
    choice = (
        sa.select(verdicts)
        .where(books.of(verdicts), *whose, falls)
        .order_by(row.ticket_id, row.measure, row.cycle)
    )
    return [_row(found) for found in books.rows(choice)]


def tickets_touched(books: Books, party: Party, since: datetime) -> list[str]:
    """Tickets with rows of a customer that changed at `since` or later."""
    row = verdicts.c
    is_of_contract = party.customer is not None
    whose = row.customer == party.customer if is_of_contract else row.tier == party.tier
    choice = (
        sa.select(tickets.c.ticket_id)
        .where(
            books.of(tickets),
            tickets.c.updated_at >= epoch(since),
            tickets.c.ticket_id.in_(sa.select(row.ticket_id).where(books.of(verdicts), whose)),
        )
        .order_by(tickets.c.ticket_id)
    )
    return list(books.tx.execute(choice).scalars())


def _row(found: sa.RowMapping) -> CycleRow:
    return CycleRow(
        tier=found["tier"],
        customer=found["customer"],
        organization_id=found["organization_id"],
        ticket_id=found["ticket_id"],
        measure=found["measure"],
        cycle=found["cycle"],
        state=found["state"],
        started_at=instant(found["started_at"]),
        due_at=instant_or_none(found["due_at"]),
        stopped_at=instant_or_none(found["fulfilled_at"]),
        ended_by=found["ended_by"],
        breached_at=instant_or_none(found["breached_at"]),
        reason=found["reason"],
        priority=found["priority"],
        calendar=found["calendar"],
        policy=found["policy"],
        rule=found["rule"],
        target_seconds=found["target_seconds"],
        elapsed_seconds=found["elapsed_seconds"],
        paused_seconds=found["paused_seconds"],
    )
