# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every calendar, and equality with a naive one around clock changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.calendar_zones import time_zone
from rules.calendars import BusinessCalendar
from tests.rules.calendar_oracle import DAYS, OpenMinutes
from tests.vectors import BOUNDARIES

if TYPE_CHECKING:
    from rules.calendars import AtClosing

pytestmark = pytest.mark.timeout(1800)  # the nightly profile tries thousands of examples

ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Europe/Amsterdam",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
)
EDGES = ["00:00", "00:15", "00:30", "01:00", "01:30", "01:45", "02:00", "02:15", "02:30", "03:00"]
EDGES += ["04:36", "08:30", "09:00", "12:30", "13:00", "17:00", "18:15", "22:00", "23:30", "24:00"]
FIRST, LAST = date(2010, 1, 1), date(2032, 12, 31)
COUNTED = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
WINDOW = 8  # days on either side for the naive calendar


@dataclass(frozen=True)
class Case:
    """A random calendar, the naive one around `day`, and a moment there."""

    business: BusinessCalendar
    naive: OpenMinutes
    start: int


@cache
def clock_changes(zone: str) -> list[date]:
    """The local dates on which the zone's offset changes."""
    place, days = time_zone(zone), (LAST - FIRST).days
    noons = [
        datetime(FIRST.year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(days)
    ]
    offsets = [place.utcoffset(noon) for noon in noons]
    return [noons[day].date() for day in range(1, days) if offsets[day] != offsets[day - 1]]


@st.composite
def pairs(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Spans of one day that do not overlap; they may touch."""
    edges = draw(st.lists(st.sampled_from(EDGES), unique=True, max_size=6).map(sorted))
    return list(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, list[tuple[str, str]]]:
    """Weekly hours with at least one opening; sometimes a night on top."""
    hours = {day: draw(pairs()) for day in draw(st.sets(st.sampled_from(DAYS), min_size=1))}
    if draw(st.booleans()):
        free = [day for day in DAYS if not hours.get(day) and not hours.get(after(day))]
        if free:
            hours[draw(st.sampled_from(free))] = [("22:00", draw(st.sampled_from(EDGES[:15])))]
    assume(any(hours.values()))
    return hours


def after(day: str) -> str:
    return DAYS[(DAYS.index(day) + 1) % 7]


@st.composite
def dates(draw: st.DrawFn, zone: str) -> date:
    """Any date, but more often one near a clock change."""
    near = draw(st.integers(-2, 2))
    changes = clock_changes(zone)
    if changes and draw(st.integers(0, 3)):
        return draw(st.sampled_from(changes)) + timedelta(days=near)
    return draw(st.dates(FIRST, LAST))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone = draw(st.sampled_from(ZONES))
    day = draw(dates(zone))
    nearby = st.integers(-3, 3).map(lambda distance: day + timedelta(days=distance))
    hours = draw(weeks())
    holidays = draw(st.frozensets(nearby, max_size=2))
    extra_hours = draw(st.dictionaries(nearby, pairs(), max_size=2))
    breaks = draw(st.dictionaries(nearby, pairs(), max_size=2))
    at_closing: AtClosing = draw(st.sampled_from(BOUNDARIES))
    business = BusinessCalendar(zone, hours, holidays, extra_hours, breaks, at_closing)
    naive = OpenMinutes(zone, hours, holidays, extra_hours, breaks, day, WINDOW)
    noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
    edges = [minute * 60 for minute in naive.minutes if minute - 1 not in naive.minutes]
    seconds = st.integers(noon - 3 * 86_400, noon + 3 * 86_400)
    near_edges = st.sampled_from(edges or [noon]).flatmap(lambda at: st.integers(at - 1, at + 1))
    start = draw(st.one_of(seconds, near_edges.filter(lambda at: abs(at - noon) < 3 * 86_400)))
    return Case(business, naive, start)


def utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def assume_counted(business: BusinessCalendar, start: int, running: int) -> None:
    """Leave out answers beyond the years that are counted: a few minutes a week get there.

    Holidays, breaks and what clock changes skip never take a tenth of all openings.
    """
    a_week = sum(closing - opening for day in business.hours.week for opening, closing in day.spans)
    last = COUNTED[running >= 0].timestamp()
    n_weeks = int(abs(last - start)) // (7 * 86_400)
    assume(abs(running) <= a_week * n_weeks * 9 // 10)


@given(cases(), st.integers(0, 4 * 86_400))
def test_between_equals_counting_open_minutes_one_by_one(case: Case, span: int):
    counted = case.business.between(utc(case.start), utc(case.start + span))
    assert counted.total_seconds() == case.naive.between(case.start, case.start + span)


@given(cases(), st.one_of(st.integers(0, 86_400), st.integers(0, 24 * 12).map(lambda n: n * 300)))
def test_add_equals_walking_through_open_minutes(case: Case, running: int):
    expected = case.naive.add(case.start, running, case.business.at_closing)
    assume(expected is not None)
    assert expected is not None
    assert case.business.add(utc(case.start), timedelta(seconds=running)) == utc(expected)


@given(cases())
def test_open_is_open_in_both(case: Case):
    assert case.business.is_open(utc(case.start)) == case.naive.is_open(case.start)


@given(cases(), st.integers(0, 10**7))
def test_between_gives_back_what_was_added(case: Case, running: int):
    assume_counted(case.business, case.start, running)
    start = utc(case.start)
    due = case.business.add(start, timedelta(seconds=running))
    assert case.business.between(start, due) == timedelta(seconds=running)


@given(cases(), st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_later_start_or_a_longer_time_is_never_due_earlier(
    case: Case, running: int, later: int, more: int
):
    business = case.business
    assume_counted(business, case.start + later, running)
    assume_counted(business, case.start, running + more)
    due = business.add(utc(case.start), timedelta(seconds=running))
    assert due <= business.add(utc(case.start + later), timedelta(seconds=running))
    assert due <= business.add(utc(case.start), timedelta(seconds=running + more))


@given(cases(), st.integers(0, 40 * 86_400))
def test_segments_are_ordered_apart_and_add_up(case: Case, span: int):
    start, end = utc(case.start), utc(case.start + span)
    segments = case.business.segments(start, end)
    edges = [edge for segment in segments for edge in segment]
    assert edges == sorted(set(edges))
    assert all(start <= edge <= end for edge in edges)
    total = sum((closing - opening for opening, closing in segments), timedelta(0))
    assert total == case.business.between(start, end)


@given(cases(), st.integers(-(10**7), 10**7))
def test_positions_and_instants_are_inverse(case: Case, running: int):
    business = case.business
    assume_counted(business, case.start, running)
    position = business.position(case.start) + running
    instant = business.instant(position)
    assert business.position(instant) == position
    assert business.position(business.closing_instant(position)) == position
    assert business.closing_instant(position) <= instant
    assert business.next_open(instant) == instant


@given(cases(), st.integers(0, 60))
def test_working_days_land_in_open_time_on_a_later_date(case: Case, days: int):
    business = case.business
    judged, shown = business.working_days(case.start, days)
    assert business.is_open(utc(judged))
    assert case.start <= shown <= judged
    assert business.position(shown) == business.position(judged)
    assert shown == judged or business.at_closing == "closing"
