# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a verdict is what it is: the choice, the clocks' ledgers, the steps, in sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rules.detail import counted_in, stamp
from rules.evaluate import evaluate, judge
from rules.explain_text import explanation_text
from rules.ledger import ClockSegment, ledger
from rules.reasons import why_chosen, why_counted, why_fails
from rules.select import Selector, selector_of
from rules.ticket_facts import ticket_facts
from rules.timeline import instant_of, seconds_of
from rules.without_target import without_target

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from rules.evaluate import Judged, Selected
    from rules.facts import Ticket
    from rules.policy import Contract, Policy
    from rules.select import State
    from rules.steps import StepInstant, StepKey
    from rules.verdict import CycleVerdict, Verdict
    from rules.without_target import WithoutTarget

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class InForce:
    """What held for the ticket from an instant on."""

    since: datetime
    tier: str | None
    customer: str | None
    priority: str | None


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """A closed cycle that stays as an earlier policy judged it."""

    measure: str
    cycle: int
    state: str
    due_at: datetime | None
    rule: str
    policy: str


Fate = Literal["sent", "waiting", "failed", "not sent", "nobody"]
"""What became of telling somebody: `failed` for good, `not sent` because it was not wanted any
more or nothing is sent at all, `nobody` where there was no one whom it concerned."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of telling one recipient of a step, and why where there is a reason.

    `at` is when it was sent, later than the step's moment where something held it up.
    """

    recipient: str
    fate: Fate
    detail: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with everything it rests on.

    `fired` are the steps that were carried out, None where nobody knows; `told`
    says what became of their messages, None where all are taken for sent.
    `kept` are closed cycles that the record holds differently from what is
    explained here. `calendars` say for each cycle what chose its calendar, None
    where the target names it; `without_target` are measures without a promise.
    """

    ticket: Ticket
    policy: Policy
    verdict: Verdict
    because: str
    rejected: tuple[str, ...]
    in_force: tuple[InForce, ...]
    ledgers: tuple[tuple[ClockSegment, ...], ...]
    counts: tuple[tuple[str, ...], ...]
    calendars: tuple[str | None, ...]
    without_target: tuple[WithoutTarget, ...]
    fired: frozenset[StepKey] | None
    kept: tuple[KeptVerdict, ...] = ()
    told: Mapping[StepKey, tuple[Told, ...]] | None = None

    def fates(self, key: StepKey) -> tuple[Told, ...]:
        """What became of a step's messages, as far as that is known."""
        return () if self.told is None else self.told.get(key, ())

    def to_json(self) -> Json:
        """One object with stable keys; instants in UTC, durations in seconds."""
        choice = self.verdict.choice
        return {
            "ticket": self.verdict.ticket_id,
            "judged_at": stamp(self.verdict.judged_at),
            "policy": self.verdict.policy,
            "tier": choice.tier,
            "customer": choice.customer,
            "commitment": choice.commitment,
            "priority": choice.priority,
            "because": self.because,
            "rejected": list(self.rejected),
            "in_force": [
                {
                    "since": stamp(item.since),
                    "tier": item.tier,
                    "customer": item.customer,
                    "priority": item.priority,
                }
                for item in self.in_force
            ],
            "facts": ticket_facts(self.ticket),
            "nothing": self.verdict.nothing,
            "cycles": [
                _cycle_json(self, number, row) for number, row in enumerate(self.verdict.cycles)
            ],
            "without_target": [
                {"measure": one.measure, "reasons": list(one.reasons)}
                for one in self.without_target
            ],
            "kept": [_kept_json(one) for one in self.kept],
        }

    def text(self) -> str:
        """Plain lines for a terminal; instants in the calendar's zone with offset, and in UTC."""
        return explanation_text(self)


def explain(  # noqa: PLR0913 -- the ticket, the rules, the instant, and three things on record
    ticket: Ticket,
    policy: Policy,
    now: datetime,
    fired: Collection[StepKey] | None = None,
    kept: Collection[KeptVerdict] = (),
    *,
    told: Mapping[StepKey, tuple[Told, ...]] | None = None,
) -> Explanation:
    """The verdict at `now` with its choice, ledgers and steps.

    Args:
        ticket: the facts.
        policy: the rules to explain it by.
        now: the instant of judging.
        fired: the steps known to have been carried out; None where nobody knows.
        kept: closed cycles as the record holds them, where that is different.
        told: what became of the messages of those steps; None: all were sent.
    """
    verdict = evaluate(ticket, policy, now)
    judged = judge(ticket, policy, now)
    selector = selector_of(policy)
    state = dict(verdict.choice.state)
    return Explanation(
        ticket=ticket,
        policy=policy,
        verdict=verdict,
        because=why_chosen(verdict.choice),
        rejected=tuple(_rejected(verdict, selector, state, seconds_of(ticket.created_at))),
        in_force=tuple(_in_force(judged.selected)),
        ledgers=tuple(ledger(row.clock, judged.life.statuses) for row in verdict.cycles),
        counts=tuple(tuple(counted_in(row, policy)) for row in verdict.cycles),
        calendars=tuple(_calendar_because(row, policy, judged) for row in verdict.cycles),
        without_target=_without_target(verdict, policy, seconds_of(ticket.created_at)),
        fired=None if fired is None else frozenset(fired),
        kept=tuple(kept),
        told=None if told is None else dict(told),
    )


