# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits, growth, threads and the smaller questions of a calendar."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest

from rules.calendars import BusinessCalendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = {day: [("09:00", "17:00")] for day in WEEKDAYS}
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_answers_are_in_utc_whatever_zone_was_asked_in():
    calendar = BusinessCalendar("Europe/Amsterdam", OFFICE)
    start = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("America/New_York"))
    for answer in (
        calendar.add(start, HOUR),
        calendar.next_opening(start),
        calendar.add_working_days(start, 1),
        calendar.segments(start, start + 48 * HOUR)[0][0],
    ):
        assert answer.tzinfo is UTC


def test_parts_of_a_second_are_cut_off():
    calendar = BusinessCalendar("UTC", OFFICE)
    start = utc("2026-11-23T10:00:00.999999")
    assert calendar.add(start, timedelta(seconds=1, microseconds=7)) == utc("2026-11-23T10:00:01")
    assert calendar.between(start, utc("2026-11-23T10:00:01.5")) == timedelta(seconds=1)
    assert calendar.between(utc("1969-12-31T23:59:59.5"), utc("1969-12-31")) == timedelta(0)


def test_opening_is_inside_and_closing_outside():
    calendar = BusinessCalendar("UTC", OFFICE)
    assert calendar.is_open(utc("2026-11-23T09:00"))
    assert not calendar.is_open(utc("2026-11-23T17:00"))
    assert not calendar.is_open(utc("2026-11-23T08:59:59"))
    assert calendar.next_opening(utc("2026-11-23T09:00")) == utc("2026-11-23T09:00")
    assert calendar.next_opening(utc("2026-11-23T17:00")) == utc("2026-11-24T09:00")


def test_segments_are_cut_to_the_span_and_none_lie_in_a_reversed_one():
    calendar = BusinessCalendar("UTC", OFFICE)
    start, end = utc("2026-11-23T12:00"), utc("2026-11-24T10:00")
    assert calendar.segments(start, end) == [
        (start, utc("2026-11-23T17:00")),
        (utc("2026-11-24T09:00"), end),
    ]
    assert calendar.segments(end, start) == []
    assert calendar.segments(start, start) == []
    assert calendar.segments(utc("2026-11-23T17:00"), utc("2026-11-24T09:00")) == []


def test_a_calendar_that_never_closes_counts_every_second():
    calendar = BusinessCalendar.always_open("Europe/Amsterdam")
    start, end = utc("2015-01-01T00:00:01"), utc("2035-07-01")
    assert calendar.is_always_open
    assert calendar.between(start, end) == end - start
    assert calendar.segments(start, end) == [(start, end)]
    assert calendar.add(start, end - start) == end
    assert not BusinessCalendar("UTC", OFFICE).is_always_open


def test_positions_do_not_depend_on_what_was_asked_before():
    instants = [int(utc(f"{year}-06-15T12:00").timestamp()) for year in range(1950, 2150, 7)]
    fresh = [BusinessCalendar("America/New_York", OFFICE).position(at) for at in instants]
    shared = BusinessCalendar("America/New_York", OFFICE)
    before = [shared.position(at) for at in instants]
    backwards = [shared.position(at) for at in reversed(instants)]
    assert fresh == before == backwards[::-1]
    assert before == sorted(before)
    assert before[0] < 0 < before[-1]


def test_instants_far_away_are_found_from_a_position_alone():
    known, fresh = BusinessCalendar("UTC", OFFICE), BusinessCalendar("UTC", OFFICE)
    for text in ("2100-03-01T09:30", "1930-03-03T16:00"):
        at = int(utc(text).timestamp())
        assert fresh.instant(known.position(at)) == at
    assert fresh.closing_instant(known.position(int(utc("1920-03-01T17:00").timestamp()))) == int(
        utc("1920-03-01T17:00").timestamp()
    )


def test_a_position_at_a_closing_has_two_instants():
    calendar = BusinessCalendar("UTC", OFFICE)
    position = calendar.position(int(utc("2026-11-23T20:00").timestamp()))
    assert calendar.closing_instant(position) == utc("2026-11-23T17:00").timestamp()
    assert calendar.instant(position) == utc("2026-11-24T09:00").timestamp()


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(datetime.min.replace(tzinfo=UTC), id="first instant"),
        pytest.param(datetime.max.replace(tzinfo=UTC), id="last instant"),
        pytest.param(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), id="before it"),
        pytest.param(utc("1899-12-31T23:00"), id="1899"),
        pytest.param(utc("2200-01-01T00:00"), id="2200"),
    ],
)
def test_instants_outside_the_counted_years_are_refused(at: datetime):
    calendar = BusinessCalendar("Pacific/Kiritimati", OFFICE)
    now = utc("2026-11-23T10:00")
    for question in (
        lambda: calendar.add(at, HOUR),
        lambda: calendar.between(now, at),
        lambda: calendar.is_open(at),
        lambda: calendar.add_working_days(at, 1),
    ):
        with pytest.raises(ValueError, match="1900"):
            question()


