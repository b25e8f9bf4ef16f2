# SPDX-License-Identifier: GPL-3.0-or-later
"""What obligations are counted from: verdict rows, calls, solved tickets, ratings, outages.

Plain frozen values that a store or a file fills; instants are aware, durations
whole seconds. Every row names the tier and the contract that held for it, as
they were when it was judged, never as they are now.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from rules.facts import NOTHING, Measure, Priority, Value
from rules.verdict import EndedBy, State

if TYPE_CHECKING:
    from rules.verdict import CycleVerdict, Verdict

Ended = Literal[
    "answered",
    "abandoned",
    "abandoned_in_ivr",
    "voicemail",
    "overflow",
    "callback",
    "other",
]
Score = Literal["good", "bad", "neutral", "unanswered"]


class Party(msgspec.Struct, frozen=True):
    """With whom an agreement is: a contract by its name, or an organization under a tier.

    A contract stays the same party when its tier is changed.
    """

    customer: str | None = None
    tier: str | None = None
    organization_id: str | None = None

    @property
    def name(self) -> str:
        """The contract's name, or tier and organization."""
        return self.customer or f"{self.tier}-{self.organization_id}"


class Evidence(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Whose a piece of evidence is.

    `values` are those that the `tickets` of obligations read, by match path.
    """

    tier: str | None = None
    customer: str | None = None
    organization_id: str | None = None
    ticket_id: str | None = None
    values: Mapping[str, Value] = NOTHING

    @property
    def party(self) -> Party | None:
        """Whose agreement it counts for; None where it belongs to no customer."""
        if self.customer is not None:
            return Party(self.customer)
        if self.tier is None or self.organization_id is None:
            return None
        return Party(None, self.tier, self.organization_id)


class CycleRow(Evidence, frozen=True, gc=False, kw_only=True):
    """The verdict of one cycle, as stored at its last judging.

    `stopped_at` is when it ended. `due_at` is None while a pause makes it
    unknown and where the cycle ceased to exist. `reason` says why a row in
    state `excluded` is.
    """

    measure: Measure
    cycle: int
    state: State
    started_at: datetime
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    ended_by: EndedBy | None = None
    breached_at: datetime | None = None
    reason: str | None = None
    priority: Priority | None = None
    calendar: str = ""
    policy: str = ""
    rule: str = ""
    target_seconds: int = 0
    elapsed_seconds: int = 0
    paused_seconds: int = 0


class Call(Evidence, frozen=True, gc=False, kw_only=True):
    """One phone call.

    `at` is when it came in; `wait_seconds` from the queue to an agent or to
    hanging up, without the menu. `ended` is how it ended for the caller; what
    the phone system calls otherwise is `other`. `connected`: a callback that
    reached the caller.
    """

    call_id: str
    at: datetime
    ended: Ended
    wait_seconds: int = 0
    is_inbound: bool = True
    outside_hours: bool = False
    connected: bool = False
    line: str | None = None


class SolvedTicket(Evidence, frozen=True, gc=False, kw_only=True):
    """The first solve of a ticket and what led to it.

    `contacts` are public agent replies and answered calls before the solve;
    `reopened_at` is the first reopening after it. `reason` says why a ticket
    is excluded (merged, deleted, imported). `pauses` were set before the solve,
    `hasty_pauses` of them soon after a message that nobody had answered.
    """

    solved_at: datetime
    contacts: int
    reopened_at: datetime | None = None
    by_end_user: bool = True
    reason: str | None = None
    pauses: int = 0
    hasty_pauses: int = 0


class Rating(Evidence, frozen=True, gc=False, kw_only=True):
    """A customer's rating, and when it was given, or offered where it is unanswered."""

    at: datetime
    score: Score


class Outage(msgspec.Struct, frozen=True, gc=False):
    """Time without the service, half-open; `until_at` is None while it lasts."""

    from_at: datetime
    until_at: datetime | None
    because: str = ""


def rows_of(verdict: Verdict, values: Mapping[str, Value] | None = None) -> list[CycleRow]:
    """The rows of a ticket's verdict.

    Args:
        verdict: what `evaluate` says.
        values: what the `tickets` of obligations read; else the values that
            chose the contract or tier.
    """
    return [
        _row(verdict, cycle, verdict.choice.state if values is None else values)
        for cycle in verdict.cycles
    ]


def _row(verdict: Verdict, cycle: CycleVerdict, values: Mapping[str, Value]) -> CycleRow:
    return CycleRow(
        tier=cycle.tier,
        customer=cycle.customer,
        organization_id=verdict.organization_id,
        ticket_id=verdict.ticket_id,
        values=values,
        measure=cycle.measure,
        cycle=cycle.cycle,
        state=cycle.state,
        started_at=cycle.started_at,
        due_at=cycle.due_at,
        stopped_at=cycle.fulfilled_at,
        ended_by=cycle.ended_by,
        breached_at=cycle.breached_at,
        reason=cycle.reason,
        priority=cycle.priority,
        calendar=cycle.calendar,
        policy=verdict.policy,
        rule=cycle.rule,
        target_seconds=cycle.target_seconds,
        elapsed_seconds=cycle.elapsed_seconds,
        paused_seconds=cycle.paused_seconds,
    )
