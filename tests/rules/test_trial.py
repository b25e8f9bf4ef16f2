# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that admins write: run on a virtual clock, compared as a whole."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.evaluate import evaluate
from rules.facts import Happening
from rules.format.base import FormError
from rules.load import load
from rules.rehearsal import rehearse
from rules.steps import steps_due
from rules.timeline import instant_of, seconds_of
from rules.trial import run_trial
from rules.trial_coverage import coverage
from rules.trial_steps import local_text, read_entry
from tests.rules.builders import instant
from tests.rules.test_engine_oracle import tickets

if TYPE_CHECKING:
    from rules.facts import Ticket
    from rules.policy import Policy
    from rules.trial import TrialResult

STARTER = Path(__file__).parents[2] / "worker" / "starter"

RULES = """\
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours: {mon-fri: [09:00-17:00]}
recipients:
  lead: {email: lead@example.com}
escalations:
  usual:
    - {at: 50%, tell: [lead]}
    - {at: 1h before, tell: [lead], raise_priority: urgent}
    - {at: due, tell: [lead]}
    - {at: 2h after, tell: [lead], repeat: {every: 1h, times: 2}}
  moving:
    - {at: due, assign: {group: second line}}
  tagging:
    - {at: 50%, add_tags: [late]}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    priority: {default: normal, floor: normal}
    targets:
      - measure: first_reply
        within: {urgent: 1h, high: 2h, otherwise: 4h}
        counted: office
        escalate: usual
      - {measure: next_reply, within: 2h, counted: office, escalate: usual}
      - {measure: resolution, within: 8h, counted: office, pause_on: [pending, At supplier]}
  owned:
    match: {brand: owned}
    priority: {default: normal}
    targets:
      - {measure: group_ownership, within: 2h, counted: always, escalate: moving}
  watched:
    match: {brand: watched}
    priority: {default: normal}
    targets:
      - {measure: first_reply, when: {tags: late}, within: 90m, counted: always, escalate: usual}
      - {measure: first_reply, within: 1h, counted: always, escalate: tagging}
  everyone:
    match: everything
    priority: {default: low}
    targets:
      - {measure: first_reply, within: 3h, counted: always, escalate: usual}
customers:
  acme:
    match: {organization.id: "360001"}
    tier: premium
"""
PREMIUM = (
    "{organization: {fields: {sla_tier: premium}}, created: 2026-11-23 10:00 Europe/Amsterdam}"
)
STRANGER = "{created: 2026-11-23 10:00 Europe/Amsterdam}"


def policy_of(tests: str = "", rules: str = RULES) -> Policy:
    files = {"sla.yaml": rules.encode()}
    if tests:
        files["tests.yaml"] = f"version: 1\ntests:\n{tests}".encode()
    policy, problems = load(files)
    assert policy is not None, problems
    return policy


def a_test(ticket: str, expect: str, happenings: str = "", until: str = "") -> TrialResult:
    """The only test of a file, run: its ticket, expectations and happenings in YAML."""
    text = f"  - name: it\n    ticket: {ticket}\n"
    if happenings:
        lines = "\n".join(f"- {one}" for one in happenings.strip().splitlines())
        text += f"    happenings:\n{indent(lines, '      ')}\n"
    if until:
        text += f"    until: {until}\n"
    policy = policy_of(text + f"    expect: {expect}\n")
    return run_trial(policy.trials[0], policy)


def differing(result: TrialResult) -> list[tuple[str, str, str]]:
    return [(one.what, one.expected, one.actual) for one in result.compared if not one.agrees]


def fired(result: TrialResult) -> list[str]:
    return [one.written(result.trial.zone) for one in result.fired]


def test_the_tests_of_the_starter_folder_pass() -> None:
    policy, problems = load({path.name: path.read_bytes() for path in STARTER.glob("*.yaml")})
    assert policy is not None, problems

    results = [run_trial(trial, policy) for trial in policy.trials]

    assert len(results) >= 6
    assert [one.trial.name for one in results if not one.has_passed] == []
    missed = [one.name for one in coverage(policy, results) if not one.is_reached]
    assert not [name for name in missed if name.startswith(("tiers.", "customers."))][1:]


