# SPDX-License-Identifier: GPL-3.0-or-later
"""Hours of the week in which nobody works, as a picture of the week shades them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rules.calendars import BusinessCalendar

_HOUR = timedelta(hours=1)
_LONGEST = timedelta(days=28)
"""Four weeks tell what a week is like, with a holiday in one of them."""


def closed_hours(
    calendars: Iterable[BusinessCalendar], within: tuple[datetime, datetime], zone: str
) -> frozenset[tuple[int, int]]:
    """Weekday (0 is Monday) and hour of all hours in which none of the calendars is ever open.

    Args:
        calendars: those by which something was counted.
        within: the time that is looked at, half-open; of a long one its first weeks.
        zone: whose weekdays and hours.
    """
    begin, end = within
    end = min(end, begin + _LONGEST)
    local = time_zone(zone)
    is_open: set[tuple[int, int]] = set()
    for calendar in calendars:
        for opening, closing in calendar.segments(begin, end):
            at = opening
            while at < closing:
                there = at.astimezone(local)
                is_open.add((there.weekday(), there.hour))
                into = timedelta(minutes=there.minute, seconds=there.second)
                at += _HOUR - into
    return frozenset((day, hour) for day in range(7) for hour in range(24)) - is_open
