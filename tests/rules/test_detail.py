# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of `sla_detail`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.changes import CurrentFields
from rules.detail import LONGEST, detail, digest, is_same
from rules.policy import PathIs, Policy
from tests.rules.builders import (
    a_calendar,
    a_contract,
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
    from collections.abc import Collection

    from rules.facts import Ticket
    from rules.steps import StepKey

CURRENT = CurrentFields(own={}, status="open", updated_at=instant("2026-11-23 09:59"))
_HALF_HOUR = timedelta(minutes=30)
STEPS = (a_step("50%"), a_step("75%"), a_step("60m before"), a_step("due"), a_step("120m after"))


def _policy() -> Policy:
    return a_policy(
        a_tier(
            "premium",
            a_target("first_reply", "4h", counted="office", escalate="usual"),
            a_target(
                "resolution", "2wd", counted="office", pause_on=("pending",), escalate="usual"
            ),
            commitment="guarantee",
        ),
        escalations={"usual": STEPS},
        contracts=[a_contract("acme", PathIs("organization.id", frozenset({"360001"})), "premium")],
    )


def _read(ticket: Ticket, now: str, sent: Collection[StepKey] = frozenset()) -> dict[str, Any]:
    policy = _policy()
    return json.loads(detail(judged(ticket, policy, now), policy, CURRENT, sent))


def test_a_running_target_is_told_with_its_segments_and_steps():
    read = _read(a_ticket("2026-11-23 15:00"), "2026-11-23 15:30", {("first_reply", 1, "50%")})
    assert {key: read[key] for key in ("v", "rev", "at", "seen", "tier", "customer", "commit")} == {
        "v": 1,
        "rev": "0000000",
        "at": "2026-11-23T15:30:00Z",
        "seen": {"status": "open", "updated": "2026-11-23T09:59:00Z"},
        "tier": "premium",
        "customer": "acme",
        "commit": "guarantee",
    }
    assert read["why"] == "rules.yaml:1, organization.id = 360001"
    assert read["targets"][0] == {
        "m": "first_reply",
        "c": 1,
        "s": "running",
        "from": "2026-11-23T15:00:00Z",
        "due": "2026-11-24T11:00:00Z",
        "risk": "2026-11-24T10:12:00Z",
        "of": 14400,
        "used": 1800,
        "open": [
            ["2026-11-23T15:30:00Z", "2026-11-23T17:00:00Z"],
            ["2026-11-24T09:00:00Z", "2026-11-24T11:00:00Z"],
        ],
        "cal": "office",
        "tz": "UTC",
        "rule": "rules.yaml:1",
        "steps": [
            ["2026-11-24T09:00:00Z", "50%", 1],
            ["2026-11-24T10:00:00Z", "75%, 60m before", 0],
            ["2026-11-24T11:00:00Z", "due", 0],
            ["2026-11-24T13:00:00Z", "120m after", 0],
        ],
    }


def test_a_paused_target_tells_since_when_what_is_left_and_what_pauses_it():
    ticket = a_ticket(
        "2026-11-23 10:00", comment("2026-11-23 11:00"), status("2026-11-23 12:00", "pending")
    )
    paused = _read(ticket, "2026-11-23 14:00")["targets"][1]
    assert paused["s"] == "paused"
    assert paused["since"] == "2026-11-23T12:00:00Z"
    assert (paused["of"], paused["used"], paused["left"]) == (57600, 7200, 50400)
    assert paused["pauses"] == ["pending"]
    assert "due" not in paused
    assert paused["steps"][0] == [None, "50%", 0]


def test_a_running_target_tells_what_would_pause_it():
    targets = _read(a_ticket("2026-11-23 15:00"), "2026-11-23 15:30")["targets"]
    assert "pauses" not in targets[0]
    assert targets[1]["pauses"] == ["pending"]


def test_an_ended_target_tells_how_and_how_much_over():
    ticket = a_ticket("2026-11-23 10:00", comment("2026-11-23 15:00"))
    ended = _read(ticket, "2026-11-23 16:00")["targets"][0]
    assert (ended["s"], ended["end"], ended["ended_by"], ended["over"]) == (
        "breached",
        "2026-11-23T15:00:00Z",
        "reply",
        3600,
    )


def test_what_moves_by_itself_is_no_difference():
    policy = _policy()
    texts = [
        detail(judged(a_ticket(), policy, now), policy, CURRENT, set())
        for now in ("2026-11-23 10:05", "2026-11-23 10:55")
    ]
    assert texts[0] != texts[1]
    assert is_same(texts[0], texts[1])


def test_a_step_that_was_sent_is_a_difference():
    policy = _policy()
    verdict = judged(a_ticket(), policy, "2026-11-23 12:30")
    before = detail(verdict, policy, CURRENT, set())
    assert not is_same(before, detail(verdict, policy, CURRENT, {("first_reply", 1, "50%")}))


def test_broken_text_is_a_difference():
    policy = _policy()
    text = detail(judged(a_ticket(), policy, "2026-11-23 12:30"), policy, CURRENT, set())
    for broken in (None, "", text[:-5], "[]", "7"):
        assert not is_same(broken, text)


def test_what_is_left_in_a_second_pause_counts_to_the_due_as_it_stood():
    target = a_target("requester_wait", "2wd", counted="office", by_closing=True)
    ticket = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-24 11:00", "pending"),
        status("2026-11-24 13:00", "open"),
        status("2026-11-25 16:30", "pending"),
    )
    policy = a_policy(a_tier("standard", target))
    read = json.loads(detail(judged(ticket, policy, "2026-11-25 16:45"), policy, CURRENT, set()))
    [paused] = read["targets"]
    assert (paused["of"], paused["left"]) == (23 * 3600, 1800)


