# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on the web: the same documents that the commands write, with ways to the tickets."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from rules.canonical import read_canonical
from rules.statements import unseal
from rules.tallies import NotConcrete
from rules.teamwork import Stretch, month_around, months_between, stretch_named
from worker.report.customer_pictures import pictures
from worker.report.page import Link, style_of_pages
from worker.report.statement_page import statement_page
from worker.report.team_page import team_page
from worker.reporting.customers import NothingPromised, account_of, agreement_named, period_of
from worker.reporting.evidence import EvidenceMissing, OutageFiles
from worker.reporting.standing import Standing
from worker.reporting.stored import StoredSource
from worker.reporting.team import TeamQuestion, known_of, stored_team
from worker.reporting.team_wording import in_force_lines, text
from worker.store.late_rows import NARROWED_BY, late_rows
from worker.store.policy_log import hashes_like, policy_loads_of
from worker.store.standing import standing_of
from worker.store.statements import all_statements, statement_bytes
from worker.store.team_rows import dues_of_policy, times_in_force
from worker.web.board.reports_page import late_page, reports_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request

    from rules.teamwork import GroupLine
    from worker.store.database import Books, Database
    from worker.web.board.layout import Scene
    from worker.web.board.routes import Board
    from worker.wiring import AccountWork

_MOST_LATE: Final = 500
_LONGEST: Final = 200


def report_routes(board: Board, database: Database) -> list[Route]:
    """Every page of reports."""
    pages = ReportPages(board, database)
    return [
        Route("/reports", board.page(pages.overview)),
        Route("/reports/team", board.page(pages.team)),
        Route("/reports/policy", board.page(pages.policy)),
        Route("/reports/late", board.page(pages.late)),
        Route("/reports/customer", board.page(pages.customer)),
        Route("/reports/statements/{sha256}", board.page(pages.statement)),
    ]


def known_standing(books: Books) -> tuple[Standing, datetime] | None:
    """How the account stands, and when that was counted.

    What an earlier version counted is as good as nothing: it is counted anew within a minute.
    """
    found = standing_of(books)
    if found is None:
        return None
    try:
        return read_canonical(found[0], Standing), found[1]
    except ValueError:
        return None


class ReportPages:
    """Pages of reports over an installation's accounts."""

    def __init__(self, board: Board, database: Database) -> None:
        self._board = board
        self._database = database

    def overview(self, request: Request) -> Response:
        """What is promised in the running periods, and what else can be asked."""
        scene, work = self._board.scene(request)
        with self._database.read(work.name) as books:
            known = known_standing(books)
            kept, loads = all_statements(books), policy_loads_of(books)
        return reports_page(scene, known, kept, loads)

    def team(self, request: Request) -> Response:
        """The team's report of a period."""
        scene, work = self._board.scene(request)
        cut_off = self._cut_off(work)
        stretch = _stretch(request, work, cut_off)
        found = stored_team(self._database, work.name, TeamQuestion(stretch), cut_off)
        title = text("title", label=found.label)
        link = _to_late(scene, stretch.label)
        return document(team_page(found, title, top=[_back(scene)], link=link))

    def policy(self, request: Request) -> Response:
        """What a policy version judged."""
        scene, work = self._board.scene(request)
        cut_off = self._cut_off(work)
        with self._database.read(work.name) as books:
            hashes = hashes_like(books, request.query_params.get("hash", "-"))
            if len(hashes) != 1:
                raise HTTPException(404)
            dues, times = dues_of_policy(books, hashes[0]), times_in_force(books, hashes[0])
        name, zone = hashes[0][:12], work.policies.policy.settings.time_zone
        first, last = dues or (cut_off, cut_off)
        stretch = months_between(first, last, zone, name)
        question = TeamQuestion(stretch, hashes[0])
        found = stored_team(self._database, work.name, question, cut_off)
        title, notes = text("policy_title", label=name), in_force_lines(times, zone)
        return document(team_page(found, title, notes, top=[_back(scene)]))

    def late(self, request: Request) -> Response:
        """The late cycles of a period, one by one."""
        scene, work = self._board.scene(request)
        cut_off = self._cut_off(work)
        stretch = _stretch(request, work, cut_off)
        query = request.query_params
        asked = {name: query[name][:_LONGEST] for name in NARROWED_BY if name in query}
        within = (stretch.from_at, stretch.until_at)
        with self._database.read(work.name) as books:
            rows, total = late_rows(books, within, cut_off, asked, _MOST_LATE)
        return late_page(scene, stretch.label, asked, rows, total)

    def customer(self, request: Request) -> Response:
        """A customer's period, as it stands now."""
        scene, work = self._board.scene(request)
        policy, query = work.policies.policy, request.query_params
        outages = OutageFiles(work.settings.rules_path)
        try:
            agreement = agreement_named(query.get("customer", ""), policy)
            period = period_of(agreement, query.get("period", ""))
            source = StoredSource.of(self._database, work.name, policy, outages)
            found = account_of(agreement, period, source)
        except (NothingPromised, NotConcrete) as reason:
            raise HTTPException(404) from reason
        except EvidenceMissing as reason:
            raise HTTPException(503) from reason
        link = _to_ticket(scene)
        shown = pictures(found, case_link=link)
        return document(statement_page(found.statement, shown, top=[_back(scene)], case_link=link))

    def statement(self, request: Request) -> Response:
        """A closed statement, as it stands for good."""
        scene, work = self._board.scene(request)
        with self._database.read(work.name) as books:
            found = statement_bytes(books, request.path_params["sha256"])
        if len(found) != 1:
            raise HTTPException(404)
        sealed = unseal(found[0])
        link = _to_ticket(scene)
        page = statement_page(
            sealed.statement, sha256=sealed.sha256, top=[_back(scene)], case_link=link
        )
        return document(page)

    def _cut_off(self, work: AccountWork) -> datetime:
        try:
            return known_of(self._database, work.name)[0]
        except EvidenceMissing as reason:  # nothing was read to its end yet
            raise HTTPException(503) from reason


def _stretch(request: Request, work: AccountWork, at: datetime) -> Stretch:
    zone = work.policies.policy.settings.time_zone
    label = request.query_params.get("period")
    if not label:
        return month_around(at, zone)
    try:
        return stretch_named(label[:_LONGEST], zone)
    except ValueError:
        raise HTTPException(404) from None


def _to_late(scene: Scene, period: str) -> Callable[[str, GroupLine], str | None]:
    """From a row of the team's report to its late cycles; a market is none of a cycle's."""

    def link(facet: str, line: GroupLine) -> str | None:
        if facet not in NARROWED_BY or not line.summary.breached:
            return None
        query = {"period": period, "measure": line.measure, facet: line.name or ""}
        return scene.link("/reports/late", urlencode(query))

    return link


def _to_ticket(scene: Scene) -> Callable[[str], str]:
    """From a case, `4711/first_reply/1`, to its ticket."""
    return lambda case: scene.link(f"/tickets/{case.split('/')[0]}")


def _back(scene: Scene) -> str:
    return Link("All reports", scene.link("/reports")).paragraph()


def document(content: str) -> HTMLResponse:
    """A document that brings its own style, and may do nothing else."""
    digest = hashlib.sha256(style_of_pages().encode()).digest()
    allowed = f"style-src 'sha256-{base64.b64encode(digest).decode()}'"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(content, headers={"content-security-policy": policy})
