# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of an account become calendars of rule files."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from connector.base import Refused
from connector.zendesk.rails_zones import RAILS_ZONES, iana_zone
from connector.zendesk.schedules import calendar_of, weekly_hours
from connector.zendesk.wire import HolidayRow, ScheduleInterval, ScheduleRow


def a_schedule(zone: str = "Amsterdam", *intervals: tuple[int, int]) -> ScheduleRow:
    return ScheduleRow(7, "Office NL", zone, [ScheduleInterval(*pair) for pair in intervals])


def test_minutes_since_sunday_become_hours_by_weekday():
    office = a_schedule("Amsterdam", (1980, 2490), (3420, 3750), (3780, 3930))
    assert calendar_of(office, []).to_rule() == {
        "time_zone": "Europe/Amsterdam",
        "hours": {"mon": ["09:00-17:30"], "tue": ["09:00-14:30", "15:00-17:30"]},
    }


@pytest.mark.parametrize(
    ("pair", "hours"),
    [
        pytest.param((0, 10080), dict.fromkeys(
            ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("00:00-24:00",)
        ), id="the whole week"),
        pytest.param((8640, 10080), {"sat": ("00:00-24:00",)}, id="Saturday to the week's edge"),
        pytest.param((0, 60), {"sun": ("00:00-01:00",)}, id="from the week's edge"),
        pytest.param(
            (2820, 2940), {"mon": ("23:00-24:00",), "tue": ("00:00-01:00",)}, id="across midnight"
        ),
    ],
)  # fmt: skip
def test_edges_of_days_and_weeks(pair: tuple[int, int], hours: dict[str, tuple[str, ...]]):
    assert weekly_hours([ScheduleInterval(*pair)]) == hours


def test_holidays_are_whole_days_with_both_ends():
    christmas = HolidayRow("Christmas", "2026-12-25", "2026-12-26")
    definition = calendar_of(a_schedule("UTC", (1980, 2490)), [christmas, christmas])
    assert definition.closed_on == (date(2026, 12, 25), date(2026, 12, 26))
    assert definition.to_rule()["holidays"] == {"also": ["2026-12-25", "2026-12-26"]}
    assert definition.name == "office_nl"


def test_all_rails_zones_are_known_and_exist():
    assert len(RAILS_ZONES) == 152
    for zone in RAILS_ZONES.values():
        ZoneInfo(zone)


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Pacific Time (US & Canada)", "America/Los_Angeles"),
        ("Kyiv", "Europe/Kyiv"),
        ("Kiev", "Europe/Kyiv"),
        ("Kyev", "Europe/Kyiv"),
        ("Nuku'alofa", "Pacific/Tongatapu"),
        ("America/New_York", "America/New_York"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_a_zone_name_is_translated_or_unknown_never_guessed(name: str, zone: str | None):
    assert iana_zone(name) == zone


def test_an_unknown_zone_is_a_hard_error():
    with pytest.raises(Refused, match="Atlantis"):
        calendar_of(a_schedule("Atlantis"), [])