def test_the_two_tests_of_the_format_pass_on_its_complete_example(shared: Path) -> None:
    text = (shared / "rule-files.md").read_text(encoding="utf-8")
    rules, tests = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[:2]
    policy, problems = load({"sla.yaml": rules.encode(), "tests.yaml": tests.encode()})
    assert policy is not None, problems

    results = [run_trial(trial, policy) for trial in policy.trials]

    assert [differing(one) for one in results] == [[], []]
    assert fired(results[1]) == ["2026-11-30 10:00 first_reply 50%, 1h before"]


def test_every_expectation_that_fails_is_shown_at_its_own_place() -> None:
    result = a_test(
        STRANGER,
        "{tier: premium, customer: acme, first_reply: {state: met, due: 2026-11-23 12:00}}",
    )

    assert differing(result) == [
        ("tier", "premium", "everyone"),
        ("customer", "acme", "none"),
        ("first_reply state", "met", "running"),
        (
            "first_reply due",
            "2026-11-23 12:00 Europe/Amsterdam",
            "2026-11-23 13:00 Europe/Amsterdam",
        ),
    ]
    columns = [(one.where.file, one.where.line, one.where.column) for one in result.compared]
    line = (
        "    expect: {tier: premium, customer: acme, first_reply: {state: met, due: 2026-11-23 12"
    )
    words = ("premium", "acme", "met", "2026-11-23")
    assert columns == [("tests.yaml", 5, line.index(word) + 1) for word in words]


def test_a_test_may_expect_that_no_contract_holds() -> None:
    acme = "{organization: {id: '360001'}, created: 2026-11-23 10:00 Europe/Amsterdam}"

    assert a_test(STRANGER, "{customer: none}").has_passed
    result = a_test(acme, "{customer: none}")
    assert differing(result) == [("customer", "none", "acme")]
    assert result.reasons[0].startswith("tier premium because of")


def test_a_wrong_tier_is_explained() -> None:
    result = a_test(STRANGER, "{tier: premium}")

    assert result.reasons[0].startswith("tier everyone because of sla.yaml:")
    assert any(reason.startswith("not tier premium:") for reason in result.reasons)


def test_a_wrong_due_names_its_rule_and_calendar() -> None:
    [reason] = a_test(STRANGER, "{first_reply: {due: 2026-11-23 12:00}}").reasons

    assert re.fullmatch(
        r"first_reply: sla\.yaml:\d+ \(tier everyone\), counted always from 2026-11-23 10:00",
        reason,
    )


def test_a_step_that_did_not_fire_fails() -> None:
    result = a_test(
        STRANGER,
        '{steps: ["2026-11-23 11:30 first_reply 50%", "2026-11-23 11:45 first_reply 75%"]}',
    )

    assert differing(result) == [("steps", "2026-11-23 11:45 first_reply 75%", "")]


def test_a_step_that_nobody_expected_fails() -> None:
    result = a_test(
        STRANGER, '{steps: ["2026-11-23 11:30 first_reply 50%"]}', until="2026-11-23 12:00"
    )

    assert differing(result) == [("steps", "", "2026-11-23 12:00 first_reply 1h before")]
    assert result.compared[-1].where.line == 6


def test_an_empty_list_asserts_silence() -> None:
    assert a_test(STRANGER, "{steps: []}", until="2026-11-23 11:29:59").has_passed
    assert not a_test(STRANGER, "{steps: []}", until="2026-11-23 11:30").has_passed


def test_steps_are_not_compared_where_none_are_named() -> None:
    result = a_test(STRANGER, "{tier: everyone}", until="2026-11-24 12:00")

    assert result.has_passed
    assert len(result.fired) == 6


