# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticket events and metric events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.records import SYSTEM
from connector.sandbox.ticket_endings import merge_tickets
from connector.sandbox.tickets import Doing
from connector.sandbox.wire import iso
from tests.sandbox.builders import Client, a_sandbox, tickets_at

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = "incremental/ticket_events"
METRICS = "incremental/ticket_metric_events"


@pytest.fixture
def client() -> Iterator[Client]:
    with a_sandbox(faults=("unlimited_exports",)) as client:
        yield client


def events_of(client: Client, **query: object) -> list[dict[str, object]]:
    client.sandbox.advance(timedelta(minutes=2))
    rows = client.get(EVENTS, start_time=0, **query).json()["ticket_events"]
    # inside a second the order is arbitrary
    return sorted(rows, key=lambda row: row["id"])


def test_a_change_is_a_child_with_the_attribute_as_its_key(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"priority": "high"}})
    row = events_of(client)[-1]
    child = row["child_events"][-1]
    assert (row["ticket_id"], row["event_type"]) == (1, "Audit")
    assert row["updater_id"] == client.sandbox.account.owner_id
    assert (child["priority"], child["previous_value"]) == ("high", None)
    assert child["event_type"] == "Change"


def test_a_creation_has_a_child_per_attribute(client: Client) -> None:
    client.new_ticket()
    children = events_of(client)[0]["child_events"]
    assert [child["event_type"] for child in children] == ["Comment"] + ["Create"] * 9
    assert any(child.get("status") == "new" for child in children)


def test_custom_fields_come_under_one_key_by_number(client: Client) -> None:
    mine = client.sandbox.account.custom_field_ids()[0]
    client.new_ticket()
    body = {"ticket": {"custom_fields": [{"id": mine, "value": "product_router"}]}}
    client.put("tickets/1", body)
    children = events_of(client)[-1]["child_events"]
    assert children[0]["custom_ticket_fields"] == {str(mine): "product_router"}
    assert children[1]["added_tags"] == ["product_router"]


def test_comments_come_inline_only_when_asked_for(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"comment": {"body": "Quiet", "public": False}}})
    bare = events_of(client)[-1]["child_events"][0]
    full = events_of(client, include="comment_events")[-1]["child_events"][0]
    assert (bare["comment_present"], bare["comment_public"]) == (True, False)
    assert "body" not in bare
    assert (full["event_type"], full["public"], full["body"]) == ("Comment", False, "Quiet")
    assert full["author_id"] == client.sandbox.account.owner_id
    assert full["created_at"].endswith("Z")


def test_via_is_a_text_on_some_rows_and_an_object_on_others(client: Client) -> None:
    for _ in range(4):
        client.new_ticket()
    kinds = {type(row["via"]) for row in events_of(client)}
    assert kinds == {str, dict}


def test_what_the_system_does_has_the_updater_minus_one(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"status": "solved"}})
    client.sandbox.advance(timedelta(days=5))
    row = events_of(client)[-1]
    assert row["updater_id"] == SYSTEM
    assert {"status": "closed", "previous_value": "solved"}.items() <= row["child_events"][
        0
    ].items()


def test_a_merge_closes_one_ticket_into_the_other(client: Client) -> None:
    first, second = tickets_at(client, 900, 800)
    account = client.sandbox.account
    doing = Doing(account.owner_id, client.sandbox.clock.epoch() - 500)
    with client.sandbox.site.lock:
        merge_tickets(account, account.tickets[second], account.tickets[first], doing)
    closed = client.get(f"tickets/{second}").json()["ticket"]
    assert (closed["status"], closed["tags"]) == ("closed", ["closed_by_merge"])
    audit = client.get(f"tickets/{second}/audits").json()["audits"][-1]
    assert audit["via"]["source"]["rel"] == "merge"
    assert audit["via"]["source"]["to"]["ticket_id"] == first


def test_the_same_history_stands_in_events_and_in_audits(client: Client) -> None:
    client.new_ticket()
    client.put("tickets/1", {"ticket": {"priority": "high", "comment": {"body": "Hi"}}})
    client.put("tickets/1", {"ticket": {"status": "pending"}})
    audits = client.get("tickets/1/audits").json()["audits"]
    rows = events_of(client)
    assert [row["id"] for row in rows] == [audit["id"] for audit in audits]
    assert [len(row["child_events"]) for row in rows] == [len(a["events"]) for a in audits]


def metric_rows(client: Client, ticket_id: int) -> list[dict[str, object]]:
    rows = client.get(METRICS, start_time=0).json()["ticket_metric_events"]
    mine = [row for row in rows if row["ticket_id"] == ticket_id]
    return sorted(mine, key=lambda row: row["id"])


def test_every_ticket_has_metric_events_without_any_policy(client: Client) -> None:
    client.new_ticket()
    rows = metric_rows(client, 1)
    assert {row["metric"] for row in rows} == {
        "agent_work_time",
        "requester_wait_time",
        "resolution_time",
        "reply_time",
    }
    measures = {row["instance_id"] for row in rows if row["type"] == "measure"}
    assert measures == {0}


def test_clocks_pause_and_end_with_the_status(client: Client) -> None:
    client.new_ticket()
    for status in ("pending", "open", "solved"):
        client.sandbox.advance(timedelta(minutes=10))
        client.put("tickets/1", {"ticket": {"status": status}})
    rows = [row for row in metric_rows(client, 1) if row["metric"] == "requester_wait_time"]
    assert [row["type"] for row in rows] == [
        "measure",
        "activate",
        "pause",
        "activate",
        "fulfill",
        "update_status",
    ]


def test_a_breach_that_did_not_come_is_marked_as_deleted(client: Client) -> None:
    account = client.sandbox.account
    customer = next(iter(account.organizations))
    requester = next(u for u in account.users.values() if u.organization_id == customer)
    client.new_ticket(
        organization_id=customer,
        priority="high",
        requester_id=requester.id,
        comment={"body": "x", "author_id": requester.id},
    )
    client.new_ticket(
        organization_id=customer,
        priority="high",
        requester_id=requester.id,
        comment={"body": "x", "author_id": requester.id},
    )
    client.put("tickets/1", {"ticket": {"comment": {"body": "Answer"}}})
    assert not any(row["type"] == "breach" for row in metric_rows(client, 2))
    client.sandbox.advance(timedelta(hours=5))
    answered, unanswered = (
        next(row for row in metric_rows(client, ident) if row["type"] == "breach")
        for ident in (1, 2)
    )
    assert answered["deleted"] is True
    assert "deleted" not in unanswered
    assert unanswered["time"] == iso(account.tickets[2].created + 4 * 3600)


def test_metric_events_can_be_read_by_cursor(client: Client) -> None:
    client.new_ticket()
    page = client.send("GET", f"{METRICS}?start_time=0&page[size]=3").json()
    assert len(page["ticket_metric_events"]) == 3
    assert page["meta"]["has_more"] is True
