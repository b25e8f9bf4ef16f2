# SPDX-License-Identifier: GPL-3.0-or-later
"""What a webhook's body says: which ticket to read again. Nothing else in it is used."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

import msgspec

_TICKET_EVENT: Final = "zen:event-type:ticket."
_TICKET_SUBJECT: Final = "zen:ticket:"
_TICKET_ID: Final = re.compile(r"[1-9][0-9]{0,18}")
_MOST_EVENT_ID: Final = 100


class Malformed(Exception):
    """The body is no JSON that a helpdesk sends."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a call is about. `event_id` is the same whenever the same call comes again."""

    ticket_id: str
    event_id: str


def read_hint(body: bytes, signed_at: str) -> Told | None:
    """The ticket that a call speaks of; None for a call about something else.

    Both kinds of webhook are understood: the envelope of event subscriptions,
    and the body that a trigger's action fills in: `{"ticket_id": "4711"}`.

    Args:
        body: the call's raw bytes.
        signed_at: the timestamp that was signed with it; it tells two calls of a
            trigger with the same body apart.

    Raises:
        Malformed: no JSON object, numbers out of bounds, nested too deeply, no ticket.
    """
    found = _parsed(body)
    kind = found.get("type")
    if isinstance(kind, str) and kind.startswith("zen:"):
        return _of_event(found) if kind.startswith(_TICKET_EVENT) else None
    ticket = found.get("ticket_id", found.get("ticket"))
    if isinstance(ticket, dict):
        ticket = ticket.get("id")
    digest = hashlib.sha256(signed_at.encode("latin-1", "replace") + body)
    return Told(_ticket_id(ticket), f"body:{digest.hexdigest()}")


def _parsed(body: bytes) -> dict[str, object]:
    try:
        # All of it, not only what is used: a number out of bounds anywhere is a forgery.
        found: object = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise Malformed("the body is no JSON") from None
    if not isinstance(found, dict):
        raise Malformed("the body is no JSON object")
    return found


def _of_event(found: dict[str, object]) -> Told:
    subject, event_id = found.get("subject"), found.get("id")
    if not isinstance(subject, str) or not isinstance(event_id, str):
        raise Malformed("an event without subject or id")
    if not 0 < len(event_id) <= _MOST_EVENT_ID:
        raise Malformed("an event's id of an odd length")
    ticket_id = subject.removeprefix(_TICKET_SUBJECT) if subject != _TICKET_SUBJECT else ""
    return Told(_ticket_id(ticket_id), f"event:{event_id}")


def _ticket_id(told: object) -> str:
    text = str(told) if isinstance(told, str | int) and not isinstance(told, bool) else ""
    if _TICKET_ID.fullmatch(text) is None:
        raise Malformed("no ticket's id")
    return text
