# SPDX-License-Identifier: GPL-3.0-or-later
"""A ticket row -> the facts of the ticket as it stands now. Pure: no network, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.base import TicketState
from connector.zendesk.names import DROP_DOWNS
from connector.zendesk.wire import text_id, utc
from connector.zendesk.words import (
    Unknown,
    channel_of,
    field_value,
    priority_of,
    status_of,
)
from rules.changes import OWN_FIELDS, CurrentFields
from rules.facts import Requester, Ticket

if TYPE_CHECKING:
    from connector.zendesk.names import Names
    from connector.zendesk.wire import FieldValue, TicketRow
    from rules.changes import OwnField
    from rules.facts import Value

DELETED = "deleted"


def ticket_state(row: TicketRow, names: Names, unknown: Unknown) -> TicketState:
    """The ticket as it stands.

    Args:
        row: a ticket as Zendesk sends it.
        names: people, customers and words of the account.
        unknown: words without a place are counted here.

    Returns:
        The state. `order` is the export's generated_timestamp where the row has
        one, else the second of the last update: rows read one by one lack it.
    """
    updated_at = utc(row.updated_at)
    return TicketState(
        facts=ticket_facts(row, names, unknown),
        current=current_fields(row, names),
        updated_at=updated_at,
        order=row.generated_timestamp or int(updated_at.timestamp()),
        organization_id=text_id(row.organization_id),
        assignee_id=text_id(row.assignee_id),
        assignee_name=names.agents.get(str(row.assignee_id)),
        life="deleted" if row.status == DELETED else "present",
    )


def ticket_facts(row: TicketRow, names: Names, unknown: Unknown) -> Ticket:
    """The facts that the row shows now, without history.

    Who created the ticket and whether publicly is told by the submitter and by
    `is_public` here; the history, where it reaches back that far, tells it better.
    """
    requester_id = text_id(row.requester_id)
    status = "closed" if row.status == DELETED else status_of(row.status, unknown)
    return Ticket(
        id=str(row.id),
        created_at=utc(row.created_at),
        channel=channel_of(
            row.via, row.via_id, unknown, messaging=bool(row.from_messaging_channel)
        ),
        priority=priority_of(row.priority, unknown),
        status=status,
        custom_status=_custom_status(row, names),
        type=row.type or None,
        brand=names.named("brand_id", text_id(row.brand_id)),
        group=names.named("group_id", text_id(row.group_id)),
        form=names.named("ticket_form_id", text_id(row.ticket_form_id)),
        assignee=text_id(row.assignee_id),
        tags=tuple(tag for tag in row.tags if not names.is_own_tag(tag)),
        fields=_fields(row.custom_fields, names),
        requester=_requester(requester_id, names),
        organization=names.organization(text_id(row.organization_id)),
        created_by=names.author(text_id(row.submitter_id) or requester_id, requester_id),
        created_public=row.is_public is not False,
    )


def current_fields(row: TicketRow, names: Names) -> CurrentFields:
    """What the fields that Stipt may write hold now."""
    own: dict[OwnField, str | None] = dict.fromkeys(OWN_FIELDS)
    for item in row.custom_fields:
        key = names.own_fields.get(str(item.id))
        if key is not None:
            own[key] = own_word(key, item.value, names)
    return CurrentFields(
        own=own,
        priority=row.priority,
        type=row.type,
        due_at=row.due_at,
        status=row.status,
        tags=tuple(row.tags),
        group=names.named("group_id", text_id(row.group_id)),
        assignee=text_id(row.assignee_id),
        updated_at=utc(row.updated_at),
    )


def own_word(key: OwnField, raw: object, names: Names) -> str | None:
    """The value of one of our own fields, options without their prefix, dates without a time."""
    value = field_value(raw)
    if value is None or isinstance(value, tuple):
        return None
    if key in DROP_DOWNS:
        known = names.own_options.get(value)
        return known[1] if known else value.removeprefix(f"{key}_")
    return value[:10] if key == "sla_due_date" else value


def _fields(values: list[FieldValue], names: Names) -> dict[str, Value]:
    """Custom fields that hold something, but for our own."""
    held: dict[str, Value] = {}
    for item in values:
        number = str(item.id)
        value = field_value(item.value)
        if value is not None and number not in names.own_fields:
            held[names.field_name(number)] = value
    return held


def _custom_status(row: TicketRow, names: Names) -> str | None:
    known = names.statuses.get(text_id(row.custom_status_id) or "")
    return known.name if known else None


def _requester(requester_id: str | None, names: Names) -> Requester:
    if requester_id is None:
        return Requester()
    return names.people.get(requester_id) or Requester(id=requester_id)
