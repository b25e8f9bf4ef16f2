# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that can wait (e-mail): how many people keep the promised replies.

The team is one server with the speed of everybody on duty, the mail with the
earliest due comes first, and work can be laid down and taken up again. This is
the best that any order can do, so what this model calls late is late however
the work is shared out.

Everything is exact: time on duty is counted in capacity, seconds of work that
the team has done since its beginning, as whole numbers of a small unit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.calendars import BusinessCalendar


@dataclass(frozen=True, slots=True)
class Task:
    """Work on one ticket: from when it can be done, until when it is in time, and how much.

    `arrives` and `due` are epoch seconds; `work` is in seconds of one person,
    all touches together. `group` says whose it is, where that matters.
    """

    arrives: int
    due: int
    work: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """People on duty in a stretch of time, half-open, in epoch seconds."""

    start: int
    end: int
    agents: int


class Roster:
    """Who is on duty when, and how much work that does.

    `shrinkage` is the share of the time on duty that goes to breaks, training
    and other work. Stretches are in order and do not overlap.
    """

    def __init__(self, duties: Sequence[Duty], shrinkage: Fraction) -> None:
        if not 0 <= shrinkage < 1:
            raise ValueError("shrinkage is a share from 0 to below 1")
        for duty in duties:
            if duty.end <= duty.start or duty.agents < 0:
                raise ValueError("a duty has an end after its start, and people")
        self.duties = tuple(duty for duty in duties if duty.agents)
        if any(one.end > other.start for one, other in pairwise(self.duties)):
            raise ValueError("stretches of duty are in order and do not overlap")
        self.share = 1 - shrinkage
        # A unit of capacity is so small that every speed is a whole number of them a second.
        self.units_per_second = self.share.denominator
        self._starts = [duty.start for duty in self.duties]
        self._speeds = [duty.agents * self.share.numerator for duty in self.duties]
        self._before = list(
            accumulate(
                (
                    (duty.end - duty.start) * speed
                    for duty, speed in zip(self.duties, self._speeds, strict=True)
                ),
                initial=0,
            )
        )

    @classmethod
    def staffed(
        cls, calendar: BusinessCalendar, agents: int, within: tuple[int, int], shrinkage: Fraction
    ) -> Roster:
        """The same number of people throughout the hours of a calendar."""
        spans = calendar.open_spans(*within)
        return cls([Duty(start, end, agents) for start, end in spans], shrinkage)

    def capacity(self, at: int) -> int:
        """Units of work that are done from the beginning to `at` by a team that never idles."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return 0
        worked = min(at, self.duties[index].end) - self.duties[index].start
        return self._before[index] + worked * self._speeds[index]

    def instant(self, capacity: int) -> Fraction | None:
        """The first instant at which so much is done, above nothing; None after the last duty."""
        index = bisect_left(self._before, capacity) - 1
        if not 0 <= index < len(self.duties):
            return None
        done = Fraction(capacity - self._before[index], self._speeds[index])
        return self.duties[index].start + done


@dataclass(frozen=True, slots=True)
class Finish:
    """When a task is finished, in capacity, and whether that is later than its due."""

    task: Task
    at: int
    is_late: bool


def worked_off(tasks: Sequence[Task], roster: Roster) -> list[Finish]:
    """When each task is finished, the earliest due first; in the order in which they finish.

    A task that is finished in its due second is in time. What is due after the
    roster's last duty cannot be judged by it.
    """
    found: list[Finish] = []
    waiting: list[tuple[int, int, int]] = []  # due, place among the tasks, units left
    now = 0
    for place in sorted(range(len(tasks)), key=lambda each: tasks[each].arrives):
        task = tasks[place]
        reached = roster.capacity(task.arrives)
        while waiting and now < reached:
            due, first, left = heappop(waiting)
            if now + left > reached:  # the arrival may be more urgent
                heappush(waiting, (due, first, now + left - reached))
                break
            now += left
            found.append(_finish(tasks[first], now, roster))
        now = max(now, reached)
        heappush(waiting, (task.due, place, task.work * roster.units_per_second))
    for _, place, left in sorted(waiting):
        now += left
        found.append(_finish(tasks[place], now, roster))
    return found


def _finish(task: Task, at: int, roster: Roster) -> Finish:
    return Finish(task, at, at > roster.capacity(task.due))


def is_hopeless(task: Task, roster: Roster) -> bool:
    """Whether nobody can finish a task in time: there is no duty between arrival and due."""
    return roster.capacity(task.due) == roster.capacity(task.arrives)
