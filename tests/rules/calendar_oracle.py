# SPDX-License-Identifier: GPL-3.0-or-later
"""A naive calendar for comparison: the set of all open minutes, minute by minute.

Slow, and written another way than the product: sets instead of sorted tables,
`timestamp()` instead of offsets, whole minutes instead of seconds.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from rules.calendar_zones import time_zone

Hours = dict[str, list[tuple[str, str]]]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = "24:00"


class OpenMinutes:
    """The open UTC minutes of some local dates around a given one."""

    def __init__(  # noqa: PLR0917 - the arguments of a calendar, and the dates
        self,
        zone: str,
        hours: Hours,
        holidays: frozenset[date],
        extra_hours: dict[date, list[tuple[str, str]]],
        breaks: dict[date, list[tuple[str, str]]],
        around: date,
        days: int,
    ) -> None:
        self.zone = time_zone(zone)
        self.week = split_nights(hours)
        self.minutes: set[int] = set()
        for distance in range(-days, days + 1):
            day = around + timedelta(days=distance)
            if day in holidays:
                continue
            written = extra_hours.get(day, self.week[DAYS[day.weekday()]])
            whole_day = self.span(day, ("00:00", MIDNIGHT))
            opened = self.union(day, written) & whole_day
            self.minutes |= opened - self.union(day, breaks.get(day, []))

    def between(self, start: int, end: int) -> int:
        """Open seconds in [start, end)."""
        return sum(
            self.is_open(minute * 60) * overlap(minute, start, end)
            for minute in range(start // 60, end // 60 + 1)
        )

    def is_open(self, at: int) -> bool:
        return at // 60 in self.minutes

    def add(self, start: int, running: int, at_closing: str) -> int | None:
        """When `running` open seconds have passed; None when that is not within the dates."""
        at, left = start, running
        last = max(self.minutes, default=0)
        while at // 60 <= last:
            if self.is_open(at):
                rest = 60 - at % 60
                if left < rest or (left == rest and at_closing == "closing" and running):
                    return at + left
                left -= rest
            at = (at // 60 + 1) * 60
        return None

    def union(self, day: date, pairs: list[tuple[str, str]]) -> set[int]:
        return set().union(*(self.span(day, pair) for pair in pairs))

    def span(self, day: date, pair: tuple[str, str]) -> set[int]:
        return set(range(self.minute(day, pair[0]), self.minute(day, pair[1])))

    def minute(self, day: date, wall: str) -> int:
        if wall == MIDNIGHT:
            day, wall = day + timedelta(days=1), "00:00"
        at = datetime.combine(day, time.fromisoformat(wall), self.zone)
        return int(at.timestamp()) // 60


def split_nights(hours: Hours) -> Hours:
    week: Hours = {day: [] for day in DAYS}
    for day, pairs in hours.items():
        for opening, closing in pairs:
            if opening < closing:
                week[day].append((opening, closing))
                continue
            week[day].append((opening, MIDNIGHT))
            if closing != "00:00":
                week[DAYS[(DAYS.index(day) + 1) % 7]].append(("00:00", closing))
    return week


def overlap(minute: int, start: int, end: int) -> int:
    return max(0, min(end, minute * 60 + 60) - max(start, minute * 60))
