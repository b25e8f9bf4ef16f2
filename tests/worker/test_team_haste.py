# SPDX-License-Identifier: GPL-3.0-or-later
"""Hasty pauses in a team's report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rules.facts import Happening
from rules.teamwork import HasteLine, stretch_named
from worker.report.team_page import team_page
from worker.reporting.language import language
from worker.reporting.team import TeamQuestion, stored_team

if TYPE_CHECKING:
    from rules.teamwork import TeamReport
    from tests.worker.conftest import Site


def live(site: Site) -> None:
    """Two tickets, paused after two minutes; one of them was answered first. Both are solved."""
    begin = site.clock.now()
    for ident in ("1", "2"):
        site.helpdesk.add(ident, created_at=begin)
    for minutes, ident, kind, to in (
        (1, "2", "comment", None),
        (2, "1", "status", "pending"),
        (2, "2", "status", "pending"),
        (60, "1", "status", "solved"),
        (60, "2", "status", "solved"),
    ):
        at = begin + timedelta(minutes=minutes)
        happening = Happening(at=at, kind=kind, to=to, by="agent", public=True)
        site.helpdesk.happen(ident, happening)
    site.wait(hours=2)
    site.once()


def november(site: Site) -> TeamReport:
    """The team's month as the store has it."""
    question = TeamQuestion(stretch_named("2026-11", "UTC"))
    return stored_team(site.database, "default", question, site.clock.now())


def test_pauses_instead_of_an_answer_are_counted_for_the_group(any_site: Site) -> None:
    live(any_site)

    assert november(any_site).haste == (HasteLine(None, 2, 1),)


def test_their_share_stands_on_the_page_in_its_language(site: Site) -> None:
    live(site)

    page = team_page(november(site), "Team", language=language("nl")).replace("&nbsp;", " ")
    table = page[page.index("Pauzes vóór de oplossing") :].split("</table>")[0]
    assert "<td>2</td><td>1</td><td>50,0%</td>" in table
