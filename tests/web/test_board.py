# SPDX-License-Identifier: GPL-3.0-or-later
"""The board over a worker's rows, as a browser without scripts reads it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests

from rules.facts import Happening, Organization
from tests.web.people import pages_of
from worker.store.pages import store_page
from worker.view.speech import Speaker
from worker.web.board import snapshot
from worker.web.board.asking import asked_of, find
from worker.web.board.board_page import Ground
from worker.web.board.layout import Scene
from worker.web.board.watching import Watcher

if TYPE_CHECKING:
    from tests.web.caller import Caller
    from tests.worker.conftest import Site

GLOBEX = Organization(id="360002", name="Globex <b>& Sons</b>", fields={"market": "us"})


@pytest.fixture
def board(served: Caller, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Two premium tickets, due after four hours, and one of eight; each look reads the rows."""
    monkeypatch.setattr(snapshot, "FRESH_S", 0)
    site = served.site
    site.helpdesk.add("7", organization=GLOBEX)
    site.wait(minutes=30)
    site.helpdesk.add("12")
    site.wait(minutes=30)
    site.helpdesk.add("5")
    site.once()
    return served


def shown(page: str) -> list[str]:
    """The tickets of a page's rows, in their order."""
    return re.findall(r'<tr id="t(\w+)"', page)


def counted(page: str) -> dict[str, int]:
    """What the tiles say, by state."""
    return {
        state or "all": int(number)
        for state, number in re.findall(r'data-state="(\w*)"><b>(\d+)</b>', page)
    }


def test_open_tickets_come_in_order_of_their_next_deadline(board: Caller) -> None:
    assert shown(board.get("/").text) == ["12", "5", "7"]


def test_a_row_says_what_is_left_until_when_and_of_what(board: Caller) -> None:
    row = re.search(r'<tr id="t12".*?</tr>', board.get("/").text)
    assert row is not None
    words = re.sub(r"<[^>]+>", " ", row[0]).replace("\N{NO-BREAK SPACE}", " ")
    for part in ("On track", "3 h 30 min left", "14:30", "First reply", "Acme BV", "premium"):
        assert part in words


def test_names_from_the_helpdesk_are_text_and_never_markup(board: Caller) -> None:
    page = board.get("/").text
    assert "Globex &lt;b&gt;&amp; Sons&lt;/b&gt;" in page
    assert "Globex <b>" not in page


@pytest.mark.parametrize(
    ("query", "tickets"),
    [
        pytest.param("tier=premium", ["12", "5"], id="tier"),
        pytest.param("market=us", ["7"], id="market"),
        pytest.param("customer=Acme+BV", ["12", "5"], id="customer"),
        pytest.param("measure=resolution", ["12", "5"], id="measure"),
        pytest.param("state=breached", [], id="state"),
        pytest.param("q=%2312", ["12"], id="number"),
        pytest.param("q=glob", ["7"], id="words"),
        pytest.param("tier=premium&q=5", ["5"], id="several"),
        pytest.param("group=nobody", [], id="a value that is not there"),
        pytest.param("state=strange&rows=many", ["12", "5", "7"], id="words that mean nothing"),
    ],
)
def test_the_address_says_what_is_shown(board: Caller, query: str, tickets: list[str]) -> None:
    assert shown(board.get(f"/?{query}").text) == tickets


def test_a_board_narrowed_to_a_measure_shows_that_measure(board: Caller) -> None:
    page = board.get("/?measure=resolution").text
    assert page.count('<td class="measure">Resolution</td>') == 2


def test_states_are_counted_within_the_other_filters(board: Caller) -> None:
    board.site.wait(hours=3)
    board.site.once()
    page = board.get("/?tier=premium&state=on_track").text
    assert counted(page) == {
        "all": 2,
        "breached": 0,
        "at_risk": 1,
        "on_track": 1,
        "paused": 0,
        "none": 0,
    }
    assert shown(page) == ["5"]


def test_a_deadline_that_passes_counts_as_breached_before_anybody_judged_it(board: Caller) -> None:
    board.site.wait(hours=3, minutes=31)
    page = board.get("/?state=breached").text
    assert shown(page) == ["12"]
    assert "Overdue" in page


def test_a_solved_ticket_leaves_the_board(board: Caller) -> None:
    assert "12" in shown(board.get("/").text)
    site = board.site
    site.helpdesk.happen("12", Happening(at=site.clock.now(), kind="status", to="solved"))
    site.once()
    assert shown(board.get("/").text) == ["5", "7"]


