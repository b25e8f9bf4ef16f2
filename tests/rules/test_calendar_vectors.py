# SPDX-License-Identifier: GPL-3.0-or-later
"""Every vector of another business-hours library, to the second, in both settings."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.vectors import BOUNDARIES, calendar, instant, read

if TYPE_CHECKING:
    from rules.calendars import AtClosing, BusinessCalendar

RANDOM = read("business_hours.json")
EDGES = read("business_hours_edges.json")["edges"]
ERRORS = {"overlap intervals": "overlapping hours", "seconds in hours": "hours must be HH:MM"}


def due_key(answers: dict[str, Any], at_closing: AtClosing) -> str:
    return "due_closing" if at_closing == "closing" and "due_closing" in answers else "due"


@cache
def random_calendar(name: str, at_closing: AtClosing) -> BusinessCalendar:
    return calendar(RANDOM["schedules"][name], at_closing)


def test_the_files_hold_what_they_are_said_to_hold():
    assert len(RANDOM["vectors"]) == 300
    assert len(RANDOM["schedules"]) == 139
    assert len(EDGES) == 30
    assert sum("due_closing" in vector for vector in RANDOM["vectors"]) == 32


@pytest.mark.parametrize("at_closing", BOUNDARIES)
@pytest.mark.parametrize("vector", RANDOM["vectors"], ids=lambda vector: str(vector["id"]))
def test_random_calendars_agree_to_the_second(vector: dict[str, Any], at_closing: AtClosing):
    business = random_calendar(vector["schedule"], at_closing)
    start = instant(vector["start"])

    if vector["op"] == "add":
        due = business.add(start, timedelta(seconds=vector["seconds"]))
        assert due == instant(vector[due_key(vector, at_closing)])
    else:
        open_time = business.between(start, instant(vector["end"]))
        assert open_time == timedelta(seconds=vector["business_seconds"])


@pytest.mark.parametrize("at_closing", BOUNDARIES)
@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge["id"])
def test_edge_cases_agree_to_the_second(edge: dict[str, Any], at_closing: AtClosing):
    expected = edge["expect"]
    if "error" in expected:
        with pytest.raises(ValueError, match=ERRORS[edge["id"]]):
            calendar(edge["calendar"], at_closing)
        return
    business = calendar(edge["calendar"], at_closing)
    start = instant(edge["start"])

    if edge["op"] == "add":
        due = business.add(start, timedelta(seconds=edge["seconds"]))
        assert due == instant(expected[due_key(expected, at_closing)])
    elif edge["op"] == "within":
        open_time = business.between(start, instant(edge["end"]))
        assert open_time == timedelta(seconds=expected["seconds"])
    else:
        periods = [(instant(opening), instant(closing)) for opening, closing in expected["periods"]]
        assert business.segments(start, instant(edge["end"])) == periods
