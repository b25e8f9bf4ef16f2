# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt report team` and `stipt report policy`: the same figures from store and history."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa

from rules.teamwork import stretch_named
from tests.worker.contract_example import EXAMPLE, copy_rules, live
from tests.worker.memory_helpdesk import at
from worker.cli.main import run
from worker.histories import JsonLinesHistory
from worker.report.team_page import team_page
from worker.reporting.team import TeamQuestion, judged_team, known_of, stored_team
from worker.reporting.team_wording import team_csv
from worker.rule_folder import load_folder
from worker.store.judgements import EXCLUDED
from worker.store.tables import tickets, verdicts
from worker.store.team_rows import dues_of_policy, times_in_force

if TYPE_CHECKING:
    from pathlib import Path

    from rules.teamwork import TeamReport
    from tests.worker.conftest import Site

NOW = at("2026-11-20T08:00:00Z")
OCTOBER = stretch_named("2026-10", "Europe/Amsterdam")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules of the example."""
    return copy_rules(tmp_path, outages=False)


@pytest.fixture
def lived(any_site: Site) -> Site:
    """A worker that has read and judged the example's tickets as they were on 20 November."""
    live(any_site, NOW)
    return any_site


def stored(site: Site, question: TeamQuestion) -> TeamReport:
    """The report of the store."""
    cut_off, n_waiting = known_of(site.database, "default")
    assert n_waiting == 0
    return stored_team(site.database, "default", question, cut_off)


def judged(label: str = "2026-10") -> TeamReport:
    """The report of the history at the same instant."""
    policy = load_folder(EXAMPLE / "rules")
    question = TeamQuestion(stretch_named(label, "Europe/Amsterdam"))
    return judged_team(JsonLinesHistory(EXAMPLE / "history.jsonl"), policy, question, NOW)


def test_store_and_history_tell_the_same(lived: Site):
    found, other = stored(lived, TeamQuestion(OCTOBER)), judged()

    assert found.measures == other.measures
    assert found.measures
    assert found.tables == other.tables
    assert found.hours == other.hours
    assert found.over == other.over
    assert found.trend == other.trend
    assert found.solves == other.solves
    assert found.load == other.load


def test_a_policy_is_told_by_its_targets_and_when_it_was_in_force(lived: Site):
    policy = load_folder(lived.rules).hash
    with lived.database.read("default") as books:
        dues = dues_of_policy(books, policy)
        times = times_in_force(books, policy)
        assert dues_of_policy(books, "0" * 64) is None

    found = stored(lived, TeamQuestion(stretch_named("2026", "Europe/Amsterdam"), policy))

    assert dues is not None
    assert [until for _, until in times] == [None]
    assert dict(found.policies) == {policy: found.n_decided + _undecided(found)}
    assert {one.name for one in found.tables["rule"]} == _targets(lived)


def _undecided(found: TeamReport) -> int:
    return sum(one.cancelled + one.not_due + one.summary.excluded for one in found.measures)


def _targets(site: Site) -> set[str]:
    with site.database.read("default") as books:
        rows = books.tx.execute(sa.select(verdicts.c.rule).where(verdicts.c.due_at.is_not(None)))
        return set(rows.scalars())


def test_a_merged_ticket_counts_as_solved_for_nobody(lived: Site):
    with lived.database.read("default") as books:
        choice = sa.select(tickets.c.ticket_id).where(tickets.c.contacts == EXCLUDED)
        excluded = set(books.tx.execute(choice).scalars())
        merged = sa.select(tickets.c.ticket_id).where(tickets.c.life == "merged")
        assert excluded == set(books.tx.execute(merged).scalars())

    found = stored(lived, TeamQuestion(OCTOBER))

    assert sum(one.n_solved for one in found.solves) == sum(one.n_solved for one in judged().solves)


def test_the_page_is_well_formed_and_loads_nothing():
    page = team_page(judged(), "Team <report>", ["A note."])

    body = page[page.index("<main>") : page.index("</main>")] + "</main>"
    ET.fromstring(body.replace("&nbsp;", " "))  # noqa: S314 -- our own page
    assert "Team &lt;report&gt;" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page == team_page(judged(), "Team <report>", ["A note."])


def test_a_time_in_which_nothing_fell_due_says_so():
    page = team_page(judged("2020-01"), "Team")

    assert "Nothing fell due in this time." in page
    assert "%" not in page[page.index("<main>") :]


def test_the_csv_has_a_line_for_each_measure_of_each_group():
    found = judged()

    rows = list(csv.DictReader(team_csv(found).splitlines()))

    assert len(rows) == len(found.measures) + sum(map(len, found.tables.values()))
    by_channel = [row for row in rows if row["by"] == "channel" and row["measure"] == "first_reply"]
    total = next(row for row in rows if row["by"] == "measure" and row["measure"] == "first_reply")
    for name in ("met", "breached", "paused_seconds"):
        assert sum(int(row[name]) for row in by_channel) == int(total[name])


def test_the_command_reads_a_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ("--history", str(EXAMPLE / "history.jsonl"), "--rules", str(EXAMPLE / "rules"))
    page = tmp_path / "team.html"

    code = run(["report", "team", "--period", "2026-10", *words, "--html", str(page), "--json"])

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert document["label"] == "2026-10"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run(["report", "team", "--period", "2026-13", *words]) == 64
    assert run(["report", "team", "--people", *words]) == 64


@pytest.mark.parametrize(
    ("label", "first", "n_periods"),
    [("2026-11", "2026-10-31T23:00:00Z", 12), ("2026", "2025-12-31T23:00:00Z", 12)],
)
def test_a_stretch_begins_with_its_first_day_in_its_zone(label: str, first: str, n_periods: int):
    found = stretch_named(label, "Europe/Amsterdam")

    assert found.from_at == at(first)
    assert len(found.periods) == n_periods
    assert found.until_at > datetime(2026, 11, 30, tzinfo=UTC)


def test_the_report_prints_on_sheets(tmp_path: Path):
    pytest.importorskip("weasyprint")
    words = ("--history", str(EXAMPLE / "history.jsonl"), "--rules", str(EXAMPLE / "rules"))
    sheets = tmp_path / "team.pdf"

    assert run(["report", "team", "--period", "2026-10", *words, "--pdf", str(sheets)]) == 0

    assert sheets.read_bytes().startswith(b"%PDF")
    assert sheets.stat().st_size < 1_000_000
