# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading rule folders: what they mean, and what is told of those that are wrong."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from rules.fingerprint import fingerprint
from rules.lint import lint
from rules.load import load
from rules.policy import EVERYTHING, AllOf, AnyOf, Not, PathIs, Policy, Span
from tests.rules.files_of_rules import (
    RULES,
    TODAY,
    findings_of,
    policy_of,
    problems_of,
    with_changes,
)

SUCCESSOR = """\
  acme_2:
    match: {organization.id: "360001"}
    tier: premium
    from: 2028-01-01
"""
STARTER = Path(__file__).parents[2] / "worker" / "starter"


def starter() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in STARTER.glob("*.yaml")}


def starter_policy() -> Policy:
    policy, problems = load(starter())
    assert policy is not None, problems
    return policy


def documented(shared: Path) -> list[str]:
    text = (shared / "rule-files.md").read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_the_documented_example_lacks_nothing_but_tests(shared: Path):
    rules, tests = documented(shared)
    policy, problems = load({"rules.yaml": rules.encode()})

    assert not problems
    assert policy is not None
    assert [str(finding) for finding in lint(policy, TODAY)] == [
        (
            "rules.yaml:1:1 STP316 the folder holds no tests; "
            "add a file with tests: a ticket, what happens, what is expected"
        )
    ]
    with_tests, problems = load({"rules.yaml": rules.encode(), "tests.yaml": tests.encode()})
    assert not problems
    assert with_tests is not None
    assert with_tests.hash == policy.hash


def test_the_starter_folder_means_what_the_documentation_says(shared: Path):
    rules, _ = documented(shared)
    policy, _ = load({"rules.yaml": rules.encode()})
    assert policy is not None
    assert policy.hash == starter_policy().hash


def test_the_starter_folder_is_clean():
    assert lint(starter_policy(), TODAY) == []


def test_targets_have_a_span_for_each_priority():
    premium = starter_policy().tiers[0]
    next_reply = next(target for target in premium.targets if target.measure == "next_reply")
    resolution = next(target for target in premium.targets if target.measure == "resolution")

    assert {word: span.amount for word, span in next_reply.within.items()} == {
        "urgent": 7200,
        "high": 14400,
        "normal": 28800,
        "low": 28800,
    }
    assert resolution.within["low"] == Span("working_days", 5)
    assert resolution.pause_on == ("pending", "hold", "Waiting for supplier")


def test_a_calendar_has_its_holidays_and_exceptions():
    office = starter_policy().calendars["office_nl"]

    assert date(2026, 12, 25) in office.holiday_names
    assert office.holiday_names[date(2026, 12, 24)] == "closed"
    assert date(2027, 3, 26) not in office.holiday_names
    assert min(office.holiday_names).year == 2000
    assert max(office.holiday_names).year == 2040
    assert office.known_until == date(2040, 12, 31)
    assert office.business.is_open(datetime(2026, 12, 19, 11, 0, tzinfo=UTC))
    assert not office.business.is_open(datetime(2026, 12, 31, 15, 0, tzinfo=UTC))
    assert starter_policy().calendars["office_us"].cut_off == 15 * 3600


def test_always_is_there_in_the_zone_of_the_settings():
    always = starter_policy().calendars["always"]
    assert always.business.time_zone == "Europe/Amsterdam"
    assert always.business.hours.always_open


def test_always_may_be_given_a_zone():
    rules = with_changes(
        (
            "calendars:\n",
            "calendars:\n  always: {time_zone: UTC, hours: {mon-sun: [00:00-24:00]}}\n",
        )
    )
    assert policy_of(rules).calendars["always"].business.time_zone == "UTC"


def test_money_and_shares_are_exact():
    policy = starter_policy()
    acme, reply = policy.contracts[0], policy.obligations["reply_95"]

    assert acme.fee is not None
    assert acme.fee.amount == Decimal("2000.00")
    assert acme.cap == Fraction(3, 10)
    assert reply.at_least == Fraction(19, 20)
    assert reply.otherwise is not None
    assert [band.level for band in reply.otherwise.credit] == [
        Fraction(19, 20),
        Fraction(9, 10),
        Fraction(4, 5),
    ]
    assert reply.warn[0].more_breaches == 3
    assert policy.obligations["abandoned"].otherwise is not None
    assert policy.obligations["abandoned"].otherwise.credit[0].edge == "above"


