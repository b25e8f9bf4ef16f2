# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits on the phone in a team's report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.teamwork import PhoneLine, stretch_named
from tests.worker.memory_helpdesk import at
from worker.report.team_page import team_page
from worker.reporting.language import language
from worker.reporting.team import TeamQuestion, stored_team
from worker.store.database import epoch
from worker.store.record_tables import calls

if TYPE_CHECKING:
    from rules.teamwork import TeamReport
    from tests.worker.conftest import Site

NOON = "2026-11-10T12:00:00Z"


def ring(site: Site, *waits: int, line: str | None = "support", **changes: object) -> None:
    """Store calls that waited so many seconds; answered ones of the month unless told otherwise."""
    told = {
        "account": "default",
        "updated_at": 0,
        "ended": "answered",
        "inbound": 1,
        "line": line,
        "handling_seconds": 60,
        "outside_hours": 0,
        "connected": 0,
        "at": epoch(at(NOON)),
        **changes,
    }
    with site.database.write("default") as books:
        known = books.tx.execute(sa.select(sa.func.count()).select_from(calls)).scalar_one()
        rows = [
            {**told, "call_id": f"{known + n}", "wait_seconds": wait}
            for n, wait in enumerate(waits)
        ]
        books.tx.execute(sa.insert(calls), rows)


def november(site: Site) -> TeamReport:
    """The team's month as the store has it."""
    question = TeamQuestion(stretch_named("2026-11", "UTC"))
    return stored_team(site.database, "default", question, at("2026-12-03T08:00:00Z"))


def test_each_line_has_the_average_wait_of_answered_calls_and_what_it_hides(any_site: Site):
    ring(any_site, *range(10, 110, 10), 65)
    ring(any_site, 600, ended="abandoned")
    ring(any_site, 5, ended="voicemail")
    ring(any_site, 90, line="sales")

    assert november(any_site).phone == (
        PhoneLine("sales", 1, 1, 0, 90, 90, 90),
        PhoneLine("support", 13, 11, 1, 56, 90, 100),
    )


def test_calls_that_were_offered_to_nobody_are_left_out(any_site: Site):
    ring(any_site, 1, inbound=0)
    ring(any_site, 2, outside_hours=1)
    ring(any_site, 3, ended="abandoned_in_ivr")
    ring(any_site, 4, at=epoch(at("2026-12-01T00:00:00Z")))

    assert november(any_site).phone == ()
    assert "Waits on the phone" not in team_page(november(any_site), "Team")


def test_a_line_where_nobody_was_answered_has_no_average(any_site: Site):
    ring(any_site, 30, ended="abandoned", line=None)

    assert november(any_site).phone == (PhoneLine(None, 1, 0, 1, None, None, None),)


def test_the_page_shows_waits_in_its_language(site: Site):
    ring(site, 65)

    page = team_page(november(site), "Team", language=language("de"))
    assert "Wartezeiten am Telefon" in page
    assert "<td>1&nbsp;min&nbsp;05&nbsp;s</td>" in page or "<td>1 min 05 s</td>" in page
