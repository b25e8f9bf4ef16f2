# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticket fields, statuses, people, policies, schedules, triggers, views and search."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.seed_names import ACME_ID
from tests.sandbox.builders import Client, a_sandbox, tickets_at

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Iterator[Client]:
    with a_sandbox() as client:
        yield client


def new_field(client: Client, **values: object) -> dict[str, object]:
    body = {"ticket_field": {"type": "tagger", "title": "State", **values}}
    return client.post("ticket_fields", body).json()["ticket_field"]


def test_a_new_field_comes_last_and_can_be_removed(client: Client) -> None:
    made = new_field(client)
    assert (made["position"], made["removable"], made["key"]) == (9999, True, None)
    assert client.delete(f"ticket_fields/{made['id']}").status_code == 204
    assert client.get(f"ticket_fields/{made['id']}").status_code == 404


def test_the_title_in_the_portal_follows_the_title_and_the_description_does_not(
    client: Client,
) -> None:
    made = new_field(client)
    path = f"ticket_fields/{made['id']}"
    answer = client.put(path, {"ticket_field": {"title": "New", "type": "text", "id": 5}})
    changed = answer.json()["ticket_field"]
    assert changed["title_in_portal"] == changed["raw_title_in_portal"] == "New"
    assert (changed["description"], changed["type"]) == ("State", "tagger")
    assert '"ticket_field.id", "ticket_field.type"' in answer.headers["X-Zendesk-API-Warn"]


def test_options_given_replace_all_options_there_were(client: Client) -> None:
    made = new_field(client, custom_field_options=[{"name": "A", "value": "a1"}])
    path = f"ticket_fields/{made['id']}"
    options = [{"name": "B", "value": "b1"}]
    client.put(path, {"ticket_field": {"custom_field_options": options}})
    shown = client.get(path).json()["ticket_field"]["custom_field_options"]
    assert [(row["name"], row["value"]) for row in shown] == [("B", "b1")]


def test_an_option_is_a_tag_and_unique_over_all_fields(client: Client) -> None:
    new_field(client, custom_field_options=[{"name": "A", "value": "same"}])
    options = [{"name": "A", "value": "same"}]
    body = {"ticket_field": {"type": "tagger", "title": "x", "custom_field_options": options}}
    assert client.post("ticket_fields", body).status_code == 422


def test_system_fields_tell_their_options_and_their_sub_type(client: Client) -> None:
    fields = client.get("ticket_fields").json()["ticket_fields"]
    priority = next(row for row in fields if row["type"] == "priority")
    assert [row["value"] for row in priority["system_field_options"]] == [
        "low",
        "normal",
        "high",
        "urgent",
    ]
    assert (priority["sub_type_id"], priority["removable"]) == (0, False)


def test_the_category_of_a_custom_status_is_fixed(client: Client) -> None:
    body = {"custom_status": {"status_category": "open", "agent_label": "With the lab"}}
    made = client.post("custom_statuses", body)
    status = made.json()["custom_status"]
    answer = client.put(
        f"custom_statuses/{status['id']}", {"custom_status": {"status_category": "hold"}}
    )
    assert made.status_code == 201
    assert answer.json()["custom_status"]["status_category"] == "open"
    assert '"custom_status.status_category"' in answer.headers["X-Zendesk-API-Warn"]


def test_the_seeded_customers_carry_tier_and_market(client: Client) -> None:
    acme = client.get(f"organizations/{ACME_ID}").json()["organization"]
    rows = client.get("organizations").json()["organizations"]
    fields = {tuple(row["organization_fields"].values()) for row in rows}
    assert acme["organization_fields"] == {"sla_tier": "premium", "market": "nl"}
    tiers = ("premium", "standard", None)
    assert fields == {(tier, market) for tier in tiers for market in ("nl", "us")}


def test_a_day_in_a_customer_field_comes_back_as_its_midnight(client: Client) -> None:
    body = {"organization": {"name": "New", "organization_fields": {"since": "2018-11-04"}}}
    made = client.post("organizations", body).json()["organization"]
    assert made["organization_fields"] == {"since": "2018-11-04T00:00:00+00:00"}


def test_some_zones_are_rails_names_and_some_are_iana(client: Client) -> None:
    zones = {row["time_zone"] for row in client.get("users").json()["users"]}
    assert zones == {"Amsterdam", "America/New_York"}


