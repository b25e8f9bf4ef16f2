# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts that are exported as metrics: one look over an account's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.verdict import OPEN_STATES
from worker.store.accounts import account_row
from worker.store.database import epoch
from worker.store.pages import TICKETS
from worker.store.summary import count_quarantined
from worker.store.tables import cursors, outbox, verdicts

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Books

WITHIN = {"15m": 900, "60m": 3600, "4h": 14_400}
"""Spans within which dues are counted, in seconds."""

_UNSENT = ("ready", "sending")


@dataclass(frozen=True, slots=True)
class Gauges:
    """One account at one instant; spans are in seconds.

    `obligations` counts open cycles by state, measure and tier, `due_within`
    running ones by the span in which they are due; `lag` is the age of the
    newest change seen.
    """

    obligations: dict[tuple[str, str, str], int]
    due_within: dict[str, int]
    outbox_unsent: int
    outbox_oldest: int
    quarantined: int
    is_paused: bool
    lag: int | None


def read_gauges(books: Books, now: datetime) -> Gauges:
    """Count everything; the open cycles are looked through once."""
    unsent, oldest = _outbox(books, epoch(now))
    until = books.tx.execute(
        sa.select(cursors.c.until).where(books.of(cursors), cursors.c.stream == TICKETS)
    ).scalar()
    return Gauges(
        obligations=_obligations(books),
        due_within=_due_within(books, epoch(now)),
        outbox_unsent=unsent,
        outbox_oldest=oldest,
        quarantined=count_quarantined(books),
        is_paused=account_row(books).paused_at is not None,
        lag=None if until is None else max(0, epoch(now) - int(until)),
    )


def last_page_at(books: Books) -> int | None:
    """When the last page of changes was stored, in epoch seconds."""
    return books.tx.execute(
        sa.select(cursors.c.saved_at).where(books.of(cursors), cursors.c.stream == TICKETS)
    ).scalar()


def _obligations(books: Books) -> dict[tuple[str, str, str], int]:
    rows = verdicts.c
    choice = (
        sa.select(rows.state, rows.measure, rows.tier, sa.func.count())
        .where(books.of(verdicts), rows.state.in_(sorted(OPEN_STATES)))
        .group_by(rows.state, rows.measure, rows.tier)
    )
    return {(row[0], row[1], row[2]): row[3] for row in books.tx.execute(choice)}


def _due_within(books: Books, now: int) -> dict[str, int]:
    rows = verdicts.c
    counts = [
        sa.func.count(sa.case((rows.due_at <= now + span, 1))).label(name)
        for name, span in WITHIN.items()
    ]
    choice = sa.select(*counts).where(
        books.of(verdicts), rows.state == "running", rows.due_at >= now
    )
    row = books.tx.execute(choice).mappings().one()
    return {name: int(row[name]) for name in WITHIN}


def _outbox(books: Books, now: int) -> tuple[int, int]:
    """Messages past their time that are not sent yet, and for how long the oldest waits."""
    choice = sa.select(sa.func.count(), sa.func.min(outbox.c.at)).where(
        books.of(outbox), outbox.c.state.in_(_UNSENT), outbox.c.at <= now
    )
    number, oldest = books.tx.execute(choice).one()
    return int(number), 0 if oldest is None else max(0, now - int(oldest))
