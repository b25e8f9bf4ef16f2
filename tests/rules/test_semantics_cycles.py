# SPDX-License-Identifier: GPL-3.0-or-later
"""When cycles start and end, rule by rule; expected values are worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from rules.facts import Happening, Requester
from tests.rules.builders import (
    a_target,
    a_ticket,
    change,
    comment,
    instant,
    judged,
    note,
    one_tier,
    row_of,
    status,
)

EVERYTHING = (
    "first_reply",
    "next_reply",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
    "resolution",
    "group_ownership",
)
ALL = one_tier(*(a_target(measure, "100h") for measure in EVERYTHING))
LATER = "2026-11-24 10:00"


def cycles(
    measure: str, *happenings: Happening, policy: Any = ALL, **more: Any
) -> list[tuple[str, str | None, str | None]]:
    """Start, end and reason of every cycle of the measure, as HH:MM of the first day."""
    ticket = a_ticket("2026-11-23 10:00", *happenings, **more)
    found = []
    for row in judged(ticket, policy, LATER).cycles:
        if row.measure == measure:
            end = row.fulfilled_at.strftime("%H:%M") if row.fulfilled_at else None
            found.append((row.started_at.strftime("%H:%M"), end, row.ended_by))
    return found


def at(text: str) -> str:
    return f"2026-11-23 {text}"


# 1: happenings of one instant are one update


def test_1_answering_and_solving_at_once_starts_no_update_cycle() -> None:
    done = (comment(at("11:00")), status(at("11:00"), "solved"))
    for order in (done, done[::-1]):
        assert cycles("periodic_update", *order) == []
        assert cycles("first_reply", *order) == [("10:00", "11:00", "reply")]


def test_1_thanking_and_solving_at_once_starts_no_next_reply() -> None:
    answered = comment(at("11:00"))
    thanks = (status(at("12:00"), "solved", "requester"), comment(at("12:00"), "requester"))
    assert cycles("next_reply", answered, *thanks) == []


def test_1_a_question_answered_in_the_same_second_is_no_cycle() -> None:
    both = (comment(at("12:00"), "requester"), comment(at("12:00"), "agent"))
    assert cycles("next_reply", comment(at("11:00")), *both) == []


def test_1_time_in_status_has_cycle_1_even_of_zero_length() -> None:
    for measure in ("requester_wait", "agent_work", "resolution"):
        assert cycles(measure, status(at("10:00"), "solved")) == [("10:00", "10:00", "solved")]
    assert cycles("group_ownership", status(at("10:00"), "solved"), group="support") == []
    assert cycles("first_reply", status(at("10:00"), "solved")) == []


# 2: first_reply has one cycle at most


def test_2_messages_before_the_first_reply_belong_to_it() -> None:
    happenings = (
        comment(at("10:30"), "requester"),
        comment(at("11:00")),
        comment(at("12:00"), "requester"),
        comment(at("12:30"), "requester"),
        comment(at("13:00")),
        comment(at("14:00"), "end_user"),
    )
    assert cycles("first_reply", *happenings) == [("10:00", "11:00", "reply")]
    assert cycles("next_reply", *happenings) == [("12:00", "13:00", "reply"), ("14:00", None, None)]


def test_2_also_without_a_target_for_the_first_reply() -> None:
    policy = one_tier(a_target("next_reply", "4h"))
    before, after = comment(at("10:30"), "requester"), comment(at("12:00"), "requester")
    assert cycles("next_reply", before, policy=policy) == []
    assert cycles("next_reply", before, comment(at("11:00")), after, policy=policy) == [
        ("12:00", None, None)
    ]


# 3: reopening


def test_3_a_reopening_alone_starts_no_reply_or_update_cycle() -> None:
    reopened = (comment(at("11:00")), status(at("12:00"), "solved"), status(at("13:00"), "open"))
    assert cycles("next_reply", *reopened) == []
    assert cycles("periodic_update", *reopened) == [("11:00", "12:00", "solved")]
    message = comment(at("14:00"), "requester")
    assert cycles("next_reply", *reopened, message) == [("14:00", None, None)]
    reply = comment(at("15:00"))
    assert cycles("periodic_update", *reopened, message, reply) == [
        ("11:00", "12:00", "solved"),
        ("15:00", None, None),
    ]


def test_3_a_reopening_message_starts_next_reply() -> None:
    happenings = (
        status(at("12:00"), "solved"),
        comment(at("13:00"), "requester"),
        status(at("13:00"), "open", "requester"),
    )
    assert cycles("first_reply", *happenings) == [("10:00", "12:00", "solved")]
    assert cycles("next_reply", *happenings) == [("13:00", None, None)]


def test_3_time_in_status_keeps_cycle_1_and_the_last_solve_counts() -> None:
    once = (status(at("11:00"), "solved"), status(at("12:00"), "open"))
    for measure in ("requester_wait", "agent_work", "resolution"):
        assert cycles(measure, *once) == [("10:00", None, None)]
        assert cycles(measure, *once, status(at("13:00"), "closed")) == [
            ("10:00", "13:00", "solved")
        ]


def test_3_closed_counts_as_solved() -> None:
    closed = (status(at("11:00"), "solved"), status(at("12:00"), "closed"))
    assert cycles("resolution", *closed) == [("10:00", "11:00", "solved")]
    assert cycles("first_reply", status(at("12:00"), "closed")) == [("10:00", "12:00", "solved")]


# 4: who created the ticket


@pytest.mark.parametrize("by", ["requester", "end_user", "system"])
def test_4_created_by_a_customer_or_the_system(by: str) -> None:
    assert cycles("first_reply", created_by=by) == [("10:00", None, None)]
    assert cycles("periodic_update", created_by=by) == []


@pytest.mark.parametrize("by", ["agent", "light_agent", "stipt"])
def test_4_created_by_staff_with_a_public_comment(by: str) -> None:
    message = comment(at("11:00"), "requester")
    assert cycles("first_reply", message, created_by=by) == []
    assert cycles("next_reply", message, created_by=by) == [("11:00", None, None)]
    assert cycles("periodic_update", message, created_by=by) == [("10:00", None, None)]
    assert cycles("pausable_update", message, created_by=by) == [("10:00", None, None)]


@pytest.mark.parametrize("by", ["requester", "system", "agent", "light_agent"])
def test_4_created_privately(by: str) -> None:
    private = {"created_by": by, "created_public": False}
    message = comment(at("11:00"), "requester")
    assert cycles("first_reply", note(at("10:30"), "requester"), **private) == []
    assert cycles("first_reply", message, **private) == [("11:00", None, None)]
    assert cycles("periodic_update", message, **private) == []


# 5: who asks and who answers


@pytest.mark.parametrize("by", ["requester", "end_user"])
def test_5_somebody_on_the_customers_side_starts_reply_clocks(by: str) -> None:
    happenings = (comment(at("11:00")), comment(at("12:00"), by))
    assert cycles("next_reply", *happenings) == [("12:00", None, None)]


def test_5_start_on_requester_only_narrows_it() -> None:
    policy = one_tier(a_target("next_reply", "4h", start_on=frozenset({"requester_only"})))
    answered = comment(at("11:00"))
    assert cycles("next_reply", answered, comment(at("12:00"), "end_user"), policy=policy) == []
    assert cycles("next_reply", answered, comment(at("12:00"), "requester"), policy=policy) == [
        ("12:00", None, None)
    ]


@pytest.mark.parametrize(
    "reply",
    [
        comment(at("11:00"), "light_agent"),
        comment(at("11:00"), "system"),
        comment(at("11:00"), "stipt"),
        comment(at("11:00"), "agent", via="side_conversation"),
        note(at("11:00"), "agent"),
        comment(at("11:00"), "requester"),
    ],
    ids=lambda reply: f"{reply.by} {reply.via} {reply.public}",
)
def test_5_only_a_public_comment_of_an_agent_answers(reply: Happening) -> None:
    assert cycles("first_reply", reply) == [("10:00", None, None)]
    assert cycles("periodic_update", reply) == []


# 6: comments made private, tickets restored


def test_6_a_comment_made_private_counts_as_private_from_its_beginning() -> None:
    ticket = a_ticket(
        at("10:00"),
        comment(at("11:00")),
        Happening(instant(at("16:00")), "comment_private", of=instant(at("11:00"))),
    )
    policy = one_tier(a_target("first_reply", "4h"))
    assert row_of(ticket, policy, at("15:59")).state == "met"
    after = row_of(ticket, policy, at("16:00"))
    assert (after.state, after.breached_at) == ("breached_open", instant(at("14:00")))


def test_6_a_creation_made_private() -> None:
    private = Happening(instant(at("16:00")), "comment_private", of=instant(at("10:00")))
    assert cycles("first_reply", private) == []
    assert cycles("first_reply", comment(at("12:00"), "requester"), private) == [
        ("12:00", None, None)
    ]


def test_6_a_restored_ticket_is_no_longer_excluded() -> None:
    ticket = a_ticket(
        at("10:00"),
        Happening(instant(at("11:00")), "deleted"),
        Happening(instant(at("12:00")), "restored"),
    )
    policy = one_tier(a_target("first_reply", "4h"))
    assert row_of(ticket, policy, at("11:30")).state == "excluded"
    assert row_of(ticket, policy, at("12:00")).state == "running"


# 7: group_ownership


def test_7_each_assignment_is_a_cycle_of_its_own() -> None:
    happenings = (
        change(at("11:00"), "group", "second line"),
        change(at("12:00"), "group", "support"),
        change(at("13:00"), "group", None),
        change(at("14:00"), "group", "support"),
        status(at("15:00"), "solved"),
        status(at("16:00"), "open"),
    )
    assert cycles("group_ownership", *happenings, group="support") == [
        ("10:00", "11:00", "reassigned"),
        ("11:00", "12:00", "reassigned"),
        ("12:00", "13:00", "reassigned"),
        ("14:00", "15:00", "solved"),
        ("16:00", None, None),
    ]


def test_7_a_return_starts_from_zero() -> None:
    ticket = a_ticket(
        at("10:00"),
        change(at("11:00"), "group", "second line"),
        change(at("12:00"), "group", "support"),
        group="support",
    )
    row = row_of(ticket, ALL, at("13:00"), "group_ownership", 3)
    assert (row.elapsed_seconds, row.paused_seconds) == (3600, 0)


# 26: names for start_on and stop_on, each off by default


def _with_options(measure: str, start: str | None = None, stop: str | None = None) -> Any:
    return one_tier(
        a_target(
            measure,
            "100h",
            start_on=frozenset({start} if start else ()),
            stop_on=frozenset({stop} if stop else ()),
        )
    )


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("agent_created", {"created_by": "agent"}),
        ("agent_created_with_note", {"created_by": "agent", "created_public": False}),
        ("light_agent_forward", {"created_by": "light_agent", "created_public": False}),
        ("agent_created_for_self", {"created_by": "agent", "requester": Requester(role="agent")}),
    ],
)
def test_26_start_on_of_first_reply(name: str, facts: dict[str, Any]) -> None:
    policy = _with_options("first_reply", start=name)
    assert cycles("first_reply", policy=policy, **facts) == [("10:00", None, None)]
    assert cycles("first_reply", **facts) == []


@pytest.mark.parametrize(
    ("name", "message", "facts"),
    [
        ("customer_note", note(at("12:00"), "end_user"), {}),
        (
            "agent_requester_comment",
            note(at("12:00"), "requester"),
            {"requester": Requester(role="agent")},
        ),
        ("light_agent_note", note(at("12:00"), "light_agent"), {}),
    ],
)
def test_26_start_on_of_next_reply(name: str, message: Happening, facts: dict[str, Any]) -> None:
    happenings = (comment(at("11:00")), message)
    policy = _with_options("next_reply", start=name)
    assert cycles("next_reply", *happenings, policy=policy, **facts) == [("12:00", None, None)]
    assert cycles("next_reply", *happenings, **facts) == []


def test_26_stop_on_agent_note() -> None:
    first = _with_options("first_reply", stop="agent_note")
    answered = note(at("11:00"))
    assert cycles("first_reply", answered, policy=first) == [("10:00", "11:00", "reply")]
    later = _with_options("next_reply", stop="agent_note")
    happenings = (comment(at("11:00")), comment(at("12:00"), "requester"), note(at("13:00")))
    assert cycles("next_reply", *happenings, policy=later) == [("12:00", "13:00", "reply")]
    assert cycles("next_reply", *happenings) == [("12:00", None, None)]


@pytest.mark.parametrize("measure", ["periodic_update", "pausable_update"])
def test_26_a_note_may_start_the_update_measures(measure: str) -> None:
    policy = _with_options(measure, start="agent_note")
    assert cycles(measure, note(at("11:00")), policy=policy) == [("11:00", None, None)]
    assert cycles(measure, note(at("11:00"))) == []


# 27: what starts nothing


def test_27_an_agents_comment_first_means_no_first_reply() -> None:
    happenings = (comment(at("11:00")), comment(at("12:00"), "requester"))
    private = {"created_public": False}
    assert cycles("first_reply", *happenings, **private) == []
    assert cycles("next_reply", *happenings, **private) == [("12:00", None, None)]


def test_27_a_public_comment_on_a_ticket_that_stays_solved_starts_nothing() -> None:
    happenings = (
        comment(at("11:00")),
        status(at("12:00"), "solved"),
        comment(at("13:00")),
        status(at("14:00"), "open"),
    )
    assert cycles("periodic_update", *happenings) == [("11:00", "12:00", "solved")]
    assert cycles("periodic_update", *happenings, comment(at("15:00"))) == [
        ("11:00", "12:00", "solved"),
        ("15:00", None, None),
    ]


def test_27_a_ticket_created_solved_has_its_time_in_status_cycles() -> None:
    ticket = a_ticket(at("10:00"), status="solved")
    for measure in ("requester_wait", "agent_work", "resolution"):
        row = row_of(ticket, ALL, LATER, measure)
        assert (row.state, row.elapsed_seconds, row.ended_by) == ("met", 0, "solved")
        assert row.fulfilled_at == instant(at("10:00"))
