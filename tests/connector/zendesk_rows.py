# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders of Zendesk rows with defaults, and the recorded exchanges where they are at hand."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.zendesk.names import CustomStatus, Names
from connector.zendesk.wire import AuditRow, TicketEventRow, TicketRow, convert
from rules.facts import Organization, Requester

REQUESTER, COLLEAGUE, AGENT, LIGHT, BOT, ME = "10", "11", "20", "21", "22", "99"
ACME = Organization(id="500", name="Acme", fields={"sla_tier": "premium"})


def at(text: str) -> datetime:
    """An instant in UTC from `2026-11-20 09:10` or with seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def some_names() -> Names:
    """An account with a few people, one customer, two groups and three custom statuses."""
    return Names(
        me=ME,
        bots=lambda: frozenset({BOT}),
        people={
            REQUESTER: Requester(id=REQUESTER, language="nl"),
            COLLEAGUE: Requester(id=COLLEAGUE),
            AGENT: Requester(id=AGENT, role="agent"),
            LIGHT: Requester(id=LIGHT, role="light_agent"),
            BOT: Requester(id=BOT, role="agent"),
        },
        organizations={"500": ACME},
        groups={"700": "support", "701": "escalations"},
        brands={"800": "main"},
        statuses={
            "900": CustomStatus("open", None),
            "901": CustomStatus("pending", None),
            "902": CustomStatus("hold", "Waiting for supplier"),
        },
        fields={"1001": "product", "1002": "parts"},
        own_fields={"2001": "sla_state", "2002": "sla_due_at"},
        own_options={"sla_state_at_risk": ("sla_state", "at_risk")},
    )


def a_ticket(**changes: object) -> TicketRow:
    """A ticket row of an export page."""
    row: dict[str, object] = {
        "id": 4711,
        "created_at": "2026-11-20T08:30:00Z",
        "updated_at": "2026-11-20T11:00:00Z",
        "generated_timestamp": 1795172403,
        "status": "open",
        "priority": "high",
        "type": "incident",
        "requester_id": 10,
        "submitter_id": 10,
        "organization_id": 500,
        "group_id": 700,
        "brand_id": 800,
        "tags": ["vip"],
        "custom_fields": [{"id": 1001, "value": "router"}, {"id": 1002, "value": None}],
        "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
    }
    return convert({**row, **changes}, TicketRow)


def an_audit(*events: dict[str, object], **changes: object) -> AuditRow:
    """One of a ticket's own audits, by an agent on the web at 09:10."""
    row: dict[str, object] = {
        "id": 31,
        "ticket_id": 4711,
        "created_at": "2026-11-20T09:10:00Z",
        "author_id": 20,
        "metadata": {"system": {}, "custom": {}},
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "events": [{"id": 310 + index, **event} for index, event in enumerate(events)],
    }
    return convert({**row, **changes}, AuditRow)


def an_event(*children: dict[str, object], **changes: object) -> TicketEventRow:
    """A row of the bulk stream, by an agent on the web at 09:10."""
    row: dict[str, object] = {
        "id": 31,
        "ticket_id": 4711,
        "timestamp": int(at("2026-11-20 09:10").timestamp()),
        "created_at": "2026-11-20T09:10:00Z",
        "updater_id": 20,
        "via": "Web form",
        "event_type": "Audit",
        "child_events": [{"id": 310 + index, **child} for index, child in enumerate(children)],
    }
    return convert({**row, **changes}, TicketEventRow)


def recordings() -> list[Path]:
    """The recorded exchanges of the reference folder.

    Skips the test when the folder is not there, and fails it where CI is set.
    """
    shared = os.environ.get("STIPT_SHARED") or Path(__file__).parents[3] / "shared"
    folder = Path(shared) / "zendesk" / "recordings"
    if not folder.is_dir():
        missing = "no reference folder (STIPT_SHARED)"
        if os.environ.get("CI"):
            pytest.fail(f"{missing}; with CI set it has to be there", pytrace=False)
        pytest.skip(missing)
    return sorted(folder.glob("*.json"))


def recorded(key: str) -> list[tuple[str, dict[str, object]]]:
    """Every object that stands under `key` (alone or in a list) in a recorded answer."""
    found: list[tuple[str, dict[str, object]]] = []
    for path in recordings():
        for exchange in json.loads(path.read_text(encoding="utf-8")):
            response = exchange.get("response")
            held = response.get(key) if isinstance(response, dict) else None
            rows = held if isinstance(held, list) else [held]
            found.extend((path.name, row) for row in rows if isinstance(row, dict))
    return found
