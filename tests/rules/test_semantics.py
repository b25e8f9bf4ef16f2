# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions and what follows from them; expected values are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rules.calendars import BusinessCalendar
from rules.facts import Happening, Organization
from rules.policy import PathIs, Policy, Settings
from tests.rules.builders import (
    WEEK,
    a_calendar,
    a_chooser,
    a_policy,
    a_target,
    a_ticket,
    a_tier,
    brief,
    change,
    comment,
    cycle_of,
    instant,
    judged,
    one_tier,
    row_of,
    status,
)

# 2026-11-23 is a Monday; the office is open Monday to Friday, 09:00 to 17:00 UTC.


# The ten decisions


@pytest.mark.parametrize(
    ("replied", "state", "breached_at"),
    [
        pytest.param("2026-11-23 13:59:59", "met", None, id="a second before the due"),
        pytest.param("2026-11-23 14:00:00", "met", None, id="in the due second"),
        pytest.param("2026-11-23 14:00:01", "breached", "2026-11-23 14:00", id="one second late"),
    ],
)
def test_a_equality_is_met(replied: str, state: str, breached_at: str | None) -> None:
    ticket = a_ticket("2026-11-23 10:00", comment(replied))
    row = row_of(ticket, one_tier(a_target("first_reply", "4h")), "2026-11-24 10:00")
    assert row.state == state
    assert row.due_at == instant("2026-11-23 14:00")
    assert row.breached_at == (None if breached_at is None else instant(breached_at))
    assert row.fulfilled_at == instant(replied)


def test_a_sweep_at_the_due_instant_finds_nothing_breached() -> None:
    ticket, policy = a_ticket("2026-11-23 10:00"), one_tier(a_target("first_reply", "4h"))
    assert row_of(ticket, policy, "2026-11-23 14:00:00").state == "running"
    late = row_of(ticket, policy, "2026-11-23 14:00:01")
    assert (late.state, late.breached_at) == ("breached_open", instant("2026-11-23 14:00"))
    assert late.elapsed_seconds == 4 * 3600 + 1


@pytest.mark.parametrize(
    ("at_closing", "due"), [("next_opening", "11-24 09:00"), ("closing", "11-23 17:00")]
)
def test_b_target_that_ends_exactly_at_closing(at_closing: str, due: str) -> None:
    policy = one_tier(
        a_target("first_reply", "8h", counted="office"),
        calendars=[a_calendar(at_closing=at_closing)],
    )
    assert brief(row_of(a_ticket("2026-11-23 09:00"), policy, "2026-11-23 12:00"))[1] == due


def test_c_hours_count_running_time_and_working_days_count_dates() -> None:
    hours = one_tier(a_target("first_reply", "24h", counted="office"))
    days = one_tier(a_target("first_reply", "3wd", counted="office"))
    for policy in (hours, days):
        row = row_of(a_ticket("2026-11-23 10:00"), policy, "2026-11-23 12:00")
        assert row.due_at == instant("2026-11-26 10:00")
    saturday = row_of(a_ticket("2026-11-28 12:00"), days, "2026-11-28 12:00")
    assert saturday.due_at == instant("2026-12-03 09:00")  # Monday 09:00 and three days


def test_c_a_pause_pushes_a_working_day_target_by_running_time() -> None:
    policy = one_tier(a_target("resolution", "1wd", counted="office", pause_on=("pending",)))
    ticket = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-23 16:00", "pending"),  # one hour on Monday, two on Tuesday
        status("2026-11-24 11:00", "open"),
    )
    row = row_of(ticket, policy, "2026-11-24 11:00", "resolution")
    assert (row.due_at, row.paused_seconds) == (instant("2026-11-24 13:00"), 3 * 3600)


def test_d_the_last_priority_of_a_person_or_system_chooses_the_target() -> None:
    within = {"urgent": "1h", "high": "2h", "otherwise": "8h"}
    policy = one_tier(a_target("first_reply", within))
    raised_by = {"agent": "11-23 12:00", "system": "11-23 12:00", "stipt": "11-23 18:00"}
    for by, due in raised_by.items():
        ticket = a_ticket(
            "2026-11-23 10:00", change("2026-11-23 10:30", "priority", "high", by), priority="low"
        )
        assert brief(row_of(ticket, policy, "2026-11-23 11:00"))[1] == due, by


