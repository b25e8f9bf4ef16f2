# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks in: what is taken, and that nothing else leaves a row behind."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from tests.web.caller import OLD_SECRET, PATH, SECRET, Caller, an_event, signed, stamp
from worker.web.rates import AddressRates
from worker.web.webhooks import MOST_BYTES, Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = {"Content-Type": "application/json"}


def assert_refused(caller: Caller, answer: requests.Response, status: int, why: str) -> None:
    assert (answer.status_code, answer.json()) == (status, {"result": why})
    assert (caller.hinted(), caller.taken()) == ([], [])


def test_an_event_makes_its_ticket_due_for_reading(served: Caller) -> None:
    answer = served.post(an_event(4711))
    assert (answer.status_code, answer.json()) == (200, {"result": "taken"})
    assert (served.hinted(), served.taken()) == (["4711"], ["event:e1"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"ticket_id": "4711"}, id="as stipt setup fills it in"),
        pytest.param({"ticket_id": 4711, "status": "open"}, id="a number"),
        pytest.param({"ticket": {"id": 4711}}, id="nested"),
        pytest.param({"ticket": "4711"}, id="by another name"),
    ],
)
def test_the_body_of_a_trigger_makes_its_ticket_due(served: Caller, body: object) -> None:
    assert served.post(json.dumps(body).encode()).json() == {"result": "taken"}
    assert served.hinted() == ["4711"]


def test_the_recorded_call_is_understood(served: Caller, shared: Path) -> None:
    file = shared / "zendesk" / "recordings" / "webhook-invocation-attempts.json"
    request = json.loads(file.read_text("utf-8"))[2]["response"]["attempts"][0]["request"]
    body = request["payload"].encode()
    headers = {row["key"]: row["value"] for row in request["headers"]}
    recorded_at = headers["X-Zendesk-Webhook-Signature-Timestamp"]
    assert (
        signed(body, recorded_at)["X-Zendesk-Webhook-Signature"]
        == (headers["X-Zendesk-Webhook-Signature"])
    )
    assert served.post(body).status_code == 200


@pytest.mark.parametrize("kind", ["user.created", "organization.tags_changed", "article.published"])
def test_events_about_something_else_are_accepted_and_leave_nothing(
    served: Caller, kind: str
) -> None:
    answer = served.post(an_event(kind=kind))
    assert_refused(served, answer, 200, "ignored")


def test_both_secrets_sign_while_one_replaces_the_other(served: Caller) -> None:
    body = an_event(1)
    assert served.post(body, signed(body, served.now(), OLD_SECRET)).json() == {"result": "taken"}


def test_a_call_without_signature_is_refused(served: Caller) -> None:
    assert_refused(served, served.post(an_event(), JSON), 401, "signature")


def test_a_wrong_signature_is_refused(served: Caller) -> None:
    body = an_event()
    headers = signed(body, served.now()) | {"X-Zendesk-Webhook-Signature": "AAAA\xe9="}
    assert_refused(served, served.post(body, headers), 401, "signature")


def test_the_signature_of_another_body_is_refused(served: Caller) -> None:
    headers = signed(an_event(1), served.now())
    assert_refused(served, served.post(an_event(2), headers), 401, "signature")


def test_the_signature_of_another_timestamp_is_refused(served: Caller) -> None:
    body = an_event()
    later = stamp(served.site.clock.now() + timedelta(seconds=1))
    headers = signed(body, served.now()) | {"X-Zendesk-Webhook-Signature-Timestamp": later}
    assert_refused(served, served.post(body, headers), 401, "signature")


@pytest.mark.parametrize("off", [-301, 301])
def test_a_timestamp_too_far_away_is_refused(served: Caller, off: int) -> None:
    body = an_event()
    at = stamp(served.site.clock.now() + timedelta(seconds=off))
    assert_refused(served, served.post(body, signed(body, at)), 401, "timestamp")


@pytest.mark.parametrize("off", [-300, 300])
def test_a_timestamp_within_five_minutes_is_taken(served: Caller, off: int) -> None:
    body = an_event()
    at = stamp(served.site.clock.now() + timedelta(seconds=off))
    assert served.post(body, signed(body, at)).json() == {"result": "taken"}


@pytest.mark.parametrize("text", ["", "yesterday", "1764000000", "2026-11-24T09:00:00"])
def test_a_timestamp_that_is_none_is_refused(served: Caller, text: str) -> None:
    body = an_event()
    assert_refused(served, served.post(body, signed(body, text)), 401, "timestamp")


def test_a_replay_changes_nothing(served: Caller) -> None:
    body = an_event(1)
    headers = signed(body, served.now())
    assert served.post(body, headers).json() == {"result": "taken"}
    answer = served.post(body, headers)
    assert (answer.status_code, answer.json()) == (200, {"result": "duplicate"})
    assert served.taken() == ["event:e1"]


