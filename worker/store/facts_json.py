# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts as JSON in rows: compact, readable, and quick to take apart.

The keys are those of a history line, so that a row can be read beside one.
Values that are empty are left out.
"""

from __future__ import annotations

import re
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from rules.changes import CurrentFields, FieldChange, FieldKey, OwnField
from rules.facts import (
    NOTHING,
    Author,
    Channel,
    Happening,
    Kind,
    Organization,
    Priority,
    Requester,
    Status,
    Ticket,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Organization(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    name: str | None = None
    fields: dict[str, Value] = {}
    tags: tuple[str, ...] = ()


class _Requester(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    role: str = "end_user"
    language: str | None = None
    tags: tuple[str, ...] = ()


class _Happening(msgspec.Struct, omit_defaults=True):
    at: datetime
    kind: Kind
    by: Author = "system"
    public: bool = True
    via: str | None = None
    to: Value = None
    custom: str | None = None
    field: str | None = None
    organization: _Organization | None = None
    into: str | None = None
    of: datetime | None = None
    was: Value = None
    id: str | None = None


class _Ticket(msgspec.Struct, omit_defaults=True):
    id: str
    created_at: datetime
    channel: Channel = "other"
    priority: Priority | None = None
    status: Status = "new"
    custom_status: str | None = None
    type: str | None = None
    brand: str | None = None
    group: str | None = None
    form: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, Value] = {}
    requester: _Requester | None = None
    created_by: Author = "end_user"
    created_public: bool = True


class _Current(msgspec.Struct, omit_defaults=True):
    own: dict[OwnField, str | None] = {}
    priority: str | None = None
    type: str | None = None
    due_at: str | None = None
    status: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    assignee: str | None = None
    updated_at: datetime | None = None


class _Change(msgspec.Struct, array_like=True):
    field: FieldKey
    old: str | None
    new: str | None
    because: str


_encoder = msgspec.json.Encoder()
_happenings_decoder = msgspec.json.Decoder(list[_Happening])
_ticket_decoder = msgspec.json.Decoder(_Ticket)
_organization_decoder = msgspec.json.Decoder(_Organization)
_current_decoder = msgspec.json.Decoder(_Current)
_changes_decoder = msgspec.json.Decoder(list[_Change])
_texts_decoder = msgspec.json.Decoder(dict[str, str | None])
_list_decoder = msgspec.json.Decoder(tuple[str, ...])


def happening_text(happening: Happening) -> str:
    """The happening as one JSON object."""
    organization = happening.organization
    return _text(
        _Happening(
            at=happening.at,
            kind=happening.kind,
            by=happening.by,
            public=happening.public,
            via=happening.via,
            to=happening.to,
            custom=happening.custom,
            field=happening.field,
            organization=None if organization is None else _stored_organization(organization),
            into=happening.into,
            of=happening.of,
            was=happening.was,
            id=happening.id,
        )
    )


def happenings_of(text: str) -> list[Happening]:
    """The happenings of a JSON list, in the order in which they stand there."""
    return [_happening(one) for one in _happenings_decoder.decode(text)]


def ticket_text(ticket: Ticket) -> str:
    """The ticket without its happenings and its organisation, which have rows of their own."""
    asked = ticket.requester
    requester = _Requester(asked.id, asked.role, asked.language, asked.tags)
    return _text(
        _Ticket(
            id=ticket.id,
            created_at=ticket.created_at,
            channel=ticket.channel,
            priority=ticket.priority,
            status=ticket.status,
            custom_status=ticket.custom_status,
            type=ticket.type,
            brand=ticket.brand,
            group=ticket.group,
            form=ticket.form,
            assignee=ticket.assignee,
            tags=ticket.tags,
            fields=dict(ticket.fields),
            requester=requester,
            created_by=ticket.created_by,
            created_public=ticket.created_public,
        )
    )


def ticket_of(text: str) -> Ticket:
    """The ticket that a row holds, without happenings and organisation."""
    stored = _ticket_decoder.decode(text)
    asked = stored.requester
    return Ticket(
        id=stored.id,
        created_at=stored.created_at,
        channel=stored.channel,
        priority=stored.priority,
        status=stored.status,
        custom_status=stored.custom_status,
        type=stored.type,
        brand=stored.brand,
        group=stored.group,
        form=stored.form,
        assignee=stored.assignee,
        tags=stored.tags,
        fields=_frozen(stored.fields),
        requester=(
            Requester()
            if asked is None
            else Requester(asked.id, asked.role, asked.language, asked.tags)
        ),
        created_by=stored.created_by,
        created_public=stored.created_public,
    )


def organization_text(organization: Organization) -> str:
    """The organisation as one JSON object; equal organisations give equal text."""
    return _text(_stored_organization(organization))


def organization_of(text: str) -> Organization:
    """The organisation that a row holds."""
    return _organization(_organization_decoder.decode(text))


def current_text(current: CurrentFields) -> str:
    """The fields that Stipt may write, as one JSON object."""
    return _text(
        _Current(
            own=current.own,
            priority=current.priority,
            type=current.type,
            due_at=current.due_at,
            status=current.status,
            tags=current.tags,
            group=current.group,
            assignee=current.assignee,
            updated_at=current.updated_at,
        )
    )


def current_of(text: str) -> CurrentFields:
    """The fields that Stipt may write, as a row holds them."""
    stored = _current_decoder.decode(text)
    return CurrentFields(
        own=stored.own,
        priority=stored.priority,
        type=stored.type,
        due_at=stored.due_at,
        status=stored.status,
        tags=stored.tags,
        group=stored.group,
        assignee=stored.assignee,
        updated_at=stored.updated_at,
    )


def changes_text(changes: tuple[FieldChange, ...]) -> str:
    """Field changes as a JSON list."""
    return _text([_Change(one.field, one.old, one.new, one.because) for one in changes])


def changes_of(text: str) -> tuple[FieldChange, ...]:
    """The field changes of a JSON list."""
    return tuple(
        FieldChange(field=one.field, old=one.old, new=one.new, because=one.because)
        for one in _changes_decoder.decode(text)
    )


def values_text(values: Mapping[str, str | None]) -> str:
    """Texts by name as a JSON object, in order of the names."""
    return _text(dict(sorted(values.items())))


def values_of(text: str) -> dict[str, str | None]:
    """Texts by name."""
    return _texts_decoder.decode(text)


def list_text(texts: tuple[str, ...]) -> str:
    """Texts as a JSON list."""
    return _text(texts)


def list_of(text: str) -> tuple[str, ...]:
    """The texts of a JSON list."""
    return _list_decoder.decode(text)


def files_text(files: Mapping[str, bytes]) -> str:
    """Rule files by name as a JSON object; bytes that are no UTF-8 are kept as escapes."""
    return _text({name: body.decode("utf-8", "backslashreplace") for name, body in files.items()})


def files_of(text: str) -> dict[str, bytes]:
    """Rule files by name, as `rules.load` takes them."""
    return {name: (body or "").encode() for name, body in _texts_decoder.decode(text).items()}


# An even number of backslashes before it are escaped backslashes, not part of it.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _text(document: object) -> str:
    # PostgreSQL's text cannot hold a NUL character; a helpdesk's field might.
    text = _encoder.encode(document).decode()
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text


def _happening(stored: _Happening) -> Happening:
    organization = stored.organization
    return Happening(
        stored.at,
        stored.kind,
        stored.by,
        stored.public,
        stored.via,
        stored.to,
        stored.custom,
        stored.field,
        None if organization is None else _organization(organization),
        stored.into,
        stored.of,
        stored.was,
        stored.id,
    )


def _stored_organization(organization: Organization) -> _Organization:
    return _Organization(
        organization.id, organization.name, dict(organization.fields), organization.tags
    )


def _organization(stored: _Organization) -> Organization:
    return Organization(stored.id, stored.name, _frozen(stored.fields), stored.tags)


def _frozen(fields: dict[str, Value]) -> Mapping[str, Value]:
    return MappingProxyType(fields) if fields else NOTHING
