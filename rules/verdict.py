# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine says of a ticket: one row per measure and cycle, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rules.steps import StepInstant, step_instants

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rules.clocks import Clock
    from rules.facts import Measure, Priority, Value
    from rules.policy import Commitment, Condition, Target, Where

State = Literal["running", "paused", "met", "breached", "breached_open", "cancelled", "excluded"]
EndedBy = Literal["reply", "solved", "reassigned", "cancelled"]
NothingReason = Literal["no_organization", "no_tier", "no_target", "excluded"]

OPEN_STATES: frozenset[State] = frozenset({"running", "paused", "breached_open"})


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tier and contract hold at the judging instant, and since when.

    `state` holds the ticket's values that the policy reads, `match` the
    condition that held. `priority` is the one that chooses targets: the last
    one set by a person or another system, or the tier's default, lifted to
    the floor.
    """

    at: datetime
    tier: str | None
    customer: str | None
    commitment: Commitment | None
    priority: Priority | None
    where: Where | None
    state: Mapping[str, Value]
    match: Condition | None


@dataclass(frozen=True, slots=True)
class CycleVerdict:
    """The verdict of one cycle of one measure.

    Seconds are running seconds of the cycle's own clock. `due_at` is what is
    shown and written; `breached_at` the instant by which it is judged. Both
    are those of the first breach once there is one. `calendar` is the
    calendar chosen, never the chooser. `risk_at` is the instant from which an
    open cycle is at risk, None while unknown. `since` is the start of the
    present pause. `clock` is what all of it was read from.
    """

    measure: Measure
    cycle: int
    state: State
    reason: str | None
    tier: str
    customer: str | None
    priority: Priority
    target: Target
    calendar: str
    time_zone: str
    target_seconds: int
    started_at: datetime
    due_at: datetime | None
    fulfilled_at: datetime | None
    ended_by: EndedBy | None
    breached_at: datetime | None
    elapsed_seconds: int
    paused_seconds: int
    risk_at: datetime | None
    since: datetime | None
    clock: Clock = field(repr=False, compare=False)

    @property
    def rule(self) -> str:
        """The target's position as file:line."""
        return str(self.target.where)

    @property
    def is_open(self) -> bool:
        """Whether the cycle still runs, paused and overdue ones included."""
        return self.state in OPEN_STATES

    @property
    def steps(self) -> tuple[StepInstant, ...]:
        """The cycle's escalation steps and when each fires or fired."""
        return step_instants(self.clock)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All cycles of a ticket, judged at `judged_at` by the policy named by its hash.

    `look_at` is the next instant at which time alone changes something (a
    step, the begin of risk, a breach); None when only an event can.
    `nothing` says why no cycle exists.
    """

    ticket_id: str
    organization_id: str | None
    judged_at: datetime
    policy: str
    choice: Choice
    cycles: tuple[CycleVerdict, ...]
    look_at: datetime | None
    nothing: NothingReason | None = None