def _calendar_because(row: CycleVerdict, policy: Policy, judged: Judged) -> str | None:
    """What chose the cycle's calendar, by the ticket's values when its target applied."""
    chooser = policy.choosers.get(row.target.counted)
    if chooser is None:
        return None
    application = row.clock.application
    states = [
        item.state
        for item in judged.selected
        if item.selection.applications.get(row.measure) is application
    ]
    return why_counted(chooser, row.calendar, states[-1]) if states else None


def _without_target(verdict: Verdict, policy: Policy, created: int) -> tuple[WithoutTarget, ...]:
    """Of the measures without a target those that never had one: no cycle tells of them."""
    told = {row.measure for row in verdict.cycles}
    found = without_target(policy, verdict.choice, created)
    return tuple(one for one in found if one.measure not in told)


def _in_force(selected: list[Selected]) -> list[InForce]:
    """What held since when, where it differs from what held before."""
    found: list[InForce] = []
    for item in selected:
        tier, contract = item.selection.tier, item.selection.contract
        held = InForce(
            instant_of(item.at),
            tier.name if tier else None,
            contract.name if contract else None,
            item.selection.priority,
        )
        if not found or replace(found[-1], since=held.since) != held:
            found.append(held)
    return found


def _rejected(verdict: Verdict, selector: Selector, state: State, created: int) -> list[str]:
    """Why the contracts and the tiers before the chosen one do not hold."""
    reasons: list[str] = []
    for contract in selector.policy.contracts:
        if contract.name != verdict.choice.customer:
            reasons.append(f"customer {contract.name}: {_contract_fails(contract, state, created)}")
    if verdict.choice.customer is not None:
        return reasons
    for tier, test in selector.tiers:
        if tier.name == verdict.choice.tier:
            break
        if not test(state):
            reasons.append(f"tier {tier.name}: {why_fails(tier.match, state)}")
    return reasons


def _contract_fails(contract: Contract, state: State, created: int) -> str:
    if contract.from_at is not None and created < seconds_of(contract.from_at):
        return f"begins {stamp(contract.from_at)}, after the ticket was created"
    if contract.until_at is not None and created >= seconds_of(contract.until_at):
        return f"ended {stamp(contract.until_at)}, before the ticket was created"
    return why_fails(contract.match, state)


def _cycle_json(found: Explanation, number: int, row: CycleVerdict) -> Json:
    return {
        "measure": row.measure,
        "cycle": row.cycle,
        "state": row.state,
        "reason": row.reason,
        "tier": row.tier,
        "customer": row.customer,
        "priority": row.priority,
        "rule": row.rule,
        "calendar": row.calendar,
        "calendar_because": found.calendars[number],
        "time_zone": row.time_zone,
        "target_seconds": row.target_seconds,
        "started_at": stamp(row.started_at),
        "due_at": _stamp(row.due_at),
        "fulfilled_at": _stamp(row.fulfilled_at),
        "ended_by": row.ended_by,
        "breached_at": _stamp(row.breached_at),
        "elapsed_seconds": row.elapsed_seconds,
        "paused_seconds": row.paused_seconds,
        "at_risk_from": _stamp(row.risk_at),
        "counts_in": list(found.counts[number]),
        "segments": [_segment_json(segment) for segment in found.ledgers[number]],
        "steps": [_step_json(found, row, step) for step in row.steps],
    }


def _segment_json(segment: ClockSegment) -> Json:
    return {
        "from": stamp(segment.start),
        "to": stamp(segment.end),
        "kind": segment.kind,
        "seconds": segment.seconds,
        "reason": segment.reason,
    }


def _step_json(found: Explanation, row: CycleVerdict, step: StepInstant) -> Json:
    """`fired`: it was carried out; `sent`: and everybody whom it tells was told."""
    key = (row.measure, row.cycle, step.key)
    is_fired = None if found.fired is None else key in found.fired
    fates = found.fates(key)
    return {
        "step": step.key,
        "at": _stamp(step.at),
        "fired": is_fired,
        "sent": is_fired and all(one.fate in ("sent", "nobody") for one in fates),
        "told": [
            {
                "recipient": one.recipient,
                "fate": one.fate,
                "detail": one.detail,
                "at": _stamp(one.at),
            }
            for one in fates
        ],
        "rule": str(step.step.where),
    }


def _kept_json(one: KeptVerdict) -> Json:
    return {
        "measure": one.measure,
        "cycle": one.cycle,
        "state": one.state,
        "due_at": _stamp(one.due_at),
        "rule": one.rule,
        "policy": one.policy,
    }


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)
