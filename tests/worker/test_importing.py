# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules proposed from an account's own agreements, over real HTTP and for odd accounts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
import requests

from connector.base import Refused
from connector.existing import (
    Existing,
    ExistingCalendar,
    ExistingCondition,
    ExistingField,
    ExistingPolicy,
    ExistingTarget,
)
from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from connector.zendesk.account import (
    NAMES_SCOPES,
    RUNNING_SCOPES,
    ClientCredentials,
    ZendeskAccount,
)
from connector.zendesk.existing import read_existing
from rules.evaluate import evaluate
from rules.facts import Organization, Ticket
from rules.load import load
from worker.cli.main import run
from worker.importing import propose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.policy import Policy
    from worker.importing import Proposal

TODAY = date(2026, 11, 24)
PRIORITIES = ("urgent", "high", "normal", "low")
OFFICE = ExistingCalendar(
    "Office hours",
    "Europe/Amsterdam",
    dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",)),
    {date(2026, 12, 25): "Christmas"},
)


def a_policy(title: str = "Gold", **changes: object) -> ExistingPolicy:
    """A policy for the tag gold with a first reply in 4 hours."""
    found = ExistingPolicy(
        title=title,
        description="",
        all_of=(ExistingCondition("current_tags includes gold", "tags", ("gold",)),),
        any_of=(),
        targets=tuple(ExistingTarget("first_reply", one, 14_400, False) for one in PRIORITIES),
    )
    return replace(found, **changes)


def an_account(*policies: ExistingPolicy, **changes: object) -> Existing:
    """An account with these policies and one schedule."""
    return replace(Existing(policies, (OFFICE,), (), "Europe/Amsterdam"), **changes)


