# SPDX-License-Identifier: GPL-3.0-or-later
"""What axe-core finds wrong with a page."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.app.harness.serving import AXE

if TYPE_CHECKING:
    from playwright.sync_api import Frame

RUN = """async () => {
  const found = await axe.run(document, {
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html}`));
}"""


@cache
def is_there() -> bool:
    """Whether axe-core is installed; without it the test is skipped, and fails where CI is set."""
    if not AXE.is_file():
        missing = "axe-core is not here: make test installs it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return True


def violations(frame: Frame) -> list[str]:
    """Each rule that is broken with the element that breaks it."""
    assert is_there()
    frame.evaluate("import('/0/assets/axe.min.js').then(() => null)")
    found: list[str] = frame.evaluate(RUN)
    return found