def test_labels_are_canonical_and_in_any_order() -> None:
    happenings = "{at: 2026-11-23 10:00, set: {priority: high}}"
    expect = '{steps: ["2026-11-23 11:00:00 first_reply 60m before,50%"]}'

    result = a_test(PREMIUM, expect, happenings)

    assert result.has_passed
    assert fired(result) == ["2026-11-23 11:00 first_reply 50%, 1h before"]


def test_repetitions_carry_their_number() -> None:
    assert fired(a_test(STRANGER, "{tier: everyone}", until="2026-11-24 00:00"))[-4:] == [
        "2026-11-23 13:00 first_reply due",
        "2026-11-23 15:00 first_reply 2h after",
        "2026-11-23 16:00 first_reply 2h after #2",
        "2026-11-23 17:00 first_reply 2h after #3",
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("first_reply 50%", "is no entry of steps"),
        ("2026-11-23 11:30 first_replay 50%", "is no entry of steps"),
        ("2026-11-23 11:30 first_reply", "is no entry of steps"),
        ("2026-11-23 11:30 first_reply half", "is not a moment of a step"),
        ("2026-11-23 11:30 first_reply 50", "50 what?"),
        ("yesterday first_reply 50%", "is not a date"),
        ("0001-01-01 00:00 first_reply 50%", "is out of reach"),
    ],
)
def test_an_entry_that_cannot_be_read_fails_with_what_is_wrong(entry: str, said: str) -> None:
    result = a_test(STRANGER, f'{{steps: ["{entry}"]}}')

    assert not result.has_passed
    assert said in result.compared[0].actual
    with pytest.raises(FormError):
        read_entry(entry, "Asia/Tokyo")


def test_an_answer_cancels_what_was_still_to_come() -> None:
    result = a_test(
        STRANGER,
        '{first_reply: {state: met, fulfilled: 2026-11-23 11:45}, steps: ["2026-11-23 11:30 '
        'first_reply 50%"]}',
        "{at: 2026-11-23 11:45, comment: agent}",
        until="2026-11-24 12:00",
    )

    assert result.has_passed, differing(result)


def test_an_answer_in_the_very_second_of_a_step_is_in_time() -> None:
    result = a_test(STRANGER, "{steps: []}", "{at: 2026-11-23 11:30, comment: agent}")

    assert result.has_passed


def test_a_step_once_fired_is_not_repeated_when_the_deadline_moves() -> None:
    result = a_test(
        PREMIUM,
        '{steps: ["2026-11-23 11:00 first_reply 50%, 1h before", '
        '"2026-11-23 14:00 first_reply due"]}',
        "{at: 2026-11-23 10:00, set: {priority: high}}\n"
        "{at: 2026-11-23 11:30, set: {priority: low}}",
    )

    assert result.has_passed, differing(result)


def test_steps_that_a_new_target_has_passed_fire_at_once_each_with_its_own_moment() -> None:
    result = a_test(PREMIUM, "{tier: premium}", "{at: 2026-11-23 12:30, set: {priority: urgent}}")

    assert fired(result) == [
        "2026-11-23 12:00 first_reply 50%",
        "2026-11-23 12:30 first_reply 1h before",
        "2026-11-23 12:30 first_reply due",
    ]
    assert [str(one.late_by) for one in result.fired] == ["0:00:00", "2:30:00", "0:00:00"]


def test_a_raise_by_a_step_is_written_and_chooses_no_target() -> None:
    result = a_test(
        PREMIUM,
        "{priority: urgent, first_reply: {state: running, due: 2026-11-23 14:00}}",
        until="2026-11-23 13:00",
    )

    assert result.has_passed, differing(result)


def test_the_priority_is_the_one_that_the_rules_write() -> None:
    assert a_test(PREMIUM, "{priority: normal}").has_passed
    raised = a_test(PREMIUM, "{priority: high}", "{at: 2026-11-23 10:01, set: {priority: high}}")
    assert raised.has_passed
    lowered = a_test(PREMIUM, "{priority: normal}", "{at: 2026-11-23 10:01, set: {priority: low}}")
    assert lowered.has_passed, "never below the floor"


