# SPDX-License-Identifier: GPL-3.0-or-later
"""Triggers, automations and views."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, record_invalid
from connector.sandbox.conditions import matches, split_conditions
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.paging import listed
from connector.sandbox.render import configuration_json, ticket_json
from connector.sandbox.wire import Json, as_list, as_object, as_rows, as_text, as_texts, iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.records import Ticket
    from connector.sandbox.site import Call

RULE_KEYS = frozenset(
    as_texts("title active position actions conditions all any description category_id default")
)
VIEW_KEYS = frozenset(
    as_texts("title active position conditions all any description output restriction default")
)
NAMED = {"triggers": "trigger", "automations": "automation", "views": "view"}
FIRST_POSITION = {"triggers": 2, "automations": 10002, "views": 10000}
COLUMNS = (
    ("subject", "Subject", False, False),
    ("requester", "Requester", True, True),
    ("created", "Requested", False, True),
    ("updated", "Updated", True, True),
    ("group", "Group", True, True),
    ("assignee", "Assignee", True, True),
)
COUNT_FRESH_AFTER = 2


def creating(kind: str) -> Callable[[Call], Answer]:
    """A handler that makes a trigger, an automation or a view."""

    def handler(call: Call) -> Answer:
        values = as_object(call.body.get(NAMED[kind]))
        title = as_text(values.get("title"))
        if not title:
            raise record_invalid({"title": ("Title: cannot be blank", "BlankValue")})
        if kind != "views" and not as_rows(values.get("actions")):
            raise record_invalid({"actions": ("Actions: cannot be blank", "BlankValue")})
        ident = call.account.ids.take()
        position = FIRST_POSITION[kind] + len(call.account.rows(kind))
        if kind == "automations":
            position -= len(call.account.rows(kind))
        row = _head(ident, title, call.now, active=bool(values.get("active", True)))
        row |= _BODIES[kind](call, values, position) | {"raw_title": title}
        if kind == "triggers":
            category = next(iter(call.account.rows("trigger_categories")))
            row["category_id"] = str(values.get("category_id") or category)
        call.account.rows(kind)[ident] = row
        shown = configuration_json(kind, row, call.called)
        return Answer(201, {NAMED[kind]: shown}, location=call.called.to(kind, ident))

    return handler


def updating(kind: str) -> Callable[[Call], Answer]:
    """A handler that changes one; a trigger's answer names its place on the called host."""

    def handler(call: Call) -> Answer:
        row = call.account.row(kind, call.ident)
        values = as_object(call.body.get(NAMED[kind]))
        for key in ("title", "active", "actions", "position", "description"):
            if key in values and key in row:
                row[key] = values[key]
        row["raw_title"] = row["title"]
        if {"conditions", "all", "any"} & set(values):
            row["conditions"] = split_conditions(values)
        row["updated_at"] = iso(call.now)
        location = call.called.to(kind, call.ident) if kind == "triggers" else None
        body: Json = {NAMED[kind]: configuration_json(kind, row, call.links)}
        return Answer(200, body, location=location)

    return handler


def deleting(kind: str) -> Callable[[Call], Answer]:
    """A handler that deletes one."""

    def handler(call: Call) -> Answer:
        call.account.row(kind, call.ident)
        del call.account.rows(kind)[call.ident]
        return Answer(204)

    return handler


def listing(kind: str) -> Callable[[Call], Answer]:
    """A handler that lists all, or the active ones."""

    def handler(call: Call) -> Answer:
        rows = list(call.account.rows(kind).values())
        if call.path.endswith("/active") or call.query.get("active") == "true":
            rows = [row for row in rows if row.get("active")]

        def shown(row: Json) -> Json:
            return configuration_json(kind, row, call.links)

        return Answer(200, listed(call, kind, rows, shown))

    return handler


def showing(kind: str) -> Callable[[Call], Answer]:
    """A handler that shows one."""

    def handler(call: Call) -> Answer:
        row = call.account.row(kind, call.ident)
        return Answer(200, {NAMED[kind]: configuration_json(kind, row, call.links)})

    return handler


def count_views(call: Call) -> Answer:
    """`GET /views/count`."""
    refreshed = datetime.fromtimestamp(call.now, UTC).isoformat()
    body: Json = {"count": {"value": len(call.account.rows("views")), "refreshed_at": refreshed}}
    return Answer(200, body)


