# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as Zendesk shows them: every key, in the recorded order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox.wire import Json, as_object, as_texts, iso, iso_or_none

if TYPE_CHECKING:
    from connector.sandbox.account import Account
    from connector.sandbox.records import Audit, Event, Organization, Ticket, User

SOURCE: Json = {"from": {}, "to": {}, "rel": None}
WITHOUT_SUFFIX = ("webhooks", "engagements")


@dataclass(frozen=True, slots=True)
class Links:
    """Where URLs in an answer point: `base` is scheme and host."""

    base: str

    def to(self, path: str, ident: object) -> str:
        """URL of one record, e.g. `to("tickets", 28)`."""
        suffix = "" if path.startswith(WITHOUT_SUFFIX) else ".json"
        return f"{self.base}/api/v2/{path}/{ident}{suffix}"


def via_of(channel: str, source: Json | None = None) -> Json:
    """The `via` object."""
    return {"channel": channel, "source": source or dict(SOURCE)}


def ticket_json(
    account: Account,
    ticket: Ticket,
    links: Links,
    *,
    fields_twice: bool = True,
    generated: int | None = None,
) -> Json:
    """A ticket. `generated` is shown after `updated_at`, as write answers do."""
    custom = custom_values(account, ticket)
    row: Json = {
        "url": links.to("tickets", ticket.id),
        "id": ticket.id,
        "external_id": ticket.external_id,
        "via": via_of(ticket.channel),
        "created_at": iso(ticket.created),
        "updated_at": iso(ticket.updated),
    }
    if generated is not None:
        row["generated_timestamp"] = generated
    row.update(_subject_and_people(ticket))
    row["custom_fields"] = custom
    row["satisfaction_rating"] = ticket.satisfaction
    row["sharing_agreement_ids"] = []
    row["custom_status_id"] = ticket.custom_status_id
    if fields_twice:
        row["fields"] = custom
    row.update(_end_of_ticket(ticket))
    return row


def exported_ticket_json(account: Account, ticket: Ticket, links: Links) -> Json:
    """A ticket as the exports show it: with its time in the export at the end."""
    row = ticket_json(account, ticket, links)
    return row | {"generated_timestamp": ticket.generated}


def custom_values(account: Account, ticket: Ticket) -> list[Json]:
    """Every custom field with its value, null when unset."""
    values = ticket.values
    return [{"id": ident, "value": values.get(ident)} for ident in account.custom_field_ids()]


def _subject_and_people(ticket: Ticket) -> Json:
    return {
        "type": ticket.type,
        "subject": ticket.subject,
        "raw_subject": ticket.subject,
        "description": ticket.description,
        "priority": ticket.priority,
        "status": ticket.status,
        "recipient": ticket.recipient,
        "requester_id": ticket.requester_id,
        "submitter_id": ticket.submitter_id,
        "assignee_id": ticket.assignee_id,
        "organization_id": ticket.organization_id,
        "group_id": ticket.group_id,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": ticket.problem_id,
        "has_incidents": False,
        "is_public": ticket.is_public,
        "due_at": iso_or_none(ticket.due_at),
        "tags": list(ticket.tags),
    }


def _end_of_ticket(ticket: Ticket) -> Json:
    return {
        "followup_ids": list(ticket.followup_ids),
        "ticket_form_id": ticket.form_id,
        "brand_id": ticket.brand_id,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": ticket.from_messaging_channel,
    }


def audit_json(audit: Audit) -> Json:
    """An audit with its events."""
    system: Json = {}
    if audit.client is not None:
        system = {
            "client": audit.client,
            "ip_address": "192.0.2.1",
            "location": "Exampletown, EX, Example Country",
            "latitude": 0.0,
            "longitude": 0.0,
        }
    return {
        "id": audit.id,
        "ticket_id": audit.ticket_id,
        "created_at": iso(audit.at),
        "author_id": audit.author_id,
        "metadata": {"system": system, "custom": audit.custom},
        "events": [event_json(event, audit) for event in audit.events],
        "via": via_of(audit.channel, audit.source),
    }


def event_json(event: Event, audit: Audit) -> Json:
    """One event of an audit."""
    if event.kind == "Comment":
        return {"id": event.id, **comment_body(event, audit)}
    if event.kind == "CommentPrivacyChange":
        extra = event.extra or {}
        return {"id": event.id, "type": event.kind, "public": False, **extra}
    if event.kind == "Notification":
        return {"id": event.id, "type": event.kind, **(event.extra or {})}
    row: Json = {
        "id": event.id,
        "type": event.kind,
        "value": event.value,
        "field_name": event.name,
    }
    if event.kind == "Change":
        row["previous_value"] = event.previous
    return row


