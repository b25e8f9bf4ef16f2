# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt run` and `stipt db` as a person or systemd meets them: sentences and exit codes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.cli.main import run
from worker.process_lock import only_process
from worker.store.database import Database
from worker.store.schema import _config, prepare, schema_state, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rules and a place for the database, and settings that name them."""
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(RULES)
    for name, value in {
        "ZENDESK_OAUTH_CLIENT_ID": "stipt",
        "ZENDESK_OAUTH_CLIENT_SECRET": "secret",
        "STIPT_STATE_DIR": str(tmp_path),
        "STIPT_RULES_PATH": str(tmp_path / "sla"),
        "XDG_CONFIG_HOME": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_a_state_folder_that_cannot_be_made_is_a_wrong_setting(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("STIPT_STATE_DIR", str(folder / "file" / "state"))
    assert run(["run"]) == 78
    told = capsys.readouterr().err
    assert "STIPT_STATE_DIR" in told
    assert "cannot be made: Not a directory" in told


def test_a_pass_over_a_dead_helpdesk_ends_with_4_and_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    with (
        Sandbox(SandboxSettings(tickets=5, speed=600)) as clock,
        Sandbox(SandboxSettings(tickets=5)) as gone,
    ):
        monkeypatch.setenv("STIPT_CLOCK_URL", f"{clock.base_url}/_sandbox/clock")
        monkeypatch.setenv("STIPT_ZENDESK_URL", gone.base_url)
        gone.stop()
        assert run(["run", "--once"]) == 4
    assert "the helpdesk failed 3 times in a row" in capsys.readouterr().err


@pytest.fixture
def behind(folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database of each kind whose schema is that of the first version."""
    del folder
    monkeypatch.setenv("STIPT_DATABASE_URL", database_url)
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
    database = Database(database_url)
    with database.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    yield database
    database.close()


def test_a_schema_that_is_behind_is_upgraded_once(
    behind: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["db", "upgrade", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert schema_state(behind) == "current"
    assert first["before"] == "0001"
    assert run(["db", "upgrade"]) == 0
    assert capsys.readouterr().out == f"The schema is at version {first['after']} already.\n"


def test_run_names_the_command_that_upgrades(
    behind: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    if behind.is_sqlite:
        prepare(behind)  # a file has no second user, so it is upgraded at once
        assert schema_state(behind) == "current"
        return
    assert run(["run", "--once"]) == 78
    assert "run `stipt db upgrade` once" in capsys.readouterr().err
    run(["doctor"])
    assert "stipt db upgrade, once" in capsys.readouterr().out


def test_two_upgrades_at_once_are_one(behind: Database) -> None:
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda _: upgrade(behind), range(2)))
    assert sorted(one.before != one.after for one in done) == [False, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STIPT_DATABASE_URL", "nonsense"),
        ("STIPT_DATABASE_URL", "mysql://stipt:canary@127.0.0.1/stipt"),
        ("STIPT_ZENDESK_URL", "https://user:canary@example.com/api"),
        ("ZENDESK_SUBDOMAIN", "evil.example/#"),
    ],
)
def test_a_setting_that_leads_nowhere_ends_run_with_78(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
) -> None:
    del folder
    monkeypatch.setenv(name, value)
    assert run(["run", "--once"]) == 78
    said = capsys.readouterr().err
    assert f"{name}: not understood" in said
    assert "canary" not in said


@pytest.fixture
def newer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file that a later version has made."""
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
    database = Database(f"sqlite:///{folder / 'stipt.db'}")
    prepare(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()


@pytest.mark.usefixtures("newer")
@pytest.mark.parametrize("line", ["explain 7", "export-history --out -", "db upgrade"])
def test_a_newer_database_is_refused_in_a_sentence(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 1
    assert "made by a newer version of Stipt; upgrade Stipt" in capsys.readouterr().err


def test_a_second_process_on_the_file_ends_with_1_so_that_it_is_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
    database = Database(f"sqlite:///{folder / 'stipt.db'}")
    with only_process(database):
        assert run(["run", "--once"]) == 1
    database.close()
    assert "another process works on" in capsys.readouterr().err


def test_a_plan_that_is_not_there_is_told_before_anybody_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STIPT_CLOCK_URL", "http://127.0.0.1:1/clock")
    monkeypatch.setenv("STIPT_ZENDESK_URL", "http://127.0.0.1:1")
    assert run(["apply", str(folder / "none.json")]) == 1
    assert "none.json: No such file" in capsys.readouterr().err
