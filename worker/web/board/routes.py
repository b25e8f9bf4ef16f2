# SPDX-License-Identifier: GPL-3.0-or-later
"""The board's addresses, and what each of them does."""

from __future__ import annotations

import asyncio
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from rules.calendar_zones import time_zone
from worker.clock import is_loopback
from worker.explaining import explain_stored
from worker.logs import get_logger
from worker.store.agents import agent_names
from worker.store.phone_queue import queue_of
from worker.view.speech import Speaker
from worker.web.board.asking import WINDOW, Finder, asked_of
from worker.web.board.board_page import Ground, board_page, window
from worker.web.board.health_page import health_page
from worker.web.board.layout import PAGE_POLICY, Scene, fragment
from worker.web.board.messages_page import messages_page, retry
from worker.web.board.policy_page import policy_page
from worker.web.board.report_pages import known_standing, report_routes
from worker.web.board.snapshot import Snapshot
from worker.web.board.staffing_pages import staffing_routes
from worker.web.board.ticket_page import ticket_page
from worker.web.board.watching import EVERY_S, Watcher
from worker.web.sign_in.visitor import require_operator, visitor_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from starlette.requests import Request

    from worker.explaining import Explained
    from worker.web.board.asking import Asked, Found
    from worker.web.board.snapshot import Held
    from worker.wiring import AccountWork, Installation

    Endpoint = Callable[[Request], Awaitable[Response]]

_log = get_logger(__name__)

MOST_WATCHERS: Final = 100
"""Readers whose boards are kept up to date at once; others read them by reloading."""

