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
def rules(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with rules of our own, and with a contract where a test names one."""
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(RULES + getattr(request, "param", ""), encoding="utf-8")
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


ACME = Organization(id="360001", name="Acme BV", tags=("gold",))
OF_ALL = '{organization.id: "360001"}'
OF_TAG = "{organization.tags: gold}"
OF_WEB = '{organization.id: "360001", channel: web}'


def contract(match: str, from_day: str, until_day: str) -> str:
    """A contract of Acme."""
    return f"""
customers:
  acme:
    match: {match}
    tier: premium
    from: {from_day}
    until: {until_day}
    because: Contract 2026-020
    review_by: {from_day}
    periods: {{partial: by_days}}
"""


def reports_on_acme(served: Caller) -> str:
    """The page's words, after an e-mail ticket in October and one in November."""
    site = served.site
    site.clock.move(NOW - site.clock.now())
    for ident, created in (("7", "2026-10-14T08:00:00Z"), ("8", "2026-11-05T08:00:00Z")):
        site.helpdesk.add(ident, organization=ACME, created_at=at(created))
    for _ in range(2):
        site.once()
    return text_of(served.get("/reports").text)


@pytest.mark.parametrize(
    "rules",
    [contract(match, "2026-11-01", "2027-11-01") for match in (OF_ALL, OF_TAG)],
    indirect=True,
    ids=["by id", "by tag"],
)
def test_tickets_from_before_a_contract_make_no_second_line_of_its_customer(served: Caller) -> None:
    words = reports_on_acme(served)

    assert "acme reply_95, 2026-11" in words
    assert "Too few cases this month" in words
    assert "premium-360001" not in words
    assert "No case" not in words


@pytest.mark.parametrize(
    "rules", [contract(OF_WEB, "2026-11-01", "2027-11-01")], indirect=True, ids=["web"]
)
def test_tickets_that_a_running_contract_does_not_cover_are_called_that(served: Caller) -> None:
    words = reports_on_acme(served)

    outside = "premium-360001, tickets outside the contract acme"
    assert f"Acme BV {outside} reply_95, 2026-11" in words


@pytest.mark.parametrize(
    "rules", [contract(OF_ALL, "2026-01-01", "2026-10-20")], indirect=True, ids=["ended"]
)
def test_a_customer_whose_contract_has_ended_stands_under_its_tier_again(served: Caller) -> None:
    words = reports_on_acme(served)

    assert "Acme BV premium-360001 reply_95, 2026-11" in words
    assert "outside the contract" not in words
