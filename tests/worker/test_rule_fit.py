# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules beside an account: tiers that nobody belongs to, fields and statuses that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.base import Inventory
from rules.facts import Organization
from rules.load import load
from worker.rule_fit import holds_for, misfits, only_last_tier

if TYPE_CHECKING:
    from rules.policy import Policy

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  nl: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:00]}}
  us: {time_zone: America/New_York, hours: {mon-fri: [09:00-17:00]}}
  office: {choose_by: organization.fields.market, cases: {us: us}, default: nl}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    targets:
      - {measure: resolution, within: 8h, counted: office, pause_on: [Waiting for supplier]}
  urgent:
    match: {tags: [urgent]}
    targets: [{measure: first_reply, within: 1h, counted: always}]
  all:
    match: everything
    targets: [{measure: first_reply, within: 8h, counted: office}]
customers:
  acme:
    match: {organization.id: "1"}
    tier: premium
"""
ACME = Organization(id="1", name="Acme", fields={"sla_tier": "premium", "market": "us"})
OTHER = Organization(id="2", name="Other", tags=("customer",), fields={"market": "us"})


def policy(text: str = RULES) -> Policy:
    found, problems = load({"sla.yaml": text.encode()})
    assert found is not None, problems
    return found


def inventory(*organizations: Organization, **known: object) -> Inventory:
    fields = frozenset({"sla_tier", "market"})
    statuses = frozenset({"Open", "Waiting for supplier"})
    given = {"organization_fields": fields, "statuses": statuses} | known
    return Inventory(organizations=organizations, **given)


def test_rules_that_fit_an_account_say_nothing() -> None:
    assert misfits(policy(), inventory(ACME, OTHER)) == []


def test_a_tier_and_a_contract_that_no_organization_matches_are_named() -> None:
    none = "none of the 1 organizations of the account matches"
    found = misfits(policy(), inventory(OTHER))
    assert [(one.kind, one.what) for one in found] == [
        ("tier", f"{none} the tier premium (sla.yaml:9)"),
        ("customer", f"{none} the customer acme (sla.yaml:20)"),
    ]


def test_nothing_is_said_of_organizations_that_may_not_be_read() -> None:
    unread = Inventory(None, None, None)
    assert misfits(policy(), unread) == []


def test_an_unknown_organization_field_is_told_with_the_nearest_one() -> None:
    known = frozenset({"sla_tiers", "market"})
    found = misfits(policy(), inventory(ACME, organization_fields=known))
    [one] = found
    assert one.what == "the account has no organization field sla_tier, which sla.yaml:9 reads"
    assert one.sentence() == f'{one.what}; did you mean "sla_tiers"?'


def test_the_field_that_chooses_a_calendar_is_looked_for_too() -> None:
    found = misfits(policy(), inventory(ACME, organization_fields=frozenset({"sla_tier"})))
    assert ["organization field market" in one.what for one in found] == [True]


def test_a_case_that_no_organization_has_is_told_with_the_values_that_fall_to_the_default() -> None:
    [one] = misfits(policy(RULES.replace("{us: us}", "{usa: us}")), inventory(ACME, OTHER))
    assert (one.kind, one.what) == (
        "calendar",
        (
            'none of the 2 organizations of the account has organization.fields.market "usa", a '
            'case of the calendar office (sla.yaml:7); organizations have "us", for which it takes '
            "its default nl"
        ),
    )
    assert one.remedy == 'did you mean "us"?'


def test_many_values_that_fall_to_a_default_are_not_all_named() -> None:
    markets = [
        Organization(id=f"{n}", fields={"sla_tier": "premium", "market": f"m{n}"})
        for n in range(1, 8)
    ]
    [one] = misfits(policy(), inventory(*markets))
    assert '"m1", "m2", "m3", "m4", "m5" and 2 values more, for which' in one.what
    assert one.remedy == "mend the case, or fill the field at those meant"


def test_values_without_a_case_are_what_a_default_is_for() -> None:
    dutch = Organization(id="3", fields={"market": "nl"})
    assert misfits(policy(), inventory(ACME, OTHER, dutch)) == []


def test_an_unknown_status_is_told_with_the_nearest_one() -> None:
    known = frozenset({"Open", "Waiting for supplies"})
    found = misfits(policy(), inventory(ACME, statuses=known))
    assert [(one.kind, one.remedy) for one in found] == [
        ("status", 'did you mean "Waiting for supplies"?')
    ]
    assert '"Waiting for supplier", on which sla.yaml:12 pauses' in found[0].what


def test_customers_of_the_last_tier_alone_are_known() -> None:
    rules = policy(RULES.replace("match: {tags: [urgent]}", "match: {organization.tags: [vip]}"))
    assert only_last_tier(rules, [ACME, OTHER]) == [OTHER]


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ("everything", "yes"),
        ("{organization.id: '1'}", "yes"),
        ("{organization.id: '2'}", "no"),
        ("{tags: [a]}", "depends"),
        ("{organization.id: '1', tags: [a]}", "depends"),
        ("{organization.id: '2', tags: [a]}", "no"),
        ("{any: [{organization.id: '1'}, {tags: [a]}]}", "yes"),
        ("{any: [{organization.id: '2'}, {tags: [a]}]}", "depends"),
        ("{any: [{organization.id: '2'}, {organization.id: '3'}]}", "no"),
        ("{not: {organization.id: '1'}}", "no"),
        ("{not: {tags: [a]}}", "depends"),
        ("{organization.tags: [customer]}", "no"),
    ],
)
def test_a_condition_holds_for_a_customer_whatever_its_tickets_say(match: str, holds: str) -> None:
    rules = policy(
        f"""
version: 1
settings: {{time_zone: Europe/Amsterdam}}
tiers:
  some:
    match: {match}
    targets: [{{measure: first_reply, within: 8h, counted: always}}]
"""
        + (
            ""
            if match == "everything"
            else """
  all:
    match: everything
    targets: [{measure: first_reply, within: 9h, counted: always}]
"""
        )
    )
    assert holds_for(rules.tiers[0].match, ACME) == holds
