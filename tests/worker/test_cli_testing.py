# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt test`: what it prints, how it ends, what it writes, and how a ticket becomes a test."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from rules.facts import Happening
from rules.load import load
from rules.rehearsal import rehearse
from tests.worker.conftest import RULES as SITE_RULES
from worker.cli import output
from worker.cli.main import run
from worker.store.facts import load_tickets

if TYPE_CHECKING:
    from tests.worker.conftest import Site

STARTER = Path(__file__).parents[2] / "worker" / "starter"
RULES = """\
version: 1
settings: {time_zone: Europe/Amsterdam}
recipients:
  lead: {email: lead@example.com}
escalations:
  usual:
    - {at: 50%, tell: [lead]}
    - {at: due, tell: [lead]}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    priority: {default: high}
    targets:
      - {measure: first_reply, within: 1h, counted: always, escalate: usual}
  everyone:
    match: everything
    priority: {default: low}
    targets:
      - {measure: first_reply, within: 4h, counted: always}
customers:
  acme:
    match: {organization.id: "360001"}
    tier: premium
"""
TESTS = """\
version: 1
tests:
  - name: a stranger waits four hours
    ticket: {created: 2026-11-23 10:00 Europe/Amsterdam}
    expect: {tier: everyone, first_reply: {due: 2026-11-23 14:00}, steps: []}
  - name: premium is warned half-way
    ticket:
      organization: {fields: {sla_tier: premium}}
      created: 2026-11-23 10:00 Europe/Amsterdam
    until: 2026-11-23 10:45
    expect:
      tier: premium
      steps: ["2026-11-23 10:30 first_reply 50%"]
"""
WRONG = TESTS.replace("14:00}", "13:00}").replace("10:30 first_reply", "10:40 first_reply")
TICKET = {
    "id": "98765",
    "created_at": "2026-11-23T09:00:00Z",
    "channel": "web",
    "organization": {"id": "360777", "name": "Hidden BV", "fields": {"sla_tier": "premium"}},
    "requester": {"id": "4242"},
    "tags": ["secret"],
    "happenings": [
        {"at": "2026-11-23T09:40:00Z", "kind": "comment", "by": "agent", "public": True},
        {"at": "2026-11-23T09:41:00Z", "kind": "field", "field": "tags", "to": ["secret2"]},
    ],
}


