# SPDX-License-Identifier: GPL-3.0-or-later
"""A cycle's clock as a ledger: every stretch counted, paused or closed, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from rules.calendar_zones import time_zone
from rules.dues import effective_start
from rules.timeline import instant_of

if TYPE_CHECKING:
    from datetime import datetime

    from rules.calendars import BusinessCalendar
    from rules.clocks import Clock
    from rules.cycles import StatusSpan
    from rules.policy import Calendar

SegmentKind = Literal["counted", "paused", "closed"]


@dataclass(frozen=True, slots=True)
class ClockSegment:
    """A stretch of a cycle's clock, half-open, UTC.

    `seconds` are running seconds for counted segments, open seconds inside
    paused ones, 0 for closed ones. `reason` names the status, or the holiday.
    """

    start: datetime
    end: datetime
    kind: SegmentKind
    seconds: int
    reason: str


def ledger(clock: Clock, statuses: list[StatusSpan]) -> tuple[ClockSegment, ...]:
    """The clock's stretches from the cycle's start to where it was read, without gaps."""
    found: list[ClockSegment] = []
    at = clock.cycle.start
    for start, end, counting, _, _ in clock.pieces:
        found += _standing(clock, statuses, at, start)
        found += _running(clock, counting, start, end)
        at = end
    found += _standing(clock, statuses, at, clock.stop)
    return tuple(found)


def _running(clock: Clock, counting: BusinessCalendar, start: int, end: int) -> list[ClockSegment]:
    found: list[ClockSegment] = []
    at = start
    for opening, closing in counting.open_spans(start, end):
        if opening > at:
            found.append(_closed(clock.application.calendar, at, opening))
        found.append(_segment(opening, closing, "counted", closing - opening, "open"))
        at = closing
    if at < end:
        found.append(_closed(clock.application.calendar, at, end))
    return found


def _standing(clock: Clock, statuses: list[StatusSpan], start: int, end: int) -> list[ClockSegment]:
    """Where the clock does not run: paused by a status, or not yet begun after the cut-off."""
    if start >= end:
        return []
    counting = clock.application.counting
    begin = max(start, min(end, effective_start(clock.application, clock.cycle.start)))
    found: list[ClockSegment] = []
    if start < begin:
        found.append(_segment(start, begin, "closed", 0, "started after the cut-off"))
    for span in statuses:
        first = max(begin, span.start)
        last = end if span.end is None else min(end, span.end)
        if first < last:
            seconds = counting.position(last) - counting.position(first)
            found.append(_segment(first, last, "paused", seconds, span.custom or span.status))
    return found


def _closed(calendar: Calendar, start: int, end: int) -> ClockSegment:
    """Closed hours; holidays inside them by name."""
    zone = time_zone(calendar.business.time_zone)
    day = instant_of(start).astimezone(zone).date()
    last = instant_of(end - 1).astimezone(zone).date()
    names: list[str] = []
    while day <= last:
        if day in calendar.business.holidays:
            names.append(f"{day.isoformat()} {_holiday(calendar, day)}")
        day += timedelta(days=1)
    reason = f"closed ({', '.join(names)})" if names else "closed"
    return _segment(start, end, "closed", 0, reason)


def _holiday(calendar: Calendar, day: date) -> str:
    return calendar.holiday_names.get(day, "holiday")


def _segment(start: int, end: int, kind: SegmentKind, seconds: int, reason: str) -> ClockSegment:
    return ClockSegment(instant_of(start), instant_of(end), kind, seconds, reason)
