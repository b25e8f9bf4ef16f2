# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written into a ticket, and what is left alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rules.changes import CurrentFields
from rules.plan import plan, sla_state
from rules.policy import PathIs, Settings
from rules.steps import steps_due
from tests.rules.builders import (
    a_calendar,
    a_policy,
    a_step,
    a_target,
    a_ticket,
    a_tier,
    change,
    comment,
    instant,
    judged,
    status,
)

if TYPE_CHECKING:
    from rules.policy import Policy
    from rules.verdict import Verdict

TWO = (a_target("first_reply", "4h"), a_target("requester_wait", "10h"))
EMPTY = CurrentFields(own={}, status="open", priority="normal")


def _written(
    verdict: Verdict, policy: Policy, current: CurrentFields = EMPTY, **more: Any
) -> dict[str, Any]:
    return {item.field: item.new for item in plan(verdict, policy, current, **more)}


def _after(current: CurrentFields, changes: dict) -> CurrentFields:
    own = {**current.own, **{k: v for k, v in changes.items() if k.startswith("sla_")}}
    rest = {k: v for k, v in changes.items() if k in {"priority", "due_at"}}
    return replace(current, own=own, **rest)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        pytest.param("2026-11-23 10:00", "on_track", id="running"),
        pytest.param("2026-11-23 13:12", "at_risk", id="four fifths used"),
        pytest.param("2026-11-23 14:00", "at_risk", id="the due second itself is in time"),
        pytest.param("2026-11-23 14:00:01", "breached", id="one second past the due"),
    ],
)
def test_the_state_follows_the_clock(now: str, state: str) -> None:
    policy = a_policy(a_tier("standard", *TWO))
    assert sla_state(judged(a_ticket(), policy, now)) == state


def test_a_breach_that_was_answered_colours_the_ticket_no_further():
    policy = a_policy(a_tier("standard", *TWO))
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 15:00"))
    assert sla_state(judged(ticket, policy, "2026-11-23 15:30")) == "on_track"
    solved = ticket.with_happenings((*ticket.happenings, status("2026-11-23 16:00", "solved")))
    assert sla_state(judged(solved, policy, "2026-11-23 17:00")) == "missed"


def test_all_open_cycles_paused_is_paused_and_shows_no_due():
    policy = a_policy(a_tier("standard", a_target("requester_wait", "10h")))
    ticket = a_ticket("2026-11-23 10:00", status("2026-11-23 11:00", "pending"))
    written = _written(judged(ticket, policy, "2026-11-23 12:00"), policy)
    assert written["sla_state"] == "paused"
    assert "sla_due_at" not in written
    assert "sla_target" not in written


def test_the_next_deadline_is_the_earliest_of_the_open_cycles():
    policy = a_policy(a_tier("standard", *TWO))
    written = _written(judged(a_ticket(), policy, "2026-11-23 10:00"), policy)
    assert written["sla_due_at"] == "2026-11-23T14:00:00Z"
    assert written["sla_target"] == "first_reply"
    assert written["sla_tier"] == "standard"


def test_the_due_date_is_local_to_the_calendar():
    calendar = a_calendar("tokyo", "Asia/Tokyo", hours={"tue": [("00:00", "24:00")]})
    policy = a_policy(
        a_tier("standard", a_target("first_reply", "1h", counted="tokyo")), calendars=[calendar]
    )
    written = _written(judged(a_ticket("2026-11-23 20:00"), policy, "2026-11-23 20:00"), policy)
    assert written["sla_due_at"] == "2026-11-23T21:00:00Z"
    assert written["sla_due_date"] == "2026-11-24"


def test_planning_again_after_the_write_plans_nothing():
    policy = a_policy(a_tier("standard", *TWO))
    first = judged(a_ticket(), policy, "2026-11-23 10:00")
    current = _after(EMPTY, _written(first, policy))
    assert plan(first, policy, current) == ()
    later = judged(a_ticket(), policy, "2026-11-23 10:45")
    moved = replace(current, updated_at=instant("2026-11-23 10:44"))
    assert plan(later, policy, moved) == ()