def test_a_replay_of_a_triggers_call_changes_nothing(served: Caller) -> None:
    body = b'{"ticket_id": "1"}'
    headers = signed(body, served.now())
    results = [served.post(body, headers).json()["result"] for _ in range(2)]
    served.site.wait(seconds=1)
    results.append(served.post(body).json()["result"])
    assert results == ["taken", "duplicate", "taken"]
    assert len(served.taken()) == 2


def test_fifty_equal_calls_at_once_are_one_evaluation(served: Caller) -> None:
    served.site.helpdesk.add("1")
    body = an_event(1)
    headers = signed(body, served.now())
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: served.post(body, headers), range(50)))
    results = sorted(answer.json()["result"] for answer in answers)
    assert results == [*["duplicate"] * 49, "taken"]
    served.site.wait(seconds=1)
    work = served.installation.accounts[0]
    assert (work.hints.follow_due().read, work.hints.follow_due().claimed) == (1, 0)
    look = work.reconciler.claim()
    assert (look.ticket_ids, work.reconciler.reconcile(look).judged) == (("1",), 1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"ticket 1", id="no JSON"),
        pytest.param(b'{"ticket_id": "1"', id="cut off"),
        pytest.param(b'{"ticket_id": "1", "name": "\xff\xfe"}', id="not UTF-8"),
        pytest.param(b'["1"]', id="a list"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100,000 lists deep"),
        pytest.param(
            b'{"ticket_id": "1", "a": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
            id="100,000 objects deep",
        ),
        pytest.param(b'{"ticket_id": "1", "n": NaN}', id="NaN"),
        pytest.param(b'{"ticket_id": "1", "n": Infinity}', id="Infinity"),
        pytest.param(b'{"ticket_id": "1", "n": 1e999}', id="1e999"),
        pytest.param(b'{"ticket_id": "1", "n": ' + b"9" * 5000 + b"}", id="5,000 digits"),
        pytest.param(b'{"ticket_id": ' + b"9" * 5000 + b"}", id="an id of 5,000 digits"),
        pytest.param(b"{}", id="no ticket"),
        pytest.param(b'{"ticket_id": null}', id="a ticket that is null"),
        pytest.param(b'{"ticket_id": true}', id="a ticket that is true"),
        pytest.param(b'{"ticket_id": -1}', id="a negative ticket"),
        pytest.param(b'{"ticket_id": 1.5}', id="a fraction"),
        pytest.param(b'{"ticket_id": "1; DROP TABLE"}', id="more than an id"),
        pytest.param(b'{"ticket_id": "\xd9\xa1"}', id="digits of another script"),
        pytest.param(an_event("../../users/1"), id="a subject with a path"),
        pytest.param(an_event(""), id="a subject without id"),
        pytest.param(an_event(1, event=""), id="an event without id"),
        pytest.param(an_event(1, event="e" * 101), id="an event with a long id"),
    ],
)
def test_a_signed_body_that_makes_no_sense_is_refused(served: Caller, body: bytes) -> None:
    assert_refused(served, served.post(body), 400, "malformed")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Type": "text/plain"}, id="text"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, id="a form"),
        pytest.param({"Content-Type": ""}, id="none"),
        pytest.param({**JSON, "Content-Encoding": "gzip"}, id="compressed"),
    ],
)
def test_another_content_type_is_refused(served: Caller, headers: dict[str, str]) -> None:
    body = an_event()
    answer = served.post(body, signed(body, served.now()) | headers)
    assert_refused(served, answer, 415, "content_type")


def test_a_large_body_is_refused_by_its_announced_length(served: Caller) -> None:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {5 << 20}\r\n\r\n"
    )
    with served.connect() as connection:
        connection.sendall(head.encode())
        answered = connection.recv(4096)  # not a byte of the body was sent
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert (served.hinted(), served.taken()) == ([], [])


def test_a_large_body_is_refused_while_it_streams(served: Caller) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(80):
            sent += 1 << 16
            yield b"x" * (1 << 16)

    answer = requests.post(served.url + PATH, data=pieces(), headers=JSON, timeout=10)
    assert sent > MOST_BYTES
    assert_refused(served, answer, 413, "too_large")


def test_a_body_of_just_the_limit_is_read(served: Caller) -> None:
    body = b'{"ticket_id": "1", "filler": "'
    body += b"x" * (MOST_BYTES - len(body) - 2) + b'"}'
    assert served.post(body).json() == {"result": "taken"}
    assert served.post(body + b" ").status_code == 413