def test_d_the_floor_lifts_the_priority() -> None:
    within = {"urgent": "1h", "high": "2h", "otherwise": "8h"}
    policy = a_policy(a_tier("premium", a_target("first_reply", within), floor_priority="high"))
    row = row_of(a_ticket("2026-11-23 10:00", priority="low"), policy, "2026-11-23 10:00")
    assert (row.due_at, row.priority) == (instant("2026-11-23 12:00"), "high")


@pytest.mark.parametrize(
    ("created", "due"),
    [
        # 02:30 on 29 March does not exist: 01:30 UTC with the offset before the gap.
        pytest.param("2026-03-28 12:00", "2026-03-29 02:30", id="opening in the gap"),
        # 02:30 on 25 October comes twice: the first one is 00:30 UTC.
        pytest.param("2026-10-24 12:00", "2026-10-25 01:30", id="opening comes twice"),
    ],
)
def test_e_clock_changes(created: str, due: str) -> None:
    night = a_calendar("office", "Europe/Amsterdam", hours={"sun": [("02:30", "05:00")]})
    policy = one_tier(a_target("first_reply", "1h", counted="office"), calendars=[night])
    assert row_of(a_ticket(created), policy, created).due_at == instant(due)


def test_f_each_period_is_counted_by_the_calendar_in_force_then() -> None:
    late = a_calendar("late", hours={day: [("13:00", "21:00")] for day in WEEK})
    office = a_chooser("chosen", "organization.fields.market", {"us": "late"}, "office")
    policy = one_tier(
        a_target("resolution", "8h", counted="chosen"),
        calendars=[a_calendar(), late],
        choosers=[office],
    )
    moved = Happening(
        instant("2026-11-23 12:00"),
        "organization",
        organization=Organization("2", fields={"market": "us"}),
    )
    row = row_of(a_ticket("2026-11-23 09:00", moved), policy, "2026-11-23 15:00", "resolution")
    assert brief(row) == ("running", "11-23 18:00", 5 * 60)  # three hours, then two from 13:00
    assert row.calendar == "late"


def test_g_reopening_continues_without_the_solved_span() -> None:
    ticket = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-23 11:00", "solved"),
        status("2026-11-23 13:00", "open", by="requester"),
    )
    policy = one_tier(a_target("resolution", "4h"), a_target("first_reply", "4h"))
    row = row_of(ticket, policy, "2026-11-23 14:00", "resolution")
    assert brief(row) == ("running", "11-23 16:00", 120)
    assert (row.paused_seconds, row.fulfilled_at) == (2 * 3600, None)
    reply = row_of(ticket, policy, "2026-11-23 14:00")
    assert (reply.state, reply.ended_by) == ("met", "solved")


def test_h_merged_and_deleted_tickets_are_excluded() -> None:
    for kind in ("merged", "deleted"):
        ticket = a_ticket("2026-11-23 10:00", Happening(instant("2026-11-23 11:00"), kind))
        row = row_of(ticket, one_tier(a_target("first_reply", "4h")), "2026-11-24 10:00")
        assert (row.state, row.reason, row.elapsed_seconds) == ("excluded", kind, 3600)


def test_i_no_priority_is_the_default_priority_of_the_tier() -> None:
    within = {"normal": "3h", "otherwise": "8h"}
    policy = a_policy(a_tier("standard", a_target("first_reply", within)))
    row = row_of(a_ticket("2026-11-23 10:00"), policy, "2026-11-23 10:00")
    assert (row.due_at, row.priority) == (instant("2026-11-23 13:00"), "normal")


def test_j_overlapping_hours_are_an_error_and_midnight_is_not() -> None:
    with pytest.raises(ValueError, match="overlap"):
        BusinessCalendar("UTC", {"mon": [("09:00", "12:00"), ("11:00", "17:00")]})
    night = BusinessCalendar("UTC", {"fri": [("22:00", "06:00")]}, [date(2026, 11, 28)])
    open_time = night.between(instant("2026-11-27 00:00"), instant("2026-11-29 00:00"))
    assert open_time == timedelta(hours=2)  # the holiday removes only Saturday's part


# What follows from them


def test_1_closing_moves_what_is_shown_and_never_the_verdict() -> None:
    policy = one_tier(
        a_target("first_reply", "8h", counted="office"),
        calendars=[a_calendar(at_closing="closing")],
    )
    between = a_ticket("2026-11-23 09:00", comment("2026-11-24 09:00"))
    row = row_of(between, policy, "2026-11-25 09:00")
    assert (row.state, row.due_at) == ("met", instant("2026-11-23 17:00"))
    late = a_ticket("2026-11-23 09:00", comment("2026-11-24 09:00:01"))
    row = row_of(late, policy, "2026-11-25 09:00")
    assert (row.state, row.due_at) == ("breached", instant("2026-11-23 17:00"))
    assert row.breached_at == instant("2026-11-24 09:00")


