# SPDX-License-Identifier: GPL-3.0-or-later
"""A ticket that does not exist, from what somebody says of it in a few words."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from rules.facts import (
    AUTHORS,
    CHANNELS,
    FIELD_PATHS,
    PATHS,
    PRIORITIES,
    STATUSES,
    Organization,
    Requester,
    Ticket,
)
from rules.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rules.facts import Author, Channel, Priority, Status, Value

IDENT = "(imagined)"
_LISTS = frozenset({"tags", "organization.tags", "requester.tags"})
_CREATED = "created"
_STATUS = "status"
_WORDS: dict[str, tuple[str, ...]] = {
    "channel": CHANNELS,
    "priority": PRIORITIES,
    "created_by": AUTHORS,
    _STATUS: STATUSES,
    "type": ("question", "incident", "problem", "task"),
    "requester.role": ("end_user", "agent", "light_agent", "admin"),
}


class NotUnderstood(ValueError):
    """What was said of the ticket; the text says which part and what could be meant."""


@dataclass(slots=True)
class _Told:
    """What was said, by the part of the ticket that it belongs to."""

    ticket: dict[str, Value] = field(default_factory=dict)
    fields: dict[str, Value] = field(default_factory=dict)
    organization: dict[str, Value] = field(default_factory=dict)
    organization_fields: dict[str, Value] = field(default_factory=dict)
    requester: dict[str, Value] = field(default_factory=dict)
    created: str | None = None


def imagined(words: str, now: datetime, instant: Callable[[str], datetime]) -> Ticket:
    """The ticket of words such as "organization.fields.sla_tier=premium channel=email".

    Args:
        words: match paths with values, with blanks between them; tags take
            several with commas. `created` takes an instant, in quotes where
            it has a blank.
        now: when it is created, where that is not said.
        instant: reads an instant.

    Raises:
        NotUnderstood: something is no path, or no value for it.
    """
    told = _Told()
    for word in _split(words):
        path, sign, value = word.partition("=")
        if not sign or not path:
            raise NotUnderstood(f'"{word}" is no path=value, such as channel=email')
        if not value:
            example = "2026-12-23T16:00:00Z" if path == _CREATED else "VALUE"
            raise NotUnderstood(f"{path} has no value: write {path}={example}, or leave it out")
        _take(told, path, value)
    created = now if told.created is None else instant(told.created)
    return _ticket(told, created)


def _split(words: str) -> list[str]:
    try:
        return shlex.split(words)
    except ValueError:
        raise NotUnderstood(f"a quote is not closed: {words}") from None


def _take(told: _Told, path: str, value: str) -> None:
    known = _WORDS.get(path)
    if known is not None and value not in known:
        raise NotUnderstood(f'{path}: "{value}" is none of {", ".join(known)}')
    held: Value = tuple(value.split(",")) if path in _LISTS else value
    head, _, key = path.rpartition(".")
    if path == _CREATED:
        told.created = value
    elif head == FIELD_PATHS[0] and key:
        told.organization_fields[key] = held
    elif head == FIELD_PATHS[1] and key:
        told.fields[key] = held
    elif path not in {*PATHS, _STATUS}:
        raise NotUnderstood(_no_path(path))
    elif head == "organization":
        told.organization[key] = held
    elif head == "requester":
        told.requester[key] = held
    else:
        told.ticket[path] = held


def _no_path(path: str) -> str:
    near = nearest(path, [*PATHS, _CREATED, _STATUS, *(f"{one}.X" for one in FIELD_PATHS)])
    fields = (f"{one}.KEY" for one in FIELD_PATHS)
    known = ", ".join([*fields, *PATHS, _CREATED, _STATUS])
    hint = f"did you mean {near}?" if near else f"the paths are {known}"
    return f'"{path}" is no path into a ticket; {hint}'


def _ticket(told: _Told, created: datetime) -> Ticket:
    values = told.ticket
    requester = replace(
        Requester(),
        role=_text(told.requester.get("role")) or "end_user",
        language=_text(values.get("language")),
        tags=_texts(told.requester.get("tags")),
    )
    return Ticket(
        id=IDENT,
        created_at=created,
        channel=cast("Channel", values.get("channel") or "other"),
        priority=cast("Priority | None", values.get("priority")),
        status=cast("Status", values.get(_STATUS) or "new"),
        type=_text(values.get("type")),
        brand=_text(values.get("brand")),
        group=_text(values.get("group")),
        form=_text(values.get("form")),
        tags=_texts(values.get("tags")),
        fields=told.fields,
        requester=requester,
        organization=_organization(told),
        created_by=cast("Author", values.get("created_by") or "end_user"),
    )


def _organization(told: _Told) -> Organization | None:
    if not told.organization and not told.organization_fields:
        return None
    return Organization(
        id=_text(told.organization.get("id")),
        name=_text(told.organization.get("name")),
        fields=told.organization_fields,
        tags=_texts(told.organization.get("tags")),
    )


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
