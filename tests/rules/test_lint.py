# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that depend on more than one key; one file for each finding is in test_load_golden."""

from datetime import date

import pytest

from tests.rules.files_of_rules import RULES, findings_of, with_changes

TESTS = """\
version: 1
tests:
  - name: a premium customer's ticket
    ticket: {organization: {id: "360001"}, created: 2026-11-27 17:00 Europe/Amsterdam}
    expect: {customer: acme}
  - name: anybody else's
    ticket: {created: 2026-11-27 17:00 Europe/Amsterdam}
    expect: {tier: everyone}
"""


def codes(*changes: tuple[str, str], today: date = date(2026, 12, 1)) -> list[str]:
    """The codes found in the changed rules together with tests that reach all of them."""
    return [line.split()[1] for line in findings_of(with_changes(*changes), TESTS, today=today)]


def test_the_rules_to_spoil_are_clean():
    assert codes() == []


@pytest.mark.parametrize(
    "text",
    ["Support 24/7", "24x7 desk", "24-7", "24 / 7 hotline", "Round the clock", "round-the-clock"],
)
def test_words_that_promise_every_hour_are_found(text: str):
    assert codes(("tier: premium\n", f"tier: premium\n    covers: [{text}]\n")) == ["STP209"]


@pytest.mark.parametrize("text", ["Annex 124/70", "24/7000", "the clock", "2024-7-1"])
def test_numbers_that_only_look_alike_are_not(text: str):
    assert codes(("tier: premium\n", f"tier: premium\n    covers: [{text}]\n")) == []


def test_words_are_kept_by_a_target_on_always():
    changes = (
        ("tier: premium\n", "tier: premium\n    covers: [Support 24/7]\n"),
        ("within: 4h, counted: office", "within: 4h, counted: always"),
    )
    assert codes(*changes) == []


@pytest.mark.parametrize("text", ["99.5 % uptime", "99,5% uptime", "99.5 percent up", "at 95%"])
def test_words_that_promise_a_level_are_found(text: str):
    assert codes(("tier: premium\n", f'tier: premium\n    covers: ["{text}"]\n')) == ["STP217"]


@pytest.mark.parametrize("text", ["99 bottles", "5 per centre", "Router 100", "1.2.95%"])
def test_numbers_that_are_no_level_are_not(text: str):
    assert codes(("tier: premium\n", f'tier: premium\n    covers: ["{text}"]\n')) == []


def test_a_level_in_words_is_kept_by_an_obligation_with_that_level():
    answered = (
        "tier: premium\n    covers: [95 % answered in time]\n    obligations: [answered]\n"
        "    commitment: best_effort\n"
    )
    obligation = (
        "obligations:\n  answered: {of: first_reply, tickets: everything, at_least: 95%, "
        "per: calendar_month, excluding: [], otherwise: none}\ncustomers:\n"
    )
    assert codes(("tier: premium\n", answered), ("customers:\n", obligation)) == []


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2027, 5, 31), []),
        (date(2027, 6, 1), ["STP311"]),
        (date(2027, 7, 1), ["STP311"]),
        (date(2027, 7, 2), ["STP310"]),
    ],
)
def test_a_review_is_reminded_of_for_thirty_days(today: date, expected: list[str]):
    assert codes(today=today) == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 15), []),
        (date(2026, 11, 16), ["STP312"]),
        (date(2026, 12, 15), ["STP312"]),
        (date(2026, 12, 16), ["STP315"]),
    ],
)
def test_the_end_of_a_contract_is_told_for_thirty_days(today: date, expected: list[str]):
    until = ("    because", "    until: 2026-12-16\n    because")
    assert codes(until, today=today) == expected


def test_targets_by_priority_cover_all_when_every_priority_has_one():
    by_priority = (
        "measure: resolution, within: 5 working days",
        (
            "measure: resolution, when: {priority: [low, normal]}, within: 9 working days,"
            " counted: office}\n"
            "      - {measure: resolution, when: {priority: [high, urgent]}, within: 5 working days"
        ),
    )
    assert codes(by_priority) == []


