# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of rules means, in words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.differences import differences
from rules.in_words import attributes, value_text
from rules.load import load
from rules.outline import outline
from rules.policy import EVERYTHING, AllOf, AnyOf, Not, PathIs
from rules.promises import BeyondCredit, Counting, PerBreach

if TYPE_CHECKING:
    from rules.policy import Policy

STARTER = Path(__file__).parents[2] / "worker" / "starter"
TODAY = date(2026, 11, 24)


def starter(*changes: tuple[str, str]) -> Policy:
    """The starter folder with words replaced, without its tests."""
    files = {path.name: path.read_text("utf-8") for path in STARTER.glob("*.yaml")}
    files.pop("tests.yaml")
    for old, new in changes:
        assert any(old in text for text in files.values()), old
        files = {name: text.replace(old, new) for name, text in files.items()}
    policy, problems = load({name: text.encode() for name, text in files.items()})
    assert policy is not None, problems
    return policy


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            "within: 15m",
            "within: 30m",
            "~ tier premium, first_reply when channel is phone: within 15m -> 30m",
            id="a target",
        ),
        pytest.param(
            "otherwise: 8h",
            "otherwise: 9h",
            "~ tier premium, next_reply: within low 8h, normal 8h, high 4h, urgent 2h -> "
            "low 9h, normal 9h, high 4h, urgent 2h",
            id="a target by priority",
        ),
        pytest.param(
            "also: [2026-12-24]",
            "also: [2026-12-24, 2026-12-30]",
            "+ calendar office_nl: holidays 2026-12-30 closed",
            id="a holiday more",
        ),
        pytest.param(
            "except: [2027-03-26]",
            "except: []",
            "+ calendar office_nl: holidays 2027-03-26 Good Friday",
            id="a holiday that is none no longer",
        ),
        pytest.param(
            "cut_off: 15:00",
            "cut_off: 16:00",
            "~ calendar office_us: cut_off 15:00 -> 16:00",
            id="a cut-off",
        ),
        pytest.param(
            "fri: [09:00-12:30, 13:00-17:00]",
            "fri: [09:00-12:30]",
            "~ calendar office_nl: hours.fri 09:00-12:30, 13:00-17:00 -> 09:00-12:30",
            id="hours",
        ),
        pytest.param(
            "    breaks: {2026-12-31: [15:00-24:00]}",
            "    breaks: {}",
            "- calendar office_nl: breaks 2026-12-31 15:00-24:00",
            id="a break less",
        ),
        pytest.param(
            "default: office_nl",
            "default: office_us",
            "~ calendar office: default office_nl -> office_us",
            id="a chooser",
        ),
        pytest.param(
            "at_risk: 80%", "at_risk: 70%", "~ settings: at_risk 80% -> 70%", id="settings"
        ),
        pytest.param(
            "priority: {default: normal}",
            "priority: {default: high}",
            "~ tier standard: priority.default normal -> high",
            id="a default",
        ),
        pytest.param(
            "tell: [assignee]}",
            "tell: [group]}",
            "~ escalation usual, step 50%: tell assignee -> group",
            id="a step",
        ),
        pytest.param(
            "{below: 80%, share_of_fee: 25%}",
            "{below: 80%, share_of_fee: 20%}",
            "~ obligation reply_95: otherwise.credit below 95%: 5% of the fee, below 90%: 10% of "
            "the fee, below 80%: 25% of the fee -> below 95%: 5% of the fee, below 90%: 10% of "
            "the fee, below 80%: 20% of the fee",
            id="a credit",
        ),
        pytest.param(
            "excluding: [force_majeure, planned_maintenance]",
            "excluding: []",
            "~ obligation reply_95: excluding force_majeure, planned_maintenance -> none",
            id="what is excluded",
        ),
        pytest.param(
            "until: 2027-10-01 ",
            "until: 2028-10-01 ",
            "~ customer acme: until 2027-09-30T22:00:00Z -> 2028-09-30T22:00:00Z",
            id="a contract's end",
        ),
        pytest.param(
            "    without: [next_reply]",
            "    without: []",
            "~ customer acme: without next_reply -> none",
            id="what a contract lacks",
        ),
        pytest.param(
            'amount: "2000.00"',
            'amount: "2500.00"',
            "~ customer acme: fee 2000.00 EUR per month -> 2500.00 EUR per month",
            id="a fee",
        ),
        pytest.param(
            'because: "Regional power cut"',
            'because: "Storm"',
            "~ exclusion of 4711 (force_majeure): because Regional power cut -> Storm",
            id="an exclusion",
        ),
    ],
)
def test_a_change_is_told_in_the_words_of_the_file(old: str, new: str, told: str) -> None:
    found = differences(starter(), starter((old, new)), TODAY)
    assert [one.text() for one in found] == [told]


