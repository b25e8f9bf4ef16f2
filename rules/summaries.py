# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdict rows of a period by measure, priority, group or whatever else, with their durations."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import msgspec

from rules.attainment import percent_of
from rules.percentiles import nearest_rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from rules.evidence import CycleRow

K = TypeVar("K", bound=Hashable)

_DECIDED = frozenset({"met", "breached", "breached_open"})
_REPLIES = frozenset({"first_reply", "next_reply"})


class Percentile(msgspec.Struct, frozen=True):
    """Running seconds at a percentile.

    `is_at_least`: the case is still open, so it will be at least this much.
    """

    seconds: int
    is_at_least: bool = False


class Summary(msgspec.Struct, frozen=True):
    """The decided cycles of one group; percentiles are None where there are none.

    `open_overdue` are part of `breached`, `without_reply` part of `met`.
    """

    met: int
    breached: int
    open_overdue: int
    without_reply: int
    excluded: int
    median: Percentile | None
    p90: Percentile | None

    @property
    def n_decided(self) -> int:
        """Met or breached."""
        return self.met + self.breached

    @property
    def share(self) -> Fraction | None:
        """The share that was met; None where nothing was decided."""
        return Fraction(self.met, self.n_decided) if self.n_decided else None

    @property
    def percent(self) -> str:
        """The share in percent with one decimal, or "n/a"."""
        return percent_of(self.met, self.n_decided)


def summaries(
    rows: Iterable[CycleRow],
    within: tuple[datetime, datetime],
    key: Callable[[CycleRow], K],
) -> dict[K, Summary]:
    """A summary of each group of the rows that fall due in a period.

    Args:
        rows: verdicts, judged at the cut-off.
        within: the period, half-open.
        key: what a row is grouped by, such as its measure and priority.
    """
    begin, end = within
    groups: dict[K, list[CycleRow]] = {}
    for row in rows:
        if row.due_at is not None and begin <= row.due_at < end:
            groups.setdefault(key(row), []).append(row)
    return {name: summary(found) for name, found in groups.items()}


def summary(rows: Iterable[CycleRow]) -> Summary:
    """The summary of some rows, whenever they fall due."""
    met = breached = open_overdue = without_reply = excluded = 0
    took: list[tuple[int, bool]] = []
    for row in rows:
        if row.state == "met":
            met += 1
            without_reply += row.ended_by == "solved" and row.measure in _REPLIES
        elif row.state in _DECIDED:
            breached += 1
            open_overdue += row.state == "breached_open"
        else:
            excluded += row.state == "excluded"
            continue
        took.append((row.elapsed_seconds, row.state == "breached_open"))
    took.sort()
    return Summary(
        met,
        breached,
        open_overdue,
        without_reply,
        excluded,
        _percentile(took, Fraction(1, 2)),
        _percentile(took, Fraction(9, 10)),
    )


def _percentile(ordered: list[tuple[int, bool]], share: Fraction) -> Percentile | None:
    if not ordered:
        return None
    place = nearest_rank(range(len(ordered)), share)
    return Percentile(*ordered[place])


def over_by(row: CycleRow) -> int | None:
    """Running seconds by which a breached cycle exceeded its target; None for others.

    Of a target in days, whose due alone decides, at least 0.
    """
    if row.state not in ("breached", "breached_open"):
        return None
    return max(0, row.elapsed_seconds - row.target_seconds)