def test_a_field_changed_by_hand_is_put_back():
    policy = a_policy(a_tier("standard", *TWO))
    verdict = judged(a_ticket(), policy, "2026-11-23 10:00")
    current = _after(EMPTY, _written(verdict, policy))
    edited = replace(current, own={**current.own, "sla_state": "met"})
    assert _written(verdict, policy, edited) == {"sla_state": "on_track"}


def test_a_detail_edited_by_hand_is_put_back_even_where_it_says_the_same():
    policy = a_policy(a_tier("standard", *TWO))
    verdict = judged(a_ticket(), policy, "2026-11-23 10:00")
    written = _written(verdict, policy)
    current = _after(EMPTY, written)
    text = json.loads(written["sla_detail"])
    text["at"] = "2030-01-01T00:00:00Z"
    edited = replace(current, own={**current.own, "sla_detail": json.dumps(text)})
    own = {k: v for k, v in written.items() if k.startswith("sla_")}
    assert list(_written(verdict, policy, edited, written=own)) == ["sla_detail"]


def test_a_closed_ticket_is_never_written():
    policy = a_policy(a_tier("standard", *TWO))
    verdict = judged(a_ticket(), policy, "2026-11-23 10:00")
    assert plan(verdict, policy, replace(EMPTY, status="closed")) == ()


def test_fields_are_cleared_when_nothing_applies_any_more():
    policy = a_policy(
        a_tier("vip", *TWO, match=PathIs("tags", frozenset({"vip"}))), a_tier("everyone")
    )
    ticket = a_ticket("2026-11-23 10:00", change("2026-11-23 11:00", "tags", ()), tags=("vip",))
    before = judged(ticket, policy, "2026-11-23 10:30")
    current = _after(EMPTY, _written(before, policy))
    cleared = _written(judged(ticket, policy, "2026-11-23 11:30"), policy, current)
    assert cleared["sla_due_at"] is None
    assert cleared["sla_due_date"] is None
    assert cleared["sla_target"] is None
    assert cleared["sla_tier"] is None
    assert cleared["sla_state"] == "none"
    assert json.loads(cleared["sla_detail"])["none"]


def test_a_solved_ticket_without_a_target_is_left_alone():
    policy = a_policy(a_tier("everyone"))
    ticket = a_ticket("2026-11-23 10:00", status("2026-11-23 10:30", "solved"))
    verdict = judged(ticket, policy, "2026-11-23 12:00")
    assert plan(verdict, policy, replace(EMPTY, status="solved")) == ()


@pytest.mark.parametrize(
    ("current", "default", "floor", "wanted"),
    [
        pytest.param(None, "normal", None, "normal", id="default where there is none"),
        pytest.param(None, "normal", "high", "high", id="default lifted to the floor"),
        pytest.param("low", "normal", "high", "high", id="never below the floor"),
        pytest.param("urgent", "normal", "high", None, id="never lowered"),
        pytest.param("high", "normal", "high", None, id="nothing to do"),
        pytest.param(None, None, "high", None, id="a floor is not a default"),
    ],
)
def test_priority_written(
    current: str | None, default: str | None, floor: str | None, wanted: str | None
) -> None:
    tier = a_tier("standard", *TWO, default_priority=default, floor_priority=floor)
    policy = a_policy(tier)
    verdict = judged(a_ticket(priority=current), policy, "2026-11-23 10:00")
    written = _written(verdict, policy, replace(EMPTY, priority=current))
    assert written.get("priority") == wanted


