# SPDX-License-Identifier: GPL-3.0-or-later
"""What tickets are promised when they come in, and which of them wait in a queue."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rules.arrivals import LookBack
    from rules.facts import Ticket
    from rules.policy import Policy

QUEUE_UP_TO = 3600
"""Chats that are promised a reply within so many seconds wait in a queue; others are like mail."""

_CHATS = frozenset({"chat", "messaging"})


@dataclass(frozen=True, slots=True)
class Arrived:
    """Tickets of the weeks looked at: chats that wait in a queue by tier, and all that is mail.

    `n_unpromised` are those that are promised no first reply when they come in.
    """

    chats: Mapping[str, Sequence[tuple[datetime, int]]]
    mail: Sequence[Ticket]
    n_unpromised: int = 0

    @classmethod
    def of(cls, tickets: Iterable[Ticket], policy: Policy, over: LookBack) -> Arrived:
        """Sort the tickets of these days; those that are promised no reply are left out."""
        days, place = set(over.days), time_zone(over.zone)
        chats: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
        mail = []
        unpromised = 0
        for ticket in tickets:
            if ticket.created_at.astimezone(place).date() not in days:
                continue
            first = first_reply(ticket, policy)
            if first is None:
                unpromised += 1
            elif is_chat(ticket, first.seconds):
                chats[first.group].append((ticket.created_at, first.seconds))
            elif ticket.channel != "phone":
                mail.append(ticket)
        return cls(chats, mail, unpromised)


def is_chat(ticket: Ticket, seconds: int) -> bool:
    """Whether a ticket waits in a queue, being promised a reply within so many seconds."""
    return ticket.channel in _CHATS and seconds <= QUEUE_UP_TO


@dataclass(frozen=True, slots=True)
class FirstReply:
    """What a ticket is promised at its creation: within how many seconds, due when, by whom."""

    seconds: int
    due: int
    group: str


def first_reply(ticket: Ticket, policy: Policy) -> FirstReply | None:
    """The first reply that a ticket is promised when it comes in; None where none is."""
    verdict = evaluate(ticket, policy, ticket.created_at)
    for cycle in verdict.cycles:
        if cycle.measure == "first_reply" and cycle.clock.due is not None:
            group = cycle.customer if _has_own_level(cycle.customer, policy) else cycle.tier
            return FirstReply(cycle.target_seconds, cycle.clock.due.judged, group or "")
    return None


def _has_own_level(customer: str | None, policy: Policy) -> bool:
    return any(one.name == customer and one.obligations for one in policy.contracts)
