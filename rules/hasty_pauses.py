# SPDX-License-Identifier: GPL-3.0-or-later
"""Pauses that were set soon after somebody wrote and before anybody answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rules.timeline import AGENT_PUBLIC, END_USER_PUBLIC, REQUESTER_PUBLIC

if TYPE_CHECKING:
    from rules.facts import Ticket
    from rules.timeline import Timeline

HASTY_SECONDS: Final = 600
"""A pause that comes later after an unanswered message is not counted as hasty."""

_PAUSED: Final = frozenset({"pending", "hold"})
_ASKED: Final = REQUESTER_PUBLIC | END_USER_PUBLIC


class Pauses(NamedTuple):
    """How often a ticket was paused, and how often of these hastily."""

    total: int
    hasty: int


def pauses_until(ticket: Ticket, line: Timeline, until: int) -> Pauses:
    """The pauses of a ticket: times its status became pending or on hold.

    One is hasty where an end user's message, the creation included, was not
    answered in public yet and is at most ten minutes old.

    Args:
        ticket: the facts.
        line: its updates.
        until: up to which second, that one included.
    """
    is_asked = line.created_public and ticket.created_by in ("requester", "end_user")
    asked_at = line.updates[0].at if is_asked else None
    total = hasty = 0
    is_paused = False
    for update in line.updates:
        if update.at > until:
            break
        if update.comments & _ASKED:
            asked_at = update.at
        if update.comments & AGENT_PUBLIC:
            asked_at = None
        if update.has_status:
            if update.status in _PAUSED and not is_paused:
                total += 1
                hasty += asked_at is not None and update.at - asked_at <= HASTY_SECONDS
            is_paused = update.status in _PAUSED
    return Pauses(total, hasty)
