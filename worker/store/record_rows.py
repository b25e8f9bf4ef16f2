# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored calls and ratings of one customer, read back for counting."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from rules.evidence import Call, Evidence, Party, Rating
from worker.store.database import epoch, instant
from worker.store.record_tables import calls, ratings
from worker.store.tables import verdicts
from worker.store.verdict_rows import rows_of_party

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from worker.store.database import Books


class Told(NamedTuple):
    """A row, and whose it is; `whose` is None where only judging the ticket can tell."""

    row: Call | Rating
    whose: Evidence | None


def calls_told(
    books: Books, party: Party, since: datetime, until: datetime, lines: Collection[str]
) -> list[Told]:
    """Calls from `since` to before `until` that are, or may be, a customer's.

    Those on the given lines are its own also without a ticket.
    """
    row = calls.c
    ours = _first_row(books, party, row.ticket_id)
    on_line = sa.and_(row.ticket_id.is_(None), row.line.in_(sorted(lines)))
    theirs = sa.and_(row.ticket_id.is_not(None), _may_be(ours, books, row.ticket_id))
    choice = (
        sa.select(calls, *ours)
        .where(
            books.of(calls),
            row.at >= epoch(since),
            row.at < epoch(until),
            sa.or_(on_line, theirs),
        )
        .order_by(row.at, row.call_id)
    )
    found = []
    for one in books.rows(choice):
        whose = _whose(party, one)
        if one["ticket_id"] is None:
            whose = Evidence(
                tier=party.tier, customer=party.customer, organization_id=party.organization_id
            )
        found.append(Told(_call(one), whose))
    return found


def ratings_told(books: Books, party: Party, since: datetime, until: datetime) -> list[Told]:
    """Ratings from `since` to before `until` that are, or may be, a customer's."""
    row = ratings.c
    ours = _first_row(books, party, row.ticket_id)
    choice = (
        sa.select(ratings, *ours)
        .where(
            books.of(ratings),
            row.at >= epoch(since),
            row.at < epoch(until),
            _may_be(ours, books, row.ticket_id),
        )
        .order_by(row.at, row.rating_id)
    )
    return [Told(_rating(one), _whose(party, one)) for one in books.rows(choice)]


_Labels = tuple[sa.Label[str], sa.Label[str]]


def _first_row(books: Books, party: Party, ticket_id: sa.ColumnElement[str]) -> _Labels:
    """Tier and organization of the ticket's first verdict that is the customer's."""
    verdict = verdicts.c
    whose = rows_of_party(party)

    def first(column: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
        return (
            sa.select(column)
            .where(books.of(verdicts), verdict.ticket_id == ticket_id, *whose)
            .order_by(verdict.started_at, verdict.measure, verdict.cycle)
            .limit(1)
            .scalar_subquery()
        )

    return first(verdict.tier).label("of_tier"), first(verdict.organization_id).label("of_org")


def _may_be(
    ours: _Labels, books: Books, ticket_id: sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    """Whether a ticket has a verdict of the customer, or none of anybody."""
    of_anybody = sa.exists().where(books.of(verdicts), verdicts.c.ticket_id == ticket_id)
    return sa.or_(ours[0].element.is_not(None), sa.not_(of_anybody))


def _whose(party: Party, found: sa.RowMapping) -> Evidence | None:
    if found["of_tier"] is None:
        return None
    return Evidence(
        tier=found["of_tier"],
        customer=party.customer,
        organization_id=found["of_org"],
        ticket_id=found["ticket_id"],
    )


def _call(found: sa.RowMapping) -> Call:
    return Call(
        ticket_id=found["ticket_id"],
        call_id=found["call_id"],
        at=instant(found["at"]),
        ended=found["ended"],
        wait_seconds=found["wait_seconds"],
        is_inbound=bool(found["inbound"]),
        outside_hours=bool(found["outside_hours"]),
        connected=bool(found["connected"]),
        line=found["line"],
    )


def _rating(found: sa.RowMapping) -> Rating:
    return Rating(ticket_id=found["ticket_id"], at=instant(found["at"]), score=found["score"])