_STATIC: Final = {
    "board.css": "text/css",
    "reports.css": "text/css",
    "board.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def board_routes(installation: Installation) -> list[Route]:
    """Every page of the board."""
    board = Board(installation)
    return [
        Route("/", board.page(board.tickets)),
        Route("/board/rows", board.page(board.rows)),
        Route("/board/events", board.events),
        Route("/tickets/{ident}", board.page(board.ticket)),
        Route("/tickets/{ident}/explanation.json", board.page(board.explanation)),
        Route("/policy", board.page(board.policy)),
        Route("/messages", board.page(board.messages)),
        Route("/messages/retry", board.retry, methods=["POST"]),
        Route("/health", board.page(board.health)),
        *report_routes(board, installation.database),
        *staffing_routes(board, installation.database),
        Route("/static/{name}", static),
    ]


class Board:
    """Pages over an installation's accounts."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._watched = 0
        self._finder = Finder()
        self._snapshots = {
            work.name: Snapshot(installation.database, work.name) for work in installation.accounts
        }

    def page(self, draw: Callable[[Request], Response]) -> Endpoint:
        """An endpoint that is drawn for whoever may look, beside the loop."""

        async def endpoint(request: Request) -> Response:
            visitor_of(request)
            return await run_in_threadpool(draw, request)

        return endpoint

    def tickets(self, request: Request) -> Response:
        """All open tickets by deadline."""
        scene, work = self.scene(request)
        asked = asked_of(request.query_params)
        held, found = self._find(scene, asked)
        return board_page(scene, held, asked, found, self._ground(work))

    def _ground(self, work: AccountWork) -> Ground:
        with self._installation.database.read(work.name) as books:
            return Ground(work.policies.policy, known_standing(books), queue_of(books))

    def rows(self, request: Request) -> Response:
        """The next window of rows, after those that are shown."""
        scene, _ = self.scene(request)
        asked = asked_of(request.query_params)
        _, found = self._find(scene, asked)
        return fragment(window(scene, found, asked.rows - WINDOW, asked.rows))

    def ticket(self, request: Request) -> Response:
        """One ticket: its targets, their clocks, and why."""
        scene, work = self.scene(request)
        with self._installation.database.read(work.name) as books:
            agents = agent_names(books)
        explained = self._explained(request, scene, work)
        return ticket_page(scene, explained, work.settings.base_url, agents)

    def explanation(self, request: Request) -> Response:
        """What `stipt explain --json` says of a ticket."""
        scene, work = self.scene(request)
        return JSONResponse(self._explained(request, scene, work).explanation.to_json())

    def _explained(self, request: Request, scene: Scene, work: AccountWork) -> Explained:
        ident = request.path_params["ident"]
        with self._installation.database.read(work.name) as books:
            found = explain_stored(books, ident, work.policies.policy, scene.now)
        if found is None:
            raise HTTPException(404)
        return found

    def policy(self, request: Request) -> Response:
        """The rules in force."""
        scene, work = self.scene(request)
        return policy_page(scene, work.policies.policy)

    def messages(self, request: Request) -> Response:
        """What was given up, what waits, what went out."""
        scene, work = self.scene(request)
        with self._installation.database.read(work.name) as books:
            return messages_page(scene, books)

    async def retry(self, request: Request) -> Response:
        """Let messages that were given up go out again."""
        require_operator(request)
        scene, work = self.scene(request)
        body = parse_qs((await request.body()).decode("latin-1"))
        ids = [int(one) for one in body.get("id", []) if one.isdecimal()]
        await run_in_threadpool(self._retry, work, ids, scene.now)
        return RedirectResponse(scene.link("/messages"), 303)

    def _retry(self, work: AccountWork, ids: list[int], now: datetime) -> None:
        with self._installation.database.write(work.name) as books:
            number = retry(books, ids, now)
        _log.info("messages_retried", account=work.name, messages=number)

    def health(self, request: Request) -> Response:
        """How the worker stands."""
        scene, work = self.scene(request)
        heartbeats = self._installation.heartbeats
        late = heartbeats.late()
        loops = {loop: (age, loop in late) for loop, age in heartbeats.ages().items()}
        with self._installation.database.read(work.name) as books:
            return health_page(scene, books, work, loops)

    async def events(self, request: Request) -> Response:
        """What changes on the board, told as it does."""
        visitor_of(request)
        if self._watched >= MOST_WATCHERS:
            raise HTTPException(503)
        headers = {"content-security-policy": PAGE_POLICY, "x-accel-buffering": "no"}
        watcher = Watcher(asked_of(request.query_params))
        return StreamingResponse(
            self._looks(request, watcher), media_type="text/event-stream", headers=headers
        )

    async def _looks(self, request: Request, watcher: Watcher) -> AsyncIterator[str]:
        self._watched += 1
        try:
            while not self._installation.stop.is_set():
                yield await run_in_threadpool(self._look, request, watcher)
                await asyncio.sleep(EVERY_S)
        finally:
            self._watched -= 1

    def _look(self, request: Request, watcher: Watcher) -> str:
        scene, work = self.scene(request)
        _, found = self._find(scene, watcher.asked)
        return watcher.look(scene, found, work.policies.policy, partial(self._ground, work))

    def _find(self, scene: Scene, asked: Asked) -> tuple[Held, Found]:
        held = self._snapshots[scene.account].held()
        return held, self._finder.find(scene.account, held, asked, scene.second)

    def scene(self, request: Request) -> tuple[Scene, AccountWork]:
        """Whose rows are looked at, when and by whom.

        Raises:
            HTTPException: 404 for an account that there is not.
        """
        accounts = {work.name: work for work in self._installation.accounts}
        name = request.query_params.get("account") or next(iter(accounts))
        if name not in accounts:
            raise HTTPException(404)
        work, now = accounts[name], self._installation.clock.now()
        zone = time_zone(work.policies.policy.settings.time_zone)
        return (
            Scene(
                account=name,
                accounts=tuple(accounts),
                visitor=visitor_of(request),
                now=now,
                say=Speaker(zone, int(now.timestamp())),
                is_sandbox=is_loopback(work.settings.base_url),
            ),
            work,
        )


async def static(request: Request) -> Response:
    """Style, script and icon; they change with the version alone."""
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404)
    return Response(_file(name), media_type=_STATIC[name], headers={"cache-control": "max-age=300"})


@cache
def _file(name: str) -> bytes:
    return files("worker.web.board").joinpath("static", name).read_bytes()
