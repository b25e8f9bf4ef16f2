# SPDX-License-Identifier: GPL-3.0-or-later
"""Slips in rule files that admins seldom make: each told at its place, in plain words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rules.facts import PATHS
from tests.rules.files_of_rules import RULES, findings_of, policy_of, problems_of, with_changes
from tests.rules.test_load_forms import OBLIGATION, TRIAL

CHOOSER = "  by_market:\n    choose_by: {path}\n    cases: {{nl: office}}\n    default: office\n"
PER_BREACH = 'per_breach: {amount: "50.00"}'
EXCLUSION = "by: ops@example.com, approved_on: 2026-01-01, because: x}\n"
SHADOWED = """\
      - {measure: first_reply, when: {channel: [email, web]}, within: 8h, counted: office}
      - {measure: first_reply, when: {channel: email}, within: 9h, counted: office}
      - {measure: first_reply, within: 9h, counted: office}
"""
FORKED = ", ".join(f"{{any: [{{ticket.fields.f{n}: a}}, {{tags: t{n}}}]}}" for n in range(9))
"""More alternatives than are compared: 512."""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "    hours:\n",
            "    cut_off: 25:00\n    hours:\n",
            '6:14 STP034 calendars.office.cut_off: "25:00" is not a time of day',
        ),
        ("calendars:\n", "calendars:\n  x: [a]\n", "4:6 STP022 calendars.x: must be a block"),
        ("calendars:\n", "calendars:\n  x: a\n", "4:6 STP022 calendars.x: must be a block"),
        (
            "calendars:\n",
            "calendars:\n" + CHOOSER.format(path="tags"),
            "5:16 STP032 calendars.by_market.choose_by: tags holds several values",
        ),
        ("mon-fri: [09:00-17:30]", "mon-fri,mon: [09:00-17:30]", "STP017 .*: mon is given twice"),
        ("mon-fri: [09:00-17:30]", "mon-fri: [9to5]", 'STP034 .*: "9to5" is not a range of hours'),
        ("mon-fri: [09:00-17:30]", "mon-fri: [24:00-17:30]", "STP034 .*: 24:00-17:30 opens at 24"),
        ("mon-fri: [09:00-17:30]", "mon-fri: [[09:00-17:30]]", "STP034 .*: is not a range of hou"),
        ("mon-fri: [09:00-17:30]", "mon-fri: {a: b}", "STP022 .*: must be a list of hours"),
        (
            "    hours:\n      mon-fri: [09:00-17:30]",
            "    hours: [a]",
            "STP022 calendars.office.hours: must be a block of days",
        ),
        (
            "    hours:\n",
            "    extra_hours: {Christmas: [09:00-10:00]}\n    hours:\n",
            '6:19 STP026 calendars.office.extra_hours.Christmas: "Christmas" is not a date',
        ),
        (
            "{organization.fields.sla_tier: premium}",
            '{"organiz\\u200bation.x": premium}',
            "STP032 .* is no path into a ticket; it holds an invisible character",
        ),
        ("because: Contract 2026-014", 'because: "  "', "34:14 STP022 .*: must not be blank"),
        ("because: Contract 2026-014", "because: " + "a " * 6000, "STP022 .*: must be at most 5,0"),
        ("tell: [lead]}", 'assign: {group: "  "}}', "STP022 .*assign.group: must not be blank"),
        ("tell: [lead]}", "assign: {}}", "STP021 .*: assigns to nobody; give group or person"),
        (
            "lead@example.com}",
            "lead@example.com, language: Dutch}",
            'STP022 .*: "Dutch" is not a l',
        ),
        ("from: 2026-10-01", "from: 2026-10-01T00:00+2", "STP026 .* is not an instant"),
        ("from: 2026-10-01", "from: 2026-10-01 09:00x Europe/Paris", "STP026 .* is not an instant"),
        ("from: 2026-10-01", "from: 2026-10-01\n    until: 2026-09-01", "STP114 customers.acme:"),
        ("from: 2026-10-01", "from: 2026-10-01\n    cap: 150%", "STP112 customers.acme: a cap is"),
        ("within: 4h", "within: [4h]", "STP022 .*within: must be a duration or a block"),
        ("within: 4h", "within: ''", "20:40 STP022 .*within: must be a duration or a block"),
        ("within: 4h", "within: {urgent: 1h}", 'STP021 .*within: "otherwise" is missing'),
        ("lead@example.com", "lead at home", 'STP022 .*"lead at home" is not an e-mail address'),
        (
            "organization.fields.sla_tier:",
            "ticket.product:",
            'STP032 .*a ticket field is written "ticket.fields.product"',
        ),
        (
            "organization.fields.sla_tier:",
            "organisation.field.sla_tier:",
            'STP032 .*did you mean "organization.fields.sla_tier"?',
        ),
        (
            "calendars:\n",
            "calendars:\n  always: {choose_by: brand, cases: {a: office}, default: office}\n",
            "4:3 STP118 calendars.always: must be open round the clock",
        ),
        ("usual}", "usual, from: 2026-01-03, until: 2026-01-02}", "STP114 tiers.premium.targets"),
        ("Amsterdam}", "Amsterdam, at_risk: 0%}", "2:50 STP036 settings.at_risk: must be from 1%"),
    ],
)
def test_a_slip_in_the_rules_is_told_once(old: str, new: str, problem: str):
    lines = problems_of(with_changes((old, new)))
    assert len(lines) == 1, lines
    _check(lines[0], problem)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"50.00"', '"50,x"', 'STP037 .*amount: "50,x" is not an amount'),
        (PER_BREACH, "credit: [{share_of_fee: 5%}]", 'STP021 .*credit: "below" or "above" is mis'),
        (
            PER_BREACH,
            "credit: [{below: 95%, share_of_fee: 105%}]",
            "STP112 .*: a credit is at most",
        ),
        (
            PER_BREACH,
            "credit: [{below: 95%, above: 3%, share_of_fee: 5%}]",
            "STP022 .*credit.above: give below or above, not both; below stands here too",
        ),
        (
            PER_BREACH,
            PER_BREACH + "\n      credit: [{below: 95%, share_of_fee: 5%}]",
            "STP022 .*otherwise.credit: give credit or per_breach, not both",
        ),
        (
            "per: iso_week",
            "per: iso_week\n    warn: [{when: 0 more breaches, tell: [lead]}]",
            'STP022 .*warn.when: "0 more breaches" is not a forecast; write "3 more breaches"',
        ),
        (
            "per: iso_week",
            "per: iso_week\n    from: 2026-01-03\n    until: 2026-01-02",
            "STP114 obligations.reply: until is not after from",
        ),
    ],
)
def test_a_slip_in_a_promise_is_told_once(old: str, new: str, problem: str):
    lines = problems_of(RULES + with_changes((old, new), rules=OBLIGATION))
    assert len(lines) == 1, lines
    _check(lines[0], problem)


@pytest.mark.parametrize(
    ("window", "problem"),
    [
        ("", 'STP021 exclusions: "tickets" is missing; or from with until'),
        ("until: 2026-01-02, ", 'STP021 exclusions: "from" is missing'),
        ("from: 2026-01-03, until: 2026-01-02, ", "STP114 exclusions: until is not after from"),
    ],
)
def test_an_exclusion_names_tickets_or_a_window(window: str, problem: str):
    lines = problems_of(f"{RULES}exclusions:\n  - {{reason: force_majeure, {window}{EXCLUSION}")
    assert len(lines) == 1, lines
    _check(lines[0], problem)


def _check(line: str, problem: str) -> None:
    """`problem` is the beginning of a part of the line; `.*` skips what lies between."""
    at = 0
    for part in problem.split(".*"):
        assert part in line[at:], line
        at = line.index(part, at) + len(part)


def test_changes_in_a_test_are_a_block():
    lines = problems_of(
        RULES,
        with_changes(
            ('set: {priority: high, tags: [x, y], organization: {id: "1"}}', "set: priority"),
            rules=TRIAL,
        ),
    )
    assert lines == [
        "b.yaml:16:37 STP022 tests.happenings.set: must be a block of paths; write {priority: high}"
    ]


@pytest.mark.parametrize("offset", ["+0200", "+02:00", " +0200", " +02:00"])
def test_an_offset_may_be_written_with_a_colon_or_a_blank(offset: str):
    changed = with_changes(("from: 2026-10-01", f"from: 2026-10-01 09:00{offset}"))
    (contract,) = policy_of(changed).contracts
    assert contract.from_at == datetime(2026, 10, 1, 7, tzinfo=UTC)


def test_an_instant_may_carry_an_offset_west_of_greenwich():
    policy = policy_of(with_changes(("from: 2026-10-01", "from: 2026-10-01T00:00-05:30")))
    from_at = policy.contracts[0].from_at
    assert from_at is not None
    assert from_at.isoformat() == "2026-10-01T05:30:00+00:00"


def test_a_bare_day_is_explained_by_the_hours_of_the_default_calendar():
    lines = problems_of(
        with_changes(
            ("calendars:\n", "calendars:\n" + CHOOSER.format(path="brand")),
            ("within: 4h, counted: office", "within: 1d, counted: by_market"),
        )
    )
    assert len(lines) == 1
    hint = "write 24h, 8h30m (Monday's hours of office), 1 working day or 1 calendar day"
    assert lines[0].endswith(hint)


@pytest.mark.parametrize(
    "changes",
    [
        (("within: 4h, counted: office", "within: 1d, counted: missing"),),
        (
            (
                "      mon-fri: [09:00-17:30]",
                "      mon: []\n    extra_hours: {2026-12-24: [9:00-12:00]}",
            ),
            ("within: 4h, counted: office", "within: 1d, counted: office"),
        ),
    ],
    ids=["there is no such calendar", "no weekday is open"],
)
def test_a_bare_day_without_weekly_hours_is_explained_without_them(
    changes: tuple[tuple[str, str], ...],
):
    lines = [line for line in problems_of(with_changes(*changes)) if "STP024" in line]
    assert len(lines) == 1
    assert lines[0].endswith("write 24h, 1 working day or 1 calendar day")


def test_conditions_with_too_many_alternatives_are_left_uncompared():
    first = "- {measure: first_reply, within: 4h, counted: office, escalate: usual}\n"
    rules = with_changes(
        ("match: {organization.fields.sla_tier: premium}", f"match: {{all: [{FORKED}]}}"),
        (first, f"{first}      {first[:-2]}, when: {{all: [{FORKED}]}}}}\n"),
    )
    assert not problems_of(rules)
    told = {line.split()[1] for line in findings_of(rules)}
    assert told.isdisjoint({"STP210", "STP328"})


# Periods that a contract cuts


def _contract(dates: str, per: str) -> str:
    rules = with_changes(("    from: 2026-10-01\n", f"{dates}    obligations: [reply]\n"))
    return rules + OBLIGATION.replace("iso_week", per)


@pytest.mark.parametrize(
    ("per", "first", "last", "cut"),
    [
        ("iso_week", "2026-10-05", "2027-10-04", None),  # Mondays
        ("iso_week", "2026-10-01", "2027-10-04", "from"),
        ("iso_week", "2026-10-05", "2027-10-05", "until"),
        ("quarter", "2026-10-01", "2027-01-01", None),
        ("quarter", "2026-10-01", "2026-11-01", "until"),
        ("quarter", "2026-10-05", "2027-01-01", "from"),
        ("calendar_month", "2026-10-01", "2026-11-01", None),
        ("calendar_month", "2026-10-05", "2026-11-01", "from"),
        ("contract_month", "2026-10-05", "2026-12-05", None),
        ("contract_month", "2026-10-05", "2026-12-01", "until"),
        ("contract_month", "2026-01-31", "2026-02-28", None),  # the month has no 31st
        ("contract_month", "2026-01-31", "2026-03-30", "until"),
        ("contract_month", "2026-10-01 12:00 UTC", "2026-12-01 12:00 UTC", "until"),
        ("calendar_month", "2026-10-01 12:00 UTC", "2026-12-01", "from"),
    ],
)
def test_a_contract_that_cuts_a_period_says_how_the_part_counts(
    per: str, first: str, last: str, cut: str | None
):
    lines = problems_of(_contract(f"    from: {first}\n    until: {last}\n", per))
    if cut is None:
        assert lines == []
    else:
        assert len(lines) == 1
        _check(lines[0], f'STP115 customers.acme: "partial" is missing: {cut} cuts a period')


def test_only_contract_months_need_a_first_day():
    assert not problems_of(_contract("", "iso_week"))
    _check(problems_of(_contract("", "contract_month"))[0], "STP116 customers.acme:")


def test_a_tier_has_no_day_on_which_contract_months_begin():
    everyone = "priority: {default: low}\n"
    rules = with_changes((everyone, f"{everyone}    obligations: [reply]\n"))
    promise = OBLIGATION.replace("iso_week", "contract_month").replace("premium", "everyone")
    lines = problems_of(rules + promise)
    assert len(lines) == 1
    _check(lines[0], 'STP116 tiers.everyone: "reply" counts by contract_month, but a tier has no')
    assert not problems_of(rules + promise.replace("contract_month", "iso_week"))


@pytest.mark.parametrize(
    ("again", "name"),
    [
        (OBLIGATION, "obligations.reply"),
        ("calendars: {office: {time_zone: UTC, hours: {mon: [9:00-10:00]}}}\n", "calendars.office"),
        ("calendars: {office: {choose_by: brand, cases: {}, default: always}}\n", "calendars.off"),
    ],
)
def test_what_stands_in_two_files_is_told_where_it_comes_again(again: str, name: str):
    lines = problems_of(RULES + OBLIGATION, "version: 1\n" + again)
    assert len(lines) == 1, lines
    _check(lines[0], f"b.yaml:.*STP102 {name}.*: is defined in two files; first at a.yaml")


def test_a_folder_of_tests_alone_lacks_its_tiers():
    assert problems_of("version: 1\ntests: []\n") == [
        'a.yaml:1:1 STP021 "tiers" is missing from the folder'
    ]


def test_a_day_is_closed_or_opened_by_hand():
    rules = with_changes(
        (
            "    hours:\n",
            "    holidays: {country: NL, except: [2026-12-25], also: [2026-12-24]}\n    hours:\n",
        )
    )
    holidays = policy_of(rules).calendars["office"].business.holidays
    assert date(2026, 12, 24) in holidays
    assert date(2026, 12, 25) not in holidays
    assert date(2026, 12, 26) in holidays


# Findings


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (
            "    from: 2026-10-01\n",
            "    from: 2026-10-01\n    without: [next_reply]\n",
            '34:14 STP330 customers.acme: "premium" has no next_reply to take away',
        ),
        (
            "mon-fri: [09:00-17:30]",
            "mon-wed: [10:00-11:00]\n      thu-fri: [13:00-11:00]",
            "8:17 STP321 calendars.office.hours: 13:00-11:00 runs for 22 hours",
        ),
        (
            "      - {measure: first_reply, within: 8h, counted: office}\n",
            SHADOWED,
            "29:9 STP328 tiers.everyone.targets: no ticket can have this first_reply target",
        ),
    ],
)
def test_what_has_no_effect_is_found_at_its_place(old: str, new: str, finding: str):
    found = findings_of(with_changes((old, new)))
    assert any(finding in line for line in found), found


def test_a_step_before_the_start_of_calendar_days_is_found():
    rules = with_changes(
        (
            "within: 4h, counted: office, escalate",
            "within: 2 calendar days, counted: office, escalate",
        ),
        ("at: 75%", "at: 47h before"),
    )
    assert not any("STP304" in line for line in findings_of(rules))
    assert any("STP304" in line for line in findings_of(rules.replace("47h before", "48h before")))


def test_a_forecast_that_warns_nobody_is_found():
    warning = "per: iso_week\n    warn: [{when: 3 more breaches, tell: [%s]}]"
    quiet, told = (
        RULES + OBLIGATION.replace("per: iso_week", warning % who) for who in ("", "lead")
    )
    assert any("STP305 obligations.reply.warn: warns nobody" in line for line in findings_of(quiet))
    assert not any("STP305" in line for line in findings_of(told))


def test_a_test_in_a_year_that_no_calendar_counts_covers_nothing():
    test = "  - {name: far, ticket: {created: 2300-01-01 10:00 UTC}, expect: {tier: everyone}}\n"
    found = findings_of(RULES, "version: 1\ntests:\n" + test)
    assert sum("STP314" in line for line in found) == 3
    assert (
        sum(
            "STP314" in line
            for line in findings_of(RULES, "version: 1\ntests:\n" + test.replace("2300", "2026"))
        )
        == 2
    )


@pytest.mark.parametrize(
    "condition",
    [
        "organization.id: 360001234567\u201d",
        "organization.name: \u2018Acme\u2019",
        "tags: \u201evip\u201c",
        "tags: [\u201evip\u201c]",
    ],
)
def test_curly_quotes_around_a_value_of_a_condition_are_named(condition: str):
    changed = with_changes(("organization.fields.sla_tier: premium", condition))
    (problem,) = problems_of(changed)
    assert " STP022 " in problem
    assert "holds curly quotes, which are part of the value; write" in problem


@pytest.mark.parametrize("name", ["\u2019s-Hertogenbosch", "Bar \u201cDe Zon\u201d", "D\u2019Arc"])
def test_a_name_may_hold_a_curly_quote_of_its_own(name: str):
    policy_of(with_changes(("organization.fields.sla_tier: premium", f"organization.name: {name}")))


@pytest.mark.parametrize(
    "condition", ["any: [*gone]", "tags: [*gone]", "not: {any: [&a {b: c}, !x y]}"]
)
def test_a_list_of_which_nothing_could_be_read_is_not_called_empty(condition: str):
    changed = with_changes(("organization.fields.sla_tier: premium", condition))
    assert not [line for line in problems_of(changed) if " STP022 " in line]


@pytest.mark.parametrize(
    ("path", "own"), [("colour", 'a ticket field is written "ticket.fields.colour"; '), ("x.y", "")]
)
def test_a_path_that_is_like_no_other_is_answered_with_all_there_are(path: str, own: str):
    (problem,) = problems_of(
        with_changes(("organization.fields.sla_tier: premium", f"{path}: premium"))
    )
    hint = problem.split("; ", 1)[1]
    assert hint == (
        f"{own}the paths are organization.fields.KEY, ticket.fields.KEY, {', '.join(PATHS)}"
    )


def test_what_an_obligation_counts_may_also_ask_for_the_tier():
    def told(path: str) -> str:
        (problem,) = problems_of(
            RULES + OBLIGATION.replace("tickets: {tier: premium", f"tickets: {{{path}: premium")
        )
        return problem

    assert told("teir").endswith('did you mean "tier"?')
    assert told("x.y").endswith(f"{', '.join(PATHS)}, tier")
