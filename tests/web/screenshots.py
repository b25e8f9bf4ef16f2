# SPDX-License-Identifier: GPL-3.0-or-later
"""`make screenshots`: the pictures of docs/board.md, from a demo and from the worked contract."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.app.harness.pages import started_browser
from tests.web.live_board import LiveBoard, live_board, looking
from tests.web.lived_pages import contract_pages, staffed_pages
from tests.worker.sandbox_site import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Browser

    from tests.web.live_board import Reached

Scene = tuple[str, int, str]
"""A path, the width of the window, and its colours."""

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SCENES = {
    "board": ("/", 1280, "light"),
    "board-dark": ("/", 1280, "dark"),
    "board-narrow": ("/", 400, "light"),
    "board-ticket": ("/tickets/{ticket}", 1280, "light"),
    "board-ticket-dark": ("/tickets/{ticket}", 1280, "dark"),
    "board-policy": ("/policy", 1280, "light"),
    "board-messages": ("/messages", 1280, "light"),
    "board-health": ("/health", 1280, "dark"),
}
OF_CONTRACT = {"board-reports": ("/reports", 1280, "light")}
OF_STAFF = {"board-staffing": ("/staffing", 900, "light")}
_LATER = timedelta(minutes=20)
"""So long after the start some deadlines have passed and their steps were sent."""


def page_of(board: LiveBoard) -> str:
    """The board as it is now, with all its figures or without."""
    return requests.get(board.url, timeout=20).text


def taken(browser: Browser, board: Reached, scenes: Mapping[str, Scene]) -> list[str]:
    """Take pictures of a board; the faults that its pages had."""
    faults: list[str] = []
    for name, (where, width, scheme) in scenes.items():
        with looking(browser, board, where, width=width, scheme=scheme) as page:
            page.page.wait_for_timeout(1500)
            page.page.screenshot(path=PICTURES / f"{name}.png")
            faults += [f"{name}: {fault}" for fault in page.faults]
    return faults


def main() -> int:
    """Take all of them; 1 when a page had faults."""
    with ExitStack() as stack:
        browser = started_browser(stack)
        faults = taken(browser, stack.enter_context(contract_pages()), OF_CONTRACT)
        faults += taken(browser, stack.enter_context(staffed_pages()), OF_STAFF)
        board = stack.enter_context(live_board(600))
        board.advance(_LATER)
        with looking(browser, board, "/") as seen:
            eventually(lambda: "sent" in board.message_states(), 30)
            eventually(lambda: "This month so far" in page_of(board), 60)
            ticket = seen.rows()[0]
        named = {
            name: (path.format(ticket=ticket), width, scheme)
            for name, (path, width, scheme) in SCENES.items()
        }
        faults += taken(browser, board, named)
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
