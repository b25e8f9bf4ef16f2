# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the engine turns: the very second, the far end, the rarely met combination."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from rules.evaluate import evaluate
from rules.facts import Happening, Organization, Requester
from rules.policy import PathIs
from rules.steps import steps_due
from rules.timeline import seconds_of, timeline
from tests.rules.builders import (
    a_calendar,
    a_chooser,
    a_step,
    a_target,
    a_ticket,
    brief,
    change,
    comment,
    instant,
    judged,
    note,
    one_tier,
    row_of,
    status,
)

CLOSING = a_calendar(at_closing="closing")


def at(text: str) -> str:
    return f"2026-11-23 {text}"  # a Monday


def _is(path: str, *values: str) -> PathIs:
    return PathIs(path, frozenset(values))


def _moments(*steps: str, now: str, ticket: Any, target: Any, **more: Any) -> dict[str, str | None]:
    policy = one_tier(target, escalations={"usual": tuple(a_step(s) for s in steps)}, **more)
    row = row_of(ticket, policy, now, target.measure)
    return {step.key: step.at and step.at.strftime("%m-%d %H:%M") for step in row.steps}


def test_a_judging_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="the judging instant needs a time zone"):
        evaluate(a_ticket(), one_tier(a_target()), datetime(2026, 11, 23, 12))  # noqa: DTZ001 -- the case


def test_a_policy_without_escalations_has_no_steps() -> None:
    policy = one_tier(a_target())
    verdict = judged(a_ticket(), policy, at("20:00"))
    assert steps_due(verdict, policy, frozenset(), instant(at("20:00"))) == ()


# A threshold used up at a closing, before the clock stood


def test_time_used_up_at_a_closing_is_shown_there_though_the_clock_stood_all_night() -> None:
    target = a_target("resolution", "4h", counted="office", pause_on=("pending",), escalate="usual")
    ticket = a_ticket(
        at("13:00"), status(at("17:00"), "pending"), status("2026-11-24 09:00", "open")
    )
    now = "2026-11-24 08:00"
    assert _moments("due", now=now, ticket=ticket, target=target, calendars=[CLOSING]) == {
        "due": None  # as long as the pause lasts
    }
    now = "2026-11-24 09:00"
    assert _moments("due", now=now, ticket=ticket, target=target, calendars=[CLOSING]) == {
        "due": "11-23 17:00"
    }
    row = row_of(ticket, one_tier(target, calendars=[CLOSING]), "2026-11-24 09:01", "resolution")
    assert brief(row) == ("breached_open", "11-23 17:00", 241)
    assert row.breached_at == instant("2026-11-24 09:00")


def test_time_used_up_at_no_closing_of_the_present_calendar_is_due_when_it_runs_on() -> None:
    chooser = a_chooser("by_brand", "brand", {"round": "always"}, "office")
    target = a_target("resolution", "4h", counted="by_brand", pause_on=("pending",))
    ticket = a_ticket(
        at("17:30"),
        status(at("21:30"), "pending"),
        change(at("22:00"), "brand", "other"),
        status("2026-11-24 09:00", "open"),
        brand="round",
    )
    policy = one_tier(target, calendars=[CLOSING], choosers=[chooser])
    assert brief(row_of(ticket, policy, "2026-11-24 09:00", "resolution")) == (
        "running",
        "11-24 09:00",
        240,
    )


def test_nothing_used_up_is_due_at_the_opening_not_at_the_closing_before_it() -> None:
    target = a_target("first_reply", "4h", counted="office", escalate="usual")
    found = _moments(
        *("240m before", "50%"),
        now="2026-11-24 08:00",
        ticket=a_ticket(at("20:00")),
        target=target,
        calendars=[CLOSING],
    )
    assert found == {"240m before": "11-24 09:00", "50%": "11-24 11:00"}


# Targets that arrive


def test_days_that_are_over_when_their_target_arrives_are_breached_at_the_arrival() -> None:
    spans = {"high": "1wd", "otherwise": "10wd"}
    policy = one_tier(a_target("resolution", spans, counted="office"))
    ticket = a_ticket(at("10:00"), change("2026-11-27 12:00", "priority", "high"))
    assert row_of(ticket, policy, "2026-11-27 11:59", "resolution").state == "running"
    row = row_of(ticket, policy, "2026-11-27 12:00", "resolution")
    assert (row.state, row.due_at) == ("breached_open", instant("2026-11-24 10:00"))
    assert row.breached_at == instant("2026-11-27 12:00")


def test_days_that_end_at_the_very_arrival_of_their_target_are_not_over() -> None:
    spans = {"high": "1cd", "otherwise": "10cd"}
    policy = one_tier(a_target("resolution", spans))
    ticket = a_ticket(at("10:00"), change("2026-11-24 10:00", "priority", "high"))
    assert row_of(ticket, policy, "2026-11-24 10:00", "resolution").state == "running"
    row = row_of(ticket, policy, "2026-11-24 10:01", "resolution")
    assert (row.state, row.breached_at) == ("breached_open", instant("2026-11-24 10:00"))


