# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor sees of an account, over real HTTP: fit, history, estimate, a write for trial."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from rules.facts import Happening
from worker.cli.main import run
from worker.demo_mailbox import Mailbox
from worker.doctor_history import differences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
recipients:
  on_call: {url: env:ON_CALL_URL}
  lead: {email: lead@example.com}
  assignee: {ticket: assignee}
escalations:
  usual: [{at: due, tell: [on_call, lead, assignee]}]
tiers:
  gold:
    match: {organization.fields.sla_teir: gold}
    priority: {default: low}
    targets:
      - {measure: resolution, within: 9h, counted: always, pause_on: [On ice], escalate: usual}
  all:
    match: everything
    priority: {default: low}
    targets: [{measure: resolution, within: 90 calendar days, counted: always}]
"""


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose clock runs fast, our fields in it, and the settings that point to it."""
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(RULES)
    with Sandbox(SandboxSettings(tickets=40, speed=600)) as sandbox:
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
        assert run(["setup", "--yes", "--quiet"]) == 0
        yield sandbox


def doctor(capsys: pytest.CaptureFixture[str], *flags: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["doctor", *flags]) == code
    return capsys.readouterr().out


@pytest.mark.usefixtures("account")
def test_rules_that_speak_of_what_the_account_lacks_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = doctor(capsys)
    assert "warn  rules: tier: none of the 12 organizations of the account matches" in shown
    assert "the tier gold (sla.yaml:11)" in shown
    assert 'sla_teir, which sla.yaml:11 reads; did you mean "sla_tier"?' in shown
    assert 'no status "On ice", on which sla.yaml:15 pauses' in shown
    assert "12 organizations match the last tier alone: Acme BV, " in shown


@pytest.mark.usefixtures("account")
def test_a_plan_warns_of_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["plan", "--limit", "0"]) == 0
    shown = capsys.readouterr().err
    assert "warning: none of the 12 organizations of the account matches the tier gold" in shown
    assert "warning: the account has no organization field sla_teir" in shown
    assert 'warning: the account has no status "On ice"' in shown


@pytest.mark.usefixtures("account")
def test_apply_is_said_to_write_while_writing_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert "tells nobody; stipt apply still writes" in doctor(capsys)


@pytest.mark.usefixtures("account")
def test_every_recipient_has_a_line_with_what_it_lacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = doctor(capsys)
    assert "warn  channels: lead: e-mail: no mail server is set (STIPT_MAIL_URL)" in shown
    assert "ON_CALL_URL is not set; a webhook of your own is ON_CALL_URL=jsons://" in shown

    monkeypatch.setenv("STIPT_MAIL_URL", "mailto://127.0.0.1:2525/?from=sla@example.com")
    monkeypatch.setenv("ON_CALL_URL", "json://127.0.0.1:9/hook")
    assert "(STIPT_ALLOW_NETWORKS)" in doctor(capsys)
    monkeypatch.setenv("STIPT_ALLOW_NETWORKS", "127.0.0.0/8")
    shown = doctor(capsys)
    assert "ok    channels: assignee: e-mail to the ticket's assignee: can be told" in shown
    assert "ok    channels: on_call: the address of ON_CALL_URL: can be told" in shown


@pytest.mark.usefixtures("account")
def test_a_first_sync_is_estimated_until_it_is_done_and_then_histories_are_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = doctor(capsys)
    assert "tickets changed since 2026-08-26, with 5 events each: about 1 min (1 ticket" in shown
    assert "tickets in 1 bulk jobs, about 1 min" in shown
    assert run(["run", "--once", "--quiet"]) == 0
    shown = doctor(capsys)
    assert "ok    estimate: first sync: done" in shown
    assert "ok    history: compared: events and audits compared of #" in shown
    assert "history: comparison" not in shown


