# SPDX-License-Identifier: GPL-3.0-or-later
"""People who keep the promised replies of several tiers, and what one fewer does to each.

One team works for all tiers, on the task with the earliest due first. The
history is laid end to end until it fills half a year: a team that is too small
may look good for weeks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.workload import is_hopeless, worked_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rules.arrivals import LookBack
    from rules.facts import Ticket
    from rules.workload import Roster, Task

WEEKS = 26
JUDGED_WEEKS = 13
"""The first weeks only fill the queue."""

_MOST_AGENTS = 100_000


class NoTeamSuffices(ValueError):
    """More people than can be counted would keep the promises."""


@dataclass(frozen=True, slots=True)
class TierOutlook:
    """How one tier's promise fares.

    Of `n` judged tasks `late` are late, and `late_with_one_fewer` with one
    person fewer. `hopeless` are those that no team does in time, as nobody is
    on duty between arrival and due.
    """

    name: str
    promised: Fraction
    n: int
    late: int
    late_with_one_fewer: int
    hopeless: int

    @property
    def kept(self) -> Fraction | None:
        """Share in time; None without tasks."""
        return 1 - Fraction(self.late, self.n) if self.n else None

    @property
    def kept_with_one_fewer(self) -> Fraction | None:
        """Share in time with one person fewer; None without tasks."""
        return 1 - Fraction(self.late_with_one_fewer, self.n) if self.n else None

    @property
    def is_possible(self) -> bool:
        """Whether any team keeps the promise."""
        return self.hopeless <= self.n * (1 - self.promised)


@dataclass(frozen=True, slots=True)
class MailPlan:
    """People on duty at a time, and what they make of each tier's promise.

    `agents` is None where a roster decides. `work` is what comes in a week,
    `capacity` what the people do in it, in seconds of work.
    """

    agents: int | None
    tiers: tuple[TierOutlook, ...]
    work: Fraction
    capacity: Fraction

    @property
    def utilisation(self) -> Fraction | None:
        """Share of the time that is work; None without anybody on duty."""
        return self.work / self.capacity if self.capacity else None


@dataclass(frozen=True, slots=True)
class HalfYear:
    """Epoch seconds of a simulated half year, its end, and from when on it is judged."""

    start: int
    judged_from: int
    end: int


def half_year(over: LookBack) -> HalfYear:
    """The half year that begins with the first day that is looked back at."""
    place = time_zone(over.zone)

    def midnight(weeks: int) -> int:
        day = over.days[0] + timedelta(weeks=weeks)
        return int(datetime(day.year, day.month, day.day, tzinfo=place).timestamp())

    return HalfYear(midnight(0), midnight(WEEKS - JUDGED_WEEKS), midnight(WEEKS))


def laid_end_to_end(tickets: Sequence[Ticket], over: LookBack) -> Iterator[Ticket]:
    """The tickets of the days looked at, again and again until half a year is full.

    Each copy is created at the same local time, a whole number of weeks later.
    """
    place, end = time_zone(over.zone), half_year(over).end
    days = set(over.days)
    kept = [one for one in tickets if one.created_at.astimezone(place).date() in days]
    for times in range(-(-WEEKS // over.weeks)):
        for ticket in kept:
            local = ticket.created_at.astimezone(place) + timedelta(weeks=over.weeks * times)
            at = local.astimezone(UTC)  # wall time first: clocks may have changed in between
            if at.timestamp() < end:
                yield replace(ticket, created_at=at, happenings=())


def outlook(
    tasks: Sequence[Task],
    pledges: Mapping[str, Fraction],
    roster: Roster,
    fewer: Roster | None,
    span: HalfYear,
) -> tuple[TierOutlook, ...]:
    """How the promises fare with a roster, and with another that has one person fewer."""
    judged = [task for task in tasks if span.judged_from <= task.due < span.end]
    n = Counter(task.group for task in judged)
    hopeless = Counter(task.group for task in judged if is_hopeless(task, roster))
    late = _late(tasks, roster, span)
    less = n if fewer is None else _late(tasks, fewer, span)
    return tuple(
        TierOutlook(name, pledges[name], n[name], late[name], less[name], hopeless[name])
        for name in pledges
        if n[name]
    )


def _late(tasks: Sequence[Task], roster: Roster, span: HalfYear) -> Counter[str]:
    return Counter(
        one.task.group
        for one in worked_off(tasks, roster)
        if one.is_late and span.judged_from <= one.task.due < span.end
    )


def plan_mail(
    tasks: Sequence[Task],
    pledges: Mapping[str, Fraction],
    roster_of: Callable[[int], Roster],
    span: HalfYear,
) -> MailPlan:
    """The fewest people with whom every promise that can be kept is kept.

    A promise that no team keeps is planned for as well as a team can.

    Args:
        tasks: the work of half a year; `group` names a task's tier.
        pledges: the share of each tier's tasks that is promised in time.
        roster_of: the roster with so many people; more people never do less.
        span: what is simulated, and judged.

    Raises:
        NoTeamSuffices: more than a hundred thousand people would be needed.
    """
    one = outlook(tasks, pledges, roster_of(1), None, span)
    allowed = {each.name: max(_allowed(each), each.hopeless) for each in one}

    def suffices(agents: int) -> bool:
        late = _late(tasks, roster_of(agents), span)
        return all(late[name] <= most for name, most in allowed.items())

    agents = _fewest(suffices)
    fewer = roster_of(agents - 1) if agents > 1 else None
    tiers = outlook(tasks, pledges, roster_of(agents), fewer, span)
    return MailPlan(
        agents, tiers, weekly_work(tasks, span), weekly_capacity(roster_of(agents), span)
    )


def _allowed(tier: TierOutlook) -> int:
    return int(tier.n * (1 - tier.promised))


def _fewest(suffices: Callable[[int], bool]) -> int:
    too_few, enough = 0, 1
    # With more people every task is finished no later, as the order stays the same: so search by
    # halves is allowed.
    while not suffices(enough):
        too_few, enough = enough, enough * 2
        if enough > _MOST_AGENTS:
            raise NoTeamSuffices(f"more than {_MOST_AGENTS:,} people would be needed")
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if suffices(middle):
            enough = middle
        else:
            too_few = middle
    return enough


def weekly_work(tasks: Iterable[Task], span: HalfYear) -> Fraction:
    """Seconds of work that come in in a week."""
    return Fraction(sum(one.work for one in tasks if span.start <= one.arrives < span.end), WEEKS)


def weekly_capacity(roster: Roster, span: HalfYear) -> Fraction:
    """Seconds of work that a roster does in a week."""
    done = roster.capacity(span.end) - roster.capacity(span.start)
    return Fraction(done, roster.units_per_second * WEEKS)
