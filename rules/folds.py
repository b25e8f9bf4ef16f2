# SPDX-License-Identifier: GPL-3.0-or-later
"""A million verdicts folded into what a team asks of them: counts and durations by group.

A fold takes rows one after the other, whatever they come from, and folds of parts
add up to the fold of the whole. What tells rows apart are their facets; everything
that is counted is counted here, so that all tables of a report agree.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from rules.percentiles import nearest_rank
from rules.summaries import Percentile, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable

DECIDED = frozenset({"met", "breached", "breached_open"})
REPLIES = frozenset({"first_reply", "next_reply"})
SLOT_SECONDS = 900
"""Dues are counted in stretches of this length: every zone's offset is a multiple of it."""


class Facets(NamedTuple):
    """What rows are told apart by; None is a ticket's without a group, a market and so on.

    `rule` is the place of the target, `FILE:LINE`.
    """

    measure: str
    tier: str | None = None
    priority: str | None = None
    group: str | None = None
    market: str | None = None
    channel: str | None = None
    rule: str | None = None


@dataclass(slots=True)
class Cell:
    """Counts and durations of rows that have their facets in common.

    `took` holds two times the elapsed seconds, plus one where the case is still open,
    so that it sorts as (seconds, is open) does; `over` the seconds over the target.
    `n_paused` are rows with a pause, `paused_seconds` all their pauses.
    """

    met: int = 0
    by_solve: int = 0
    breached: int = 0
    open_overdue: int = 0
    excluded: int = 0
    cancelled: int = 0
    not_due: int = 0
    n_paused: int = 0
    paused_seconds: int = 0
    elapsed_seconds: int = 0
    took: array[int] = field(default_factory=lambda: array("q"))
    over: array[int] = field(default_factory=lambda: array("q"))

    def take(self, state: str, elapsed: int, target: int, paused: int, by_solve: bool) -> None:
        """Count one row.

        Args:
            state: of the verdict; what is open and past its due is `breached_open`.
            elapsed: seconds that the clock ran.
            target: seconds that it may run.
            paused: seconds that it was paused.
            by_solve: it ended because the ticket was solved.
        """
        if state == "met":
            self.met += 1
            self.by_solve += bool(by_solve)
            self.took.append(2 * elapsed)
        elif state in DECIDED:
            is_open = state == "breached_open"
            self.breached += 1
            self.open_overdue += is_open
            self.over.append(max(0, elapsed - target))
            self.took.append(2 * elapsed + is_open)
        else:
            self.excluded += state == "excluded"
            self.cancelled += state == "cancelled"
            self.not_due += state in ("running", "paused")
            return
        self.elapsed_seconds += elapsed
        if paused:
            self.n_paused += 1
            self.paused_seconds += paused

    def add(self, other: Cell) -> None:
        """Count everything of another cell too."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.took.extend(other.took)
        self.over.extend(other.over)

    @property
    def n_decided(self) -> int:
        """Met or breached."""
        return self.met + self.breached

    def summary(self, measure: str) -> Summary:
        """Counts of a measure, with the median and the 90th percentile by nearest rank."""
        ordered = sorted(self.took)
        return Summary(
            self.met,
            self.breached,
            self.open_overdue,
            self.by_solve if measure in REPLIES else 0,
            self.excluded,
            _percentile(ordered, Fraction(1, 2)),
            _percentile(ordered, Fraction(9, 10)),
        )


_SUMS = (
    *("met", "by_solve", "breached", "open_overdue", "excluded", "cancelled", "not_due"),
    *("n_paused", "paused_seconds", "elapsed_seconds"),
)


def _percentile(ordered: list[int], share: Fraction) -> Percentile | None:
    if not ordered:
        return None
    found = nearest_rank(ordered, share)
    return Percentile(found // 2, bool(found % 2))


@dataclass(slots=True)
class Calls:
    """Incoming calls of one line that reached its queue in opening hours.

    `waits` are seconds of those that were answered; `abandoned` left the queue,
    `other` ended otherwise without an agent: voicemail, overflow, callback.
    """

    waits: array[int] = field(default_factory=lambda: array("q"))
    abandoned: int = 0
    other: int = 0

    def take(self, ended: str, wait_seconds: int) -> None:
        """Count one call by how it ended for the caller."""
        if ended == "answered":
            self.waits.append(wait_seconds)
        elif ended == "abandoned":
            self.abandoned += 1
        else:
            self.other += 1

    def add(self, other: Calls) -> None:
        """Count the calls of another fold too."""
        self.waits.extend(other.waits)
        self.abandoned += other.abandoned
        self.other += other.other


@dataclass(slots=True)
class Fold:
    """Everything that was folded: cells by their facets, and dues by stretches of time.

    `late` and `decided` count by the number of the stretch since the epoch. `trend`
    has for (tier, measure, place of the period) how many were met and decided.
    `pauses` are those of solved tickets by group, `hasty` the hasty ones of them.
    """

    cells: dict[Facets, Cell] = field(default_factory=dict)
    late: Counter[int] = field(default_factory=Counter)
    decided: Counter[int] = field(default_factory=Counter)
    trend: dict[tuple[str | None, str, int], list[int]] = field(default_factory=dict)
    solves: Counter[Solve] = field(default_factory=Counter)
    load: dict[Holder, Load] = field(default_factory=dict)
    policies: Counter[str] = field(default_factory=Counter)
    calls: dict[str | None, Calls] = field(default_factory=dict)
    pauses: Counter[str | None] = field(default_factory=Counter)
    hasty: Counter[str | None] = field(default_factory=Counter)

    def cell(self, facets: Facets) -> Cell:
        """The cell of rows with these facets."""
        found = self.cells.get(facets)
        if found is None:
            found = self.cells[facets] = Cell()
        return found

    def take_pauses(self, group: str | None, total: int, hasty: int) -> None:
        """Count the pauses of solved tickets of a group."""
        if total:
            self.pauses[group] += total
            self.hasty[group] += hasty

    def take_due(self, due_at: int, n: int = 1, *, is_late: bool) -> None:
        """Count decided rows by when they were due, in epoch seconds."""
        slot = due_at // SLOT_SECONDS
        self.decided[slot] += n
        if is_late:
            self.late[slot] += n

    def take_trend(
        self, tier: str | None, measure: str, place: int, state: str, n: int = 1
    ) -> None:
        """Count rows of one of the periods that the trend shows."""
        if state not in DECIDED:
            return
        counts = self.trend.setdefault((tier, measure, place), [0, 0])
        counts[0] += n if state == "met" else 0
        counts[1] += n

    def add(self, other: Fold) -> None:
        """Count everything of another fold too."""
        for facets, cell in other.cells.items():
            if facets in self.cells:
                self.cells[facets].add(cell)
            else:
                self.cells[facets] = cell
        self.late.update(other.late)
        self.decided.update(other.decided)
        self.solves.update(other.solves)
        self.policies.update(other.policies)
        self.pauses.update(other.pauses)
        self.hasty.update(other.hasty)
        for key, (met, decided) in other.trend.items():
            counts = self.trend.setdefault(key, [0, 0])
            counts[0] += met
            counts[1] += decided
        for holder, load in other.load.items():
            self.load.setdefault(holder, Load()).add(load)
        for line, calls in other.calls.items():
            self.calls.setdefault(line, Calls()).add(calls)

    def by(self, *names: str) -> dict[tuple[str | None, ...], Cell]:
        """Cells added up by some of their facets, such as `measure` and `tier`."""
        places = [Facets._fields.index(name) for name in names]
        found: dict[tuple[str | None, ...], Cell] = {}
        for facets, cell in self.cells.items():
            found.setdefault(tuple(facets[place] for place in places), Cell()).add(cell)
        return found


class Solve(NamedTuple):
    """Tickets whose first solve falls in the period, as far as they are alike.

    `contacts` up to 3, None where no end user asked; `is_reopened` within the
    window, `is_over`: the window was over at the cut-off.
    """

    tier: str | None
    group: str | None
    channel: str | None
    contacts: int | None
    is_reopened: bool
    is_over: bool


class Holder(NamedTuple):
    """Who has open tickets: a group, and a person where that was asked for."""

    group: str | None
    person: str | None = None


@dataclass(slots=True)
class Load:
    """Open tickets of somebody, those overdue and those due within a day among them."""

    n_open: int = 0
    n_overdue: int = 0
    n_due_soon: int = 0

    def add(self, other: Load) -> None:
        """Count those of another one too."""
        self.n_open += other.n_open
        self.n_overdue += other.n_overdue
        self.n_due_soon += other.n_due_soon


DUE_SOON_SECONDS = 86_400


def load_of(dues: Iterable[tuple[str, int | None]], now: int) -> Load:
    """The load that one open ticket is, by state and due of its open cycles at `now`."""
    found = Load(n_open=1)
    for state, due_at in dues:
        if due_at is None or state == "paused":
            continue
        if state == "breached_open" or due_at < now:
            found.n_overdue = 1
        elif due_at < now + DUE_SOON_SECONDS:
            found.n_due_soon = 1
    return found
