# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks: their API, their signatures, their deliveries and mishaps."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.webhooks import signature
from tests.sandbox.builders import Client, a_sandbox
from tests.sandbox.receiver import Receiver, a_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


def new_webhook(client: Client, url: str, *events: str, **values: object) -> dict[str, object]:
    body = {
        "name": "Hook",
        "endpoint": url,
        "http_method": "POST",
        "request_format": "json",
        "status": "active",
        "subscriptions": [f"zen:event-type:ticket.{event}" for event in events or ("created",)],
        **values,
    }
    answer = client.post("webhooks", {"webhook": body})
    assert answer.status_code == 201, answer.text
    return answer.json()["webhook"]


def settle(client: Client) -> None:
    assert client.sandbox.site.webhooks.deliverer.wait_idle()


def test_a_delivery_is_signed_over_timestamp_and_raw_body(receiver: Receiver) -> None:
    with a_sandbox() as client:
        made = new_webhook(client, receiver.url)
        secret = client.get(f"webhooks/{made['id']}/signing_secret").json()["signing_secret"]
        client.new_ticket()
        settle(client)
    sent = receiver.received[0]
    timestamp = sent.headers["X-Zendesk-Webhook-Signature-Timestamp"]
    digest = hmac.new(secret["secret"].encode(), timestamp.encode() + sent.body, hashlib.sha256)
    expected = base64.b64encode(digest.digest()).decode()
    assert sent.headers["X-Zendesk-Webhook-Signature"] == expected
    assert sent.headers["User-Agent"] == "Zendesk Webhook"
    assert sent.headers["X-Zendesk-Webhook-Id"] == made["id"]
    assert (len(secret["secret"]), secret["algorithm"]) == (44, "SHA256")


def test_the_signature_agrees_with_the_recorded_vector(shared: Path) -> None:
    file = shared / "zendesk" / "recordings" / "webhook-invocation-attempts.json"
    request = json.loads(file.read_text("utf-8"))[2]["response"]["attempts"][0]["request"]
    headers = {row["key"]: row["value"] for row in request["headers"]}
    secret = "c2FuZGJveC1zaWduaW5nLXNlY3JldC0wMDAwMDAwMDA="
    timestamp = headers["X-Zendesk-Webhook-Signature-Timestamp"]
    made = signature(secret, timestamp, request["payload"].encode())
    assert made == headers["X-Zendesk-Webhook-Signature"]


def test_the_envelope_tells_ids_as_text(receiver: Receiver) -> None:
    with a_sandbox() as client:
        new_webhook(client, receiver.url, "status_changed", "comment_added")
        client.new_ticket()
        client.put("tickets/1", {"ticket": {"status": "pending", "comment": {"body": "Hi"}}})
        settle(client)
        account_id = client.sandbox.settings.account_id
    bodies = {row["type"]: row for row in (json.loads(sent.body) for sent in receiver.received)}
    changed = bodies["zen:event-type:ticket.status_changed"]
    assert (changed["account_id"], changed["subject"]) == (account_id, "zen:ticket:1")
    assert changed["detail"]["id"] == "1"
    assert changed["event"]["current"] == "pending"
    assert changed["event"]["previous"] == "new"
    assert set(changed) == {
        "account_id",
        "detail",
        "event",
        "id",
        "subject",
        "time",
        "type",
        "zendesk_event_version",
    }
    assert "zen:event-type:ticket.comment_added" in bodies


def test_a_trigger_calls_a_webhook_with_its_own_body(receiver: Receiver) -> None:
    with a_sandbox() as client:
        made = new_webhook(client, receiver.url, subscriptions=["conditional_ticket_events"])
        action = {
            "field": "notification_webhook",
            "value": [made["id"], '{"ticket": "{{ticket.id}}"}'],
        }
        # our own writes come through the API: this condition keeps them from calling back
        condition = {"field": "current_via_id", "operator": "is_not", "value": "5"}
        rule = {"title": "t", "actions": [action], "all": [condition]}
        client.post("triggers", {"trigger": rule})
        client.new_ticket(via={"channel": "email"})
        settle(client)
        assert receiver.received == []
        rule["all"] = []
        client.post("triggers", {"trigger": rule})
        client.new_ticket()
        settle(client)
    assert [json.loads(sent.body) for sent in receiver.received] == [{"ticket": "2"}]


def test_a_trigger_that_sends_mail_leaves_a_notification_in_the_audit() -> None:
    action = {"field": "notification_user", "value": ["requester_id", "Re: {{ticket.title}}", "Hi"]}
    with a_sandbox() as client:
        client.post("triggers", {"trigger": {"title": "Mail", "actions": [action], "all": []}})
        events = client.post("tickets", {"ticket": {"comment": {"body": "x"}}}).json()["audit"]
    last = events["events"][-1]
    assert (last["type"], last["body"]) == ("Notification", "Hi")
    assert last["via"]["source"]["rel"] == "trigger"


