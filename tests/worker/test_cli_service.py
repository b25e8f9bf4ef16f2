# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt run` and `stipt db` as a person or systemd meets them: sentences and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.cli.main import run

if TYPE_CHECKING:
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
