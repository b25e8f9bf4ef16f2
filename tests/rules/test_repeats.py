# SPDX-License-Identifier: GPL-3.0-or-later
"""Repetitions end once an agent has replied, also where the clock goes on."""

from __future__ import annotations

import pytest

from rules.rehearsal import rehearse
from rules.repeats import is_repetition
from tests.rules.builders import (
    a_policy,
    a_step,
    a_target,
    a_ticket,
    a_tier,
    comment,
    instant,
    note,
)

STEPS = (a_step("50%"), a_step("due", repeat_every=3600, repeat_times=3), a_step("150m after"))
POLICY = a_policy(
    a_tier("standard", a_target("resolution", "4h", counted="always", escalate="usual")),
    escalations={"usual": STEPS},
)
ALL = ["50%", "due", "due #2", "due #3", "150m after", "due #4"]


def fired(*happenings: object) -> list[str]:
    ticket = a_ticket("2026-11-23 10:00", *happenings)  # type: ignore[arg-type] - happenings
    rehearsed = rehearse(ticket, POLICY, instant("2026-11-24 10:00"))
    return [label for one in rehearsed.fired for label in one.labels]


def test_nobody_replies_and_all_repetitions_come():
    assert fired() == ALL


def test_a_reply_ends_the_repetitions_and_nothing_else():
    assert fired(comment("2026-11-23 15:30")) == ["50%", "due", "due #2", "150m after"]


def test_a_reply_before_the_step_first_fired_says_nothing():
    assert fired(comment("2026-11-23 13:59")) == ALL


def test_a_reply_in_the_second_of_the_step_counts():
    assert fired(comment("2026-11-23 14:00")) == ["50%", "due", "150m after"]


@pytest.mark.parametrize(
    "happening",
    [
        pytest.param(note("2026-11-23 15:30"), id="an internal note"),
        pytest.param(comment("2026-11-23 15:30", "requester"), id="the requester"),
        pytest.param(comment("2026-11-23 15:30", "system"), id="a robot"),
        pytest.param(comment("2026-11-23 15:30", via="side_conversation"), id="beside the ticket"),
    ],
)
def test_only_an_agents_public_reply_counts(happening: object):
    assert fired(happening) == ALL


@pytest.mark.parametrize(
    ("key", "is_one"),
    [("due", False), ("due #2", True), ("2h after #12", True), ("due (2)", False)],
)
def test_repetitions_are_told_by_their_number(key: str, is_one: bool):
    assert is_repetition(key) is is_one
