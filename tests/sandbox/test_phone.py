# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's telephone: believable calls, always the same ones, and exports by time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.builders import Client, a_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = "channels/voice/stats/incremental/calls"
LEGS = "channels/voice/stats/incremental/legs"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with a_sandbox(tickets=900) as opened:
        yield opened


def test_calls_are_as_various_as_in_life(client: Client):
    calls = client.get(CALLS, start_time=0).json()["calls"]
    ended = Counter(row["completion_status"] for row in calls)
    assert ended["completed"] > ended["abandoned_in_queue"] > 0
    assert ended["abandoned_in_ivr"] > 0
    assert any(row["voicemail"] for row in calls)
    assert any(row["callback"] for row in calls)
    assert {row["phone_number"] for row in calls} == {"+31 20 555 0100", "+1 617 555 0100"}


def test_who_gives_up_leaves_no_ticket(client: Client):
    calls = client.get(CALLS, start_time=0).json()["calls"]
    assert {row["ticket_id"] for row in calls if row["completion_status"] != "completed"} == {None}


def test_outside_opening_hours_nobody_answers(client: Client):
    calls = client.get(CALLS, start_time=0).json()["calls"]
    closed = [row for row in calls if row["outside_business_hours"]]
    assert closed
    assert all(row["talk_time"] == 0 for row in closed)


def test_the_same_account_always_had_the_same_calls(client: Client):
    first = client.get(CALLS, start_time=0).json()["calls"]
    with a_sandbox(tickets=900) as other:
        again = other.get(CALLS, start_time=0).json()["calls"]
    assert first == again


@pytest.mark.parametrize("path", [CALLS, LEGS])
def test_a_page_shows_its_last_second_whole_and_the_next_begins_there(path: str):
    key = path.rpartition("/")[2]
    with a_sandbox(tickets=400, talk_page=7) as client:
        whole = client.get(path, start_time=0).json()
        seen, start = {row["id"] for row in whole[key]}, whole["end_time"]
        for _ in range(100):
            client.sandbox.advance(timedelta(seconds=10))
            page = client.get(path, start_time=start).json()
            seen |= {row["id"] for row in page[key]}
            assert page["next_page"].endswith(f"start_time={page['end_time']}")
            assert page["count"] == len(page[key])
            if page["end_time"] == start:
                break
            start = page["end_time"]
    with a_sandbox(tickets=400) as client:
        assert seen == {row["id"] for row in client.get(path, start_time=0).json()[key]}


def test_an_unknown_plan_has_no_telephone():
    with a_sandbox(tickets=20, faults=("no_talk",)) as client:
        for path in (CALLS, LEGS, "channels/voice/stats/account_overview", "satisfaction_ratings"):
            assert client.get(path, start_time=0).status_code == 403
        assert client.get("tickets").status_code == 200


def test_ten_requests_a_minute_are_allowed():
    with a_sandbox() as client:
        codes = [client.get(CALLS, start_time=0).status_code for _ in range(12)]
    assert (codes[:10], codes[11]) == ([200] * 10, 429)
