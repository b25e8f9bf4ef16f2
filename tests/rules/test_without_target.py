# SPDX-License-Identifier: GPL-3.0-or-later
"""Promises that a ticket does not have, and what chose its calendar: told, with the reason."""

from __future__ import annotations

import pytest

from rules.explain import Explanation, explain
from rules.facts import Organization
from rules.policy import AllOf, AnyOf, Condition, Not, PathIs, Policy
from rules.trial import TrialResult, run_trial
from tests.rules.builders import (
    a_chooser,
    a_contract,
    a_policy,
    a_target,
    a_ticket,
    a_tier,
    change,
    instant,
    one_tier,
)
from tests.rules.test_trial import policy_of

PHONE = PathIs("channel", frozenset({"phone"}))
MAIL = PathIs("channel", frozenset({"email"}))
VIP = PathIs("tags", frozenset({"vip"}))
ACME = PathIs("organization.id", frozenset({"360001"}))
RESOLUTION = a_target("resolution", "8h")

CREATED = "2026-11-23 10:00 Europe/Amsterdam"
RULES = """\
version: 1
settings: {time_zone: Europe/Amsterdam}
tiers:
  gold:
    match: {tags: gold}
    targets:
      - {measure: first_reply, within: 1h, counted: always}
  everyone:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, when: {channel: email}, within: 3h, counted: always}
      - {measure: next_reply, within: 3h, counted: always}
"""


def _explained(policy: Policy, ticket: object = None) -> Explanation:
    return explain(ticket or a_ticket(channel="phone"), policy, instant("2026-11-23 11:00"))


def _a_test(ticket: str, expect: str, more: str = "") -> TrialResult:
    policy = policy_of(
        f"  - name: it\n    ticket: {{created: {CREATED}, {ticket}}}\n{more}    expect: {expect}\n",
        RULES,
    )
    return run_trial(policy.trials[0], policy)


def test_a_promise_that_does_not_apply_is_named_with_its_condition():
    found = _explained(one_tier(a_target(when=MAIL), RESOLUTION))
    line = "first_reply: no target applies: rules.yaml:1 wants channel email"
    assert f"\n\n{line}\n" in found.text()
    assert found.to_json()["without_target"] == [
        {"measure": "first_reply", "reasons": ["rules.yaml:1 wants channel email"]}
    ]


def test_a_measure_that_has_a_target_or_none_at_all_is_not_named():
    found = _explained(one_tier(a_target(when=MAIL), a_target(), RESOLUTION))
    assert found.without_target == ()
    assert "no target applies" not in found.text()


def test_a_measure_that_had_a_target_before_is_not_named():
    ticket = a_ticket("2026-11-23 10:00", change("2026-11-23 10:30", "brand", "b"), brand="a")
    policy = one_tier(a_target(when=PathIs("brand", frozenset({"a"}))), RESOLUTION)
    assert _explained(policy, ticket).without_target == ()


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        (AllOf((PHONE, VIP)), "tags vip"),
        (AnyOf((MAIL, VIP)), "channel email or tags vip"),
        (Not(PHONE), "not (channel is phone)"),
        (PathIs("brand", frozenset({"a", "b", "c", "d"})), "brand a or b or c or 1 more"),
    ],
)
def test_of_a_condition_what_does_not_hold_is_told(when: Condition, wanted: str):
    [found] = _explained(one_tier(a_target(when=when), RESOLUTION)).without_target
    assert found.reasons == (f"rules.yaml:1 wants {wanted}",)


def test_dates_that_do_not_hold_the_creation_are_told():
    later = a_target(from_at=instant("2026-12-01"))
    earlier = a_target(until_at=instant("2026-11-01"))
    [found] = _explained(one_tier(later, earlier, RESOLUTION)).without_target
    assert found.reasons == (
        "rules.yaml:1 holds for tickets created from 2026-12-01T00:00:00Z on",
        "rules.yaml:1 holds for tickets created before 2026-11-01T00:00:00Z",
    )


def test_a_missing_priority_is_told_once():
    tier = a_tier("standard", a_target(), a_target(when=MAIL), default_priority=None)
    [found] = _explained(a_policy(tier)).without_target
    assert found.reasons == ("the ticket has no priority and the tier has no default",)


def test_a_customer_that_goes_without_a_measure_is_named():
    contract = a_contract("acme", ACME, "standard", without=frozenset({"first_reply"}))
    policy = a_policy(a_tier("standard", a_target(), RESOLUTION), contracts=[contract])
    [found] = _explained(policy).without_target
    assert found.reasons == ("customer acme goes without it (rules.yaml:1)",)


def test_of_many_targets_four_are_shown_and_the_others_counted():
    [found] = _explained(one_tier(*[a_target(when=MAIL)] * 6, RESOLUTION)).without_target
    assert found.text().count("wants channel email") == 4
    assert found.text().endswith("; and 2 more")
    assert len(found.reasons) == 6


@pytest.mark.parametrize(
    ("market", "because"),
    [
        ("nl", "office chosen by by_market: organization.fields.market is nl"),
        (
            "b",
            "always is the default of by_market: organization.fields.market is b, which is no case",
        ),
    ],
)
def test_what_chose_a_calendar_is_told(market: str, because: str):
    chooser = a_chooser("by_market", "organization.fields.market", {"nl": "office"}, "always")
    policy = one_tier(a_target(counted="by_market"), choosers=[chooser])
    ticket = a_ticket(organization=Organization("1", fields={"market": market}))
    found = _explained(policy, ticket)
    assert f"\n  calendar {because} (rules.yaml:1)\n" in found.text()
    assert found.to_json()["cycles"][0]["calendar_because"] == f"{because} (rules.yaml:1)"


def test_a_calendar_that_the_target_names_needs_no_reason():
    found = _explained(one_tier(a_target()))
    assert "\n  calendar " not in found.text()
    assert found.to_json()["cycles"][0]["calendar_because"] is None


@pytest.mark.parametrize(
    ("ticket", "measure", "reason"),
    [
        ("tags: [gold]", "first_reply", "no target applies: the ticket has no priority and the"),
        ("channel: phone", "first_reply", "no target applies: sla.yaml:12 wants channel email"),
        ("channel: phone", "next_reply", "a target applies, but nothing had started it by 2026"),
        ("channel: phone", "resolution", "no target applies: tier everyone has none for it"),
    ],
)
def test_a_test_says_why_a_measure_has_no_cycle(ticket: str, measure: str, reason: str):
    result = _a_test(ticket, f"{{{measure}: {{due: 2026-11-23 12:00}}}}")
    [said] = result.reasons
    assert said.startswith(f"{measure}: {reason}")


def test_a_test_whose_state_is_another_says_when_its_clock_stopped():
    stopped = "state: the clock stopped at 2026-11-23 10:00 Europe/Amsterdam"
    why = ", the last instant that the test names; until sets another"
    late = "{first_reply: {state: breached_open}}"
    assert _a_test("channel: email", late).reasons[-1] == stopped + why
    given = _a_test("channel: email", late, "    until: 2026-11-23 12:00\n")
    assert given.reasons[-1] == stopped.replace("10:00", "12:00")