def test_a_ticket_that_a_step_hands_on_starts_the_next_cycle_of_its_group() -> None:
    result = a_test(
        "{brand: owned, group: support, created: 2026-11-23 10:00 Europe/Amsterdam}",
        "{group_ownership: {state: running, due: 2026-11-23 14:00:01}}",
        until="2026-11-23 12:30",
    )

    assert result.has_passed, differing(result)
    assert fired(result) == ["2026-11-23 12:00 group_ownership due"]
    first = result.rehearsed.verdict.cycles[0] if result.rehearsed else None
    assert first is not None
    assert first.state == "breached"


def test_a_tag_that_a_step_adds_chooses_a_target_once_it_is_written() -> None:
    result = a_test(
        "{brand: watched, tags: [vip], created: 2026-11-23 10:00 Europe/Amsterdam}",
        '{steps: ["2026-11-23 10:30 first_reply 50%", "2026-11-23 10:30:01 first_reply 1h before", '
        '"2026-11-23 11:30 first_reply due"]}',
    )

    assert result.has_passed, differing(result)
    assert result.rehearsed is not None
    assert result.rehearsed.current.tags == ("vip", "late")


@pytest.mark.parametrize("ending", ["merged: '4712'", "deleted: true", "status: closed"])
def test_nothing_is_written_into_a_ticket_that_is_gone(ending: str) -> None:
    result = a_test(
        PREMIUM, "{steps: []}", f"{{at: 2026-11-23 10:30, {ending}}}", until="2026-11-24 12:00"
    )

    assert result.has_passed, differing(result)
    assert result.rehearsed is not None
    assert result.rehearsed.current.priority == "normal"


def test_a_restored_ticket_goes_on() -> None:
    result = a_test(
        STRANGER,
        "{first_reply: {state: running}}",
        "{at: 2026-11-23 10:10, deleted: true}\n{at: 2026-11-23 10:20, restored: true}",
        until="2026-11-23 12:00",
    )

    assert result.has_passed, differing(result)
    assert len(result.fired) == 2


def test_a_pause_moves_steps_and_due() -> None:
    result = a_test(
        PREMIUM,
        "{resolution: {state: paused}, first_reply: {state: met}}",
        "{at: 2026-11-23 10:30, comment: agent}\n{at: 2026-11-23 11:00, status: pending}",
    )
    later = a_test(
        PREMIUM,
        "{resolution: {state: running, due: 2026-11-24 11:00}}",
        "{at: 2026-11-23 10:30, comment: agent}\n"
        "{at: 2026-11-23 11:00, status: At supplier}\n"
        "{at: 2026-11-23 12:00, status: open}",
    )

    assert result.has_passed, differing(result)
    assert later.has_passed, differing(later)


def test_a_due_that_is_not_known_while_paused_differs_from_an_expected_one() -> None:
    result = a_test(
        PREMIUM,
        "{resolution: {due: 2026-11-24 10:00}}",
        "{at: 2026-11-23 11:00, status: pending}",
        until="2026-11-23 12:00",
    )

    assert differing(result) == [("resolution due", "2026-11-24 10:00 Europe/Amsterdam", "none")]


def test_later_times_are_in_the_zone_of_the_creation() -> None:
    result = a_test(
        "{created: 2026-11-23 10:00 America/New_York}",
        "{first_reply: {state: met, due: 2026-11-23 13:00, fulfilled: 2026-11-23 12:00}, steps: "
        '["2026-11-23 11:30 first_reply 50%", "2026-11-23 17:50 Europe/Amsterdam first_reply '
        'due"]}',
        "{at: 2026-11-23 12:00, comment: agent}",
    )

    assert result.trial.zone == "America/New_York"
    assert differing(result) == [("steps", "2026-11-23 17:50 Europe/Amsterdam first_reply due", "")]


def test_the_clock_stops_at_the_last_instant_named() -> None:
    named = a_test(
        STRANGER,
        '{first_reply: {due: 2026-11-23 13:00}, steps: ["2026-11-23 15:00 first_reply 2h after"]}',
        "{at: 2026-11-23 10:30, note: agent}",
    )

    assert named.until == instant("2026-11-23 14:00")
    assert a_test(STRANGER, "{tier: everyone}").until == instant("2026-11-23 09:00")


