# SPDX-License-Identifier: GPL-3.0-or-later
"""The board of a worker that runs beside a sandbox, and pages of it in a browser."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import requests
import sqlalchemy as sa

from tests.app.accessibility import RUN
from tests.app.harness.serving import AXE
from tests.worker.sandbox_site import eventually
from worker.demo import Demo, DemoSettings
from worker.run import Service
from worker.store.messages import count_messages
from worker.store.summary import count_changes
from worker.store.sync_progress import first_sync_is_done
from worker.store.tables import tickets
from worker.wiring import Parts, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from worker.wiring import Installation

_EXPORTED = timedelta(seconds=90)
"""Exports keep the last minute back."""


class Reached(Protocol):
    """Something that is served over HTTP."""

    @property
    def url(self) -> str:
        """Where, without a path."""
        ...


@dataclass(frozen=True)
class LiveBoard:
    """A worker with all its loops, its sandbox, and where it serves."""

    demo: Demo
    installation: Installation
    url: str

    def advance(self, by: timedelta) -> None:
        """Let time pass for the helpdesk and the worker."""
        self.demo.sandbox.advance(by)

    def message_states(self) -> set[str]:
        """What became of messages so far."""
        with self.installation.database.read("default") as books:
            return set(count_messages(books))

    def change(self, ticket: str, **values: object) -> None:
        """Change a ticket as an agent does, and let the worker hear of it."""
        sandbox = self.demo.sandbox
        answer = requests.put(
            f"{sandbox.base_url}/api/v2/tickets/{ticket}.json",
            json={"ticket": values},
            headers=sandbox.bearer,
            timeout=10,
        )
        answer.raise_for_status()
        self.advance(_EXPORTED)


@contextmanager
def live_board(number: int, seed: int = 1, **changes: object) -> Iterator[LiveBoard]:
    """A board over a sandbox whose tickets have all been judged; `changes` are of the settings."""
    with Demo(DemoSettings(number, seed, speed=1.0)) as demo:
        demo.set_up()
        wanted = {"http_bind": "127.0.0.1:0", **changes}
        settings = demo.settings().model_copy(update=wanted)
        with opened(settings, Parts(clock=demo.clock)) as installation:
            service = Service(installation, ("all",))
            service.start()
            try:
                assert eventually(lambda: _is_judged(installation), 60)
                yield LiveBoard(demo, installation, f"http://{service.address}")
            finally:
                service.drain()


def _is_judged(installation: Installation) -> bool:
    """Whether the export was read to its end, and all of it is judged and written."""
    with installation.database.read("default") as books:
        waiting = books.tx.execute(
            sa.select(tickets.c.ticket_id).where(
                sa.or_(tickets.c.judged_at.is_(None), tickets.c.news == 1)
            )
        ).first()
        unwritten = count_changes(books).get("ready", 0)
        return first_sync_is_done(books) and waiting is None and not unwritten


@dataclass
class Looking:
    """A page of the board, and what should not have happened in it."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe-core finds wrong."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.page.evaluate(RUN)
        return found

    def until(self, expression: str, seconds: float = 20) -> bool:
        """Whether an expression comes to hold; the page's policy forbids the browser's own way."""
        return eventually(lambda: bool(self.page.evaluate(expression)), seconds)

    def sticks_out(self) -> bool:
        """Whether the page is wider than its window."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return wide

    def rows(self) -> list[str]:
        """The tickets that are shown, in their order."""
        found: list[str] = self.page.eval_on_selector_all(
            "#rows tr", "rows => rows.map(row => row.id.slice(1))"
        )
        return found


@contextmanager
def looking(
    browser: Browser, board: Reached, path: str, *, width: int = 1280, scheme: str = "light"
) -> Iterator[Looking]:
    """A page of the board in a browser of its own, without a way to anywhere else."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    seen = Looking(context.new_page())

    def watch(route: Route) -> None:
        if route.request.url.startswith(board.url):
            route.continue_()
        else:
            seen.faults.append(f"asked for {route.request.url}")
            route.abort()

    context.route("**/*", watch)
    seen.page.on("pageerror", lambda fault: seen.faults.append(str(fault)))
    seen.page.on(
        "console", lambda said: seen.faults.append(said.text) if said.type == "error" else None
    )
    seen.page.goto(f"{board.url}{path}")
    try:
        yield seen
    finally:
        context.close()
