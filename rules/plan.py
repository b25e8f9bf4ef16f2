# SPDX-License-Identifier: GPL-3.0-or-later
"""What to write into a ticket: the difference between its verdict and its fields.

An empty plan means that nothing is to be written; judging twice writes
nothing the second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.changes import OWN_FIELDS, FieldChange, OwnField
from rules.detail import detail, is_same, stamp
from rules.facts import PRIORITIES
from rules.select import higher
from rules.steps import is_at_risk

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rules.changes import CurrentFields
    from rules.policy import Policy, Tier
    from rules.steps import StepDue, StepKey
    from rules.verdict import CycleVerdict, Verdict

SlaState = str
_SOLVED = frozenset({"solved", "closed"})
_UNWRITABLE = frozenset({"closed", "deleted"})


def plan(  # noqa: PLR0913 - the verdict, what stands in the ticket, and what was sent or written
    verdict: Verdict,
    policy: Policy,
    current: CurrentFields,
    *,
    fired: Sequence[StepDue] = (),
    sent: Collection[StepKey] = frozenset(),
    written: Mapping[OwnField, str | None] | None = None,
) -> tuple[FieldChange, ...]:
    """The field changes that bring a ticket to its verdict.

    Args:
        verdict: the ticket's verdict.
        policy: the policy that gave it.
        current: what the ticket's fields hold now.
        fired: steps whose moment has come with this judgement; their actions
            (priority, group, person, tags) are part of the plan.
        sent: steps sent so far, these included; shown in `sla_detail`.
        written: what was last written into our own fields, where known; a
            detail that somebody edited by hand is put back.
    """
    if current.status in _UNWRITABLE:
        return ()
    changes = [*_own_changes(verdict, policy, current, sent, written)]
    if current.status not in _SOLVED and _applies(verdict):
        changes += _priority_change(verdict, policy, current, fired)
        changes += _due_change(verdict, policy, current)
        changes += _action_changes(current, fired)
    return tuple(changes)


def sla_state(verdict: Verdict) -> SlaState:
    """The ticket's state in one word: the first that holds.

    breached (an open cycle is past its due), at_risk, on_track, paused (all
    open cycles are), missed (none is open, one was late), met, none.
    """
    states = {row.state for row in verdict.cycles}
    if "breached_open" in states:
        return "breached"
    running = [row for row in verdict.cycles if row.state == "running"]
    if running:
        at_risk = any(is_at_risk(row, verdict.judged_at) for row in running)
        return "at_risk" if at_risk else "on_track"
    for state, word in (("paused", "paused"), ("breached", "missed"), ("met", "met")):
        if state in states:
            return word
    return "none"


def next_deadline(verdict: Verdict) -> CycleVerdict | None:
    """The open cycle with the earliest known due, past ones included."""
    rows = [row for row in verdict.cycles if row.is_open and row.due_at is not None]
    return min(rows, key=lambda row: (row.due_at, row.measure), default=None)


def own_fields(
    verdict: Verdict, policy: Policy, current: CurrentFields, sent: Collection[StepKey]
) -> dict[OwnField, str | None]:
    """What our own fields should hold."""
    row = next_deadline(verdict)
    wanted: dict[OwnField, str | None] = {
        "sla_tier": verdict.choice.tier if _applies(verdict) else None,
        "sla_state": sla_state(verdict),
        "sla_due_at": None,
        "sla_due_date": None,
        "sla_target": None,
        "sla_detail": detail(verdict, policy, current, sent),
    }
    if row is not None and row.due_at is not None:
        local = row.due_at.astimezone(time_zone(row.time_zone))
        wanted["sla_due_at"] = stamp(row.due_at)
        wanted["sla_due_date"] = local.date().isoformat()
        wanted["sla_target"] = row.measure
    return wanted


def _applies(verdict: Verdict) -> bool:
    """Whether any cycle is judged, now or in the past."""
    return any(row.state not in {"cancelled", "excluded"} for row in verdict.cycles)


def _own_changes(
    verdict: Verdict,
    policy: Policy,
    current: CurrentFields,
    sent: Collection[StepKey],
    written: Mapping[OwnField, str | None] | None,
) -> list[FieldChange]:
    holds_nothing = not any(current.own.get(key) for key in OWN_FIELDS)
    if not _applies(verdict) and holds_nothing and current.status in _SOLVED:
        return []  # there is nothing to clear, and nobody is waiting
    wanted = own_fields(verdict, policy, current, sent)
    because = _because(verdict)
    changes: list[FieldChange] = []
    for key in OWN_FIELDS:
        old, new = current.own.get(key), wanted[key]
        if old == new:
            continue
        if key == "sla_detail" and new is not None and is_same(old, new):
            edited = written is not None and written.get(key) not in {None, old}
            if not edited:
                continue
        changes.append(FieldChange(key, old, new, _tier_because(verdict, key) or because))
    return changes


def _tier_because(verdict: Verdict, key: OwnField) -> str | None:
    """The tier is chosen by its own line of the rules, not by a target's."""
    where = verdict.choice.where
    return str(where) if key == "sla_tier" and where is not None and _applies(verdict) else None


def _because(verdict: Verdict) -> str:
    row = next_deadline(verdict)
    if row is not None:
        return f"{row.rule} {row.measure}"
    last = next((row for row in reversed(verdict.cycles)), None)
    return f"{last.rule} {last.measure}" if last else (verdict.nothing or "nothing applies")


def _priority_change(
    verdict: Verdict, policy: Policy, current: CurrentFields, fired: Sequence[StepDue]
) -> list[FieldChange]:
    """The tier's default where there is none, the floor, and raises; never a lowering."""
    tier = _tier(verdict, policy)
    if policy.settings.write_priority == "off" or tier is None:
        return []
    old = current.priority if current.priority in PRIORITIES else None
    new = old or tier.default_priority
    because = str(tier.where)
    if new is not None:
        new = higher(new, tier.floor_priority)
    for due in fired:
        raised = due.step.raise_priority
        if raised is not None and (new is None or higher(raised, new) != new):
            new, because = raised, f"{due.step.where} {due.measure} {due.label}"
    return [] if new is None or new == old else [FieldChange("priority", old, new, because)]


def _due_change(verdict: Verdict, policy: Policy, current: CurrentFields) -> list[FieldChange]:
    """`due_at` exists only on tasks; a task without a known due keeps what it has."""
    row = next_deadline(verdict)
    if policy.settings.write_due_at == "off" or current.type != "task" or row is None:
        return []
    new = None if row.due_at is None else stamp(row.due_at)
    if new is None or new == current.due_at:
        return []
    return [FieldChange("due_at", current.due_at, new, f"{row.rule} {row.measure}")]


def _action_changes(current: CurrentFields, fired: Sequence[StepDue]) -> list[FieldChange]:
    """Groups, persons and tags of the steps whose moment has come."""
    changes: dict[tuple[str, str], FieldChange] = {}
    for due in fired:
        step, because = due.step, f"{due.step.where} {due.measure} {due.label}"
        if step.assign_group is not None and step.assign_group != current.group:
            changes["group", ""] = FieldChange("group", current.group, step.assign_group, because)
        if step.assign_person is not None and step.assign_person != current.assignee:
            changes["assignee", ""] = FieldChange(
                "assignee", current.assignee, step.assign_person, because
            )
        for tag in step.add_tags:
            if tag not in current.tags:
                changes["tags", tag] = FieldChange("tags", None, tag, because)
    return list(changes.values())


def _tier(verdict: Verdict, policy: Policy) -> Tier | None:
    return next((tier for tier in policy.tiers if tier.name == verdict.choice.tier), None)
