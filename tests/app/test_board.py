# SPDX-License-Identifier: GPL-3.0-or-later
"""The board in Zendesk's navigation bar, in a browser, over a search that the host answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.app.accessibility import violations
from tests.app.showing import board_of, board_tickets, search_routes

if TYPE_CHECKING:
    from tests.app.harness.pages import Harness, Page

pytestmark = pytest.mark.xdist_group("browser")

TICKETS = board_tickets(24)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def rows(page: Page) -> list[str]:
    found = page.frame.eval_on_selector_all(
        "tbody tr[data-key^='47']", "all => all.map(one => one.innerText)"
    )
    return [plain(one).strip() for one in found]


def groups(page: Page) -> list[str]:
    found = page.frame.eval_on_selector_all("tr.group", "all => all.map(one => one.innerText)")
    return [plain(one).strip() for one in found]


LOOKS = [
    pytest.param({}, "Open tickets by deadline", id="light, wide"),
    pytest.param({"colorScheme": "dark", "viewport": [700, 800]}, "Open tickets", id="dark"),
    pytest.param({"locale": "de", "viewport": [700, 800]}, "Überschritten", id="German"),
    pytest.param({"locale": "ar", "viewport": [400, 800]}, "Under 1 h", id="right to left"),
    pytest.param({"forcedColors": "active", "locale": "fr"}, "En pause", id="forced colours"),
    pytest.param(
        {"viewport": [320, 600], "scale": 2, "colorScheme": "dark"}, "On track", id="200 % zoom"
    ),
]


@pytest.mark.parametrize(("more", "expected"), LOOKS)
def test_what_the_board_looks_like(harness: Harness, more: dict[str, Any], expected: str):
    with harness.open(**board_of(TICKETS, **more)) as page:
        assert expected in plain(page.text())
        audit = page.audit()
        assert (audit["contrast"], audit["overflow"]) == ([], [])
        assert violations(page.frame) == []
        assert page.faults() == []


def test_tickets_come_by_urgency_in_groups(harness: Harness):
    with harness.open(**board_of(TICKETS)) as page:
        assert groups(page) == ["Breached 2", "Under 1 h 6", "On track 13", "Paused 2"]
        assert rows(page)[0] == (
            "2 h 40 min late 10:40 #4700 Router drops the line every evening "
            "Globex Corporation premium First reply"
        )
        assert rows(page)[2].startswith("10 min 13:30 #4701 Invoice")
        assert rows(page)[2].endswith("Acme BV premium First reply Grace Hopper")
        assert page.frame.get_attribute("th.left", "aria-sort") == "ascending"


def test_filters_narrow_the_list_and_say_how_many(harness: Harness):
    with harness.open(**board_of(TICKETS, user={"id": 2})) as page:
        page.frame.click("[data-key='chip breached']")
        assert groups(page) == ["Breached 2"]
        assert page.frame.get_attribute("[data-key='chip breached']", "aria-pressed") == "true"
        page.frame.click(".chip >> nth=0")
        page.frame.select_option("select", "overseas")
        assert groups(page) == ["On track 5"]
        assert "Breached 0" in plain(page.frame.inner_text(".filters"))
        page.frame.check("input")
        assert "No ticket fits these filters." in page.text()
        page.frame.select_option("select", "")
        assert all(one.endswith("Grace Hopper") for one in rows(page))


def test_a_ticket_opens_in_zendesk(harness: Harness):
    with harness.open(**board_of(TICKETS)) as page:
        page.frame.click("text=#4701")
        page.settle()
        assert {"action": "routeTo", "args": ["ticket", 4701]} in page.seen()["invokes"]


def test_the_list_is_renewed_without_losing_the_readers_place(harness: Harness):
    with harness.open(**board_of(TICKETS)) as page:
        before = len(page.seen()["requests"])
        page.frame.focus("[data-key='4709'] button")
        page.frame.evaluate("document.querySelector(\"[data-key='4709']\").mark = 'same'")
        gone = [one for one in TICKETS if one["id"] != 4701]
        page.page.evaluate(
            "routes => { host.routes = routes.map(one => ({method: 'GET', times: Infinity,"
            " status: 200, delay: 0, ...one})); }",
            search_routes(gone),
        )
        page.advance(80)
        page.frame.wait_for_selector("[data-key='4701']", state="detached")
        assert len(page.seen()["requests"]) == before + 4
        assert page.frame.evaluate("document.activeElement.closest('tr').mark") == "same"
        assert rows(page)[2].startswith("8:40 13:30 #4713")


def test_times_run_on_between_two_searches(harness: Harness):
    with harness.open(**board_of(TICKETS)) as page:
        before = len(page.seen()["requests"])
        page.advance(31)
        assert rows(page)[2].startswith("9:29 13:30 #4701")
        assert len(page.seen()["requests"]) == before


def test_a_hidden_board_does_not_search(harness: Harness):
    with harness.open(**board_of(TICKETS)) as page:
        page.fire("app.deactivated")
        before = len(page.seen()["requests"])
        page.advance(600)
        assert len(page.seen()["requests"]) == before
        page.fire("app.activated")
        assert len(page.seen()["requests"]) == before + 4


def failing(status: int, **more: Any) -> list[dict[str, Any]]:
    return [{"url": "/api/v2/search.json?*", "status": status, "body": {}, **more}]


def test_a_failure_keeps_the_list_and_tells_its_age(harness: Harness):
    with harness.open(**board_of(TICKETS)) as page:
        page.page.evaluate("routes => { host.routes = routes; }", [])
        page.advance(90)
        page.settle()
        assert "it is 1:30 old" in plain(page.text())
        assert len(rows(page)) == 23


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (429, "Zendesk allows no more searches for now"),
        (403, "Your role may not search tickets."),
        (500, "Zendesk did not answer the search."),
    ],
)
def test_a_search_that_fails_at_once_says_why(harness: Harness, status: int, expected: str):
    with harness.open(**board_of([], routes=failing(status))) as page:
        assert expected in page.text()
        assert violations(page.frame) == []
        page.page.evaluate(
            "routes => { host.routes = routes.map(one => ({method: 'GET', times: Infinity,"
            " status: 200, delay: 0, ...one})); }",
            search_routes(TICKETS),
        )
        page.frame.click(".refresh")
        page.frame.wait_for_selector("table")
        assert expected not in page.text()


def test_an_empty_helpdesk_has_an_empty_board(harness: Harness):
    with harness.open(**board_of([])) as page:
        assert "No open ticket has a deadline." in page.text()
        assert violations(page.frame) == []


def test_there_are_five_pages_at_most_and_the_rest_is_counted(harness: Harness):
    routes = search_routes(TICKETS, total=700)
    for one in routes[:4]:
        one["body"]["next_page"] = "https://example.zendesk.com/api/v2/search.json?page=2"
    with harness.open(**board_of(TICKETS, routes=routes)) as page:
        asked = [one["url"] for one in page.seen()["requests"] if "search.json" in one["url"]]
        assert len(asked) == 8  # five of the most urgent state, and a first page of each other
        assert "most urgent of 2,800 tickets" in plain(page.text())
        assert page.leaks == []


def test_names_that_the_agent_may_not_see_are_left_out(harness: Harness):
    routes = search_routes(TICKETS)[:4]
    with harness.open(**board_of(TICKETS, routes=routes)) as page:
        assert "globex" in rows(page)[0]
        assert len(rows(page)) == 23


def test_the_board_can_be_used_by_keyboard(harness: Harness):
    with harness.open(**board_of(TICKETS)) as page:
        page.frame.focus(".chip >> nth=1")
        page.page.keyboard.press("Enter")
        assert groups(page) == ["Breached 2"]
        assert page.frame.evaluate("document.activeElement.dataset.key") == "chip breached"


def test_foreign_text_is_only_text(harness: Harness):
    evil = "<img src=x onerror='parent.postMessage(1)'>" + "long" * 60
    tickets = [one | {"subject": evil} for one in TICKETS[:3]]
    with harness.open(**board_of(tickets, viewport=[700, 600])) as page:
        assert page.frame.query_selector("img") is None
        assert "<img src=x" in page.text()
        assert page.audit()["overflow"] == []
        assert page.faults() == []


def test_without_zendesk_there_is_one_sentence(harness: Harness):
    with harness.open(location="nav_bar", outside=True) as page:
        assert "Not in Zendesk" in page.text()