def test_policies_come_in_a_list_with_targets_in_seconds(client: Client) -> None:
    body = client.get("slas/policies").json()
    assert list(body) == ["sla_policies", "next_page", "previous_page", "count"]
    metric = body["sla_policies"][0]["policy_metrics"][0]
    assert metric["target_in_seconds"] == metric["target"] * 60
    without_filter = client.post("slas/policies", {"sla_policy": {"title": "x"}})
    assert without_filter.status_code == 422


def test_schedules_count_minutes_from_sunday_and_name_rails_zones(client: Client) -> None:
    schedules = client.get("business_hours/schedules").json()["schedules"]
    assert [row["time_zone"] for row in schedules] == ["Amsterdam", "Eastern Time (US & Canada)"]
    assert schedules[0]["intervals"][0] == {"start_time": 1980, "end_time": 2490}
    path = f"business_hours/schedules/{schedules[0]['id']}"
    holidays = client.get(f"{path}/holidays").json()["holidays"]
    assert (holidays[0]["start_date"], holidays[0]["end_date"]) == ("2026-12-25", "2026-12-26")
    week = [{"start_time": 1980, "end_time": 2000}]
    client.put(f"{path}/workweek", {"workweek": {"intervals": week}})
    assert client.get(path).json()["schedule"]["intervals"] == week


def test_conditions_of_a_trigger_come_back_under_one_key(client: Client) -> None:
    every = [{"field": "status", "operator": "is", "value": "open"}]
    rule = {"title": "t", "actions": [{"field": "status", "value": "open"}], "all": every}
    made = client.post("triggers", {"trigger": rule}).json()["trigger"]
    assert made["conditions"] == {"all": every, "any": []}
    assert isinstance(made["category_id"], str)
    changed = client.put(f"triggers/{made['id']}", {"trigger": {"title": "u"}})
    assert changed.headers["location"].startswith(client.sandbox.base_url)
    assert client.delete(f"triggers/{made['id']}").status_code == 204


def test_the_count_of_a_view_is_not_ready_at_once(client: Client) -> None:
    tickets_at(client, 50, 40)
    conditions = [{"field": "status", "operator": "less_than", "value": "solved"}]
    view = client.post("views", {"view": {"title": "Open", "all": conditions}}).json()["view"]
    first = client.get(f"views/{view['id']}/count")
    client.sandbox.advance(timedelta(seconds=5))
    second = client.get(f"views/{view['id']}/count")
    early, late = first.json()["view_count"], second.json()["view_count"]
    assert (early["value"], early["pretty"], early["fresh"]) == (None, "...", False)
    assert (late["value"], late["pretty"], late["fresh"]) == (2, "2", True)
    assert first.headers["cache-control"].startswith("max-age=")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("type:ticket status:open", [1]),
        ("type:ticket status<solved", [1, 2]),
        ("type:ticket -status:open", [2]),
        ("type:ticket priority>=high", [1]),
        ("type:ticket tags:vip", [2]),
        ("type:ticket ghost", []),
    ],
)
def test_search_understands_the_usual_terms(
    client: Client, query: str, expected: list[int]
) -> None:
    client.new_ticket(priority="high", status="open")
    client.new_ticket(tags=["vip"])
    results = client.get("search", query=query).json()["results"]
    assert sorted(row["id"] for row in results) == expected
    assert {row["result_type"] for row in results} <= {"ticket"}


def test_the_search_export_goes_forward_only(client: Client) -> None:
    for _ in range(3):
        client.new_ticket()
    query = "search/export?filter[type]=ticket&query=type:ticket&page[size]=2"
    page = client.send("GET", query).json()
    assert list(page) == ["results", "facets", "meta", "links"]
    assert (page["facets"], page["meta"]["before_cursor"]) == (None, None)
    assert (len(page["results"]), page["meta"]["has_more"]) == (2, True)


def test_telephone_figures_follow_from_phone_tickets() -> None:
    with a_sandbox(tickets=200) as client:
        calls = client.get("channels/voice/stats/incremental/calls", start_time=0).json()
        voice = [t for t in client.sandbox.account.tickets.values() if t.channel == "voice"]
        overview = client.get("channels/voice/stats/account_overview").json()
    with_ticket = {row["ticket_id"] for row in calls["calls"]} - {None}
    assert calls["count"] == len(calls["calls"]) >= len(with_ticket) > 0
    assert with_ticket <= {ticket.id for ticket in voice}
    assert calls["next_page"]
    assert overview["account_overview"]["total_calls"] <= len(voice)
