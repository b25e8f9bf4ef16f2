# SPDX-License-Identifier: GPL-3.0-or-later
"""Which time zones a calendar takes, and what it says about the others."""

from __future__ import annotations

import re

import pytest

from rules.calendar_zones import (
    UnknownTimeZone,
    nearest_zone,
    time_zone,
    zone_data_release,
    zone_names,
)
from rules.calendars import BusinessCalendar

HOURS = {"mon": [("09:00", "17:00")]}


@pytest.mark.parametrize(
    "name",
    ["Europe/Amsterdam", "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "UTC", "Etc/UTC"],
)
def test_places_and_utc_are_taken(name: str):
    assert BusinessCalendar(name, HOURS).time_zone == name
    assert time_zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        *("EST", "CET", "EST5EDT", "localtime", "Factory", "posixrules", "US/Eastern", "Etc/GMT+5"),
        *(
            "europe/amsterdam",
            "Europe/Amsterdam ",
            "Europe",
            "",
            "../UTC",
            "/etc/localtime",
            "+02:00",
        ),
        "Eastern Time (US & Canada)",
    ],
)
def test_other_names_are_refused(name: str):
    with pytest.raises(ValueError, match=re.escape(f'"{name}" is not a time zone')):
        BusinessCalendar(name, HOURS)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CET", "Europe/Amsterdam"),
        ("US/Pacific", "America/Los_Angeles"),
        ("europe/amsterdam", "Europe/Amsterdam"),
        ("Amsterdam", "Europe/Amsterdam"),
        ("new york", "America/New_York"),
        ("Europe/Amsterdm", "Europe/Amsterdam"),
        ("utc", "UTC"),
        *(("MET", "Europe/Amsterdam"), ("EET", "Europe/Athens"), ("WET", "Europe/Lisbon")),
        *(("GB", "Europe/London"), ("GMT", "UTC"), ("z", "UTC"), ("ET", "America/New_York")),
        *(("EST", "America/New_York"), ("EST5EDT", "America/New_York")),
        *(("CST6CDT", "America/Chicago"), ("MST", "America/Denver"), ("MST7MDT", "America/Denver")),
        *(("PST", "America/Los_Angeles"), ("PST8PDT", "America/Los_Angeles")),
        *(("US/Central", "America/Chicago"), ("US/Eastern", "America/New_York")),
        *(("US/Mountain", "America/Denver"), ("Amsterdm", "Europe/Amsterdam")),
        *(("Etc/Utc", "Etc/UTC"), ("Petersburg", "America/Indiana/Petersburg")),
        ("Nowhere at all", None),
    ],
)
def test_the_zone_that_was_meant_is_named(name: str, meant: str | None):
    assert nearest_zone(name) == meant
    with pytest.raises(UnknownTimeZone) as refused:
        time_zone(name)
    assert refused.value.nearest == meant
    assert meant is None or str(refused.value).endswith(f"; {meant}?")


def test_every_listed_zone_can_be_opened():
    names = zone_names()
    assert len(names) > 400
    for name in names:
        assert time_zone(name).key == name


def test_the_release_of_the_zone_data_is_known():
    assert re.fullmatch(r"20[0-9]{2}[a-z]", zone_data_release())