def test_channels_are_covered_by_targets_for_each_of_them():
    each = (
        "within: 4h, counted: office, escalate: usual}",
        (
            "when: {channel: email}, within: 4h, counted: office, escalate: usual}\n"
            "      - {measure: first_reply, when: {channel: web}, within: 2h, counted: office}"
        ),
    )
    assert codes(each) == []


def test_a_contract_that_drops_the_first_reply_leaves_its_channels_alone():
    without = ("tier: premium\n", "tier: premium\n    without: [first_reply]\n")
    found = findings_of(with_changes(without), TESTS)
    assert [line.split(";")[0] for line in found] == [
        'a.yaml:33:14 STP204 customers.acme: no first-reply target for channel "email"',
        'a.yaml:33:14 STP204 customers.acme: no first-reply target for channel "web"',
    ]


def test_a_raise_is_useful_when_one_tier_has_a_lower_floor():
    changes = (
        ("tell: [lead]}", "tell: [lead], raise_priority: normal}"),
        ("within: 8h, counted: office", "within: 8h, counted: office, escalate: usual"),
    )
    assert codes(*changes) == []


def test_all_targets_that_are_too_short_for_a_step_are_named():
    changes = (
        ("at: 75%", "at: 8h before"),
        ("within: 8h, counted: office", "within: 8h, counted: office, escalate: usual"),
    )
    [line] = findings_of(with_changes(*changes), TESTS)
    assert line == (
        "a.yaml:12:12 STP304 escalations.usual: comes before the start of a first_reply of 4h; "
        "that target is in a.yaml:20, a.yaml:28"
    )


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("holidays: {also: [2025-12-24, 2026-12-01]}", []),
        ("holidays: {also: [2026-11-30]}", ["STP331"]),
        ("holidays: {country: NL, except: [2026-04-03]}", ["STP331"]),
        ("holidays: {country: NL, except: [2026-04-02]}", ["STP325"]),
        ("extra_hours: {2026-11-28: [09:00-12:00]}", ["STP331"]),
        ("breaks: {2025-12-31: [12:00-24:00]}", ["STP331"]),
        ("breaks: {2025-12-31: [12:00-24:00], 2027-12-31: [12:00-24:00]}", []),
    ],
)
def test_lists_of_dates_go_on_for_the_coming_year(dates: str, expected: list[str]):
    zone = "    time_zone: Europe/Amsterdam\n"
    assert codes((zone, f"{zone}    {dates}\n")) == expected


def test_a_step_an_hour_before_fits_into_days():
    changes = (
        ("at: 75%", "at: 30h before"),
        ("within: 4h, counted", "within: 5 working days, counted"),
        ("measure: resolution, within: 5", "measure: resolution, within: 9"),
    )
    assert codes(*changes) == []


def test_a_recipient_in_another_zone_may_still_be_there():
    changes = (
        ("{email: lead@example.com}", "{email: lead@example.com, only_during: boston}"),
        (
            "calendars:\n",
            (
                "calendars:\n  boston:\n    time_zone: America/New_York\n"
                "    hours: {mon-fri: [09:00-17:00]}\n"
            ),
        ),
    )
    assert codes(*changes) == []


def test_a_test_reaches_a_tier_that_its_ticket_comes_to_later():
    later = TESTS.replace(
        "    expect: {tier: everyone}",
        "    happenings:\n"
        "      - {at: 2026-11-28 10:00, set: {organization: {fields: {sla_tier: gold}}}}\n"
        "    expect: {tier: gold}",
    )
    gold = with_changes(
        (
            "  everyone:\n",
            (
                "  gold:\n    match: {organization.fields.sla_tier: gold}\n    serves: [email]\n"
                "    priority: {default: low}\n    commitment: best_effort\n"
                "    targets: [{measure: first_reply, within: 8h, counted: office}]\n  everyone:\n"
            ),
        )
    )
    assert findings_of(gold, later) == []


