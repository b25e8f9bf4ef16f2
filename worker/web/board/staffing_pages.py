# SPDX-License-Identifier: GPL-3.0-or-later
"""Staffing on the web: who is needed when, by what came in up to yesterday."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.routing import Route

from rules.arrivals import LookBack
from rules.duration import parse_running, parse_share
from worker.report.page import Link, page, paragraph
from worker.report.staffing_page import TITLE, staffing_parts
from worker.staffing.answer import Answer, answer
from worker.staffing.past import NothingCameIn, day_behind, past_of_store
from worker.staffing.roster_files import RosterUnreadable, roster_of
from worker.staffing.setting import Assumed, Setting, calendar_of
from worker.web.board.report_pages import document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from starlette.requests import Request
    from starlette.responses import Response

    from rules.rosters import WeekRoster
    from worker.store.database import Database
    from worker.web.board.layout import Scene
    from worker.web.board.routes import Board
    from worker.wiring import AccountWork

_MOST_KEPT: Final = 8
_MOST_GROWTH: Final = 10
_LONGEST_WORK: Final = 86_400
_ASKED: Final = (
    ("mail_work", "Work on a mail", "10m"),
    ("chat_work", "Work on a chat", "8m"),
    ("shrinkage", "Shrinkage", "30%"),
    ("growth", "Growth", "0%"),
)
"""What the past does not tell: its name in the address, in words, and what is meant without it."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What an answer depends on."""

    account: str
    policy: str
    today: date
    assumed: Assumed
    roster: WeekRoster | None


class StaffingPages:
    """Answers are found once for all who ask the same on the same day."""

    def __init__(self, board: Board, database: Database) -> None:
        self._board = board
        self._database = database
        self._kept: dict[_Key, Answer] = {}
        self._lock = threading.Lock()  # half a year is simulated: once, not once for each reader

    def page(self, request: Request) -> Response:
        """The whole page."""
        scene, work = self._board.scene(request)
        given = {name: request.query_params.get(name, usual) for name, _, usual in _ASKED}
        back = Link("All reports", scene.link("/reports")).paragraph()
        top = [back, f"<h1>{TITLE}</h1>", _form(scene, given)]
        try:
            found = self._answer(scene, work, _assumed(given))
        except (NothingCameIn, RosterUnreadable) as reason:
            return document(page(TITLE, [*top, paragraph(f"{reason}.")]))
        return document(page(TITLE, [*top, *staffing_parts(found)]))

    def _answer(self, scene: Scene, work: AccountWork, assumed: Assumed) -> Answer:
        policy = work.policies.policy
        today = day_behind(scene.now, policy.settings.time_zone)
        roster = roster_of(work.settings.rules_path)
        key = _Key(work.name, policy.hash, today, assumed, roster)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            calendar = calendar_of(policy, None)
            over = LookBack(today, policy.settings.time_zone)
            closed = frozenset(calendar.holiday_names) & frozenset(over.days)
            past = past_of_store(self._database, work.name, replace(over, holidays=closed))
            found = answer(past, Setting(policy, calendar, past.over, assumed, roster))
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = found
            return found


def staffing_routes(board: Board, database: Database) -> list[Route]:
    """The page of staffing."""
    return [Route("/staffing", board.page(StaffingPages(board, database).page))]


def _assumed(given: Mapping[str, str]) -> Assumed:
    """What somebody asks.

    Raises:
        HTTPException: 400 for what is no span or share.
    """
    try:
        found = Assumed(
            mail_seconds=parse_running(given["mail_work"]),
            chat_seconds=parse_running(given["chat_work"]),
            shrinkage=parse_share(given["shrinkage"]),
            growth=parse_share(given["growth"]),
        )
    except ValueError:
        raise HTTPException(400) from None
    if not 0 <= found.shrinkage < 1 or not -1 < found.growth <= _MOST_GROWTH:
        raise HTTPException(400)
    if max(found.mail_seconds, found.chat_seconds) > _LONGEST_WORK:
        raise HTTPException(400)
    return found


def _form(scene: Scene, given: Mapping[str, str]) -> str:
    fields = "\n".join(
        f'<label>{escape(words)} <input name="{name}" size="5" value="{escape(given[name])}">'
        "</label>"
        for name, words, _ in _ASKED
    )
    account = ""
    if len(scene.accounts) > 1:
        account = f'<input type="hidden" name="account" value="{escape(scene.account)}">'
    return (
        f'<form class="asked" method="get" action="/staffing">\n{account}{fields}\n'
        "<button>Count again</button>\n</form>"
    )