def test_a_fired_step_raises_the_priority_and_tags_the_ticket():
    step = a_step("50%", raise_priority="high", add_tags=("late", "seen"), assign_group="Rescue")
    policy = a_policy(
        a_tier("standard", a_target("first_reply", "4h", escalate="usual")),
        escalations={"usual": (step,)},
    )
    verdict = judged(a_ticket(), policy, "2026-11-23 12:00")
    fired = steps_due(verdict, policy, set(), instant("2026-11-23 12:00"))
    changes = plan(verdict, policy, replace(EMPTY, tags=("seen",)), fired=fired)
    own = {(c.field, c.new) for c in changes if not c.field.startswith("sla_")}
    assert own == {("priority", "high"), ("tags", "late"), ("group", "Rescue")}


def test_priority_is_left_alone_when_write_back_says_off():
    settings = Settings(time_zone="UTC", write_priority="off")
    policy = a_policy(a_tier("standard", *TWO), settings=settings)
    verdict = judged(a_ticket(), policy, "2026-11-23 10:00")
    assert "priority" not in _written(verdict, policy, replace(EMPTY, priority=None))


@pytest.mark.parametrize(("kind", "wanted"), [("task", "2026-11-23T14:00:00Z"), ("incident", None)])
def test_due_at_is_written_on_tasks_only(kind: str, wanted: str | None) -> None:
    policy = a_policy(a_tier("standard", *TWO))
    verdict = judged(a_ticket(), policy, "2026-11-23 10:00")
    assert _written(verdict, policy, replace(EMPTY, type=kind)).get("due_at") == wanted


def _fired(*steps: Any, current: CurrentFields, **tier: Any) -> dict[str, Any]:
    target = a_target("first_reply", "4h", escalate="usual")
    policy = a_policy(a_tier("standard", target, **tier), escalations={"usual": steps})
    ticket = a_ticket("2026-11-23 10:00", priority="low")
    verdict = judged(ticket, policy, "2026-11-23 13:00")
    fired = steps_due(verdict, policy, set(), instant("2026-11-23 13:00"))
    assert len(fired) == len(steps)
    return _written(verdict, policy, current, fired=fired)


def test_a_step_assigns_the_ticket_unless_it_is_there_already() -> None:
    step = a_step("50%", assign_group="second line", assign_person="ann@example.com")
    changes = _fired(step, current=EMPTY)
    assert (changes["group"], changes["assignee"]) == ("second line", "ann@example.com")
    there = replace(EMPTY, group="second line", assignee="ann@example.com")
    assert not {"group", "assignee"} & set(_fired(step, current=there))


def test_a_raise_sets_a_priority_where_there_was_none_and_never_lowers_one() -> None:
    steps = (a_step("25%", raise_priority="high"), a_step("50%", raise_priority="normal"))
    unset = replace(EMPTY, priority=None)
    assert _fired(*steps, current=unset, default_priority=None)["priority"] == "high"
    urgent = replace(EMPTY, priority="urgent")
    assert "priority" not in _fired(*steps, current=urgent, default_priority=None)
    assert "priority" not in _fired(a_step("50%"), current=unset, default_priority=None)


def test_a_task_whose_due_is_right_or_unknown_keeps_it() -> None:
    policy = a_policy(a_tier("standard", a_target("resolution", "4h", pause_on=("pending",))))
    task = replace(EMPTY, type="task", due_at="2026-11-23T14:00:00Z")
    verdict = judged(a_ticket("2026-11-23 10:00"), policy, "2026-11-23 10:30")
    assert "due_at" not in _written(verdict, policy, task)
    paused = a_ticket("2026-11-23 10:00", status("2026-11-23 11:00", "pending"))
    verdict = judged(paused, policy, "2026-11-23 12:00")
    assert "due_at" not in _written(verdict, policy, replace(task, due_at=None))


def test_without_a_tier_no_priority_is_written() -> None:
    policy = a_policy(a_tier("vip", *TWO, match=PathIs("tags", frozenset({"vip"}))))
    verdict = judged(a_ticket("2026-11-23 10:00"), policy, "2026-11-23 10:30")
    assert "priority" not in _written(verdict, policy, replace(EMPTY, priority=None))
