# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule file for each mistake, and the exact lines that a check prints for it.

`bad` holds files with an error, `vague` files with a finding. Set
REWRITE_GOLDEN=1 to write the expected lines anew, and read the difference.
"""

import os
from pathlib import Path

import pytest

from rules.codes import CODES
from rules.lint import lint
from rules.load import load
from tests.rules.files_of_rules import TODAY

HERE = Path(__file__).parent
TESTS = "zz_tests.yaml"
ALONE = ("no_tests", "nothing_but_good_feeling")


def cases(folder: str) -> list[pytest.param]:
    files = sorted((HERE / folder).glob("*.yaml"))
    return [pytest.param(file, id=file.stem) for file in files if file.name != TESTS]


def check_against(expected: Path, lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    if os.environ.get("REWRITE_GOLDEN"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", cases("bad"))
def test_a_mistake_is_told_where_it_stands(file: Path):
    policy, problems = load({file.name: file.read_bytes()})

    assert policy is None
    assert {problem.level for problem in problems} == {"error"}
    check_against(file.with_suffix(".txt"), [str(problem) for problem in problems])


@pytest.mark.parametrize("file", cases("vague"))
def test_what_is_vague_is_found_where_it_stands(file: Path):
    files = {file.name: file.read_bytes()}
    if file.stem not in ALONE:
        files[TESTS] = (HERE / "vague" / TESTS).read_bytes()
    policy, problems = load(files)

    assert policy is not None, problems
    findings = lint(policy, TODAY)
    assert {finding.level for finding in findings} == {"finding"}
    check_against(file.with_suffix(".txt"), [str(finding) for finding in findings])


def test_nearly_every_wrong_file_has_one_mistake_and_one_line():
    several = [
        file.stem
        for folder in ("bad", "vague")
        for file in (HERE / folder).glob("*.txt")
        if len(file.read_text(encoding="utf-8").splitlines()) != 1
    ]
    assert sorted(several) == [
        "availability_without_outages_and_calendar",
        "hours_as_one_time",
        "nothing_but_good_feeling",
        "obligation_without_consequence",
        "obligation_without_measure",
    ]


def test_every_code_has_a_wrong_file():
    text = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("bad", "vague")
        for file in (HERE / folder).glob("*.txt")
    )
    missing = {number for number in CODES if number not in text}
    # Two files are needed for these; they stand in test_load.
    assert missing == {"STP102", "STP103"}
