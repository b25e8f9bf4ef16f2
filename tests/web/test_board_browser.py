# SPDX-License-Identifier: GPL-3.0-or-later
"""The board in a browser, on a worker that runs beside a sandbox."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.app.accessibility import is_there
from tests.app.harness.pages import NoBrowser, started_browser
from tests.web.live_board import LiveBoard, live_board, looking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.xdist_group("browser")

PAGES = {
    "board": "/",
    "nothing-fits": "/?q=nobody-is-called-so",
    "ticket": "/tickets/{ticket}",
    "reports": "/reports",
    "team-report": "/reports/team?period=2026",
    "late": "/reports/late?period=2026",
    "customer": "/reports/customer?customer=acme&period=2026-11",
    "staffing": "/staffing",
    "policy": "/policy",
    "messages": "/messages",
    "health": "/health",
}
SIZES = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]
IS_LIVE = "document.documentElement.classList.contains('is-live')"


# Not for the whole run: as long as Playwright lives, nothing else may run an event loop here.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with ExitStack() as stack:
        try:
            started = started_browser(stack)
        except NoBrowser as missing:
            if os.environ.get("CI"):
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        yield started


@pytest.fixture(scope="module")
def board() -> Iterator[LiveBoard]:
    with live_board(150) as started:
        yield started


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_faults_in_any_size_and_scheme(
    board: LiveBoard, browser: Browser, name: str
) -> None:
    assert is_there()
    with looking(browser, board, "/") as first:
        ticket = first.rows()[0]
    for width, scheme in SIZES:
        path = PAGES[name].format(ticket=ticket)
        with looking(browser, board, path, width=width, scheme=scheme) as seen:
            assert seen.violations() == []
            assert not seen.sticks_out()
            assert seen.faults == []


def test_a_filter_changes_rows_and_address_without_a_reload(
    board: LiveBoard, browser: Browser
) -> None:
    with looking(browser, board, "/") as seen:
        page, everything = seen.page, len(seen.rows())
        page.evaluate("window.isSame = true")
        page.select_option("select[name=tier]", "premium")
        page.wait_for_url("**/?tier=premium")
        assert 0 < len(seen.rows()) < everything
        assert page.evaluate("window.isSame")
        page.go_back()
        assert seen.until(f"document.querySelectorAll('#rows tr').length === {everything}")
        assert page.input_value("select[name=tier]") == ""
        assert seen.faults == []


def test_a_search_narrows_the_board_while_it_is_typed(board: LiveBoard, browser: Browser) -> None:
    with looking(browser, board, "/") as seen:
        wanted = seen.rows()[-1]
        seen.page.type("input[name=q]", f"#{wanted}")
        assert seen.until("document.querySelectorAll('#rows tr').length === 1")
        assert seen.rows() == [wanted]
        assert seen.page.evaluate("document.activeElement.name") == "q"


def test_the_counts_lead_to_their_tickets_by_keyboard(board: LiveBoard, browser: Browser) -> None:
    with looking(browser, board, "/") as seen:
        number = int(seen.page.inner_text("#counts [data-state=paused] b"))
        seen.page.focus("#counts [data-state=paused]")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**/?state=paused")
        assert len(seen.rows()) == number
        assert seen.page.evaluate("document.activeElement.dataset.state") == "paused"


def test_one_row_changes_and_nothing_else_is_loaded(board: LiveBoard, browser: Browser) -> None:
    with looking(browser, board, "/?state=on_track") as seen:
        page = seen.page
        assert seen.until(IS_LIVE)
        first, *others = seen.rows()
        page.evaluate(
            "window.kept = new Map([...document.querySelectorAll('#rows tr')]"
            ".map(row => [row.id, row]))"
        )
        board.change(first, status="solved")
        assert seen.until(f"!document.getElementById('t{first}')")
        left = [one for one in others if one in seen.rows()]
        assert len(left) > len(others) // 2
        assert page.evaluate("[...window.kept].filter(([id, row]) => row.isConnected).length") > 0
        assert seen.faults == []


def test_a_deadline_that_passes_is_seen_without_a_reload(
    board: LiveBoard, browser: Browser
) -> None:
    with looking(browser, board, "/") as seen:
        page = seen.page
        assert seen.until(IS_LIVE)
        row = page.query_selector("#rows tr:has(.countdown)[data-tone=ok]")
        row = row or page.query_selector("#rows tr:has(.countdown)[data-tone=warn]")
        assert row is not None
        ident = row.get_attribute("id")
        due = int(page.get_attribute(f"#{ident} .countdown", "data-due") or 0)
        wait = due - int(board.installation.clock.now().timestamp())
        board.advance(timedelta(seconds=wait + 2))
        page.wait_for_selector(f"#{ident}[data-tone=bad]", timeout=30_000)
        assert page.inner_text(f"#{ident} .countdown").endswith("late")


def test_the_board_is_of_use_without_scripts(board: LiveBoard, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{board.url}/")
    page.select_option("select[name=tier]", "premium")
    page.click("#filters button")
    assert "tier=premium" in page.url
    assert page.locator("#rows tr").count() > 0
    context.close()
