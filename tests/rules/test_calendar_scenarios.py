# SPDX-License-Identifier: GPL-3.0-or-later
"""Worked examples of other systems, as far as a calendar alone can answer them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from rules.calendar_hours import WEEKDAYS
from rules.calendar_zones import time_zone
from rules.calendars import BusinessCalendar
from tests.vectors import calendar, instant, read

if TYPE_CHECKING:
    from datetime import datetime

FILE = read("scenarios.json")
MINUTES_A_DAY = 24 * 60


def scenarios(kind: str) -> pytest.MarkDecorator:
    found = [entry for entry in FILE["scenarios"] if entry["type"] == kind]
    assert found
    return pytest.mark.parametrize("entry", found, ids=lambda entry: entry["id"])


def case(entry: dict[str, Any]) -> BusinessCalendar:
    return calendar(FILE["calendars"][entry["calendar"]], entry.get("boundary", "next_opening"))


def at(text: str, business: BusinessCalendar) -> datetime:
    return instant(text, time_zone(business.time_zone))


def pauses(entry: dict[str, Any], business: BusinessCalendar) -> list[tuple[datetime, datetime]]:
    return [(at(start, business), at(end, business)) for start, end in entry.get("pauses", ())]


@scenarios("deadline")
def test_a_target_is_due_after_its_open_time_and_that_of_the_pauses(entry: dict[str, Any]):
    if entry["expected_due"] is None:
        with pytest.raises(ValueError, match="never opens"):
            case(entry)
        return
    business = case(entry)
    start = at(entry["start"], business)

    running = timedelta(seconds=entry["target_seconds"])
    for paused_at, resumed_at in pauses(entry, business):
        if paused_at < business.add(start, running):
            running += business.between(paused_at, resumed_at)

    assert business.add(start, running) == at(entry["expected_due"], business)


@scenarios("elapsed")
def test_elapsed_time_is_open_time_outside_the_pauses(entry: dict[str, Any]):
    business = case(entry)
    elapsed = business.between(at(entry["start"], business), at(entry["end"], business))
    for paused_at, resumed_at in pauses(entry, business):
        elapsed -= business.between(paused_at, resumed_at)

    assert elapsed == timedelta(seconds=entry["expected_seconds"])
    if "expected_breach" in entry:
        assert (elapsed.total_seconds() > entry["target_seconds"]) == entry["expected_breach"]


@scenarios("deadline_days")
def test_working_days_keep_the_time_of_day(entry: dict[str, Any]):
    business = case(entry)
    due = business.add_working_days(at(entry["start"], business), entry["target_days"])

    assert due == at(entry["expected_due"], business)
    if "expected_due_end_of_working_day" in entry:
        end_of_day = business.last_closing_on_date_of(int(due.timestamp()))
        wanted = at(entry["expected_due_end_of_working_day"], business)
        assert end_of_day == wanted.timestamp()


@scenarios("local_time")
def test_a_skipped_wall_time_takes_the_offset_before_the_change(entry: dict[str, Any]):
    wall = instant(entry["local"], time_zone(entry["tz"]))
    hours = {WEEKDAYS[wall.weekday()]: [(f"{wall:%H:%M}", "24:00")]}
    business = BusinessCalendar(entry["tz"], hours)

    expected = instant(entry["expected_utc"])
    opening, _ = business.segments(expected - timedelta(hours=4), expected + timedelta(hours=4))[0]
    assert opening == expected


@scenarios("two_schedules")
def test_each_period_counts_on_the_schedule_in_force_then(entry: dict[str, Any]):
    schedules = {
        name: BusinessCalendar("Etc/UTC", hours_of_week_minutes(ranges))
        for name, ranges in entry["schedules_week_minutes"].items()
    }
    counted = timedelta(0)
    schedule = ""
    for (started, happened), (ended, _) in pairwise(entry["events"]):
        schedule = (
            happened.rsplit("schedule ", maxsplit=1)[-1] if "schedule" in happened else schedule
        )
        counted += schedules[schedule].between(instant(started), instant(ended))
    last = schedules[schedule]
    whole_life = last.between(instant(entry["events"][0][0]), instant(entry["events"][-1][0]))

    assert counted == timedelta(seconds=entry["expected_seconds"])
    assert whole_life == timedelta(seconds=entry["zendesk_last_schedule_seconds"])


def hours_of_week_minutes(ranges: list[list[int]]) -> dict[str, list[tuple[str, str]]]:
    """Weekly hours from minutes since Sunday 00:00."""
    hours = defaultdict(list)
    for opening, closing in ranges:
        day = WEEKDAYS[(opening // MINUTES_A_DAY - 1) % 7]
        hours[day].append((clock(opening), clock(closing)))
    return hours


def clock(minutes: int) -> str:
    return f"{minutes % MINUTES_A_DAY // 60:02}:{minutes % 60:02}"
