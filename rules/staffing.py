# SPDX-License-Identifier: GPL-3.0-or-later
"""How many people a line needs to keep its promises, and what one fewer does to them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from rules.erlang import Demand, Queue, impatient_queue, patient_queue

OCCUPANCY_CAP = Fraction(85, 100)
"""Busier than this all day, people burn out and figures of a steady state no longer hold."""


@dataclass(frozen=True, slots=True)
class LinePromise:
    """What callers are promised; what is None is not asked for.

    `answered`: share of all callers answered within `within_seconds`.
    `abandoned`: share who give up, at most. `mean_wait_seconds`: of all
    callers, at most. `patience_seconds`: how long callers wait on average
    before they give up; None for a queue that nobody leaves.
    """

    within_seconds: int
    answered: Fraction | None = None
    abandoned: Fraction | None = None
    mean_wait_seconds: int | None = None
    patience_seconds: int | None = None
    occupancy: Fraction = OCCUPANCY_CAP

    def __post_init__(self) -> None:
        if not 0 < self.occupancy <= 1 or (self.answered or 0) > 1 or (self.abandoned or 0) < 0:
            raise ValueError("no number of people keeps such a promise")

    def is_kept_by(self, queue: Queue) -> bool:
        """Whether a line does as promised."""
        return (
            (self.answered is None or queue.answered >= self.answered)
            and (self.abandoned is None or queue.abandoned <= self.abandoned)
            and (self.mean_wait_seconds is None or queue.mean_wait <= self.mean_wait_seconds)
            and queue.occupancy <= self.occupancy
        )


@dataclass(frozen=True, slots=True)
class Staffing:
    """People needed on a line, how it does with them, and with one fewer.

    `paid` are those to be employed for `agents` to be at work, given the time
    that breaks, leave and sickness take. `one_fewer` is None where nobody would
    be left.
    """

    agents: int
    paid: int
    queue: Queue
    one_fewer: Queue | None


def queue_with(demand: Demand, agents: int, promise: LinePromise) -> Queue:
    """How a line does with so many agents."""
    if promise.patience_seconds is None:
        return patient_queue(demand, agents, promise.within_seconds)
    return impatient_queue(demand, agents, promise.patience_seconds, promise.within_seconds)


def staff_line(demand: Demand, promise: LinePromise, shrinkage: Fraction) -> Staffing:
    """The fewest people with whom a line keeps its promise.

    Args:
        demand: what comes in.
        promise: what callers are promised.
        shrinkage: share of paid time that is not spent at work, below 1.

    Raises:
        ValueError: a shrinkage out of range, abandonment promised for callers
            whose patience is not known.
    """
    if promise.abandoned is not None and promise.patience_seconds is None:
        raise ValueError("how many give up depends on their patience, which is not known")
    if not demand.calls_per_second:
        return Staffing(0, 0, Queue(0.0, 0.0, 0.0, 0.0, 1.0), None)
    # More people never make a line worse, so the first number that suffices is the answer.
    agents = floor(demand.load) + 1
    while not promise.is_kept_by(queue := queue_with(demand, agents, promise)):
        agents += 1
    fewer = queue_with(demand, agents - 1, promise) if agents > 1 else None
    return Staffing(agents, paid_heads(agents, shrinkage), queue, fewer)


def paid_heads(agents: int, shrinkage: Fraction) -> int:
    """People to be employed so that `agents` of them are at work.

    Raises:
        ValueError: a shrinkage below 0, or of 1 and more.
    """
    if not 0 <= shrinkage < 1:
        raise ValueError("shrinkage is a share from 0 to below 1")
    return ceil(agents / (1 - shrinkage))
