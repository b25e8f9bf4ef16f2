# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick way through well-formed history lines: decoded, checked and typed in one go.

It accepts less than `connector.history.jsonl` and never decides that a line is
bad: what it does not accept goes the long way, which knows the messages. What
both accept means the same (a test holds that).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

import msgspec

from connector.history.values import EARLIEST, LATEST, is_path, value
from rules.facts import (
    PRIORITIES,
    Author,
    Channel,
    Happening,
    Organization,
    Priority,
    Requester,
    Status,
    Ticket,
    Value,
)

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_Plain = str | int | float | bool
_Written = str | int | float | bool | list[_Plain] | None


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An object of which every key is known."""


class _Organization(_Line):
    id: _Text | None = None
    name: _Text | None = None
    fields: dict[str, _Written] = {}
    tags: tuple[_Text, ...] = ()


_decode_organization = msgspec.json.Decoder(_Organization | None).decode


@lru_cache(maxsize=10_000)
def _organization(written: bytes) -> Organization | None:
    # Remembered as written: most tickets of a history share a few customers.
    found = _decode_organization(written)
    if found is None:
        return None
    return Organization(found.id, found.name, _fields(found.fields), found.tags)


class _Requester(_Line):
    id: _Text | None = None
    role: _Text = "end_user"
    language: _Text | None = None
    tags: tuple[_Text, ...] = ()

    def fact(self) -> Requester:
        return Requester(self.id, self.role, self.language, self.tags)


class _Happening(_Line, tag_field="kind", kw_only=True):
    at: _Instant
    by: Author = "system"
    id: _Text | None = None
    public: bool = True
    via: _Text | None = None


class _Comment(_Happening, tag="comment"):
    def fact(self) -> Happening:
        return Happening(self.at, "comment", self.by, self.public, self.via, id=self.id)


class _Status(_Happening, tag="status", kw_only=True):
    to: Status
    custom: _Text | None = None
    was: _Written = None

    def fact(self) -> Happening:
        return Happening(
            self.at,
            "status",
            self.by,
            self.public,
            self.via,
            to=self.to,
            custom=self.custom,
            was=_value(self.was),
            id=self.id,
        )


class _Field(_Happening, tag="field", kw_only=True):
    field: _Text
    to: _Written
    was: _Written = None

    def fact(self) -> Happening:
        return Happening(
            self.at,
            "field",
            self.by,
            self.public,
            self.via,
            to=_value(self.to),
            field=self.field,
            was=_value(self.was),
            id=self.id,
        )


class _Ticket(_Line, kw_only=True):
    id: _Text
    created_at: _Instant
    channel: Channel = "other"
    priority: Priority | None = None
    status: Status = "new"
    custom_status: _Text | None = None
    type: _Text | None = None
    brand: _Text | None = None
    group: _Text | None = None
    form: _Text | None = None
    assignee: _Text | None = None
    tags: tuple[_Text, ...] = ()
    fields: dict[str, _Written] = {}
    requester: _Requester = msgspec.field(default_factory=_Requester)
    organization: msgspec.Raw = msgspec.Raw(b"null")
    created_by: Author = "end_user"
    created_public: bool = True
    happenings: list[_Comment | _Status | _Field] = []


_decode = msgspec.json.Decoder(_Ticket).decode


class QuickLine:
    """A line that went the quick way: its id, its latest instant, and the ticket on request."""

    __slots__ = ("_found", "_in_order", "_organization", "id", "latest")

    def __init__(
        self, found: _Ticket, organization: Organization | None, latest: datetime, *, in_order: bool
    ) -> None:
        self._found = found
        self._organization = organization
        self._in_order = in_order
        self.id = found.id
        self.latest = latest

    def ticket(self) -> Ticket:
        """The facts, with the happenings in order of time."""
        found = self._found
        happenings = [one.fact() for one in found.happenings]
        if not self._in_order:
            happenings.sort(key=_by_time)
        return Ticket(
            found.id,
            found.created_at,
            found.channel,
            found.priority,
            found.status,
            found.custom_status,
            found.type,
            found.brand,
            found.group,
            found.form,
            found.assignee,
            found.tags,
            _fields(found.fields),
            found.requester.fact(),
            self._organization,
            found.created_by,
            found.created_public,
            tuple(happenings),
        )


def quick_line(line: bytes) -> QuickLine | None:
    """The line, where it is written as most are; None where it must go the long way."""
    try:
        found = _decode(line)
        organization = _organization(bytes(found.organization))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    created_at = found.created_at
    if created_at.tzinfo is not UTC or created_at.microsecond or created_at < EARLIEST:
        return None
    latest, in_order = created_at, True
    for one in found.happenings:
        at = one.at
        if at < created_at or at.tzinfo is not UTC or at.microsecond:
            return None
        if at >= latest:
            latest = at
        else:
            in_order = False
        if type(one) is _Field and not _is_known(one):
            return None
    return QuickLine(found, organization, latest, in_order=in_order) if latest < LATEST else None


def _is_known(change: _Field) -> bool:
    if change.field == "priority":
        return change.to is None or change.to in PRIORITIES
    return is_path(change.field)


def _by_time(happening: Happening) -> datetime:
    return happening.at


def _value(written: _Written) -> Value:
    return written if written is None or type(written) is str else value(written, "to")


def _fields(written: dict[str, _Written]) -> dict[str, Value]:
    return {
        key: one if one is None or type(one) is str else value(one, key)
        for key, one in written.items()
    }
