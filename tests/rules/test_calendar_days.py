# SPDX-License-Identifier: GPL-3.0-or-later
"""Working days, calendar days, cut-off times and ends of days."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from rules.calendar_zones import time_zone
from rules.calendars import BusinessCalendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = {day: [("09:00", "12:30"), ("13:00", "17:00")] for day in WEEKDAYS}
AMSTERDAM = "Europe/Amsterdam"


def seconds(text: str, zone: str = AMSTERDAM) -> int:
    """The instant of a wall time, as the engine counts it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=time_zone(zone)).timestamp())


def wall(at: int | None, zone: str = AMSTERDAM) -> str | None:
    """The wall time of an instant, with its offset."""
    return (
        None if at is None else f"{datetime.fromtimestamp(at, time_zone(zone)):%Y-%m-%d %H:%M %z}"
    )


def office(**arguments: object) -> BusinessCalendar:
    return BusinessCalendar(AMSTERDAM, OFFICE, **arguments)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        pytest.param("2026-11-20 15:30", 1, "2026-11-23 15:30 +0100", id="over the weekend"),
        pytest.param("2026-11-20 15:30", 0, "2026-11-20 15:30 +0100", id="none, open"),
        pytest.param("2026-11-20 17:00", 0, "2026-11-23 09:00 +0100", id="none, at closing"),
        pytest.param("2026-11-21 15:30", 1, "2026-11-24 09:00 +0100", id="from the next opening"),
        pytest.param("2026-11-20 12:45", 1, "2026-11-23 13:00 +0100", id="in the lunch break"),
        pytest.param("2026-11-20 15:30", 10, "2026-12-04 15:30 +0100", id="two weeks"),
        pytest.param("2026-10-23 15:30", 1, "2026-10-26 15:30 +0100", id="over a clock change"),
    ],
)
def test_working_days_keep_the_local_time(start: str, days: int, due: str):
    judged, shown = office().working_days(seconds(start), days)
    assert wall(judged) == due
    assert shown == judged


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        pytest.param("2026-03-29 10:00", 210, "2026-10-25 10:00 +0100", id="spring to autumn"),
        pytest.param("2026-03-29 10:00", 1, "2026-03-30 10:00 +0200", id="from the short date"),
        pytest.param("2026-03-28 10:00", 1, "2026-03-29 10:00 +0200", id="to the short date"),
        pytest.param("2026-10-24 10:00", 1, "2026-10-25 10:00 +0100", id="to the long date"),
        pytest.param("2026-03-28 02:30", 1, "2026-03-29 03:30 +0200", id="to a skipped time"),
        pytest.param("2026-03-28 10:00", 365, "2027-03-28 10:00 +0200", id="to the next short one"),
    ],
)
def test_dates_that_are_not_24_hours_long_keep_the_local_time(start: str, days: int, due: str):
    every_day = BusinessCalendar.always_open(AMSTERDAM)
    assert wall(every_day.working_days(seconds(start), days)[0]) == due


def test_dates_without_open_time_are_not_counted():
    calendar = office(
        holidays=[date(2026, 11, 23)],
        breaks={date(2026, 11, 24): [("00:00", "24:00")]},
        extra_hours={date(2026, 11, 21): [("10:00", "11:00")]},
    )
    start = seconds("2026-11-20 15:30")
    assert (
        wall(calendar.working_days(start, 1)[0]) == "2026-11-25 09:00 +0100"
    )  # after Saturday's hour
    assert wall(calendar.working_days(start, 2)[0]) == "2026-11-25 15:30 +0100"


def test_a_time_after_that_dates_closing_is_due_at_the_next_opening():
    calendar = BusinessCalendar(AMSTERDAM, {**OFFICE, "tue": [("09:00", "15:00")]})
    assert (
        wall(calendar.working_days(seconds("2026-11-23 16:00"), 1)[0]) == "2026-11-25 09:00 +0100"
    )


@pytest.mark.parametrize("at_closing", ["next_opening", "closing"])
def test_a_time_that_is_exactly_a_closing_is_shown_there_and_judged_later(at_closing: str):
    calendar = BusinessCalendar(
        AMSTERDAM, {**OFFICE, "tue": [("09:00", "15:00")]}, at_closing=at_closing
    )
    start = seconds("2026-11-23 15:00")
    judged, shown = calendar.working_days(start, 1)
    public = calendar.add_working_days(datetime.fromtimestamp(start, time_zone(AMSTERDAM)), 1)

    assert wall(judged) == "2026-11-25 09:00 +0100"
    expected = "2026-11-24 15:00 +0100" if at_closing == "closing" else "2026-11-25 09:00 +0100"
    assert wall(shown) == expected
    assert public.timestamp() == shown
    assert public.utcoffset() == timedelta(0)


def test_the_end_of_the_night_before_is_not_that_dates_closing():
    hours = {"mon": [("00:00", "08:00")], "tue": [("20:00", "24:00")], "wed": [("09:00", "17:00")]}
    calendar = BusinessCalendar("UTC", hours, at_closing="closing")
    judged, shown = calendar.working_days(seconds("2026-11-23 00:00", "UTC"), 2)
    assert wall(shown, "UTC") == wall(judged, "UTC") == "2026-11-25 09:00 +0000"


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        pytest.param("2026-03-28 02:30", 1, "2026-03-29 03:30 +0200", id="skipped time"),
        pytest.param("2026-10-24 02:30", 1, "2026-10-25 02:30 +0200", id="repeated time"),
        pytest.param("2026-03-01 12:00", 30, "2026-03-31 12:00 +0200", id="same local time"),
        pytest.param("2028-02-28 12:00", 1, "2028-02-29 12:00 +0100", id="leap day"),
    ],
)
def test_calendar_days_are_working_days_of_a_calendar_that_never_closes(
    start: str, days: int, due: str
):
    judged, shown = BusinessCalendar.always_open(AMSTERDAM).working_days(seconds(start), days)
    assert wall(judged) == due
    assert shown == judged


