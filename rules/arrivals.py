# SPDX-License-Identifier: GPL-3.0-or-later
"""How much comes in at which time of the week, from the weeks before: what staffing plans for.

Counted in local time, per weekday and interval. Holidays are left out, because
their weekday says nothing about them. Weeks that stand out are named, never
dropped in silence.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.percentiles import nearest_rank

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

WEEKS = 8
"""Comparable weeks that are looked back at, where nothing else is said."""

INTERVALS = (15, 30, 60)
_STANDS_OUT = 3
"""A count is told when it lies so many times the usual spread from the middle."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time of the week: weekday from 0 (Monday), and minutes after local midnight."""

    weekday: int
    minute: int


@dataclass(frozen=True, slots=True)
class Usual:
    """What usually comes in in a slot: per interval, over `n_weeks` comparable days.

    `p80` is the 80th percentile. `outliers` are dates whose count stands out;
    they are in the mean.
    """

    mean: Fraction
    p80: int
    n_weeks: int
    outliers: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """The usual week. `trend` is the second half of the weeks against the first; None if empty."""

    slots: dict[Slot, Usual]
    interval_minutes: int
    trend: Fraction | None

    def total(self) -> Fraction:
        """What comes in in a usual week."""
        return sum((one.mean for one in self.slots.values()), Fraction(0))

    def grown(self, growth: Fraction) -> Profile:
        """The same week with so much more (a share; negative is less) in every slot."""
        slots = {
            slot: replace(one, mean=one.mean * (1 + growth)) for slot, one in self.slots.items()
        }
        return replace(self, slots=slots)


@dataclass(frozen=True, slots=True)
class LookBack:
    """Which days are looked at: `weeks` weeks before `until`, without holidays.

    `zone` is that in whose time the team works. An interval has 15, 30 or 60
    minutes.
    """

    until: date
    zone: str
    holidays: frozenset[date] = frozenset()
    weeks: int = WEEKS
    interval_minutes: int = 30

    def __post_init__(self) -> None:
        if self.interval_minutes not in INTERVALS or self.weeks < 1:
            raise ValueError("intervals are 15, 30 or 60 minutes, over at least one week")

    @property
    def days(self) -> list[date]:
        """All dates, holidays included, from the first."""
        return [self.until - timedelta(days=back) for back in range(7 * self.weeks, 0, -1)]


def profile(arrivals: Iterable[datetime], over: LookBack) -> Profile:
    """The usual week by what came in, each arrival an aware instant."""
    kept = [day for day in over.days if day not in over.holidays]
    counts = _counted(arrivals, set(kept), over)
    by_weekday = {
        weekday: [day for day in kept if day.weekday() == weekday] for weekday in range(7)
    }
    slots = {
        Slot(weekday, minute): _usual(on_days, minute, counts)
        for weekday, on_days in by_weekday.items()
        if on_days
        for minute in range(0, 24 * 60, over.interval_minutes)
    }
    return Profile(slots, over.interval_minutes, _trend(over.days, set(kept), counts))


def _counted(
    arrivals: Iterable[datetime], kept: Collection[date], over: LookBack
) -> Counter[tuple[date, int]]:
    place, interval = time_zone(over.zone), over.interval_minutes
    counts: Counter[tuple[date, int]] = Counter()
    for arrival in arrivals:
        local = arrival.astimezone(place)
        if local.date() in kept:
            minute = local.hour * 60 + local.minute
            counts[local.date(), minute - minute % interval] += 1
    return counts


def _usual(days: Sequence[date], minute: int, counts: Counter[tuple[date, int]]) -> Usual:
    found = [counts[day, minute] for day in days]
    ordered = sorted(found)
    middle = nearest_rank(ordered, Fraction(1, 2))
    spread = nearest_rank(sorted(abs(n - middle) for n in found), Fraction(1, 2))
    outliers = tuple(
        day
        for day, n in zip(days, found, strict=True)
        if abs(n - middle) > _STANDS_OUT * max(spread, 1)
    )
    mean = Fraction(sum(found), len(found))
    return Usual(mean, nearest_rank(ordered, Fraction(4, 5)), len(found), outliers)


def _trend(
    days: Sequence[date], kept: Collection[date], counts: Counter[tuple[date, int]]
) -> Fraction | None:
    """Arrivals a day of the later half of the weeks against those of the earlier half."""
    half = len(days) // 14 * 7
    if not half:
        return None
    per_day: Counter[date] = Counter()
    for (day, _), n in counts.items():
        per_day[day] += n
    earlier, later = (
        [per_day[day] for day in part if day in kept] for part in (days[:half], days[-half:])
    )
    if not sum(earlier) or not later:
        return None
    return Fraction(sum(later), len(later)) / Fraction(sum(earlier), len(earlier))
