# SPDX-License-Identifier: GPL-3.0-or-later
"""`make screenshots`: the pictures of docs/app.md, taken from the app as it is now."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.app.harness.pages import Harness, started_browser
from tests.app.showing import board_of, board_tickets, sidebar_of

if TYPE_CHECKING:
    from tests.app.harness.scenarios import Scenario

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
TALL: dict[str, Any] = {"viewport": [900, 1600], "scale": 2}
OPEN_WHY = "document.querySelector('button.more').click()"


def scenes() -> dict[str, tuple[Scenario, str | None]]:
    """What each picture shows, and what is done in the page before it is taken."""
    board = {"viewport": [1120, 720]}
    return {
        "app-on-track": (sidebar_of("several_targets", **TALL), OPEN_WHY),
        "app-at-risk-dark": (sidebar_of("at_risk_by_time", colorScheme="dark", **TALL), None),
        "app-breached": (sidebar_of("breached_open", **TALL), None),
        "app-paused": (sidebar_of("paused", **TALL), None),
        "app-no-sla": (sidebar_of("no_organization", **TALL), None),
        "app-board": (board_of(board_tickets(24), **board), None),
        "app-board-dark": (board_of(board_tickets(24), colorScheme="dark", **board), None),
    }


def main() -> int:
    """Take all of them; 1 when a page had faults."""
    faults: list[str] = []
    with ExitStack() as stack:
        browser = started_browser(stack)
        harness = stack.enter_context(Harness(ROOT, browser=browser))
        for name, (scenario, act) in scenes().items():
            with harness.open(**scenario) as page:
                if act is not None:
                    page.frame.evaluate(act)
                    page.page.wait_for_timeout(300)
                page.picture(PICTURES / f"{name}.png")
                faults += [f"{name}: {fault}" for fault in page.faults()]
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
