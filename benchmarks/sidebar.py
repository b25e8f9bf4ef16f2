# SPDX-License-Identifier: GPL-3.0-or-later
"""Milliseconds until the ticket sidebar shows its targets, in a fake Zendesk page.

    python -m benchmarks.sidebar [--rounds N]

From the frame's start to the end of the first drawing, fields read and fonts
settled; beside it an empty page in the same browser. The aim is 300 ms.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.app.harness.pages import Harness, started_browser
from tests.app.showing import sidebar_of

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with ExitStack() as stack:
        browser = started_browser(stack)
        harness = stack.enter_context(Harness(ROOT, browser=browser))
        ready, empty = [], []
        for _ in range(rounds):
            with harness.open(**sidebar_of("several_targets", now=None)) as page:
                ready.append(page.ready_ms())
            begun = perf_counter()
            browser.new_page().close()
            empty.append((perf_counter() - begun) * 1000)
    print(f"sidebar ready   median {median(ready):4.0f} ms, best {min(ready):4.0f} (aim 300)")
    print(f"an empty page   median {median(empty):4.0f} ms, best {min(empty):4.0f}")


if __name__ == "__main__":
    main()
