# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on an account, over real HTTP against a sandbox: setup, doctor, plan, apply, run."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.cli.main import run
from worker.store.accounts import write_budget_left
from worker.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
tiers:
  all:
    match: everything
    priority: {default: low}
    targets: [{measure: resolution, within: 90 calendar days, counted: always}]
"""


TELLING = """
version: 1
settings: {time_zone: Europe/Amsterdam}
recipients: {lead: {email: lead@example.com}}
escalations:
  usual: [{at: 1%, tell: [lead]}]
tiers:
  all:
    match: everything
    priority: {default: low}
    targets:
      - {measure: resolution, within: 90 calendar days, counted: always, escalate: usual}
"""


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose clock runs fast, and the settings that point to it."""
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
        yield sandbox


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_setup_creates_the_fields_once(
    account: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["setup", "--yes", "--json"]) == 0
    first = answer(capsys)
    assert run(["setup", "--yes", "--json"]) == 0
    second = answer(capsys)

    assert len(first["created"]) == 6
    assert second["field_ids"] == " ".join(
        f"{key}={number}" for key, number in second["ids"].items()
    )
    assert (second["created"], len(second["present"])) == ([], 6)
    assert account.settings.tickets == 40


def test_setup_registers_the_webhook_once_where_it_is_known_how_to_reach_it(
    account: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["setup", "--yes"]) == 0
    assert "no webhook: STIPT_PUBLIC_URL is not set" in capsys.readouterr().out
    monkeypatch.setenv("STIPT_PUBLIC_URL", "https://sla.example.com/")
    assert run(["setup", "--yes"]) == 0
    told = capsys.readouterr()
    assert "+ webhook to https://sla.example.com/webhooks/zendesk" in told.out
    assert "secret is not in STIPT_WEBHOOK_SECRET" in told.err
    (secret,) = account.site.webhooks.secrets.values()
    monkeypatch.setenv("STIPT_WEBHOOK_SECRET", secret)
    assert run(["setup", "--json"]) == 0  # nothing is left to ask about
    text = capsys.readouterr()
    assert secret not in text.out + text.err
    webhook = json.loads(text.out)["webhook"]
    assert (webhook["webhook"], webhook["trigger"]) == ("present", "present")
    assert webhook["is_known"] is True