@pytest.fixture
def sla(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `sla` in the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    (folder / "tests.yaml").write_text(TESTS, encoding="utf-8")
    return folder


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    run(["test", *arguments, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.usefixtures("sla")
def test_tests_that_pass_are_listed_with_what_they_do_not_reach(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["test"]) == 0

    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "ok   sla/tests.yaml:3:5 a stranger waits four hours",
        "ok   sla/tests.yaml:6:5 premium is warned half-way",
        "reached by tests: 2 of 2 tiers, 0 of 1 customers, 2 of 2 targets, 1 of 2 steps",
        "  not sla/rules.yaml:21:3 customers.acme",
        "  not sla/rules.yaml:8:7 escalations.usual due",
    ]
    assert shown.err == "2 tests passed\n"


def test_the_folder_that_init_writes_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(STARTER, tmp_path / "sla")

    assert run(["test", "sla", "--strict", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_expected_and_actual_stand_side_by_side(
    sla: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sla / "tests.yaml").write_text(WRONG, encoding="utf-8")

    assert run(["test", "sla"]) == 1

    shown = capsys.readouterr()
    assert shown.out.splitlines()[:11] == [
        "FAIL sla/tests.yaml:3:5 a stranger waits four hours",
        "                                          expected                           actual",
        "  = sla/tests.yaml:5:20  tier             everyone                           everyone",
        (
            "  ! sla/tests.yaml:5:49  first_reply due  2026-11-23 13:00 Europe/Amsterdam  "
            "2026-11-23 14:00 Europe/Amsterdam"
        ),
        "  = sla/tests.yaml:5:75  steps            no steps                           no steps",
        "  first_reply: sla/rules.yaml:19 (tier everyone), counted always from 2026-11-23 10:00",
        "FAIL sla/tests.yaml:6:5 premium is warned half-way",
        "                                 expected                          actual",
        "  = sla/tests.yaml:12:13  tier   premium                           premium",
        (
            "  ! sla/tests.yaml:13:14  steps  (nothing)                         "
            "2026-11-23 10:30 first_reply 50%"
        ),
        "  ! sla/tests.yaml:13:15  steps  2026-11-23 10:40 first_reply 50%  (nothing)",
    ]
    assert shown.err == "2 of 2 tests failed\n"


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours_are_for_terminals_that_want_them(
    sla: Path,
    no_color: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (sla / "tests.yaml").write_text(WRONG, encoding="utf-8")
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")

    run(["test", "sla"])

    shown = capsys.readouterr().out
    assert ("\x1b[32m2026-11-23 13:00 Europe/Amsterdam" in shown) == (not no_color)
    assert ("\x1b[" in shown) == (not no_color)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "  ! sla/tests.yaml:5:49  first_reply due  2026-11-23 13:00 Europe/Amsterdam" in plain


def test_quiet_prints_failures_alone(sla: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "sla", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    (sla / "tests.yaml").write_text(WRONG, encoding="utf-8")

    assert run(["test", "sla", "--quiet"]) == 1

    shown = capsys.readouterr()
    assert shown.out.startswith("FAIL ")
    assert "reached by tests" not in shown.out
    assert shown.err == ""


@pytest.mark.usefixtures("sla")
def test_strict_fails_for_a_customer_without_a_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "sla", "--strict"]) == 1

    shown = capsys.readouterr().out
    assert "FAIL sla/rules.yaml:21:3 customers.acme: no test covers this customer\n" in shown
    assert "  not sla/rules.yaml:21:3" not in shown


def test_strict_and_check_agree_on_what_has_no_test(
    sla: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sla / "tests.yaml").unlink()
    owed = [
        one["name"]
        for kind in ("tiers", "customers")
        for one in as_json(capsys, "sla")["coverage"][kind]
        if not one["reached"]
    ]
    assert owed == ["tiers.premium", "tiers.everyone", "customers.acme"]
    assert run(["test", "sla"]) == 0
    assert "there are no tests" in capsys.readouterr().err
    assert run(["test", "sla", "--strict"]) == 1

    (sla / "tests.yaml").write_text(TESTS, encoding="utf-8")
    capsys.readouterr()
    run(["check", "sla", "--json"])
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [one["what"] for one in problems if one["code"] == "STP314"] == ["customers.acme"]


@pytest.mark.usefixtures("sla")
def test_run_chooses_tests_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    document = as_json(capsys, "sla", "--run", "half.way$")

    assert [one["name"] for one in document["tests"]] == ["premium is warned half-way"]
    reached = {one["name"]: one["reached"] for one in document["coverage"]["tiers"]}
    assert reached == {"tiers.premium": True, "tiers.everyone": True}, "of all tests together"


@pytest.mark.usefixtures("sla")
def test_a_pattern_that_finds_nothing_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "sla", "--run", "nobody"]) == 1
    assert 'no test has a name in which "nobody" is found' in capsys.readouterr().err
    assert run(["test", "sla", "--run", "("]) == 64
    assert run(["test", "sla", "--history", "x.jsonl"]) == 64


@pytest.mark.usefixtures("sla")
def test_the_json_has_every_expectation_and_every_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = as_json(capsys, "sla")

    assert (document["passed"], document["failed"]) == (2, 0)
    second = document["tests"][1]
    assert second["until"] == "2026-11-23T09:45:00Z"
    assert second["zone"] == "Europe/Amsterdam"
    assert second["steps"] == ["2026-11-23 10:30 first_reply 50%"]
    assert second["compared"][0] == {
        "what": "tier",
        "file": "sla/tests.yaml",
        "line": 12,
        "column": 13,
        "expected": "premium",
        "actual": "premium",
        "agrees": True,
    }


def test_annotations_stand_at_the_expectation(
    sla: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sla / "tests.yaml").write_text(WRONG, encoding="utf-8")

    assert run(["test", "sla", "--github", "--strict"]) == 1

    assert capsys.readouterr().out.splitlines() == [
        (
            "::error file=sla/tests.yaml,line=5,col=49,title=stipt test::"
            "a stranger waits four hours: "
            "first_reply due: expected 2026-11-23 13:00 Europe/Amsterdam, "
            "actual 2026-11-23 14:00 Europe/Amsterdam"
        ),
        (
            "::error file=sla/tests.yaml,line=13,col=14,title=stipt test::"
            "premium is warned half-way: "
            "steps: expected (nothing), actual 2026-11-23 10:30 first_reply 50%25"
        ),
        (
            "::error file=sla/tests.yaml,line=13,col=15,title=stipt test::"
            "premium is warned half-way: "
            "steps: expected 2026-11-23 10:40 first_reply 50%25, actual (nothing)"
        ),
        (
            "::error file=sla/rules.yaml,line=21,col=3,title=stipt test::customers.acme: "
            "no test covers this customer"
        ),
    ]


def test_junit_is_well_formed_whatever_stands_in_a_name(sla: Path, tmp_path: Path) -> None:
    name = '"a \\"b\\" <c> & ]]> \\ufffe %"'
    wrong = WRONG.replace("a stranger waits four hours", name)
    file = tmp_path / "results.xml"
    (sla / "tests.yaml").write_text(TESTS, encoding="utf-8")
    (sla / "more.yaml").write_text(wrong, encoding="utf-8")

    assert run(["test", "sla", "--strict", "--junit", str(file), "--quiet"]) == 1

    root = ET.parse(file).getroot()  # noqa: S314 - written by the line above
    suites = {one.get("name"): one for one in root}
    assert set(suites) == {"sla/more.yaml", "sla/tests.yaml", "coverage"}
    assert [suites["sla/more.yaml"].get(key) for key in ("tests", "failures")] == ["2", "2"]
    assert [suites["sla/tests.yaml"].get(key) for key in ("tests", "failures")] == ["2", "0"]
    assert [suites["coverage"].get(key) for key in ("tests", "failures")] == ["3", "1"]
    case = suites["sla/more.yaml"][0]
    assert case.get("name") == 'a "b" <c> & ]]> ? %'
    assert "first_reply due: expected" in (case[0].get("message") or "")
    assert "sla/more.yaml:5:" in (case[0].text or "")


def test_a_test_that_cannot_be_run_fails_with_the_reason(
    sla: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    far = TESTS.replace("created: 2026-11-23 10:00", "created: 9998-12-31 10:00")
    (sla / "tests.yaml").write_text(far, encoding="utf-8")
    file = tmp_path / "results.xml"

    assert run(["test", "sla", "--junit", str(file)]) == 1

    assert "  cannot be run: " in capsys.readouterr().out
    assert ET.parse(file).getroot()[0].get("errors") == "1"  # noqa: S314 - written by us


@pytest.mark.usefixtures("sla")
def test_a_file_of_tests_is_run_with_the_rules_of_its_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = Path("sla/more.yaml")
    more.write_text(TESTS.replace("a stranger", "another stranger"), encoding="utf-8")

    document = as_json(capsys, "sla/more.yaml")

    assert {one["file"] for one in document["tests"]} == {"sla/more.yaml"}
    assert document["passed"] == 2


@pytest.mark.usefixtures("sla")
def test_tests_in_a_folder_of_their_own_are_given_beside_the_rules(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("cases").mkdir()
    Path("sla/tests.yaml").rename("cases/tests.yaml")

    assert len(as_json(capsys, "sla", "cases")["tests"]) == 2
    assert len(as_json(capsys, "sla/rules.yaml", "cases/tests.yaml")["tests"]) == 2
    assert run(["test", "cases"]) == 1, "there are no rules beside them"
    Path("other").mkdir()
    Path("other/rules.yaml").write_text(RULES, encoding="utf-8")
    assert run(["test", "sla", "other", "cases"]) == 1
    assert "give tests with one folder of rules" in capsys.readouterr().err
    assert len(as_json(capsys, "sla", "other")["coverage"]["tiers"]) == 4


def test_rules_with_errors_are_no_rules_to_test(
    sla: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sla / "rules.yaml").write_text(RULES.replace("within: 4h", "within: 4"), encoding="utf-8")

    assert run(["test", "sla"]) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "sla/rules.yaml:19:" in shown.err
    assert run(["test", "nowhere"]) == 1


def a_history(folder: Path, **changes: Any) -> str:
    file = folder / "history.jsonl"
    file.write_text(json.dumps({**TICKET, **changes}) + "\n", encoding="utf-8")
    return str(file)


def test_a_ticket_of_a_history_becomes_a_test_that_passes(
    sla: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = a_history(tmp_path)

    assert run(["test", "sla", "--record", "#98765", "--history", history]) == 0

    text = capsys.readouterr().out
    secrets = ("98765", "360777", "Hidden", "4242", "secret")
    assert [one for one in secrets if one in text] == []
    assert text.splitlines()[2:] == [
        '  - name: "recorded premium ticket by web, 2026-11-23 10:00"',
        (
            "    ticket: {organization: {fields: {sla_tier: premium}}, channel: web, "
            "created: 2026-11-23 10:00 Europe/Amsterdam}"
        ),
        "    happenings:",
        "      - {at: 2026-11-23 10:40, comment: agent}",
        "    until: 2026-11-23 10:41",
        "    expect:",
        "      tier: premium",
        "      first_reply: {state: met, due: 2026-11-23 11:00, fulfilled: 2026-11-23 10:40}",
        '      steps: ["2026-11-23 10:30 first_reply 50%"]',
    ]
    (sla / "recorded.yaml").write_text(text, encoding="utf-8")
    assert run(["test", "sla/recorded.yaml"]) == 0


def test_a_record_may_go_straight_into_the_folder(
    sla: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sla / "recorded.yaml").touch()  # as the shell does before the command runs

    code = run(["test", "sla", "--record", "98765", "--history", a_history(tmp_path)])

    assert code == 0
    assert capsys.readouterr().out.startswith("version: 1\n")


def test_an_open_ticket_is_recorded_up_to_now(
    sla: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del sla
    history = a_history(tmp_path, happenings=[])
    arguments = ["sla", "--record", "98765", "--history", history]

    document = as_json(capsys, *arguments, "--now", "2026-11-23 11:30 Europe/Amsterdam")

    assert "until: 2026-11-23 11:30\n" in document["test"]
    assert "first_reply: {state: breached_open, " in document["test"]
    assert '"2026-11-23 11:00 first_reply due"' in document["test"]


@pytest.mark.usefixtures("sla")
def test_a_ticket_that_is_not_there_cannot_be_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["test", "sla", "--record", "1", "--history", a_history(tmp_path)]) == 1
    assert 'there is no ticket "1" in it' in capsys.readouterr().err


def test_a_ticket_that_tests_cannot_tell_is_refused(
    sla: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_clocks = RULES.replace(
        "within: 1h, counted: always, escalate: usual}",
        "within: 1h, counted: always, escalate: usual}\n"
        "      - {measure: agent_work, within: 9h, counted: always, pause_on: [pending]}\n"
        "      - {measure: resolution, within: 9h, counted: always, pause_on: [At supplier]}",
    )
    (sla / "rules.yaml").write_text(two_clocks, encoding="utf-8")
    pause = {"at": "2026-11-23T09:30:00Z", "kind": "status", "to": "pending"}
    history = a_history(tmp_path, happenings=[{**pause, "custom": "At supplier"}])

    assert run(["test", "sla", "--record", "98765", "--history", history]) == 1

    said = capsys.readouterr().err
    assert "this ticket cannot be told as a test: agent_work state: expected paused" in said


def test_a_ticket_of_the_store_becomes_a_test(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site.helpdesk.add("98765")
    site.once()
    site.wait(hours=2)
    site.once()
    for name, value in (
        ("STIPT_DATABASE_URL", str(site.database.url)),
        ("STIPT_RULES_PATH", str(site.rules)),
        ("STIPT_STATE_DIR", str(tmp_path)),
        ("ZENDESK_SUBDOMAIN", "acme"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))

    code = run(["test", "--record", "98765", "--now", "2026-11-24T11:30:00Z"])

    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert "98765" not in shown.out
    assert 'steps: ["2026-11-24 12:00 first_reply 50%"]' in shown.out
    assert run(["test", "--record", "2"]) == 1
    assert "ticket 2 is not in the store" in capsys.readouterr().err


def test_a_test_sees_the_steps_that_the_worker_sends(site: Site) -> None:
    site.helpdesk.add("1")
    while site.clock.now().hour < 15:
        if site.clock.now().hour == 14:
            reply = Happening(site.clock.now(), "comment", "agent")
            site.helpdesk.happen("1", reply)
        site.once()
        site.wait(minutes=15)
    with site.database.read("default") as books:
        ticket = load_tickets(books, ["1"])[0].assembled()
    policy, _ = load({"sla.yaml": SITE_RULES.encode()})
    assert policy is not None

    rehearsed = rehearse(ticket, policy, site.clock.now())

    sent = {(one.at, one.measure, one.keys) for one in site.mailbox.sent}
    seen = {(one.at, one.measure, tuple(step.key for step in one.steps)) for one in rehearsed.fired}
    assert seen == sent
    assert len(sent) == 3
    current = site.helpdesk.held["1"].state.current
    assert rehearsed.current.priority == current.priority == "urgent"
    assert rehearsed.current.tags == current.tags == ("sla_breached",)
    assert timedelta(0) < site.clock.now() - ticket.created_at