def test_2_opening_is_inside_and_closing_is_outside() -> None:
    policy = one_tier(a_target("first_reply", "1h", counted="office"))
    assert brief(row_of(a_ticket("2026-11-23 17:00"), policy, "2026-11-23 18:00")) == (
        "running",
        "11-24 10:00",
        0,
    )
    assert brief(row_of(a_ticket("2026-11-23 09:00"), policy, "2026-11-23 09:30")) == (
        "running",
        "11-23 10:00",
        30,
    )


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_4_a_day_of_change_has_23_or_25_hours(day: str, hours: int) -> None:
    always = BusinessCalendar.always_open("Europe/Amsterdam")
    start = instant(f"{day}T00:00+0{1 if hours == 23 else 2}:00")
    assert always.add_working_days(start, 1) - start == timedelta(hours=hours)


def test_5_a_holiday_removes_only_the_part_on_its_date() -> None:
    night = a_calendar(hours={"mon": [("22:00", "06:00")]}, holidays=[date(2026, 11, 23)])
    policy = one_tier(a_target("first_reply", "2h", counted="office"), calendars=[night])
    row = row_of(a_ticket("2026-11-23 20:00"), policy, "2026-11-23 20:00")
    assert row.due_at == instant("2026-11-24 02:00")


def test_6_a_calendar_that_can_never_open_is_refused() -> None:
    with pytest.raises(ValueError, match="never opens"):
        BusinessCalendar("UTC", {"mon": []})


def test_7_working_days_keep_the_time_of_day() -> None:
    hours = {day: [("08:00", "18:00")] for day in WEEK}
    policy = one_tier(
        a_target("first_reply", "5wd", counted="office"), calendars=[a_calendar(hours=hours)]
    )
    row = row_of(a_ticket("2026-11-20 08:46:12"), policy, "2026-11-20 10:00")
    assert row.due_at == instant("2026-11-27 08:46:12")


def test_7_a_time_of_day_outside_that_dates_hours_waits_for_the_opening() -> None:
    hours = {**WEEK, "sat": [("10:00", "12:00")]}
    policy = one_tier(
        a_target("first_reply", "1wd", counted="office"), calendars=[a_calendar(hours=hours)]
    )
    row = row_of(a_ticket("2026-11-27 16:00"), policy, "2026-11-27 16:00")
    assert row.due_at == instant("2026-11-30 09:00")
    assert row.target_seconds == 3 * 3600  # one hour on Friday, two on Saturday


def test_8_calendar_days_keep_the_local_time_over_a_clock_change() -> None:
    policy = one_tier(
        a_target("first_reply", "30cd", counted="office"),
        calendars=[a_calendar("office", "Europe/Amsterdam")],
    )
    row = row_of(a_ticket("2026-10-20T10:00+02:00"), policy, "2026-10-21 10:00")
    assert row.due_at == instant("2026-11-19T10:00+01:00")
    assert row.target_seconds == (30 * 24 + 1) * 3600


def _priority_target() -> Policy:
    within = {"urgent": "1h", "high": "2h", "normal": "4h", "low": "8h"}
    return one_tier(a_target("resolution", within, pause_on=("pending",)))


def test_9_a_change_of_target_keeps_elapsed_time_and_pauses() -> None:
    ticket = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-23 11:00", "pending"),
        status("2026-11-23 14:00", "open"),
        change("2026-11-23 14:30", "priority", "high"),
        priority="low",
    )
    row = row_of(ticket, _priority_target(), "2026-11-23 14:45", "resolution")
    assert brief(row) == ("running", "11-23 15:00", 105)
    assert (row.paused_seconds, row.target_seconds) == (3 * 3600, 2 * 3600)


def test_9_a_target_already_exceeded_is_breached_at_the_change() -> None:
    ticket = a_ticket(
        "2026-11-23 10:00", change("2026-11-23 13:00", "priority", "high"), priority="low"
    )
    row = row_of(ticket, _priority_target(), "2026-11-23 13:00", "resolution")
    assert (row.state, row.breached_at) == ("breached_open", instant("2026-11-23 13:00"))
    assert row.due_at == instant("2026-11-23 12:00")  # the true due beside it