def test_a_fast_clock_of_a_sandbox_is_no_fault_and_a_missing_one_is_named(
    account: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ok    helpdesk: clock: the sandbox's own" in doctor(capsys)
    monkeypatch.delenv("STIPT_CLOCK_URL")
    capsys.readouterr()
    run(["doctor"])
    shown = capsys.readouterr().out
    assert f"set STIPT_CLOCK_URL={account.base_url}/_sandbox/clock" in shown


def test_a_write_for_trial_leaves_the_ticket_as_it_was(
    account: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(account.ledger.ticket_writes)
    shown = doctor(capsys, "--write-test", "#40")
    assert "ok    write test: written: #40: sla_due_at" in shown
    assert "ok    write test: read back: #40: as written" in shown
    assert "ok    write test: restored: #40: sla_due_at" in shown
    assert [one.ticket_id for one in account.ledger.ticket_writes[before:]] == [40, 40]
    assert "there is no such ticket" in doctor(capsys, "--write-test", "98765", code=5)


def test_a_webhook_is_looked_for_where_there_is_an_address_for_it(
    account: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ok    webhook: registered: none: STIPT_PUBLIC_URL is not set" in doctor(capsys)
    # Somebody answers there, but no service of ours.
    monkeypatch.setenv("STIPT_PUBLIC_URL", account.base_url)
    shown = doctor(capsys)
    assert f"warn  webhook: registered: {account.base_url}/webhooks/zendesk: is not there" in shown
    assert "warn  webhook: reachable: status 404" in shown
    assert run(["setup", "--yes", "--quiet"]) == 0
    shown = doctor(capsys)
    assert f"ok    webhook: registered: {account.base_url}/webhooks/zendesk: active" in shown
    assert "ok    webhook: trigger: " in shown
    assert "warn  webhook: secret: its secret is none of those that are accepted here" in shown
    monkeypatch.setenv("STIPT_PUBLIC_URL", "http://127.0.0.1:1")
    assert "warn  webhook: reachable: ConnectionError" in doctor(capsys)


def test_a_message_is_sent_for_trial_when_that_is_asked_for(
    account: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Mailbox() as mailbox:
        monkeypatch.setenv("STIPT_MAIL_URL", mailbox.mail_url)
        monkeypatch.setenv("STIPT_ALLOW_NETWORKS", "127.0.0.0/8")
        shown = doctor(capsys, "--send-test", "lead")
        assert "ok    send test: lead: handed over; did it arrive?" in shown
        assert [one.to for one in mailbox.received()] == ["lead@example.com"]
    assert "FAIL  send test: boss: the rules know no recipient" in doctor(
        capsys, "--send-test", "boss", code=5
    )
    assert "FAIL  send test: on_call: " in doctor(capsys, "--send-test", "on_call", code=5)
    assert account.settings.tickets == 40


def test_forms_are_not_said_to_have_fields_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sla.yaml").write_text(RULES)
    with Sandbox(SandboxSettings(tickets=1)) as sandbox:
        monkeypatch.setenv("STIPT_ZENDESK_URL", sandbox.base_url)
        monkeypatch.setenv("STIPT_CLOCK_URL", f"{sandbox.base_url}/_sandbox/clock")
        monkeypatch.setenv("ZENDESK_OAUTH_CLIENT_ID", sandbox.settings.client_id)
        monkeypatch.setenv("ZENDESK_OAUTH_CLIENT_SECRET", sandbox.settings.client_secret)
        monkeypatch.setenv("STIPT_STATE_DIR", str(tmp_path))
        monkeypatch.setenv("STIPT_RULES_PATH", str(tmp_path))
        shown = doctor(capsys, code=5)
    assert "warn  helpdesk: ticket forms: not looked at: our fields are not all there" in shown


def test_two_tellings_of_a_history_differ_by_what_clocks_see() -> None:
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    first = Happening(at=at, kind="comment", by="agent", id="1")
    second = Happening(at=at, kind="status", to="pending", id="2")
    private = Happening(at=at, kind="comment", by="agent", public=False, id="1")
    later = Happening(at=at + timedelta(1), kind="status", to="open", id="3")
    assert differences([first, second], [second, first]) == []
    assert differences([first, second], [private, later]) == [
        "1 happenings only in the audits",
        "1 only in the events",
        "1 told differently",
    ]
