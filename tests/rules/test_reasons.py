# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a condition holds or fails, in the words of the rule file."""

from __future__ import annotations

from rules.policy import EVERYTHING, AllOf, AnyOf, Not, PathIs
from rules.reasons import shown_value, why_fails, why_holds


def _is(path: str, *values: str) -> PathIs:
    return PathIs(path, frozenset(values))


VIP, NL = _is("tags", "vip"), _is("organization.fields.market", "nl")
STATE = {"tags": ("vip", "new"), "organization.fields.market": "be", "brand": None}


def test_a_condition_that_holds_shows_the_values_of_the_ticket():
    assert why_holds(VIP, STATE) == "tags = vip, new"
    assert why_holds(EVERYTHING, STATE) == "match: everything"
    both = AllOf((VIP, _is("organization.fields.market", "be")))
    assert why_holds(both, STATE) == "tags = vip, new, organization.fields.market = be"


def test_of_several_alternatives_the_first_that_holds_is_shown():
    assert why_holds(AnyOf((NL, VIP)), STATE) == "tags = vip, new"


def test_a_condition_turned_round_shows_why_its_part_does_not_hold():
    assert why_holds(Not(NL), STATE) == "not (organization.fields.market is be, not nl)"
    assert why_fails(Not(VIP), STATE) == "tags = vip, new"


def test_of_several_demands_the_first_that_fails_is_shown():
    brand = _is("brand", "acme")
    assert why_fails(AllOf((VIP, NL, brand)), STATE) == "organization.fields.market is be, not nl"
    assert why_fails(AllOf((VIP, brand)), STATE) == "brand is nothing, not acme"


def test_where_no_alternative_holds_each_is_shown():
    assert why_fails(AnyOf((NL, _is("brand", "acme"))), STATE) == (
        "organization.fields.market is be, not nl; brand is nothing, not acme"
    )


def test_of_many_values_three_are_shown_and_the_others_counted():
    market = _is("organization.fields.market", "at", "ch", "de")
    assert why_fails(market, STATE) == "organization.fields.market is be, not at or ch or de"
    market = _is("organization.fields.market", "at", "ch", "de", "fr", "nl")
    assert why_fails(market, STATE).endswith("is be, not at or ch or de or 2 more")


def test_a_value_is_shown_as_a_person_reads_it():
    assert shown_value(None) == "nothing"
    assert shown_value(()) == "nothing"
    assert shown_value("nl") == "nl"
    assert shown_value(("a", "b")) == "a, b"