def test_dates_without_a_zone_are_midnight_in_the_zone_of_the_settings():
    policy = policy_of(
        with_changes(("Europe/Amsterdam}", "America/New_York, enforce_from: 2026-10-01}"))
    )
    assert policy.settings.enforce_from == datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
    assert policy.contracts[0].from_at == datetime(2026, 10, 1, 4, 0, tzinfo=UTC)


def test_dates_of_a_contract_are_midnight_in_the_zone_of_its_periods():
    periods = "from: 2026-10-01\n    periods: {time_zone: Asia/Tokyo, partial: full}"
    policy = policy_of(with_changes(("from: 2026-10-01", periods)))
    assert policy.contracts[0].from_at == datetime(2026, 9, 30, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-10-01 09:00 Europe/Amsterdam", datetime(2026, 10, 1, 7, 0, tzinfo=UTC)),
        ("2026-10-01T09:00:00+02:00", datetime(2026, 10, 1, 7, 0, tzinfo=UTC)),
        ("2026-10-01T09:00:00Z", datetime(2026, 10, 1, 9, 0, tzinfo=UTC)),
        ("2026-10-01 UTC", datetime(2026, 10, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_an_instant_may_name_its_zone(written: str, instant: datetime):
    policy = policy_of(with_changes(("from: 2026-10-01", f"from: {written}")))
    assert policy.contracts[0].from_at == instant


def test_conditions_keep_their_structure():
    match = "match: {not: {brand: b}, any: [{tags: [x, y]}, {group: g, form: f}]}"
    policy = policy_of(with_changes(('match: {organization.id: "360001"}', match)))
    assert policy.contracts[0].match == AllOf(
        (
            Not(PathIs("brand", frozenset({"b"}))),
            AnyOf(
                (
                    PathIs("tags", frozenset({"x", "y"})),
                    AllOf((PathIs("group", frozenset({"g"})), PathIs("form", frozenset({"f"})))),
                )
            ),
        )
    )
    assert policy.tiers[-1].match == EVERYTHING


def test_a_position_is_kept_for_each_rule():
    policy = policy_of(RULES)
    premium = policy.tiers[0]
    assert str(premium.where) == "a.yaml:14"
    assert str(premium.targets[1].where) == "a.yaml:21"
    assert premium.targets[0].places["within"].column == 40
    assert str(policy.escalations["usual"][0].where) == "a.yaml:12"
    assert premium.places["priority.floor"].line == 17
    assert premium.places["serves.1"].column == 21


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(RULES.replace("\n", "\r\n"), id="CRLF"),
        pytest.param("\ufeff" + RULES, id="byte order mark"),
        pytest.param(RULES.replace("\n", "   \n"), id="trailing blanks"),
        pytest.param(RULES.replace("customers:", "# comment\n\ncustomers:"), id="comment"),
        pytest.param(RULES.replace("version: 1", '"version": "1"'), id="quoted"),
        pytest.param(RULES.replace("mon-fri:", "mon,tue,wed-fri:"), id="other days"),
        pytest.param(RULES.replace("within: 4h", "within: 240m"), id="other duration"),
        pytest.param(
            RULES.replace("because: Contract 2026-014", "because: |\n      Contract 2026-014   \n"),
            id="block text",
        ),
    ],
)
def test_the_hash_is_of_the_meaning_not_of_the_bytes(written: str):
    assert policy_of(written).hash == policy_of(RULES).hash


def test_the_hash_does_not_depend_on_files_or_their_names():
    head, customers = RULES.split("customers:")
    split = policy_of(f"version: 1\ncustomers:{customers}", head)
    assert split.hash == policy_of(RULES).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("within: 4h", "within: 5h"),
        ("2027-07-01", "2027-07-02"),
        ("mon-fri: [09:00-17:30]", "mon-fri: [09:00-17:30]\n    holidays: {also: [2026-12-24]}"),
        ("lead@example.com", "boss@example.com"),
        ("tell: [lead]", "tell: [lead], note: true"),
        ('"360001"', '"360002"'),
    ],
)
def test_the_hash_changes_with_the_meaning(old: str, new: str):
    assert policy_of(with_changes((old, new))).hash != policy_of(RULES).hash


