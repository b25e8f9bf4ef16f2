# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests that admins write: the production engine on a virtual clock.

Every expectation is compared, not only the first that fails. Steps are
compared as a whole: one that was not expected fails as one that is missing
does, and an empty list says that nobody is told anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.explain import explain
from rules.facts import PRIORITIES
from rules.format.base import FormError
from rules.rehearsal import rehearse
from rules.select import selector_of
from rules.timeline import seconds_of
from rules.trial_steps import local_text, read_entry
from rules.trials import NO_CUSTOMER
from rules.without_target import without_target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rules.facts import Measure
    from rules.policy import Policy, Where
    from rules.rehearsal import Rehearsed
    from rules.trial_steps import FiredSteps, StepsEntry
    from rules.trials import ExpectedCycle, Trial
    from rules.verdict import CycleVerdict

NONE = NO_CUSTOMER
_LATE_STATES = frozenset({"breached", "breached_open"})
_MOMENT = timedelta(seconds=1)
_MOST_REJECTED = 5


@dataclass(frozen=True, slots=True)
class Compared:
    """One expectation beside what came of it; `where` is the expectation's place.

    An empty `expected` stands for a step that nobody expected, an empty
    `actual` for one that did not fire.
    """

    what: str
    where: Where
    expected: str
    actual: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What came of a test. `reasons` say where surprising values come from.

    `rehearsed` is None, and `fault` says why, where the test cannot be run.
    """

    trial: Trial
    until: datetime
    compared: tuple[Compared, ...]
    reasons: tuple[str, ...] = ()
    rehearsed: Rehearsed | None = None
    fault: str = ""

    @property
    def has_passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.fault and all(one.agrees for one in self.compared)

    @property
    def fired(self) -> tuple[FiredSteps, ...]:
        """Every step that fired up to `until`."""
        return self.rehearsed.fired if self.rehearsed else ()


def run_trial(trial: Trial, policy: Policy) -> TrialResult:
    """Run one test and compare everything that it expects."""
    until = end_of(trial)
    fault = _fault(trial)
    if fault:
        return TrialResult(trial, until, (), fault=fault)
    try:
        rehearsed = rehearse(trial.ticket, policy, until)
    except ValueError as error:  # an instant in a year that no calendar counts
        return TrialResult(trial, until, (), fault=str(error))
    compared = tuple(_compare(trial, rehearsed))
    reasons = tuple(_reasons(trial, policy, until, compared, rehearsed))
    return TrialResult(trial, until, compared, reasons, rehearsed)


def end_of(trial: Trial) -> datetime:
    """Where a test's clock stops: at `until`, else at the last instant that it names.

    A due that is expected to be missed is seen a second later: at the due
    itself an answer is still in time.
    """
    if trial.until is not None:
        return trial.until
    instants = [trial.ticket.created_at, *(one.at for one in trial.ticket.happenings)]
    for cycle in trial.cycles.values():
        is_late = cycle.state in _LATE_STATES or cycle.breached_at is not None
        named = (cycle.due_at, cycle.breached_at, cycle.fulfilled_at)
        instants += [at + _MOMENT if is_late else at for at in named if at is not None]
    for text in trial.steps or ():
        entry = _entry(text, trial.zone)
        if entry is not None:
            instants.append(entry.at)
    return max(instants)


def _fault(trial: Trial) -> str:
    """Why a test cannot be run; empty where it can."""
    for happening in trial.ticket.happenings:
        if happening.field == "priority" and happening.to not in (None, *PRIORITIES):
            return f'a ticket cannot be set to the priority "{happening.to}"'
    return ""


def _compare(trial: Trial, rehearsed: Rehearsed) -> Iterator[Compared]:
    choice = rehearsed.verdict.choice
    plain = (
        ("tier", trial.tier, choice.tier),
        ("customer", trial.customer, choice.customer),
        ("priority", trial.priority, rehearsed.current.priority),
    )
    for what, expected, actual in plain:
        if expected is not None:
            where = _place(trial, f"expect.{what}")
            yield Compared(what, where, expected, actual or NONE, expected == (actual or NONE))
    for measure, cycle in trial.cycles.items():
        yield from _compare_cycle(trial, measure, cycle, last_cycle(rehearsed, measure))
    if trial.steps is not None:
        yield from _compare_steps(trial, trial.steps, rehearsed.fired)


def last_cycle(rehearsed: Rehearsed, measure: Measure) -> CycleVerdict | None:
    """The cycle that a test speaks of: the last one of its measure."""
    rows = [row for row in rehearsed.verdict.cycles if row.measure == measure]
    return rows[-1] if rows else None


def _compare_cycle(
    trial: Trial, measure: Measure, cycle: ExpectedCycle, row: CycleVerdict | None
) -> Iterator[Compared]:
    name = measure if row is None or row.cycle == 1 else f"{measure} (cycle {row.cycle})"
    base = f"expect.{measure}"
    if cycle.state is not None:
        actual = NONE if row is None else row.state
        shown = f"{actual} ({row.reason})" if row is not None and row.reason else actual
        where = _place(trial, f"{base}.state")
        yield Compared(f"{name} state", where, cycle.state, shown, cycle.state == actual)
    instants = (
        ("due", cycle.due_at, row.due_at if row else None),
        ("breached", cycle.breached_at, row.breached_at if row else None),
        ("fulfilled", cycle.fulfilled_at, row.fulfilled_at if row else None),
    )
    for key, expected_at, actual_at in instants:
        if expected_at is not None:
            where = _place(trial, f"{base}.{key}")
            texts = _shown(expected_at, trial), _shown(actual_at, trial)
            yield Compared(f"{name} {key}", where, *texts, expected_at == actual_at)
    if cycle.calendar is not None:
        counted = NONE if row is None else row.calendar
        where = _place(trial, f"{base}.calendar")
        agrees = cycle.calendar == counted
        yield Compared(f"{name} calendar", where, cycle.calendar, counted, agrees)


def _shown(at: datetime | None, trial: Trial) -> str:
    return NONE if at is None else f"{local_text(at, trial.zone)} {trial.zone}"


def _compare_steps(
    trial: Trial, expected: tuple[str, ...], fired: tuple[FiredSteps, ...]
) -> Iterator[Compared]:
    """Expected and fired entries in order of time, those that agree in one row."""
    left = list(fired)
    rows: list[tuple[datetime, Compared]] = []
    for number, text in enumerate(expected):
        where = _place(trial, f"expect.steps.{number}")
        try:
            entry = read_entry(text, trial.zone)
        except FormError as error:
            said = f"{error.message}; {error.hint}" if error.hint else error.message
            yield Compared("steps", where, text, said, agrees=False)
            continue
        found = next((one for one in left if one.entry == entry), None)
        if found is not None:
            left.remove(found)
        actual = found.written(trial.zone) if found else ""
        rows.append((entry.at, Compared("steps", where, text, actual, found is not None)))
    where = _place(trial, "expect.steps")
    rows += [
        (one.at, Compared("steps", where, "", one.written(trial.zone), agrees=False))
        for one in left
    ]
    if not rows and not expected:
        yield Compared("steps", where, "no steps", "no steps", agrees=True)
    yield from (compared for _, compared in sorted(rows, key=lambda row: row[0]))


def _entry(text: str, zone: str) -> StepsEntry | None:
    try:
        return read_entry(text, zone)
    except FormError:
        return None


def _place(trial: Trial, key: str) -> Where:
    """Where a value stands, or the nearest block around it that is known."""
    while key and key not in trial.places:
        key = key.rpartition(".")[0]
    return trial.places.get(key, trial.where)


def _reasons(
    trial: Trial,
    policy: Policy,
    until: datetime,
    compared: tuple[Compared, ...],
    rehearsed: Rehearsed,
) -> Iterator[str]:
    """Where the values come from that are not as expected."""
    wrong = {one.what.split()[0] for one in compared if not one.agrees}
    if wrong & {"tier", "customer"}:
        explained = explain(trial.ticket, policy, until)
        tier = rehearsed.verdict.choice.tier or NONE
        yield f"tier {tier} because of {explained.because}"
        rejected = explained.rejected
        yield from (f"not {reason}" for reason in rejected[:_MOST_REJECTED])
        if len(rejected) > _MOST_REJECTED:
            yield f"and not {len(rejected) - _MOST_REJECTED} more"
    for measure in trial.cycles:
        if measure not in wrong:
            continue
        row = last_cycle(rehearsed, measure)
        if row is None:
            yield _why_none(trial, policy, until, rehearsed, measure)
        else:
            started = local_text(row.started_at, trial.zone)
            held = f"customer {row.customer}" if row.customer else f"tier {row.tier}"
            yield f"{measure}: {row.rule} ({held}), counted {row.calendar} from {started}"
    if "steps" in wrong or any(one.what.endswith(" state") for one in compared if not one.agrees):
        what = "steps" if "steps" in wrong else "state"
        yield f"{what}: the clock stopped at {_shown(until, trial)}{_why_then(trial)}"


def _why_then(trial: Trial) -> str:
    return "" if trial.until else ", the last instant that the test names; until sets another"


def _why_none(
    trial: Trial, policy: Policy, until: datetime, rehearsed: Rehearsed, measure: Measure
) -> str:
    """Why a measure has no cycle: excluded, no tier, no target that applies, or none begun."""
    if rehearsed.verdict.nothing == "excluded":
        return f"{measure}: the ticket is excluded"
    choice, created = rehearsed.verdict.choice, seconds_of(trial.ticket.created_at)
    for one in without_target(policy, choice, created):
        if one.measure == measure:
            return one.text()
    if choice.tier is None:
        return f"{measure}: no target applies: no tier matches"
    if measure in selector_of(policy).select(dict(choice.state), created).applications:
        return f"{measure}: a target applies, but nothing had started it by {_shown(until, trial)}"
    return f"{measure}: no target applies: tier {choice.tier} has none for it"