def test_9_a_recorded_breach_outlives_a_relaxed_target() -> None:
    ticket = a_ticket(
        "2026-11-23 10:00",
        change("2026-11-23 13:00", "priority", "low"),
        status("2026-11-23 14:00", "solved"),
        priority="high",
    )
    row = row_of(ticket, _priority_target(), "2026-11-24 10:00", "resolution")
    assert (row.state, row.target_seconds) == ("breached", 2 * 3600)
    assert row.due_at == row.breached_at == instant("2026-11-23 12:00")


def test_10_nothing_matches_any_more() -> None:
    tier = a_tier(
        "premium",
        a_target("first_reply", "4h"),
        a_target("resolution", "8h"),
        match=PathIs("tags", frozenset({"vip"})),
    )
    ticket = a_ticket(
        "2026-11-23 10:00",
        comment("2026-11-23 11:00"),
        change("2026-11-23 12:00", "tags", ()),
        tags=("vip",),
    )
    verdict = judged(ticket, a_policy(tier), "2026-11-24 10:00")
    assert cycle_of(verdict, "first_reply").state == "met"
    gone = cycle_of(verdict, "resolution")
    assert (gone.state, gone.due_at, gone.elapsed_seconds) == ("cancelled", None, 2 * 3600)
    assert verdict.look_at is None


def test_11_a_paused_clock_shows_no_due() -> None:
    ticket = a_ticket("2026-11-23 10:00", status("2026-11-23 11:00", "pending"))
    row = row_of(ticket, _priority_target(), "2026-11-29 10:00", "resolution")
    assert brief(row) == ("paused", None, 60)
    assert row.since == instant("2026-11-23 11:00")
    assert row.target_seconds - row.elapsed_seconds == 3 * 3600


def test_12_a_later_tier_does_not_rewrite_what_was_judged_before() -> None:
    premium = a_tier(
        "premium",
        a_target("first_reply", "1h"),
        match=PathIs("organization.fields.sla_tier", frozenset({"premium"})),
    )
    standard = a_tier("standard", a_target("first_reply", "8h"))
    upgraded = Happening(
        instant("2026-11-23 15:00"),
        "organization",
        organization=Organization("360001", fields={"sla_tier": "premium"}),
    )
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 14:00"), upgraded)
    row = row_of(ticket, a_policy(premium, standard), "2026-11-24 10:00")
    assert (row.state, row.tier, row.target_seconds) == ("met", "standard", 8 * 3600)


def test_13_cycles_before_enforce_from_are_excluded() -> None:
    policy = one_tier(
        a_target("first_reply", "4h"),
        a_target("next_reply", "4h"),
        settings=Settings("UTC", enforce_from=instant("2026-11-23 12:00")),
    )
    ticket = a_ticket(
        "2026-11-23 11:59:59",
        comment("2026-11-23 11:59:59.5"),
        comment("2026-11-23 12:00", "requester"),
    )
    before = row_of(a_ticket("2026-11-23 11:59:59"), policy, "2026-11-23 13:00")
    assert (before.state, before.reason) == ("excluded", "before_enforce_from")
    assert before.due_at == instant("2026-11-23 15:59:59")
    after = row_of(ticket, policy, "2026-11-23 13:00", "next_reply")
    assert (after.state, after.reason) == ("running", None)


def test_13_parts_of_a_second_are_cut() -> None:
    ticket = a_ticket("2026-11-23 10:00:00.900", comment("2026-11-23 14:00:00.100"))
    row = row_of(ticket, one_tier(a_target("first_reply", "4h")), "2026-11-24 10:00")
    assert (row.state, row.elapsed_seconds) == ("met", 4 * 3600)
    assert row.started_at == instant("2026-11-23 10:00:00")
    late = replace(ticket, happenings=(comment("2026-11-23 14:00:01.000"),))
    assert (
        row_of(late, one_tier(a_target("first_reply", "4h")), "2026-11-24 10:00").state
        == "breached"
    )


def test_14_a_row_says_what_stands_behind_it() -> None:
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 11:00"))
    row = row_of(ticket, one_tier(a_target("first_reply", "4h")), "2026-11-24 10:00")
    assert (row.measure, row.cycle, row.tier, row.customer) == ("first_reply", 1, "standard", None)
    assert (row.rule, row.calendar, row.priority) == ("rules.yaml:1", "always", "normal")
