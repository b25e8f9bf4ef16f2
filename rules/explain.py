# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a verdict is what it is: the choice, the clocks' ledgers, the steps, in sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.detail import counted_in, stamp
from rules.duration import format_running
from rules.evaluate import evaluate, judge
from rules.ledger import ClockSegment, ledger
from rules.reasons import why_chosen, why_fails
from rules.select import Selector, selector_of
from rules.timeline import instant_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from rules.evaluate import Selected
    from rules.facts import Ticket
    from rules.policy import Contract, Policy
    from rules.select import State
    from rules.steps import StepKey
    from rules.verdict import CycleVerdict, Verdict

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class InForce:
    """What held for the ticket from an instant on."""

    since: datetime
    tier: str | None
    customer: str | None
    priority: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with everything it rests on."""

    verdict: Verdict
    because: str
    rejected: tuple[str, ...]
    in_force: tuple[InForce, ...]
    ledgers: tuple[tuple[ClockSegment, ...], ...]
    counts: tuple[tuple[str, ...], ...]
    sent: frozenset[StepKey]

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
            "nothing": self.verdict.nothing,
            "cycles": [
                _cycle_json(row, segments, counts, self.sent)
                for row, segments, counts in zip(
                    self.verdict.cycles, self.ledgers, self.counts, strict=True
                )
            ],
        }

    def text(self) -> str:
        """Plain lines for a terminal; instants in the calendar's zone with offset, and in UTC."""
        choice = self.verdict.choice
        judged_at, revision = stamp(self.verdict.judged_at), self.verdict.policy[:7]
        customer = f", customer {choice.customer}" if choice.customer else ""
        lines = [
            f"Ticket {self.verdict.ticket_id}, judged at {judged_at} by policy {revision}",
            f"Tier {choice.tier or 'none'}{customer}, priority {choice.priority or 'none'}",
            f"  because {self.because}",
        ]
        lines += [f"  not {reason}" for reason in self.rejected]
        if len(self.in_force) > 1:
            lines += [
                f"  since {stamp(item.since)}: tier {item.tier or 'none'}, "
                f"priority {item.priority or 'none'}"
                for item in self.in_force
            ]
        if self.verdict.nothing:
            lines.append(f"No target: {self.verdict.nothing}")
        for row, segments in zip(self.verdict.cycles, self.ledgers, strict=True):
            lines += _cycle_lines(row, segments, self.sent)
        return "\n".join(lines) + "\n"


def explain(
    ticket: Ticket, policy: Policy, now: datetime, sent: Collection[StepKey] = frozenset()
) -> Explanation:
    """The verdict at `now` with its choice, ledgers and steps.

    `sent` are the steps known to have been sent; without it none is marked.
    """
    verdict = evaluate(ticket, policy, now)
    judged = judge(ticket, policy, now)
    selector = selector_of(policy)
    state = dict(verdict.choice.state)
    return Explanation(
        verdict=verdict,
        because=why_chosen(verdict.choice),
        rejected=tuple(_rejected(verdict, selector, state, seconds_of(ticket.created_at))),
        in_force=tuple(_in_force(judged.selected)),
        ledgers=tuple(ledger(row.clock, judged.life.statuses) for row in verdict.cycles),
        counts=tuple(tuple(counted_in(row, policy)) for row in verdict.cycles),
        sent=frozenset(sent),
    )


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


def _cycle_json(
    row: CycleVerdict,
    segments: tuple[ClockSegment, ...],
    counts: tuple[str, ...],
    sent: frozenset[StepKey],
) -> Json:
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
        "counts_in": list(counts),
        "segments": [
            {
                "from": stamp(segment.start),
                "to": stamp(segment.end),
                "kind": segment.kind,
                "seconds": segment.seconds,
                "reason": segment.reason,
            }
            for segment in segments
        ],
        "steps": [
            {
                "step": step.key,
                "at": _stamp(step.at),
                "sent": (row.measure, row.cycle, step.key) in sent,
                "rule": str(step.step.where),
            }
            for step in row.steps
        ],
    }


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def _cycle_lines(
    row: CycleVerdict, segments: tuple[ClockSegment, ...], sent: frozenset[StepKey]
) -> list[str]:
    zone = time_zone(row.time_zone)
    title = f"{row.measure}, cycle {row.cycle}: {row.state}"
    if row.reason:
        title += f" ({row.reason})"
    used, of = format_running(row.elapsed_seconds), format_running(row.target_seconds)
    lines = [
        "",
        title,
        f"  rule {row.rule}, priority {row.priority}, counted {row.calendar} ({row.time_zone})",
        f"  used {used} of {of}, paused {format_running(row.paused_seconds)}",
        f"  started {_local(row.started_at, zone)}",
    ]
    for word, at in (
        ("due", row.due_at),
        ("ended", row.fulfilled_at),
        ("breached", row.breached_at),
        ("paused since", row.since),
    ):
        if at is not None:
            lines.append(f"  {word} {_local(at, zone)}")
    lines += [_segment_line(segment, zone) for segment in segments]
    for step in row.steps:
        if step.at is None and not row.is_open:
            continue
        when = "not known yet" if step.at is None else _local(step.at, zone)
        mark = "sent" if (row.measure, row.cycle, step.key) in sent else "not sent"
        lines.append(f"  step {step.key}: {when}, {mark} ({step.step.where})")
    return lines


def _segment_line(segment: ClockSegment, zone: ZoneInfo) -> str:
    start, end = segment.start.astimezone(zone), segment.end.astimezone(zone)
    span = f"{start:%a %Y-%m-%d %H:%M:%S} - {end:%a %Y-%m-%d %H:%M:%S}"
    line = f"    {span}  {segment.kind:7}"
    if segment.kind == "closed":
        return line if segment.reason == "closed" else f"{line}           {segment.reason}"
    seconds = format_running(segment.seconds)
    return f"{line} {seconds:>9}" + (f" {segment.reason}" if segment.kind == "paused" else "")


def _local(at: datetime, zone: ZoneInfo) -> str:
    """Wall time with offset, and UTC."""
    return f"{at.astimezone(zone).strftime('%Y-%m-%d %H:%M:%S%z')} ({stamp(at)})"
