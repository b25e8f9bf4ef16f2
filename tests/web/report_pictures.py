# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.web.report_pictures`: the pictures of reports in the docs and the examples.

Those over real data need the reference files: STIPT_SHARED names their folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from tests.app.harness.pages import started_browser
from worker.cli.main import run

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
SHARED = Path(os.environ.get("STIPT_SHARED") or ROOT.parent / "shared") / "data"
CONTRACT = ROOT / "examples" / "contract"


class Scene(NamedTuple):
    """A report, how much of its page a picture shows, in which colours, from which heading on."""

    words: tuple[str, ...]
    width: int
    height: int
    scheme: str = "light"
    begins_at: str = ""


def over_data(example: str, file: str, period: str) -> tuple[str, ...]:
    """The words of a team's report over real data."""
    folder = ROOT / "examples" / example
    return (
        *("team", "--period", period, "--rules", str(folder / "rules")),
        *("--history", str(SHARED / file), "--mapping", str(folder / "mapping.toml")),
    )


CUSTOMER = (
    *("acme", "--period", "2026-11", "--now", "2026-12-03T08:00:00Z"),
    *("--rules", str(CONTRACT / "rules"), "--history", str(CONTRACT / "history.jsonl")),
    *("--outages", str(CONTRACT / "outages.csv")),
)
SCENES = {
    "report-boston": Scene(over_data("boston311", "boston311.csv", "2015"), 900, 1180),
    "report-boston-narrow": Scene(
        over_data("boston311", "boston311.csv", "2015"), 400, 1400, "dark"
    ),
    "report-servicenow": Scene(
        over_data("servicenow", "servicenow-incidents.csv", "2016-03"),
        *(900, 1270, "light", "When it was late"),
    ),
    "report-contract": Scene(CUSTOMER, 900, 1180),
}


_BEGIN = """words => [...document.querySelectorAll('h2')]
  .find(one => one.textContent === words).scrollIntoView()"""


def main() -> int:
    """Take all of them; 1 when a page asked for anything."""
    faults = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = started_browser(stack)
        for name, scene in SCENES.items():
            page = folder / f"{name}.html"
            run(["report", *scene.words, "--html", str(page), "--quiet"])
            context = browser.new_context(
                viewport={"width": scene.width, "height": scene.height},
                color_scheme="dark" if scene.scheme == "dark" else "light",
            )
            seen = context.new_page()
            asked: list[str] = []
            seen.on("request", lambda request, asked=asked: asked.append(request.url))
            seen.goto(page.as_uri())
            if scene.begins_at:
                seen.evaluate(_BEGIN, scene.begins_at)
            seen.screenshot(path=PICTURES / f"{name}.png")
            faults += [f"{name}: asked for {url}" for url in asked[1:]]
            context.close()
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