def test_all_problems_of_all_files_are_told_at_once():
    rules = with_changes(
        ("09:00-17:30", "9-5"),
        ("within: 4h", "within: 24"),
        ("escalate: usual", "escalate: unusual"),
        ("review_by: 2027-07-01", "review: 2027-07-01"),
    )
    assert [line.split()[:2] for line in problems_of("version: 1\nexclusions: {}\n", rules)] == [
        ["a.yaml:2:13", "STP022"],
        ["b.yaml:7:17", "STP034"],
        ["b.yaml:20:40", "STP023"],
        ["b.yaml:20:71", "STP101"],
        ["b.yaml:35:5", "STP020"],
    ]


def test_a_mistake_in_one_target_does_not_hide_a_name_in_the_same_target():
    rules = with_changes(("within: 4h, counted: office", "withing: 4h, counted: offcie"))
    assert [line.split()[1] for line in problems_of(rules)] == ["STP020", "STP101"]


def test_a_name_may_be_defined_once():
    again = "version: 1\nrecipients:\n  lead: {ticket: group}\nsettings: {time_zone: UTC}\n"
    assert problems_of(RULES, again) == [
        "b.yaml:3:3 STP102 recipients.lead: is defined in two files; first at a.yaml:9:3",
        "b.yaml:4:23 STP102 settings.time_zone: is given in two files; first at a.yaml:2:23",
    ]


def test_tiers_stand_in_one_file():
    more = "version: 1\ntiers:\n  gold:\n    match: {brand: gold}\n    targets: []\n"
    assert problems_of(more, RULES) == [
        "b.yaml:13:1 STP103 tiers: tiers stand in one file: order matters; the others are in a.yaml"
    ]


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        pytest.param("calendars:", "calendar:", ["STP020"], id="misspelt section"),
        pytest.param("  office:\n", "  ? [x]\n  : y\n  office:\n", ["STP016"], id="lost key"),
        pytest.param("escalations:\n", "escalations: oops\nx:\n", ["STP022", "STP020"], id="text"),
    ],
)
def test_names_are_not_judged_against_a_section_that_could_not_be_read(
    old: str, new: str, codes: list[str]
):
    assert [line.split()[1] for line in problems_of(with_changes((old, new)))] == codes


def test_names_are_not_judged_when_a_file_could_not_be_read():
    head, customers = RULES.split("customers:")
    assert [
        line.split()[1]
        for line in problems_of(f"{head}x: - y", f"version: 1\ncustomers:{customers}")
    ] == ["STP001"]


def test_a_contract_that_lost_its_dates_overlaps_with_nothing():
    second = SUCCESSOR.replace("2028-01-01", "2028-13-01")
    rules = with_changes(("from: 2026-10-01\n", "from: 2026-10-01\n    until: 2028-01-01\n"))
    assert [line.split()[1] for line in problems_of(rules + second)] == ["STP026"]


def test_contracts_of_one_organisation_may_follow_each_other():
    rules = with_changes(("from: 2026-10-01\n", "from: 2026-10-01\n    until: 2028-01-01\n"))
    assert problems_of(rules + SUCCESSOR) == []


def test_contracts_told_apart_by_brand_do_not_overlap():
    rules = with_changes(('{organization.id: "360001"}', '{organization.id: "360001", brand: a}'))
    second = '  b:\n    match: {organization.id: "360001", brand: b}\n    tier: premium\n'
    assert problems_of(rules + second) == []


def test_contracts_told_apart_by_tags_only_overlap():
    rules = with_changes(('{organization.id: "360001"}', "{tags: a}"))
    second = "  b:\n    match: {tags: b}\n    tier: premium\n"
    assert [line.split()[1] for line in problems_of(rules + second)] == ["STP108"]


def test_a_slow_first_reply_for_other_tickets_is_no_contradiction():
    targets = """\
when: {channel: phone}, within: 1h, counted: office, escalate: usual}
      - {measure: first_reply, within: 8h, counted: office}
      - {measure: resolution, when: {channel: phone}, within: 2h, counted: office}"""
    rules = with_changes(("within: 4h, counted: office, escalate: usual}", targets))
    assert problems_of(rules) == []


