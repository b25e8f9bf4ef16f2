# SPDX-License-Identifier: GPL-3.0-or-later
"""Day by day what a team does with work that can wait: load, backlog, age, lateness."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.periods import start_of
from rules.timeline import seconds_of
from rules.workload import worked_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.workload import Finish, Roster, Task


@dataclass(frozen=True, slots=True)
class Workday:
    """One local date of a team, in seconds of work.

    `load` is what came in, `capacity` what the team could do, `backlog` what
    was left at the end of the day. `oldest_seconds` is the age of the oldest
    task then, None where nothing was left. Of the tasks due that day `late`
    were late.
    """

    day: date
    load: int
    capacity: Fraction
    backlog: Fraction
    oldest_seconds: int | None
    due: int
    late: int

    @property
    def utilisation(self) -> Fraction | None:
        """Share of the capacity that the load of the day would take; None without capacity."""
        return Fraction(self.load) / self.capacity if self.capacity else None


def workdays(
    tasks: Sequence[Task], roster: Roster, first: date, behind: date, zone: str
) -> list[Workday]:
    """The days from `first` to before `behind`, in the team's zone.

    All tasks are worked on, those from before the first day too.
    """
    finishes = worked_off(tasks, roster)
    days = [first + timedelta(days=n) for n in range((behind - first).days)]
    ends = [seconds_of(start_of(day + timedelta(days=1), zone)) for day in days]
    load = _by_day(((task.arrives, task.work) for task in tasks), zone)
    due = _by_day(((task.due, 1) for task in tasks), zone)
    late = _by_day(((one.task.due, 1) for one in finishes if one.is_late), zone)
    left = _left_at(tasks, roster, ends)
    oldest = _oldest_at(finishes, roster, ends)
    start = seconds_of(start_of(first, zone))
    found = []
    for place, day in enumerate(days):
        begin = ends[place - 1] if place else start
        done = roster.capacity(ends[place]) - roster.capacity(begin)
        found.append(
            Workday(
                day,
                load[day],
                Fraction(done, roster.units_per_second),
                Fraction(left[place], roster.units_per_second),
                oldest[place],
                due[day],
                late[day],
            )
        )
    return found


def _by_day(found: Iterable[tuple[int, int]], zone: str) -> Counter[date]:
    place = time_zone(zone)
    sums: Counter[date] = Counter()
    for at, n in found:
        sums[datetime.fromtimestamp(at, place).date()] += n
    return sums


def _left_at(tasks: Sequence[Task], roster: Roster, ends: Sequence[int]) -> list[int]:
    """Units of work that are left at each end: what came in is done as soon as there is time."""
    arrivals = sorted(tasks, key=lambda task: task.arrives)
    found: list[int] = []
    left = now = index = 0
    for end in ends:
        while index < len(arrivals) and arrivals[index].arrives < end:
            reached = roster.capacity(arrivals[index].arrives)
            left = max(0, left - (reached - now))
            left += arrivals[index].work * roster.units_per_second
            now = reached
            index += 1
        reached = roster.capacity(end)
        left, now = max(0, left - (reached - now)), reached
        found.append(left)
    return found


def _oldest_at(finishes: Sequence[Finish], roster: Roster, ends: Sequence[int]) -> list[int | None]:
    """Age of the oldest task that is there and not finished at each end."""
    found: list[int | None] = [None] * len(ends)
    reached = [roster.capacity(end) for end in ends]
    for one in finishes:
        place = bisect_right(ends, one.task.arrives)
        while place < len(ends) and reached[place] < one.at:
            age = ends[place] - one.task.arrives
            found[place] = max(age, found[place] or 0)
            place += 1
    return found
