# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on rule files alone: init, check, schema, calendar, explain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from worker.cli.main import run

REPOSITORY = Path(__file__).parents[2]
AS_OF = ("--now", "2026-12-01")

GOOD = """
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:00]}, cut_off: 15:00}
  by_market: {choose_by: organization.fields.market, cases: {nl: office}, default: always}
tiers:
  all:
    match: everything
    priority: {default: low}
    targets: [{measure: first_reply, within: 1h, counted: office}]
"""


def a_folder(tmp_path: Path, text: str = GOOD) -> str:
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(text)
    return str(folder)


def test_init_writes_a_folder_that_check_finds_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sla"

    assert run(["init", str(folder)]) == 0
    written = capsys.readouterr().out.split()
    code = run(["check", str(folder), *AS_OF])

    assert code == 0
    assert capsys.readouterr().out == ""
    assert sorted(written) == sorted(str(path) for path in folder.iterdir())
    assert json.loads((folder / "stipt.schema.json").read_text())["title"]


def test_init_writes_over_nothing_unless_told_to(tmp_path: Path) -> None:
    folder = tmp_path / "sla"
    run(["init", str(folder)])
    own = folder / "tiers.yaml"
    own.write_text("mine")

    assert run(["init", str(folder)]) == 1
    assert own.read_text() == "mine"
    assert run(["init", str(folder), "--force"]) == 0
    assert own.read_text() != "mine"


@pytest.mark.parametrize(
    ("text", "flags", "code"),
    [
        pytest.param(GOOD, (), 3, id="findings only"),
        pytest.param(GOOD, ("--strict",), 1, id="findings that count"),
        pytest.param(GOOD.replace("1h", "1d"), (), 1, id="errors"),
        pytest.param("version: [", (), 1, id="no YAML"),
    ],
)
def test_check_ends_as_its_worst_problem_says(
    tmp_path: Path, text: str, flags: tuple[str, ...], code: int
) -> None:
    assert run(["check", a_folder(tmp_path, text), *AS_OF, *flags]) == code


def test_check_names_the_place_as_the_path_was_given_and_sums_up_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_folder(tmp_path, GOOD.replace("within: 1h", "within: 1d"))
    monkeypatch.chdir(tmp_path)

    run(["check", "sla", *AS_OF])

    shown = capsys.readouterr()
    assert shown.out.startswith("sla/sla.yaml:11:46 STP0")
    assert "1 error" in shown.err


def test_check_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", a_folder(tmp_path), *AS_OF, "--json"])

    report = json.loads(capsys.readouterr().out)
    assert (report["errors"], report["tiers"]) == (0, 1)
    assert report["findings"] == len(report["problems"]) > 0
    assert {one["level"] for one in report["problems"]} == {"finding"}
    assert all((REPOSITORY / one["page"]).is_file() for one in report["problems"])


def test_check_says_what_it_did_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", str(tmp_path / "sla")]) == 0
    unread = tmp_path / "sla" / "customers.YAML"
    unread.write_text("version: 1\n")
    capsys.readouterr()
    assert run(["check", str(tmp_path / "sla")]) == 0
    assert f"not read: {unread}; only *.yaml" in capsys.readouterr().err
    assert run(["check", "--json", str(tmp_path / "sla")]) == 0
    assert json.loads(capsys.readouterr().out)["not_read"] == [str(unread)]


UNREAD = "whether the names that are used are defined, and whether every tier can be reached"