def loaded(proposal: Proposal) -> Policy:
    policy, problems = load({name: text.encode() for name, text in proposal.files.items()})
    assert policy is not None, problems
    assert all(one.level == "finding" for one in problems)
    return policy


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox, and the settings that point to it."""
    with Sandbox(SandboxSettings(tickets=5)) as sandbox:
        for name, value in {
            "STIPT_ZENDESK_URL": sandbox.base_url,
            "STIPT_CLOCK_URL": f"{sandbox.base_url}/_sandbox/clock",
            "ZENDESK_OAUTH_CLIENT_ID": sandbox.settings.client_id,
            "ZENDESK_OAUTH_CLIENT_SECRET": sandbox.settings.client_secret,
            "STIPT_STATE_DIR": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        yield sandbox


def an_access(sandbox: Sandbox) -> ZendeskAccount:
    return ZendeskAccount(
        account="default",
        base_url=sandbox.base_url,
        credentials=ClientCredentials(sandbox.settings.client_id, sandbox.settings.client_secret),
        clock=sandbox.now,
        scopes=(*RUNNING_SCOPES, *NAMES_SCOPES),
    )


def called(sandbox: Sandbox, method: str, path: str, body: object = None) -> dict[str, object]:
    """A call of the sandbox's API as its admin."""
    answer = requests.request(
        method,
        f"{sandbox.base_url}/api/v2/{path}",
        json=body,
        headers={"Authorization": f"Bearer {sandbox.settings.token}"},
        timeout=10,
    )
    assert answer.status_code < 300, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_the_sandbox_account_becomes_a_folder_that_checks_without_errors(
    account: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sla"

    assert run(["init", str(folder), "--from-existing"]) == 0

    shown = capsys.readouterr()
    assert sorted(shown.out.split()) == sorted(str(path) for path in folder.iterdir())
    assert "2 tiers from the account" in shown.err
    assert "STP202 tiers.premium_first_replies" in shown.err
    tiers = (folder / "tiers.yaml").read_text()
    assert "match: {organization.fields.sla_tier: premium}" in tiers
    assert "- {measure: first_reply, within: 4h, counted: always}" in tiers
    assert "- {measure: first_reply, within: 8h, counted: netherlands}" in tiers
    assert "# STP202: does not say whether it is a promise" in tiers
    calendars = (folder / "calendars.yaml").read_text()
    assert "time_zone: America/New_York" in calendars  # Zendesk calls it Eastern Time
    assert "mon-fri: [09:00-17:30]" in calendars
    assert "- 2026-12-26  # Christmas" in calendars
    assert all(
        path.read_text().startswith("# yaml-language-server: $schema=./stipt.schema.json")
        for path in folder.glob("*.yaml")
    )
    assert run(["check", str(folder), "--now", "2026-11-24"]) == 3
    assert account.ledger.writes == []


def test_scripts_get_what_was_taken_and_what_is_open(
    account: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", str(tmp_path / "sla"), "--from-existing", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["taken"] == ["Premium first replies", "Standard first replies"]
    assert told["left_out"] == []
    assert {one["level"] for one in told["findings"]} == {"finding"}
    assert account.settings.tickets == 5


def test_files_that_exist_are_not_written_over(account: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "tiers.yaml").write_text("mine")
    assert run(["init", str(folder), "--from-existing"]) == 1
    assert (folder / "tiers.yaml").read_text() == "mine"
    assert account.settings.tickets == 5


def test_ids_of_the_account_become_names(account: Sandbox) -> None:
    groups = called(account, "GET", "groups.json")["groups"]
    assert isinstance(groups, list)
    desk = next(one for one in groups if one["name"] == "Phone desk")
    rows = [
        {"field": "group_id", "operator": "is", "value": desk["id"]},
        {"field": "via_id", "operator": "is", "value": 34},
        {"field": "ticket_type_id", "operator": "is_not", "value": "3"},
        {"field": "current_tags", "operator": "includes", "value": "vip key_account"},
    ]
    metric = {"priority": "high", "metric": "first_reply_time", "target": 30}
    policy = {"title": "Calls", "filter": {"all": rows, "any": []}, "policy_metrics": [metric]}
    called(account, "POST", "slas/policies.json", {"sla_policy": policy})

    existing = read_existing(an_access(account))

    assert existing.policies is not None
    found = existing.policies[-1]
    assert [(one.path, one.values, one.is_negated) for one in found.all_of] == [
        ("group", ("Phone desk",), False),
        ("channel", ("phone",), False),
        ("type", ("problem",), True),
        ("tags", ("vip", "key_account"), False),
    ]
    text = propose(existing, TODAY).files["tiers.yaml"]
    assert (
        "match: {group: Phone desk, channel: phone, not: {type: problem}, "
        "tags: [vip, key_account]}" in text
    )
    assert "{measure: first_reply, when: {priority: high}, within: 30m, counted: always}" in text


def test_a_plan_without_policies_and_schedules_still_gives_a_folder(tmp_path: Path) -> None:
    with Sandbox(SandboxSettings(tickets=5, faults=("team",))) as sandbox:
        existing = read_existing(an_access(sandbox))
    assert (existing.policies, existing.calendars) == (None, None)
    proposal = propose(existing, TODAY)
    policy = loaded(proposal)
    assert [tier.name for tier in policy.tiers] == ["premium", "standard", "everyone"]
    assert "has no SLA policies" in proposal.files["tiers.yaml"]
    assert "tells its time zone" in proposal.files["settings.yaml"]
    assert tmp_path.exists()


def test_a_schedule_in_an_unknown_zone_is_refused_by_name(account: Sandbox) -> None:
    row = next(iter(account.account.rows("schedules").values()))
    row["time_zone"] = "Atlantis"
    with pytest.raises(Refused, match="Atlantis"):
        read_existing(an_access(account))


def test_a_proposed_tier_judges_as_the_policy_did() -> None:
    slow = tuple(
        ExistingTarget("first_reply", one, hours * 3600, True)
        for one, hours in zip(PRIORITIES, (1, 2, 4, 8), strict=True)
    )
    policy = loaded(propose(an_account(a_policy(targets=slow)), TODAY))
    created = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 16:00 in Amsterdam
    dues = {}
    for priority in PRIORITIES:
        ticket = Ticket("1", created, priority=priority, tags=("gold",))
        [row] = evaluate(ticket, policy, created).cycles
        dues[priority] = f"{row.due_at:%d %H:%M}"
    # The office is open until 16:00 UTC, and again from 08:00.
    assert dues == {
        "urgent": "25 08:00",
        "high": "25 09:00",
        "normal": "25 11:00",
        "low": "25 15:00",
    }


def test_a_target_for_some_priorities_holds_for_these_alone() -> None:
    some = (
        ExistingTarget("next_reply", "urgent", 3600, False),
        ExistingTarget("next_reply", "high", 7200, False),
    )
    text = propose(an_account(a_policy(targets=some)), TODAY).files["tiers.yaml"]
    assert (
        "{measure: next_reply, when: {priority: [urgent, high]}, "
        "within: {urgent: 1h, high: 2h, otherwise: 2h}, counted: always}" in text
    )


def test_a_condition_that_rules_cannot_say_leaves_the_policy_as_a_comment() -> None:
    vague = ExistingCondition("recipient is help@example.com")
    existing = an_account(a_policy("Silver", all_of=(vague,)), a_policy())
    proposal = propose(existing, TODAY)
    assert [tier.name for tier in loaded(proposal).tiers] == ["gold", "everyone"]
    [(name, reason)] = proposal.left_out
    assert name == "Silver"
    assert "recipient is help@example.com" in reason
    assert "  # silver:" in proposal.files["tiers.yaml"]


def test_a_policy_that_can_never_hold_is_left_as_a_comment_with_the_finding() -> None:
    proposal = propose(an_account(a_policy("All", all_of=()), a_policy("Late")), TODAY)
    assert [tier.name for tier in loaded(proposal).tiers] == ["all"]
    [(name, reason)] = proposal.left_out
    assert name == "Late"
    assert reason.startswith("STP1")


def test_two_policies_of_one_name_are_told_apart() -> None:
    other = ExistingCondition("current_tags includes b", "tags", ("b",))
    last = ExistingCondition("current_tags includes c", "tags", ("c",))
    existing = an_account(
        a_policy("Gold"), a_policy("gold!", all_of=(other,)), a_policy("Gold 2", all_of=(last,))
    )
    names = [tier.name for tier in loaded(propose(existing, TODAY)).tiers]
    assert names == ["gold", "gold_2", "gold_2_2", "everyone"]


@pytest.mark.parametrize(
    "title",
    [
        "",
        "99",
        "Größe #1: {x}",
        "everyone",
        "true",
        "a\n  b: [",
        "# none",
        "'",
        '"',
        "日本",
        "x" * 300,
    ],
)
def test_any_title_gives_a_folder_that_loads(title: str) -> None:
    value = " ".join(title.split()) or "x"
    odd = ExistingCondition("tags", "organization.fields.plan", (value, "yes", "1.0"))
    calendar = replace(OFFICE, title=title, closed={date(2026, 12, 25): title})
    existing = an_account(
        a_policy(title, description=title, all_of=(odd,), remarks=(title,)),
        calendars=(calendar,),
        fields=(ExistingField("plan", title, (title or "y", "on")),),
    )
    policy = loaded(propose(existing, TODAY))
    assert len(policy.tiers) == 2
    organization = Organization("1", fields={"plan": "yes"})
    ticket = Ticket(
        "1", datetime(2026, 11, 25, tzinfo=UTC), priority="low", organization=organization
    )
    assert evaluate(ticket, policy, ticket.created_at).choice.tier == policy.tiers[0].name


def test_values_of_a_tier_field_that_no_policy_names_are_said() -> None:
    gold = ExistingCondition("organization", "organization.fields.sla_tier", ("gold",))
    existing = an_account(
        a_policy(all_of=(gold,)),
        fields=(
            ExistingField("sla_tier", "Tier", ("gold", "silver")),
            ExistingField("support_plan", "Plan", ("a", "b")),
            ExistingField("market", "Market", ("nl", "us")),
        ),
    )
    text = " ".join(propose(existing, TODAY).files["tiers.yaml"].replace("# ", "").split())
    assert "organization.fields.sla_tier can also be silver: no SLA policy" in text
    assert "organization.fields.support_plan (a, b) looks like a tier" in text
    assert "market" not in text


def test_business_hours_without_a_schedule_run_round_the_clock_and_say_so() -> None:
    targets = tuple(ExistingTarget("resolution", one, 86_400, True) for one in PRIORITIES)
    proposal = propose(an_account(a_policy(targets=targets), calendars=()), TODAY)
    [target] = loaded(proposal).tiers[0].targets
    assert target.counted == "always"
    assert "the account has no schedule" in " ".join(proposal.files["tiers.yaml"].split())


def test_a_schedule_that_never_opens_is_left_out() -> None:
    closed = ExistingCalendar("Closed", "Europe/Amsterdam", {})
    proposal = propose(an_account(a_policy(), calendars=(closed, OFFICE)), TODAY)
    assert set(loaded(proposal).calendars) == {"always", "office_hours"}
    assert 'The schedule "Closed" never opens.' in proposal.files["calendars.yaml"]
