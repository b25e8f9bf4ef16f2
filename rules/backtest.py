# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of rules does to a ticket: every cycle under both policies, side by side.

Both policies judge the same facts at the same instant. What does not depend on
the rules (the timeline, the cycles) is worked out once, and a measure whose
targets mean the same under both is judged once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from rules.clocks import Clock
from rules.cycles import life, no_options
from rules.evaluate import Selected, clocks_of, options_of, selections, state_of
from rules.facts import MEASURES, Measure
from rules.select import selector_of
from rules.timeline import seconds_of, timeline
from rules.verdict import State

if TYPE_CHECKING:
    from datetime import datetime

    from rules.cycles import Life
    from rules.facts import Ticket
    from rules.policy import Calendar, Policy
    from rules.select import Application, Selection
    from rules.timeline import Exclusion, Timeline

Outcome = Literal["met", "breached", "not_due", "excluded", "cancelled", "no_target"]
Change = Literal[
    "gained",
    "lost",
    "due_later",
    "due_earlier",
    "due_known",
    "due_unknown",
    "longer",
    "shorter",
    "calendar",
    "tier",
    "customer",
]

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
CHANGES: tuple[Change, ...] = get_args(Change)

_OUTCOME_OF: dict[State | None, Outcome] = {
    "met": "met",
    "breached": "breached",
    "breached_open": "breached",
    "running": "not_due",
    "paused": "not_due",
    "excluded": "excluded",
    "cancelled": "cancelled",
    None: "no_target",
}
_FLIPS = frozenset({("met", "breached"), ("breached", "met")})
_MEMORY = 20_000


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A cycle's clock under one policy, and the state it comes to."""

    clock: Clock
    state: State


class Pair(msgspec.Struct, frozen=True, gc=False):
    """A cycle under both policies; None where no target ever applies to it."""

    before: Reading | None
    after: Reading | None

    @property
    def measure(self) -> Measure:
        """What is measured."""
        return self._any.clock.cycle.measure

    @property
    def cycle(self) -> int:
        """The cycle's number, from 1."""
        return self._any.clock.cycle.number

    @property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """What the cycle came to before, and what it comes to after."""
        before, after = self.before, self.after
        return (
            _OUTCOME_OF[None if before is None else before.state],
            _OUTCOME_OF[None if after is None else after.state],
        )

    @property
    def is_left_out(self) -> bool:
        """Whether the cycle counts under neither policy: excluded by both, nobody is affected."""
        return self.outcomes == ("excluded", "excluded")

    @property
    def is_flip(self) -> bool:
        """Whether a kept promise becomes a broken one, or the other way round."""
        return self.outcomes in _FLIPS

    @property
    def differs(self) -> bool:
        """Whether anything of the target or the verdict is different."""
        before, after = self.outcomes
        return before != after or bool(self.changes())

    @property
    def due_shift(self) -> int | None:
        """By how many seconds the due moves; None where one of the two has none."""
        if self.before is None or self.after is None or self.is_left_out:
            return None
        before, after = self.before.clock.due, self.after.clock.due
        return None if before is None or after is None else after.shown - before.shown

    def changes(self) -> tuple[Change, ...]:
        """What is different about the target: empty where it is the same as before."""
        if self.is_left_out:
            return ()
        if self.before is None:
            return ("gained",)
        if self.after is None:
            return ("lost",)
        return tuple(_changes(self.before.clock, self.after.clock))

    @property
    def _any(self) -> Reading:
        found = self.before or self.after
        if found is None:
            raise ValueError("a pair has at least one reading")
        return found


class Compared(msgspec.Struct, gc=False):
    """A ticket under both policies.

    `same` are the cycles whose targets mean the same under both; `pairs` all
    others, of which some may come to the same nevertheless.
    """

    same: list[Reading]
    pairs: list[Pair]