def test_a_second_breach_does_not_replace_the_first() -> None:
    spans = {"high": "1h", "urgent": "1cd", "otherwise": "2h"}
    policy = one_tier(a_target("resolution", spans))
    ticket = a_ticket(
        at("10:00"),
        change(at("13:00"), "priority", "high"),
        change("2026-11-25 10:00", "priority", "urgent"),
    )
    row = row_of(ticket, policy, "2026-11-26 10:00", "resolution")
    assert (row.breached_at, row.priority) == (instant(at("12:00")), "normal")
    assert (row.target_seconds, row.due_at) == (7200, instant(at("12:00")))


def test_a_cycle_that_starts_in_the_second_in_which_its_target_goes_has_none() -> None:
    policy = one_tier(a_target("next_reply", "4h", when=_is("tags", "vip")))
    asked = comment(at("12:00"), "requester")
    answered = comment(at("11:00"))
    gone = a_ticket(at("10:00"), answered, asked, change(at("12:00"), "tags", ()), tags=("vip",))
    assert judged(gone, policy, at("13:00")).cycles == ()
    later = a_ticket(at("10:00"), answered, asked, change(at("12:01"), "tags", ()), tags=("vip",))
    assert row_of(later, policy, at("13:00"), "next_reply").state == "cancelled"


def test_a_reply_in_a_pause_that_pushed_to_the_same_closing_is_late() -> None:
    policy = one_tier(
        a_target("first_reply", "1cd", counted="office", by_closing=True, pause_on=("pending",))
    )
    pending = status("2026-11-24 16:30", "pending")
    row = row_of(a_ticket(at("15:00"), pending), policy, "2026-11-24 17:30")
    assert (row.state, row.breached_at) == ("paused", None)  # how far it pushes is not known yet
    for answer in ("2026-11-24 17:30", "2026-11-24 17:00:01"):
        ticket = a_ticket(at("15:00"), pending, comment(answer))
        row = row_of(ticket, policy, "2026-11-24 18:00")
        assert (row.state, row.breached_at) == ("breached", instant("2026-11-24 17:00"))
    answered = a_ticket(at("15:00"), pending, comment("2026-11-24 17:00"))
    assert row_of(answered, policy, "2026-11-24 18:00").state == "met"


def test_a_pause_from_before_the_cycle_hides_none_of_the_later_ones() -> None:
    policy = one_tier(a_target("next_reply", "9h", pause_on=("pending",)))
    ticket = a_ticket(
        at("09:00"),
        comment(at("10:00")),
        *(status(at("10:30"), "pending"), status(at("11:00"), "open")),
        comment(at("12:00"), "requester"),
        *(status(at("13:00"), "pending"), status(at("14:00"), "open")),
    )
    row = row_of(ticket, policy, at("15:00"), "next_reply")
    assert (row.elapsed_seconds, row.paused_seconds) == (2 * 3600, 3600)


# Steps after the due of days


def test_steps_after_a_due_that_was_pushed_to_a_closing_count_from_that_closing() -> None:
    target = a_target(
        "resolution",
        "1wd",
        counted="office",
        by_closing=True,
        pause_on=("pending",),
        escalate="usual",
    )
    ticket = a_ticket(at("10:00"), status(at("11:00"), "pending"), status(at("15:00"), "open"))
    for now in (at("15:00"), "2026-11-24 16:00", "2026-11-25 10:00", "2026-11-25 16:00"):
        assert _moments("due", "120m after", now=now, ticket=ticket, target=target) == {
            "due": "11-24 17:00",
            "120m after": "11-25 11:00",
        }


def test_steps_after_a_due_in_days_are_known_from_the_first_second() -> None:
    target = a_target("resolution", "1wd", counted="office", escalate="usual")
    policy = one_tier(target, escalations={"usual": (a_step("120m after"),)})
    for now in (at("07:00"), at("08:00"), at("09:00"), at("09:01"), "2026-11-25 10:00"):
        (step,) = row_of(a_ticket(at("07:00")), policy, now, "resolution").steps
        assert step.at == instant("2026-11-24 11:00:00")


# Cycles


@pytest.mark.parametrize(
    ("role", "by", "starts"),
    [
        ("light_agent", "requester", True),
        ("light_agent", "light_agent", True),
        ("end_user", "requester", False),
        ("end_user", "light_agent", True),
    ],
)
def test_a_light_agents_note_asks_whoever_the_requester_is(
    role: Any, by: str, starts: bool
) -> None:
    target = a_target("next_reply", "4h", start_on=frozenset({"light_agent_note"}))
    ticket = a_ticket(
        at("10:00"), comment(at("11:00")), note(at("12:00"), by), requester=Requester(role=role)
    )
    found = judged(ticket, one_tier(target), at("13:00")).cycles
    assert [row.started_at for row in found] == ([instant(at("12:00"))] if starts else [])


