# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on the web: how promises stand, the team, statements, and the ways to the tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rules.statements import close, seal
from tests.web.test_board_ticket import text_of
from tests.worker.contract_example import copy_rules, live
from tests.worker.memory_helpdesk import at
from worker.reporting.customers import account_of, agreement_named, period_of
from worker.reporting.evidence import OutageFiles
from worker.reporting.stored import StoredSource
from worker.store.statements import keep_statement

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.caller import Caller

NOW = at("2026-11-20T08:00:00Z")
PLACES = ("/reports", "/reports/team", "/reports/late", "/reports/policy", "/reports/customer")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules of the worked contract, beside its outages."""
    return copy_rules(tmp_path)


@pytest.fixture
def lived(served: Caller) -> Caller:
    """A worker that has read and judged the example's tickets as they were on 20 November."""
    live(served.site, NOW)
    return served


def close_october(caller: Caller) -> str:
    """The hash of October's statement, closed."""
    site, policy = caller.site, caller.installation.accounts[0].policies.policy
    source = StoredSource.of(site.database, "default", policy, OutageFiles(site.rules))
    agreement = agreement_named("acme", policy)
    found = account_of(agreement, period_of(agreement, "2026-10"), source)
    with site.database.write("default") as books:
        return keep_statement(books, seal(close(found.statement, NOW))).sha256


def test_the_first_page_tells_how_the_month_stands(lived: Caller) -> None:
    words = text_of(lived.get("/").text)

    assert "open overdue" in words
    assert "due today" in words
    assert "credits at risk" in words
    assert "This month so far, 2026-11" in words
    assert "95 %" in words
    assert "below 97 %" in words or "below 95 %" in words


def test_the_first_page_does_without_what_was_never_counted(served: Caller) -> None:
    served.site.helpdesk.add("7")

    words = text_of(served.get("/").text)

    assert "0 open overdue" in words
    assert "This month so far" not in words


def test_every_promise_stands_with_what_can_still_come(lived: Caller) -> None:
    words = text_of(lived.get("/reports").text)

    for part in ("acme reply_95, 2026-11 at least 95 %", "solved_in_a_week", "portal", "EUR"):
        assert part in words
    assert "99.8829 % (2,560,200 of 2,563,200) acme ends this month below 99.9 %" in words
    assert "below 99.9 %, whatever comes: 10 % of 2,000 EUR." in words
    assert "None is closed yet" in words


def test_a_teams_row_leads_to_its_late_tickets_and_they_to_their_clocks(lived: Caller) -> None:
    page = lived.get("/reports/team?period=2026-11").text
    assert "/reports/late?period=2026-11&amp;measure=first_reply&amp;tier=" in page

    late = lived.get("/reports/late?period=2026-11&measure=first_reply&channel=email").text

    words = text_of(late)
    assert "late cycles of first reply, channel email" in words
    ticket = late.split('href="/tickets/')[1].split('"')[0]
    assert lived.get(f"/tickets/{ticket}").status_code == 200


def test_a_customers_period_and_its_closed_statement_are_shown(lived: Caller) -> None:
    sha256 = close_october(lived)

    assert "acme-2026-10" in text_of(lived.get("/reports").text)
    running = lived.get("/reports/customer?customer=acme&period=2026-11").text
    closed = lived.get(f"/reports/statements/{sha256}").text
    assert 'href="/tickets/' in running
    assert sha256 in closed
    assert "51.61 EUR" in closed


def test_a_policy_version_is_shown_target_by_target(lived: Caller) -> None:
    name = lived.installation.accounts[0].policies.policy.hash

    words = text_of(lived.get(f"/reports/policy?hash={name}").text)

    assert f"What policy {name[:12]} has judged" in words
    assert "sla.yaml:" in words
    assert "In force since" in words


@pytest.mark.parametrize(
    "path",
    [
        "/reports/team?period=2026-13",
        "/reports/team?period=%3Cscript%3E",
        "/reports/policy?hash=f00",
        "/reports/customer?customer=nobody&period=2026-11",
        "/reports/customer?customer=acme&period=never",
        "/reports/statements/0",
        "/reports/late?period=20",
    ],
)
def test_what_there_is_not_is_not_found(lived: Caller, path: str) -> None:
    assert lived.get(path).status_code == 404


def test_reports_before_the_first_sync_say_that_they_cannot_be_made_yet(served: Caller) -> None:
    assert served.get("/reports").status_code == 200
    assert served.get("/reports/team").status_code == 503


def test_a_document_may_show_its_own_style_and_do_nothing_else(lived: Caller) -> None:
    policy = lived.get("/reports/team").headers["content-security-policy"]

    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_nothing_late_is_said_in_words(lived: Caller) -> None:
    words = text_of(lived.get("/reports/late?period=2026-11&tier=nothing").text)

    assert "No late cycles of tier nothing." in words


def test_hostile_values_are_shown_as_text(lived: Caller) -> None:
    page = lived.get("/reports/late?tier=%3Cscript%3Ealert(1)%3C/script%3E").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