def test_a_breach_that_is_expected_is_seen_one_second_after_the_due() -> None:
    late = a_test(STRANGER, "{first_reply: {state: breached_open, breached: 2026-11-23 13:00}}")
    in_time = a_test(STRANGER, "{first_reply: {state: running, due: 2026-11-23 13:00}}")

    assert late.has_passed, differing(late)
    assert in_time.has_passed, differing(in_time)


def test_a_test_speaks_of_the_last_cycle_of_a_measure() -> None:
    result = a_test(
        PREMIUM,
        "{next_reply: {state: met, due: 2026-11-23 13:00}}",
        "{at: 2026-11-23 10:10, comment: agent}\n{at: 2026-11-23 10:20, comment: requester}\n"
        "{at: 2026-11-23 10:30, comment: agent}\n{at: 2026-11-23 11:00, comment: requester}",
    )

    assert differing(result) == [("next_reply (cycle 2) state", "met", "running")]


def test_a_measure_without_a_target_has_the_state_none() -> None:
    assert a_test(STRANGER, "{resolution: {state: none}}").has_passed
    assert not a_test(STRANGER, "{first_reply: {state: none}}").has_passed
    assert differing(a_test(STRANGER, "{resolution: {calendar: office}}")) == [
        ("resolution calendar", "office", "none")
    ]


def test_what_started_before_the_rules_were_enforced_says_so() -> None:
    rules = RULES.replace("Amsterdam}", "Amsterdam, enforce_from: 2027-01-01}", 1)
    test = f"  - name: it\n    ticket: {STRANGER}\n    expect: {{first_reply: {{state: met}}}}\n"
    policy = policy_of(test, rules)

    result = run_trial(policy.trials[0], policy)

    assert differing(result) == [("first_reply state", "met", "excluded (before_enforce_from)")]


def test_a_day_with_a_change_of_clocks_is_counted_as_it_was() -> None:
    result = a_test(
        "{created: 2026-10-25 00:30 Europe/Amsterdam}",
        '{first_reply: {due: 2026-10-25 02:30+01:00}, steps: ["2026-10-25 02:00 first_reply 50%", '
        '"2026-10-25 02:30 first_reply 1h before", "2026-10-25 02:30+01:00 first_reply due"]}',
    )

    assert result.has_passed, differing(result)
    assert fired(result)[-1] == "2026-10-25 02:30+01:00 first_reply due"


def test_steps_follow_a_change_of_calendar_from_its_very_second() -> None:
    result = a_test(
        "{organization: {fields: {sla_tier: premium}}, created: 2026-11-23 06:00 Europe/Amsterdam}",
        "{first_reply: {due: 2026-11-23 10:00}}",
        "{at: 2026-11-23 07:00, set: {organization: {}}}",
        until="2026-11-23 08:45",
    )

    assert fired(result) == ["2026-11-23 08:30 first_reply 50%"]
    assert result.has_passed, differing(result)


def test_the_second_of_two_equal_times_is_shown_with_its_offset() -> None:
    assert local_text(instant("2026-10-25 00:30"), "Europe/Amsterdam") == "2026-10-25 02:30"
    assert local_text(instant("2026-10-25 01:30"), "Europe/Amsterdam") == "2026-10-25 02:30+01:00"
    assert local_text(instant("2026-10-25 01:30:09"), "UTC") == "2026-10-25 01:30:09"


def test_an_empty_value_clears_a_field() -> None:
    result = a_test(
        "{brand: owned, group: support, created: 2026-11-23 10:00 Europe/Amsterdam}",
        "{group_ownership: {state: met}, steps: []}",
        '{at: 2026-11-23 10:30, set: {group: ""}}',
        until="2026-11-24 12:00",
    )

    assert result.has_passed, differing(result)