@pytest.mark.parametrize(
    ("slip", "checks"),
    [
        ("version: 1\nrecipients: {lead: {email: 'a\n", UNREAD),
        (
            "version: 1\nrecipient: {}\n",
            "whether the names of recipients that are used are defined",
        ),
    ],
)
def test_check_says_what_it_could_not_compare_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], slip: str, checks: str
) -> None:
    folder = a_folder(tmp_path, GOOD.replace("counted: office", "counted: ofice"))
    unread = tmp_path / "sla" / "people.yaml"
    unread.write_text(slip)

    assert run(["check", folder, *AS_OF]) == 1
    told = capsys.readouterr().err
    assert f"{unread} could not be read in full; not checked in any file: {checks}\n" in told
    assert "; findings are looked for once there are no errors\n" in told
    assert run(["check", folder, *AS_OF, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["not_checked"] == [{"file": str(unread), "checks": checks}]
    assert run(["check", folder, *AS_OF, "--github"]) == 1
    annotation = f"::warning file={unread},title=Not checked::not checked: {checks}\n"
    assert annotation in capsys.readouterr().out


def test_check_skips_nothing_where_every_file_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path, GOOD.replace("counted: office", "counted: ofice"))

    assert run(["check", folder, *AS_OF, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["not_checked"] == []
    assert [one["code"] for one in report["problems"]] == ["STP101"]


def test_check_annotates_for_github(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = a_folder(tmp_path, GOOD.replace("within: 1h", "within: 1d"))

    run(["check", folder, *AS_OF, "--github"])

    assert capsys.readouterr().out.startswith(f"::error file={folder}/sla.yaml,line=11,col=46,")


@pytest.mark.parametrize(
    ("key", "said"), [("targets.measure", "first_reply"), ("calendars.at_closing", "closing")]
)
def test_schema_tells_what_may_stand_at_a_key(
    key: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["schema", key]) == 0
    assert said in capsys.readouterr().out


def test_schema_offers_the_nearest_keys_for_one_it_does_not_know(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["schema", "targets.mesure"]) == 1
    assert "targets.measure" in capsys.readouterr().err


def test_calendar_shows_the_days_on_which_clocks_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["calendar", "office", "--rules", a_folder(tmp_path), "--year", "2026", "--json"]) == 0
    )

    page = json.loads(capsys.readouterr().out)
    assert page["clock_changes"] == {"2026-03-29": 23.0, "2026-10-25": 25.0}
    assert page["hours"]["sat"] == "closed"
    assert page["cut_off"] == "15:00"
    assert len(page["hash"]) == 64


@pytest.mark.parametrize(
    ("add", "at", "due"),
    [
        ("2h", "2026-11-20 14:00", "2026-11-20T15:00:00+00:00"),
        ("2h", "2026-11-20 15:00:01", "2026-11-23T10:00:00+00:00"),
        ("1 working day", "2026-11-20T10:00:00Z", "2026-11-23T10:00:00+00:00"),
        ("2 calendar days", "2026-10-24 12:00", "2026-10-26T11:00:00+00:00"),
    ],
    ids=["in hours", "past the cut-off", "a working day", "across a clock change"],
)
def test_calendar_says_when_a_promise_is_due(
    tmp_path: Path, add: str, at: str, due: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--rules", a_folder(tmp_path), "--add", add, "--at", at, "--json"]

    assert run(["calendar", "office", *flags]) == 0
    assert json.loads(capsys.readouterr().out)["due"] == due


def test_a_calendar_that_is_chosen_shows_by_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["calendar", "by_market", "--rules", a_folder(tmp_path)]) == 0
    assert "organization.fields.market" in capsys.readouterr().out


def test_a_promise_on_a_chosen_calendar_is_told_for_each_that_it_can_come_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--rules", a_folder(tmp_path), "--add", "2h", "--at", "2026-11-20T13:00:00Z"]
    assert run(["calendar", "by_market", *flags, "--json"]) == 0
    dues = json.loads(capsys.readouterr().out)["dues"]
    assert {one["calendar"] for one in dues} == {"always", "office"}
    assert {one["due"] for one in dues} == {
        "2026-11-20T15:00:00+00:00",
    }


def test_a_sound_calendar_is_shown_although_the_folder_has_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path)
    (Path(folder) / "zz.yaml").write_text(
        "version: 1\ncalendars:\n  other: {time_zone: Mars/Olympus, hours: {mon: [09:00-17:00]}}\n"
        "recipients:\n  boss: {emial: boss@example.com}\n"
    )
    assert run(["calendar", "office", "--rules", folder, "--year", "2026"]) == 0
    assert "Europe/Amsterdam" in capsys.readouterr().out
    assert run(["calendar", "other", "--rules", folder]) == 1
    assert "Mars/Olympus" in capsys.readouterr().err


def test_an_unknown_calendar_is_answered_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["calendar", "offce", "--rules", a_folder(tmp_path)]) == 1
    assert "always, by_market, office" in capsys.readouterr().err


def test_explain_judges_a_ticket_of_a_file_as_replay_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text(
        '{"id": "17", "created_at": "2026-11-20T08:30:00Z"}\n'
        '{"id": "7", "created_at": "2026-11-20T08:00:00Z"}\n'
    )
    files = ["--history", str(history), "--rules", a_folder(tmp_path)]

    assert run(["explain", "#7", *files, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert (told["ticket"], told["judged_at"]) == ("7", "2026-11-20T08:30:00Z")
    assert told["cycles"][0]["state"] == "running"
    assert run(["explain", "8", *files]) == 1
    assert 'no ticket "8"' in capsys.readouterr().err


def test_schema_shows_examples_and_answers_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "targets.within", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["key"] == "targets.within"
    assert "for example 2h30m" in told["vocabulary"]


def test_files_that_init_writes_name_a_schema_that_editors_find(tmp_path: Path) -> None:
    folder = tmp_path / "sla"
    run(["init", str(folder), "--quiet"])

    assert run(["schema", "--check", str(folder)]) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("no line", "no schema is named; begin it with: # yaml-language-server"),
        ("no file", "./stipt.schema.json is not there; stipt schema --write"),
        ("old file", "is of another version of Stipt; stipt schema --write"),
    ],
)
def test_a_schema_that_editors_would_not_find_is_said(
    tmp_path: Path, change: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sla"
    run(["init", str(folder), "--quiet"])
    rules, schema = folder / "tiers.yaml", folder / "stipt.schema.json"
    if change == "no line":
        rules.write_text(rules.read_text().partition("\n")[2])
    elif change == "no file":
        schema.unlink()
    else:
        schema.write_text("{}")
    capsys.readouterr()

    assert run(["schema", "--check", str(folder)]) == 1
    assert said in capsys.readouterr().out
    assert run(["schema", "--write", str(folder), "--quiet"]) == 0
    assert run(["schema", "--check", str(folder)]) == (1 if change == "no line" else 0)


def test_calendar_takes_the_rules_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STIPT_RULES_PATH", a_folder(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))

    assert run(["calendar", "office", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cut_off"] == "15:00"


def test_a_promise_from_now_on_starts_by_the_clock_that_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path)
    with Sandbox(SandboxSettings(tickets=0)) as sandbox:
        monkeypatch.setenv("STIPT_CLOCK_URL", f"{sandbox.base_url}/_sandbox/clock")
        today = sandbox.now().date()
        assert run(["calendar", "office", "--rules", folder, "--add", "8h", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["start"].startswith(str(today))
