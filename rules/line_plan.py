# SPDX-License-Identifier: GPL-3.0-or-later
"""People needed on a line in each interval of the week, against the roster."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.erlang import Demand, Queue
from rules.staffing import Staffing, queue_with, staff_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rules.arrivals import Profile, Slot
    from rules.staffing import LinePromise


@dataclass(frozen=True, slots=True)
class Line:
    """A line: seconds of talk and wrap-up, what callers are promised, and the shrinkage.

    `handling` are intervals whose calls are known to take another time.
    """

    handling_seconds: float
    promise: LinePromise
    shrinkage: Fraction
    handling: Mapping[Slot, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IntervalPlan:
    """One interval: what comes in, who is needed, and what the roster makes of it.

    `rostered` is None where no roster was given; `as_rostered` is None there,
    and where nobody is on duty though callers come. `with_one_fewer` is the
    same with one person fewer than the roster has.
    """

    slot: Slot
    calls: Fraction
    needed: Staffing
    rostered: int | None
    as_rostered: Queue | None
    with_one_fewer: Queue | None = None

    @property
    def missing(self) -> int:
        """People that the roster lacks; 0 where it has enough, or is not known."""
        return 0 if self.rostered is None else max(0, self.needed.agents - self.rostered)


@dataclass(frozen=True, slots=True)
class LinePlan:
    """The intervals of a week in order."""

    intervals: tuple[IntervalPlan, ...]

    @property
    def most_agents(self) -> int:
        """People needed in the busiest interval."""
        return max((one.needed.agents for one in self.intervals), default=0)

    def answered(self, *, one_fewer: bool = False) -> Fraction | None:
        """Share of a week's calls answered in time, with those needed or one fewer each.

        Returns:
            None where nobody calls. An interval with nobody left answers nobody.
        """
        return self._answered(
            [one.needed.one_fewer if one_fewer else one.needed.queue for one in self.intervals]
        )

    def answered_as_rostered(self, *, one_fewer: bool = False) -> Fraction | None:
        """The same with the people of the roster, or one fewer in each interval."""
        return self._answered(
            [one.with_one_fewer if one_fewer else one.as_rostered for one in self.intervals]
        )

    def abandoned(self, *, one_fewer: bool = False) -> Fraction | None:
        """Share of a week's callers who give up, with those needed or one fewer each."""
        queues = [one.needed.one_fewer if one_fewer else one.needed.queue for one in self.intervals]
        return self._share([1 if one is None else one.abandoned for one in queues])

    def _answered(self, queues: Sequence[Queue | None]) -> Fraction | None:
        return self._share([0 if one is None else one.answered for one in queues])

    def _share(self, shares: Sequence[float]) -> Fraction | None:
        calls = sum((one.calls for one in self.intervals), Fraction(0))
        if not calls:
            return None
        kept = Fraction(0)
        for one, share in zip(self.intervals, shares, strict=True):
            kept += one.calls * Fraction(share)
        return kept / calls


def line_plan(
    profile: Profile,
    line: Line,
    roster: Mapping[Slot, int] | None = None,
    open_slots: Iterable[Slot] | None = None,
) -> LinePlan:
    """People needed in each interval of the usual week.

    Args:
        profile: what usually comes in.
        line: what a call takes and what is promised.
        roster: people on duty by slot; slots that it does not name have none.
        open_slots: when calls are answered at all; None is always.

    Raises:
        ValueError: as `staff_line`.
    """
    answered = None if open_slots is None else set(open_slots)
    intervals = []
    for slot, usual in sorted(profile.slots.items()):
        if answered is not None and slot not in answered:
            continue
        per_second = float(usual.mean) / (60 * profile.interval_minutes)
        demand = Demand(per_second, line.handling.get(slot, line.handling_seconds))
        needed = staff_line(demand, line.promise, line.shrinkage)
        rostered = None if roster is None else roster.get(slot, 0)
        with_them, with_fewer = (
            queue_with(demand, agents, line.promise) if agents > 0 else None
            for agents in ((rostered or 0), (rostered or 0) - 1)
        )
        intervals.append(IntervalPlan(slot, usual.mean, needed, rostered, with_them, with_fewer))
    return LinePlan(tuple(intervals))
