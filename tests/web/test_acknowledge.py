# SPDX-License-Identifier: GPL-3.0-or-later
"""The page with a button that ends the repetitions of a warning."""

import pytest
import requests
import sqlalchemy as sa

from rules.facts import Happening
from tests.web.caller import Caller
from worker.acknowledging import sign
from worker.store.acknowledgements import signing_key
from worker.store.tables import acknowledgements


@pytest.fixture
def link(served: Caller) -> str:
    """The address for the first reply of a ticket that waits for one."""
    served.site.helpdesk.add("1")
    served.site.once()
    with served.site.database.write("default") as books:
        key = signing_key(books)
    return f"{served.url}/acknowledge/{sign(key, 'default', ('1', 'first_reply', 1))}"


def noted(served: Caller) -> int:
    with served.site.database.read("default") as books:
        count = sa.select(sa.func.count()).select_from(acknowledgements)
        return int(books.tx.execute(count).scalar_one())


def test_opening_the_page_changes_nothing_and_its_button_does(served: Caller, link: str) -> None:
    for _ in range(2):  # as a mail scanner and then a person would
        page = requests.get(link, timeout=10)
        assert page.status_code == 200
        assert "Ticket 1: first reply" in page.text
        assert '<form method="post"><button' in page.text
    assert noted(served) == 0
    done = requests.post(link, timeout=10)
    assert (done.status_code, "Noted." in done.text, "<form" in done.text) == (200, True, False)
    assert noted(served) == 1
    again = requests.get(link, timeout=10)
    assert "acknowledged this already" in again.text
    assert "<form" not in again.text


def test_a_promise_that_is_kept_needs_no_note(served: Caller, link: str) -> None:
    at = served.site.clock.now()
    served.site.helpdesk.happen("1", Happening(at=at, kind="comment", by="agent"))
    served.site.once()
    assert "no longer open" in requests.post(link, timeout=10).text
    assert noted(served) == 0


@pytest.mark.parametrize("token", ["x", "W10.AAAA", "%2e%2e%2fetc", "A" * 3000, "%3Cscript%3E"])
def test_an_address_that_is_not_ours_is_not_found(served: Caller, link: str, token: str) -> None:
    address = f"{link.rpartition('/')[0]}/{token}"
    for answer in (requests.get(address, timeout=10), requests.post(address, timeout=10)):
        assert answer.status_code == 404
        assert "<script" not in answer.text
    assert noted(served) == 0


def test_the_page_may_load_nothing_and_be_framed_by_nobody(link: str) -> None:
    policy = requests.get(link, timeout=10).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy


def test_other_ways_of_calling_are_refused(served: Caller, link: str) -> None:
    assert requests.put(link, timeout=10).status_code == 405
    assert noted(served) == 0