def test_a_year_that_no_calendar_counts_is_said_and_not_raised() -> None:
    result = a_test("{created: 9998-12-31 10:00 Europe/Amsterdam}", "{tier: everyone}")

    assert not result.has_passed
    assert result.fault


def test_a_priority_that_does_not_exist_is_said_and_not_raised() -> None:
    policy = policy_of(f"  - name: it\n    ticket: {STRANGER}\n    expect: {{}}\n")
    changed = Happening(instant("2026-11-23 10:00"), "field", field="priority", to="hihg")
    trial = replace(policy.trials[0], ticket=policy.trials[0].ticket.with_happenings((changed,)))

    assert run_trial(trial, policy).fault == 'a ticket cannot be set to the priority "hihg"'


def names_missed(*tests: str) -> set[str]:
    text = "".join(
        f"  - name: it\n    ticket: {ticket}\n    until: {until}\n    expect: {{}}\n"
        for ticket, until in (one.split(" until ") for one in tests)
    )
    policy = policy_of(text)
    results = [run_trial(trial, policy) for trial in policy.trials]
    return {one.name for one in coverage(policy, results) if not one.is_reached}


def test_coverage_counts_tiers_customers_targets_and_steps() -> None:
    missed = names_missed(f"{STRANGER} until 2026-11-23 12:30")

    assert "tiers.everyone" not in missed
    assert "tiers.everyone.targets.0 first_reply" not in missed
    assert not {"escalations.usual 50%", "escalations.usual 1h before"} & missed
    assert {"escalations.usual due", "escalations.moving due", "tiers.premium"} < missed
    assert {"customers.acme", "tiers.premium.targets.2 resolution"} < missed


def test_a_customer_reaches_its_tier_too() -> None:
    ticket = "{organization: {id: '360001'}, created: 2026-11-23 10:00 Europe/Amsterdam}"
    missed = names_missed(f"{ticket} until 2026-11-23 12:30")

    assert not {"customers.acme", "tiers.premium"} & missed


POLICY = policy_of()
GRID = 450
"""Half a quarter of an hour in seconds: every moment of these rules lies on this grid."""


def by_the_clock(ticket: Ticket, policy: Policy, until: int) -> list[tuple[int, str, str]]:
    """Steps fired by a worker that looks all the time, whether or not something is to be seen."""
    sent: set[tuple[str, int, str]] = set()
    found = []
    for second in range(seconds_of(ticket.created_at), until + 1, GRID):
        at = instant_of(second)
        for due in steps_due(evaluate(ticket, policy, at), policy, sent, at):
            sent.add((due.measure, due.cycle, due.key))
            found.append((second, due.measure, due.key))
    return sorted(found)


@settings(deadline=None, max_examples=25)
@given(tickets(), st.integers(0, 8 * 96))
def test_no_moment_is_missed_that_a_worker_would_see_that_looks_all_the_time(
    ticket: Ticket, later: int
) -> None:
    policy = POLICY
    until = seconds_of(ticket.created_at) + later * GRID

    rehearsed = rehearse(ticket, policy, instant_of(until))

    found = [
        (seconds_of(one.at), step.measure, step.key)
        for one in rehearsed.fired
        for step in one.steps
    ]
    assert sorted(found) == by_the_clock(ticket, policy, until)
    assert rehearsed.verdict == evaluate(ticket, policy, instant_of(until))


def test_a_priority_that_does_not_exist_is_refused_where_a_test_sets_it() -> None:
    test = (
        "  - name: slip\n"
        "    ticket: {created: 2026-11-23 10:00 Europe/Amsterdam}\n"
        "    happenings:\n"
        "      - {at: 2026-11-23 11:00, set: {priority: hihg}}\n"
        "    expect: {tier: premium}\n"
    )
    files = {"sla.yaml": RULES.encode(), "tests.yaml": f"version: 1\ntests:\n{test}".encode()}

    policy, problems = load(files)

    assert policy is None
    assert [(one.line, one.code, one.hint) for one in problems] == [
        (6, "STP031", 'did you mean "high"?')
    ]
