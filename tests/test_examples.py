# SPDX-License-Identifier: GPL-3.0-or-later
"""The example folders hold what their READMEs say of them: no errors, tests that pass."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
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


@pytest.mark.parametrize(
    ("example", "file", "period", "expected"),
    [
        ("boston311", "boston311.csv", "2015", (1420, 2809)),
        ("servicenow", "servicenow-incidents.csv", "2016-03", (679, 848)),
    ],
)
def test_a_report_over_real_data_has_the_figures_of_the_readme(
    shared: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    example: str,
    file: str,
    period: str,
    expected: tuple[int, int],
) -> None:
    folder = EXAMPLES / example
    words = ["--rules", str(folder / "rules"), "--mapping", str(folder / "mapping.toml")]
    data = str(shared / "data" / file)

    run(["report", "team", "--period", period, *words, "--history", data, "--json", "--quiet"])

    document = json.loads(capsys.readouterr().out)
    found = next(one for one in document["measures"] if one["measure"] == "resolution")["summary"]
    assert (found["met"], found["met"] + found["breached"]) == expected
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"{expected[0]:,}" in text
    assert f"{expected[1]:,}" in text


def test_bostons_own_flags_say_nearly_the_same_of_every_kind_of_request(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = EXAMPLES / "boston311", shared / "data" / "boston311.csv"
    words = ["--rules", str(folder / "rules"), "--mapping", str(folder / "mapping.toml")]
    run(["report", "team", "--period", "2015", *words, "--history", str(data), "--json", "--quiet"])
    ours = {
        one["name"]: one["summary"] for one in json.loads(capsys.readouterr().out)["tables"]["tier"]
    }

    with data.open(encoding="utf-8", newline="") as file:
        flagged = [one for one in csv.DictReader(file) if one["target_at"].startswith("2015")]
    on_time = Counter(one["type"] for one in flagged if one["on_time"] == "ONTIME")
    asked = Counter(one["type"] for one in flagged)
    kinds = {
        "CE Collection": "code_enforcement_collection",
        "Empty Litter Basket": "empty_litter_basket",
    }
    for kind, tier in kinds.items():
        found = ours[tier]
        assert found["met"] + found["breached"] == asked[kind]
        assert abs(found["met"] - on_time[kind]) <= 1
    assert sum(on_time.values()) == 1409
