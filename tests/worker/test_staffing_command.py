# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt staffing`: people for a phone line."""

from __future__ import annotations

import json

import pytest

from worker.cli.main import run

STORY = ["--calls", "60", "--handling", "6m", "--patience", "4m", "--within", "3m"]
PROMISE = ["--abandoned", "5%", "--shrinkage", "30%"]


def test_sixty_calls_of_six_minutes_need_nine_people_and_thirteen_paid(
    capsys: pytest.CaptureFixture[str],
):
    assert run(["staffing", *STORY, *PROMISE, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["agents"], found["paid"]) == (9, 13)
    lost = {one["agents"]: round(one["abandoned"], 8) for one in found["with"]}
    assert (lost[7], lost[8], lost[9]) == (0.10791103, 0.06153431, 0.03263184)


def test_the_table_shows_what_fewer_people_do(capsys: pytest.CaptureFixture[str]):
    assert run(["staffing", *STORY, *PROMISE]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "9 people at work, 13 on the payroll"
    assert lines[3].split() == ["8", "23.8%", "6.2%", "15", "s", "93.0%", "70.4%"]
    assert lines[4].split() == ["9", "*", "14.4%", "3.3%", "8", "s", "96.4%", "64.5%"]


def test_callers_who_never_give_up_need_a_share_answered(capsys: pytest.CaptureFixture[str]):
    words = ["--calls", "200", "--handling", "3m", "--answered", "80%", "--shrinkage", "30%"]
    assert run(["staffing", *words, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["agents"], found["paid"]) == (14, 20)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what is promised"),
        (["--abandoned", "5"], "patience"),
        (["--answered", "80"], "80 what? 80%"),
        (["--answered", "80%", "--shrinkage", "100%"], "shrinkage"),
        (["--answered", "80%", "--within", "3"], "--within"),
    ],
)
def test_a_promise_that_says_too_little_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert run(["staffing", "--calls", "60", "--handling", "6m", *words]) == 64

    assert said in capsys.readouterr().err