def test_the_same_question_is_the_same_address() -> None:
    asked = asked_of({"q": " acme ", "tier": "premium", "state": "paused", "rows": "300"})
    assert asked.query() == "state=paused&tier=premium&q=acme&rows=300"
    assert asked_of({}).query() == ""


def test_every_page_forbids_what_it_does_not_need(board: Caller) -> None:
    policy = board.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert board.get("/static/board.css").headers["x-content-type-options"] == "nosniff"


def test_no_page_holds_scripts_or_styles_of_its_own(board: Caller) -> None:
    page = board.get("/").text
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize("path", ["/?account=other", "/static/secret", "/static/..%2fboard.py"])
def test_what_is_not_there_is_not_found(board: Caller, path: str) -> None:
    answer = board.get(path)
    assert (answer.status_code, answer.text) == (404, "Not Found\n")


def events(board: Caller, number: int) -> list[dict[str, object]]:
    """The first events that a reader of the whole board gets."""
    found: list[dict[str, object]] = []
    with requests.get(f"{board.url}/board/events", stream=True, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line:
                found.append(json.loads(line.removeprefix(b"data: ")))
            if len(found) == number:
                break
    return found


def test_the_first_event_tells_everything_and_the_next_one_only_the_time(board: Caller) -> None:
    first, second = events(board, 2)
    assert first["order"] == ["12", "5", "7"]
    assert {"now", "order", "rows", "counts", "hours", "more", "selects", "glance"} == set(first)
    assert set(second) == {"now"}


def test_a_change_of_one_ticket_is_told_as_one_row(board: Caller) -> None:
    watcher = Watcher(asked_of({}))
    before = look(board, watcher)
    assert set(before["rows"]) == {"12", "5", "7"}
    site = board.site
    site.helpdesk.happen("5", Happening(at=site.clock.now(), kind="status", to="pending"))
    site.once()
    after = look(board, watcher)
    assert set(after["rows"]) == {"5"}
    assert after["order"] == ["12", "5", "7"]


def test_a_new_value_can_be_chosen_by_those_who_look_already(
    board: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_VALUES_S", 0)
    watcher = Watcher(asked_of({}))
    assert "Umbrella" not in look(board, watcher)["selects"]
    board.site.helpdesk.add("13", organization=Organization(id="360009", name="Umbrella"))
    board.site.once()
    assert "Umbrella" in look(board, watcher)["selects"]
    assert "selects" not in look(board, watcher)


def test_a_board_is_not_called_empty_before_the_helpdesk_was_read(site: Site) -> None:
    with pages_of(site) as pages:
        assert "being read for the first time" in pages.browser().get("/").text
        site.once()
    with pages_of(site) as pages:
        assert "No open tickets." in pages.browser().get("/").text


def test_a_ticket_that_nobody_has_judged_is_not_said_to_have_no_sla(site: Site) -> None:
    site.helpdesk.add("7")
    with pages_of(site) as pages:
        since = site.clock.now() - timedelta(days=1)
        with site.database.write("default") as books:
            store_page(books, site.helpdesk.changes(None, since=since), site.clock.now())
        assert "Not judged yet" in pages.browser().get("/").text


@pytest.mark.parametrize(
    ("url", "is_told"), [("http://127.0.0.1:9", True), ("https://acme.zendesk.com", False)]
)
def test_whoever_looks_at_a_sandbox_is_told_so(site: Site, url: str, *, is_told: bool) -> None:
    account = site.settings.accounts[0].model_copy(update={"zendesk_url": url})
    with pages_of(site, accounts=(account,)) as pages:
        assert ("a fictional one on this machine" in pages.browser().get("/").text) is is_told


def test_the_figures_at_a_glance_follow_now_and_then(board: Caller) -> None:
    watcher = Watcher(asked_of({}))
    first = look(board, watcher)["glance"]
    board.site.wait(hours=5)
    told = [look(board, watcher).get("glance") for _ in range(15)]
    assert told[:14] == [None] * 14
    assert told[14] != first
    assert "open overdue" in told[14]


def look(board: Caller, watcher: Watcher) -> dict[str, Any]:
    """What a reader is told at one look."""
    work, now = board.installation.accounts[0], board.installation.clock.now()
    second = int(now.timestamp())
    held = snapshot.Snapshot(board.installation.database, work.name).held()
    say = Speaker(ZoneInfo("Europe/Amsterdam"), second)
    scene = Scene("default", ("default",), "viewer", now, say)
    policy = work.policies.policy
    told = watcher.look(scene, find(held, watcher.asked, second), policy, lambda: Ground(policy))
    found: dict[str, Any] = json.loads(told.removeprefix("data: "))
    return found
