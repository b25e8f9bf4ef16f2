# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators are told is what there is: settings, exit codes, log events, tests, files."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from worker.cli.exit_codes import ExitCode
from worker.settings import NAMES, load_settings
from worker.settings_sources import gather
from worker.store.accounts import raise_notice, standing_notices
from worker.store.database import Database
from worker.store.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "deploy" / ".env.example").read_text(encoding="utf-8")
UNIT = ROOT / "deploy" / "stipt.service"
SETTING_ROW = re.compile(r"^\| `([A-Z][A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
LEVELS = {"debug", "info", "warning", "error", "exception"}


def section(heading: str) -> str:
    """The text under a heading of docs/operations.md, up to the next of any level."""
    return re.split(r"^#+ ", OPERATIONS.split(f"# {heading}\n", 1)[1], flags=re.MULTILINE)[0]


def test_every_setting_stands_in_one_table() -> None:
    told = [name for name, _, _ in SETTING_ROW.findall(OPERATIONS)]
    assert sorted(told) == sorted(NAMES.all)


def test_settings_of_an_account_and_secrets_are_told_as_such() -> None:
    rows = SETTING_ROW.findall(OPERATIONS)
    assert {name for name, _, told in rows if "**Secret.**" in told} == NAMES.secrets
    of_account = {name for name, _, _ in SETTING_ROW.findall(section("For each account"))}
    unused = {name for name, _, _ in SETTING_ROW.findall(section("Read and not used yet"))}
    assert of_account == NAMES.of_account - unused


def test_settings_that_are_told_to_be_unused_are_read_by_nothing() -> None:
    sources = [
        file.read_text(encoding="utf-8")
        for file in (ROOT / "worker").rglob("*.py")
        if file.name != "settings.py"
    ]
    unused = [name for name, _, _ in SETTING_ROW.findall(section("Read and not used yet"))]
    fields = [name.removeprefix("STIPT_").lower() for name in unused]
    used = [one for one in fields if any(f"settings.{one}" in text for text in sources)]
    assert used == []


def test_the_example_of_settings_is_complete_and_each_has_its_line() -> None:
    pairs = re.findall(r"^# (.+)\n#([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert sorted(name for _, name in pairs) == sorted(NAMES.all)
    assert EXAMPLE.count("\n#STIPT") + EXAMPLE.count("\n#ZENDESK") + EXAMPLE.count(
        "\n#SENTRY"
    ) == len(pairs)


def test_the_example_shows_the_defaults() -> None:
    shown = dict(re.findall(r"^#([A-Z_]+)=(.+)$", EXAMPLE, re.MULTILINE))
    # What differs by machine, and what Sentry's own start adds.
    for name in ("STIPT_RULES_PATH", "SENTRY_ENVIRONMENT"):
        shown.pop(name)
    assert load_settings(environment=shown).model_copy(update={"origins": {}}) == load_settings(
        environment={}
    ).model_copy(update={"origins": {}})


def test_every_default_in_the_tables_is_the_examples() -> None:
    shown = dict(re.findall(r"^#([A-Z_]+)=(.+)$", EXAMPLE, re.MULTILINE))
    told = {
        name: default.strip("`")
        for name, default, _ in SETTING_ROW.findall(OPERATIONS)
        if re.fullmatch(r"`[^`]+`", default)
    }
    assert told == {name: one for name, one in shown.items() if name != "STIPT_RULES_PATH"}


def test_every_exit_code_is_told() -> None:
    codes = re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)
    assert [int(one) for one in codes] == [code.value for code in ExitCode]


def test_every_log_event_is_told_with_its_level() -> None:
    told = {
        (event, level)
        for events, levels in re.findall(
            r"^\| (`.+?) \| ([a-z, ]+) \|", section("Logs"), re.MULTILINE
        )
        for event, level in paired(re.findall(r"`(\w+)`", events), levels.split(", "))
    }
    assert told == set(logged())


def paired(events: list[str], levels: list[str]) -> Iterator[tuple[str, str]]:
    """One level holds for all events of a row, or each has its own."""
    yield from zip(events, levels * len(events) if len(levels) == 1 else levels, strict=True)


def logged() -> Iterator[tuple[str, str]]:
    """Every event that the sources log, and its level."""
    for folder in ("worker", "connector"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id=logger), attr=level),
                        args=[ast.Constant(value=str(event)), *_],
                    ) if "log" in logger.lower() and level in LEVELS:
                        yield event, "error" if level == "exception" else level


def test_every_test_that_a_guarantee_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", GUARANTEES))
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.py"))
    assert named - set(re.findall(r"^def (test_\w+)", sources, re.MULTILINE)) == set()
    rows = re.findall(r"^\| (G\d) \|.*`test_\w+`", GUARANTEES, re.MULTILINE)
    assert rows == [f"G{number}" for number in range(1, 9)]


def test_the_config_files_of_the_page_are_understood(tmp_path: Path) -> None:
    for block in re.findall(r"```toml\n(.*?)```", OPERATIONS, re.DOTALL):
        secret = tmp_path / "secret"
        secret.write_text("a secret\n")
        file = tmp_path / "config.toml"
        file.write_text(re.sub(r'(_file = )"[^"]+"', rf'\1"{secret}"', block))
        assert gather({}, {}, file, NAMES).problems == []
        assert load_settings(environment={}, config=file).accounts[0].missing() == []


def test_the_backup_of_the_page_holds_every_row(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", section("Backup and restore"), re.DOTALL)
    source, copy = tmp_path / "stipt.db", tmp_path / "copy.db"
    with closing(Database(f"sqlite:///{source}")) as database:
        prepare(database)
        with database.write("default") as books:
            raise_notice(books, "a_notice", "a text", datetime(2026, 11, 24, tzinfo=UTC))
        # The worker's own connection stays open, and its last rows are not in the main file yet.
        block = block.replace("/var/lib/stipt/stipt.db", str(source))
        block = block.replace("/var/backups/stipt.db", str(copy))
        subprocess.run([sys.executable, "-c", block], check=True)  # noqa: S603 - the page's own text
    with closing(Database(f"sqlite:///{copy}")) as restored, restored.read("default") as books:
        assert standing_notices(books) == {"a_notice": "a text"}


def test_the_unit_starts_a_command_that_exists_and_stops_where_starting_again_is_vain() -> None:
    text = UNIT.read_text(encoding="utf-8")
    assert "ExecStart=/opt/stipt/bin/stipt run --role all\n" in text
    assert f"RestartPreventExitStatus={ExitCode.USAGE.value} {ExitCode.SETTINGS.value}\n" in text
    timeout = int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[0])
    assert timeout > load_settings(environment={}).drain_timeout.total_seconds()
    (variable,) = re.findall(r"^Environment=(\w+)_FILE=", text, re.MULTILINE)
    assert variable in NAMES.secrets


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "stipt.service"
    # The program of the unit is not installed here; any that is there will do.
    unit.write_text(UNIT.read_text().replace("/opt/stipt/bin/stipt", "/bin/true"))
    done = subprocess.run(  # noqa: S603 - a fixed command over our own file
        ["systemd-analyze", "verify", "--man=no", str(unit)],  # noqa: S607 - where the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    assert "stipt.service" not in done.stderr, done.stderr
