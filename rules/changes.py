# SPDX-License-Identifier: GPL-3.0-or-later
"""What Stipt wants to change in a ticket: decided by `rules.plan`, carried out by a connector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

OwnField = Literal[
    "sla_tier", "sla_state", "sla_due_at", "sla_due_date", "sla_target", "sla_detail"
]
SystemField = Literal["priority", "due_at", "group", "assignee", "tags"]
FieldKey = OwnField | SystemField

OWN_FIELDS: tuple[OwnField, ...] = (
    "sla_tier",
    "sla_state",
    "sla_due_at",
    "sla_due_date",
    "sla_target",
    "sla_detail",
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one ticket, with the reason in a few words.

    Values are text: option words without prefix for drop-downs (`premium`,
    `at_risk`), ISO 8601 UTC for `sla_due_at` and `due_at`, `YYYY-MM-DD` for
    `sla_due_date`; None clears. For `tags`, `new` is one tag to add.
    """

    field: FieldKey
    old: str | None
    new: str | None
    because: str


@dataclass(frozen=True, slots=True)
class TicketChange:
    """All changes of one ticket, written together.

    `seen_at` is the ticket's `updated_at` as judged; where a system field such
    as the priority changes, the helpdesk refuses the write if it has moved.
    """

    ticket_id: str
    fields: tuple[FieldChange, ...]
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CurrentFields:
    """What a ticket holds now in the fields that Stipt may write.

    Values in the same form as `FieldChange.new`.
    """

    own: dict[OwnField, str | None]
    priority: str | None = None
    type: str | None = None
    due_at: str | None = None
    status: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    assignee: str | None = None
    updated_at: datetime | None = None
