# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins for Zendesk's SDK and page keep to its protocol: what the real SDK answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.app.harness.pages import HERE, Harness

if TYPE_CHECKING:
    from tests.app.harness.pages import Page

pytestmark = pytest.mark.xdist_group("browser")

CONTRACT = HERE / "contract"


def played(page: Page, steps: list[dict[str, object]]) -> list[object]:
    """What comes of the scenario's steps; the outcomes of saving are returned."""
    saves = []
    for step in steps:
        [(verb, value)] = step.items()
        if verb == "change":
            page.change(value)
        elif verb == "evaluate":
            page.frame.evaluate(str(value))
        else:
            saves.append(page.page.evaluate("host.save()"))
    return saves


def test_an_app_that_calls_everything_sees_the_recorded_answers(harness: Harness):
    scenario = json.loads((CONTRACT / "scenario.json").read_text(encoding="utf-8"))
    steps, report = scenario.pop("steps"), scenario.pop("collect")
    expected = json.loads((CONTRACT / "expected.json").read_text(encoding="utf-8"))
    with (
        Harness(CONTRACT, browser=harness.browser) as contract,
        contract.open(name="contract", locale="en-US", **scenario) as page,
    ):
        saves = played(page, steps)
        page.settle()
        assert {"seen": page.frame.evaluate(report), "saves": saves} == expected
        assert page.faults() == []
