# SPDX-License-Identifier: GPL-3.0-or-later
"""The program as a whole: its help, its exit codes, what it says when something goes wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError

from connector.base import CredentialsRejected, Throttled, Unavailable
from connector.history.mapping import MappingError
from rules.problems import Problem
from worker.cli.command_list import COMMANDS, Command
from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.failure import failure_of
from worker.cli.instants import instant
from worker.cli.main import program, run
from worker.rule_folder import RulesInvalid, RulesMissing
from worker.settings import SettingsInvalid
from worker.store.schema import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
HEAVY = {"zenpy", "sqlalchemy", "sentry_sdk", "apprise", "holidays", "alembic", "dramatiq"}
HEAVY |= {"starlette", "uvicorn", "pydantic", "ruamel", "requests", "msgspec"}


def stipt(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.cli.main", *arguments]
    return subprocess.run(  # noqa: S603 - our own program
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        timeout=50,
    )


def test_output_that_nobody_reads_to_its_end_ends_quietly_with_141() -> None:
    command = [sys.executable, "-m", "worker.cli.main", "schema"]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == ExitCode.UNREAD


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import json, sys; from worker.cli.main import run; run(['--help']); "
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )

    assert not HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_every_command_has_help_with_an_example_and_the_summary_of_its_function(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run([*command.name.split(), "--help"])

    assert code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert command.summary in shown
    assert f"Example: {command.example}" in shown
    assert (command.function().__doc__ or "").partition("\n")[0] == command.summary


def test_all_commands_can_be_loaded_together_for_completion() -> None:
    app = program(None)
    groups = [one.typer_instance for one in app.registered_groups]
    loaded = [one for part in [app, *groups] if part for one in part.registered_commands]
    assert len(loaded) == len(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["chekc"],
        ["check", "--no-such-flag"],
        ["export-history"],
        ["replay", "--rules", "x", "--history", "y", "--now", "yesterday"],
        ["calendar", "a", "b"],
        [],
    ],
)
def test_wrong_usage_ends_with_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 64
    assert capsys.readouterr().out == "" or not arguments


STARTER = str(Path(__file__).parents[2] / "worker" / "starter")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["calendar", "office", "--year", "20x7"], "'--year': \"20x7\" is not a whole number"),
        (["explain", "--like", "created=soon", "--rules", STARTER], 'for --like: "soon" is not a'),
        (["plan", "--limit", "1.5"], "'--limit': \"1.5\" is not a whole number"),
        (["plan", "--limit", "-3"], "'--limit': \"-3\" is too small: at least 0"),
        (["staffing", "--calls", "x"], "'--calls': \"x\" is not a number"),
        (["staffing", "--calls", "9", "--answered", "120%"], "--answered: 120% is more than all"),
        (["staffing", "--answered", "80%", "--calls", "inf"], '--calls: "inf" is not a number of'),
        (
            ["staffing", "--answered", "80%", "--calls", "1e7", "--handling", "6m"],
            "--calls: 1,000,000 calls at once are too many: at most 5,000",
        ),
        (
            ["staffing", "--calls", "9", "--answered", "80%", "--occupancy", "0%"],
            "--occupancy: nobody would ever work",
        ),
    ],
)
def test_a_wrong_value_of_a_flag_is_told_in_plain_words(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 64
    assert told in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-01T09:00:00+0100",
        "2026-12-01T09:00+01:00",
        "2026-12-01 09:00 +0100",
        "2026-12-01 09:00 +01:00",
        "2026-12-01 08:00 Z",
        "2026-12-01 09:00 Europe/Amsterdam",
    ],
)
def test_an_instant_may_be_written_with_any_offset(written: str) -> None:
    assert instant(written) == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_a_mistyped_command_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    run(["chekc"])

    assert "Did you mean 'check'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "command", "code", "said"),
    [
        (CommandFailed("no"), "explain", 1, "no"),
        (CommandFailed("no", ExitCode.VIOLATION), "doctor", 5, "no"),
        (RulesMissing("sla: no such folder"), "replay", 1, "sla: no such folder"),
        (RulesMissing("sla: no such folder"), "run", 78, "sla: no such folder"),
        (
            RulesInvalid(Path("sla"), [Problem("a.yaml", 1, 2, "STP001", "x", "y")]),
            "run",
            78,
            "a.yaml:1:2 STP001 x: y",
        ),
        (SettingsInvalid(["ZENDESK_SUBDOMAIN is missing"]), "run", 78, "ZENDESK_SUBDOMAIN"),
        (SettingsInvalid(["ZENDESK_SUBDOMAIN is missing"]), "doctor", 1, "ZENDESK_SUBDOMAIN"),
        (SchemaMismatch("newer"), "run", 78, "newer"),
        (MappingError(["one", "two"]), "replay", 1, "two"),
        (Unavailable("no answer"), "setup", 4, "no answer"),
        (Throttled(3), "setup", 4, "wait 3 s"),
        (CredentialsRejected("401"), "doctor", 4, "refuses the credentials"),
        (CredentialsRejected("401"), "plan", 1, "refuses the credentials"),
        (FileNotFoundError(2, "No such file", "x.csv"), "replay", 1, "x.csv: No such file"),
        (OSError(28, "No space left on device"), "replay", 1, "No space left"),
        (DatabaseError("SELECT 1", {}, Exception("file is not a database")), "explain", 4, "file"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    error: Exception, command: str, code: int, said: str
) -> None:
    failure = failure_of(error, command)

    assert failure.code == code
    assert said in "\n".join(failure.lines)
    assert "bug" not in "\n".join(failure.lines)


@pytest.mark.parametrize("variable", ["STIPT_STATE_DIR", "STATE_DIRECTORY"])
def test_the_details_of_a_bug_go_into_the_folder_that_the_settings_name(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "state"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))

    failure = failure_of(ZeroDivisionError(), "replay")

    assert str(tmp_path / "state" / "bugs") in failure.lines[1]
    assert len(list((tmp_path / "state" / "bugs").iterdir())) == 1


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("secret text"), IntegrityError("secret text", {}, Exception("secret"))],
)
def test_a_bug_prints_an_id_and_where_the_details_are(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    failure = failure_of(error, "replay")

    assert failure.code == 1
    found = re.search(r"id ([0-9a-f]{12})", failure.lines[0])
    assert found is not None
    details = tmp_path / "stipt" / "bugs" / f"stipt-{found[1]}.txt"
    assert str(details) in failure.lines[1]
    assert type(error).__name__ in details.read_text()
    assert details.stat().st_mode & 0o077 == 0
    assert "secret text" not in "\n".join(failure.lines)


def test_output_that_nobody_reads_to_the_end_is_no_error(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    line = '{"id": "%s", "created_at": "2026-11-20T08:00:00Z"}\n'
    history.write_text("".join(line % n for n in range(20_000)))
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(
        "version: 1\nsettings: {time_zone: UTC}\ntiers:\n  all:\n    match: everything\n"
        "    priority: {default: low}\n"
        "    targets: [{measure: first_reply, within: 1h, counted: always}]\n"
    )
    arguments = ["replay", "--rules", str(tmp_path / "sla"), "--history", str(history)]
    command = [sys.executable, "-m", "worker.cli.main", *arguments]

    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()

    assert "Traceback" not in said
    assert "Exception" not in said


def test_the_version_is_that_of_the_distribution() -> None:
    assert re.fullmatch(r"stipt \d+\.\d+\.\d+\S*\n", stipt("--version").stdout)