@pytest.mark.parametrize(
    "text",
    [
        "xoxb-123456789012-abcdefABCDEF",
        "ghp_0123456789abcdefABCDEF0123456789abcd",
        "https://hooks.slack.com/services/T00/B00/x",
        "https://user:password@example.com/",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0",
        "q8Zk3Lm0Xv9Rt2Yb7Nc4Wd6Hs1Jf5Gp",
    ],
)
def test_tokens_are_found_and_not_shown(text: str):
    found = findings_of(with_changes(("Contract 2026-014", f'"{text}"')), TESTS)
    assert [line.split()[1] for line in found] == ["STP306"]
    assert text not in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "https://wiki.example.com/contracts/2026-014/annex-b",
        "Onderhoudsovereenkomst Hogeschool Rotterdam",
        "https://example.com/a/5f0c1c2e-6d7b-4b7e-9d8a-0123456789ab",
        "organization_fields_sla_tier_premium_customers",
    ],
)
def test_long_words_and_addresses_are_no_tokens(text: str):
    assert codes(("Contract 2026-014", text)) == []


def test_each_contract_is_judged_by_its_own_commitment():
    changes = (("tier: premium\n", "tier: premium\n    commitment: guarantee\n"),)
    assert codes(*changes) == ["STP211"]


def test_problems_are_sorted_by_place():
    found = findings_of(
        RULES.replace("    serves: [email, web]\n", "").replace(
            "    because: Contract 2026-014\n", ""
        )
    )
    places = [tuple(int(part) for part in line.split()[0].split(":")[1:]) for line in found]
    assert places == sorted(places)


PROMISED = ("tier: premium\n", "tier: premium\n    obligations: [reply]\n")


@pytest.mark.parametrize(
    ("tickets", "when", "expected"),
    [
        pytest.param("{channel: phone}", "{channel: [email, web]}", ["STP216"], id="channels"),
        pytest.param("{channel: [email, phone]}", "{channel: [email, web]}", [], id="one fits"),
        pytest.param("{tier: everyone}", "{channel: [email, web]}", ["STP216"], id="other tier"),
        pytest.param("{not: {tier: everyone}}", "{channel: [email, web]}", [], id="this tier"),
        pytest.param(
            "{priority: low}", "{channel: [email, web]}", ["STP216"], id="below the floor"
        ),
        pytest.param("{priority: high}", "{channel: [email, web]}", [], id="above the floor"),
        pytest.param("{created_by: agent}", "{created_by: requester}", ["STP216"], id="authors"),
        pytest.param("{tags: vip}", "{not: {tags: vip}}", [], id="a tag may come later"),
        pytest.param("{group: one}", "{group: two}", [], id="a group may change"),
        pytest.param("everything", "{channel: [email, web]}", [], id="everything"),
    ],
)
def test_an_obligation_counts_tickets_that_can_have_a_target(
    tickets: str, when: str, expected: list[str]
):
    obligation = (
        f"obligations:\n  reply: {{of: first_reply, tickets: {tickets}, at_least: 95%, "
        "per: calendar_month, excluding: [], otherwise: none}\ncustomers:\n"
    )
    target = (
        "{measure: first_reply, within: 4h",
        f"{{measure: first_reply, when: {when}, within: 4h",
    )
    found = codes(PROMISED, ("customers:\n", obligation), target)
    assert [code for code in found if code == "STP216"] == expected


def test_an_obligation_that_counts_nothing_is_told_with_both_places():
    obligation = (
        "obligations:\n  reply: {of: resolution, tickets: {tier: everyone}, at_least: 95%, "
        "per: calendar_month, excluding: [], otherwise: none}\ncustomers:\n"
    )
    [line] = findings_of(with_changes(PROMISED, ("customers:\n", obligation)), TESTS)
    assert line == (
        'a.yaml:35:18 STP216 customers.acme: "reply" counts tickets that no resolution target here '
        "is for; add a resolution target for its tickets, or change tickets in a.yaml:30"
    )
