# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits as rows of the ticket-event export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.render import comment_body, field_key, source_of, tag_changes, via_of
from connector.sandbox.wire import Json, iso

if TYPE_CHECKING:
    from connector.sandbox.records import Audit, Event
    from connector.sandbox.settings import SandboxSettings

DISPLAY_NAMES = {
    "api": "Web service",
    "web": "Web form",
    "email": "Mail",
    "chat": "Chat",
    "voice": "Phone call (inbound)",
    "rule": "Rule",
    "native_messaging": "Messaging",
}


def ticket_event_json(audit: Audit, settings: SandboxSettings, *, with_comments: bool) -> Json:
    """One row: an update of a ticket and what changed in it."""
    children = [
        child
        for event in audit.events
        for child in _child_events(event, audit, settings, with_comments=with_comments)
    ]
    return {
        "child_events": children,
        "id": audit.id,
        "ticket_id": audit.ticket_id,
        "timestamp": audit.at,
        "created_at": iso(audit.at),
        "updater_id": audit.author_id,
        "via": _via(audit, settings),
        "system": {"client": audit.client} if audit.client else {},
        "metadata": {"system": {}, "custom": audit.custom},
        "event_type": "Audit",
    }


def _child_events(
    event: Event, audit: Audit, settings: SandboxSettings, *, with_comments: bool
) -> list[Json]:
    head: Json = {
        "id": event.id,
        "via": _via(audit, settings),
        "via_reference_id": None,
    }
    if event.kind == "Comment":
        return [head | _comment(event, audit, with_comments=with_comments)]
    if event.kind in {"CommentPrivacyChange", "Notification"}:
        rest: Json = {"type": event.kind, **(event.extra or {}), "event_type": event.kind}
        if event.kind == "CommentPrivacyChange":
            rest["public"] = False
        return [head | rest]
    key, value = field_key(event)
    row: Json = head | {key: value}
    if event.name == "tags":
        row |= tag_changes(event)
    if event.kind == "Change":
        row["previous_value"] = event.previous
    row["event_type"] = event.kind
    return [row]


def _comment(event: Event, audit: Audit, *, with_comments: bool) -> Json:
    if not with_comments:
        return {
            "comment_present": True,
            "comment_public": event.public,
            "event_type": "Comment",
        }
    via = (event.extra or {}).get("via") or via_of(audit.channel, audit.source)
    return {
        **comment_body(event, audit),
        "via": via,
        "created_at": iso(audit.at),
        "event_type": "Comment",
    }


def _via(audit: Audit, settings: SandboxSettings) -> object:
    spelling = settings.assumptions.event_via
    # mixed: every other update, so that a client meets both spellings on any account
    as_text = spelling == "text" or (spelling == "mixed" and (audit.id >> 7) % 2 == 0)
    if as_text and audit.source is None:
        return DISPLAY_NAMES.get(audit.channel, audit.channel)
    return {"channel": audit.channel, "source": source_of(audit)}
