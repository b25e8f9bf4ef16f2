# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tickets with the measures that an independent package computes for them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from rules.calendars import BusinessCalendar
from rules.evaluate import evaluate
from rules.facts import Happening, Ticket
from rules.policy import Calendar
from tests.rules.builders import HERE, a_policy, a_target, a_tier, cycle_of, instant

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "sla_events.json").read_text())
MEASURES = {
    "first_reply_time": "first_reply",
    "next_reply_time": "next_reply",
    "agent_work_time": "agent_work",
    "requester_wait_time": "requester_wait",
}


def _calendar(ident: str, at_closing: str) -> Calendar:
    made = VECTORS["schedules"][ident]
    holidays = [date.fromisoformat(day) for day in made.get("holidays", ())]
    business = BusinessCalendar(made["tz"], made["week"], holidays, at_closing=at_closing)
    return Calendar("office", business, HERE)


def _ticket(entry: dict) -> Ticket:
    happenings = []
    for event in entry["events"]:
        at = instant(event["at"])
        if event["type"] == "status":
            happenings.append(Happening(at, "status", to=event["to"], by="agent"))
        elif event["at"] != entry["created"]:
            happenings.append(Happening(at, "comment", by=event["author"], public=event["public"]))
    return Ticket(
        str(entry["ticket"]),
        instant(entry["created"]),
        priority=entry["priority"],
        created_by="requester",
        happenings=tuple(happenings),
    )


@pytest.mark.parametrize("at_closing", ["next_opening", "closing"])
@pytest.mark.parametrize("entry", VECTORS["tickets"], ids=lambda entry: str(entry["ticket"]))
def test_measures_agree_with_the_independent_package(entry: dict, at_closing: str) -> None:
    counted = "office" if entry["hours"] == "business" else "always"
    targets = [
        a_target(MEASURES[name], f"{seconds}s", counted=counted)
        for name, seconds in entry["targets"].items()
    ]
    policy = a_policy(
        a_tier("standard", *targets), calendars=[_calendar(entry["schedule"], at_closing)]
    )
    verdict = evaluate(_ticket(entry), policy, instant("2028-01-01"))
    for expected in entry["expect"]:
        row = cycle_of(verdict, MEASURES[expected["metric"]], expected.get("cycle", 1))
        assert row.started_at == instant(expected["start"])
        assert row.fulfilled_at == instant(expected["ended_at"])
        assert row.ended_by == expected["ended_by"]
        assert row.elapsed_seconds == expected["elapsed_seconds"]
        assert (row.state == "breached") is expected["breached"]
        if "dbt_minutes" in expected:
            assert abs(row.elapsed_seconds / 60 - expected["dbt_minutes"]) <= 1.0
        if "due" in expected:
            closing = expected.get("due_closing", expected["due"])
            assert row.due_at == instant(closing if at_closing == "closing" else expected["due"])
        if expected["breached"] and "due" in expected:
            assert row.breached_at == instant(expected["due"])
