# SPDX-License-Identifier: GPL-3.0-or-later
"""Which contract, tier and target a ticket has, and since when."""

from __future__ import annotations

from typing import Any

import pytest

from rules import select
from rules.facts import Organization, Requester
from rules.policy import EVERYTHING, AllOf, AnyOf, Condition, Not, PathIs, Policy
from rules.select import selector_of
from tests.rules.builders import (
    a_contract,
    a_policy,
    a_target,
    a_ticket,
    a_tier,
    change,
    instant,
    judged,
    note,
    one_tier,
    row_of,
    status,
)


def at(text: str) -> str:
    return f"2026-11-23 {text}"  # a Monday


def _is(path: str, *values: str) -> PathIs:
    return PathIs(path, frozenset(values))


def _paired(*conditions: Condition) -> Policy:
    contracts = [
        a_contract(f"contract {number}", condition, "standard")
        for number, condition in enumerate(conditions)
    ]
    return a_policy(a_tier("standard", a_target()), contracts=contracts)


def _customer(policy: Policy, **more: Any) -> str | None:
    return judged(a_ticket(**more), policy, at("10:30")).choice.customer


def test_a_contract_may_demand_an_organisation_and_more() -> None:
    demand = AllOf((_is("channel", "web"), _is("organization.id", "360001", "360002")))
    policy = _paired(demand)
    assert _customer(policy, channel="web") == "contract 0"
    assert _customer(policy, channel="email") is None
    assert _customer(policy, channel="web", organization=Organization("7")) is None
    assert _customer(policy, channel="web", organization=None) is None


def test_a_contract_without_an_organisation_is_found_for_everybody() -> None:
    policy = _paired(AllOf((_is("channel", "web"), _is("tags", "vip"))))
    assert _customer(policy, channel="web", tags=("vip",)) == "contract 0"
    assert _customer(policy, channel="web", tags=("vip",), organization=None) == "contract 0"
    assert _customer(policy, channel="web") is None
    assert _customer(_paired(EVERYTHING), organization=None) == "contract 0"


@pytest.mark.parametrize(
    ("channel", "tags", "found"),
    [
        ("web", ("vip", "new"), (0, 1, 2)),
        ("web", (), (1,)),
        ("web", ("new",), (1,)),
        ("email", ("vip",), (1,)),
        ("email", (), (3,)),
    ],
)
def test_conditions_join_parts_by_all_any_and_not(
    channel: str, tags: tuple[str, ...], found: tuple[int, ...]
) -> None:
    web, vip = _is("channel", "web", "phone"), _is("tags", "vip", "gold")
    conditions = [AllOf((web, vip)), AnyOf((web, vip)), AllOf((AllOf((web,)), vip))]
    conditions.append(Not(AnyOf((web, vip))))
    for number, condition in enumerate(conditions):
        customer = _customer(_paired(condition), channel=channel, tags=tags)
        assert (customer is not None) == (number in found)


VALUES: dict[str, Any] = {
    "brand": "right",
    "group": "right",
    "form": "right",
    "type": "right",
    "channel": "right",
    "priority": "right",
    "created_by": "right",
    "tags": ("other", "right"),
    "fields": {"product": "right"},
    "requester": Requester(role="right", language="right", tags=("right",)),
    "organization": Organization("right", "right", {"market": "right"}, ("right",)),
}


@pytest.mark.parametrize(
    ("path", "holder"),
    [
        *((name, name) for name in ("brand", "group", "form", "type", "channel", "priority")),
        *(("created_by", "created_by"), ("tags", "tags"), ("ticket.fields.product", "fields")),
        *((f"requester.{name}", "requester") for name in ("role", "tags")),
        ("language", "requester"),
        *((f"organization.{name}", "organization") for name in ("id", "name", "tags")),
        ("organization.fields.market", "organization"),
    ],
)
def test_every_path_reads_its_own_value_of_the_ticket(path: str, holder: str) -> None:
    ticket = a_ticket(**VALUES)
    nothing = {"fields": {}, "requester": Requester(role="other"), "tags": ("other",)}
    without = a_ticket(**(VALUES | {holder: nothing.get(holder)}))
    selector = selector_of(_paired(_is(path, "right")))
    assert selector.contract_of(selector.state(ticket), 0) is not None
    assert selector.contract_of(selector.state(without), 0) is None


