# SPDX-License-Identifier: GPL-3.0-or-later
"""What a folder's tests reach: tiers, customers, targets and escalation steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.policy import Policy, Target, Where
    from rules.rehearsal import Rehearsed
    from rules.trial import TrialResult

CoveredKind = Literal["tier", "customer", "target", "step"]
KINDS: tuple[CoveredKind, ...] = ("tier", "customer", "target", "step")


@dataclass(frozen=True, slots=True)
class Covered:
    """Something that tests may reach, and whether one does. `name` is its dotted name."""

    kind: CoveredKind
    name: str
    where: Where
    is_reached: bool


def coverage(policy: Policy, results: Iterable[TrialResult]) -> tuple[Covered, ...]:
    """Every tier, customer, target and step of a policy, in the order of the rule files.

    A tier or customer is reached when a ticket belongs to it at some moment
    of a test, a target when a cycle is counted by it, a step when it fires.
    """
    reached: set[Where | tuple[str, str]] = set()
    for result in results:
        if result.rehearsed is not None:
            reached |= set(_reached(result.rehearsed))
    found = [
        Covered("tier", f"tiers.{one.name}", one.where, ("tier", one.name) in reached)
        for one in policy.tiers
    ]
    found += [
        Covered("customer", f"customers.{one.name}", one.where, ("customer", one.name) in reached)
        for one in policy.contracts
    ]
    found += [
        Covered("target", name, target.where, target.where in reached)
        for name, target in _targets(policy)
    ]
    found += [
        Covered("step", f"escalations.{name} {step.at.label}", step.where, step.where in reached)
        for name, steps in policy.escalations.items()
        for step in steps
    ]
    return tuple(found)


def _reached(rehearsed: Rehearsed) -> Iterator[Where | tuple[str, str]]:
    for verdict in rehearsed.verdicts:
        if verdict.choice.tier is not None:
            yield "tier", verdict.choice.tier
        if verdict.choice.customer is not None:
            yield "customer", verdict.choice.customer
        for row in verdict.cycles:
            yield "tier", row.tier
            if row.customer is not None:
                yield "customer", row.customer
            yield row.target.where
            yield row.clock.counted_last.target.where
    for fired in rehearsed.fired:
        yield from (one.step.where for one in fired.steps)


def _targets(policy: Policy) -> Iterator[tuple[str, Target]]:
    for tier in policy.tiers:
        for number, target in enumerate(tier.targets):
            yield f"tiers.{tier.name}.targets.{number} {target.measure}", target
    for contract in policy.contracts:
        for number, target in enumerate(contract.targets):
            yield f"customers.{contract.name}.targets.{number} {target.measure}", target
