# SPDX-License-Identifier: GPL-3.0-or-later
"""Ticket, policy and instant in; verdict out. Pure: the same input gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rules.clocks import Applied, Clock, Spans, read_clock
from rules.cycles import TIME_IN_STATUS, Life, life, no_options
from rules.facts import MEASURES, Measure
from rules.select import Application, Selection, Selector, selector_of
from rules.select import State as SelectionState
from rules.steps import next_step_at, risk_at
from rules.timeline import Exclusion, Timeline, instant_of, seconds_of, timeline
from rules.verdict import Choice, CycleVerdict, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from rules.cycles import Options
    from rules.facts import Happening, Organization, Ticket
    from rules.policy import Policy
    from rules.verdict import NothingReason


class Selected(msgspec.Struct, gc=False):
    """What held from `at` on, and the state that decided it."""

    at: int
    selection: Selection
    state: SelectionState


class Judged(msgspec.Struct, gc=False):
    """A ticket's whole evaluation before it is put into words."""

    line: Timeline
    life: Life
    selected: list[Selected]
    clocks: dict[Measure, list[Clock]]
    now: int


def evaluate(ticket: Ticket, policy: Policy, now: datetime) -> Verdict:
    """The verdict of every cycle of the ticket as known at `now` (its own second included).

    What happens later than `now` is unknown; a ticket created later has no
    cycles. Raises ValueError for a naive `now`.
    """
    judged = judge(ticket, policy, now)
    rows = [
        _row(clock, judged, policy)
        for measure in MEASURES
        for clock in judged.clocks.get(measure, ())
    ]
    last = judged.selected[-1].selection
    organization = _organization_of(ticket, judged.line)
    return Verdict(
        ticket_id=ticket.id,
        organization_id=organization.id if organization else None,
        judged_at=instant_of(judged.now),
        policy=policy.hash,
        choice=_choice(judged, last),
        cycles=tuple(rows),
        look_at=_look_at(rows, judged.now),
        nothing=None if rows else _nothing(judged, organization, last),
    )


def judge(ticket: Ticket, policy: Policy, now: datetime) -> Judged:
    """Timeline, cycles, selections and clocks of a ticket; what `evaluate` and `explain` share."""
    if now.tzinfo is None:
        msg = "the judging instant needs a time zone"
        raise ValueError(msg)
    second = seconds_of(now)
    selector = selector_of(policy)
    line = timeline(ticket, second)
    if line.exclusion is not None:
        second = line.exclusion.at
    selected = selections(ticket, line, selector)
    options = options_of(selected) if selector.has_options else no_options
    measures = {measure for item in selected for measure in item.selection.applications}
    its_life = life(ticket, line, measures, options)
    clocks: dict[Measure, list[Clock]] = {}
    if seconds_of(ticket.created_at) <= second:
        clocks = clocks_of(its_life, selected, second)
    return Judged(line, its_life, selected, clocks, seconds_of(now))


def selections(ticket: Ticket, line: Timeline, selector: Selector) -> list[Selected]:
    """What held since when: looked at again only where a value changed that the policy reads."""
    created = line.updates[0].at
    state = selector.state(ticket)
    selected = [Selected(created, selector.select(state, created), state)]
    for update in line.updates:
        changed = False
        for change in update.changes:
            if change.kind == "field" and change.field not in selector.paths:
                continue
            changes = _changes(change, selector)
            if any(state[path] != value for path, value in changes.items()):
                state = {**state, **changes}
                changed = True
        if changed:
            if update.at == created:
                selected.clear()
            selected.append(Selected(update.at, selector.select(state, created), state))
    return selected


def _changes(change: Happening, selector: Selector) -> SelectionState:
    """The values that a happening changes, of those that the policy reads."""
    if change.kind == "organization":
        return {path: read(change.organization) for path, read in selector.of_organization}
    if change.field is None or (change.field == "priority" and change.by == "stipt"):
        return {}  # a raise by Stipt never chooses a target
    return {change.field: change.to}


def options_of(selected: list[Selected]) -> Options:
    """The start and stop names in force, of the target that applies then or next."""

    def options(measure: Measure, at: int) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for index, item in enumerate(selected):
            application = item.selection.applications.get(measure)
            if application is not None:
                found = application.target.start_on | application.target.stop_on
            next_at = selected[index + 1].at if index + 1 < len(selected) else None
            if application is not None and (next_at is None or at < next_at):
                break
        return found

    return options


