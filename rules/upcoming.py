# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still open of a customer, and when it falls due: the outlook of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rules.verdict import OPEN_STATES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rules.evidence import CycleRow


class Upcoming(msgspec.Struct, frozen=True):
    """Open cycles of one measure: overdue, due in the period and in the next one.

    `paused` have no due while their pause lasts.
    """

    measure: str
    overdue: int = 0
    this_period: int = 0
    next_period: int = 0
    paused: int = 0


def upcoming(rows: Iterable[CycleRow], ends: tuple[datetime, datetime]) -> tuple[Upcoming, ...]:
    """The open cycles by measure, measures without any left out.

    Args:
        rows: verdicts of one customer, judged at the cut-off.
        ends: the first instants behind the period and behind the next one; what
            falls due later is left out.
    """
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        place = _place(row, ends) if row.state in OPEN_STATES else None
        if place is not None:
            counts = found.setdefault(row.measure, {})
            counts[place] = counts.get(place, 0) + 1
    return tuple(Upcoming(measure, **counts) for measure, counts in sorted(found.items()))


def _place(row: CycleRow, ends: tuple[datetime, datetime]) -> str | None:
    if row.state == "breached_open":
        return "overdue"
    if row.due_at is None:
        return "paused"
    if row.due_at < ends[0]:
        return "this_period"
    return "next_period" if row.due_at < ends[1] else None
