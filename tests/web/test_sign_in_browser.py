# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of the sign-in in a browser: for everybody, in any size and scheme."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.app.accessibility import is_there
from tests.web.live_board import live_board, looking
from tests.web.openid_provider import CLIENT, SECRET, provider_at
from tests.web.people import PASSWORD, WRONG, pages_of
from tests.web.test_board_browser import IS_LIVE, SIZES, browser
from worker.passwords import hashed
from worker.store.people import EVERYBODY, add_person

if TYPE_CHECKING:
    from datetime import datetime

    from playwright.sync_api import Browser

    from tests.web.live_board import Looking
    from tests.worker.conftest import Site
    from worker.clock import Clock

__all__ = ["browser"]

pytestmark = pytest.mark.xdist_group("browser")


def has_no_faults(seen: Looking, *, but: str = "") -> bool:
    """Nothing for axe-core, nothing cut off, nothing in the console but what is expected."""
    assert seen.violations() == []
    assert not seen.sticks_out()
    assert [one for one in seen.faults if not (but and but in one)] == []
    return True


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_page_for_a_password_has_no_faults(
    site: Site, browser: Browser, width: int, scheme: str
) -> None:
    assert is_there()
    with (
        pages_of(site, auth="local") as pages,
        looking(browser, pages, "/messages", width=width, scheme=scheme) as seen,
    ):
        page = seen.page
        assert has_no_faults(seen)
        assert page.evaluate("document.activeElement.name") == "name"
        page.keyboard.type("ada")
        page.keyboard.press("Tab")
        page.keyboard.type(WRONG)
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=alert]")
        assert has_no_faults(seen, but="403")


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_page_of_a_provider_has_no_faults(
    site: Site, browser: Browser, width: int, scheme: str
) -> None:
    assert is_there()
    provider = {
        "oidc_issuer": "http://127.0.0.1:9/realms/support",
        "oidc_client_id": "stipt",
        "oidc_client_secret": SecretStr("secret"),
        "public_url": "http://127.0.0.1:1",
    }
    with (
        pages_of(site, auth="oidc", **provider) as pages,
        looking(browser, pages, "/messages", width=width, scheme=scheme) as seen,
    ):
        assert has_no_faults(seen)
        seen.page.click("text=Continue")
        seen.page.wait_for_selector("[role=alert]")
        assert "did not answer" in seen.page.inner_text("[role=alert]")
        assert has_no_faults(seen, but="502")


def test_people_sign_in_to_a_running_worker_and_out_again(browser: Browser) -> None:
    with live_board(60, auth="local") as board:
        with board.installation.database.write(EVERYBODY) as books:
            now = board.installation.clock.now()
            add_person(books, "ada", "operator", hashed("ada", PASSWORD), now)
        with looking(browser, board, "/?tier=premium") as seen:
            page = seen.page
            page.fill("#name", "Ada")
            page.fill("#password", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url("**/?tier=premium")
            assert seen.rows()
            assert seen.until(IS_LIVE)
            assert has_no_faults(seen)
            page.click("text=Sign out")
            page.wait_for_url("**/sign-in")
            page.goto(f"{board.url}/messages")
            assert page.url.endswith("/sign-in?next=%2Fmessages")


def test_people_come_by_a_provider_to_a_running_worker(browser: Browser) -> None:
    clocks: list[Clock] = []

    def now() -> datetime:
        return clocks[0].now()

    with ExitStack() as stack:
        provider = stack.enter_context(provider_at(now))
        port = a_free_port()
        settings = {
            "auth": "oidc",
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SecretStr(SECRET),
            "public_url": f"http://127.0.0.1:{port}",
            "http_bind": f"127.0.0.1:{port}",
        }
        provider.told = {"end_session_endpoint": f"{provider.url}/logout"}
        board = stack.enter_context(live_board(60, **settings))
        clocks.append(board.installation.clock)
        context = browser.new_context()
        stack.callback(context.close)
        page = context.new_page()
        page.goto(f"{board.url}/?state=paused")
        page.click("text=Continue")
        page.wait_for_url("**/?state=paused")
        assert page.inner_text(".person .tag") == "ada@example.com"
        assert page.locator("#rows tr").count() > 0
        page.click("text=Sign out")
        page.wait_for_url("**/sign-in")
        assert provider.ended == ["u-1"]


def a_free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
