# SPDX-License-Identifier: GPL-3.0-or-later
"""The rarer keys of the format, right and wrong."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from rules.facts import Organization
from rules.promises import BeyondCredit, Consequence, PerBreach
from tests.rules.files_of_rules import RULES, policy_of, problems_of

OBLIGATION = """\
obligations:
  reply:
    of: first_reply
    tickets: {tier: premium, channel: [email, web]}
    at_least: 95%
    per: iso_week
    unit: ticket
    excluding: [agreed]
    counting: {callback: other, ignore_under: 5s, window: 7 days, ivr: true}
    otherwise:
      per_breach: {amount: "50.00"}
      claim: {within: 15 days}
      beyond_credit: {capped: "5000.00"}
"""
TRIAL = """\
version: 1
tests:
  - name: everything once
    ticket:
      created: 2026-11-27 17:00 Europe/Amsterdam
      id: "17"
      fields: {product: router, options: [a, b]}
      requester: {role: end_user, language: nl, tags: [vip]}
      status: Waiting
      created_by: agent
      created_public: false
    happenings:
      - {at: 2026-11-27 17:01, note: agent}
      - {at: 2026-11-27 17:02, comment: end_user, via: email}
      - {at: 2026-11-27 17:03, status: Waiting for supplier}
      - {at: 2026-11-27 17:04, set: {priority: high, tags: [x, y], organization: {id: "1"}}}
      - {at: 2026-11-27 17:05, merged: "18"}
      - {at: 2026-11-27 17:06, deleted: true}
      - {at: 2026-11-27 17:07, restored: true}
      - {at: 2026-11-27 17:08 UTC, private: 2026-11-27 17:02}
    expect:
      priority: high
      steps: []
      first_reply: {state: none}
      resolution: {fulfilled: 2026-11-28, breached: 2026-11-28 09:00, calendar: office}
