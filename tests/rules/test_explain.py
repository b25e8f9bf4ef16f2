# SPDX-License-Identifier: GPL-3.0-or-later
"""Explanations: the choice, the ledger of each clock, the steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from rules.explain import Explanation, KeptVerdict, explain
from rules.facts import Happening, Organization
from rules.load import load
from rules.policy import PathIs, Policy
from rules.ticket_facts import happening_text
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
    one_tier,
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
        "fired": True,
        "sent": True,
        "told": [],
        "rule": "rules.yaml:1",
    }
    assert "    50%: Mon 2026-12-28 11:30:00+0100 (2026-12-28T10:30:00Z), sent, tells" in text
    assert "    due: Mon 2026-12-28 15:30:00+0100 (2026-12-28T14:30:00Z), to come" in text
    assert "2026-12-25 Christmas Day" in text


def test_a_clock_that_waits_for_the_day_after_its_cut_off_is_closed_until_then():
    office = a_calendar(cut_off=14 * 3600)
    policy = one_tier(
        a_target("resolution", "4h", counted="office", pause_on=("pending",)), calendars=[office]
    )
    ticket = a_ticket(
        "2026-11-23 15:00",
        status("2026-11-23 16:00", "pending"),
        status("2026-11-24 11:00", "open"),
    )
    found = explain(ticket, policy, instant("2026-11-24 14:00"))
    assert [(s.kind, s.seconds // 3600, s.reason) for s in found.ledgers[0]] == [
        ("closed", 0, "started after the cut-off"),
        ("paused", 2, "pending"),
        ("counted", 3, "open"),
    ]
    assert [s.start for s in found.ledgers[0]] == [
        instant("2026-11-23 15:00"),
        instant("2026-11-24 09:00"),
        instant("2026-11-24 11:00"),
    ]


def test_hours_before_the_opening_are_closed():
    policy = one_tier(a_target("first_reply", "4h", counted="office"))
    found = explain(a_ticket("2026-11-23 08:00"), policy, instant("2026-11-23 18:00"))
    assert [(s.kind, s.seconds // 3600) for s in found.ledgers[0]] == [
        ("closed", 0),
        ("counted", 8),
        ("closed", 0),
    ]


def test_the_text_names_the_customer_and_the_reason_of_an_exclusion():
    policy = _policy()
    early = replace(policy, settings=replace(policy.settings, enforce_from=instant("2027-01-01")))
    ticket = a_ticket("2026-11-24 14:00", group="support")
    text = explain(ticket, early, instant("2026-11-24 15:00")).text()
    assert "requester_wait, cycle 1: excluded (before_enforce_from)" in text
    assert "  since 2026" not in text  # one choice held all the time

    acme = replace(ticket, organization=replace(ticket.organization, id="1"))
    text = explain(acme, policy, instant("2026-11-24 15:00")).text()
    assert "Tier standard, customer acme, priority normal\n" in text
    assert "not tier" not in text  # a contract names its tier


def test_the_text_says_why_there_is_no_target():
    policy = a_policy(a_tier("vip", match=PathIs("tags", frozenset({"vip"}))))
    text = explain(a_ticket(), policy, instant("2026-11-24 15:00")).text()
    assert "Tier none, priority none\n  because no tier matches\n" in text
    assert "No target: no tier matches (no_tier)\n" in text


def test_a_contract_that_has_not_begun_says_so():
    policy = a_policy(
        a_tier("standard", a_target("first_reply", "8h")),
        contracts=[
            a_contract(
                "acme",
                PathIs("organization.id", frozenset({"360001"})),
                "standard",
                from_at=instant("2027-01-01"),
            )
        ],
    )
    found = explain(a_ticket(), policy, instant("2026-11-23 10:30"))
    assert found.rejected == (
        "customer acme: begins 2027-01-01T00:00:00Z, after the ticket was created",
    )


def test_steps_that_no_longer_come_are_left_out_and_unknown_ones_are_named():
    policy = one_tier(
        a_target("first_reply", "4h", escalate="usual", pause_on=("pending",)),
        escalations={"usual": (a_step("50%"), a_step("due"))},
    )
    paused = a_ticket("2026-11-23 10:00", status("2026-11-23 11:00", "pending"))
    text = explain(paused, policy, instant("2026-11-23 12:00")).text()
    assert "    50%: not known yet, to come" in text
    assert "paused since Mon 2026-11-23 11:00" in text
    answered = a_ticket("2026-11-23 10:00", comment("2026-11-23 11:00"))
    text = explain(answered, policy, instant("2026-11-23 12:00")).text()
    assert "steps:" not in text
    assert "ended Mon 2026-11-23 11:00" in text
    assert "ended by reply" in text


def test_the_facts_are_those_at_creation_and_what_happened_until_then():
    ticket = a_ticket(
        "2026-11-23 10:00",
        comment("2026-11-23 11:00", by="requester"),
        change("2026-11-23 12:00", "priority", "high"),
        status("2026-11-23 13:00", "pending"),
        group="support",
    )
    policy = one_tier(a_target("first_reply", "4h"))
    found = explain(ticket, policy, instant("2026-11-23 12:30"))
    text = found.text()
    assert "  group: support\n" in text
    assert "Mon 2026-11-23 11:00:00+0000 public comment by requester" in text
    assert "priority high by agent" in text
    assert "status pending" not in text  # that comes later
    facts = found.to_json()["facts"]
    assert [one["what"] for one in facts["happenings"]] == [
        "public comment",
        "priority high",
        "status pending",
    ]


def test_many_customers_that_do_not_match_are_counted_not_listed():
    contracts = [
        a_contract(f"c{n:04}", PathIs("organization.id", frozenset({f"{n}"})), "standard")
        for n in range(1, 2001)
    ]
    policy = a_policy(a_tier("standard", a_target("first_reply", "8h")), contracts=contracts)
    found = explain(a_ticket(), policy, instant("2026-11-23 12:30"))
    assert len(found.rejected) == 2000
    assert "nor 1990 more; --json says why for each" in found.text()


def test_a_step_whose_moment_has_gone_by_is_told_by_what_is_known_of_it():
    policy = one_tier(
        a_target("first_reply", "4h", escalate="usual"),
        escalations={"usual": (a_step("50%"),)},
    )
    ticket = a_ticket("2026-11-23 10:00")
    marks = {
        None: "passed",
        frozenset(): "due, not sent",
        frozenset({("first_reply", 1, "50%")}): "sent",
    }
    for sent, mark in marks.items():
        text = explain(ticket, policy, instant("2026-11-23 13:00"), sent).text()
        assert f"(2026-11-23T12:00:00Z), {mark}, tells" in text


def test_a_closed_cycle_that_stays_on_record_is_named():
    due = instant("2026-11-23 14:00")
    kept = KeptVerdict("first_reply", 1, "met", due, "old.yaml:7", "abcdef0123")
    policy = one_tier(a_target("first_reply", "1h"))
    found = explain(a_ticket(), policy, instant("2026-11-23 13:00"), (), [kept])
    assert "first_reply, cycle 1 stays on record as met, due 2026-11-23T14:00:00Z: " in found.text()
    assert found.to_json()["kept"] == [
        {
            "measure": "first_reply",
            "cycle": 1,
            "state": "met",
            "due_at": "2026-11-23T14:00:00Z",
            "rule": "old.yaml:7",
            "policy": "abcdef0123",
        }
    ]


def test_what_a_miss_counts_in_is_told_with_its_level_and_its_credit():
    files = {
        path.name: path.read_bytes()
        for path in (Path(__file__).parents[2] / "worker" / "starter").glob("*.yaml")
    }
    policy, _ = load(files)
    organization = Organization(fields={"sla_tier": "premium", "market": "nl"})
    ticket = replace(a_ticket("2026-11-24 10:00", channel="email"), organization=organization)
    text = explain(ticket, policy, instant("2026-11-24 11:00")).text()
    assert (
        "  a miss counts in obligation reply_95 (at_least 95%, per calendar_month; "
        "credit below 95%: 5% of the fee, " in text
    )


def test_of_a_long_history_the_latest_happenings_are_shown():
    happenings = [comment(f"2026-11-23 11:{n:02}", by="requester") for n in range(50)]
    policy = one_tier(a_target("first_reply", "4h"))
    found = explain(a_ticket("2026-11-23 10:00", *happenings), policy, instant("2026-11-23 13:00"))
    assert "  10 earlier happenings; --json lists them\n" in found.text()
    assert "11:09:00" not in found.text()
    assert len(found.to_json()["facts"]["happenings"]) == 50


def test_other_happenings_are_told_in_a_few_words():
    at = instant("2026-11-23 10:30")
    told = {
        happening_text(one)
        for one in (
            Happening(at=at, kind="merged", into="12"),
            Happening(at=at, kind="deleted"),
            Happening(at=at, kind="comment", public=False, via="email"),
            Happening(at=at, kind="comment_private", of=at),
            Happening(at=at, kind="comment_private"),
            Happening(at=at, kind="organization", organization=Organization(name="Acme")),
            Happening(at=at, kind="organization"),
        )
    }
    assert told == {
        "merged into 12",
        "deleted",
        "internal note on email",
        "comment of 2026-11-23T10:30:00Z made private",
        "comment of some time made private",
        "organization Acme",
        "organization nothing",
    }
