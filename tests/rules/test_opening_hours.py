# SPDX-License-Identifier: GPL-3.0-or-later
"""Hours of the week in which nobody works."""

from __future__ import annotations

from datetime import UTC, date, datetime

from rules.calendars import BusinessCalendar
from rules.opening_hours import closed_hours

OFFICE = BusinessCalendar(
    "Europe/Amsterdam",
    {day: [("09:00", "17:30")] for day in ("mon", "tue", "wed", "thu", "fri")},
    holidays=[date(2026, 11, 2)],
)
NIGHT = BusinessCalendar("Europe/Amsterdam", {"sat": [("22:00", "24:00")]})
NOVEMBER = (datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC))


def test_an_hour_that_is_open_in_part_is_not_closed():
    closed = closed_hours([OFFICE], NOVEMBER, "Europe/Amsterdam")

    assert (0, 8) in closed
    assert (0, 9) not in closed
    assert (4, 17) not in closed
    assert (4, 18) in closed
    assert {(5, hour) for hour in range(24)} <= closed
    assert len(closed) == 168 - 5 * 9


def test_a_holiday_closes_no_weekday():
    week = (datetime(2026, 11, 1, 23, tzinfo=UTC), datetime(2026, 11, 8, 23, tzinfo=UTC))

    assert (0, 10) in closed_hours([OFFICE], week, "Europe/Amsterdam")
    assert (0, 10) not in closed_hours([OFFICE], NOVEMBER, "Europe/Amsterdam")


def test_it_is_closed_where_no_calendar_is_open_in_the_zone_of_the_picture():
    closed = closed_hours([OFFICE, NIGHT], NOVEMBER, "America/New_York")

    assert (0, 3) not in closed  # 09:00 in Amsterdam
    assert (5, 16) not in closed
    assert (6, 16) in closed


def test_without_calendars_everything_is_closed():
    assert len(closed_hours([], NOVEMBER, "Europe/Amsterdam")) == 168