def clocks_of(
    its_life: Life,
    selected: list[Selected],
    second: int,
    measures: Collection[Measure] = MEASURES,
) -> dict[Measure, list[Clock]]:
    """The clocks of the measures to which a target ever applied, as they stand at `second`."""
    clocks: dict[Measure, list[Clock]] = {}
    spans: dict[frozenset[str], Spans] = {}

    def stops_of(application: Application) -> Spans:
        found = spans.get(application.pauses)
        if found is None:
            found = spans[application.pauses] = _pause_spans(its_life, application.pauses)
        return found

    for measure, cycles in its_life.cycles.items():
        if not cycles or measure not in measures:
            continue
        applied = _applied(measure, selected, its_life)
        if len(applied) == 1 and applied[0][1] is None:
            continue
        read = [read_clock(cycle, applied, stops_of, second) for cycle in cycles]
        found = [clock for clock in read if clock is not None]
        if found:
            clocks[measure] = found
    return clocks


def _applied(measure: Measure, selected: list[Selected], its_life: Life) -> Applied:
    """Since when which target applies to a measure.

    A time-in-status cycle that is solved is not judged until it is reopened:
    what changed meanwhile is applied at the reopening.
    """
    if len(selected) == 1:
        return [(selected[0].at, selected[0].selection.applications.get(measure))]
    applied: Applied = []
    solved = its_life.solved if measure in TIME_IN_STATUS else []
    for index, item in enumerate(selected):
        at: int | None = item.at
        if index and solved:
            at = _after_solved(item.at, solved)
            if at is None:
                break
        application = item.selection.applications.get(measure)
        if applied and applied[-1][0] == at:
            applied.pop()
        if not applied or applied[-1][1] is not application:
            applied.append((item.at if at is None else at, application))
    return applied


def _after_solved(at: int, solved: list[tuple[int, int | None]]) -> int | None:
    for start, end in solved:
        if start <= at and (end is None or at < end):
            return end
    return at


def _pause_spans(its_life: Life, names: frozenset[str]) -> Spans:
    """The spans in which the ticket's status or custom status is one of `names`."""
    spans: Spans = []
    for span in its_life.statuses:
        if span.status not in names and span.custom not in names:
            continue
        if spans and spans[-1][1] == span.start:
            spans[-1] = (spans[-1][0], span.end)
        else:
            spans.append((span.start, span.end))
    return spans


def _row(clock: Clock, judged: Judged, policy: Policy) -> CycleVerdict:
    state, reason = state_of(clock, judged.line.exclusion, policy)
    return CycleVerdict(clock, state, reason, policy.settings.at_risk)


def state_of(clock: Clock, exclusion: Exclusion | None, policy: Policy) -> tuple[State, str | None]:
    """The state that a clock's reading comes to, and the reason where it is excluded."""
    if exclusion is not None:
        return "excluded", exclusion.reason
    since = policy.settings.enforce_from
    if since is not None and clock.cycle.start < seconds_of(since):
        return "excluded", "before_enforce_from"
    if clock.breach is not None:
        return ("breached_open" if clock.is_open else "breached"), None
    if clock.cancelled_at is not None:
        return "cancelled", None
    if clock.cycle.end is not None:
        return "met", None
    return ("running" if clock.since is None else "paused"), None


def _choice(judged: Judged, selection: Selection) -> Choice:
    contract, tier = selection.contract, selection.tier
    last = judged.selected[-1]
    holder = contract or tier
    commitment = (contract and contract.commitment) or (tier and tier.commitment)
    return Choice(
        at=instant_of(last.at),
        tier=tier.name if tier else None,
        customer=contract.name if contract else None,
        commitment=commitment or None,
        priority=selection.priority,
        where=holder.where if holder else None,
        state=last.state,
        match=holder.match if holder else None,
    )


def _nothing(
    judged: Judged, organization: Organization | None, selection: Selection
) -> NothingReason:
    if judged.line.exclusion is not None:
        return "excluded"
    if selection.tier is None:
        return "no_tier"
    return "no_target" if organization else "no_organization"


def _look_at(rows: list[CycleVerdict], now: int) -> datetime | None:
    """The next instant after `now` at which time alone changes what is shown or sent."""
    moments: list[int] = []
    for row in rows:
        clock = row.clock
        if not clock.is_open or clock.since is not None or row.state == "excluded":
            continue
        step = next_step_at(clock, now)
        if step is not None:
            moments.append(step)
        if clock.breach is None and clock.due is not None:
            # Equality is met: the breach shows one second after the due.
            moments.append(clock.due.judged + 1)
            at_risk = risk_at(clock, row.at_risk)
            if at_risk is not None:
                moments.append(at_risk)
    ahead = [at for at in moments if at > now]
    return instant_of(min(ahead)) if ahead else None


def _organization_of(ticket: Ticket, line: Timeline) -> Organization | None:
    """The ticket's organisation at the end of its timeline."""
    for update in reversed(line.updates):
        if update.changes:
            for change in reversed(update.changes):
                if change.kind == "organization":
                    return change.organization
    return ticket.organization
