# SPDX-License-Identifier: GPL-3.0-or-later
"""Late cycles one by one: what stands behind a number of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import sqlalchemy as sa

from worker.store.database import epoch
from worker.store.tables import tickets, verdicts
from worker.store.team_rows import state_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from worker.store.database import Books

_COLUMNS: Final = {
    "measure": verdicts.c.measure,
    "tier": verdicts.c.tier,
    "priority": verdicts.c.priority,
    "customer": verdicts.c.customer,
    "rule": verdicts.c.rule,
    "group": tickets.c.group_id,
    "channel": tickets.c.channel,
}
NARROWED_BY: Final = tuple(_COLUMNS)
"""What late cycles can be narrowed by."""


class LateRow(NamedTuple):
    """A late cycle: its due in epoch seconds, and the seconds by which it was over."""

    ticket_id: str
    measure: str
    cycle: int
    tier: str
    customer: str | None
    group: str | None
    due_at: int
    over: int
    is_open: bool


def late_rows(
    books: Books,
    within: tuple[datetime, datetime],
    cut_off: datetime,
    asked: Mapping[str, str],
    limit: int,
) -> tuple[list[LateRow], int]:
    """The late cycles that fall due in a time, those over by most first; and how many there are.

    Args:
        books: whose rows.
        within: from when, and until before when they fall due.
        cut_off: up to when everything is known.
        asked: values of `NARROWED_BY`; an empty one is none.
        limit: so many at most.
    """
    row = verdicts.c
    state = state_at(cut_off)
    over = (row.elapsed_seconds - row.target_seconds).label("over")
    joined = sa.and_(tickets.c.account == row.account, tickets.c.ticket_id == row.ticket_id)
    conditions = [
        books.of(verdicts),
        row.due_at >= epoch(within[0]),
        row.due_at < epoch(within[1]),
        state.in_(("breached", "breached_open")),
        *(_is(name, value) for name, value in asked.items()),
    ]
    source = verdicts.join(tickets, joined, isouter=True)
    counted = sa.select(sa.func.count()).select_from(source).where(*conditions)
    choice = (
        sa.select(
            *(row.ticket_id, row.measure, row.cycle, row.tier, row.customer),
            *(tickets.c.group_id, row.due_at, over, state == "breached_open"),
        )
        .select_from(source)
        .where(*conditions)
        .order_by(sa.desc("over"), row.ticket_id, row.measure, row.cycle)
        .limit(limit)
    )
    rows = books.tx.execute(choice).all()
    found = [LateRow._make([*row[:7], max(0, row[7]), bool(row[8])]) for row in rows]
    return found, int(books.tx.execute(counted).scalar_one())


def _is(name: str, value: str) -> sa.ColumnElement[bool]:
    column = _COLUMNS[name]
    return column == value if value else sa.or_(column.is_(None), column == "")