def test_times_that_lead_outside_the_counted_years_are_refused():
    calendar = BusinessCalendar("UTC", {"mon": [("09:00", "10:00")]})
    start = utc("2026-11-23T10:00")
    for question in (
        lambda: calendar.add(start, timedelta(hours=10_000)),
        lambda: calendar.add(start, timedelta.max),
        lambda: calendar.add_working_days(start, 10_000),
        lambda: calendar.add_working_days(start, 10**9),
        lambda: calendar.instant(-(10**12)),
        lambda: calendar.instant(-(10**8)),
    ):
        with pytest.raises(ValueError, match=r"1900|2199"):
            question()


def test_a_calendar_that_has_stopped_opening_says_so():
    calendar = BusinessCalendar("UTC", {}, extra_hours={date(2026, 11, 23): [("09:00", "10:00")]})
    during, later = utc("2026-11-23T09:30"), utc("2026-11-24T00:00")
    assert calendar.add(during, timedelta(minutes=29)) == utc("2026-11-23T09:59")
    assert calendar.between(during, later) == timedelta(minutes=30)
    assert not calendar.is_open(later)
    for question in (
        lambda: calendar.add(during, HOUR),
        lambda: calendar.next_opening(later),
        lambda: calendar.add_working_days(during, 1),
    ):
        with pytest.raises(ValueError, match="no opening that late"):
            question()
    with pytest.raises(ValueError, match="no opening that early"):
        calendar.instant(-1)


def test_threads_that_grow_one_calendar_agree():
    years = range(1960, 2100, 5)
    alone = BusinessCalendar("Europe/Amsterdam", OFFICE)
    starts = [int(utc(f"{year}-03-01T12:00").timestamp()) for year in years]
    expected = [alone.position(at) for at in starts]
    shared = BusinessCalendar("Europe/Amsterdam", OFFICE)
    together = Barrier(8)

    def ask(turn: int) -> list[int]:
        together.wait()
        order = starts[turn:] + starts[:turn]
        found = {at: shared.position(at) for at in order}
        return [found[at] for at in starts]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(0, 24, 3)))

    assert answers == [expected] * 8


def test_hours_that_a_clock_change_makes_overlap_count_once():
    hours = {"sun": [("01:00", "02:30"), ("03:00", "05:00")]}
    calendar = BusinessCalendar("America/New_York", hours)
    segments = calendar.segments(utc("2026-03-08T00:00"), utc("2026-03-09T00:00"))
    # 02:30 is skipped and becomes 03:30 in summer time, behind the opening at 03:00
    assert segments == [(utc("2026-03-08T06:00"), utc("2026-03-08T09:00"))]


def test_breaks_are_subtracted_after_conversion():
    sunday = date(2026, 3, 8)
    calendar = BusinessCalendar(
        "America/New_York",
        {"sun": [("00:00", "06:00")]},
        breaks={sunday: [("02:15", "02:45"), ("05:00", "24:00")]},
    )
    segments = calendar.segments(utc("2026-03-08T00:00"), utc("2026-03-09T12:00"))
    assert segments == [
        (utc("2026-03-08T05:00"), utc("2026-03-08T07:15")),
        (utc("2026-03-08T07:45"), utc("2026-03-08T09:00")),
    ]


def test_a_closing_skipped_at_midnight_does_not_reach_into_the_next_holiday():
    # Sao Paulo skipped 00:00 to 01:00 on 4 November 2018: Saturday ends with the change
    calendar = BusinessCalendar(
        "America/Sao_Paulo",
        {"sat": [("20:00", "24:00")], "sun": [("00:00", "10:00")]},
        holidays=[date(2018, 11, 4)],
    )
    segments = calendar.segments(utc("2018-11-03T12:00"), utc("2018-11-05T00:00"))
    assert segments == [(utc("2018-11-03T23:00"), utc("2018-11-04T03:00"))]


def test_positions_are_counted_from_the_beginning_of_2020():
    for zone, midnight in (("UTC", "2020-01-01T00:00"), ("Asia/Kathmandu", "2019-12-31T18:15")):
        calendar = BusinessCalendar.always_open(zone)
        at = int(utc(midnight).timestamp())
        assert [calendar.position(at + each) for each in (-1, 0, 1)] == [-1, 0, 1]
        assert [calendar.instant(each) - at for each in (-1, 0, 1)] == [-1, 0, 1]


def test_hours_that_the_clock_skips_make_no_open_date():
    calendar = BusinessCalendar(
        "Europe/Amsterdam", {"sun": [("02:00", "03:00")], "mon": [("09:00", "17:00")]}
    )
    # Sunday, 29 March 2026 has no 02:30; the second open date after the 22nd is Monday, the 30th
    assert calendar.add_working_days(utc("2026-03-22T01:30"), 2) == utc("2026-03-30T07:00")
    assert calendar.segments(utc("2026-03-28T00:00"), utc("2026-03-30T00:00")) == []
