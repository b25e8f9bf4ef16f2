# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tier promises to each of its customers, as the page of reports tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rules.facts import Organization
from tests.web.test_board_ticket import text_of
from tests.worker.memory_helpdesk import at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.caller import Caller

NOW = at("2026-11-20T08:00:00Z")
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-01-01}
calendars:
  office: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:00]}}
tiers:
  premium:
    match: everything
    priority: {default: normal}
    targets: [{measure: first_reply, within: 2h, counted: office}]
    obligations: [reply_95]
obligations:
  reply_95:
    {of: first_reply, at_least: 95%, per: calendar_month, minimum_tickets: 5, excluding: []}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with rules of our own."""
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(RULES, encoding="utf-8")
    return folder


def test_a_customer_without_a_contract_is_called_by_its_own_name(served: Caller) -> None:
    site = served.site
    site.clock.move(NOW - site.clock.now())
    polderwind = Organization(id="360002", name="Polderwind <Energie>")
    site.helpdesk.add("7", organization=polderwind, created_at=at("2026-11-19T08:00:00Z"))
    for _ in range(2):
        site.once()

    page = served.get("/reports").text

    assert 'href="/reports/customer?customer=premium-360002&amp;period=2026-11">Polderwind' in page
    assert "Polderwind &lt;Energie&gt;</a>" in page
    assert "premium-360002" in text_of(page)
    assert "Too few cases this month to judge it yet." in text_of(page)