def test_no_answer_ever_holds_a_password_or_a_token(receiver: Receiver) -> None:
    basic = {
        "type": "basic_auth",
        "data": {"username": "joan", "password": "hush"},
        "add_position": "header",
    }
    with a_sandbox() as client:
        made = new_webhook(client, receiver.url, authentication=basic)
        shown = client.get(f"webhooks/{made['id']}").text
        client.new_ticket()
        settle(client)
    assert made["authentication"]["data"] == {"username": "joan"}
    assert "hush" not in shown
    login = base64.b64encode(b"joan:hush").decode()
    assert receiver.received[0].headers["Authorization"] == f"Basic {login}"


def test_a_webhook_is_told_by_ulid_and_its_creation_to_the_nanosecond() -> None:
    with a_sandbox() as client:
        made = new_webhook(client, "http://127.0.0.1:9/hook")
        shown = client.get(f"webhooks/{made['id']}").json()["webhook"]
        patched = client.patch(f"webhooks/{made['id']}", {"webhook": {"name": "New"}})
        changed = client.get(f"webhooks/{made['id']}").json()["webhook"]
    assert len(str(made["id"])) == 26
    assert "." in str(made["created_at"])
    assert "." not in shown["created_at"]
    assert "updated_at" not in shown
    assert patched.status_code == 204
    assert patched.headers["Content-Type"] == "application/json"
    assert (changed["name"], "updated_at" in changed) == ("New", True)


def test_a_webhook_cannot_change_its_kind() -> None:
    with a_sandbox() as client:
        made = new_webhook(client, "http://127.0.0.1:9/hook")
        body = {"webhook": {"subscriptions": ["conditional_ticket_events"]}}
        assert client.patch(f"webhooks/{made['id']}", body).status_code == 400


def test_invocations_and_attempts_are_listed(receiver: Receiver) -> None:
    receiver.status = 500
    with a_sandbox() as client:
        made = new_webhook(client, receiver.url)
        client.new_ticket()
        settle(client)
        listed = client.get(f"webhooks/{made['id']}/invocations").json()["invocations"]
        path = f"webhooks/{made['id']}/invocations/{listed[0]['id']}/attempts"
        attempt = client.get(path).json()["attempts"][0]
    assert (len(listed), listed[0]["status_code"]) == (1, 500)
    assert attempt["id"] == made["id"]
    assert attempt["request"]["headers"][0]["key"] == "X-Zendesk-Webhook-Signature-Timestamp"


@pytest.mark.parametrize(
    ("status", "headers", "attempts"),
    [
        pytest.param(409, {}, 4, id="conflict is tried again"),
        pytest.param(503, {"Retry-After": "5"}, 4, id="short Retry-After is tried again"),
        pytest.param(503, {"Retry-After": "600"}, 1, id="long Retry-After is not"),
        pytest.param(500, {}, 1, id="an error is not"),
    ],
)
def test_some_answers_are_tried_again(
    receiver: Receiver, status: int, headers: dict[str, str], attempts: int
) -> None:
    receiver.status, receiver.answer_headers = status, headers
    with a_sandbox() as client:
        new_webhook(client, receiver.url)
        client.new_ticket()
        settle(client)
    assert len(receiver.received) == attempts


def test_the_breaker_trips_when_most_deliveries_fail(receiver: Receiver) -> None:
    receiver.status = 500
    with a_sandbox() as client:
        made = new_webhook(client, receiver.url)
        for _ in range(25):
            client.new_ticket()
        settle(client)
        listed = client.get(f"webhooks/{made['id']}/invocations").json()["invocations"]
    assert len(receiver.received) == 20
    assert listed[0] == {
        "id": listed[0]["id"],
        "status": "circuit broken",
        "latest_completed_at": listed[0]["latest_completed_at"],
    }


def test_a_trial_account_loses_what_exceeds_sixty_a_minute(receiver: Receiver) -> None:
    with a_sandbox(profile="trial") as client:
        made = new_webhook(client, receiver.url)
        hooks = client.sandbox.site.webhooks
        for _ in range(63):
            hooks.send(str(made["id"]), b"{}")
            settle(client)
        statuses = [row.status for row in hooks.deliverer.invocations]
    assert len(receiver.received) == 60
    assert statuses.count("throttled") == 3


def test_deliveries_can_be_lost_doubled_and_out_of_order(receiver: Receiver) -> None:
    faults = (
        "webhook_lost:count=1",
        "webhook_twice:count=1:skip=0",
        "webhook_unordered:count=1",
    )
    with a_sandbox(faults=faults) as client:
        new_webhook(client, receiver.url)
        for _ in range(4):
            client.new_ticket()
        settle(client)
    subjects = [json.loads(sent.body)["subject"] for sent in receiver.received]
    assert subjects == ["zen:ticket:2", "zen:ticket:2", "zen:ticket:4", "zen:ticket:3"]


def test_only_loopback_addresses_are_contacted() -> None:
    with a_sandbox() as client:
        made = new_webhook(client, "https://example.com/hook")
        answer = client.post(f"webhooks/test?webhook_id={made['id']}", {"request": {}})
    assert answer.status_code == 200
    assert answer.json()["response"]["status_code"] == 403
    assert "loopback" in answer.json()["response"]["payload"]
