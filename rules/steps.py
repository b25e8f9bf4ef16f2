# SPDX-License-Identifier: GPL-3.0-or-later
"""Escalation steps: when each fires on its target's own clock, and which are due now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from rules.timeline import instant_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from fractions import Fraction

    from rules.clocks import Clock
    from rules.facts import Measure
    from rules.policy import Policy, Step
    from rules.select import Application
    from rules.verdict import CycleVerdict, Verdict

StepKey = tuple["Measure", int, str]
"""Measure, cycle and key of a step ("75%", "2h after", "2h after #2")."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of a step; `offset` is in running seconds from its anchor.

    Anchors: `start` counts the share `numerator / denominator` of the way to
    the due from the cycle's start, `end` back from the due, `due` from the due
    on.
    """

    step: Step
    key: str
    anchor: Literal["start", "end", "due"]
    offset: int
    numerator: int = 0
    denominator: int = 1


FiringSeconds = tuple[tuple[Firing, int | None], ...]
"""The firings of a cycle's steps, each with its epoch second where that is known."""


@dataclass(frozen=True, slots=True)
class StepInstant:
    """A firing of a cycle's step; `at` is None while it is not known or will not come."""

    key: str
    step: Step
    at: datetime | None


@dataclass(frozen=True, slots=True)
class StepDue:
    """A step whose moment has come and that has not been sent."""

    measure: Measure
    cycle: int
    key: str
    label: str
    at: datetime
    late_by: timedelta
    step: Step
    started_at: datetime
    due_at: datetime | None


def steps_due(
    verdict: Verdict, policy: Policy, sent: Collection[StepKey], now: datetime
) -> tuple[StepDue, ...]:
    """Steps of open cycles whose moment is not after `now` and that are not in `sent`.

    A target that is met cancels what was still to come; a step already sent
    is not repeated when its deadline moves. Sorted by moment.
    """
    if not policy.escalations:
        return ()
    found: list[StepDue] = []
    second = seconds_of(now)
    for row in verdict.cycles:
        if not row.is_open:
            continue
        measure, number = row.measure, row.cycle
        for firing, at in firing_seconds(row.clock):
            if at is None or at > second or (measure, number, firing.key) in sent:
                continue
            found.append(_due(row, firing, instant_of(at), now))
    return tuple(sorted(found, key=lambda due: (due.at, due.measure, due.cycle)))


def _due(row: CycleVerdict, firing: Firing, at: datetime, now: datetime) -> StepDue:
    return StepDue(
        measure=row.measure,
        cycle=row.cycle,
        key=firing.key,
        label=firing.step.at.label,
        at=at,
        late_by=max(now - at, timedelta(0)),
        step=firing.step,
        started_at=row.started_at,
        due_at=row.due_at,
    )


@lru_cache(maxsize=8192)
def firings(application: Application) -> tuple[Firing, ...]:
    """Every firing of a target's steps, repeats included, in the order of the rule file."""
    found: list[Firing] = []
    taken: dict[str, int] = {}
    for step in application.steps:
        label = step.at.label
        taken[label] = taken.get(label, 0) + 1
        key = label if taken[label] == 1 else f"{label} ({taken[label]})"
        first = _first_firing(step, key)
        found.append(first)
        for repetition in range(1, step.repeat_times + 1):
            later = first.offset + repetition * (step.repeat_every or 0)
            found.append(replace(first, key=f"{key} #{repetition + 1}", offset=later))
    return tuple(found)


def _first_firing(step: Step, key: str) -> Firing:
    moment = step.at
    if moment.kind == "share" and moment.share < 1:
        share = moment.share
        return Firing(step, key, "start", 0, share.numerator, share.denominator)
    if moment.kind == "before":
        return Firing(step, key, "end", -moment.seconds)
    return Firing(step, key, "due", moment.seconds if moment.kind == "after" else 0)


def step_instants(clock: Clock) -> tuple[StepInstant, ...]:
    """When each step of the cycle fires or fired.

    None: the clock is paused before it, the cycle ended before it, or it
    would lie before the start.
    """
    return tuple(
        StepInstant(firing.key, firing.step, None if at is None else instant_of(at))
        for firing, at in firing_seconds(clock)
    )


def firing_seconds(clock: Clock) -> FiringSeconds:
    """As `step_instants`, in epoch seconds; worked out once for a clock that is read."""
    if clock.known_firings is None:
        found: list[tuple[Firing, int | None]] = []
        whole = clock.whole
        for firing in firings(clock.application):
            at = _instant(clock, firing, whole)
            if at is not None and not clock.is_open and at > clock.stop:
                at = None
            found.append((firing, at))
        clock.known_firings = tuple(found)
    return clock.known_firings


def _instant(clock: Clock, firing: Firing, whole: int) -> int | None:
    if firing.anchor == "due" and firing.offset == 0:
        return _due_moment(clock)
    threshold = _threshold(clock, firing, whole)
    if threshold is None or threshold < 0:
        return None
    reached = clock.reached_at(threshold)
    return None if reached is None else reached.shown


def _due_moment(clock: Clock) -> int | None:
    """The due as shown; for a target exceeded on arrival the moment of that arrival."""
    if clock.breach is not None and clock.breach.at != clock.breach.due.judged:
        return clock.breach.at
    return None if clock.due is None else clock.due.shown


def _threshold(clock: Clock, firing: Firing, whole: int) -> int | None:
    """Running seconds after which the firing comes; None while the due is not known."""
    if firing.anchor == "end":
        return whole + firing.offset
    if firing.anchor == "start":
        # rounded up: at 75 % of 5 s three quarters have passed after 4 s
        return -(-firing.numerator * whole // firing.denominator) + firing.offset
    due = clock.elapsed_at_due
    return None if due is None else due + firing.offset


def next_step_at(clock: Clock, now: int) -> int | None:
    """The first firing after second `now` of a running clock, None where there is none."""
    if not clock.application.steps:
        return None
    thresholds: list[int] = []
    first: int | None = None
    whole = clock.known_whole  # read first: a property costs a call
    if whole is None:
        whole = clock.whole
    for firing in firings(clock.application):
        if firing.anchor == "due" and not firing.offset:
            due = _due_moment(clock)
            first = due if due is not None and due > now else None
            continue
        threshold = _threshold(clock, firing, whole)
        if threshold is not None and threshold >= clock.elapsed:
            thresholds.append(threshold)
    for threshold in sorted(thresholds):
        at = clock.run_on(threshold).shown
        if at > now:
            return at if first is None else min(at, first)
    return first


def risk_at(clock: Clock, share: Fraction) -> int | None:
    """The instant from which the cycle is at risk; None while it is paused before that."""
    whole = clock.known_whole
    if whole is None:
        whole = clock.whole
    threshold = -(-share.numerator * whole // share.denominator)
    reached = clock.reached_at(threshold)
    return None if reached is None else reached.shown


def is_at_risk(row: CycleVerdict, now: datetime) -> bool:
    """Whether the cycle has used its at-risk share of the target."""
    second = row.risk_second
    return second is not None and second <= seconds_of(now)
