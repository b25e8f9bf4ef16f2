# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks of the account: who is told what about a ticket, and with which signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from typing import TYPE_CHECKING

from connector.sandbox.conditions import matches
from connector.sandbox.deliveries import Deliverer, Delivery, Mishaps
from connector.sandbox.faults import WEBHOOKS, Faults
from connector.sandbox.records import Event
from connector.sandbox.wire import Json, as_list, as_object, as_rows, as_text, as_texts, iso

if TYPE_CHECKING:
    import random

    from connector.sandbox.account import Account
    from connector.sandbox.clock import SandboxClock
    from connector.sandbox.records import Audit, Ticket

CONDITIONAL = "conditional_ticket_events"
EVENT_VERSION = "2022-11-06"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EVENT_OF = {
    "status": "status_changed",
    "priority": "priority_changed",
    "assignee_id": "agent_assignment_changed",
    "group_id": "group_assignment_changed",
    "organization_id": "organization_changed",
    "requester_id": "requester_changed",
    "brand_id": "brand_changed",
    "ticket_form_id": "form_changed",
    "type": "type_changed",
    "subject": "subject_changed",
    "tags": "tags_changed",
    "custom_status_id": "custom_status_changed",
    "external_id": "external_id_changed",
}


def ulid(at: float, rng: random.Random) -> str:
    """A 26-character id that sorts by time; `at` in epoch seconds."""
    number = (int(at * 1000) << 80) | rng.getrandbits(80)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What `X-Zendesk-Webhook-Signature` holds: the key is the secret as text."""
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Webhooks:
    """The webhooks by id, their secrets, and what was sent to them."""

    def __init__(self, account: Account, clock: SandboxClock, faults: Faults) -> None:
        self._account = account
        self._clock = clock
        self._faults = faults
        self.rows: dict[str, Json] = {}
        self.secrets: dict[str, str] = {}
        self.credentials: dict[str, Json] = {}
        self.deliverer = Deliverer(account.settings, clock)
        account.listeners.append(self.on_update)

    def new_id(self) -> str:
        """A fresh ULID."""
        return ulid(self._clock.seconds(), self._account.rng)

    def new_secret(self, webhook_id: str) -> str:
        """Make a signing secret of 44 characters and keep it."""
        raw = self._account.rng.randbytes(32)
        self.secrets[webhook_id] = base64.b64encode(raw).decode()
        return self.secrets[webhook_id]

    def on_update(self, ticket: Ticket, audit: Audit) -> None:
        """Tell whoever subscribed, and run the triggers."""
        for kind, event in _ticket_events(ticket, audit):
            for webhook_id, row in self.rows.items():
                wanted = as_texts(row.get("subscriptions"))
                if row.get("status") == "active" and f"zen:event-type:ticket.{kind}" in wanted:
                    body = _envelope(self._account, ticket, audit, kind, event)
                    self.send(webhook_id, body.encode())
        for trigger in self._account.rows("triggers").values():
            if trigger["active"] and matches(as_object(trigger["conditions"]), ticket, audit):
                self._act(trigger, ticket, audit)

    def _act(self, trigger: Json, ticket: Ticket, audit: Audit) -> None:
        for action in as_rows(trigger["actions"]):
            if action.get("field") in {"notification_user", "notification_group"}:
                audit.events.append(_notification(self._account, trigger, action, ticket))
            if action.get("field") != "notification_webhook":
                continue
            target, template = [*as_list(action.get("value")), "", ""][:2]
            row = self.rows.get(str(target))
            if row and row["status"] == "active" and CONDITIONAL in as_texts(row["subscriptions"]):
                self.send(str(target), _filled(str(template), ticket).encode())

    def send(self, webhook_id: str, body: bytes) -> None:
        """Queue one delivery, with the mishap that it meets."""
        fault = self._faults.draw(WEBHOOKS, "POST", "webhook")
        mishaps = Mishaps(fault.kind if fault else None, fault.seconds if fault else 0.0)
        now = self._clock.epoch()
        invocation = self.new_id()
        headers = self.headers(webhook_id, invocation, body, now)
        row = self.rows[webhook_id]
        self.deliverer.add(
            Delivery(
                webhook_id=webhook_id,
                invocation_id=invocation,
                endpoint=str(row["endpoint"]),
                method=str(row["http_method"]),
                headers=headers,
                body=body,
                at=now,
            ),
            mishaps,
        )

    def headers(self, webhook_id: str, invocation: str, body: bytes, now: int) -> dict[str, str]:
        """Headers of a delivery: signature, ids, and the webhook's own authentication."""
        timestamp = iso(now)
        secret = self.secrets[webhook_id]
        return {
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
            "X-Zendesk-Webhook-Signature": signature(secret, timestamp, body),
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zendesk Webhook",
            "X-Zendesk-Account-Id": str(self._account.settings.account_id),
            "X-Zendesk-Webhook-Id": webhook_id,
            "X-Zendesk-Webhook-Invocation-Id": invocation,
            **_own_headers(self.rows[webhook_id], self.credentials.get(webhook_id, {})),
        }


