# SPDX-License-Identifier: GPL-3.0-or-later
"""What a calendar refuses, and that it says why."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from rules.calendars import BusinessCalendar

OFFICE = {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
MONDAY = date(2026, 11, 23)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def open_hours(day: str, **arguments: object) -> float:
    """Open hours of one date of a calendar in UTC."""
    calendar = BusinessCalendar("UTC", **arguments)
    start = utc(day)
    return calendar.between(start, start + timedelta(days=1)) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "offence"),
    [
        pytest.param(
            {"mon": [("09:00", "13:00"), ("12:00", "17:00")]},
            "overlapping hours on mon: 09:00-13:00 and 12:00-17:00",
            id="overlap",
        ),
        pytest.param(
            {"mon": [("22:00", "06:00")], "tue": [("05:00", "13:00")]},
            "overlapping hours on tue: 00:00-06:00 and 05:00-13:00",
            id="overlap with the night before",
        ),
        pytest.param(
            {"sun": [("22:00", "06:00")], "mon": [("05:00", "13:00")]},
            "overlapping hours on mon",
            id="overlap over the end of the week",
        ),
        pytest.param(
            {"mon": [("09:00", "17:00"), ("09:00", "17:00")]}, "overlapping", id="same hours twice"
        ),
        pytest.param(
            {"mon": [("09:00:30", "17:00")]},
            'hours of mon: hours must be HH:MM, not "09:00:30"',
            id="seconds",
        ),
        pytest.param({"mon": [("9", "17:00")]}, 'HH:MM, not "9"', id="hour only"),
        pytest.param({"mon": [("\uff19:00", "17:00")]}, "HH:MM", id="full-width digit"),
        pytest.param({"mon": [("09:00\n", "17:00")]}, "HH:MM", id="final newline"),
        pytest.param({"mon": [("-1:00", "17:00")]}, "HH:MM", id="sign"),
        pytest.param({"mon": [("09:60", "17:00")]}, '"09:60" is not a time of day', id="minute 60"),
        pytest.param({"mon": [("09:00", "24:01")]}, '"24:01" is not a time of day', id="past 24"),
        pytest.param({"mon": [("24:00", "06:00")]}, "cannot open at 24:00", id="opens at 24:00"),
        pytest.param({"mon": [("09:00", "09:00")]}, "ends when it starts", id="equal ends"),
        pytest.param({"mon": [("00:00", "00:00")]}, "all day is 00:00-24:00", id="midnight twice"),
        pytest.param({"mon": ["09:00-17:00"]}, "not an opening and a closing", id="one text"),
        pytest.param({"mon": [("09:00",)]}, "not an opening and a closing", id="one time"),
        pytest.param({"Monday": [("09:00", "17:00")]}, '"Monday" is not one of mon', id="weekday"),
        pytest.param({}, "the calendar never opens", id="no hours"),
        pytest.param({"mon": [], "tue": []}, "the calendar never opens", id="empty hours"),
    ],
)
def test_bad_weekly_hours_are_refused_by_name(hours: dict, offence: str):
    with pytest.raises(ValueError, match=offence):
        BusinessCalendar("UTC", hours)


@pytest.mark.parametrize(
    ("arguments", "offence"),
    [
        pytest.param(
            {"extra_hours": {MONDAY: [("22:00", "06:00")]}},
            "extra_hours of 2026-11-23: 22:00-06:00 ends before it starts",
            id="extra hours across midnight",
        ),
        pytest.param(
            {"breaks": {MONDAY: [("22:00", "06:00")]}},
            "breaks of 2026-11-23: 22:00-06:00 ends before it starts",
            id="break across midnight",
        ),
        pytest.param(
            {"extra_hours": {MONDAY: [("09:00", "13:00"), ("12:00", "14:00")]}},
            "overlapping hours in extra_hours of 2026-11-23",
            id="overlapping extra hours",
        ),
        pytest.param(
            {"extra_hours": {MONDAY: [("09:00:00", "13:00")]}}, "HH:MM", id="seconds in extra hours"
        ),
        pytest.param(
            {"breaks": {"2026-11-23": []}}, "^breaks: '2026-11-23' is not a date", id="text"
        ),
        pytest.param({"extra_hours": {7: []}}, "^extra_hours: 7 is not a date", id="number"),
        pytest.param(
            {"holidays": [utc("2026-11-23")]}, "^holidays: datetime.* is not a date", id="instant"
        ),
        pytest.param({"at_closing": "Closing"}, "neither next_opening nor closing", id="setting"),
    ],
)
def test_bad_dated_entries_are_refused_by_name(arguments: dict, offence: str):
    with pytest.raises(ValueError, match=offence):
        BusinessCalendar("UTC", OFFICE, **arguments)


@pytest.mark.parametrize(
    ("arguments", "offence"),
    [
        pytest.param({"hours": None}, "^hours: None does not map", id="no hours"),
        pytest.param({"hours": [("09:00", "17:00")]}, "^hours: .* does not map", id="a list"),
        pytest.param({"hours": {"mon": None}}, "^hours of mon: None is not a list", id="no list"),
        pytest.param({"hours": {"mon": 9}}, "^hours of mon: 9 is not a list", id="one number"),
        pytest.param(
            {"hours": {"mon": "09:00-17:00"}}, "^hours of mon: '09:00-17:00' is not", id="one text"
        ),
        pytest.param({"hours": {"mon": [9]}}, "^hours of mon: 9 is not an opening", id="an hour"),
        pytest.param(
            {"hours": {"mon": [(9, 17)]}}, "^hours of mon: .* in quotes, not 9", id="numbers"
        ),
        pytest.param(
            {"hours": {"mon": [(time(9), time(17))]}}, "in quotes, not datetime.time", id="times"
        ),
        pytest.param({"hours": {None: []}}, '"None" is not one of mon', id="no weekday"),
        pytest.param({"time_zone": None}, "^time_zone: None is no name", id="no zone"),
        pytest.param({"time_zone": UTC}, "^time_zone: .* is no name", id="zone as an object"),
        pytest.param({"time_zone": []}, "^time_zone: .* is no name", id="zones"),
        pytest.param({"holidays": None}, "^holidays: None is not a list", id="no holidays"),
        pytest.param({"holidays": "2026-12-25"}, "^holidays: '2026-12-25' is", id="text"),
        pytest.param({"holidays": [[MONDAY]]}, "^holidays: a list within", id="list in a list"),
        pytest.param({"holidays": MONDAY}, "^holidays: .* is not a list", id="one date"),
        pytest.param({"extra_hours": 7}, "^extra_hours: 7 does not map", id="extra hours"),
        pytest.param({"extra_hours": {MONDAY: None}}, "^extra_hours of 2026-11-23: None", id="day"),
        pytest.param({"breaks": [MONDAY]}, "^breaks: .* does not map", id="breaks"),
        pytest.param({"at_closing": None}, "^at_closing: ", id="no closing rule"),
    ],
)
def test_arguments_of_another_kind_are_refused_by_name(arguments: dict, offence: str):
    with pytest.raises(ValueError, match=offence):
        BusinessCalendar(**{"time_zone": "UTC", "hours": OFFICE} | arguments)


@pytest.mark.parametrize("days", [1.5, 2.0, "2", None])
def test_working_days_are_whole(days: object):
    with pytest.raises(ValueError, match="working days are a whole number, not"):
        BusinessCalendar("UTC", OFFICE).add_working_days(utc("2026-11-23"), days)


def test_extra_hours_that_a_holiday_or_a_break_takes_away_open_nothing():
    extra = {MONDAY: [("09:00", "13:00")]}
    with pytest.raises(ValueError, match="never opens"):
        BusinessCalendar("UTC", {}, holidays=[MONDAY], extra_hours=extra)
    with pytest.raises(ValueError, match="never opens"):
        BusinessCalendar("UTC", {}, extra_hours=extra, breaks={MONDAY: [("08:00", "13:00")]})


def test_a_holiday_wins_over_extra_hours():
    extra = {MONDAY: [("10:00", "14:00")]}
    assert open_hours("2026-11-23", hours=OFFICE, extra_hours=extra) == 4
    assert open_hours("2026-11-23", hours=OFFICE, extra_hours=extra, holidays=[MONDAY]) == 0


def test_breaks_are_cut_out_and_may_overlap():
    breaks = {MONDAY: [("12:00", "13:00"), ("12:30", "13:30"), ("20:00", "24:00")]}
    assert open_hours("2026-11-23", hours=OFFICE, breaks=breaks) == 6.5


def test_empty_extra_hours_close_the_date():
    assert open_hours("2026-11-23", hours=OFFICE, extra_hours={MONDAY: []}) == 0


def test_midnight_as_an_end_is_the_end_of_the_day():
    assert open_hours("2026-11-23", hours={"mon": [("22:00", "00:00")]}) == 2
    assert open_hours("2026-11-24", hours={"mon": [("22:00", "00:00")]}) == 0
    extra = {MONDAY: [("20:00", "00:00")]}
    assert open_hours("2026-11-23", hours=OFFICE, extra_hours=extra) == 4


def test_hours_of_one_digit_are_fine():
    assert open_hours("2026-11-23", hours={"mon": [("9:00", "9:30")]}) == 0.5


def test_touching_hours_do_not_overlap():
    hours = {"mon": [("22:00", "06:00")], "tue": [("06:00", "08:00")]}
    assert open_hours("2026-11-24", hours=hours) == 8


NIGHTS = {"mon": [("22:00", "06:00")], "tue": [("22:00", "06:00")]}


def test_a_holiday_takes_only_the_part_of_a_night_that_falls_on_it():
    tuesday = date(2026, 11, 24)
    assert open_hours("2026-11-23", hours=NIGHTS, holidays=[tuesday]) == 2
    assert open_hours("2026-11-24", hours=NIGHTS, holidays=[tuesday]) == 0
    assert open_hours("2026-11-25", hours=NIGHTS, holidays=[tuesday]) == 6


def test_extra_hours_replace_the_end_of_the_night_before_and_leave_the_night_after():
    extra = {date(2026, 11, 24): [("12:00", "13:00")]}
    assert open_hours("2026-11-23", hours=NIGHTS, extra_hours=extra) == 2
    assert open_hours("2026-11-24", hours=NIGHTS, extra_hours=extra) == 1
    assert open_hours("2026-11-25", hours=NIGHTS, extra_hours=extra) == 6


@pytest.mark.parametrize("method", ["is_open", "next_opening"])
def test_naive_instants_are_refused(method: str):
    calendar = BusinessCalendar("UTC", OFFICE)
    with pytest.raises(ValueError, match="has no time zone"):
        getattr(calendar, method)(datetime(2026, 11, 23, 10))  # noqa: DTZ001 - the offence


def test_naive_instants_are_refused_where_two_instants_or_a_time_are_asked():
    calendar = BusinessCalendar("UTC", OFFICE)
    naive, aware = datetime(2026, 11, 23, 10), utc("2026-11-23T10:00")  # noqa: DTZ001 - the offence
    for question in (
        lambda: calendar.add(naive, timedelta(hours=1)),
        lambda: calendar.between(naive, aware),
        lambda: calendar.between(aware, naive),
        lambda: calendar.segments(aware, naive),
        lambda: calendar.add_working_days(naive, 1),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            question()


def test_negative_times_and_days_are_refused():
    calendar = BusinessCalendar("UTC", OFFICE)
    with pytest.raises(ValueError, match="negative"):
        calendar.add(utc("2026-11-23T10:00"), timedelta(seconds=-1))
    with pytest.raises(ValueError, match="negative"):
        calendar.add_working_days(utc("2026-11-23T10:00"), -1)


def test_calendars_of_one_meaning_are_equal():
    first = BusinessCalendar("UTC", OFFICE, holidays=[MONDAY])
    again = BusinessCalendar("UTC", dict(reversed(OFFICE.items())), holidays=(MONDAY,))
    assert first == again
    assert hash(first) == hash(again)
    assert first != BusinessCalendar("UTC", OFFICE)
    assert first != BusinessCalendar("UTC", OFFICE, holidays=[MONDAY], at_closing="closing")
    assert first != "UTC"
