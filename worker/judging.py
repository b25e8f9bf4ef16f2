# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging one stored ticket: what its rows should say afterwards. Nothing is stored here."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from rules.changes import OWN_FIELDS
from rules.detail import digest
from rules.evaluate import evaluate
from rules.first_contact import solved_ticket
from rules.plan import plan
from rules.repeats import answered_repeats, is_repetition
from rules.steps import steps_due
from rules.verdict import OPEN_STATES
from worker.store.cycles import CYCLE_COLUMNS, MOVING, cycle_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from rules.changes import CurrentFields, FieldChange, OwnField
    from rules.evidence import SolvedTicket
    from rules.facts import Ticket
    from rules.policy import Policy
    from rules.steps import StepDue, StepKey
    from rules.verdict import CycleVerdict, Verdict
    from worker.store.facts import Cycle, StoredCycle, StoredTicket

_DECIDED = frozenset({"state", "ended_by", "fulfilled_at", "breached_at"})

Cause = Literal["event", "time", "policy"]
"""What made a judgement differ: the ticket's own events, time, or rules, settings and code."""

_SOLVED = frozenset({"solved", "closed"})
_OF_THE_TICKET = frozenset({"merged", "deleted"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one look at a ticket decided.

    `cycles` are the verdict rows to store (rows not named stay as they are),
    `moved` those of which only the seconds have moved with time, `cancelled`
    the open ones that the policy no longer knows. `due` are steps fired with
    this look, `stopped` the repetitions among them that are not told and why;
    `actions_done` says that no earlier step's action is still to be written.
    `detail_mark` names what the ticket's detail says once the changes
    are written, and the very text that says it. `channel` and `solved`, the first
    solve, are for reports.
    """

    ticket: StoredTicket
    verdict: Verdict
    cycles: tuple[CycleVerdict, ...]
    cancelled: tuple[Cycle, ...]
    due: tuple[StepDue, ...]
    changes: tuple[FieldChange, ...]
    actions_done: bool
    cause: Cause
    assignee: str | None
    group: str | None
    sla_tier: str | None
    sla_state: str | None
    detail_mark: str | None = None
    moved: tuple[CycleVerdict, ...] = ()
    stopped: Mapping[StepKey, str] = field(default_factory=dict)
    channel: str | None = None
    solved: SolvedTicket | None = None


def judge(
    stored: StoredTicket,
    policy: Policy,
    now: datetime,
    policy_of: Callable[[str], Policy | None],
) -> Judgement:
    """Judge a ticket and compare with what its rows and its fields hold.

    `policy_of` finds an earlier policy by its hash: a verdict that an earlier
    policy closed is rewritten only where facts, not rules, have changed it.
    """
    ticket = stored.assembled()
    now = ticket.present(now)
    verdict = evaluate(ticket, policy, now)
    current = stored.current()
    pending = steps_due(verdict, policy, stored.acted, now)
    due = tuple(one for one in pending if (one.measure, one.cycle, one.key) not in stored.sent)
    sent = stored.sent | {(one.measure, one.cycle, one.key) for one in due}
    stopped = _stopped(stored, pending, answered_repeats(pending, verdict, ticket, now))
    changes: tuple[FieldChange, ...] = ()
    says = ""
    if stored.is_writable:
        says = digest(verdict, policy, current, sent)
        held = current.own.get("sla_detail")
        changes = plan(
            verdict,
            policy,
            current,
            fired=[one for one in pending if _key(one) not in stopped],
            sent=sent,
            written=_own(stored.written()),
            keeps_detail=held is not None and stored.detail_mark == _mark(says, held),
        )
    detail = _after(changes, current, "sla_detail")
    cycles, moved = _to_store(stored, ticket, verdict, policy_of)
    return Judgement(
        ticket=stored,
        verdict=verdict,
        cycles=cycles,
        moved=moved,
        cancelled=_no_longer_known(stored, verdict),
        due=due,
        stopped=stopped,
        changes=changes,
        actions_done=all(change.field in OWN_FIELDS for change in changes),
        cause=_cause(stored, now),
        assignee=current.assignee,
        group=current.group,
        sla_tier=_after(changes, current, "sla_tier") or verdict.choice.tier,
        sla_state=_after(changes, current, "sla_state"),
        detail_mark=_mark(says, detail) if says and detail is not None else None,
        channel=ticket.channel,
        solved=solved_ticket(ticket, verdict) if _was_solved(ticket) else None,
    )


def _was_solved(ticket: Ticket) -> bool:
    """A cheap look first: most tickets that are judged are open and always were."""
    return ticket.status in _SOLVED or any(
        one.kind == "status" and one.to in _SOLVED for one in ticket.happenings
    )


def _stopped(
    stored: StoredTicket, pending: tuple[StepDue, ...], answered: frozenset[StepKey]
) -> dict[StepKey, str]:
    """Repetitions that are not told, with the reason: somebody has taken notice."""
    stopped = dict.fromkeys(answered, "an agent has replied")
    for one in pending:
        if (one.measure, one.cycle) in stored.acknowledged and is_repetition(one.key):
            stopped[_key(one)] = "acknowledged"
    return stopped


def _key(one: StepDue) -> StepKey:
    return one.measure, one.cycle, one.key


def _mark(says: str, text: str) -> str:
    """What a detail says, and the text itself: a text that somebody edited has another mark."""
    return f"{says}{blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def _after(changes: tuple[FieldChange, ...], current: CurrentFields, field: OwnField) -> str | None:
    """The value of one of our fields once the changes have been written."""
    for change in changes:
        if change.field == field:
            return change.new
    return current.own.get(field)


def _cause(stored: StoredTicket, now: datetime) -> Cause:
    if stored.has_news:
        return "event"
    moment = stored.judged_look_at
    return "time" if moment is not None and moment <= now else "policy"


def _own(values: Mapping[str, str | None]) -> dict[OwnField, str | None]:
    return {name: values[name] for name in OWN_FIELDS if name in values}


def _no_longer_known(stored: StoredTicket, verdict: Verdict) -> tuple[Cycle, ...]:
    known = {(row.measure, row.cycle) for row in verdict.cycles}
    return tuple(
        cycle
        for cycle, row in stored.verdicts.items()
        if cycle not in known and row.state in OPEN_STATES
    )


def _to_store(
    stored: StoredTicket,
    ticket: Ticket,
    verdict: Verdict,
    policy_of: Callable[[str], Policy | None],
) -> tuple[tuple[CycleVerdict, ...], tuple[CycleVerdict, ...]]:
    """Cycles whose rows say something else now, and open ones that only time has moved."""
    found: list[CycleVerdict] = []
    moved: list[CycleVerdict] = []
    for row in verdict.cycles:
        before = stored.verdicts.get((row.measure, row.cycle))
        values = cycle_values(row)
        if before is None:
            found.append(row)
        elif values != before.values or (row.is_open and not _has_owner(before, verdict)):
            lasts = values[:-MOVING] == before.values[:-MOVING]
            is_moved = row.is_open and lasts and _has_owner(before, verdict)
            (moved if is_moved else found).append(row)
    closed = [row for row in found if _closed_by_another(stored, row, verdict.policy)]
    if closed:
        kept = _kept(stored, ticket, closed, verdict, policy_of)
        found = [row for row in found if (row.measure, row.cycle) not in kept]
    return tuple(found), tuple(moved)


def _has_owner(before: StoredCycle, verdict: Verdict) -> bool:
    """Whether the row was judged by these rules for this customer."""
    return before.policy == verdict.policy and before.organization_id == verdict.organization_id


def _closed_by_another(stored: StoredTicket, row: CycleVerdict, policy: str) -> bool:
    before = stored.verdicts.get((row.measure, row.cycle))
    return before is not None and before.state not in OPEN_STATES and before.policy != policy


def _kept(
    stored: StoredTicket,
    ticket: Ticket,
    closed: list[CycleVerdict],
    verdict: Verdict,
    policy_of: Callable[[str], Policy | None],
) -> set[Cycle]:
    """Which closed verdicts stay: those that their own policy would still give."""
    kept: set[Cycle] = set()
    again: dict[str, dict[Cycle, CycleVerdict]] = {}
    for row in closed:
        cycle = (row.measure, row.cycle)
        before = stored.verdicts[cycle]
        if not stored.has_news:
            kept.add(cycle)
            continue
        name = before.policy
        if name not in again:
            own = policy_of(name)
            judged = () if own is None else evaluate(ticket, own, verdict.judged_at).cycles
            again[name] = {(one.measure, one.cycle): one for one in judged}
        by_own = again[name].get(cycle)
        if by_own is None:  # its rules cannot be read any more, or no longer know the cycle
            if row.reason not in _OF_THE_TICKET:
                kept.add(cycle)
        elif not _says_other(by_own, before):
            kept.add(cycle)
    return kept


def _says_other(row: CycleVerdict, before: StoredCycle) -> bool:
    return any(
        now != then
        for name, now, then in zip(CYCLE_COLUMNS, cycle_values(row), before.values, strict=True)
        if name in _DECIDED
    )
