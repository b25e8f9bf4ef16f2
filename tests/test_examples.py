# SPDX-License-Identifier: GPL-3.0-or-later
"""The example folders hold what their READMEs say of them: no errors, tests that pass."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from worker.cli.main import run

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("example", ["boston311", "contract", "servicenow"])
def test_what_a_check_finds_is_explained(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--json", "--now", "2026-11-21", str(EXAMPLES / example / "rules")])
    problems = json.loads(capsys.readouterr().out)["problems"]
    explained = re.findall(r"\bSTP\d{3}\b", (EXAMPLES / example / "README.md").read_text())
    assert [one for one in problems if one["level"] == "error"] == []
    assert {one["code"] for one in problems} <= set(explained)


@pytest.mark.parametrize("example", ["boston311", "contract", "servicenow"])
def test_the_tests_of_an_example_pass_and_reach_every_tier(example: str) -> None:
    assert run(["test", "--strict", "--quiet", str(EXAMPLES / example / "rules")]) == 0
