# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden cases as scenarios: a ticket whose form holds a case's fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rules.changes import OWN_FIELDS
from tests.app.golden_cases import read_case, written_fields

if TYPE_CHECKING:
    from tests.app.harness.scenarios import Scenario

IDS = {key: str(number) for number, key in enumerate(OWN_FIELDS, start=101)}
SETTING = " ".join(f"{key}={number}" for key, number in IDS.items())


def field_path(key: str) -> str:
    """The path by which a field of ours is read and changed."""
    return f"ticket.customField:custom_field_{IDS[key]}"


def sidebar_of(name: str, **more: Any) -> Scenario:
    """The sidebar of a golden case at the instant at which it is looked at."""
    case = read_case(name)
    fields, saved = case["fields"] or {}, case["saved"]
    ticket = {"id": 4711, "subject": "Router drops the line", "status": saved["status"]}
    scenario: Scenario = {
        "now": case["now"],
        "ticket": ticket,
        "fields": {IDS[key]: value for key, value in fields.items()},
        "settings": {} if case["fields"] is None else {"field_ids": SETTING},
    }
    return scenario | more


BOARD_AT = "2026-11-23T12:20:00Z"
_SUBJECTS = (
    "Router drops the line every evening",
    "Invoice 2026-1184 shows the wrong VAT number",
    "Cannot sign in after the password change",
    "Delivery to the Rotterdam warehouse is two pallets short; the rest follows on Monday",
    "Request for a second user licence",
    "Export stops at 10,000 rows",
    "Phone menu plays the old opening hours",
    "Where do I find last year's statements?",
)
_CREATED = ("20T13:40", "23T07:55", "23T08:10", "23T08:35", "23T09:20", "23T11:05")
_CUSTOMERS = (
    {"id": "360009876543", "name": "Globex Corporation", "fields": {"sla_tier": "premium"}},
    {"id": "360001", "name": "Acme BV", "fields": {"sla_tier": "premium"}},
    {"id": "360002", "name": "Initech GmbH", "fields": {"sla_tier": "slow"}},
    {"id": "360003", "name": "Umbrella Ltd", "fields": {"sla_tier": "overseas"}},
)
_TEAM = ("Ada Lovelace", "Grace Hopper", "Joke de Vries", "Moritz Weber")


def _board_ticket(number: int) -> dict[str, Any]:
    created = f"2026-11-{_CREATED[number % len(_CREATED)]}:{number % 60:02}Z"
    customer = _CUSTOMERS[number % len(_CUSTOMERS)]
    is_paused = number % 7 == 3
    happenings = [
        {"at": "2026-11-23T11:30:00Z", "kind": "comment", "by": "agent", "public": True},
        {"at": "2026-11-23T11:30:00Z", "kind": "status", "to": "pending", "by": "agent"},
    ]
    case = {
        "ticket": {
            "id": str(4700 + number),
            "created_at": created,
            "channel": "email",
            "priority": "high",
            "status": "open",
            "organization": customer,
            "happenings": happenings if is_paused else [],
        },
        "rules": "rules.yaml",
        "judged_at": "2026-11-23T12:19:00Z",
        "sent": [],
    }
    fields = written_fields(case)
    return {
        "id": 4700 + number,
        "subject": _SUBJECTS[number % len(_SUBJECTS)],
        "status": "pending" if is_paused else "open",
        "assignee_id": 1 + number % len(_TEAM) if number % 5 else None,
        "organization_id": int(str(customer["id"])),
        "custom_fields": [{"id": int(IDS[key]), "value": value} for key, value in fields.items()],
    }


def board_tickets(count: int) -> list[dict[str, Any]]:
    """Tickets as Zendesk's search returns them, in all states."""
    return [_board_ticket(number) for number in range(count)]


def search_routes(tickets: list[dict[str, Any]], total: int | None = None) -> list[dict[str, Any]]:
    """What the host answers to the board's searches, and to its questions for names."""
    state_id = int(IDS["sla_state"])
    routes = []
    for state in ("breached", "at_risk", "on_track", "paused"):
        tag = f"sla_state_{state}"
        found = [one for one in tickets if {"id": state_id, "value": tag} in one["custom_fields"]]
        query = quote(f"type:ticket status<solved tags:{tag}", safe="")
        count = len(found) if total is None else total
        body = {"results": found, "count": count, "next_page": None}
        routes.append({"url": f"/api/v2/search.json?query={query}&*", "body": body})
    users = [{"id": number, "name": name} for number, name in enumerate(_TEAM, start=1)]
    organizations = [{"id": int(str(one["id"])), "name": one["name"]} for one in _CUSTOMERS]
    return [
        *routes,
        {"url": "/api/v2/users/show_many.json?*", "body": {"users": users}},
        {
            "url": "/api/v2/organizations/show_many.json?*",
            "body": {"organizations": organizations},
        },
    ]


def board_of(tickets: list[dict[str, Any]], **more: Any) -> Scenario:
    """The board with these tickets."""
    scenario: Scenario = {
        "location": "nav_bar",
        "now": BOARD_AT,
        "viewport": [1200, 900],
        "settings": {"field_ids": SETTING},
        "routes": search_routes(tickets),
    }
    return scenario | more