def test_a_contract_is_compared_with_what_it_inherits():
    own = "    targets:\n      - {measure: resolution, within: 3h, counted: office}\n"
    assert problems_of(RULES + own) == [
        (
            "a.yaml:37:39 STP109 customers.acme.targets: a first reply may take 4h, longer than "
            "the resolution's 3h (priority urgent); the other is at a.yaml:20:40"
        )
    ]


def test_a_file_of_tests_may_have_mistakes_of_its_own():
    tests = (
        "version: 1\ntests:\n  - {name: x, ticket: {created: 2026-11-01}, expect: {tier: gold}}\n"
    )
    assert problems_of(RULES, tests) == [
        'b.yaml:3:61 STP101 tests.expect.tier: there is no tier "gold"; one of premium, everyone'
    ]


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ('customer: ""', "STP022 tests.expect.customer: must not be empty"),
        ('customer: "  "', "STP022 tests.expect.customer: must not be blank"),
        (f"customer: {'x' * 501}", "STP022 tests.expect.customer: must be one line of at most"),
        (
            "customer: nona",
            'STP101 tests.expect.customer: there is no customer "nona"; did you mean',
        ),
        (
            "tier: none",
            'STP101 tests.expect.tier: there is no tier "none"; every ticket has a tier',
        ),
    ],
)
def test_an_expected_name_that_cannot_be_is_told_once(expect: str, told: str):
    test = f"{{name: x, ticket: {{created: 2026-11-01}}, expect: {{{expect}}}}}"
    [line] = problems_of(RULES, f"version: 1\ntests:\n  - {test}\n")
    assert told in line


def test_blanks_around_a_quoted_name_say_nothing():
    test = "{name: x, ticket: {created: 2026-11-01}, expect: {customer: ' acme '}}"
    assert problems_of(RULES, f"version: 1\ntests:\n  - {test}\n") == []


def test_no_customer_can_be_called_none():
    assert problems_of(RULES.replace("  acme:", "  none:")) == [
        (
            'a.yaml:30:3 STP029 customers.none: "none" cannot be the name of a customer; '
            "tests write customer: none where no contract holds"
        )
    ]


def test_a_test_becomes_a_ticket_with_its_history():
    trials = {trial.name: trial for trial in starter_policy().trials}
    trial = trials["waiting for the customer moves the deadline of a resolution"]

    assert trial.zone == "Europe/Amsterdam"
    assert trial.ticket.created_at == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    assert [(each.kind, each.by, each.to) for each in trial.ticket.happenings] == [
        ("comment", "agent", None),
        ("status", "agent", "pending"),
        ("comment", "requester", None),
        ("status", "system", "open"),
    ]
    assert trial.cycles["resolution"].due_at == datetime(2026, 11, 17, 9, 0, tzinfo=UTC)


def test_a_folder_without_files_is_told_how_to_start():
    assert problems_of() == [
        ":1:1 STP021 the folder holds no rule files; stipt init writes a folder to start from"
    ]


def test_a_secret_is_never_printed():
    rules = with_changes(("{email: lead@example.com}", '{url: "slack://T1/B2/sEcReT"}'))
    assert all("sEcReT" not in line for line in problems_of(rules))


def test_everything_that_a_feel_good_promise_lacks_is_named():
    rules = """\
version: 1
tiers:
  gold:
    match: everything
    targets: []
    commitment: guarantee
    obligations: [uptime]
obligations:
  uptime:
    at_least: 99%
    otherwise: {credit: [{below: 99%, share_of_fee: 5%}]}
"""
    codes = {line.split()[1] for line in findings_of(rules)}
    assert codes >= {"STP201", "STP203", "STP205", "STP212", "STP214", "STP215"}
    assert codes >= {"STP220", "STP222", "STP224"}


def test_a_policy_of_unknown_things_has_no_fingerprint():
    strange = replace(policy_of(RULES), escalations={"usual": (object(),)})
    with pytest.raises(TypeError, match="object has no canonical form"):
        fingerprint(strange)