class Comparison:
    """Judges tickets by the policy before a change and by the one after it."""

    def __init__(self, before: Policy, after: Policy) -> None:
        self.before = before
        self.after = after
        self._selectors = (selector_of(before), selector_of(after))
        self._has_options = any(one.has_options for one in self._selectors)
        self._enforced_alike = before.settings.enforce_from == after.settings.enforce_from
        self._differing: dict[tuple[Selection, Selection], frozenset[Measure]] = {}

    def compare(self, ticket: Ticket, now: datetime) -> Compared:
        """Every cycle of the ticket as known at `now`; none where it was created later.

        Raises:
            ValueError: `now` has no zone.
        """
        if now.tzinfo is None:
            raise ValueError("the judging instant needs a time zone")
        second = seconds_of(now)
        line = timeline(ticket, second)
        if line.exclusion is not None:
            second = line.exclusion.at
        if seconds_of(ticket.created_at) > second:
            return Compared([], [])
        before, after = self._selections(ticket, line)
        its_life, other_life = self._lives(ticket, line, before, after)
        differing = self._differing_measures(before, after)
        clocks = clocks_of(its_life, before, second)
        others = clocks_of(other_life, after, second, differing) if differing else {}
        compared = Compared([], [])
        for measure, found in clocks.items():
            if measure not in differing:
                compared.same += self._readings(found, line.exclusion, self.before)
        for measure in MEASURES:
            if measure in differing:
                compared.pairs += _paired(
                    self._readings(clocks.get(measure, ()), line.exclusion, self.before),
                    self._readings(others.get(measure, ()), line.exclusion, self.after),
                )
        return compared

    def _selections(self, ticket: Ticket, line: Timeline) -> tuple[list[Selected], list[Selected]]:
        """What held since when under both: looked for once where both read the same values."""
        first, second = self._selectors
        before = selections(ticket, line, first)
        if first.paths != second.paths:
            return before, selections(ticket, line, second)
        created = line.updates[0].at
        return before, [
            Selected(one.at, second.select(one.state, created), one.state) for one in before
        ]

    def _lives(
        self, ticket: Ticket, line: Timeline, before: list[Selected], after: list[Selected]
    ) -> tuple[Life, Life]:
        """The ticket's cycles under both: the same ones unless starts and stops are configured."""
        measures = _measures(before) | _measures(after)
        if not self._has_options:
            both = life(ticket, line, measures, no_options)
            return both, both
        first = life(ticket, line, measures, options_of(before))
        return first, life(ticket, line, measures, options_of(after))

    def _differing_measures(
        self, before: list[Selected], after: list[Selected]
    ) -> frozenset[Measure]:
        """The measures whose targets do not mean the same under both policies."""
        if self._has_options or not self._enforced_alike:
            return _ALL
        if len(before) != len(after) or any(
            one.at != other.at for one, other in zip(before, after, strict=True)
        ):
            return _ALL  # the two do not read the same values of a ticket
        found: frozenset[Measure] = frozenset()
        for one, other in zip(before, after, strict=True):
            found |= self._between(one.selection, other.selection)
        return found

    def _between(self, before: Selection, after: Selection) -> frozenset[Measure]:
        known = self._differing.get((before, after))
        if known is None:
            if len(self._differing) >= _MEMORY:
                self._differing.clear()
            known = self._differing[before, after] = frozenset(
                measure
                for measure in MEASURES
                if not _mean_the_same(
                    before.applications.get(measure), after.applications.get(measure)
                )
            )
        return known

    def _readings(
        self, clocks: list[Clock] | tuple[()], exclusion: Exclusion | None, policy: Policy
    ) -> list[Reading]:
        return [Reading(clock, state_of(clock, exclusion, policy)[0]) for clock in clocks]


_ALL: frozenset[Measure] = frozenset(MEASURES)


def _measures(selected: list[Selected]) -> set[Measure]:
    return {measure for item in selected for measure in item.selection.applications}


def _paired(before: list[Reading], after: list[Reading]) -> list[Pair]:
    """The cycles of one measure by their numbers."""
    first = {one.clock.cycle.number: one for one in before}
    second = {one.clock.cycle.number: one for one in after}
    return [Pair(first.get(number), second.get(number)) for number in sorted({*first, *second})]


def _mean_the_same(before: Application | None, after: Application | None) -> bool:
    """Whether a clock shows the same under both, and says the same of its target."""
    if before is None or after is None:
        return before is after
    return (
        before.span == after.span
        and before.tier == after.tier
        and before.customer == after.customer
        and before.pauses == after.pauses
        and before.target.by_closing == after.target.by_closing
        and _count_the_same(before.calendar, after.calendar)
    )


def _count_the_same(before: Calendar, after: Calendar) -> bool:
    return (
        before.name == after.name
        and before.cut_off == after.cut_off
        and before.business == after.business
    )


def _changes(before: Clock, after: Clock) -> list[Change]:
    found: list[Change] = []
    due, new_due = before.due, after.due
    if due is not None and new_due is not None:
        if due.shown != new_due.shown:
            found.append("due_later" if new_due.shown > due.shown else "due_earlier")
    elif due is not new_due:
        found.append("due_known" if due is None else "due_unknown")
    if before.target_seconds != after.target_seconds:
        found.append("longer" if after.target_seconds > before.target_seconds else "shorter")
    one, other = before.application, after.application
    if one.calendar.name != other.calendar.name:
        found.append("calendar")
    if one.tier != other.tier:
        found.append("tier")
    if one.customer != other.customer:
        found.append("customer")
    return found
