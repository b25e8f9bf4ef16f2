# SPDX-License-Identifier: GPL-3.0-or-later
"""The incremental exports: order, cursors, cut pages, the withheld minute."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.ticket_endings import recalculate
from tests.sandbox.builders import Client, a_sandbox, tickets_at

if TYPE_CHECKING:
    from collections.abc import Iterator

CURSOR = "incremental/tickets/cursor"
TIMED = "incremental/tickets"


@pytest.fixture
def client() -> Iterator[Client]:
    with a_sandbox(faults=("unlimited_exports",)) as client:
        yield client


def read_all(client: Client, path: str, key: str, **query: object) -> list[dict[str, object]]:
    """All pages of a stream by cursor or by time, with repeats."""
    rows: list[dict[str, object]] = []
    step = {"start_time": 0}
    while True:
        page = client.get(path, **query, **step).json()
        rows += page[key]
        if page["end_of_stream"]:
            return rows
        after = page.get("after_cursor")
        step = {"cursor": after} if after else {"start_time": page["end_time"]}


def test_rows_come_in_the_order_of_their_time_in_the_export_and_id(client: Client) -> None:
    tickets_at(client, *[500] * 20, *range(490, 400, -3))
    rows = read_all(client, CURSOR, "tickets", per_page=7)
    places = [(row["generated_timestamp"], row["id"]) for row in rows]
    assert places == sorted(places)
    assert len(places) == len(set(places)) == 50


def test_a_cursor_tells_the_place_of_the_last_row(client: Client) -> None:
    tickets_at(client, 500, 490)
    page = client.get(CURSOR, start_time=0, per_page=1).json()
    row = page["tickets"][0]
    decoded = base64.b64decode(page["after_cursor"]).decode()
    assert decoded == f"{row['generated_timestamp']}.0||{row['id']}|"
    assert (page["before_url"], page["before_cursor"]) == (None, None)
    assert list(page) == [
        "tickets",
        "after_url",
        "before_url",
        "after_cursor",
        "before_cursor",
        "end_of_stream",
    ]


def test_the_time_in_the_export_stands_at_the_end_of_a_row_and_lags_up_to_five_seconds(
    client: Client,
) -> None:
    tickets_at(client, *range(900, 600, -10))
    rows = read_all(client, CURSOR, "tickets")
    assert {list(row)[-1] for row in rows} == {"generated_timestamp"}
    account = client.sandbox.account
    lags = {row["generated_timestamp"] - account.tickets[row["id"]].updated for row in rows}
    assert lags <= set(range(6))
    assert len(lags) > 3


def test_the_cursor_goes_on_after_the_end_with_what_came_since(client: Client) -> None:
    tickets_at(client, 500)
    first = client.get(CURSOR, start_time=0).json()
    again = client.get(CURSOR, cursor=first["after_cursor"]).json()
    client.new_ticket()
    client.sandbox.advance(timedelta(minutes=2))
    later = client.get(CURSOR, cursor=again["after_cursor"]).json()
    assert (again["tickets"], again["end_of_stream"]) == ([], True)
    assert [row["id"] for row in later["tickets"]] == [2]


def test_a_cursor_that_was_never_handed_out_is_refused(client: Client) -> None:
    assert client.get(CURSOR, cursor="nonsense").status_code == 400


# zendesk.md 14.5: the last minute is withheld for tickets and ticket events
def test_the_last_minute_is_withheld(client: Client) -> None:
    tickets_at(client, 70, 50)
    for path, key in ((CURSOR, "tickets"), ("incremental/ticket_events", "ticket_events")):
        page = client.get(path, start_time=0).json()
        assert len(page[key]) == 1
        assert page["end_of_stream"] is True
    client.sandbox.advance(timedelta(seconds=30))
    assert len(read_all(client, CURSOR, "tickets")) == 2


@pytest.mark.parametrize("path", [CURSOR, TIMED, "incremental/ticket_events"])
def test_a_start_in_the_last_minute_is_refused(client: Client, path: str) -> None:
    now = client.sandbox.clock.epoch()
    answer = client.get(path, start_time=now - 59)
    assert answer.status_code == 422
    assert answer.json()["error"] == "InvalidValue"
    assert answer.json()["description"].startswith("Too recent start_time.")
    assert client.get(path, start_time=now - 60).status_code == 200


def test_zero_is_a_start_and_none_is_not(client: Client) -> None:
    assert client.get(CURSOR, start_time=0).status_code == 200
    assert client.get(CURSOR).status_code == 400


# zendesk.md 2.3: a second larger than the page comes whole, and end_time is the next second
def test_a_small_page_holds_the_whole_second(client: Client) -> None:
    now = client.sandbox.clock.epoch()
    with client.sandbox.site.lock:
        for ident in tickets_at(client, *[500] * 6):
            client.sandbox.account.ticket_order.place(now - 500, ident)
    page = client.get(TIMED, start_time=0, per_page=2).json()
    more = client.get(TIMED, start_time=page["end_time"], per_page=2).json()
    assert page["count"] == 6
    # nothing follows: the end is the last row's own second
    assert (page["end_of_stream"], page["end_time"]) == (True, now - 500)
    assert more["count"] == 6


def test_a_whole_second_in_the_middle_ends_at_the_next_one(client: Client) -> None:
    now = client.sandbox.clock.epoch()
    with client.sandbox.site.lock:
        order = client.sandbox.account.ticket_order
        for number, ident in enumerate(tickets_at(client, *[500] * 9)):
            order.place(now - 500 + number // 6, ident)
    page = client.get(TIMED, start_time=0, per_page=2).json()
    assert (page["count"], page["end_of_stream"], page["end_time"]) == (6, False, now - 499)
    assert page["next_page"].endswith(f"per_page=2&start_time={now - 499}")


def test_a_page_cut_at_the_row_limit_ends_inside_a_second(client: Client) -> None:
    now = client.sandbox.clock.epoch()
    with client.sandbox.site.lock:
        order = client.sandbox.account.ticket_order
        for number, ident in enumerate(tickets_at(client, *[500] * 8)):
            order.place(now - 500 + number // 4, ident)
    first = client.get(TIMED, start_time=0, per_page=6).json()
    second = client.get(TIMED, start_time=first["end_time"], per_page=6).json()
    assert (first["count"], first["end_time"]) == (6, now - 499)
    seen = [row["id"] for row in first["tickets"] + second["tickets"]]
    assert sorted(set(seen)) == list(range(1, 9))
    assert len(seen) > 8  # the cut second is delivered again in part


def test_rows_of_one_second_come_in_an_arbitrary_order_by_time(client: Client) -> None:
    now = client.sandbox.clock.epoch()
    with client.sandbox.site.lock:
        for ident in tickets_at(client, *[500] * 30):
            client.sandbox.account.ticket_order.place(now - 500, ident)
    ids = [row["id"] for row in client.get(TIMED, start_time=0).json()["tickets"]]
    assert sorted(ids) == list(range(1, 31)) != ids


def test_the_next_page_by_time_is_never_null_and_the_end_repeats_its_last_rows(
    client: Client,
) -> None:
    tickets_at(client, 500, 400)
    end = client.get(TIMED, start_time=0).json()
    again = client.get(TIMED, start_time=end["end_time"]).json()
    assert end["end_of_stream"] is True
    assert end["next_page"]
    assert [row["id"] for row in again["tickets"]] == [2]


def test_a_system_update_moves_the_row_but_not_its_update_time(client: Client) -> None:
    tickets_at(client, 5000)
    before = read_all(client, CURSOR, "tickets")[0]
    with client.sandbox.site.lock:
        now = client.sandbox.clock.epoch()
        recalculate(client.sandbox.account, client.sandbox.account.tickets[1], now - 100)
    after = read_all(client, CURSOR, "tickets")[0]
    assert after["updated_at"] == before["updated_at"]
    assert after["generated_timestamp"] > before["generated_timestamp"] + 4000


def test_tickets_of_ai_agents_are_hidden_unless_all_are_asked_for(client: Client) -> None:
    tickets_at(client, 500, 400)
    client.sandbox.account.tickets[1].ai_agent = True
    for path, key in ((CURSOR, "tickets"), ("incremental/ticket_events", "ticket_events")):
        assert len(client.get(path, start_time=0).json()[key]) == 1
        assert len(client.get(path, start_time=0, support_type_scope="all").json()[key]) == 2


def test_side_loads_come_as_arrays_at_the_root(client: Client) -> None:
    with client.sandbox.site.lock:
        customer = next(iter(client.sandbox.account.organizations))
        for ident in tickets_at(client, 500, 400):
            client.sandbox.account.tickets[ident].organization_id = customer
    include = "users,organizations,groups,metric_sets"
    page = client.get(CURSOR, start_time=0, include=include).json()
    assert [row["id"] for row in page["organizations"]] == [customer]
    assert len(page["metric_sets"]) == 2
    assert page["users"]
    assert page["groups"] == []
    assert client.get(CURSOR, start_time=0, include="last_audits").status_code == 422


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("incremental/users/cursor", "users"),
        ("incremental/users", "users"),
        ("incremental/organizations", "organizations"),
    ],
)
def test_people_and_customers_are_exported_completely(client: Client, path: str, key: str) -> None:
    account = client.sandbox.account
    kept = account.users if key == "users" else account.organizations
    assert {row["id"] for row in read_all(client, path, key, per_page=5)} == set(kept)


def test_an_empty_page_may_come_before_the_end() -> None:
    faults = ("empty_page:count=1:path=cursor", "unlimited_exports")
    with a_sandbox(faults=faults) as client:
        tickets_at(client, 500)
        empty = client.get(CURSOR, start_time=0).json()
        rest = client.get(CURSOR, cursor=empty["after_cursor"]).json()
    assert (empty["tickets"], empty["end_of_stream"]) == ([], False)
    assert [row["id"] for row in rest["tickets"]] == [1]


def test_a_page_may_not_move_or_hold_rows_twice() -> None:
    faults = ("repeated_page:count=1", "duplicate_items:count=1")
    with a_sandbox(faults=faults) as client:
        tickets_at(client, 500, 400)
        stuck = client.get(CURSOR, start_time=0, per_page=1).json()
        doubled = client.get(CURSOR, cursor=stuck["after_cursor"]).json()
    assert [row["id"] for row in stuck["tickets"]] == [1]
    assert stuck["end_of_stream"] is False
    assert [row["id"] for row in doubled["tickets"]] == [1, 1, 2, 2]