"""


def test_the_rarer_keys_of_an_obligation():
    found = policy_of(RULES + OBLIGATION).obligations["reply"]
    assert found.otherwise == Consequence(
        per_breach=PerBreach(amount=Decimal("50.00")),
        claim="on_request",
        claim_days=15,
        beyond_credit=BeyondCredit("capped", Decimal("5000.00")),
    )
    assert found.counting.window == 7
    assert found.counting.ignore_under == 5
    assert found.counting.ivr is True
    assert found.unit == "ticket"
    assert found.at_least == Fraction(19, 20)


def test_no_consequence_is_an_answer():
    rules = RULES + OBLIGATION[: OBLIGATION.index("    otherwise")] + "    otherwise: none\n"
    otherwise = policy_of(rules).obligations["reply"].otherwise
    assert otherwise == Consequence()
    assert not otherwise.gives_credit


def test_every_short_form_of_a_happening():
    trial = policy_of(RULES, TRIAL).trials[0]
    ticket = trial.ticket

    assert (ticket.id, ticket.status, ticket.custom_status) == ("17", "open", "Waiting")
    assert ticket.fields == {"product": "router", "options": ("a", "b")}
    assert ticket.requester.tags == ("vip",)
    assert not ticket.created_public
    assert [(each.kind, each.public, each.to, each.custom) for each in ticket.happenings] == [
        ("comment", False, None, None),
        ("comment", True, None, None),
        ("status", True, "open", "Waiting for supplier"),
        ("field", True, "high", None),
        ("field", True, ("x", "y"), None),
        ("organization", True, None, None),
        ("merged", True, None, None),
        ("deleted", True, None, None),
        ("restored", True, None, None),
        ("comment_private", True, None, None),
    ]
    assert ticket.happenings[5].organization == Organization("1")
    assert ticket.happenings[9].of == datetime(2026, 11, 27, 16, 2, tzinfo=UTC)
    assert ticket.happenings[9].at == datetime(2026, 11, 27, 17, 8, tzinfo=UTC)
    assert trial.cycles["resolution"].fulfilled_at == datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    assert trial.steps == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('per_breach: {amount: "50.00"}', "per_breach: {}", 'STP021 ...: "share_of_fee" or'),
        ("claim: {within: 15 days}", "claim: maybe", 'STP031 ...: "maybe" is not known here'),
        ("claim: {within: 15 days}", "claim: {within: 15d}", 'STP022 ...: "15d" is not a number'),
        ("claim: {within: 15 days}", "claim: [x]", "STP022 ...: "),
        ("    otherwise:\n", "    otherwise: never\n    x:\n", "STP020 ...: "),
        ("window: 7 days", "window: 0 days", 'STP022 ...: "0 days" is not a number of days'),
        ("    unit: ticket", "    unit: cycles", 'STP031 ...: "cycles" is not one of'),
        ("tier: premium, channel", "tier: gold, channel", 'STP101 ...: there is no tier "gold"'),
        ("tickets: {tier: premium,", "tickets: {all: [{tier: [gold]}],", "STP101 ...: there is"),
        ("tickets: {tier: premium,", "tickets: {any: [],", "STP022 ...: must be a list of blocks"),
        ("tickets: {tier: premium,", "tickets: {any: [x],", "STP022 ...: must be a block of paths"),
        ("tickets: {tier: premium,", "tickets: {tags: [],", "STP022 ...: lists no value"),
        ("tickets: {tier: premium,", "tickets: {tags: {a: b},", "STP022 ...: must be a value or"),
        ("tickets: {tier: premium,", "tickets: {tags: [[a]],", "STP022 ...: must be one value"),
        ("tickets: {tier: premium,", "tickets: {form:x,", "STP032 ...: "),
        ("tickets: {tier: premium,", "tickets: {ticket.product: x,", "STP032 ...: "),
        ("per: iso_week", "per: week", 'STP031 ...: "week" is not a period'),
        ("of: first_reply", "of: uptime", 'STP031 ...: "uptime" is not a measure or'),
    ],
)
def test_a_slip_in_an_obligation_is_told_once(old: str, new: str, problem: str):
    assert old in OBLIGATION
    lines = problems_of(RULES + OBLIGATION.replace(old, new))
    code, _, rest = problem.partition(" ...")
    assert code in {line.split()[1] for line in lines}
    assert any(rest in line for line in lines)
    assert len({line.split()[0] for line in lines}) <= 2


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("note: agent}", "note: nobody}", "STP031"),
        (", note: agent}", "}", "STP021"),
        ("note: agent}", "note: agent, comment: agent}", "STP022"),
        ("set: {priority: high,", "set: {prio: high,", "STP032"),
        ("set: {priority: high,", "set: {priority: {a: b},", "STP022"),
        ("deleted: true", "deleted: yes", "STP038"),
        ("state: none", "state: done", "STP031"),
        ("created: 2026-11-27 17:00 Europe/Amsterdam", "created: 2026-11-27 17:00", "STP025"),
        ("at: 2026-11-27 17:01", "at: 2026-11-27 25:01", "STP025"),
        ("at: 2026-11-27 17:01", "at: 2026-11-27T17:01+9 UTC", "STP026"),
        ("calendar: office", "calendar: offcie", "STP101"),
        ("fields: {product: router,", "fields: {product: {a: b},", "STP022"),
        ("  - name: everything once\n", "  - nam: everything once\n", "STP020"),
        ("version: 1\n", "", "STP021"),
    ],
)
def test_a_slip_in_a_test_is_told_once(old: str, new: str, code: str):
    assert old in TRIAL
    lines = problems_of(RULES, TRIAL.replace(old, new))
    assert [line.split()[1] for line in lines] == [code], lines


def test_a_file_whose_tests_cannot_be_read_is_told_once():
    assert problems_of(RULES, "version: 1\ntests: none\n") == [
        "b.yaml:2:8 STP022 tests: must be a list; put it in [ ]"
    ]


def test_rules_do_not_stand_in_a_file_of_tests():
    assert problems_of(RULES, "version: 1\ntests: []\ntiers: {}\n") == [
        'b.yaml:3:1 STP020 "tiers" is not a key here; one of version, tests'
    ]


@pytest.mark.parametrize("text", ["just text", "- a\n- b\n"])
def test_a_file_without_keys_is_told_once(text: str):
    assert [line.split()[1] for line in problems_of(RULES, text)] == ["STP022"]