def test_a_tier_that_comes_is_told_with_its_targets() -> None:
    gold = (
        "tiers:\n  gold:\n    match: {organization.tags: [gold]}\n    targets:\n"
        "      - {measure: first_reply, within: 1h, counted: always}\n  premium:"
    )
    found = differences(starter(), starter(("tiers:\n  premium:", gold)), TODAY)
    told = [one.text() for one in found]
    assert told[0].startswith("+ tier gold: match organization.tags is gold")
    assert told[1].startswith("+ tier gold, first_reply: within 1h, counted always")
    assert len(told) == 2


def test_another_order_of_tiers_is_a_change() -> None:
    before = starter(("{organization.fields.sla_tier: premium}", "{organization.tags: [a]}"))
    swapped = starter(
        ("{organization.fields.sla_tier: premium}", "{organization.tags: [a]}"),
        ("  premium:\n    match", "  x:\n    match"),
        ("  standard:\n    match", "  premium:\n    match"),
        ("  x:\n    match", "  standard:\n    match"),
        ("tier: premium", "tier: standard"),
    )
    told = [one.text() for one in differences(before, swapped, TODAY)]
    assert "~ tiers: order premium, standard, everyone -> standard, premium, everyone" in told


def test_another_order_of_targets_is_a_change() -> None:
    lines = (
        "      - {measure: first_reply, when: {channel: email}, within: 24h, counted: always,"
        " escalate: usual}\n"
    )
    last = "      - {measure: first_reply, within: 4h, counted: always, escalate: usual}\n"
    found = differences(starter(), starter((lines + last, last + lines)), TODAY)
    [one] = found
    assert one.block == "tier premium, targets"
    assert one.key == "order"


def test_far_holidays_are_counted_and_near_ones_named() -> None:
    found = differences(starter(), starter(("subdivision: MA, ", "")), TODAY)
    [one] = [one for one in found if one.kind == "removed"]
    assert one.old is not None
    assert "2027-04-19 Patriots' Day" in one.old
    assert "more dates, 2000-04-17 to 2040-04-16" in one.old


def test_comments_order_of_files_and_layout_mean_nothing() -> None:
    found = differences(starter(), starter(("tiers:\n", "# the tiers\n\ntiers:\n")), TODAY)
    assert found == ()


def test_an_outline_shows_what_was_left_out_with_its_default() -> None:
    blocks = outline(starter())
    target = blocks["tier everyone, first_reply"]
    assert target.values["pause_on"] == "as the measure does"
    assert target.values["by"] == "closing"
    assert target.place.startswith("tiers.yaml:")
    assert blocks["settings"].values["at_risk"] == "80%"


def test_a_block_that_goes_is_told_with_what_it_said() -> None:
    line = "      - {measure: first_reply, within: 8h, counted: office, escalate: usual}\n"
    [one] = differences(starter(), starter((line, "")), TODAY)
    assert one.text().startswith("- tier standard, first_reply: within 8h, counted office")
    assert one.to_json() == {
        "kind": "removed",
        "block": "tier standard, first_reply",
        "key": None,
        "old": one.old,
        "new": None,
    }


@pytest.mark.parametrize(
    ("value", "attribute", "said"),
    [
        pytest.param(None, "", "nothing", id="what was not said"),
        pytest.param((), "", "none", id="an empty list"),
        pytest.param(frozenset(), "", "none", id="an empty set"),
        pytest.param({}, "", "none", id="an empty mapping"),
        pytest.param(True, "", "yes", id="a switch"),
        pytest.param(3, "", "3", id="a number"),
        pytest.param(5, "ignore_under", "5s", id="seconds"),
        pytest.param(54_000, "cut_off", "15:00", id="a time of day"),
        pytest.param(Fraction(1, 3), "", "1/3", id="a share that is no percentage"),
        pytest.param(Decimal("5000.00"), "", "5000.00", id="an amount"),
        pytest.param(date(2026, 11, 24), "", "2026-11-24", id="a day"),
        pytest.param({"low": "1", "high": "1"}, "", "1", id="all alike"),
        pytest.param(Not(PathIs("tags", frozenset({"a"}))), "", "not (tags is a)", id="not"),
        pytest.param(PerBreach(share_of_fee=Fraction(1, 100)), "", "1% of the fee", id="a share"),
        pytest.param(PerBreach(amount=Decimal("50.00")), "", "50.00", id="an amount for each"),
        pytest.param(BeyondCredit("as_law"), "", "as_law", id="damages by law"),
        pytest.param(
            BeyondCredit("capped", Decimal("5000.00")), "", "capped at 5000.00", id="capped damages"
        ),
        pytest.param(
            AllOf((PathIs("tags", frozenset({"a"})), AnyOf((EVERYTHING, EVERYTHING)))),
            "",
            "tags is a and (everything or everything)",
            id="conditions within conditions",
        ),
        pytest.param(Counting(ivr=False, window=7), "", "ivr no; window 7", id="a block within"),
    ],
)
def test_a_value_is_told_in_words(value: object, attribute: str, said: str) -> None:
    assert value_text(value, attribute) == said


def test_what_is_no_block_of_a_policy_has_no_keys() -> None:
    with pytest.raises(TypeError, match="int is no block"):
        attributes(7)