def test_organisations_can_be_chosen_by_their_name() -> None:
    policy = _paired(_is("organization.name", "Acme BV"))
    assert _customer(policy) == "contract 0"
    assert _customer(policy, organization=Organization("360001", "Other")) is None
    assert _customer(policy, organization=None) is None


@pytest.mark.parametrize("dates", [("from_at",), ("until_at",), ("from_at", "until_at")])
@pytest.mark.parametrize("of", ["contract", "target of the contract", "target of the tier"])
def test_alike_tickets_of_several_days_each_have_what_held_on_their_own(
    dates: tuple[str, ...], of: str
) -> None:
    instants = {"from_at": instant("2026-11-10"), "until_at": instant("2026-11-20")}
    held = {date: instants[date] for date in dates}
    dated = a_target("first_reply", "1h", **({} if of == "contract" else held))
    everybody = a_contract(
        "everybody",
        EVERYTHING,
        "standard",
        *(() if of == "target of the tier" else (dated,)),
        **(held if of == "contract" else {}),
    )
    targets = (dated,) if of == "target of the tier" else ()
    policy = a_policy(
        a_tier("standard", *targets, a_target("first_reply", "2h")), contracts=[everybody]
    )
    for day in (9, 10, 19, 20, 9):
        created = f"2026-11-{day:02} 00:00"
        holds = ("from_at" not in dates or day >= 10) and ("until_at" not in dates or day < 20)
        row = row_of(a_ticket(created), policy, created)
        assert row.target_seconds == (3600 if holds else 7200)


def test_a_full_memory_of_choices_is_emptied_and_filled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(select, "_MEMORY", 2)
    policy = one_tier(a_target("first_reply", {"high": "1h", "otherwise": "2h"}))
    selector = selector_of(policy)
    for priority in ("low", "high", "normal", "urgent", "high"):
        chosen = selector.select({"priority": priority}, 0)
        again = selector.select({"priority": priority}, 0)
        assert again is chosen
        assert chosen.priority == priority
        hours = 1 if priority == "high" else 2
        assert chosen.applications["first_reply"].span.amount == hours * 3600


def test_the_choice_dates_from_the_last_change_that_the_rules_read() -> None:
    policy = one_tier(a_target("first_reply", {"high": "1h", "otherwise": "2h"}))
    happenings = [change(at("11:00"), "brand", "other"), change(at("11:00"), "type", "task")]
    quiet = a_ticket(at("10:00"), *happenings)
    assert judged(quiet, policy, at("12:00")).choice.at == instant(at("10:00"))
    raised = a_ticket(at("10:00"), *happenings, change(at("11:30"), "priority", "high"))
    assert judged(raised, policy, at("12:00")).choice.at == instant(at("11:30"))


def test_notes_answer_while_the_target_in_force_says_so() -> None:
    def reply(priority: str, *options: str) -> Any:
        when = _is("priority", priority)
        return a_target("first_reply", "9h", when=when, stop_on=frozenset(options))

    policy = one_tier(reply("normal", "agent_note"), reply("high"), reply("low"))
    moves = [change(at("11:00"), "priority", "high"), change(at("13:00"), "priority", "low")]
    for noted, state in (("10:30", "met"), ("11:00", "running"), ("12:00", "running")):
        ticket = a_ticket(at("10:00"), *moves, note(at(noted)), priority="normal")
        assert row_of(ticket, policy, at("14:00")).state == state


def test_a_ticket_created_as_solved_has_been_paused_until_it_is_reopened() -> None:
    policy = one_tier(a_target("resolution", {"high": "1h", "otherwise": "4h"}))
    ticket = a_ticket(at("10:00"), status(at("12:00"), "open"), status="solved")
    row = row_of(ticket, policy, at("13:00"), "resolution")
    assert (row.state, row.elapsed_seconds, row.paused_seconds) == ("running", 3600, 7200)
