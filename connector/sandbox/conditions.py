# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions of triggers and views, as far as the sandbox understands them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.ticket_rules import PRIORITIES, STATUSES
from connector.sandbox.wire import Json, as_object, as_rows, as_texts

if TYPE_CHECKING:
    from connector.sandbox.records import Audit, Ticket

VIA_IDS = {"web": 0, "email": 4, "api": 5, "rule": 8, "chat": 29, "voice": 34}
ORDERED = {"status": STATUSES, "priority": PRIORITIES}


def matches(conditions: Json, ticket: Ticket, audit: Audit | None = None) -> bool:
    """Whether all of `all` and one of `any` hold; a field that is not known here always holds."""
    every, some = as_rows(conditions.get("all")), as_rows(conditions.get("any"))
    if not all(_holds(row, ticket, audit) for row in every):
        return False
    return not some or any(_holds(row, ticket, audit) for row in some)


def split_conditions(values: Json) -> Json:
    """Conditions as they are answered: `all` and `any` of a request under one key."""
    given = as_object(values.get("conditions")) or values
    return {"all": as_rows(given.get("all")), "any": as_rows(given.get("any"))}


def _holds(row: Json, ticket: Ticket, audit: Audit | None) -> bool:
    field, operator, wanted = str(row.get("field")), str(row.get("operator")), row.get("value")
    if field == "update_type":
        is_creation = audit is not None and bool(ticket.audits) and ticket.audits[0] is audit
        return is_creation == (str(wanted).lower() == "create")
    if operator == "changed":
        return audit is not None and any(event.name == field for event in audit.events)
    if field == "current_tags":
        common = bool(set(as_texts(wanted)) & set(ticket.tags))
        return common == (operator == "includes")
    known, value = _value(field, ticket, audit)
    return not known or _compare(field, operator, value, wanted)


def _value(field: str, ticket: Ticket, audit: Audit | None) -> tuple[bool, object]:
    if field in {"via_id", "current_via_id"}:
        channel = audit.channel if field == "current_via_id" and audit else ticket.channel
        return True, VIA_IDS.get(channel, 5)
    if field in {"status", "priority", "type", "group_id", "assignee_id", "organization_id"}:
        return True, getattr(ticket, field)
    if field.startswith("custom_fields_"):
        return True, ticket.values.get(int(field.removeprefix("custom_fields_")))
    return False, None


def _compare(field: str, operator: str, value: object, wanted: object) -> bool:
    if operator in {"is", "is_not"}:
        return (str(value or "") == str(wanted or "")) == (operator == "is")
    words = ORDERED.get(field)
    if words is None or value not in words or wanted not in words:
        return True
    mine, theirs = words.index(str(value)), words.index(str(wanted))
    return {
        "less_than": mine < theirs,
        "less_than_equal": mine <= theirs,
        "greater_than": mine > theirs,
        "greater_than_equal": mine >= theirs,
    }.get(operator, True)
