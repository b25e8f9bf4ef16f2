# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the sandbox against Zendesk's own description of the Support API.

The description is incomplete: it is read as "a key that it knows has the type
that it declares", never as "a key that it does not know is wrong".
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from tests.sandbox.builders import Client, a_sandbox

if TYPE_CHECKING:
    from pathlib import Path

NOT_ENFORCED = {
    "required": "keys that recorded answers leave out are declared required",
    "enum": "values beyond the declared ones occur, such as status `deleted` in exports",
    "format": "times are declared date-time where the field holds a date",
    "example": "says nothing about the type",
}
"""What the description gets wrong. Null is accepted everywhere: many keys that are null in
recorded answers are not declared nullable."""

REPLACED = {
    # described as metric events
    ("ExportIncrementalTicketEventsResponse", "ticket_events"): {"type": "array"},
}
"""Declarations that are wrong as a whole."""

MAY_HOLD_ANYTHING = ("value", "previous_value")


class OpenApiLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads YAML 1.1 without turning `=` and times into something else."""


OpenApiLoader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)
OpenApiLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


@pytest.fixture(scope="module")
def description(shared: Path) -> dict[str, object]:
    with (shared / "zendesk" / "openapi.yaml").open(encoding="utf-8") as file:
        spec = yaml.load(file, OpenApiLoader)  # noqa: S506 - derived from a safe loader
    spec["components"]["schemas"] = {
        name: loosened(schema, name) for name, schema in spec["components"]["schemas"].items()
    }
    return spec


def loosened(schema: object, name: str = "") -> object:
    """The schema as far as it is enforced: types of known keys, null being allowed."""
    if isinstance(schema, list):
        return [loosened(row, name) for row in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in NOT_ENFORCED}
    if isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    if "oneOf" in kept:
        kept["anyOf"] = [*kept.pop("oneOf"), {"type": "null"}]
    properties = kept.get("properties")
    if isinstance(properties, dict):
        kept["properties"] = {
            key: REPLACED.get((name, key), {} if key in MAY_HOLD_ANYTHING else loosened(value))
            for key, value in properties.items()
        }
    return {
        key: value if key == "properties" else loosened(value, name) for key, value in kept.items()
    }


def faults_of(
    description: dict[str, object], method: str, path: str, status: int, body: object
) -> list[str]:
    """Where an answer contradicts the description; empty when it does not know the path."""
    operation = _operation(description, method, path)
    if operation is None:
        return [f"{method} {path}: not described"]
    answers = operation["responses"]
    answer = answers.get(str(status)) or answers.get("default")
    if answer is None or "content" not in answer:
        return [f"{method} {path}: {status} is not described"]
    schema = loosened(answer["content"]["application/json"]["schema"])
    validator = jsonschema.Draft202012Validator({**schema, "components": description["components"]})
    return [
        f"{method} {path} {error.json_path}: {error.message[:160]}"
        for error in validator.iter_errors(body)
    ]


def _operation(description: dict[str, object], method: str, path: str) -> dict[str, object] | None:
    for template, operations in description["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template.removesuffix(".json")))
        if re.fullmatch(pattern, f"/api/v2/{path}") and method.lower() in operations:
            return operations[method.lower()]
    return None


READ = (
    "account/settings",
    "brands",
    "custom_statuses",
    "deleted_tickets",
    "group_memberships",
    "groups",
    "incremental/organizations?start_time=0",
    "incremental/ticket_events?start_time=0",
    "incremental/ticket_metric_events?start_time=0",
    "incremental/tickets/cursor?start_time=0",
    "incremental/tickets?start_time=0",
    "incremental/users/cursor?start_time=0",
    "incremental/users?start_time=0",
    "job_statuses",
    "organization_fields",
    "organizations",
    "satisfaction_ratings",
    "search/export?filter[type]=ticket&query=status:open",
    "search?query=type:ticket",
    "slas/policies",
    "slas/policies/definitions",
    "ticket_audits",
    "ticket_fields",
    "ticket_forms",
    "tickets",
    "tickets/2",
    "tickets/2/audits",
    "tickets/2/comments",
    "tickets/show_many?ids=2,3,4",
    "triggers",
    "user_fields",
    "users",
    "users/me",
    "views/count",
)


def test_what_is_read_has_the_declared_types(description: dict[str, object]) -> None:
    with a_sandbox(tickets=60, profile="high_volume") as client:
        client.post("tickets/create_many", {"tickets": [{"subject": "a", "description": "b"}]})
        client.sandbox.advance(timedelta(minutes=2))
        found = []
        for path in READ:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            place = path.partition("?")[0]
            found += faults_of(description, "GET", place, 200, answer.json())
    assert found == [], "\n".join(found)


def test_what_is_written_answers_with_the_declared_types(description: dict[str, object]) -> None:
    with a_sandbox() as client:
        found = []
        for method, path, body in _writes(client):
            answer = client.send(method, path, json=body)
            assert answer.status_code in {200, 201}, (path, answer.text)
            found += faults_of(description, method, path, answer.status_code, answer.json())
    assert found == [], "\n".join(found)


def _writes(client: Client) -> list[tuple[str, str, dict[str, object]]]:
    ticket = client.new_ticket()
    field = {
        "title": "State",
        "type": "tagger",
        "custom_field_options": [{"name": "a", "value": "b"}],
    }
    rule = {"title": "t", "actions": [{"field": "status", "value": "open"}], "all": []}
    return [
        ("POST", "tickets", {"ticket": {"comment": {"body": "x"}}}),
        ("PUT", f"tickets/{ticket['id']}", {"ticket": {"priority": "high"}}),
        ("PUT", "tickets/update_many", {"tickets": [{"id": ticket["id"], "priority": "low"}]}),
        ("POST", "ticket_fields", {"ticket_field": field}),
        ("POST", "organizations", {"organization": {"name": "New"}}),
        ("POST", "triggers", {"trigger": rule}),
        (
            "POST",
            "custom_statuses",
            {"custom_status": {"status_category": "open", "agent_label": "x"}},
        ),
    ]


def test_an_answer_with_a_wrong_type_would_be_noticed(description: dict[str, object]) -> None:
    with a_sandbox() as client:
        ticket = client.new_ticket()
        body = client.get(f"tickets/{ticket['id']}").json()
        body["ticket"]["subject"] = 7
        body["ticket"]["tags"] = "vip"
    found = faults_of(description, "GET", f"tickets/{ticket['id']}", 200, body)
    assert sorted(line.split()[2] for line in found) == ["$.ticket.subject:", "$.ticket.tags:"]