def test_a_long_story_still_fits_and_counts_what_was_left_out():
    happenings = []
    for day in range(1, 29):
        happenings.append(comment(f"2026-10-{day:02} 12:00", "requester"))
        happenings.append(comment(f"2026-10-{day:02} 15:00"))
    policy = a_policy(
        a_tier("standard", a_target("next_reply", "2h", escalate="usual")),
        escalations={"usual": STEPS},
    )
    ticket = a_ticket("2026-09-30 10:00", comment("2026-09-30 11:00"), *happenings)
    text = detail(judged(ticket, policy, "2026-11-01 10:00"), policy, CURRENT, set())
    read = json.loads(text)
    assert len(text) <= LONGEST
    assert read["cut"] + len(read["targets"]) == 28
    assert read["targets"][-1]["c"] == 28


def test_no_target_says_why():
    policy = a_policy(a_tier("everyone"))
    verdict = judged(a_ticket(organization=None), policy, "2026-11-23 10:30")
    read = json.loads(detail(verdict, policy, CURRENT, set()))
    assert read["none"] == "no_organization"
    assert "targets" not in read


def test_another_revision_of_the_policy_alone_is_no_difference():
    policy = _policy()
    text = detail(judged(a_ticket(), policy, "2026-11-23 12:30"), policy, CURRENT, set())
    other = text.replace(policy.hash[:7], "1234567")
    assert other != text
    assert is_same(other, text)


def test_what_is_no_list_of_targets_is_compared_as_it_is():
    assert is_same('{"v":1,"targets":7,"at":"x"}', '{"v":1,"targets":7,"at":"y"}')
    assert not is_same('{"v":1,"targets":7}', '{"v":1}')


def test_a_target_that_was_taken_away_after_its_breach_tells_what_ended_it():
    policy = a_policy(
        a_tier("standard", a_target("first_reply", "4h", when=PathIs("tags", frozenset({"x"}))))
    )
    ticket = a_ticket("2026-11-23 10:00", change("2026-11-23 15:00", "tags", ()), tags=("x",))
    verdict = judged(ticket, policy, "2026-11-23 16:00")
    found = json.loads(detail(verdict, policy, CURRENT, set()))["targets"][0]
    assert (found["s"], found["ended_by"], found["over"]) == ("breached", "cancelled", 3600)
    assert "end" not in found


def _long(ticket: Ticket, now: str, steps: int, **more: Any) -> dict[str, Any]:
    """The detail where one target has so many steps that it must be shortened."""
    many = tuple(a_step(f"{minutes}m after") for minutes in range(10, 10 + 15 * steps, 15))
    lunch = {day: [("09:00", "12:00"), ("13:00", "17:00")] for day in ("mon", "tue", "wed")}
    policy = a_policy(
        a_tier(
            "standard",
            *(
                a_target(m, "40h", counted="lunch", escalate="usual", **more)
                for m in ("first_reply", "requester_wait", "resolution")
            ),
        ),
        calendars=[a_calendar("lunch", hours=lunch)],
        escalations={"usual": (a_step("1%"), *many)},
    )
    text = detail(judged(ticket, policy, now), policy, CURRENT, {("resolution", 1, "1%")})
    assert len(text) <= LONGEST
    read: dict[str, Any] = json.loads(text)
    return read


