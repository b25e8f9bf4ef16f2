# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of native SLA policies in the match paths of rule files.

What has no path is told in Zendesk's own words, so that a person decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.existing import ExistingCondition
from connector.zendesk.words import channel_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.zendesk.names import Names

_IS: Final = frozenset({"is", "includes"})
_IS_NOT: Final = frozenset({"is_not", "not_includes"})
_TYPES: Final = {"1": "question", "2": "incident", "3": "problem", "4": "task"}
_OF_ORGANIZATION: Final = ("organization.custom_fields.", "organization_fields.")
_OF_TICKET: Final = ("custom_fields_", "ticket_fields_", "custom_fields.")
_ROLES: Final = {"end-user": "end_user", "0": "end_user", "4": "agent", "2": "admin"}


def condition(field: str, operator: str, value: object, names: Names) -> ExistingCondition:
    """One row of a filter."""
    given = _texts(field, value)
    told = f"{field} {operator.replace('_', ' ')} {', '.join(given) or '(nothing)'}"
    path = _path(field, names)
    if path is None or operator not in _IS | _IS_NOT or not given:
        return ExistingCondition(told)
    values = tuple(dict.fromkeys(_word(field, one, names) or "" for one in given))
    if not all(values):
        return ExistingCondition(told)
    return ExistingCondition(told, path, values, operator in _IS_NOT)


def _texts(field: str, value: object) -> tuple[str, ...]:
    """The value as texts: Zendesk sends one, several, or tags with blanks between them."""
    if value is None or value == "":
        return ()
    if isinstance(value, list | tuple):
        return tuple(str(one) for one in value)
    text = str(value)
    return tuple(text.split()) if field == "current_tags" else (text,)


_PATHS: Final[Mapping[str, str]] = {
    "current_tags": "tags",
    "organization_id": "organization.id",
    "group_id": "group",
    "brand_id": "brand",
    "ticket_form_id": "form",
    "form_id": "form",
    "ticket_type_id": "type",
    "type": "type",
    "via_id": "channel",
    "requester_role": "requester.role",
    "priority": "priority",
}


def _path(field: str, names: Names) -> str | None:
    for prefix in _OF_ORGANIZATION:
        if field.startswith(prefix):
            return f"organization.fields.{field.removeprefix(prefix)}"
    for prefix in _OF_TICKET:
        if field.startswith(prefix):
            known = names.fields.get(field.removeprefix(prefix))
            return None if known is None else f"ticket.fields.{known}"
    return _PATHS.get(field)


def _word(field: str, value: str, names: Names) -> str | None:
    """The value in the words of rule files; None where nothing stands for it."""
    known: Mapping[str, Callable[[str], str | None]] = {
        "group_id": names.groups.get,
        "brand_id": names.brands.get,
        "ticket_form_id": names.forms.get,
        "form_id": names.forms.get,
        "ticket_type_id": lambda one: _TYPES.get(one, one if one in _TYPES.values() else None),
        "type": lambda one: _TYPES.get(one, one if one in _TYPES.values() else None),
        "via_id": _channel,
        "requester_role": lambda one: _ROLES.get(one, one),
    }
    return known[field](value) if field in known else value


def _channel(value: str) -> str | None:
    unknown: dict[str, int] = {}
    number = int(value) if value.isdecimal() else None
    found = channel_of(None if number is not None else value, number, unknown)
    return None if unknown else found


def conditions(rows: Sequence[Mapping[str, object]], names: Names) -> tuple[ExistingCondition, ...]:
    """The rows of one half of a filter."""
    return tuple(
        condition(str(row.get("field")), str(row.get("operator")), row.get("value"), names)
        for row in rows
    )
