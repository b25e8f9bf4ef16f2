# SPDX-License-Identifier: GPL-3.0-or-later
"""A calendar written out: hours, holidays, dates that differ, days on which clocks change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from rules.calendar_hours import WEEKDAYS
from rules.calendar_zones import time_zone
from rules.calendars import BusinessCalendar

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rules.calendar_hours import DayHours, LocalSpan
    from rules.policy import Calendar, Span

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """A calendar from `since` to `until`, both included, in local dates.

    `hash` names what the calendar means, whatever its name. `clock_changes`
    gives the hours of each date that does not have 24.
    """

    name: str
    time_zone: str
    at_closing: str
    cut_off: str | None
    hash: str
    since: date
    until: date
    week: dict[str, str]
    holidays: dict[date, str]
    other_hours: dict[date, str]
    clock_changes: dict[date, float]
    open_seconds: int
    known_until: date | None

    def to_json(self) -> dict[str, object]:
        """The page as one object with stable keys."""
        return {
            "calendar": self.name,
            "time_zone": self.time_zone,
            "at_closing": self.at_closing,
            "cut_off": self.cut_off,
            "hash": self.hash,
            "from": str(self.since),
            "to": str(self.until),
            "hours": self.week,
            "holidays": {str(day): name for day, name in self.holidays.items()},
            "other_hours": {str(day): hours for day, hours in self.other_hours.items()},
            "clock_changes": {str(day): hours for day, hours in self.clock_changes.items()},
            "open_seconds": self.open_seconds,
            "holidays_known_until": str(self.known_until) if self.known_until else None,
        }


def calendar_page(calendar: Calendar, since: date, until: date) -> CalendarPage:
    """The calendar between two dates, both included."""
    business = calendar.business
    zone = time_zone(business.time_zone)
    days = [since + _DAY * number for number in range((until - since).days + 1)]
    in_span = {day for day in business.holidays if since <= day <= until}
    dated = business.hours.dated
    return CalendarPage(
        name=calendar.name,
        time_zone=business.time_zone,
        at_closing=business.at_closing,
        cut_off=None if calendar.cut_off is None else _time(calendar.cut_off),
        hash=calendar_hash(calendar),
        since=since,
        until=until,
        week={name: _hours(day) for name, day in zip(WEEKDAYS, business.hours.week, strict=True)},
        holidays={day: calendar.holiday_names.get(day, "") for day in sorted(in_span)},
        other_hours={
            day: _hours(dated[day.toordinal()])
            for day in days
            if day.toordinal() in dated and day not in in_span
        },
        clock_changes={day: _length(day, zone) for day in days if _length(day, zone) != 24},
        open_seconds=_open_seconds(business, since, until, zone),
        known_until=calendar.known_until,
    )


def calendar_hash(calendar: Calendar) -> str:
    """64 hex digits that change when, and only when, what the calendar counts changes."""
    business = calendar.business
    meaning = {
        "time_zone": business.time_zone,
        "at_closing": business.at_closing,
        "cut_off": calendar.cut_off,
        "week": [[day.spans, day.breaks] for day in business.hours.week],
        "dated": sorted(
            (day, hours.spans, hours.breaks) for day, hours in business.hours.dated.items()
        ),
    }
    return hashlib.sha256(json.dumps(meaning, separators=(",", ":")).encode()).hexdigest()


def due(calendar: Calendar, start: datetime, within: Span) -> datetime:
    """When a promise of `within` that starts at `start` is due on the calendar, as shown."""
    business = calendar.business
    if within.unit == "calendar_days":
        return BusinessCalendar.always_open(business.time_zone).add_working_days(
            start, within.amount
        )
    if calendar.cut_off is not None:
        second = business.after_cut_off(int(start.timestamp()), calendar.cut_off)
        start = datetime.fromtimestamp(second, UTC)
    if within.unit == "working_days":
        return business.add_working_days(start, within.amount)
    return business.add(start, timedelta(seconds=within.amount))


def _hours(day: DayHours) -> str:
    written = ", ".join(map(_span, day.spans)) or "closed"
    return f"{written} without {', '.join(map(_span, day.breaks))}" if day.breaks else written


def _span(span: LocalSpan) -> str:
    return f"{_time(span[0])}-{_time(span[1])}"


def _time(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def _length(day: date, zone: ZoneInfo) -> float:
    """Real hours of a local date: 23 or 25 where the clocks change by one."""
    return (_midnight(day + _DAY, zone) - _midnight(day, zone)).total_seconds() / 3600


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _open_seconds(business: BusinessCalendar, since: date, until: date, zone: ZoneInfo) -> int:
    span = business.between(_midnight(since, zone), _midnight(until + _DAY, zone))
    return int(span.total_seconds())
