# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages beside the board, who may look at them, and who may act."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests

from tests.web.test_board_ticket import text_of
from worker.outbox import SendResult
from worker.store.letters import Choice, letters
from worker.web.application import web_application
from worker.web.binding import listen
from worker.web.board.viewer import ROLE
from worker.web.server import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from tests.web.caller import Caller


@pytest.fixture
def given_up(served: Caller) -> Caller:
    """One message that was given up."""
    site = served.site
    site.helpdesk.add("7")
    site.once()
    site.mailbox.answers = [SendResult("permanent", "no such channel <here>")]
    site.wait(hours=2)
    site.once()
    return served


def states(caller: Caller) -> list[str]:
    """The states of all messages."""
    everything = Choice(("ready", "sending", "dead", "sent"))
    with caller.installation.database.read("default") as books:
        return [one.state for one in letters(books, everything, 10)]


def post(caller: Caller, headers: dict[str, str], **values: str) -> int:
    """The status of the answer to a form."""
    answer = requests.post(
        f"{caller.url}/messages/retry",
        data=values,
        headers=headers,
        timeout=10,
        allow_redirects=False,
    )
    return answer.status_code


def test_the_policy_page_tells_tiers_targets_and_calendars(served: Caller) -> None:
    words = text_of(served.get("/policy").text)
    for part in ("premium", "organization.fields.sla_tier is premium", "First reply 4h always"):
        assert part in words
    assert "The week of always" in words


def test_the_policy_page_resolves_defaults(served: Caller) -> None:
    assert "at_risk 80%" in text_of(served.get("/policy").text)


def test_a_message_that_was_given_up_says_why(given_up: Caller) -> None:
    page = given_up.get("/messages").text
    assert "no such channel &lt;here&gt;" in page
    assert "Send again" in page


def test_an_operator_sends_a_message_again_from_our_own_page(given_up: Caller) -> None:
    before = states(given_up)
    assert "dead" in before
    assert post(given_up, {"Origin": given_up.url, "Sec-Fetch-Site": "same-origin"}) == 303
    assert "dead" not in states(given_up)
    given_up.site.once()
    assert set(states(given_up)) == {"sent"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nothing is said of where the form stood"),
        pytest.param({"Origin": "https://elsewhere.example"}, id="another site"),
        pytest.param({"Origin": "null"}, id="a page without an origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="the browser says so"),
    ],
)
def test_a_form_of_another_page_changes_nothing(given_up: Caller, headers: dict[str, str]) -> None:
    before = states(given_up)
    assert post(given_up, headers) == 403
    assert states(given_up) == before


def test_nothing_changes_by_reading(given_up: Caller) -> None:
    assert given_up.get("/messages/retry").status_code == 405


def test_the_health_page_tells_what_the_worker_went_on_in_spite_of(given_up: Caller) -> None:
    given_up.installation.heartbeats.expect("tick", within=-1)
    words = text_of(given_up.get("/health").text)
    assert "Deadlines may be missed" in words
    assert "messages_dead" in words
    assert re.search(r"tick , bad", words)


class SignedIn:
    """Stands where a sign-in will: puts a role on every request."""

    def __init__(self, app: ASGIApp, role: str | None) -> None:
        self.app, self.role = app, role

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, ROLE: self.role}, receive, send)


@contextmanager
def seen_by(caller: Caller, role: str | None) -> Iterator[str]:
    """Where the board is that somebody of that role sees, with a sign-in set up."""
    settings = caller.installation.settings.model_copy(update={"auth": "local"})
    installation = replace(caller.installation, settings=settings)
    application = SignedIn(web_application(installation, polls=False), role)
    server = WebServer(application, listen("test", "127.0.0.1", 0))
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


@pytest.mark.parametrize("path", ["/", "/board/rows", "/board/events", "/policy", "/messages"])
def test_with_a_sign_in_nobody_unknown_sees_anything(served: Caller, path: str) -> None:
    with seen_by(served, None) as url:
        assert requests.get(f"{url}{path}", timeout=10).status_code == 401


def test_a_viewer_sees_messages_and_may_not_send_them(given_up: Caller) -> None:
    with seen_by(given_up, "viewer") as url:
        page = requests.get(f"{url}/messages", timeout=10)
        assert page.status_code == 200
        assert "Send again" not in page.text
        own = {"Origin": url}
        assert requests.post(f"{url}/messages/retry", headers=own, timeout=10).status_code == 403
