# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a ticket for a person who asks what a verdict rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.detail import stamp
from rules.reasons import shown_value

if TYPE_CHECKING:
    from rules.facts import Happening, Kind, Ticket

Json = dict[str, object]


def ticket_facts(ticket: Ticket) -> Json:
    """The values at creation, and what happened since, in its order."""
    return {
        "created_at": stamp(ticket.created_at),
        "created_by": ticket.created_by,
        "channel": ticket.channel,
        "values": ticket_values(ticket),
        "happenings": [
            {
                "at": stamp(one.at),
                "by": one.by,
                "what": happening_text(one),
                "id": one.id,
            }
            for one in ticket.happenings
        ],
    }


def ticket_values(ticket: Ticket) -> dict[str, str]:
    """What the ticket said when it was created, by match path; empty values are left out."""
    values = {
        "priority": ticket.priority,
        "status": ticket.custom_status or ticket.status,
        "type": ticket.type,
        "brand": ticket.brand,
        "group": ticket.group,
        "form": ticket.form,
        "tags": ticket.tags,
        "language": ticket.requester.language,
        "requester.role": ticket.requester.role,
        "requester.tags": ticket.requester.tags,
    }
    values |= {f"ticket.fields.{key}": value for key, value in ticket.fields.items()}
    organization = ticket.organization
    if organization is not None:
        values |= {
            "organization.id": organization.id,
            "organization.name": organization.name,
            "organization.tags": organization.tags,
        }
        values |= {f"organization.fields.{key}": one for key, one in organization.fields.items()}
    return {path: shown_value(value) for path, value in values.items() if value}


def happening_text(one: Happening) -> str:
    """A happening in a few words, such as "public comment on email" or "status pending"."""
    kind = "public comment" if one.public else "internal note"
    name = None if one.organization is None else one.organization.name or one.organization.id
    texts: dict[Kind, str] = {
        "comment": f"{kind} on {one.via}" if one.via else kind,
        "status": f"status {one.custom or shown_value(one.to)}",
        "field": f"{one.field} {shown_value(one.to)}",
        "organization": f"organization {name or 'nothing'}",
        "merged": f"merged into {one.into}",
        "comment_private": f"comment of {stamp(one.of) if one.of else 'some time'} made private",
    }
    return texts.get(one.kind, one.kind)
