# SPDX-License-Identifier: GPL-3.0-or-later
"""Tickets as JSON: the line of a history file, and the form in which facts are stored.

Reading is strict about what the format defines (keys, kinds, words, times with
a zone) and plain about the rest: numbers and booleans in fields become text.
"""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from connector.history.values import (
    HistoryLineError,
    as_iso,
    field_values,
    instant,
    mapping,
    optional_text,
    path,
    refuse_unknown,
    shown,
    text,
    texts,
    truth,
    value,
    word,
)
from rules.facts import (
    AUTHORS,
    CHANNELS,
    KINDS,
    PRIORITIES,
    STATUSES,
    Happening,
    Organization,
    Requester,
    Ticket,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rules.facts import Kind, Priority, Status, Value

__all__ = [
    "HistoryLineError",
    "happening_from_json",
    "happening_to_json",
    "organization_from_json",
    "organization_to_json",
    "ticket_from_json",
    "ticket_to_json",
]

_TICKET_KEYS = frozenset(one.name for one in dataclass_fields(Ticket))
_REQUESTER_KEYS = frozenset(one.name for one in dataclass_fields(Requester))
_ORGANIZATION_KEYS = frozenset(one.name for one in dataclass_fields(Organization))
_OF_ANY_KIND = frozenset({"at", "kind", "by", "id", "public", "via"})
_KEYS_OF_KIND: dict[Kind, frozenset[str]] = {
    "comment": _OF_ANY_KIND,
    "status": _OF_ANY_KIND | {"to", "custom", "was"},
    "field": _OF_ANY_KIND | {"field", "to", "was"},
    "organization": _OF_ANY_KIND | {"to", "was"},
    "merged": _OF_ANY_KIND | {"into"},
    "deleted": _OF_ANY_KIND,
    "restored": _OF_ANY_KIND,
    "comment_private": _OF_ANY_KIND | {"of"},
}
_HAPPENING_KEYS = frozenset.union(*_KEYS_OF_KIND.values())

_by_time = attrgetter("at")


def ticket_from_json(document: Mapping[str, object]) -> Ticket:
    """The ticket that a history line tells.

    Happenings come out in order of time, those of one instant as they stand.
    One before the creation is moved to the creation (see `moved_to_creation`).

    Raises:
        HistoryLineError: something the format does not allow; the message names the key.
    """
    refuse_unknown(document, _TICKET_KEYS)
    for key in ("id", "created_at"):
        if key not in document:
            raise HistoryLineError(f'the key "{key}" is missing')
    created_at = instant(document["created_at"], "created_at")
    return Ticket(
        id=text(document["id"], "id"),
        created_at=created_at,
        channel=word(document.get("channel", "other"), "channel", CHANNELS),
        priority=_priority(document.get("priority"), "priority"),
        status=_status(document),
        custom_status=optional_text(document.get("custom_status"), "custom_status"),
        type=optional_text(document.get("type"), "type"),
        brand=optional_text(document.get("brand"), "brand"),
        group=optional_text(document.get("group"), "group"),
        form=optional_text(document.get("form"), "form"),
        assignee=optional_text(document.get("assignee"), "assignee"),
        tags=texts(document.get("tags"), "tags"),
        fields=field_values(document.get("fields"), "fields"),
        requester=_requester(document.get("requester")),
        organization=_organization(document.get("organization"), "organization"),
        created_by=word(document.get("created_by", "end_user"), "created_by", AUTHORS),
        created_public=truth(document.get("created_public", True), "created_public"),
        happenings=_happenings(document.get("happenings"), created_at),
    )


def moved_to_creation(document: Mapping[str, object], ticket: Ticket) -> int:
    """How many happenings of the line lie before the creation, where `ticket` has them."""
    raw = document.get("happenings")
    if not isinstance(raw, list):
        return 0
    return sum(instant(one["at"], "at") < ticket.created_at for one in raw)


def happening_from_json(document: Mapping[str, object]) -> Happening:
    """The happening that a JSON object tells; without `by` the system did it.

    Raises:
        HistoryLineError: something the format does not allow; the message names the key.
    """
    kind = _kind(document)
    if "at" not in document:
        raise HistoryLineError('the key "at" is missing')
    to, organization = _new_value(kind, document)
    get = document.get
    return Happening(
        at=instant(document["at"], "at"),
        kind=kind,
        by=word(get("by", "system"), "by", AUTHORS),
        public=truth(get("public", True), "public"),
        via=optional_text(get("via"), "via"),
        to=to,
        custom=optional_text(get("custom"), "custom"),
        field=path(get("field"), "field") if kind == "field" else None,
        organization=organization,
        into=optional_text(get("into"), "into"),
        of=instant(get("of"), "of") if kind == "comment_private" else None,
        was=value(get("was"), "was"),
        id=optional_text(get("id"), "id"),
    )


def organization_from_json(document: Mapping[str, object]) -> Organization:
    """The organisation that a JSON object tells.

    Raises:
        HistoryLineError: something the format does not allow; the message names the key.
    """
    refuse_unknown(document, _ORGANIZATION_KEYS)
    return Organization(
        id=optional_text(document.get("id"), "id"),
        name=optional_text(document.get("name"), "name"),
        fields=field_values(document.get("fields"), "fields"),
        tags=texts(document.get("tags"), "tags"),
    )


def ticket_to_json(ticket: Ticket) -> dict[str, object]:
    """The ticket as a history line holds it; `ticket_from_json` gives the same ticket back."""
    organization = ticket.organization
    document: dict[str, object] = {
        "id": ticket.id,
        "created_at": as_iso(ticket.created_at),
        "channel": ticket.channel,
        "priority": ticket.priority,
        "status": ticket.status,
        "custom_status": ticket.custom_status,
        "type": ticket.type,
        "brand": ticket.brand,
        "group": ticket.group,
        "form": ticket.form,
        "assignee": ticket.assignee,
        "tags": list(ticket.tags),
        "fields": _fields_to_json(ticket.fields),
        "requester": {
            "id": ticket.requester.id,
            "role": ticket.requester.role,
            "language": ticket.requester.language,
            "tags": list(ticket.requester.tags),
        },
        "organization": None if organization is None else organization_to_json(organization),
        "created_by": ticket.created_by,
        "created_public": ticket.created_public,
        "happenings": [happening_to_json(one) for one in ticket.happenings],
    }
    return document


def happening_to_json(happening: Happening) -> dict[str, object]:
    """The happening as a history line holds it, without what its kind does not use."""
    document: dict[str, object] = {"at": as_iso(happening.at), "kind": happening.kind}
    kind = happening.kind
    if kind == "comment":
        document["public"] = happening.public
    elif kind == "field":
        document |= {"field": happening.field, "to": _value_to_json(happening.to)}
    elif kind == "status":
        document["to"] = _value_to_json(happening.to)
    elif kind == "organization":
        found = happening.organization
        document["to"] = None if found is None else organization_to_json(found)
    elif kind == "merged":
        document["into"] = happening.into
    elif kind == "comment_private" and happening.of is not None:
        document["of"] = as_iso(happening.of)
    document["by"] = happening.by
    extras = {
        "via": happening.via,
        "custom": happening.custom,
        "was": _value_to_json(happening.was),
        "id": happening.id,
    }
    document |= {key: one for key, one in extras.items() if one is not None}
    return document


def organization_to_json(organization: Organization) -> dict[str, object]:
    """The organisation as a history line holds it."""
    return {
        "id": organization.id,
        "name": organization.name,
        "fields": _fields_to_json(organization.fields),
        "tags": list(organization.tags),
    }


def _fields_to_json(fields: Mapping[str, Value]) -> dict[str, object]:
    return {key: _value_to_json(one) for key, one in fields.items()}


def _value_to_json(one: Value) -> object:
    return list(one) if isinstance(one, tuple) else one


def _happenings(raw: object, created_at: datetime) -> tuple[Happening, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise HistoryLineError(f"happenings: expected a list, found {shown(raw)}")
    found: list[Happening] = []
    for number, one in enumerate(raw, start=1):
        try:
            found.append(happening_from_json(mapping(one)))
        except HistoryLineError as mistake:
            raise HistoryLineError(f"happening {number}: {mistake}") from None
    if any(one.at < created_at for one in found):
        found = [_not_before(one, created_at) for one in found]
    found.sort(key=_by_time)
    return tuple(found)


def _not_before(happening: Happening, created_at: datetime) -> Happening:
    of = happening.of
    if of is not None and of < created_at:
        of = created_at  # the comment that it speaks of was moved as well
    if happening.at >= created_at and of is happening.of:
        return happening
    return replace(happening, at=max(happening.at, created_at), of=of)


def _kind(document: Mapping[str, object]) -> Kind:
    refuse_unknown(document, _HAPPENING_KEYS)
    if "kind" not in document:
        raise HistoryLineError('the key "kind" is missing')
    kind = word(document["kind"], "kind", KINDS)
    own = _KEYS_OF_KIND[kind]
    for key, one in document.items():
        if key not in own and one is not None:
            raise HistoryLineError(f'the key "{key}" does not belong to the kind {kind}')
    return kind


def _new_value(kind: Kind, document: Mapping[str, object]) -> tuple[Value, Organization | None]:
    if kind not in ("status", "field", "organization"):
        return None, None
    if "to" not in document:
        raise HistoryLineError('the key "to" is missing')
    to = document["to"]
    if kind == "organization":
        return None, _organization(to, "to")
    if kind == "status":
        return word(to, "to", STATUSES), None
    if document.get("field") == "priority":
        return _priority(to, "to"), None
    return value(to, "to"), None


def _priority(raw: object, key: str) -> Priority | None:
    return None if raw is None or raw == "" else word(raw, key, PRIORITIES)


def _status(document: Mapping[str, object]) -> Status:
    return word(document.get("status", "new"), "status", STATUSES)


def _requester(raw: object) -> Requester:
    if raw is None:
        return Requester()
    try:
        document = mapping(raw)
        refuse_unknown(document, _REQUESTER_KEYS)
        return Requester(
            id=optional_text(document.get("id"), "id"),
            role=optional_text(document.get("role"), "role") or "end_user",
            language=optional_text(document.get("language"), "language"),
            tags=texts(document.get("tags"), "tags"),
        )
    except HistoryLineError as mistake:
        raise HistoryLineError(f"requester: {mistake}") from None


def _organization(raw: object, key: str) -> Organization | None:
    if raw is None:
        return None
    try:
        return organization_from_json(mapping(raw))
    except HistoryLineError as mistake:
        raise HistoryLineError(f"{key}: {mistake}") from None