def test_a_body_in_chunks_without_a_length_is_read(served: Caller) -> None:
    body = an_event(1)
    headers = signed(body, served.now())
    pieces = iter([body[:10], body[10:]])
    answer = requests.post(served.url + PATH, data=pieces, headers=headers, timeout=10)
    assert answer.json() == {"result": "taken"}


@pytest.mark.parametrize("length", ["-1", "1e3", "many", "9" * 30])
def test_an_odd_length_is_refused(served: Caller, length: str) -> None:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    with served.connect() as connection:
        connection.sendall(head.encode())
        status = int(connection.recv(4096).split()[1])
    assert status in {400, 413}
    assert (served.hinted(), served.taken()) == ([], [])


def test_a_head_that_comes_byte_by_byte_is_cut_off(served: Caller) -> None:
    begun = time.monotonic()
    with served.connect() as connection:
        try:
            for byte in f"POST {PATH} HTTP/1.1\r\nHost: x\r\nX-Filler: {'x' * 500}".encode():
                connection.sendall(bytes([byte]))
                time.sleep(0.02)  # a slow caller, in real time as the server sees it
                if time.monotonic() - begun > 5:
                    break
            left = connection.recv(10)
        except (ConnectionError, TimeoutError):
            left = b""
    assert left == b""
    assert time.monotonic() - begun < 4


def test_a_connection_that_is_idle_between_calls_may_go_on(served: Caller) -> None:
    with requests.Session() as session:
        for event in ("e1", "e2"):
            body = an_event(1, event=event)
            answer = session.post(
                served.url + PATH, data=body, headers=signed(body, served.now()), timeout=10
            )
            assert answer.json() == {"result": "taken"}


def test_who_calls_too_often_is_asked_to_wait(served: Caller) -> None:
    with requests.Session() as session:
        for _ in range(2000):
            answer = session.post(served.url + PATH, data=b"", headers=JSON, timeout=10)
            if answer.status_code == 429:
                break
            assert answer.status_code == 401
    assert_refused(served, answer, 429, "too_often")
    assert answer.headers["Retry-After"] == "1"


def test_an_address_may_call_again_after_a_while() -> None:
    now = 0.0
    rates = AddressRates(per_second=10, burst=3, monotonic=lambda: now)
    assert [rates.allows("a") for _ in range(4)] == [True, True, True, False]
    assert rates.allows("b")
    now = 0.1
    assert [rates.allows("a") for _ in range(2)] == [True, False]


def test_an_account_that_is_not_known_has_no_webhook(served: Caller) -> None:
    answer = requests.post(f"{served.url}{PATH}/acme", data=b"{}", headers=JSON, timeout=10)
    assert (answer.status_code, answer.text) == (404, "Not Found\n")


def test_only_post_is_answered(served: Caller) -> None:
    assert served.get(PATH).status_code == 405


def test_a_database_that_is_gone_asks_the_helpdesk_to_come_again(
    served: Caller,
) -> None:
    with served.installation.database.write("default") as books:
        books.tx.exec_driver_sql("ALTER TABLE hints RENAME TO away")
    try:
        answer = served.post(an_event())
        assert (answer.status_code, answer.json()) == (503, {"result": "unavailable"})
        assert int(answer.headers["Retry-After"]) < 60
    finally:
        with served.installation.database.write("default") as books:
            books.tx.exec_driver_sql("ALTER TABLE away RENAME TO hints")
    assert (served.hinted(), served.taken()) == ([], [])


def test_calls_are_answered_within_200_milliseconds(served: Caller) -> None:
    seconds = []
    with requests.Session() as session:
        for number in range(300):
            body = an_event(number + 1, event=f"e{number}")
            headers = signed(body, served.now())
            begun = time.perf_counter()
            answer = session.post(served.url + PATH, data=body, headers=headers, timeout=10)
            seconds.append(time.perf_counter() - begun)
            assert answer.status_code in {200, 429}
    assert sorted(seconds)[int(len(seconds) * 0.99)] < 0.2


def test_old_calls_are_forgotten(served: Caller) -> None:
    work = served.installation
    inbox = Inbox(work.database, "default", work.clock, [SECRET.get_secret_value()], forget_every=2)
    for number, minutes in enumerate((0, 9, 2, 1)):
        served.site.wait(minutes=minutes)
        body = an_event(1, event=f"e{number}")
        headers = {name.lower(): value for name, value in signed(body, served.now()).items()}
        assert inbox.take(headers, body) == "taken"
    assert served.taken() == ["event:e1", "event:e2", "event:e3"]


def test_answers_tell_nothing_of_our_insides(served: Caller) -> None:
    answer = served.post(b"{", JSON)
    assert "server" not in answer.headers
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
