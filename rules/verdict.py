# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine says of a ticket: one row per measure and cycle, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import msgspec

from rules.clocks import Clock
from rules.facts import Priority, Value
from rules.policy import Commitment, Condition, Where
from rules.steps import StepInstant, step_instants
from rules.steps import risk_at as begin_of_risk
from rules.timeline import instant_of

if TYPE_CHECKING:
    from rules.facts import Measure
    from rules.policy import Target

State = Literal["running", "paused", "met", "breached", "breached_open", "cancelled", "excluded"]
EndedBy = Literal["reply", "solved", "reassigned", "cancelled"]
NothingReason = Literal["no_organization", "no_tier", "no_target", "excluded"]

OPEN_STATES: frozenset[State] = frozenset({"running", "paused", "breached_open"})


class Choice(msgspec.Struct, frozen=True, gc=False):
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


class CycleVerdict(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The verdict of one cycle of one measure: a view of its clock.

    Seconds are running seconds of the cycle's own clock; instants are UTC.
    `tier`, `customer`, `priority`, `target`, `calendar` and `target_seconds`
    belong together: those of the last application, or of the target that was
    missed. `at_risk` is the share of the target after which an open cycle is
    at risk.
    """

    clock: Clock
    state: State
    reason: str | None
    at_risk: Fraction

    @property
    def measure(self) -> Measure:
        """What is measured."""
        return self.clock.cycle.measure

    @property
    def cycle(self) -> int:
        """The cycle's number, from 1."""
        return self.clock.cycle.number

    @property
    def tier(self) -> str:
        """Name of the tier."""
        return self.clock.application.tier

    @property
    def customer(self) -> str | None:
        """Name of the contract, None where the tier alone holds."""
        return self.clock.application.customer

    @property
    def priority(self) -> Priority:
        """The priority that chose the target."""
        return self.clock.application.priority

    @property
    def target(self) -> Target:
        """The target as the rule file has it."""
        return self.clock.application.target

    @property
    def rule(self) -> str:
        """The target's position as file:line."""
        return str(self.clock.application.target.where)

    @property
    def calendar(self) -> str:
        """The calendar chosen, never the chooser."""
        return self.clock.application.calendar.name

    @property
    def time_zone(self) -> str:
        """The calendar's zone."""
        return self.clock.application.calendar.business.time_zone

    @property
    def target_seconds(self) -> int:
        """The target's length on the clock; for days the open time to the unpaused due."""
        return self.clock.target_seconds

    @property
    def started_at(self) -> datetime:
        """When the cycle started, whatever the calendar says."""
        return instant_of(self.clock.cycle.start)

    @property
    def due_at(self) -> datetime | None:
        """The due that is shown and written: of the first breach once there is one."""
        due = self.clock.due
        return None if due is None else instant_of(due.shown)

    @property
    def fulfilled_at(self) -> datetime | None:
        """When the cycle ended by reply, solving or reassignment."""
        clock = self.clock
        if clock.cancelled_at is not None or clock.cycle.end is None:
            return None
        return instant_of(clock.cycle.end)

    @property
    def ended_by(self) -> EndedBy | None:
        """How the cycle ended."""
        return "cancelled" if self.clock.cancelled_at is not None else self.clock.cycle.ended_by

    @property
    def breached_at(self) -> datetime | None:
        """The instant by which the cycle is judged late; None on excluded cycles."""
        breach = self.clock.breach
        return None if breach is None or self.state == "excluded" else instant_of(breach.at)

    @property
    def elapsed_seconds(self) -> int:
        """Running seconds up to the cycle's end or the judging instant."""
        return self.clock.elapsed

    @property
    def paused_seconds(self) -> int:
        """Open seconds inside pauses, solved spans before a reopening included."""
        return self.clock.paused

    @property
    def risk_second(self) -> int | None:
        """From which epoch second an open cycle is at risk; None while that is not known."""
        return begin_of_risk(self.clock, self.at_risk) if self.is_open else None

    @property
    def risk_at(self) -> datetime | None:
        """From when an open cycle is at risk; None while that is not known."""
        second = self.risk_second
        return None if second is None else instant_of(second)

    @property
    def since(self) -> datetime | None:
        """Since when the cycle is paused."""
        return None if self.clock.since is None else instant_of(self.clock.since)

    @property
    def is_open(self) -> bool:
        """Whether the cycle still runs, paused and overdue ones included."""
        return self.state in OPEN_STATES

    @property
    def steps(self) -> tuple[StepInstant, ...]:
        """The cycle's escalation steps and when each fires or fired."""
        return step_instants(self.clock)

    def values(self) -> tuple[object, ...]:
        """Everything a person would call the verdict, for comparisons."""
        return (
            *(self.measure, self.cycle, self.state, self.reason, self.tier, self.customer),
            *(self.priority, self.rule, self.calendar, self.target_seconds, self.started_at),
            *(self.due_at, self.fulfilled_at, self.ended_by, self.breached_at, self.since),
            *(self.elapsed_seconds, self.paused_seconds, self.risk_at),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CycleVerdict) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash(self.values())


class Verdict(msgspec.Struct, frozen=True, gc=False):
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
