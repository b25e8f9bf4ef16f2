# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: each does what its name says, and the ledger tells whether a write ran."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from connector.sandbox import Fault
from connector.sandbox.faults import BAD_DAY, KINDS, Faults, names_in
from tests.sandbox.builders import a_sandbox, tickets_at


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        ("throttled", 429, "5"),
        ("throttled_without_retry_after", 429, None),
        ("throttled_retry_zero", 429, "0"),
        ("throttled_http_date", 429, "Tue, 24 Nov 2026 15:00:05 GMT"),
        ("unavailable", 503, None),
        ("unavailable_retry_after", 503, "5"),
        ("server_error", 500, None),
        ("bad_gateway", 502, None),
        ("html", 200, None),
        ("forbidden", 403, None),
        ("conflict", 409, None),
        ("database_conflict", 409, None),
        ("cursor_expired", 400, None),
    ],
)
def test_a_fault_answers_instead_of_doing(kind: str, status: int, retry_after: str | None) -> None:
    with a_sandbox(faults=(f"{kind}:count=1:method=POST",)) as client:
        refused = client.post("tickets", {"ticket": {"comment": {"body": "x"}}})
        assert client.sandbox.account.tickets == {}
        accepted = client.post("tickets", {"ticket": {"comment": {"body": "x"}}})
        writes = client.sandbox.ledger.writes
    assert (refused.status_code, refused.headers.get("Retry-After")) == (status, retry_after)
    assert accepted.status_code == 201
    assert [(write.executed, write.fault) for write in writes] == [(False, kind), (True, None)]


@pytest.mark.parametrize("kind", ["html", "bad_gateway"])
def test_some_answers_are_pages_instead_of_json(kind: str) -> None:
    with a_sandbox(faults=(kind,)) as client:
        answer = client.get("tickets")
    assert answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_reset_request_was_not_executed() -> None:
    with a_sandbox(faults=("reset:count=1",)) as client:
        with pytest.raises(requests.ConnectionError):
            client.post("tickets", {"ticket": {"comment": {"body": "x"}}})
        assert client.sandbox.account.tickets == {}
        write = client.sandbox.ledger.writes[0]
    assert (write.executed, write.delivered) == (False, False)


def test_executed_then_reset_did_the_work_and_lost_the_answer() -> None:
    with a_sandbox(faults=("executed_then_reset:count=1:method=PUT",)) as client:
        tickets_at(client, 10)
        with pytest.raises(requests.ConnectionError):
            client.put("tickets/1", {"ticket": {"priority": "high"}})
        assert client.get("tickets/1").json()["ticket"]["priority"] == "high"
        write = client.sandbox.ledger.writes[0]
    assert (write.executed, write.delivered) == (True, False)


def test_a_page_can_break_off_in_its_middle() -> None:
    with a_sandbox(tickets=20, faults=("reset_mid_page:count=1",)) as client:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.get("tickets")
        assert client.get("tickets").status_code == 200


def test_truncated_json_looks_like_a_complete_answer() -> None:
    with a_sandbox(tickets=20, faults=("truncated:count=1",)) as client:
        answer = client.get("tickets")
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_an_answer_can_take_its_time(kind: str) -> None:
    with a_sandbox(faults=(f"{kind}:count=1:seconds=0.3",)) as client:
        started = time.monotonic()
        assert client.get("users/me").json()["user"]["id"]
        assert time.monotonic() - started > 0.25


def test_an_ended_token_is_refused_until_it_is_renewed() -> None:
    with a_sandbox(faults=("token_expired:count=1:path=tickets",)) as client:
        statuses = [client.get("tickets").status_code for _ in range(2)]
    assert statuses == [401, 401]


@pytest.mark.parametrize(("kind", "minutes"), [("clock_ahead", 10), ("clock_behind", -10)])
def test_the_servers_clock_can_be_off(kind: str, minutes: int) -> None:
    with a_sandbox(faults=(kind,)) as client:
        date = parsedate_to_datetime(client.get("users/me").headers["Date"])
        assert (date - client.sandbox.now()).total_seconds() == minutes * 60


def test_urls_can_name_a_host_that_nobody_serves() -> None:
    with a_sandbox(faults=("host_change",)) as client:
        page = client.get("incremental/tickets/cursor", start_time=0).json()
    assert page["after_url"].startswith("https://gone.example/")


def test_a_fault_meets_only_its_path_its_method_and_its_turn() -> None:
    with a_sandbox() as client:
        client.sandbox.faults.add(Fault("unavailable", path="^tickets$", skip=1, count=1))
        statuses = [
            client.get(path).status_code for path in ("users/me", "tickets", "tickets", "tickets")
        ]
    assert statuses == [200, 200, 503, 200]


def test_chance_is_drawn_from_the_seed() -> None:
    drawn = []
    for _ in range(2):
        faults = Faults(("unavailable:probability=0.5",), seed=7)
        drawn.append([faults.draw(KINDS, "GET", "tickets") is not None for _ in range(50)])
    assert drawn[0] == drawn[1]
    assert 10 < sum(drawn[0]) < 40


@pytest.mark.parametrize("text", ["nonsense", "unavailable:colour=red", "unavailable:count=many"])
def test_an_unknown_fault_or_option_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown|invalid literal"):
        Faults((text,))


def test_faults_can_stand_in_a_file() -> None:
    text = "# a hard morning\nunavailable:count=2:path=^tickets  # twice\n\nbad_day\n"
    assert names_in(text) == ("unavailable:count=2:path=^tickets", "bad_day")
    with pytest.raises(ValueError, match="unknown fault"):
        names_in("rain")


def test_a_bad_day_has_everything_at_once() -> None:
    kinds = {fault.kind for fault in BAD_DAY}
    wanted = {"throttled", "unavailable", "empty_page", "duplicate_items", "webhook_lost"}
    assert wanted | {"host_change"} <= kinds


def test_on_a_bad_day_a_patient_reader_sees_every_ticket() -> None:
    faults = ("bad_day", "unlimited_exports")
    with a_sandbox(tickets=300, faults=faults, seconds_per_request=30) as client:
        seen: set[int] = set()
        query: dict[str, object] = {"start_time": 0, "per_page": 50, "support_type_scope": "all"}
        for _ in range(300):
            try:
                answer = client.get("incremental/tickets/cursor", **query)
                page = answer.json() if answer.status_code == 200 else {}
            except (requests.RequestException, ValueError):
                continue
            if "after_cursor" not in page:
                continue
            seen |= {row["id"] for row in page["tickets"]}
            if page["end_of_stream"]:
                break
            query = {"cursor": page["after_cursor"], "per_page": 50, "support_type_scope": "all"}
        assert seen == set(client.sandbox.account.tickets)
        assert len(client.sandbox.faults.met) >= 4


def test_faults_are_switched_over_http_too() -> None:
    with a_sandbox() as client:
        url = f"{client.sandbox.base_url}/_sandbox/faults"
        body = {"faults": [{"kind": "unavailable", "path": "^tickets", "count": 1}]}
        added = requests.post(url, json=body, timeout=5).json()
        statuses = [client.get("tickets").status_code for _ in range(2)]
        refused = requests.post(url, json={"faults": [{"kind": "nonsense"}]}, timeout=5)
        requests.post(url, json={"name": "bad_day"}, timeout=5)
        cleared = requests.delete(url, timeout=5).json()
    assert added["faults"][0]["kind"] == "unavailable"
    assert statuses == [503, 200]
    assert refused.status_code == 400
    assert cleared["faults"] == []
