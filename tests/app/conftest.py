# SPDX-License-Identifier: GPL-3.0-or-later
"""One browser for all tests of the app that a process runs."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.app.harness.pages import Harness, NoBrowser, started_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


# Not for the whole run: as long as Playwright lives, nothing else may run an event loop here.
@pytest.fixture(scope="package")
def harness() -> Iterator[Harness]:
    """The app of this repository in a fake Zendesk page."""
    with ExitStack() as stack:
        try:
            browser = started_browser(stack)
        except NoBrowser as missing:
            if os.environ.get("CI"):
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        yield stack.enter_context(Harness(ROOT, browser=browser))


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written."""
    return bool(request.config.getoption("--rewrite"))
