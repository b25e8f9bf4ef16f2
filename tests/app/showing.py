# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden cases as scenarios: a ticket whose form holds a case's fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.changes import OWN_FIELDS
from tests.app.golden_cases import read_case

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
