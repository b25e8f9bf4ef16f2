# SPDX-License-Identifier: GPL-3.0-or-later
"""Escalation steps that cannot fire, fire too early or reach nobody."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from rules.duration import format_span
from rules.facts import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from rules.calendars import BusinessCalendar
    from rules.facts import Priority
    from rules.findings import Findings
    from rules.policy import Policy, Span, Step, Target, Tier, Where
    from rules.terms import Terms

_FIRST_LOOK = 28
_LONG_LOOK = 400
"""Days: long enough for every weekday, for both sides of summer time, and for most holidays."""

_MOST_NAMED = 3
"""Targets named in one finding."""

Use = tuple["Tier", "Target"]


def lint_steps(policy: Policy, terms: list[Terms], today: date, findings: Findings) -> None:
    """All findings about escalations that are used; unused ones are told elsewhere."""
    uses = _uses(terms)
    for name, steps in policy.escalations.items():
        what = f"escalations.{name}"
        if not steps:
            message = "has no step: nobody will ever be told"
            findings.add(policy.named_at[name], "STP305", what, message, "add a step")
        _lint_same_moment(steps, what, findings)
        for step in steps:
            _lint_deeds(policy, step, what, findings)
            if used_by := uses.get(name, []):
                _lint_raise(step, what, used_by, findings)
                _lint_start(policy, step, what, used_by, findings)
                for where, message in _never_there(policy, step, used_by, today):
                    findings.add(where, "STP307", what, message, "choose another calendar")


def _uses(terms: list[Terms]) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for term in terms:
        own = term.contract.targets if term.contract else term.tier.targets
        for target in own:
            if target.escalate:
                found.setdefault(target.escalate, []).append((term.tier, target))
    return found


def _lint_same_moment(steps: Iterable[Step], what: str, findings: Findings) -> None:
    seen: dict[str, Step] = {}
    for step in steps:
        if step.at.label in seen:
            first = seen[step.at.label].where
            message = f"a second step at {step.at.label}: only one of them is carried out"
            hint = f"write it into the one in line {first.line}"
            findings.add(step.places.get("at", step.where), "STP326", what, message, hint)
        seen.setdefault(step.at.label, step)


def _lint_deeds(policy: Policy, step: Step, what: str, findings: Findings) -> None:
    if "tell" in step.places and not step.tell:
        where = step.places["tell"]
        findings.add(where, "STP305", what, "tells nobody", "name a recipient or drop tell")
    if step.repeat_every is not None and step.repeat_times == 0:
        where = step.places.get("repeat.times", step.where)
        message = "repeated 0 times, which is never"
        findings.add(where, "STP301", what, message, "write a number from 1, or drop repeat")
    if step.raise_priority and policy.settings.write_priority == "off":
        where = step.places["raise_priority"]
        message = "raises the priority, but priorities are not written"
        hint = "settings.write_back.priority is off"
        findings.add(where, "STP303", what, message, hint)


def _lint_raise(step: Step, what: str, used_by: list[Use], findings: Findings) -> None:
    """A raise that no tier using it can ever see."""
    wanted = step.raise_priority
    floors = [tier.floor_priority for tier, _ in used_by]
    if wanted is None or not all(floor and _at_most(wanted, floor) for floor in floors):
        return
    message = f"raises to {wanted}, which is never above the floor of the tiers that use it"
    findings.add(step.places["raise_priority"], "STP302", what, message, "raise it higher")


def _at_most(first: Priority, second: Priority) -> bool:
    return PRIORITIES.index(first) <= PRIORITIES.index(second)


def _lint_start(
    policy: Policy, step: Step, what: str, used_by: list[Use], findings: Findings
) -> None:
    """A step that would fire before its clock starts, or as it starts."""
    if step.at.kind != "before":
        return
    found = [
        (span, target)
        for _, target in used_by
        for span in dict.fromkeys(target.within.values())
        if step.at.seconds >= _longest(policy, target, span)
    ]
    if not found:
        return
    span, target = found[0]
    when = "before" if step.at.seconds > _longest(policy, target, span) else "at"
    message = f"comes {when} the start of a {target.measure} of {format_span(span)}"
    places = dict.fromkeys(str(one.where) for _, one in found)
    hint = f"that target is in {', '.join(list(places)[:_MOST_NAMED])}"
    if len(places) > _MOST_NAMED:
        hint += f" and {len(places) - _MOST_NAMED} more"
    where = step.places.get("at", step.where)
    findings.add(where, "STP304", what, message, hint)


def _longest(policy: Policy, target: Target, span: Span) -> int:
    """The running seconds that a span has at most."""
    if span.unit == "seconds":
        return span.amount
    if span.unit == "calendar_days":
        return span.amount * 86_400
    days = [
        sum(end - start for start, end in hours.spans)
        for calendar in _calendars(policy, target)
        for hours in (*calendar.hours.week, *calendar.hours.dated.values())
    ]
    # N working days can touch N + 1 dates: they end at the time of day at which they started.
    return (span.amount + 1) * max(days, default=86_400)


def _calendars(policy: Policy, target: Target) -> list[BusinessCalendar]:
    return [policy.calendars[name].business for name in calendars_of(policy, target.counted)]


def calendars_of(policy: Policy, counted: str) -> list[str]:
    """The calendars behind a name: itself, or all that a chooser can choose."""
    chooser = policy.choosers.get(counted)
    if chooser is None:
        return [counted]
    return sorted({*chooser.cases.values(), chooser.default})


def _never_there(
    policy: Policy, step: Step, used_by: list[Use], today: date
) -> Iterator[tuple[Where, str]]:
    """Recipients who are never there while a clock of the step's targets runs."""
    clocks = {id(each): each for _, target in used_by for each in _calendars(policy, target)}
    for number, name in enumerate(step.tell):
        during = policy.recipients[name].only_during
        if during is None:
            continue
        there = policy.calendars[during].business
        if not any(_overlap(there, clock, today) for clock in clocks.values()):
            where = step.places.get(f"tell.{number}", step.where)
            yield where, f'"{name}" is told only during {during}, when no clock of these steps runs'


def _overlap(first: BusinessCalendar, second: BusinessCalendar, today: date) -> bool:
    begin = int(datetime.combine(today, time(0), tzinfo=UTC).timestamp())
    for days in (_FIRST_LOOK, _LONG_LOOK):
        end = begin + int(timedelta(days=days).total_seconds())
        if _meet(first.open_spans(begin, end), second.open_spans(begin, end)):
            return True
    return False


def _meet(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> bool:
    """Whether two ordered lists of spans share a second."""
    i = j = 0
    while i < len(first) and j < len(second):
        if max(first[i][0], second[j][0]) < min(first[i][1], second[j][1]):
            return True
        if first[i][1] <= second[j][1]:
            i += 1
        else:
            j += 1
    return False
