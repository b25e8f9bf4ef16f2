# SPDX-License-Identifier: GPL-3.0-or-later
"""What clocks count, rule by rule; expected values are worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules.calendars import BusinessCalendar
from rules.facts import Happening, Organization
from tests.rules.builders import (
    WEEK,
    a_calendar,
    a_chooser,
    a_target,
    a_ticket,
    brief,
    change,
    comment,
    instant,
    one_tier,
    row_of,
    status,
)

# 2026-11-23 is a Monday; the office is open Monday to Friday, 09:00 to 17:00 UTC.
FRIDAY, SATURDAY = date(2026, 11, 27), date(2026, 11, 28)


def at(text: str) -> str:
    return f"2026-11-23 {text}"


def _paused(first: str, last: str, to: str = "pending") -> tuple[Happening, Happening]:
    return status(first, to), status(last, "open")


# 8: pause_on


@pytest.mark.parametrize(
    ("measure", "in_pending", "in_hold"),
    [
        ("first_reply", 120, 120),
        ("periodic_update", 120, 120),
        ("pausable_update", 60, 120),
        ("requester_wait", 60, 120),
        ("agent_work", 60, 60),
        ("resolution", 120, 120),
        ("group_ownership", 120, 120),
    ],
)
def test_8_each_measure_has_pauses_of_its_own(measure: str, in_pending: int, in_hold: int) -> None:
    policy = one_tier(a_target(measure, "9h"))
    by = "agent" if "update" in measure else "end_user"
    for to, minutes in (("pending", in_pending), ("hold", in_hold)):
        ticket = a_ticket(at("10:00"), status(at("11:00"), to), created_by=by, group="support")
        assert row_of(ticket, policy, at("12:00"), measure).elapsed_seconds == minutes * 60


def test_8_pause_on_replaces_the_measures_own_list() -> None:
    policy = one_tier(a_target("agent_work", "9h", pause_on=("Waiting for supplier",)))
    ticket = a_ticket(
        at("10:00"),
        status(at("11:00"), "pending"),
        status(at("12:00"), "hold", custom="Waiting for supplier"),
        status(at("13:00"), "hold", custom="Waiting for us"),
    )
    row = row_of(ticket, policy, at("14:00"), "agent_work")
    assert (row.elapsed_seconds, row.paused_seconds) == (3 * 3600, 3600)


# 9 and 10: pauses


def test_9_a_customers_message_does_not_end_a_pause() -> None:
    policy = one_tier(a_target("requester_wait", "9h"))
    pending = status(at("11:00"), "pending")
    ticket = a_ticket(at("10:00"), pending, comment(at("12:00"), "requester"))
    assert brief(row_of(ticket, policy, at("13:00"), "requester_wait")) == ("paused", None, 60)


def test_10_paused_seconds_are_open_seconds_without_the_final_solved_span() -> None:
    policy = one_tier(a_target("requester_wait", "40h", counted="office"))
    ticket = a_ticket(
        at("10:00"),
        *_paused(at("16:00"), "2026-11-24 10:00"),  # one hour and one hour
        status("2026-11-24 11:00", "solved"),
        status("2026-11-24 13:00", "open"),  # two hours
        status("2026-11-24 14:00", "solved"),
    )
    row = row_of(ticket, policy, "2026-11-27 10:00", "requester_wait")
    assert row.paused_seconds == 4 * 3600
    assert row.elapsed_seconds == 8 * 3600


# 11 and 12: dues of what is paused or has ended


def test_11_a_breach_outranks_a_pause() -> None:
    policy = one_tier(a_target("requester_wait", "1h"))
    ticket = a_ticket(at("10:00"), status(at("11:00:01"), "pending"))
    row = row_of(ticket, policy, at("15:00"), "requester_wait")
    assert brief(row)[:2] == ("breached_open", "11-23 11:00")
    assert row.breached_at == instant(at("11:00"))


def test_12_a_cycle_that_ended_while_paused_has_the_due_of_a_clock_that_runs_on() -> None:
    policy = one_tier(a_target("requester_wait", "4h"))
    ticket = a_ticket(at("10:00"), status(at("11:00"), "pending"), status(at("15:00"), "solved"))
    row = row_of(ticket, policy, "2026-11-24 10:00", "requester_wait")
    assert brief(row) == ("met", "11-23 18:00", 60)  # three hours were left at 15:00
    assert row.paused_seconds == 4 * 3600


def test_12_a_target_used_up_as_a_pause_begins_is_due_when_the_clock_runs_on() -> None:
    policy = one_tier(a_target("requester_wait", "1h"))
    ticket = a_ticket(at("10:00"), *_paused(at("11:00"), at("15:00")))
    assert brief(row_of(ticket, policy, at("14:00"), "requester_wait")) == ("paused", None, 60)
    assert brief(row_of(ticket, policy, at("15:00"), "requester_wait"))[:2] == (
        "running",
        "11-23 15:00",
    )
    late = row_of(ticket, policy, at("15:00:01"), "requester_wait")
    assert (late.state, late.breached_at) == ("breached_open", instant(at("15:00")))


# 13: cut_off


@pytest.mark.parametrize(
    ("created", "within", "due"),
    [
        pytest.param(at("15:00:00"), "1h", "11-23 16:00", id="the second itself is in time"),
        pytest.param(at("15:00:01"), "1h", "11-24 10:00", id="one second late"),
        pytest.param(at("15:30"), "1wd", "11-25 09:00", id="working days"),
        pytest.param(at("15:30"), "1cd", "11-25 09:00", id="calendar days"),
        pytest.param("2026-11-27 18:00", "1h", "11-30 10:00", id="over the weekend"),
        pytest.param(at("08:00"), "1h", "11-23 10:00", id="before opening"),
    ],
)
def test_13_what_starts_after_the_cut_off(created: str, within: str, due: str) -> None:
    policy = one_tier(
        a_target("first_reply", within, counted="office"),
        calendars=[a_calendar(cut_off=15 * 3600)],
    )
    row = row_of(a_ticket(created), policy, created)
    assert brief(row)[1] == due
    assert row.started_at == instant(created)


def test_13_no_running_time_before_the_next_open_date() -> None:
    policy = one_tier(
        a_target("first_reply", "4h", counted="office"), calendars=[a_calendar(cut_off=15 * 3600)]
    )
    row = row_of(a_ticket(at("15:30")), policy, "2026-11-24 10:00")
    assert brief(row) == ("running", "11-24 13:00", 60)


def test_13_resuming_after_a_pause_is_not_a_start() -> None:
    policy = one_tier(
        a_target("requester_wait", "4h", counted="office"),
        calendars=[a_calendar(cut_off=15 * 3600)],
    )
    ticket = a_ticket(at("10:00"), *_paused(at("11:00"), at("16:00")))
    row = row_of(ticket, policy, at("17:00"), "requester_wait")
    assert brief(row) == ("running", "11-24 11:00", 120)


# 14: working days, pauses and closing


def _resolution(within: str, **more: Any) -> Any:
    return one_tier(
        a_target("resolution", within, counted="office", pause_on=("pending",), **more),
    )


def test_14_each_pause_that_began_before_the_due_as_pushed_pushes_it() -> None:
    ticket = a_ticket(
        at("10:00"),
        *_paused("2026-11-24 09:00", "2026-11-24 11:00"),  # the due moves from 10:00 to 12:00
        *_paused("2026-11-24 11:30", "2026-11-24 13:00"),  # and to 13:30
        *_paused("2026-11-24 14:00", "2026-11-24 15:00"),  # too late to help
    )
    row = row_of(ticket, _resolution("1wd"), "2026-11-24 16:00", "resolution")
    assert (row.state, row.due_at) == ("breached_open", instant("2026-11-24 13:30"))


def test_14_a_pause_that_begins_at_the_due_does_not_push_it() -> None:
    ticket = a_ticket(at("10:00"), *_paused("2026-11-24 10:00", "2026-11-24 12:00"))
    row = row_of(ticket, _resolution("1wd"), "2026-11-24 13:00", "resolution")
    assert (row.state, row.breached_at) == ("breached_open", instant("2026-11-24 10:00"))


def test_14_by_closing_without_pauses() -> None:
    row = row_of(
        a_ticket(at("10:00")), _resolution("2wd", by_closing=True), at("11:00"), "resolution"
    )
    assert row.due_at == instant("2026-11-25 17:00")
    assert row.target_seconds == (7 + 8 + 8) * 3600


@pytest.mark.parametrize(
    ("solved", "state"),
    [("2026-11-24 17:00:00", "met"), ("2026-11-24 17:00:01", "breached")],
)
def test_14_by_closing_is_judged_at_the_closing_itself(solved: str, state: str) -> None:
    ticket = a_ticket(at("10:00"), status(solved, "solved"))
    row = row_of(ticket, _resolution("1wd", by_closing=True), "2026-11-27 10:00", "resolution")
    assert (row.state, row.due_at) == (state, instant("2026-11-24 17:00"))


def test_14_by_closing_after_a_pause_is_the_closing_of_the_date_it_lands_on() -> None:
    # Tuesday 16:00, pushed by two hours to Wednesday 10:00.
    ticket = a_ticket(at("16:00"), *_paused("2026-11-24 10:00", "2026-11-24 12:00"))
    policy = _resolution("1wd", by_closing=True)
    row = row_of(ticket, policy, "2026-11-24 13:00", "resolution")
    assert row.due_at == instant("2026-11-25 17:00")
    # Tuesday 10:00, pushed by two hours, is still Tuesday.
    ticket = a_ticket(at("10:00"), *_paused("2026-11-24 09:00", "2026-11-24 11:00"))
    row = row_of(ticket, policy, "2026-11-24 13:00", "resolution")
    assert row.due_at == instant("2026-11-24 17:00")


def test_14_a_pause_between_the_time_of_day_and_the_closing_pushes() -> None:
    # Tuesday 10:00 plus six hours of Tuesday and seven of Wednesday: Wednesday 15:00.
    ticket = a_ticket(at("10:00"), *_paused("2026-11-24 11:00", "2026-11-25 16:00"))
    row = row_of(ticket, _resolution("1wd", by_closing=True), "2026-11-25 16:30", "resolution")
    assert (row.state, row.due_at) == ("running", instant("2026-11-25 17:00"))


def test_14_a_change_during_a_pause_over_the_closing_breaches_nothing() -> None:
    policy = one_tier(
        a_target("resolution", "1wd", counted="office", by_closing=True, pause_on=("pending",))
    )
    pending = status("2026-11-24 16:45", "pending")
    ticket = a_ticket(at("10:00"), pending, change("2026-11-25 12:00", "priority", "high"))
    for now in ("2026-11-25 11:00", "2026-11-25 13:00"):
        row = row_of(ticket, policy, now, "resolution")
        assert (row.state, row.due_at) == ("paused", None), now


# 15: calendar days


def test_15_calendar_days_run_round_the_clock() -> None:
    policy = one_tier(
        a_target("resolution", "2cd", counted="office", pause_on=("pending",)),
        calendars=[a_calendar("office", "Europe/Amsterdam")],
    )
    ticket = a_ticket(
        "2026-11-27 16:00",
        *_paused("2026-11-27 20:00", "2026-11-28 08:00"),  # twelve hours of the night
    )
    row = row_of(ticket, policy, "2026-11-28 16:00", "resolution")
    assert brief(row) == ("running", "11-30 04:00", 12 * 60)
    assert (row.paused_seconds, row.target_seconds) == (12 * 3600, 48 * 3600)


@pytest.mark.parametrize(
    ("created", "due"),
    [
        pytest.param("2026-11-24 10:00", "2026-11-26T17:00+01:00", id="closing of that date"),
        pytest.param("2026-11-26 10:00", "2026-11-29T00:00+01:00", id="closed: 24:00"),
    ],
)
def test_15_calendar_days_by_closing(created: str, due: str) -> None:
    policy = one_tier(
        a_target("resolution", "2cd", counted="office", by_closing=True),
        calendars=[a_calendar("office", "Europe/Amsterdam")],
    )
    assert row_of(a_ticket(created), policy, created, "resolution").due_at == instant(due)


# 16: working days and a change of calendar or unit


def _moved(when: str, market: str) -> Happening:
    organization = Organization("1", fields={"market": market})
    return Happening(instant(when), "organization", organization=organization)


def test_16_a_change_of_calendar_recounts_from_the_start_and_keeps_pauses() -> None:
    late = a_calendar("late", hours={day: [("13:00", "21:00")] for day in WEEK})
    policy = one_tier(
        a_target("resolution", "1wd", counted="chosen", pause_on=("pending",)),
        calendars=[a_calendar(), late],
        choosers=[a_chooser("chosen", "organization.fields.market", {"us": "late"}, "office")],
    )
    ticket = a_ticket(at("10:00"), *_paused(at("11:00"), at("14:00")), _moved(at("15:00"), "us"))
    row = row_of(ticket, policy, at("15:00"), "resolution")
    # On the new calendar Monday 13:00 opens, one day is Tuesday 13:00; three hours stay paused.
    assert (row.due_at, row.paused_seconds) == (instant("2026-11-24 16:00"), 3 * 3600)
    assert (row.calendar, row.target_seconds) == ("late", 8 * 3600)
    assert row.elapsed_seconds == 2 * 3600


def test_16_a_change_of_unit_recounts_from_the_start() -> None:
    within = {"high": "2wd", "otherwise": "4h"}
    policy = one_tier(a_target("resolution", within, counted="office"))
    ticket = a_ticket(at("10:00"), change(at("12:00"), "priority", "high"))
    row = row_of(ticket, policy, at("12:00"), "resolution")
    assert brief(row) == ("running", "11-25 10:00", 120)
    back = a_ticket(at("10:00"), change(at("12:00"), "priority", "low"), priority="high")
    assert brief(row_of(back, policy, at("12:00"), "resolution")) == ("running", "11-23 14:00", 120)


# 17: hours


def test_17_extra_hours_on_a_holiday_have_no_effect() -> None:
    calendar = BusinessCalendar("UTC", WEEK, [FRIDAY], extra_hours={FRIDAY: [("10:00", "14:00")]})
    assert not calendar.is_open(instant("2026-11-27 11:00"))


def test_17_a_dated_entry_across_midnight_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-11-27"):
        BusinessCalendar("UTC", WEEK, extra_hours={FRIDAY: [("22:00", "06:00")]})


def test_17_replaced_hours_replace_the_part_of_the_night_before() -> None:
    night = {"fri": [("22:00", "06:00")]}
    calendar = BusinessCalendar("UTC", night, extra_hours={SATURDAY: [("10:00", "14:00")]})
    spans = calendar.segments(instant("2026-11-27 00:00"), instant("2026-11-29 00:00"))
    assert spans == [
        (instant("2026-11-27 22:00"), instant("2026-11-28 00:00")),
        (instant("2026-11-28 10:00"), instant("2026-11-28 14:00")),
    ]
