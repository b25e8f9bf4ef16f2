# SPDX-License-Identifier: GPL-3.0-or-later
"""Zendesk's own SLA policies, schedules and holidays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, not_found, record_invalid
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.paging import listed
from connector.sandbox.render import configuration_json
from connector.sandbox.wire import Json, as_int, as_list, as_object, as_rows, as_text, as_texts, iso

if TYPE_CHECKING:
    from connector.sandbox.site import Call

POLICY_KEYS = frozenset(as_texts("title description position filter policy_metrics"))
FILTER_FIELDS = (
    ("ticket_type_id", "Type", "ticket", ("is", "is_not")),
    ("group_id", "Group", "ticket", ("is", "is_not")),
    ("assignee_id", "Assignee", "ticket", ("is", "is_not")),
    ("current_tags", "Tags", "ticket", ("includes", "not_includes")),
    ("via_id", "Channel", "ticket", ("is", "is_not")),
    ("organization_id", "Organization", "requester", ("is", "is_not")),
    ("organization.custom_fields.sla_tier", "SLA tier", "organization", ("is", "is_not")),
    ("exact_created_at", "Created", "ticket", ("less_than", "greater_than")),
)


def list_policies(call: Call) -> Answer:
    """`GET /slas/policies`."""
    rows = sorted(
        call.account.rows("policies").values(), key=lambda row: as_int(row["position"]) or 0
    )
    return Answer(200, listed(call, "sla_policies", rows, lambda row: _policy(call, row)))


def show_policy(call: Call) -> Answer:
    """`GET /slas/policies/{id}`."""
    row = call.account.row("policies", call.ident)
    return Answer(200, {"sla_policy": _policy(call, row)})


def create_policy(call: Call) -> Answer:
    """`POST /slas/policies`: a filter must be sent."""
    values = as_object(call.body.get("sla_policy"))
    _check_policy(values)
    ident = call.account.ids.take()
    row: Json = {
        "id": ident,
        "title": values["title"],
        "description": values.get("description"),
        "position": values.get("position", len(call.account.rows("policies")) + 1),
        "filter": values["filter"],
        "policy_metrics": [_metric(metric) for metric in as_rows(values.get("policy_metrics"))],
        "created_at": iso(call.now),
        "updated_at": iso(call.now),
    }
    call.account.rows("policies")[ident] = row
    shown = configuration_json("slas/policies", row, call.called)
    location = call.called.to("slas/policies", ident)
    return Answer(201, {"sla_policy": shown}, location=location)


def update_policy(call: Call) -> Answer:
    """`PUT /slas/policies/{id}`."""
    row = call.account.row("policies", call.ident)
    values = as_object(call.body.get("sla_policy"))
    row.update({key: values[key] for key in values if key in POLICY_KEYS})
    row["policy_metrics"] = [_metric(metric) for metric in as_rows(row["policy_metrics"])]
    row["updated_at"] = iso(call.now)
    return Answer(200, {"sla_policy": _policy(call, row)})


def delete_policy(call: Call) -> Answer:
    """`DELETE /slas/policies/{id}`."""
    call.account.row("policies", call.ident)
    del call.account.rows("policies")[call.ident]
    return Answer(204)


def definitions(call: Call) -> Answer:
    """`GET /slas/policies/definitions`."""
    del call
    rows: list[Json] = [
        {
            "value": value,
            "title": title,
            "group": group,
            "operators": [{"value": name, "title": name.replace("_", " ")} for name in operators],
            "values": {"type": "text", "list": []},
        }
        for value, title, group, operators in FILTER_FIELDS
    ]
    return Answer(200, {"definitions": {"all": rows, "any": rows}})


def list_schedules(call: Call) -> Answer:
    """`GET /business_hours/schedules`."""
    return Answer(200, {"schedules": list(call.account.rows("schedules").values())})


def show_schedule(call: Call) -> Answer:
    """`GET /business_hours/schedules/{id}`."""
    return Answer(200, {"schedule": call.account.row("schedules", call.ident)})


def put_workweek(call: Call) -> Answer:
    """`PUT /business_hours/schedules/{id}/workweek`: replaces all intervals."""
    row = call.account.row("schedules", call.ident)
    intervals = as_rows(as_object(call.body.get("workweek")).get("intervals"))
    row["intervals"] = intervals
    row["updated_at"] = iso(call.now)
    return Answer(200, {"workweek": {"intervals": intervals}})


def list_holidays(call: Call) -> Answer:
    """`GET /business_hours/schedules/{id}/holidays`: first and last day, both included."""
    call.account.row("schedules", call.ident)
    return Answer(200, {"holidays": _holidays(call)})


def create_holiday(call: Call) -> Answer:
    """`POST /business_hours/schedules/{id}/holidays`."""
    call.account.row("schedules", call.ident)
    values = as_object(call.body.get("holiday"))
    ident = call.account.ids.take()
    row: Json = {"id": ident, "schedule_id": call.ident}
    row |= {key: values.get(key) for key in ("name", "start_date", "end_date")}
    call.account.rows("holidays")[ident] = row
    return Answer(201, {"holiday": _without_schedule(row)})


def delete_holiday(call: Call) -> Answer:
    """`DELETE /business_hours/schedules/{id}/holidays/{id}`."""
    if call.account.rows("holidays").pop(int(call.params["other"]), None) is None:
        raise not_found()
    return Answer(204)


def _policy(call: Call, row: Json) -> Json:
    return configuration_json("slas/policies", row, call.links)


def _holidays(call: Call) -> list[Json]:
    return [
        _without_schedule(row)
        for row in call.account.rows("holidays").values()
        if row["schedule_id"] == call.ident
    ]


def _without_schedule(row: Json) -> Json:
    return {key: value for key, value in row.items() if key != "schedule_id"}


def _check_policy(values: Json) -> None:
    if not as_text(values.get("title")):
        raise record_invalid({"title": ("Title: cannot be blank", "BlankValue")})
    given = as_object(values.get("filter"))
    if not isinstance(given.get("all"), list) or as_list(given.get("any")) != given.get("any", []):
        raise record_invalid({"filter": ("Filter: is invalid", "InvalidValue")})


def _metric(values: Json) -> Json:
    seconds = as_int(values.get("target_in_seconds"))
    minutes = as_int(values.get("target")) or (seconds or 0) // 60
    return {
        "priority": values.get("priority"),
        "metric": values.get("metric"),
        "target": minutes,
        "business_hours": bool(values.get("business_hours")),
        "target_in_seconds": seconds if seconds is not None else minutes * 60,
    }


ENDPOINTS = (
    Endpoint("GET", "slas/policies", list_policies, admin=True),
    Endpoint("GET", "slas/policies/definitions", definitions, admin=True),
    Endpoint("GET", "slas/policies/{id}", show_policy, admin=True),
    Endpoint("POST", "slas/policies", create_policy, admin=True),
    Endpoint("PUT", "slas/policies/{id}", update_policy, admin=True),
    Endpoint("DELETE", "slas/policies/{id}", delete_policy, admin=True),
    Endpoint("GET", "business_hours/schedules", list_schedules, admin=True),
    Endpoint("GET", "business_hours/schedules/{id}", show_schedule),
    Endpoint("PUT", "business_hours/schedules/{id}/workweek", put_workweek, admin=True),
    Endpoint("GET", "business_hours/schedules/{id}/holidays", list_holidays, admin=True),
    Endpoint("POST", "business_hours/schedules/{id}/holidays", create_holiday, admin=True),
    Endpoint(
        "DELETE", "business_hours/schedules/{id}/holidays/{other}", delete_holiday, admin=True
    ),
)
