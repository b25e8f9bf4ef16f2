# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt explain`: stored tickets, tickets that do not exist, and the rules with their defaults."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.cli.instants import instant
from worker.cli.main import run
from worker.imagined import NotUnderstood, imagined

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTER = str(Path(__file__).parents[2] / "worker" / "starter")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-01-01}
recipients: {lead: {email: lead@example.com}}
escalations:
  usual: [{at: 50%, tell: [lead]}]
tiers:
  all:
    match: everything
    priority: {default: low}
    targets:
      - {measure: first_reply, within: 4h, counted: always, escalate: usual}
      - {measure: resolution, within: 90h, counted: always}
"""


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run(["explain", *arguments, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose tickets a pass has judged."""
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(RULES)
    with Sandbox(SandboxSettings(tickets=40, speed=60)) as sandbox:
        for name, value in {
            "STIPT_ZENDESK_URL": sandbox.base_url,
            "STIPT_CLOCK_URL": f"{sandbox.base_url}/_sandbox/clock",
            "ZENDESK_OAUTH_CLIENT_ID": sandbox.settings.client_id,
            "ZENDESK_OAUTH_CLIENT_SECRET": sandbox.settings.client_secret,
            "STIPT_STATE_DIR": str(tmp_path),
            "STIPT_RULES_PATH": str(tmp_path / "sla"),
            "XDG_CONFIG_HOME": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        assert run(["run", "--once", "--quiet"]) == 0
        yield sandbox


def test_a_stored_ticket_is_told_with_its_facts_and_what_became_of_its_steps(
    account: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [told(capsys, f"{ident}") for ident in range(1, 41)]
    assert account.settings.tickets == 40
    assert all(one["facts"]["happenings"] for one in found)
    assert all(one["facts"]["values"]["requester.role"] for one in found)
    steps = [step for one in found for cycle in one["cycles"] for step in cycle["steps"]]
    assert True in [step["fired"] for step in steps]
    assert None not in [step["fired"] for step in steps]
    # Writing is off, so nobody was told.
    fates = {(one["fate"], one["detail"]) for step in steps for one in step["told"]}
    assert fates == {("not sent", "dry run")}
    assert True not in [step["sent"] for step in steps]
    capsys.readouterr()
    assert run(["explain", "#40"]) == 0
    text = capsys.readouterr().out
    assert "\nFacts\n  created " in text
    assert "\nTier all, priority " in text
    assert "first_reply, cycle 1: " in text
    assert "  clock:\n" in text


def test_a_closed_cycle_that_an_older_policy_judged_is_said_to_stay(
    account: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = told(capsys, "1")
    closed = {
        (one["measure"], one["cycle"]): one["state"]
        for one in first["cycles"]
        if one["state"] in ("met", "breached")
    }
    assert closed
    rules = tmp_path / "sla" / "sla.yaml"
    rules.write_text(RULES.replace("within: 4h", "within: 1m").replace("90h", "91h"))
    account.clock.advance(timedelta(minutes=3))
    assert run(["run", "--once", "--quiet"]) == 0

    kept = told(capsys, "1")["kept"]

    assert {(one["measure"], one["cycle"]): one["state"] for one in kept} == closed
    assert {one["policy"] for one in kept} == {first["policy"]}
    run(["explain", "1"])
    assert "later rules do not change that" in capsys.readouterr().out


def test_a_ticket_that_does_not_exist_is_judged_from_a_few_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "organization.fields.sla_tier=premium organization.fields.market=nl channel=email"
    flags = ["--rules", STARTER, "--now", "2026-11-24T09:00:00Z"]

    found = told(capsys, "--like", words, *flags)

    assert (found["tier"], found["customer"]) == ("premium", None)
    [reply] = [one for one in found["cycles"] if one["measure"] == "first_reply"]
    assert reply["due_at"] == "2026-11-25T09:00:00Z"
    assert reply["steps"][0]["sent"] is None
    assert run(["explain", "--like", words, *flags]) == 0
    text = capsys.readouterr().out
    assert "within 24h" in text
    assert "to come, tells assignee" in text
    assert "a miss counts in obligation reply_95 (at_least 95%, per calendar_month; credit" in text


def test_a_time_without_a_zone_is_meant_in_the_zone_of_the_rules(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "organization.id=360001234567 channel=email created='2026-11-27 17:00'"
    found = told(capsys, "--like", words, "--rules", STARTER, "--now", "2026-11-27T16:00:00Z")
    assert found["customer"] == "acme"
    assert found["cycles"][0]["started_at"] == "2026-11-27T16:00:00Z"


def test_the_rules_that_apply_are_shown_with_their_defaults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ["--rules", STARTER, "--now", "2026-11-24T09:00:00Z"]
    found = told(capsys, "--like", "channel=web", *flags, "--policy")
    blocks = {one["block"]: one["values"] for one in found["rules"]}
    assert "settings" in blocks
    assert "calendar office_nl" in blocks
    assert blocks["tier everyone, first_reply"]["pause_on"] == "as the measure does"
    assert not any(title.startswith("tier premium") for title in blocks)


def test_all_rules_are_shown_where_no_ticket_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--policy", "--rules", STARTER]) == 0
    text = capsys.readouterr().out
    assert "tier premium (tiers.yaml:" in text
    assert "obligation abandoned (obligations.yaml:" in text
    assert "holidays: " in text


@pytest.mark.parametrize(
    "arguments", [[], ["7", "--like", "channel=web"], ["--like", "chanel=web"]], ids=str
)
def test_one_ticket_must_be_meant(arguments: list[str]) -> None:
    assert run(["explain", *arguments, "--rules", STARTER]) == 64


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("channel", '"channel" is no path=value, such as channel=email'),
        ("channel=", "channel has no value: write channel=VALUE, or leave it out"),
        ("created=", "created has no value: write created=2026-12-23T16:00:00Z"),
        ("colour=red", "is no path into a ticket; the paths are organization.fields.KEY"),
        ("chanel=email", "did you mean channel?"),
        ("channel=mail", '"mail" is none of email, web'),
        ("priority=highest", '"highest" is none of low'),
        ("organization.field.x=1", "is no path"),
        ("tags='vip", "a quote is not closed"),
        ("nonsense.at.all=1", "is no path"),
    ],
)
def test_words_that_say_nothing_are_answered_with_what_could_be_meant(
    words: str, said: str
) -> None:
    with pytest.raises(NotUnderstood, match=said):
        imagined(words, NOW, instant)


def test_every_part_of_a_ticket_can_be_imagined() -> None:
    words = (
        "organization.id=7 organization.name='Acme BV' organization.tags=a,b "
        "organization.fields.sla_tier=gold ticket.fields.product=router tags=vip brand=Main "
        "group='Phone desk' form=Default type=incident channel=phone priority=high language=nl "
        "requester.role=agent requester.tags=x created_by=agent status=open "
        "created=2026-11-20T08:30:00Z"
    )
    ticket = imagined(words, NOW, instant)
    assert ticket.created_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert ticket.organization is not None
    assert (ticket.organization.name, ticket.organization.tags) == ("Acme BV", ("a", "b"))
    assert ticket.organization.fields["sla_tier"] == "gold"
    assert (ticket.fields["product"], ticket.tags, ticket.group) == (
        "router",
        ("vip",),
        "Phone desk",
    )
    assert (ticket.requester.role, ticket.requester.language) == ("agent", "nl")
    assert (ticket.channel, ticket.priority, ticket.status) == ("phone", "high", "open")
