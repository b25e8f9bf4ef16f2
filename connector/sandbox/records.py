# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account holds. Instants are epoch seconds; ids are whole numbers, as on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.sandbox.wire import Json

SYSTEM = -1
"""The author of what triggers and automations do."""


@dataclass(slots=True)
class User:
    """A person: end user, agent, light agent or admin."""

    id: int
    name: str
    email: str | None
    role: str
    created: int
    updated: int
    organization_id: int | None = None
    role_type: int | None = None
    custom_role_id: int | None = None
    time_zone: str = "Amsterdam"
    iana_time_zone: str = "Europe/Amsterdam"
    locale: str = "en-US"
    tags: list[str] = field(default_factory=list)
    fields: Json = field(default_factory=dict)
    default_group_id: int | None = None
    active: bool = True
    suspended: bool = False
    phone: str | None = None
    external_id: str | None = None
    details: str | None = None
    notes: str | None = None

    @property
    def is_staff(self) -> bool:
        """Whether this is an agent of any kind."""
        return self.role in {"agent", "admin"}

    @property
    def only_private_comments(self) -> bool:
        """Whether this is a light agent or a contributor."""
        return self.role_type in {1, 3}


@dataclass(slots=True)
class Organization:
    """A customer; `fields` by field key."""

    id: int
    name: str
    created: int
    updated: int
    tags: list[str] = field(default_factory=list)
    fields: Json = field(default_factory=dict)
    domain_names: list[str] = field(default_factory=list)
    external_id: str | None = None
    details: str | None = None
    notes: str | None = None
    group_id: int | None = None
    shared_tickets: bool = False
    shared_comments: bool = False


@dataclass(slots=True)
class Event:
    """One event of an audit: Comment, Create, Change, Notification or CommentPrivacyChange.

    `name` is the changed attribute; custom fields go by their number as text.
    For a comment `value` is its body.
    """

    id: int
    kind: str
    name: str = ""
    value: object = None
    previous: object = None
    author_id: int | None = None
    public: bool = True
    extra: Json | None = None


@dataclass(slots=True)
class Audit:
    """One update of a ticket. `source` is None but for merges and rules."""

    id: int
    ticket_id: int
    at: int
    author_id: int
    channel: str
    events: list[Event] = field(default_factory=list)
    client: str | None = None
    custom: Json = field(default_factory=dict)
    source: Json | None = None


@dataclass(slots=True)
class Ticket:
    """A ticket as it stands. `values` holds custom field values by field id."""

    id: int
    created: int
    updated: int
    generated: int
    channel: str
    subject: str
    description: str
    requester_id: int
    submitter_id: int
    status: str = "new"
    custom_status_id: int | None = None
    type: str | None = None
    priority: str | None = None
    assignee_id: int | None = None
    organization_id: int | None = None
    group_id: int | None = None
    brand_id: int | None = None
    form_id: int | None = None
    tags: list[str] = field(default_factory=list)
    values: dict[int, object] = field(default_factory=dict)
    external_id: str | None = None
    recipient: str | None = None
    due_at: int | None = None
    problem_id: int | None = None
    is_public: bool = True
    satisfaction: Json | None = None
    rated_at: int | None = None
    followup_ids: list[int] = field(default_factory=list)
    via_followup_source_id: int | None = None
    from_messaging_channel: bool = False
    ai_agent: bool = False
    solved_at: int | None = None
    deleted_at: int | None = None
    scrubbed: bool = False
    reopens: int = 0
    status_before_deletion: str = "open"
    audits: list[Audit] = field(default_factory=list)

    @property
    def is_deleted(self) -> bool:
        """Whether the ticket is in the bin or gone for good."""
        return self.deleted_at is not None
