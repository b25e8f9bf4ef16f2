# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and their application over real HTTP: what is shown, what is refused, what goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from connector.sandbox.server import Sandbox
from connector.sandbox.settings import SandboxSettings
from rules.changes import FieldChange
from worker.cli.main import run
from worker.clock import SteppedClock
from worker.patience import Patience, TookTooLong
from worker.plan_document import PlanUnreadable, plan_from_json
from worker.plan_groups import Group, groups
from worker.planning import PlannedTicket

from .memory_helpdesk import at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:00]}}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    priority: {default: normal}
    targets: [{measure: resolution, within: 60 working days, counted: office}]
  all:
    match: everything
    priority: {default: low}
    targets: [{measure: resolution, within: 90 calendar days, counted: always}]
"""


class Account:
    """A sandbox, and the folder of rules beside it."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.file = folder / "plan.json"

    def rules(self, old: str, new: str) -> None:
        path = self.folder / "sla" / "sla.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def writes(self) -> int:
        return len(self.sandbox.ledger.ticket_writes)

    def plan(self, *flags: str) -> dict[str, object]:
        assert run(["plan", "--quiet", "--limit", "0", "--out", str(self.file), *flags]) == 0
        found: dict[str, object] = json.loads(self.file.read_text())
        return found

    def edit(self, document: dict[str, object]) -> None:
        self.file.write_text(json.dumps(document))

    def let_the_export_see(self) -> None:
        self.sandbox.clock.advance(timedelta(minutes=3))


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account with our fields, and the settings that point to it."""
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(RULES)
    with Sandbox(SandboxSettings(tickets=120, speed=60)) as sandbox:
        for name, value in {
            "STIPT_ZENDESK_URL": sandbox.base_url,
            "STIPT_CLOCK_URL": f"{sandbox.base_url}/_sandbox/clock",
            "ZENDESK_OAUTH_CLIENT_ID": sandbox.settings.client_id,
            "ZENDESK_OAUTH_CLIENT_SECRET": sandbox.settings.client_secret,
            "STIPT_STATE_DIR": str(tmp_path),
            "STIPT_RULES_PATH": str(tmp_path / "sla"),
            "XDG_CONFIG_HOME": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        assert run(["setup", "--yes"]) == 0
        yield Account(sandbox, tmp_path)


def test_a_plan_says_for_each_ticket_and_field_what_changes_and_why(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert run(["plan"]) == 0

    shown = capsys.readouterr().out
    assert "tier premium: sla.yaml:7, organization.fields.sla_tier = premium" in shown
    assert "(sla.yaml:10 resolution, counted office)" in shown
    assert "+ sla_tier premium (sla.yaml:7)" in shown
    assert "tickets get a due date because of sla.yaml:10 (resolution)" in shown
    assert " tickets judged, all that are not closed: " in shown
    assert account.writes() == 0


def test_a_change_of_a_rule_is_told_in_one_sentence_a_line(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", "--yes", "--quiet"]) == 0
    account.let_the_export_see()
    account.rules("within: 60 working days", "within: 70 working days")
    capsys.readouterr()

    assert run(["plan", "--limit", "50", "--detailed-exitcode"]) == 2

    shown = capsys.readouterr()
    assert "get a later due date because of sla.yaml:10 (resolution)" in shown.out
    assert " -> " in shown.out
    assert "earlier" not in shown.out
    assert "tier all" not in shown.out


def test_a_change_of_the_detail_alone_shows_what_is_another(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["plan", "--limit", "1"]) == 0
    assert '  + sla_detail {"v":1,"rev":"' in capsys.readouterr().out
    assert run(["apply", "--yes", "--quiet"]) == 0
    account.let_the_export_see()
    account.rules("    match: everything\n", "    match: everything\n    commitment: best_effort\n")
    capsys.readouterr()

    document = account.plan()
    assert run(["plan"]) == 0

    assert document["fields"].keys() == {"sla_detail"}
    [change] = document["tickets"][0]["changes"]
    assert "commit" not in json.loads(change["old"])
    assert json.loads(change["new"])["commit"] == "best_effort"
    shown = capsys.readouterr().out
    assert "  ~ sla_detail targets.0.rule sla.yaml:14 -> sla.yaml:15, commit none -> best" in shown


def test_a_ticket_that_the_export_does_not_show_yet_is_not_called_missing(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{account.sandbox.base_url}/api/v2/tickets"
    ticket = {"ticket": {"subject": "new", "comment": {"body": "new"}}}
    made = requests.post(url, json=ticket, headers=account.sandbox.bearer, timeout=5)
    ident = made.json()["ticket"]["id"]
    capsys.readouterr()

    assert run(["plan", "--ticket", str(ident), "--ticket", "987654"]) == 1

    told = capsys.readouterr().err
    assert f"not in the account: 987654; not read yet: {ident}; either new" in told
    assert " UTC may be missing: its export shows it a minute or two late" in told
    account.let_the_export_see()
    assert run(["plan", "--ticket", str(ident)]) == 0


def test_what_a_limit_leaves_out_is_said(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert run(["plan", "--limit", "1"]) == 0

    shown = capsys.readouterr()
    assert shown.out.count("#") == 1
    assert "tickets more; --limit shows more" in shown.err
    assert account.writes() == 0


def test_the_groups_name_every_ticket_once_for_scripts(
    account: Account,
) -> None:
    document = account.plan()
    due = [one for one in document["groups"] if one["field"] == "sla_due_at"]
    named = [ident for one in due for ident in one["tickets"]]

    assert len(named) == len(set(named)) == document["fields"]["sla_due_at"]
    assert sum(one["count"] for one in due) == len(named)


def test_a_plan_counts_the_messages_that_the_first_live_pass_sends(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.rules("settings: {", "settings: {enforce_from: 2026-01-01, ")
    account.rules("tiers:", "escalations:\n  usual:\n    - {at: due, note: true}\ntiers:")
    account.rules("90 calendar days, counted: always", "2h, counted: always, escalate: usual")
    monkeypatch.setenv("STIPT_WRITE", "on")
    before = account.writes()
    capsys.readouterr()
    assert run(["plan", "--limit", "0"]) == 0
    shown = capsys.readouterr().out
    told = account.plan()["messages"]
    assert isinstance(told, dict)
    assert told["note"] > 0
    assert f"{told['note']} messages would be due at once: internal notes" in shown
    assert account.writes() == before

    assert run(["run", "--once", "--quiet"]) == 0

    notes = [one for one in account.sandbox.ledger.ticket_writes if one.comment]
    assert abs(len(notes) - told["note"]) <= 3  # the sandbox's clock has gone on


def test_a_plan_of_one_ticket_looks_at_that_one_alone(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    ident = account.plan()["tickets"][0]["ticket"]

    document = account.plan("--ticket", f"#{ident}")

    assert document["judged"] == 1
    assert [one["ticket"] for one in document["tickets"]] == [ident]
    assert document["open"] > 1
    capsys.readouterr()
    assert run(["plan", "--ticket", str(ident)]) == 0
    assert "1 ticket judged: 1 would change" in capsys.readouterr().out


def test_a_ticket_that_is_not_there_is_named(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", "--ticket", "987654", "--detailed-exitcode"]) == 1
    assert "987654" in capsys.readouterr().err
    assert account.writes() == 0


def test_nothing_to_change_is_0_also_with_the_detailed_exit_code(account: Account) -> None:
    assert run(["apply", "--yes", "--quiet"]) == 0
    account.let_the_export_see()
    writes = account.writes()

    assert run(["plan", "--detailed-exitcode", "--quiet"]) == 0
    assert run(["apply", "--yes", "--quiet"]) == 0
    assert account.writes() == writes


@pytest.mark.parametrize("mistake", ["broken rules", "no rules", "no account"])
def test_every_error_of_a_plan_is_1(
    account: Account, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mistake == "broken rules":
        account.rules("60 working days", "60 workdays")
    elif mistake == "no rules":
        monkeypatch.setenv("STIPT_RULES_PATH", str(account.folder / "nowhere"))
    else:
        monkeypatch.delenv("ZENDESK_OAUTH_CLIENT_ID")

    assert run(["plan", "--detailed-exitcode"]) == 1


def test_a_ticket_that_somebody_changed_is_named_and_left_alone(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    document = account.plan()
    first = document["tickets"][0]["ticket"]
    document["tickets"][0]["seen_at"] = "2026-01-01T00:00:00Z"
    account.edit(document)
    capsys.readouterr()

    assert run(["apply", str(account.file), "--yes"]) == 1

    shown = capsys.readouterr().out
    assert f"#{first} changed: somebody changed the ticket at " in shown
    assert f"done: {len(document['tickets']) - 1}" in shown
    assert int(first) not in {one.ticket_id for one in account.sandbox.ledger.ticket_writes}


def test_a_ticket_whose_verdict_time_has_changed_is_named_and_left_alone(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    document = account.plan()
    document["tickets"][0]["holds_until"] = "2026-01-01T00:00:00Z"
    account.edit(document)
    capsys.readouterr()

    assert run(["apply", str(account.file), "--yes", "--json"]) == 1

    [left] = json.loads(capsys.readouterr().out)["left"]
    assert left["outcome"] == "outdated"
    assert left["ticket"] == document["tickets"][0]["ticket"]


def test_a_plan_of_other_rules_is_refused(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.plan()
    account.rules("90 calendar days", "80 calendar days")

    assert run(["apply", str(account.file), "--yes"]) == 1
    assert "make a new plan" in capsys.readouterr().err
    assert account.writes() == 0


def test_a_plan_that_was_cut_off_goes_on_where_it_stopped(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    document = account.plan()
    planned = document["tickets"]
    account.edit(document | {"tickets": planned[:5]})
    assert run(["apply", str(account.file), "--yes", "--quiet"]) == 0
    account.edit(document)
    capsys.readouterr()

    assert run(["apply", str(account.file), "--yes", "--json"]) == 0

    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert outcomes == {"equal": 5, "written": len(planned) - 5}
    assert account.writes() == len(planned)


def test_a_helpdesk_that_dies_while_a_plan_is_applied_says_how_to_go_on(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.plan()
    account.sandbox.stop()
    monkeypatch.delenv("STIPT_CLOCK_URL")
    capsys.readouterr()

    assert run(["apply", str(account.file), "--yes"]) == 4
    told = capsys.readouterr().err
    assert f"stipt apply {account.file} goes on from there" in told


def test_the_worker_takes_what_was_applied_for_its_own(account: Account) -> None:
    assert run(["apply", "--yes", "--quiet"]) == 0
    writes = account.writes()
    account.let_the_export_see()

    assert run(["run", "--once", "--json"]) == 0
    assert account.writes() == writes


def test_a_clock_that_stands_still_ends_an_application_with_a_plain_sentence(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.plan()
    account.sandbox.clock.run_at(0)
    capsys.readouterr()

    assert run(["apply", str(account.file), "--yes", "--wait", "1s"]) == 4

    told = capsys.readouterr().err
    assert "nothing came from the helpdesk within 1 s" in told
    assert "its clock stands still" in told


def test_a_clock_that_stands_still_ends_a_plan_that_must_wait(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.plan()
    account.sandbox.clock.run_at(0)
    for _ in range(20):  # until the helpdesk's own limit on exports says to wait
        code = run(["plan", "--wait", "1s", "--quiet", "--limit", "0"])
        if code:
            break

    assert code == 1
    told = capsys.readouterr().err
    assert "was not read to its end" in told
    assert "its clock stands still" in told


def test_a_wait_that_is_no_span_is_wrong_usage(account: Account) -> None:
    assert run(["plan", "--wait", "soon"]) == 64
    assert account.writes() == 0


@pytest.mark.parametrize(
    "written",
    [b"", b"[]", b"3", b'{"format": 1}', b'{"format": 2}', b"\xff", b"[" * 100_000],
    ids=["empty", "list", "number", "older", "incomplete", "no text", "deep"],
)
def test_what_is_no_plan_is_refused(written: bytes) -> None:
    with pytest.raises(PlanUnreadable):
        plan_from_json(written)


def a_ticket(ident: str, *changes: FieldChange) -> PlannedTicket:
    seen = at("2026-11-24T09:00:00Z")
    return PlannedTicket(ident, seen, None, "premium", None, "", "office", "UTC", changes)


def a_due(old: str | None, new: str | None) -> FieldChange:
    return FieldChange("sla_due_at", old, new, "tiers.yaml:31 first_reply")


EARLY, LATE = "2026-11-24T10:00:00Z", "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (a_due(EARLY, LATE), "gets a later due date because of tiers.yaml:31 (first_reply)"),
        (a_due(LATE, EARLY), "gets an earlier due date because of tiers.yaml:31 (first_reply)"),
        (a_due(None, EARLY), "gets a due date because of tiers.yaml:31 (first_reply)"),
        (FieldChange("sla_due_at", LATE, None, "no_tier"), "loses its due date because no tier"),
        (FieldChange("sla_tier", "a", "b", "t.yaml:3"), "moves to the tier b because of t.yaml:3"),
        (FieldChange("sla_tier", "a", None, "no_tier"), "leaves the tier a because no tier"),
        (FieldChange("sla_state", None, "met", "t.yaml:3 x"), "shows the state met because"),
        (FieldChange("priority", "low", "high", "t.yaml:3"), "gets the priority high because"),
        (FieldChange("tags", None, "late", "e.yaml:9 x"), "gets the tag late because of e.yaml:9"),
        (FieldChange("group", "A", "B", "e.yaml:9 x"), "goes to the group B because of e.yaml:9"),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)
def test_a_group_reads_as_a_sentence(change: FieldChange, said: str) -> None:
    [group] = groups([a_ticket("1", change)])
    assert f"1 ticket {said}" in group.sentence()


def test_several_tickets_are_one_group_and_the_largest_comes_first() -> None:
    planned = [a_ticket(f"{n}", a_due(EARLY, LATE)) for n in range(12)]
    planned.append(a_ticket("99", a_due(LATE, EARLY)))

    found = groups(planned)

    assert [len(one.tickets) for one in found] == [12, 1]
    assert found[0].sentence() == (
        "12 tickets get a later due date because of tiers.yaml:31 (first_reply)"
    )


def test_what_only_repeats_another_field_makes_no_group() -> None:
    change = FieldChange("sla_due_date", None, "2026-11-24", "tiers.yaml:31 first_reply")
    assert groups([a_ticket("1", change)]) == ()
    assert Group("sla_due_at", "lose their due date", "excluded", ("1", "2")).sentence() == (
        "2 tickets lose their due date because an exclusion holds"
    )


def test_patience_is_counted_from_the_last_progress() -> None:
    clock, real = SteppedClock(at("2026-11-24T09:00:00Z")), [0.0]
    patience = Patience(clock, timedelta(seconds=10), monotonic=lambda: real[0])
    real[0] = 9.0
    patience.pause(1)
    patience.progressed()
    real[0] = 18.0
    patience.wait_until(at("2026-11-24T09:00:30Z"))
    assert clock.now() == at("2026-11-24T09:00:30Z")
    real[0] = 19.0
    with pytest.raises(TookTooLong, match="within 10 s"):
        patience.pause(1)


def test_a_wait_that_is_longer_than_the_limit_is_not_begun() -> None:
    clock = SteppedClock(at("2026-11-24T09:00:00Z"))
    with pytest.raises(TookTooLong, match="wait until 2026-11-24 12:00:00 UTC"):
        Patience(clock, timedelta(minutes=5)).wait_until(at("2026-11-24T12:00:00Z"))
    assert clock.now() == at("2026-11-24T09:00:00Z")


def test_due_dates_come_before_states_whatever_their_number() -> None:
    state = FieldChange("sla_state", None, "on_track", "tiers.yaml:31 first_reply")
    planned = [a_ticket("1", a_due(None, EARLY), state), a_ticket("2", state)]
    assert [one.field for one in groups(planned)] == ["sla_due_at", "sla_state"]
