# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt policy` over the store that passes against a sandbox have filled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = """\
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:00]}, holidays: {country: NL}}
tiers:
  all:
    match: everything
    priority: {default: low}
    targets: [{measure: resolution, within: 90h, counted: office}]
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The rules of an account for which no pass has been made yet."""
    path = tmp_path / "sla" / "sla.yaml"
    path.parent.mkdir()
    path.write_text(RULES)
    with Sandbox(SandboxSettings(tickets=20, speed=60)) as sandbox:
        for name, value in {
            "STIPT_ZENDESK_URL": sandbox.base_url,
            "STIPT_CLOCK_URL": f"{sandbox.base_url}/_sandbox/clock",
            "ZENDESK_OAUTH_CLIENT_ID": sandbox.settings.client_id,
            "ZENDESK_OAUTH_CLIENT_SECRET": sandbox.settings.client_secret,
            "STIPT_STATE_DIR": str(tmp_path),
            "STIPT_RULES_PATH": str(path.parent),
            "XDG_CONFIG_HOME": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        yield path


def judged(rules: Path, *texts: str) -> None:
    """A pass with each of these texts."""
    for text in texts:
        rules.write_text(text)
        assert run(["run", "--once", "--quiet"]) == 0


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


SLOWER = RULES.replace("90h", "95h").replace("country: NL", "country: NL, also: [2026-12-24]")


def test_the_log_tells_also_that_an_older_policy_came_back(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(rules, RULES, SLOWER, RULES)

    loads = answer(capsys, "policy", "log")["policies"]

    assert isinstance(loads, list)
    assert [one["in_force"] for one in loads] == [True, False, False]
    assert loads[0]["hash"] == loads[2]["hash"] != loads[1]["hash"]
    assert loads[0]["files"] == ["sla.yaml"]
    assert loads[0]["verdicts"] > 0
    assert loads[0]["loaded_at"] > loads[1]["loaded_at"] > loads[2]["loaded_at"]
    assert run(["policy", "log"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines] == ["*", " ", " "]
    assert lines[0].endswith("in force")


def test_nothing_was_in_force_before_the_first_pass(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rules.exists()
    assert answer(capsys, "policy", "log") == {"policies": []}


def test_a_policy_is_shown_by_the_beginning_of_its_hash_and_written_back(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(rules, RULES, SLOWER)
    loads = answer(capsys, "policy", "log")["policies"]
    assert isinstance(loads, list)
    first = loads[1]["hash"]

    assert answer(capsys, "policy", "show", first[:6]) == {
        "hash": first[:12],
        "files": {"sla.yaml": RULES},
    }
    back = tmp_path / "before"
    assert run(["policy", "show", first[:8], "--out", str(back)]) == 0
    assert (back / "sla.yaml").read_text() == RULES
    assert run(["policy", "show", first[:8], "--out", str(back)]) == 1


def test_what_a_policy_judged_is_told_by_the_beginning_of_its_hash(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(rules, RULES)
    loads = answer(capsys, "policy", "log")["policies"]
    assert isinstance(loads, list)
    name = loads[0]["hash"]

    report = answer(capsys, "report", "policy", name[:6])

    assert report["policies"] == {name: loads[0]["verdicts"]}
    assert run(["report", "policy", "0000"]) == 1
    assert "stipt policy log lists them" in capsys.readouterr().err
    assert run(["report", "policy", name[:3]]) == 1
    assert "at least four digits" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("named", "said"), [("0000", "no policy begins"), ("ab", "at least four digits")]
)
def test_a_hash_that_names_no_policy_is_refused(
    rules: Path, named: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(rules, RULES)
    assert run(["policy", "show", named]) == 1
    assert said in capsys.readouterr().err


def test_the_difference_is_told_in_words_and_as_text(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(rules, RULES, SLOWER)
    loads = answer(capsys, "policy", "log")["policies"]
    assert isinstance(loads, list)
    new, old = (one["hash"][:8] for one in loads)

    assert run(["policy", "diff", old, new]) == 0

    shown = capsys.readouterr().out
    assert "~ tier all, resolution: within 90h -> 95h" in shown
    assert "+ calendar office: holidays 2026-12-24 closed" in shown
    assert "-    targets: [{measure: resolution, within: 90h, counted: office}]" in shown
    told = answer(capsys, "policy", "diff", old, new, "--meaning")
    assert told["text"] == []
    assert isinstance(told["meaning"], list)
    assert told["meaning"][0]["kind"] == "added"


def test_a_stored_policy_is_compared_with_the_folder_as_it_is_now(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(rules, RULES)
    [load] = answer(capsys, "policy", "log")["policies"]
    rules.write_text("# only a remark\n" + RULES)
    capsys.readouterr()

    assert run(["policy", "diff", load["hash"][:10]]) == 0

    shown = capsys.readouterr()
    assert "both mean the same" in shown.err
    assert "+# only a remark" in shown.out
