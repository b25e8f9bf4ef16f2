# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as a file: JSON with a format number, read back strictly."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, cast, get_args

from connector.history.values import as_iso
from rules.changes import OWN_FIELDS, FieldChange, FieldKey, SystemField
from worker.planning import Plan, PlannedTicket

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 2
_FIELDS = frozenset({*OWN_FIELDS, *get_args(SystemField)})


class PlanUnreadable(Exception):
    """The file holds no plan that this version can carry out."""


def plan_to_json(plan: Plan) -> dict[str, object]:
    """The plan as one object, which `plan_from_json` reads again."""
    return {
        "format": FORMAT,
        "account": plan.account,
        "policy": plan.policy,
        "made_at": as_iso(plan.made_at),
        "open": plan.n_open,
        "judged": plan.n_judged,
        "changed": len(plan.tickets),
        "fields": plan.by_field(),
        "dues": plan.moved_dues(),
        "groups": [one.to_json() for one in plan.groups()],
        "messages": dict(plan.messages),
        "missing": list(plan.missing),
        "tickets": [_ticket_to_json(one) for one in plan.tickets],
    }


def _ticket_to_json(one: PlannedTicket) -> dict[str, object]:
    return {
        "ticket": one.ticket_id,
        "seen_at": as_iso(one.seen_at),
        "holds_until": None if one.holds_until is None else as_iso(one.holds_until),
        "tier": one.tier,
        "customer": one.customer,
        "reason": one.reason,
        "calendar": one.calendar,
        "time_zone": one.time_zone,
        "changes": [asdict(change) for change in one.changes],
    }


def plan_from_json(written: bytes) -> Plan:
    """The plan of a file.

    Raises:
        PlanUnreadable: it is no plan, or of another version.
    """
    try:
        document = json.loads(written)
        if document["format"] != FORMAT:
            raise PlanUnreadable("the plan was made by another version of Stipt; make a new one")
        return Plan(
            account=str(document["account"]),
            policy=str(document["policy"]),
            made_at=_instant(document["made_at"]),
            n_open=int(document["open"]),
            n_judged=int(document["judged"]),
            tickets=tuple(_ticket_from_json(one) for one in document["tickets"]),
            missing=tuple(str(one) for one in document["missing"]),
            messages={str(name): int(n) for name, n in document["messages"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PlanUnreadable("this is no plan; stipt plan --out FILE makes one") from None


def _ticket_from_json(document: Mapping[str, object]) -> PlannedTicket:
    changes = cast("list[dict[str, str | None]]", document["changes"])
    until = document["holds_until"]
    return PlannedTicket(
        ticket_id=str(document["ticket"]),
        seen_at=_instant(document["seen_at"]),
        holds_until=None if until is None else _instant(until),
        tier=_text(document["tier"]),
        customer=_text(document["customer"]),
        reason=str(document["reason"]),
        calendar=_text(document["calendar"]),
        time_zone=_text(document["time_zone"]),
        changes=tuple(_change(one) for one in changes),
    )


def _change(document: Mapping[str, str | None]) -> FieldChange:
    field = document["field"]
    if field not in _FIELDS:
        raise ValueError(f"unknown field {field}")
    because = document["because"] or ""
    old, new = _text(document["old"]), _text(document["new"])
    return FieldChange(cast("FieldKey", field), old, new, because)


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _instant(value: object) -> datetime:
    at = datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("an instant without a zone")
    return at