@pytest.mark.parametrize(
    ("steps", "segments", "shown"), [(5, 12, 6), (15, 6, 16), (20, 2, 21), (25, 2, 2)]
)
def test_segments_are_shortened_before_steps(steps: int, segments: int, shown: int):
    found = _long(a_ticket("2026-11-23 10:00"), "2026-11-23 11:00", steps)["targets"]
    assert len(found) == 3
    assert [len(target["steps"]) for target in found] == [shown] * 3
    assert [len(target["open"]) for target in found] == [segments] * 3
    open_seconds = sum(
        (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
        for start, end in found[0]["open"]
    )
    assert open_seconds + found[0].get("more", 0) == 39 * 3600


def test_when_nothing_else_helps_ended_targets_are_left_out_then_the_latest_due():
    measures = ("first_reply", "requester_wait", "agent_work", "resolution", "group_ownership")
    name = "the hours of our office in the Netherlands " * 20
    policy = a_policy(
        a_tier(
            "standard",
            *(
                a_target(measure, f"{hours}h", counted=name, pause_on=("pending",))
                for hours, measure in enumerate(measures, 4)
            ),
            match=PathIs("tags", frozenset({"x" * 200})),
        ),
        calendars=[a_calendar(name)],
    )
    answered = a_ticket(
        "2026-11-23 10:00", comment("2026-11-23 11:00"), group="support", tags=("x" * 200,)
    )
    text = detail(judged(answered, policy, "2026-11-23 11:30"), policy, CURRENT, set())
    read = json.loads(text)
    assert len(text) <= LONGEST
    assert [target["m"] for target in read["targets"]] == [
        "requester_wait",
        "agent_work",
        "resolution",
    ]
    assert read["cut"] == 2
    assert read["why"].startswith("rules.yaml:1, tags = xxx")
    assert len(read["why"]) < 200

    waiting = a_ticket(
        "2026-11-23 10:00",
        status("2026-11-23 11:00", "pending"),
        group="support",
        tags=("x" * 200,),
    )
    paused = json.loads(detail(judged(waiting, policy, "2026-11-23 11:30"), policy, CURRENT, set()))
    assert all("pauses" not in target for target in paused["targets"])


def _told(ticket: Ticket, now: str, sent: Collection[StepKey] = frozenset()) -> tuple[str, str]:
    """Digest and text of a ticket's detail."""
    policy = _policy()
    verdict = judged(ticket, policy, now)
    return digest(verdict, policy, CURRENT, sent), detail(verdict, policy, CURRENT, sent)


ASKED = a_ticket("2026-11-23 15:00")
WAITING = a_ticket("2026-11-23 15:00", status("2026-11-23 15:10", "pending"))


@pytest.mark.parametrize("ticket", [ASKED, WAITING], ids=["running", "paused"])
def test_time_alone_does_not_change_the_digest(ticket: Ticket):
    before, after = (_told(ticket, f"2026-11-23 15:{minute}") for minute in (20, 40))
    assert before[0] == after[0]
    assert is_same(before[1], after[1])


@pytest.mark.parametrize(
    ("ticket", "now", "sent"),
    [
        pytest.param(ASKED, "2026-11-24 15:30", frozenset(), id="the due passes"),
        pytest.param(ASKED, "2026-11-23 15:40", {("first_reply", 1, "50%")}, id="a step was sent"),
        pytest.param(WAITING, "2026-11-23 15:40", frozenset(), id="a pause began"),
        pytest.param(
            a_ticket("2026-11-23 15:00", comment("2026-11-23 15:30", by="agent")),
            "2026-11-23 15:40",
            frozenset(),
            id="it is answered",
        ),
        pytest.param(
            a_ticket("2026-11-23 15:00", organization=None),
            "2026-11-23 15:40",
            frozenset(),
            id="it belongs to nobody",
        ),
    ],
)
def test_what_changes_the_detail_changes_the_digest(
    ticket: Ticket, now: str, sent: Collection[StepKey]
):
    before, after = _told(ASKED, "2026-11-23 15:20"), _told(ticket, now, sent)
    assert not is_same(before[1], after[1])
    assert before[0] != after[0]


_MOMENTS = st.integers(1, 60).map(
    lambda number: (instant("2026-11-23 08:00") + number * _HALF_HOUR).isoformat()
)
_STATUSES = st.sampled_from(["open", "pending", "hold", "solved"])


@given(
    st.lists(st.tuples(_MOMENTS, _STATUSES), max_size=5),
    st.lists(st.tuples(_MOMENTS, _STATUSES), max_size=5),
    _MOMENTS,
    _MOMENTS,
)
def test_equal_digests_mean_details_that_say_the_same(
    course: list[tuple[str, str]], other: list[tuple[str, str]], now: str, later: str
):
    policy = _policy()
    known: dict[str, str] = {}
    for happened in (course, other):
        told = tuple(status(at, word) for at, word in sorted(happened))
        ticket = a_ticket("2026-11-23 08:00", *told)
        for at in (now, later):
            verdict = judged(ticket, policy, at)
            text = detail(verdict, policy, CURRENT, set())
            assert is_same(known.setdefault(digest(verdict, policy, CURRENT, set()), text), text)