def test_the_verdict_names_the_organisation_that_the_ticket_has_now() -> None:
    policy = one_tier(a_target())
    moved = Happening(instant(at("11:00")), "organization", organization=Organization("2"))
    for happenings, ident in (
        ((), "360001"),
        ((change(at("11:00"), "brand", "other"),), "360001"),
        ((moved,), "2"),
        ((moved, change(at("11:30"), "brand", "other")), "2"),
    ):
        verdict = judged(a_ticket(at("10:00"), *happenings), policy, at("12:00"))
        assert verdict.organization_id == ident


# When to look again


def test_a_breached_clock_is_looked_at_again_for_its_steps_alone() -> None:
    target = a_target("first_reply", "1h", escalate="usual")
    policy = one_tier(target, escalations={"usual": (a_step("120m after"),)})
    assert judged(a_ticket(at("10:00")), policy, at("11:30")).look_at == instant(at("13:00"))
    assert judged(a_ticket(at("10:00")), policy, at("13:00")).look_at is None
    assert judged(a_ticket(at("10:00"), comment(at("12:00"))), policy, at("12:30")).look_at is None


def test_a_share_used_up_at_closing_time_is_looked_at_when_it_opens() -> None:
    target = a_target("first_reply", "4h", counted="office", escalate="usual")
    policy = one_tier(target, escalations={"usual": (a_step("50%"),)})
    for now in ("17:00", "20:00"):
        verdict = judged(a_ticket(at("15:00")), policy, at(now))
        assert verdict.look_at == instant("2026-11-24 09:00")
    verdict = judged(a_ticket(at("15:00")), policy, "2026-11-24 09:00")
    assert verdict.look_at == instant("2026-11-24 10:12")  # 80 % of the target: at risk


def test_in_the_second_in_which_a_target_is_exceeded_on_arrival_the_next_step_is_known() -> None:
    spans = {"high": "1h", "otherwise": "9h"}
    policy = one_tier(
        a_target("first_reply", spans, escalate="usual"),
        escalations={"usual": (a_step("due"), a_step("120m after"))},
    )
    ticket = a_ticket(at("10:00"), change(at("13:00"), "priority", "high"))
    assert judged(ticket, policy, at("13:00")).look_at == instant(at("15:00"))
    assert judged(ticket, policy, at("15:00")).look_at is None


# Happenings of one second


@pytest.mark.parametrize(
    ("first", "last"),
    list(pairwise(["new", "open", "pending", "hold", "solved", "closed"])),
)
def test_of_two_statuses_of_one_second_the_later_in_a_tickets_life_stands(
    first: str, last: str
) -> None:
    happenings = (status(at("11:00"), first), status(at("11:00"), last))
    later = comment(at("11:30"))
    for order in (happenings, happenings[::-1]):
        line = timeline(a_ticket(at("10:00"), *order, later), seconds_of(instant(at("12:00"))))
        assert [(each.at, each.status) for each in line.updates[1:]] == [
            (seconds_of(instant(at("11:00"))), last),
            (seconds_of(instant(at("11:30"))), ""),
        ]


def test_two_organisations_of_one_second_say_the_same_in_either_order() -> None:
    moves = [
        Happening(instant(at("11:00")), "organization", organization=Organization(ident))
        for ident in ("1", "2")
    ]
    policy = one_tier(a_target())
    found = {
        judged(a_ticket(at("10:00"), *order), policy, at("12:00")).organization_id
        for order in (moves, moves[::-1])
    }
    assert found == {"2"}


# What is not to be looked at again, and what is


def test_a_ticket_whose_open_cycles_are_excluded_waits_for_events_alone() -> None:
    policy = one_tier(a_target("resolution", "4h"))
    early = replace(
        policy, settings=replace(policy.settings, enforce_from=instant("2027-01-01 00:00"))
    )
    ticket = a_ticket(at("10:00"))
    assert judged(ticket, policy, at("10:30")).look_at is not None
    assert judged(ticket, early, at("10:30")).look_at is None


def test_an_answer_at_the_very_second_of_a_step_comes_before_it() -> None:
    target = a_target("first_reply", "4h", escalate="usual")
    ticket = a_ticket(at("10:00"), comment(at("13:00"), "agent"))
    assert _moments("75%", now=at("20:00"), ticket=ticket, target=target) == {"75%": None}


def test_a_target_whose_time_begins_with_the_cycle_replaces_the_one_of_that_second() -> None:
    """The target in force at the start is the one that a change of that very second brings."""
    ticket = a_ticket(at("10:00"), change(at("10:00"), "priority", "high"), priority="low")
    slow = a_target("first_reply", "8h", when=_is("priority", "low"))
    fast = a_target("first_reply", "1h", when=_is("priority", "high"))
    row = row_of(ticket, one_tier(slow, fast), at("10:30"), "first_reply")
    assert row.due_at == instant(at("11:00"))
