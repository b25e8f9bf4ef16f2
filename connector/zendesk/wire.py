# SPDX-License-Identifier: GPL-3.0-or-later
"""What Zendesk sends, as typed rows with only the keys that Stipt uses.

Ids are numbers here, as on the wire; they become text where facts are made.
Subjects, descriptions and comment bodies are not declared, so they are
dropped while the bytes are read and never reach a fact, a log or a database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from rules.prepared import prepared

T = TypeVar("T")

Id = int | str | None
Scalar = str | int | float | bool | list[object] | dict[str, object] | None


class RowUnreadable(ValueError):
    """A row has another shape than the one Stipt can read. The text names keys, never contents."""


class Via(Struct, frozen=True):
    """The channel of a ticket, an update or a comment; `source.rel` is `merge` for merges."""

    channel: str | int | None = None
    source: dict[str, object] | None = None


class FieldValue(Struct, frozen=True):
    """A custom field of a ticket."""

    id: int
    value: Scalar = None


class TicketRow(Struct, frozen=True):
    """A ticket of an export page, a list or a single answer."""

    id: int
    created_at: datetime
    updated_at: datetime
    status: str
    priority: str | None = None
    type: str | None = None
    requester_id: Id = None
    submitter_id: Id = None
    assignee_id: Id = None
    organization_id: Id = None
    group_id: Id = None
    brand_id: Id = None
    ticket_form_id: Id = None
    custom_status_id: Id = None
    is_public: bool | None = True
    due_at: str | None = None
    tags: list[str] = []
    custom_fields: list[FieldValue] = []
    via: Via | str | None = None
    via_id: int | None = None
    from_messaging_channel: bool | None = False
    generated_timestamp: int | None = None


class UserRow(Struct, frozen=True):
    """A person. `role_type` 1 is a light agent, 3 a contributor."""

    id: int | None = None
    role: str | None = None
    role_type: int | None = None
    locale: str | None = None
    email: str | None = None
    tags: list[str] | None = None
    active: bool | None = True
    suspended: bool | None = False
    name: str | None = None


class OrganizationRow(Struct, frozen=True):
    """A customer."""

    id: int
    name: str | None = None
    tags: list[str] | None = None
    organization_fields: dict[str, Scalar] | None = None
    updated_at: datetime | None = None


class NamedRow(Struct, frozen=True):
    """A group, a brand or a ticket form."""

    id: int
    name: str | None = None


class CustomStatusRow(Struct, frozen=True):
    """A custom status; the defaults are the categories themselves."""

    id: int
    status_category: str
    agent_label: str | None = None
    default: bool | None = False


class OptionRow(Struct, frozen=True):
    """An option of a drop-down; `value` is its tag."""

    value: str
    name: str | None = None
    id: int | None = None


class TicketFieldRow(Struct, frozen=True):
    """A field of the account, system fields included."""

    id: int
    type: str
    title: str = ""
    key: str | None = None
    active: bool | None = True
    sub_type_id: int | None = None
    custom_field_options: list[OptionRow] | None = None
    system_field_options: list[OptionRow] | None = None


class AuditRow(Struct, frozen=True):
    """One update of a ticket, as its own audits tell it. Events are read key by key."""

    id: int
    created_at: datetime
    author_id: Id = None
    ticket_id: int | None = None
    metadata: dict[str, object] | None = None
    via: Via | str | None = None
    events: list[dict[str, object]] = []


class TicketEventRow(Struct, frozen=True):
    """One update of a ticket, as the bulk stream tells it."""

    id: int
    ticket_id: int
    timestamp: int | None = None
    created_at: datetime | None = None
    updater_id: Id = None
    via: Via | str | None = None
    metadata: dict[str, object] | None = None
    event_type: str | None = None
    child_events: list[dict[str, object]] = []


class JobResult(Struct, frozen=True):
    """One row of a finished job."""

    id: int | None = None
    index: int | None = None
    success: bool | None = None
    status: str | int | None = None
    error: str | None = None
    details: Scalar = None


class JobRow(Struct, frozen=True):
    """A background job. `results` is null until the end, and an object for some kinds."""

    id: str
    status: str
    total: int | None = None
    progress: int | None = None
    results: list[JobResult] | dict[str, object] | None = None


class ScheduleInterval(Struct, frozen=True):
    """Minutes since Sunday 00:00 in the schedule's own zone."""

    start_time: int
    end_time: int


class ScheduleRow(Struct, frozen=True):
    """A schedule of the account."""

    id: int
    name: str
    time_zone: str
    intervals: list[ScheduleInterval] = []


class HolidayRow(Struct, frozen=True):
    """Whole days, both ends included."""

    name: str
    start_date: str
    end_date: str


def decode(data: bytes | msgspec.Raw, shape: type[T]) -> T:
    """Read JSON into `shape`.

    Raises:
        RowUnreadable: it is JSON, but not of this shape.
        msgspec.DecodeError: it is no JSON.
    """
    try:
        return msgspec.json.decode(data, type=prepared(shape))
    except msgspec.ValidationError as error:
        raise RowUnreadable(_without_values(error)) from None


def convert(value: object, shape: type[T]) -> T:
    """Read an already decoded value into `shape`.

    Raises:
        RowUnreadable: it is not of this shape.
    """
    try:
        return msgspec.convert(value, type=prepared(shape))
    except msgspec.ValidationError as error:
        raise RowUnreadable(_without_values(error)) from None


def _without_values(error: msgspec.ValidationError) -> str:
    """The path in the row that did not fit: msgspec names types and keys, or an odd value."""
    text = str(error)
    where = text.rsplit(" - at ", 1)[-1] if " - at " in text else "`$`"
    return f"unexpected shape at {where}"


def utc(at: datetime) -> datetime:
    """The instant in UTC; Zendesk's own times without a zone are UTC too."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def text_id(value: object) -> str | None:
    """An id as text; None for none, and for the 0 and blanks that stand for none."""
    if not value or isinstance(value, (bool, list, dict)):
        return None
    return str(value)
