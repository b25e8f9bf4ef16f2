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
_NOT_JUDGED = frozenset({"cancelled", "excluded"})


def plan(  # noqa: PLR0913 - the verdict, what stands in the ticket, and what was sent or written
    verdict: Verdict,
    policy: Policy,
    current: CurrentFields,
    *,
    fired: Sequence[StepDue] = (),
    sent: Collection[StepKey] = frozenset(),
    written: Mapping[OwnField, str | None] | None = None,
    keeps_detail: bool = False,
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
        keeps_detail: the ticket is known to hold a detail that says what this
            verdict says (see `rules.detail.digest`), as it was written.
    """
    if current.status in _UNWRITABLE:
        return ()
    row, applies = next_deadline(verdict), _applies(verdict)
    changes: list[FieldChange] = []
    if applies or current.status not in _SOLVED or _holds_anything(current):
        wanted = _short_fields(verdict, row)
        if not keeps_detail:
            text = detail(verdict, policy, current, sent)
            wanted["sla_detail"] = _kept_or_new(text, current, written)
        changes += _own_changes(verdict, current, wanted, row)
    if applies and current.status not in _SOLVED:
        changes += _priority_change(verdict, policy, current, fired)
        changes += _due_change(policy, current, row)
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
    found: CycleVerdict | None = None
    earliest: tuple[int, str] | None = None
    for row in verdict.cycles:
        due = row.clock.due
        if due is None or not row.is_open:
            continue
        place = (due.shown, row.measure)
        if earliest is None or place < earliest:
            found, earliest = row, place
    return found


def _applies(verdict: Verdict) -> bool:
    """Whether any cycle is judged, now or in the past."""
    return any(row.state not in _NOT_JUDGED for row in verdict.cycles)


def _holds_anything(current: CurrentFields) -> bool:
    """Whether there is anything to clear in a ticket to which nothing applies."""
    return any(current.own.get(key) for key in OWN_FIELDS)


def _short_fields(verdict: Verdict, row: CycleVerdict | None) -> dict[OwnField, str | None]:
    """What our own fields should hold, but for the detail."""
    wanted: dict[OwnField, str | None] = {
        "sla_tier": verdict.choice.tier if _applies(verdict) else None,
        "sla_state": sla_state(verdict),
        "sla_due_at": None,
        "sla_due_date": None,
        "sla_target": None,
    }
    if row is not None and row.due_at is not None:
        local = row.due_at.astimezone(time_zone(row.time_zone))
        wanted["sla_due_at"] = stamp(row.due_at)
        wanted["sla_due_date"] = local.date().isoformat()
        wanted["sla_target"] = row.measure
    return wanted


def _kept_or_new(
    text: str, current: CurrentFields, written: Mapping[OwnField, str | None] | None
) -> str | None:
    """The detail as it stands where it says the same and nobody edited it; else the new one."""
    old = current.own.get("sla_detail")
    is_edited = written is not None and written.get("sla_detail") not in {None, old}
    return old if not is_edited and is_same(old, text) else text


def _own_changes(
    verdict: Verdict,
    current: CurrentFields,
    wanted: Mapping[OwnField, str | None],
    row: CycleVerdict | None,
) -> list[FieldChange]:
    changes: list[FieldChange] = []
    for key in OWN_FIELDS:
        if key not in wanted or current.own.get(key) == wanted[key]:
            continue
        because = _tier_because(verdict, key) or _because(verdict, row)
        changes.append(FieldChange(key, current.own.get(key), wanted[key], because))
    return changes


def _tier_because(verdict: Verdict, key: OwnField) -> str | None:
    """The tier is chosen by its own line of the rules, not by a target's."""
    where = verdict.choice.where
    return str(where) if key == "sla_tier" and where is not None and _applies(verdict) else None


def _because(verdict: Verdict, row: CycleVerdict | None) -> str:
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


def _due_change(
    policy: Policy, current: CurrentFields, row: CycleVerdict | None
) -> list[FieldChange]:
    """`due_at` exists only on tasks; a task without a known due keeps what it has."""
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