def count_view(call: Call) -> Answer:
    """`GET /views/{id}/count`: at first not ready, later the number."""
    view = call.account.row("views", call.ident)
    asked = call.site.view_counts_asked.setdefault(call.ident, call.now)
    ready = call.now - asked >= COUNT_FRESH_AFTER
    value = len(_tickets_of(call, view)) if ready else None
    count: Json = {
        "url": f"{call.links.base}/api/v2/views/{call.ident}/count.json",
        "view_id": call.ident,
        "value": value,
        "pretty": "..." if value is None else str(value),
        "fresh": ready,
        "active": bool(view["active"]),
    }
    headers = {"cache-control": "max-age=60, private"}
    return Answer(200, {"view_count": count}, headers)


def view_tickets(call: Call) -> Answer:
    """`GET /views/{id}/tickets`."""
    found = _tickets_of(call, call.account.row("views", call.ident))

    def shown(ticket: Ticket) -> Json:
        return ticket_json(call.account, ticket, call.links)

    return Answer(200, listed(call, "tickets", found, shown))


def list_categories(call: Call) -> Answer:
    """`GET /trigger_categories`."""
    rows = list(call.account.rows("trigger_categories").values())
    shown = [row | {"id": str(row["id"])} for row in rows]
    return Answer(200, listed(call, "trigger_categories", shown, lambda row: row))


def _tickets_of(call: Call, view: Json) -> list[Ticket]:
    conditions = as_object(view.get("conditions"))
    return [
        ticket
        for ticket in call.account.tickets.values()
        if not ticket.is_deleted and matches(conditions, ticket)
    ]


def _head(ident: int, title: str, now: int, *, active: bool) -> Json:
    return {
        "id": ident,
        "title": title,
        "active": active,
        "updated_at": iso(now),
        "created_at": iso(now),
        "default": False,
    }


def _trigger(call: Call, values: Json, position: int) -> Json:
    del call
    return {
        "actions": as_list(values.get("actions")),
        "conditions": split_conditions(values),
        "description": values.get("description"),
        "position": values.get("position", position),
    }


def _automation(call: Call, values: Json, position: int) -> Json:
    row = _trigger(call, values, position)
    del row["description"]
    return row


def _view(call: Call, values: Json, position: int) -> Json:
    del call
    columns: list[Json] = [
        {"id": name, "title": title, "filterable": filterable, "sortable": sortable}
        for name, title, filterable, sortable in COLUMNS
    ]
    return {
        "position": values.get("position", position),
        "description": values.get("description"),
        "execution": {
            "group_by": None,
            "group_order": "desc",
            "sort_by": None,
            "sort_order": "desc",
            "group": None,
            "sort": None,
            "columns": columns,
            "fields": columns,
            "custom_fields": [],
        },
        "conditions": split_conditions(values),
        "restriction": values.get("restriction"),
    }


_BODIES: dict[str, Callable[[Call, Json, int], Json]] = {
    "triggers": _trigger,
    "automations": _automation,
    "views": _view,
}


def _crud(kind: str, keys: frozenset[str]) -> tuple[Endpoint, ...]:
    wrapper = NAMED[kind]
    return (
        Endpoint("GET", kind, listing(kind)),
        Endpoint("GET", f"{kind}/active", listing(kind)),
        Endpoint(
            "POST",
            kind,
            creating(kind),
            admin=True,
            wrapper=wrapper,
            permitted=keys,
            action="create",
        ),
        Endpoint("GET", f"{kind}/{{id}}", showing(kind)),
        Endpoint(
            "PUT",
            f"{kind}/{{id}}",
            updating(kind),
            admin=True,
            wrapper=wrapper,
            permitted=keys,
            action="update",
        ),
        Endpoint("DELETE", f"{kind}/{{id}}", deleting(kind), admin=True, action="destroy"),
    )


ENDPOINTS = (
    *_crud("triggers", RULE_KEYS),
    *_crud("automations", RULE_KEYS),
    Endpoint("GET", "views/count", count_views),
    Endpoint("GET", "views/{id}/count", count_view),
    Endpoint("GET", "views/{id}/tickets", view_tickets),
    *_crud("views", VIEW_KEYS),
    Endpoint("GET", "trigger_categories", list_categories),
)
