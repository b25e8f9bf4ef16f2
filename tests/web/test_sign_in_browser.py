# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of the sign-in in a browser: for everybody, in any size and scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.app.accessibility import is_there
from tests.web.live_board import looking
from tests.web.people import WRONG, pages_of
from tests.web.test_board_browser import SIZES, browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.live_board import Looking
    from tests.worker.conftest import Site

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
