# SPDX-License-Identifier: GPL-3.0-or-later
"""Escalation steps on the target's own clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.policy import CalendarChooser
from rules.steps import steps_due
from tests.rules.builders import (
    HERE,
    a_calendar,
    a_policy,
    a_step,
    a_target,
    a_ticket,
    a_tier,
    change,
    comment,
    cycle_of,
    instant,
    judged,
    status,
)

if TYPE_CHECKING:
    from rules.policy import Policy
    from rules.verdict import CycleVerdict

USUAL = (
    a_step("50%"),
    a_step("75%"),
    a_step("60m before"),
    a_step("due"),
    a_step("120m after", repeat_every=4 * 3600, repeat_times=3),
)


def _policy(within: str = "4h", counted: str = "always", **more: Any) -> Policy:
    measure = more.pop("measure", "first_reply")
    target = a_target(measure, within, counted=counted, escalate="usual", **more)
    return a_policy(a_tier("standard", target), escalations={"usual": USUAL})


def _moments(row: CycleVerdict) -> dict[str, str | None]:
    return {step.key: step.at and step.at.strftime("%m-%d %H:%M") for step in row.steps}


def test_steps_fire_at_their_share_before_at_and_after_the_due():
    verdict = judged(a_ticket("2026-11-23 10:00"), _policy(), "2026-11-23 10:00")
    assert _moments(cycle_of(verdict, "first_reply")) == {
        "50%": "11-23 12:00",
        "75%": "11-23 13:00",
        "60m before": "11-23 13:00",
        "due": "11-23 14:00",
        "120m after": "11-23 16:00",
        "120m after #2": "11-23 20:00",
        "120m after #3": "11-24 00:00",
        "120m after #4": "11-24 04:00",
    }


def test_steps_run_in_working_time():
    verdict = judged(a_ticket("2026-11-20 14:30"), _policy("4h", "office"), "2026-11-20 14:30")
    moments = _moments(cycle_of(verdict, "first_reply"))
    assert moments["due"] == "11-23 10:30"
    assert moments["60m before"] == "11-23 09:30"
    assert moments["50%"] == "11-20 16:30"
    assert moments["120m after"] == "11-23 12:30"
    assert moments["120m after #2"] == "11-23 16:30"


def test_an_hour_before_a_monday_morning_deadline_is_friday_at_the_same_distance():
    policy = a_policy(
        a_tier("standard", a_target("first_reply", "4h", counted="office", escalate="usual")),
        calendars=[a_calendar(hours={d: [("09:00", "17:30")] for d in ("mon", "fri")})],
        escalations={"usual": USUAL},
    )
    verdict = judged(a_ticket("2026-11-20 14:00"), policy, "2026-11-20 14:00")
    moments = _moments(cycle_of(verdict, "first_reply"))
    assert moments["due"] == "11-23 09:30"
    assert moments["60m before"] == "11-20 17:00"


def test_a_pause_moves_what_is_still_to_come_and_leaves_what_has_fired():
    policy = _policy("4h", measure="requester_wait")
    ticket = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-23 12:30", "pending"),
        status("2026-11-23 15:30", "open"),
    )
    while_paused = _moments(cycle_of(judged(ticket, policy, "2026-11-23 13:00"), "requester_wait"))
    assert while_paused["50%"] == "11-23 12:00"
    assert while_paused["75%"] is None
    assert while_paused["due"] is None
    after = _moments(cycle_of(judged(ticket, policy, "2026-11-23 15:30"), "requester_wait"))
    assert after["50%"] == "11-23 12:00"
    assert after["75%"] == "11-23 16:00"
    assert after["due"] == "11-23 17:00"


def test_a_met_target_cancels_what_was_still_to_come():
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 12:30"))
    policy = _policy()
    verdict = judged(ticket, policy, "2026-11-23 18:00")
    moments = _moments(cycle_of(verdict, "first_reply"))
    assert moments["50%"] == "11-23 12:00"
    assert moments["75%"] is None
    assert steps_due(verdict, policy, set(), instant("2026-11-23 18:00")) == ()


def test_due_steps_are_those_not_sent_whose_moment_is_not_later_than_now():
    policy = _policy()
    verdict = judged(a_ticket("2026-11-23 10:00"), policy, "2026-11-23 13:00")
    sent = {("first_reply", 1, "50%")}
    due = steps_due(verdict, policy, sent, instant("2026-11-23 13:00"))
    assert [(step.key, step.at) for step in due] == [
        ("75%", instant("2026-11-23 13:00")),
        ("60m before", instant("2026-11-23 13:00")),
    ]


def test_a_late_step_says_how_late_it_is():
    policy = _policy()
    verdict = judged(a_ticket("2026-11-23 10:00"), policy, "2026-11-23 13:45")
    first = steps_due(verdict, policy, set(), instant("2026-11-23 13:45"))[0]
    assert (first.key, first.late_by.total_seconds() / 60) == ("50%", 105)


def test_the_next_look_is_the_next_step_then_the_second_after_the_due():
    policy = _policy()
    ticket = a_ticket("2026-11-23 10:00")
    moments = []
    now = "2026-11-23 10:00"
    for _ in range(6):
        look_at = judged(ticket, policy, now).look_at
        assert look_at is not None
        now = look_at.isoformat()
        moments.append(look_at.strftime("%H:%M:%S"))
    assert moments == ["12:00:00", "13:00:00", "13:12:00", "14:00:00", "14:00:01", "16:00:00"]


def test_nothing_is_looked_at_while_every_clock_is_paused():
    policy = _policy("4h", measure="requester_wait")
    ticket = a_ticket("2026-11-23 10:00", status("2026-11-23 10:30", "pending"))
    assert judged(ticket, policy, "2026-11-23 11:00").look_at is None


def test_a_step_before_the_start_never_fires():
    verdict = judged(a_ticket("2026-11-23 10:00"), _policy("30m"), "2026-11-23 10:00")
    assert _moments(cycle_of(verdict, "first_reply"))["60m before"] is None


def test_shares_of_working_days_run_on_the_open_time_to_the_unpaused_due():
    verdict = judged(a_ticket("2026-11-23 10:00"), _policy("2wd", "office"), "2026-11-23 10:00")
    row = cycle_of(verdict, "first_reply")
    moments = _moments(row)
    assert row.target_seconds == 16 * 3600
    assert moments["50%"] == "11-24 10:00"
    assert moments["due"] == "11-25 10:00"
    assert moments["120m after"] == "11-25 12:00"


def test_by_closing_fires_the_due_step_at_closing():
    verdict = judged(
        a_ticket("2026-11-23 10:00"),
        _policy("2wd", "office", by_closing=True),
        "2026-11-23 10:00",
    )
    moments = _moments(cycle_of(verdict, "first_reply"))
    assert moments["due"] == "11-25 17:00"
    assert moments["60m before"] == "11-25 16:00"
    assert moments["120m after"] == "11-26 11:00"


def test_a_pause_that_leaves_the_due_on_its_date_leaves_no_step_behind_it():
    # From Monday 10:00 to Wednesday's closing 23 hours run; a pause of two hours takes two away.
    policy = _policy("2wd", "office", by_closing=True, measure="requester_wait")
    ticket = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-25 11:00", "pending"),
        status("2026-11-25 13:00", "open"),
    )
    row = cycle_of(judged(ticket, policy, "2026-11-25 13:00"), "requester_wait")
    moments = _moments(row)
    assert (row.target_seconds, moments["due"]) == (23 * 3600, "11-25 17:00")
    assert moments["60m before"] == "11-25 16:00"
    assert moments["50%"] == "11-24 12:30"
    assert moments["75%"] == "11-25 09:45"
    assert row.risk_at == instant("2026-11-25 10:48")


def test_a_pause_alone_lets_no_step_fire():
    # Monday's pause pushes the due from Wednesday's closing to Thursday's.
    policy = _policy("2wd", "office", by_closing=True, measure="requester_wait")
    ticket = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-23 10:30", "pending"),
        status("2026-11-24 11:00", "open"),
        status("2026-11-25 15:00", "pending"),
    )
    before = cycle_of(judged(ticket, policy, "2026-11-25 14:59"), "requester_wait")
    while_paused = cycle_of(judged(ticket, policy, "2026-11-25 16:00"), "requester_wait")
    assert before.due_at == instant("2026-11-26 17:00")
    assert while_paused.due_at is None
    assert _moments(before)["50%"] == "11-25 13:45"
    assert _moments(while_paused)["50%"] == "11-25 13:45"
    assert _moments(before)["75%"] is not None
    assert _moments(while_paused)["75%"] is None


def test_steps_of_days_follow_a_change_from_a_calendar_whose_cut_off_had_passed():
    # Nothing runs on the first calendar; the second counts round the clock from Wednesday on.
    policy = a_policy(
        a_tier("standard", a_target("requester_wait", "3cd", counted="any", escalate="usual")),
        calendars=[a_calendar("late", cut_off=9 * 3600), a_calendar()],
        choosers=[CalendarChooser("any", "group", {"b": "office"}, "late", HERE)],
        escalations={"usual": USUAL},
    )
    ticket = a_ticket("2026-11-24 10:00", change("2026-11-25 00:00", "group", "b"))
    row = cycle_of(judged(ticket, policy, "2026-11-25 12:00"), "requester_wait")
    assert row.due_at == instant("2026-11-27 10:00")
    assert row.elapsed_seconds == 12 * 3600
    assert _moments(row)["60m before"] == "11-27 09:00"
    assert _moments(row)["50%"] == "11-26 05:00"


def test_all_of_a_target_has_passed_at_its_due():
    policy = a_policy(
        a_tier(
            "standard",
            a_target("first_reply", "2wd", counted="office", by_closing=True, escalate="all"),
        ),
        escalations={"all": (a_step("100%"),)},
    )
    row = cycle_of(judged(a_ticket("2026-11-23 10:00"), policy, "2026-11-23 10:00"), "first_reply")
    assert _moments(row) == {"100%": "11-25 17:00"}


def test_two_steps_with_one_label_have_keys_of_their_own():
    policy = a_policy(
        a_tier("standard", a_target("first_reply", "4h", escalate="twice")),
        escalations={"twice": (a_step("50%"), a_step("50%", note=True))},
    )
    row = cycle_of(judged(a_ticket(), policy, "2026-11-23 10:00"), "first_reply")
    assert [step.key for step in row.steps] == ["50%", "50% (2)"]


def test_a_target_exceeded_on_arrival_fires_its_due_step_at_the_arrival():
    policy = a_policy(
        a_tier(
            "standard",
            a_target("first_reply", {"urgent": "1h", "otherwise": "8h"}, escalate="usual"),
        ),
        escalations={"usual": USUAL},
    )
    ticket = a_ticket("2026-11-23 10:00", change("2026-11-23 13:00", "priority", "urgent"))
    row = cycle_of(judged(ticket, policy, "2026-11-23 13:30"), "first_reply")
    moments = _moments(row)
    assert row.breached_at == instant("2026-11-23 13:00")
    assert row.due_at == instant("2026-11-23 11:00")
    assert moments["due"] == "11-23 13:00"
    assert moments["120m after"] == "11-23 15:00"