def _own_headers(row: Json, credentials: Json) -> dict[str, str]:
    headers = {str(key): str(value) for key, value in as_object(row.get("custom_headers")).items()}
    data = as_object(credentials.get("data"))
    kind = credentials.get("type")
    if kind == "basic_auth":
        pair = f"{data.get('username')}:{data.get('password')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    elif kind == "bearer_token":
        headers["Authorization"] = f"Bearer {data.get('token')}"
    elif kind == "api_key":
        headers[str(data.get("name"))] = str(data.get("value"))
    return headers


def _ticket_events(ticket: Ticket, audit: Audit) -> list[tuple[str, Event | None]]:
    if ticket.audits and ticket.audits[0] is audit:
        return [("created", None)]
    found: list[tuple[str, Event | None]] = []
    for event in audit.events:
        kind = _kind_of(event)
        if kind is not None:
            found.append((kind, event))
    if audit.source and audit.source.get("rel") == "merge" and ticket.status == "closed":
        found.append(("merged", None))
    return found


def _kind_of(event: Event) -> str | None:
    if event.kind == "Comment":
        return "comment_added"
    if event.kind == "CommentPrivacyChange":
        return "comment_made_private"
    if event.name == "status" and event.value == "deleted":
        return "soft_deleted"
    if event.name == "status" and event.previous == "deleted":
        return "undeleted"
    return "custom_field_changed" if event.name.isdigit() else EVENT_OF.get(event.name)


def _envelope(
    account: Account, ticket: Ticket, audit: Audit, kind: str, event: Event | None
) -> str:
    changed: Json = {}
    if event is not None:
        changed = {"current": event.value, "previous": event.previous}
        if event.kind == "Comment":
            author = account.users.get(event.author_id or 0)
            comment: Json = {
                "id": str(event.id),
                "is_public": event.public,
                "author": {
                    "id": str(event.author_id),
                    "is_staff": bool(author and author.is_staff),
                },
                "body": event.value,
            }
            changed = {"comment": comment}
    sequence: Json = {"id": f"{audit.id:x}".upper(), "position": 1, "total": 1}
    changed["meta"] = {"sequence": sequence}
    body: Json = {
        "account_id": account.settings.account_id,
        "detail": _detail(ticket, audit),
        "event": changed,
        "id": str(uuid.UUID(int=account.rng.getrandbits(128), version=4)),
        "subject": f"zen:ticket:{ticket.id}",
        "time": iso(audit.at),
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": EVENT_VERSION,
    }
    return json.dumps(body, indent=3, sort_keys=True) + "\n"


def _detail(ticket: Ticket, audit: Audit) -> Json:
    def shown(ident: int | None) -> str | None:
        return None if ident is None else str(ident)

    return {
        "actor_id": str(audit.author_id),
        "assignee_id": shown(ticket.assignee_id),
        "brand_id": shown(ticket.brand_id),
        "created_at": iso(ticket.created),
        "custom_status": shown(ticket.custom_status_id),
        "description": ticket.description,
        "external_id": ticket.external_id,
        "form_id": shown(ticket.form_id),
        "group_id": shown(ticket.group_id),
        "id": str(ticket.id),
        "is_public": ticket.is_public,
        "organization_id": shown(ticket.organization_id),
        "priority": ticket.priority.upper() if ticket.priority else None,
        "requester_id": str(ticket.requester_id),
        "status": ticket.status.upper(),
        "subject": ticket.subject,
        "submitter_id": str(ticket.submitter_id),
        "tags": list(ticket.tags),
        "type": ticket.type.upper() if ticket.type else None,
        "updated_at": iso(ticket.updated),
        "via": {"channel": ticket.channel},
    }


def _notification(account: Account, trigger: Json, action: Json, ticket: Ticket) -> Event:
    """What an audit holds when a trigger sends mail."""
    _, subject, body = [*as_list(action.get("value")), "", "", ""][:3]
    source: Json = {
        "from": {
            "deleted": False,
            "title": trigger["title"],
            "id": trigger["id"],
            "revision_id": 1,
        },
        "rel": "trigger",
    }
    extra: Json = {
        "via": {"channel": "rule", "source": source},
        "subject": subject,
        "body": body,
        "recipients": [ticket.requester_id],
    }
    return Event(account.ids.take(), "Notification", extra=extra)


def _filled(template: str, ticket: Ticket) -> str:
    """The trigger's body with its placeholders filled in; unknown ones become empty."""
    values: dict[str, object] = {
        "ticket.id": ticket.id,
        "ticket.status": ticket.status,
        "ticket.priority": ticket.priority or "",
        "ticket.title": as_text(ticket.subject) or "",
        "ticket.updated_at_with_timestamp": iso(ticket.updated),
    }

    def value(found: re.Match[str]) -> str:
        return json.dumps(str(values.get(found[1], "")))[1:-1]

    return re.sub(r"\{\{\s*([\w.]+)\s*\}\}", value, template)