def test_the_due_takes_the_first_of_two_wall_times_though_the_start_was_the_second():
    second = seconds("2026-10-25 02:30") + 3600
    calendar = BusinessCalendar.always_open(AMSTERDAM)
    assert wall(second) == "2026-10-25 02:30 +0100"
    assert wall(calendar.working_days(second, 1)[0]) == "2026-10-26 02:30 +0100"
    assert wall(calendar.working_days(second, 364)[0]) == "2027-10-24 02:30 +0200"
    assert wall(calendar.working_days(second, 371)[0]) == "2027-10-31 02:30 +0200"


def test_a_date_that_does_not_exist_is_no_day():
    calendar = BusinessCalendar.always_open("Pacific/Apia")
    due = calendar.working_days(seconds("2011-12-29 12:00", "Pacific/Apia"), 1)[0]
    assert wall(due, "Pacific/Apia") == "2011-12-31 12:00 +1400"


@pytest.mark.parametrize(
    ("at", "closing"),
    [
        ("2026-11-20 15:30", "2026-11-20 17:00 +0100"),
        ("2026-11-20 23:59", "2026-11-20 17:00 +0100"),
        ("2026-11-20 00:00", "2026-11-20 17:00 +0100"),
        ("2026-11-21 12:00", None),
    ],
)
def test_the_last_closing_is_that_of_the_local_date(at: str, closing: str | None):
    assert wall(office().last_closing_on_date_of(seconds(at))) == closing


def test_a_night_closes_its_first_date_at_midnight():
    calendar = BusinessCalendar(AMSTERDAM, {"mon": [("22:00", "06:00")]})
    closing = calendar.last_closing_on_date_of(seconds("2026-11-23 23:00"))
    assert wall(closing) == "2026-11-24 00:00 +0100"


def test_breaks_move_the_last_closing():
    calendar = office(breaks={date(2026, 11, 20): [("15:00", "24:00")]})
    closing = calendar.last_closing_on_date_of(seconds("2026-11-20 10:00"))
    assert wall(closing) == "2026-11-20 15:00 +0100"


def test_the_end_of_a_date_is_local_midnight():
    always = BusinessCalendar.always_open(AMSTERDAM)
    assert wall(always.end_of_date_of(seconds("2026-10-25 01:00"))) == "2026-10-26 00:00 +0100"
    assert (
        always.end_of_date_of(seconds("2026-10-25 00:00"))
        == seconds("2026-10-25 00:00") + 25 * 3600
    )


@pytest.mark.parametrize(
    ("start", "effective"),
    [
        pytest.param("2026-11-19 14:59", "2026-11-19 14:59 +0100", id="before"),
        pytest.param("2026-11-19 15:00", "2026-11-19 15:00 +0100", id="exactly is in time"),
        pytest.param("2026-11-19 15:01", "2026-11-20 09:00 +0100", id="after"),
        pytest.param("2026-11-20 15:01", "2026-11-23 09:00 +0100", id="before the weekend"),
        pytest.param("2026-11-21 15:01", "2026-11-23 09:00 +0100", id="on a closed date"),
        pytest.param("2026-11-23 08:00", "2026-11-23 08:00 +0100", id="before opening"),
    ],
)
def test_what_starts_past_the_cut_off_counts_from_the_next_open_date(start: str, effective: str):
    assert wall(office().after_cut_off(seconds(start), 15 * 3600)) == effective


def test_the_cut_off_is_exact_to_the_second():
    calendar = office()
    start = seconds("2026-11-19 15:00") + 1
    assert wall(calendar.after_cut_off(start, 15 * 3600)) == "2026-11-20 09:00 +0100"


@pytest.mark.parametrize(
    ("start", "days", "closing"),
    [
        pytest.param("2026-11-20 15:30", 1, "2026-11-23 17:00 +0100", id="over the weekend"),
        pytest.param("2026-11-23 16:30", 1, "2026-11-24 15:00 +0100", id="a date closing earlier"),
        pytest.param("2026-11-21 12:00", 0, "2026-11-23 17:00 +0100", id="the first open date"),
    ],
)
def test_by_closing_is_the_last_closing_of_the_counted_date(start: str, days: int, closing: str):
    calendar = BusinessCalendar(AMSTERDAM, {**OFFICE, "tue": [("09:00", "15:00")]})
    assert wall(calendar.closing_after_working_days(seconds(start), days)) == closing


def test_days_far_ahead_grow_the_calendar():
    calendar = BusinessCalendar(AMSTERDAM, {"mon": [("09:00", "17:00")]})
    due = calendar.working_days(seconds("2026-11-23 10:00"), 520)[0]
    assert wall(due) == "2036-11-10 10:00 +0100"


def test_a_calendar_names_its_zone():
    assert repr(office()) == "<BusinessCalendar in Europe/Amsterdam>"


def test_a_time_of_day_after_closing_time_is_no_closing():
    hours = {**OFFICE, "tue": [("09:00", "12:30")]}
    calendar = BusinessCalendar(AMSTERDAM, hours, at_closing="closing")
    monday = seconds("2026-11-23 15:00")
    judged, shown = calendar.working_days(monday, 1)
    assert wall(shown) == wall(judged) == "2026-11-25 09:00 +0100"
    assert wall(calendar.working_days(seconds("2026-11-23 12:30"), 1)[1]) == (
        "2026-11-25 09:00 +0100"  # 12:30 opens at 13:00, when that Tuesday is over
    )
