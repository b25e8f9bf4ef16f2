# SPDX-License-Identifier: GPL-3.0-or-later
"""Zendesk's schedules as calendars of rule files.

Zendesk writes weeks as minutes since Sunday 00:00 of local wall time and zones
as Rails names. A zone that is not known is an error, never UTC: a deadline in
the wrong zone is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.base import Refused
from connector.zendesk.calls import Call
from connector.zendesk.rails_zones import iana_zone
from connector.zendesk.wire import HolidayRow, ScheduleInterval, ScheduleRow
from connector.zendesk.words import slug

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.zendesk.session import Session

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY_MINUTES: Final = 1440


@dataclass(frozen=True, slots=True)
class CalendarDefinition:
    """A calendar as a rule file writes it.

    `hours` by weekday, `closed_on` local dates, `holiday_names` what they are called.
    """

    name: str
    title: str
    time_zone: str
    hours: dict[str, tuple[str, ...]]
    closed_on: tuple[date, ...]
    holiday_names: dict[date, str] = field(default_factory=dict)

    def to_rule(self) -> dict[str, object]:
        """The block under `calendars:` of a rule file."""
        rule: dict[str, object] = {
            "time_zone": self.time_zone,
            "hours": {day: list(spans) for day, spans in self.hours.items()},
        }
        if self.closed_on:
            rule["holidays"] = {"also": [day.isoformat() for day in self.closed_on]}
        return rule


class _Schedules(Struct):
    schedules: list[ScheduleRow]


class _Holidays(Struct):
    holidays: list[HolidayRow]


def read_schedules(session: Session) -> list[CalendarDefinition]:
    """All schedules of the account with their holidays: one call, and one per schedule.

    Raises:
        Refused: a schedule's zone is not known.
        CredentialsRejected, Gone: the plan has no schedules, or we may not read them.
    """
    call = Call("GET", "/api/v2/business_hours/schedules", "/business_hours/schedules")
    rows = session.get(call, _Schedules).schedules
    return [calendar_of(row, _holidays(session, row.id)) for row in rows]


def calendar_of(row: ScheduleRow, holidays: Iterable[HolidayRow]) -> CalendarDefinition:
    """One schedule as a calendar.

    Raises:
        Refused: its zone is not known.
    """
    zone = iana_zone(row.time_zone)
    if zone is None:
        raise Refused(f"schedule {row.id}: the time zone is not known: {row.time_zone}")
    names = {day: item.name for item in holidays for day in _days_of(item)}
    return CalendarDefinition(
        name=slug(row.name) or f"schedule_{row.id}",
        title=row.name,
        time_zone=zone,
        hours=weekly_hours(row.intervals),
        closed_on=tuple(sorted(names)),
        holiday_names=dict(sorted(names.items())),
    )


def weekly_hours(intervals: Iterable[ScheduleInterval]) -> dict[str, tuple[str, ...]]:
    """Hours by weekday; an interval that spans midnight is split there."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for interval in intervals:
        for start, end in _by_day(interval.start_time, interval.end_time):
            day = _DAYS[start // _DAY_MINUTES % 7]
            begin = start % _DAY_MINUTES
            spans.setdefault(day, []).append((begin, begin + end - start))
    week = (*_DAYS[1:], _DAYS[0])
    return {
        day: tuple(f"{_clock(begin)}-{_clock(end)}" for begin, end in sorted(spans[day]))
        for day in week
        if day in spans
    }


def _by_day(start: int, end: int) -> Iterable[tuple[int, int]]:
    while start < end:
        midnight = (start // _DAY_MINUTES + 1) * _DAY_MINUTES
        yield start, min(end, midnight)
        start = midnight


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _days_of(holiday: HolidayRow) -> Iterable[date]:
    day, last = date.fromisoformat(holiday.start_date), date.fromisoformat(holiday.end_date)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _holidays(session: Session, schedule_id: int) -> list[HolidayRow]:
    call = Call(
        "GET",
        f"/api/v2/business_hours/schedules/{schedule_id}/holidays",
        "/business_hours/schedules/{id}/holidays",
    )
    return session.get(call, _Holidays).holidays