def comment_body(event: Event, audit: Audit) -> Json:
    """What comments look like in audits, in the comment list and in the ticket events."""
    body = str(event.value)
    return {
        "type": "Comment",
        "author_id": event.author_id,
        "body": body,
        "html_body": f'<div class="zd-comment" dir="auto"><p dir="auto">{body}</p></div>',
        "plain_body": body,
        "public": event.public,
        "attachments": [],
        "audit_id": audit.id,
    }


def comment_json(event: Event, audit: Audit) -> Json:
    """A row of a ticket's comment list."""
    shown = audit_json(audit)
    return {
        "id": event.id,
        **comment_body(event, audit),
        "via": (event.extra or {}).get("via") or via_of(audit.channel, audit.source),
        "created_at": iso(audit.at),
        "metadata": shown["metadata"],
    }


def user_json(user: User, links: Links, *, me: bool = False) -> Json:
    """A person; `me` adds the token that only `users/me` shows."""
    row: Json = {
        "id": user.id,
        "url": links.to("users", user.id),
        "name": user.name,
        "email": user.email,
        "created_at": iso(user.created),
        "updated_at": iso(user.updated),
        "time_zone": user.time_zone,
        "iana_time_zone": user.iana_time_zone,
        "phone": user.phone,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": user.locale,
        "organization_id": user.organization_id,
        "role": user.role,
        "verified": user.is_staff,
    }
    if me:
        row |= {"authenticity_token": None}
    return row | _end_of_user(user)


def _end_of_user(user: User) -> Json:
    row: Json = {
        "external_id": user.external_id,
        "tags": list(user.tags),
        "alias": None,
        "active": user.active,
        "shared": False,
        "shared_agent": False,
        "last_login_at": iso(user.updated) if user.is_staff else None,
        "two_factor_auth_enabled": None if user.is_staff else False,
        "signature": None,
        "details": user.details,
        "notes": user.notes,
        "role_type": user.role_type,
        "custom_role_id": user.custom_role_id,
        "moderator": user.is_staff,
        "ticket_restriction": None if user.is_staff else "requested",
        "only_private_comments": user.only_private_comments,
        "restricted_agent": not user.is_staff,
        "suspended": user.suspended,
        "default_group_id": user.default_group_id,
        "report_csv": user.role == "admin",
        "user_fields": dict(user.fields),
    }
    if not user.active:
        row["permanently_deleted"] = False
    return row


def organization_json(organization: Organization, links: Links) -> Json:
    """A customer."""
    return {
        "url": links.to("organizations", organization.id),
        "id": organization.id,
        "name": organization.name,
        "shared_tickets": organization.shared_tickets,
        "shared_comments": organization.shared_comments,
        "external_id": organization.external_id,
        "created_at": iso(organization.created),
        "updated_at": iso(organization.updated),
        "domain_names": list(organization.domain_names),
        "details": organization.details,
        "notes": organization.notes,
        "group_id": organization.group_id,
        "tags": list(organization.tags),
        "organization_fields": dict(organization.fields),
    }


def configuration_json(path: str, row: Json, links: Links) -> Json:
    """A configuration row with its URL in front; custom roles have none."""
    if path == "custom_roles":
        return dict(row)
    return {"url": links.to(path, row["id"]), **row}


def metric_set_json(account: Account, ticket: Ticket) -> Json:
    """The counters that Zendesk keeps per ticket."""
    replies = sum(
        1
        for audit in ticket.audits[1:]
        for event in audit.events
        if event.kind == "Comment" and event.public and _is_staff(account, event.author_id)
    )
    return {
        "id": ticket.id,
        "ticket_id": ticket.id,
        "created_at": iso(ticket.created),
        "updated_at": iso(ticket.updated),
        "group_stations": 1 if ticket.group_id else 0,
        "assignee_stations": 1 if ticket.assignee_id else 0,
        "reopens": ticket.reopens,
        "replies": replies,
        "solved_at": iso_or_none(ticket.solved_at),
    }


def _is_staff(account: Account, author_id: int | None) -> bool:
    author = account.users.get(author_id) if author_id is not None else None
    return author is not None and author.is_staff


def field_key(event: Event) -> tuple[str, object]:
    """How a changed attribute is spelt in the ticket-event stream."""
    if event.name.isdigit():
        return "custom_ticket_fields", {event.name: event.value}
    return event.name, event.value


def tag_changes(event: Event) -> Json:
    """Added and removed tags of a tag event."""
    before, after = as_texts(event.previous), as_texts(event.value)
    return {
        "added_tags": [tag for tag in after if tag not in before],
        "removed_tags": [tag for tag in before if tag not in after],
    }


def source_of(audit: Audit) -> Json:
    """The `via.source` of an audit."""
    return as_object(via_of(audit.channel, audit.source)["source"])
