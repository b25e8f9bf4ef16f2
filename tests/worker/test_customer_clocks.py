# SPDX-License-Identifier: GPL-3.0-or-later
"""The clocks of missed cycles in a customer's report."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from connector.history.reader import read_line
from rules import load
from rules.case_clocks import ClockStretch, clock_of
from rules.evaluate import evaluate
from rules.evidence import rows_of
from tests.worker.memory_helpdesk import at
from worker.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
version: 1
settings: {time_zone: UTC}
calendars:
  office: {time_zone: UTC, hours: {mon-fri: [09:00-17:00]}}
tiers:
  standard:
    match: everything
    priority: {default: normal}
    commitment: best_effort
    targets: [{measure: agent_work, within: 4h, counted: office}]
customers:
  acme:
    match: {organization.id: acme}
    tier: standard
    from: 2026-01-01
    because: Annex B
    obligations: [updates]
obligations:
  updates:
    of: agent_work
    tickets: everything
    at_least: 95%
    per: calendar_month
    excluding: []
    otherwise: none
"""


def a_ticket(ident: str, *changes: tuple[str, str]) -> bytes:
    """A ticket of Tuesday morning, and what its status became."""
    happenings = [
        {"at": moment, "kind": "status", "to": status, "by": "agent"} for moment, status in changes
    ]
    ticket = {
        "id": ident,
        "created_at": "2026-11-03T09:00:00Z",
        "channel": "email",
        "status": "open",
        "requester": {"id": "9", "role": "end_user"},
        "organization": {"id": "acme", "name": "Acme"},
        "created_by": "end_user",
        "created_public": True,
        "happenings": happenings,
    }
    return json.dumps(ticket).encode() + b"\n"


PAUSED = a_ticket(
    "7",
    ("2026-11-03T10:00:00Z", "pending"),
    ("2026-11-03T12:30:00Z", "open"),
    ("2026-11-05T10:00:00Z", "solved"),
)
UNPAUSED = a_ticket("8", ("2026-11-05T10:00:00Z", "solved"))
NOW = at("2026-12-03T08:00:00Z")


def stretch(begin: str, end: str, seconds: int, reason: str | None = None) -> ClockStretch:
    """A stretch of November 2026."""
    return ClockStretch(at(f"2026-11-{begin}:00Z"), at(f"2026-11-{end}:00Z"), seconds, reason)


def test_a_clock_is_told_by_its_pauses_with_nights_inside_what_ran():
    policy, problems = load({"sla.yaml": RULES.encode()})
    assert policy is not None, problems
    ticket, _ = read_line(PAUSED)
    row = rows_of(evaluate(ticket, policy, NOW))[0]

    assert clock_of(ticket, policy, NOW, row) == (
        stretch("03T09:00", "03T10:00", 3600),
        stretch("03T10:00", "03T12:30", 9000, "pending"),
        stretch("03T12:30", "05T10:00", 16_200 + 28_800 + 3600),
    )


def test_a_clock_that_other_rules_judged_is_not_explained_by_these():
    policy, problems = load({"sla.yaml": RULES.encode()})
    assert policy is not None, problems
    ticket, _ = read_line(PAUSED)
    row = rows_of(evaluate(ticket, policy, NOW))[0]

    assert clock_of(ticket, policy, NOW, replace(row, elapsed_seconds=1)) is None
    assert clock_of(ticket, policy, NOW, replace(row, cycle=9)) is None


@pytest.mark.parametrize(
    ("code", "title", "paused"),
    [("en", "The clocks of missed cycles", "pending"), ("de", "Die Uhren", "wartend")],
)
def test_a_report_shows_the_clocks_of_missed_cycles_that_had_a_pause(
    code: str, title: str, paused: str, tmp_path: Path
):
    (tmp_path / "sla").mkdir()
    (tmp_path / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "history.jsonl").write_bytes(PAUSED + UNPAUSED)
    page = tmp_path / "acme.html"
    flags = ["--rules", str(tmp_path / "sla"), "--history", str(tmp_path / "history.jsonl")]
    asked = ["report", "acme", "--period", "2026-11", "--now", "2026-12-03T08:00:00Z", *flags]
    assert run([*asked, "--language", code, "--html", str(page), "--quiet"]) == 0

    shown = page.read_text(encoding="utf-8").replace("&nbsp;", " ")
    table = shown[shown.index(title) :].split("</table>")[0]
    rows = [re.sub(r"<[^>]+>", " ", one).split() for one in table.split("<tr>")[2:]]
    assert [one[0] for one in rows] == ["7/agent_work/1"] * 3
    assert paused in rows[1]
    assert "8/agent_work/1" not in table
