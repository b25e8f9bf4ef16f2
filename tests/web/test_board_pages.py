# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages beside the board, who may look at them, and who may act."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import requests

from tests.web.test_board_ticket import text_of
from worker.outbox import SendResult
from worker.store.letters import Choice, letters

if TYPE_CHECKING:
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


def form_token(caller: Caller) -> str:
    """What the page's own forms carry."""
    found = re.search(r'name="form_token" value="(\w+)"', caller.get("/messages").text)
    assert found is not None
    return found[1]


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
    own = {"Origin": given_up.url, "Sec-Fetch-Site": "same-origin"}
    assert post(given_up, own, form_token=form_token(given_up)) == 303
    assert "dead" not in states(given_up)
    given_up.site.once()
    assert set(states(given_up)) == {"sent"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://elsewhere.example"}, id="another site"),
        pytest.param({"Origin": "null"}, id="a page without an origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="the browser says so"),
    ],
)
def test_a_form_of_another_page_changes_nothing(given_up: Caller, headers: dict[str, str]) -> None:
    before = states(given_up)
    assert post(given_up, headers, form_token=form_token(given_up)) == 403
    assert states(given_up) == before


@pytest.mark.parametrize("token", ["", "0" * 64, "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_a_form_without_the_token_of_our_page_changes_nothing(given_up: Caller, token: str) -> None:
    before = states(given_up)
    assert post(given_up, {"Origin": given_up.url}, form_token=token) == 403
    assert states(given_up) == before


def test_nothing_changes_by_reading(given_up: Caller) -> None:
    assert given_up.get("/messages/retry").status_code == 405


def test_the_health_page_tells_what_the_worker_went_on_in_spite_of(given_up: Caller) -> None:
    given_up.installation.heartbeats.expect("tick", within=-1)
    words = text_of(given_up.get("/health").text)
    assert "Deadlines may be missed" in words
    assert "messages_dead" in words
    assert re.search(r"tick , bad", words)
