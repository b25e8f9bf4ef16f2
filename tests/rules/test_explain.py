# SPDX-License-Identifier: GPL-3.0-or-later
"""Explanations: the choice, the ledger of each clock, the steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

from rules.explain import Explanation, explain
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
    instant,
    status,
)


def _policy() -> Policy:
    office = a_calendar(zone="Europe/Amsterdam", holidays=[date(2026, 12, 25)])
    office = replace(office, holiday_names={date(2026, 12, 25): "Christmas Day"})
    return a_policy(
        a_tier("vip", match=PathIs("tags", frozenset({"vip"}))),
        a_tier(
            "standard",
            a_target("requester_wait", "8h", counted="office", escalate="usual"),
        ),
        calendars=[office],
        contracts=[
            a_contract(
                "acme",
                PathIs("organization.id", frozenset({"1"})),
                "standard",
                until_at=instant("2026-12-01"),
            ),
            a_contract("globex", PathIs("organization.id", frozenset({"2", "3"})), "standard"),
        ],
        escalations={"usual": (a_step("50%"), a_step("due"))},
    )


def _explained(now: str) -> Explanation:
    ticket = a_ticket(
        "2026-12-24 14:00",
        status("2026-12-24 15:00", "pending"),
        status("2026-12-24 15:30", "open"),
        change("2026-12-24 15:30", "priority", "high"),
    )
    return explain(ticket, _policy(), instant(now), {("requester_wait", 1, "50%")})


def test_it_says_why_the_others_were_not_chosen():
    found = _explained("2026-12-28 10:00")
    assert found.because == "rules.yaml:1, match: everything"
    assert found.rejected == (
        "customer acme: ended 2026-12-01T00:00:00Z, before the ticket was created",
        "customer globex: organization.id is 360001, not 2 or 3",
        "tier vip: tags is nothing, not vip",
    )


def test_the_ledger_has_no_gaps_and_names_pauses_and_holidays():
    found = _explained("2026-12-28 10:00")
    segments = found.ledgers[0]
    assert [(s.kind, s.seconds // 60, s.reason) for s in segments] == [
        ("counted", 60, "open"),
        ("paused", 30, "pending"),
        ("counted", 30, "open"),
        ("closed", 0, "closed (2026-12-25 Christmas Day)"),
        ("counted", 120, "open"),
    ]
    assert all(a.end == b.start for a, b in pairwise(segments))
    counted = sum(s.seconds for s in segments if s.kind == "counted")
    assert counted == found.verdict.cycles[0].elapsed_seconds


def test_priorities_in_force_are_listed_with_their_instants():
    found = _explained("2026-12-28 10:00")
    assert [(str(i.since), i.priority) for i in found.in_force] == [
        ("2026-12-24 14:00:00+00:00", "normal"),
        ("2026-12-24 15:30:00+00:00", "high"),
    ]


def test_text_and_json_tell_the_same_steps():
    found = _explained("2026-12-28 10:00")
    text = found.text()
    steps = found.to_json()["cycles"][0]["steps"]
    assert steps[0] == {
        "step": "50%",
        "at": "2026-12-28T10:30:00Z",
        "sent": True,
        "rule": "rules.yaml:1",
    }
    assert "step 50%: 2026-12-28 11:30:00+0100 (2026-12-28T10:30:00Z), sent" in text
    assert "2026-12-25 Christmas Day" in text
