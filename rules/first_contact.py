# SPDX-License-Identifier: GPL-3.0-or-later
"""The first solve of a ticket, and the contacts that led to it, from its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.cycles import life
from rules.evidence import SolvedTicket
from rules.hasty_pauses import pauses_until
from rules.timeline import AGENT_PUBLIC, instant_of, seconds_of, timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.facts import Ticket, Value
    from rules.verdict import Verdict


def solved_ticket(
    ticket: Ticket,
    verdict: Verdict,
    values: Mapping[str, Value] | None = None,
    answered_calls: int = 0,
) -> SolvedTicket | None:
    """The first solve of a ticket as known when it was judged; None where it was not solved.

    Contacts are public replies of agents up to the update that solved it, and
    answered calls. A comment that was made private later is none, nor is the
    text with which an agent created the ticket.

    Args:
        ticket: its facts.
        verdict: what `evaluate` says of it: when, and who its customer is.
        values: what the `tickets` of obligations read.
        answered_calls: calls of the ticket that an agent answered before the solve.
    """
    line = timeline(ticket, seconds_of(verdict.judged_at))
    spans = life(ticket, line, ()).solved
    if not spans:
        return None
    solved_at, reopened = spans[0]
    replies = sum(
        bool(update.comments & AGENT_PUBLIC) for update in line.updates if update.at <= solved_at
    )
    pauses = pauses_until(ticket, line, solved_at)
    return SolvedTicket(
        tier=verdict.choice.tier,
        customer=verdict.choice.customer,
        organization_id=verdict.organization_id,
        ticket_id=ticket.id,
        values=values or {},
        solved_at=instant_of(solved_at),
        contacts=replies + answered_calls,
        reopened_at=None if reopened is None else instant_of(reopened),
        by_end_user=ticket.requester.role == "end_user",
        reason=line.exclusion.reason if line.exclusion else None,
        pauses=pauses.total,
        hasty_pauses=pauses.hasty,
    )
