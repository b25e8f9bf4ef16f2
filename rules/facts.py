# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticket facts: the vocabulary that connectors fill and the engine judges.

Everything is frozen; instants are aware and in UTC; ids are text. What a
ticket says at its top are the values at its creation; happenings change them
later.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

Author = Literal["requester", "end_user", "agent", "light_agent", "system", "stipt"]
Channel = Literal["email", "web", "chat", "messaging", "phone", "api", "social", "other"]
Status = Literal["new", "open", "pending", "hold", "solved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]
Measure = Literal[
    "first_reply",
    "next_reply",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
    "resolution",
    "group_ownership",
]
Kind = Literal[
    "comment",
    "status",
    "field",
    "organization",
    "merged",
    "deleted",
    "restored",
    "comment_private",
]

AUTHORS: tuple[Author, ...] = get_args(Author)
CHANNELS: tuple[Channel, ...] = get_args(Channel)
STATUSES: tuple[Status, ...] = get_args(Status)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
MEASURES: tuple[Measure, ...] = get_args(Measure)
KINDS: tuple[Kind, ...] = get_args(Kind)

PATHS: tuple[str, ...] = (
    "organization.id",
    "organization.name",
    "organization.tags",
    "tags",
    "brand",
    "group",
    "form",
    "type",
    "channel",
    "priority",
    "language",
    "requester.role",
    "requester.tags",
    "created_by",
)
"""Paths to a ticket's values, as rules match them and happenings of kind `field` name them."""

FIELD_PATHS: tuple[str, ...] = ("organization.fields", "ticket.fields")
"""What stands before the key of a field, with a dot."""

Value = str | tuple[str, ...] | None
"""A ticket or organisation field: text, several texts, or nothing."""

NOTHING: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Organization:
    """A customer as the helpdesk knows it; `fields` by field key."""

    id: str | None = None
    name: str | None = None
    fields: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked. `role` is end_user, agent, light_agent or admin."""

    id: str | None = None
    role: str = "end_user"
    language: str | None = None
    tags: tuple[str, ...] = ()


class Happening(msgspec.Struct, frozen=True, gc=False):
    """One change of a ticket.

    A struct rather than a dataclass: histories are made of these, and a frozen
    dataclass takes ten times as long to make.

    Which attributes speak depends on `kind`:
    comment: `public`, `via`. status: `to` (a status category), `custom` (the
    custom status's name). field: `field` (a match path such as `priority`,
    `group`, `tags`, `ticket.fields.product`), `to`. organization:
    `organization`. merged: `into`. comment_private: `of`, the instant of the
    comment that was made private.

    `was` is the value before, where the helpdesk tells (status and field);
    `id` is the helpdesk's own id of the event.
    """

    at: datetime
    kind: Kind
    by: Author = "system"
    public: bool = True
    via: str | None = None
    to: Value = None
    custom: str | None = None
    field: str | None = None
    organization: Organization | None = None
    into: str | None = None
    of: datetime | None = None
    was: Value = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """The facts of one ticket; every value is the one at creation."""

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
    fields: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    requester: Requester = field(default_factory=Requester)
    organization: Organization | None = None
    created_by: Author = "end_user"
    created_public: bool = True
    happenings: tuple[Happening, ...] = ()

    def present(self, now: datetime) -> datetime:
        """`now`, or the instant of the last thing known where that is later.

        What is known has happened: a clock that says otherwise is behind the
        helpdesk's, and going by it would judge the ticket as if it were not there yet.
        """
        return max(now, self.created_at, *(one.at for one in self.happenings))

    def with_happenings(self, happenings: tuple[Happening, ...]) -> Ticket:
        """The same ticket with another history."""
        return replace(self, happenings=happenings)