def test_setup_writes_the_webhooks_secret_where_only_its_user_reads_it(
    account: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    file = tmp_path / "webhook-secret"
    assert run(["setup", "--yes", "--secret-file", str(file)]) == 1
    assert "needs STIPT_PUBLIC_URL" in capsys.readouterr().err
    monkeypatch.setenv("STIPT_PUBLIC_URL", "https://sla.example.com")
    file.write_text("old")
    file.chmod(0o644)
    assert run(["setup", "--yes", "--secret-file", str(file)]) == 0
    (secret,) = account.site.webhooks.secrets.values()
    assert file.read_text() == f"{secret}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    told = capsys.readouterr()
    assert secret not in told.out + told.err
    monkeypatch.setenv("STIPT_WEBHOOK_SECRET_FILE", str(file))
    assert run(["setup", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["webhook"]["is_known"] is True


def test_doctor_fails_while_fields_are_missing_and_not_after_setup(
    account: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor"]) == 5
    assert "FAIL  helpdesk: ticket fields" in capsys.readouterr().out
    run(["setup", "--yes"])
    capsys.readouterr()

    assert run(["doctor", "--json"]) == 0
    checks = answer(capsys)["checks"]
    assert isinstance(checks, list)
    groups = {"settings", "rules", "storage", "web", "helpdesk", "webhook", "estimate", "time"}
    assert {one["group"] for one in checks} == groups
    assert account.settings.tickets == 40


def test_doctor_masks_secrets(account: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--settings"]) == 0

    shown = capsys.readouterr().out
    assert account.settings.client_secret not in shown
    assert "ZENDESK_OAUTH_CLIENT_SECRET=****" in shown


def test_a_plan_writes_nothing_and_is_applied_once(
    account: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["setup", "--yes"])
    file = str(tmp_path / "plan.json")
    before = len(account.ledger.writes)
    capsys.readouterr()

    assert run(["plan", "--out", file, "--detailed-exitcode", "--json"]) == 2
    planned = answer(capsys)
    assert len(account.ledger.writes) == before
    assert run(["apply", file, "--yes", "--json"]) == 0
    applied = answer(capsys)
    assert run(["apply", file, "--yes", "--json"]) == 0
    again = answer(capsys)

    assert applied["outcomes"] == {"written": planned["changed"]}
    assert again["outcomes"] == {"equal": planned["changed"]}


def test_apply_leaves_a_ticket_alone_that_was_changed_since(
    account: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["setup", "--yes"])
    file = tmp_path / "plan.json"
    run(["plan", "--out", str(file), "--quiet"])
    document = json.loads(file.read_text())
    document["tickets"][0]["seen_at"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps(document))
    capsys.readouterr()

    assert run(["apply", str(file), "--yes", "--json"]) == 1
    outcomes = answer(capsys)["outcomes"]
    assert isinstance(outcomes, dict)
    assert outcomes["changed"] == 1
    assert account.settings.tickets == 40


def test_apply_refuses_more_tickets_than_the_write_budget(
    account: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["setup", "--yes"])
    file = str(tmp_path / "plan.json")
    run(["plan", "--out", file, "--quiet"])
    monkeypatch.setenv("STIPT_WRITE_BUDGET", "0")
    before = len(account.ledger.writes)

    assert run(["apply", file, "--yes"]) == 1
    assert len(account.ledger.writes) == before
    assert run(["apply", file, "--yes", "--accept"]) == 0


def test_accepting_lifts_the_budget_of_the_hour_for_the_service_too(
    account: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["setup", "--yes"])
    monkeypatch.setenv("STIPT_WRITE_BUDGET", "0")
    assert run(["apply", "--yes", "--accept", "--quiet"]) == 0

    url = f"sqlite:///{tmp_path / 'stipt.db'}"
    with closing(Database(url)) as database, database.read("default") as books:
        assert write_budget_left(books, 0, account.now()) > 1_000
        assert write_budget_left(books, 0, account.now() + timedelta(hours=1)) < 100


def test_the_plan_of_a_file_is_summed_up_and_not_listed_again(
    account: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["setup", "--yes"])
    file = str(tmp_path / "plan.json")
    run(["plan", "--out", file, "--quiet"])
    capsys.readouterr()

    assert run(["apply", file]) == 1  # nobody answers
    shown = capsys.readouterr().out
    assert "tickets judged" in shown
    assert "#" not in shown
    assert run(["apply", file, "--limit", "1"]) == 1
    assert capsys.readouterr().out.count("#") == 1
    assert account.settings.tickets == 40


def test_a_pass_that_could_not_tell_people_says_so_and_explain_says_why(
    account: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "sla" / "sla.yaml").write_text(TELLING)
    monkeypatch.setenv("STIPT_WRITE", "on")
    run(["setup", "--yes"])
    capsys.readouterr()

    code = run(["run", "--once", "--json"])
    shown = capsys.readouterr()
    [report] = json.loads(shown.out)["accounts"]
    counted = report["unsent"]["given_up"] | report["unsent"]["tried_again"]
    assert code in (1, 4)
    assert sum(counted.values()) > 0
    assert "messages could not be sent: " in shown.err
    assert "STIPT_MAIL_URL" in shown.err

    fates = set()
    for ident in range(1, 41):
        run(["explain", str(ident), "--json"])
        for cycle in answer(capsys)["cycles"]:
            fates |= {
                (one["fate"], step["sent"]) for step in cycle["steps"] for one in step["told"]
            }
    assert fates <= {("failed", False), ("waiting", False), ("not sent", False)}
    assert fates & {("failed", False), ("waiting", False)}
    assert account.settings.tickets == 40


def test_a_wrong_secret_is_told_in_plain_words(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    del account
    monkeypatch.setenv("ZENDESK_OAUTH_CLIENT_SECRET", "wrong")
    command = [sys.executable, "-m", "worker.cli.main", "plan"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)  # noqa: S603 - our own program
    assert ended.returncode == 1
    assert "the helpdesk refuses the credentials" in ended.stderr
    assert "{" not in ended.stderr


def test_a_plan_that_is_interrupted_says_what_was_kept(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del account

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    @contextmanager
    def told(*, quiet: bool) -> Iterator[Callable[[str, int, int | None], None]]:
        del quiet
        yield interrupted

    monkeypatch.setattr("worker.cli.changes.progress", told)
    capsys.readouterr()
    assert run(["plan"]) == 130
    assert "stopped; what was read is kept" in capsys.readouterr().err


def test_a_file_that_is_no_plan_is_refused(account: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"format": 1, "tickets": 3}')

    assert run(["apply", str(file), "--yes"]) == 1
    assert account.settings.tickets == 40


def test_one_pass_without_writing_only_records_what_it_would_write(
    account: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["setup", "--yes"])
    before = len(account.ledger.writes)
    capsys.readouterr()

    assert run(["run", "--once", "--json"]) == 0

    [report] = json.loads(capsys.readouterr().out)["accounts"]
    assert (report["tickets"], report["writes"]) == (40, 0)
    assert report["would_write"] > 0
    assert len(account.ledger.writes) == before


def test_explain_reads_the_store_that_a_pass_has_filled(
    account: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", "40"]) == 1
    run(["setup", "--yes"])
    run(["run", "--once", "--quiet"])
    capsys.readouterr()

    assert run(["explain", "40", "--json"]) == 0
    assert answer(capsys)["tier"] == "all"
    assert account.settings.tickets == 40


def test_a_helpdesk_that_does_not_answer_ends_setup_with_4(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.stop()
    monkeypatch.delenv("STIPT_CLOCK_URL")

    assert run(["setup", "--yes"]) == 4
    assert run(["plan"]) == 1


def test_run_without_settings_ends_with_78(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ZENDESK_OAUTH_CLIENT_SECRET")

    assert run(["run", "--once"]) == 78
    assert "ZENDESK_OAUTH_CLIENT_SECRET" in capsys.readouterr().err
    assert account.settings.tickets == 40


def test_a_pass_with_refused_credentials_ends_with_4(
    account: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZENDESK_OAUTH_CLIENT_SECRET", "wrong")
    assert run(["run", "--once", "--quiet"]) == 4
    assert "the connection is paused: POST /oauth/tokens" in capsys.readouterr().err
    assert account.ledger.writes == []
