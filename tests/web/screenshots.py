# SPDX-License-Identifier: GPL-3.0-or-later
"""`make screenshots`: the pictures of docs/board.md, taken from the board of a demo."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import requests

from tests.app.harness.pages import started_browser
from tests.web.live_board import LiveBoard, live_board, looking
from tests.worker.sandbox_site import eventually

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
_LATER = timedelta(minutes=20)
"""So long after the start some deadlines have passed and their steps were sent."""


def page_of(board: LiveBoard) -> str:
    """The board as it is now, with all its figures or without."""
    return requests.get(board.url, timeout=20).text


def main() -> int:
    """Take all of them; 1 when a page had faults."""
    faults: list[str] = []
    with ExitStack() as stack:
        browser = started_browser(stack)
        board = stack.enter_context(live_board(600))
        board.advance(_LATER)
        with looking(browser, board, "/") as seen:
            eventually(lambda: "sent" in board.message_states(), 30)
            eventually(lambda: "This month so far" in page_of(board), 60)
            ticket = seen.rows()[0]
        for name, (path, width, scheme) in SCENES.items():
            where = path.format(ticket=ticket)
            with looking(browser, board, where, width=width, scheme=scheme) as page:
                page.page.wait_for_timeout(1500)
                page.page.screenshot(path=PICTURES / f"{name}.png")
                faults += [f"{name}: {fault}" for fault in page.faults]
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
