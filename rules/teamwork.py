# SPDX-License-Identifier: GPL-3.0-or-later
"""What a team did in a period, out of a fold: the figures of its report, exact, without words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import msgspec

from rules.calendar_zones import time_zone
from rules.folds import SLOT_SECONDS
from rules.indicators import first_contact_of
from rules.percentiles import nearest_rank
from rules.periods import DatedPeriod, period_at, period_named
from rules.summaries import Summary
from rules.timeline import instant_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.folds import Calls, Cell, Fold, Holder, Load, Solve
    from rules.promises import Period

TABLES: Final = ("tier", "priority", "group", "market", "channel")
"""What the figures of each measure are shown by."""

OVER_CLASSES: Final = (900, 3600, 4 * 3600, 8 * 3600, 24 * 3600, 3 * 86_400, 7 * 86_400)
"""Upper edges of the classes of time over the target, in seconds; the last class has none."""


class GroupLine(msgspec.Struct, frozen=True):
    """One measure of one group: what became of its cycles, and what pauses they had.

    `n_paused` cycles had a pause, `paused_seconds` altogether, while the clocks ran
    `elapsed_seconds`.
    """

    name: str | None
    measure: str
    summary: Summary
    cancelled: int
    not_due: int
    n_paused: int
    paused_seconds: int
    elapsed_seconds: int


class TrendLine(msgspec.Struct, frozen=True):
    """A tier over the periods: met and decided for each, the oldest first."""

    name: str | None
    counts: tuple[tuple[int, int], ...]


class OverLine(msgspec.Struct, frozen=True):
    """By how much a measure was missed: cases in each class of `OVER_CLASSES` and beyond."""

    measure: str
    classes: tuple[int, ...]
    median: int
    longest: int


class SolveLine(msgspec.Struct, frozen=True):
    """First solves of a group: reopened within the window, and resolved at first contact.

    `n_over` are those whose window is over or that are lost already; of
    `n_contacts` it is known whether one contact was enough.
    """

    name: str | None
    n_solved: int
    n_over: int
    n_reopened: int
    n_contacts: int
    n_first_contact: int


class LoadLine(msgspec.Struct, frozen=True):
    """Open tickets of a group or a person at the cut-off."""

    group: str | None
    person: str | None
    n_open: int
    n_overdue: int
    n_due_soon: int


class HasteLine(msgspec.Struct, frozen=True):
    """The pauses of a group's tickets before their solve, and the hasty ones of them."""

    name: str | None
    n_pauses: int
    n_hasty: int


class PhoneLine(msgspec.Struct, frozen=True):
    """The calls of a line: how many were offered, and what answered ones waited, in seconds.

    `average` is the mean wait, rounded half up; None where nobody was answered.
    """

    name: str | None
    offered: int
    answered: int
    abandoned: int
    average: int | None
    p90: int | None
    longest: int | None


class Hour(msgspec.Struct, frozen=True):
    """An hour of the week, 0 is Monday: cycles that fell due in it, and the late ones."""

    weekday: int
    hour: int
    late: int
    decided: int


class TeamReport(msgspec.Struct, frozen=True):
    """All figures of a report over a team or a policy version.

    `periods` are the labels of the trend, the last one that of the report.
    `policies` are the hashes under which rows were judged, with their numbers.
    """

    label: str
    zone: str
    from_at: datetime
    until_at: datetime
    cut_off: datetime
    policies: Mapping[str, int]
    periods: tuple[str, ...]
    measures: tuple[GroupLine, ...]
    tables: Mapping[str, tuple[GroupLine, ...]]
    trend: tuple[TrendLine, ...]
    hours: tuple[Hour, ...]
    over: tuple[OverLine, ...]
    solves: tuple[SolveLine, ...]
    load: tuple[LoadLine, ...]
    phone: tuple[PhoneLine, ...] = ()
    haste: tuple[HasteLine, ...] = ()

    @property
    def n_decided(self) -> int:
        """Cycles that were met or breached."""
        return sum(one.summary.n_decided for one in self.measures)

    @property
    def n_met(self) -> int:
        """Cycles that were met."""
        return sum(one.summary.met for one in self.measures)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a report is of: a period with those before it, or several in a row.

    `periods` are those of the trend, the oldest first; what is counted begins with
    the period at place `first`.
    """

    label: str
    periods: tuple[DatedPeriod, ...]
    first: int

    @property
    def from_at(self) -> datetime:
        """The first instant that counts."""
        return self.periods[self.first].from_at

    @property
    def until_at(self) -> datetime:
        """The first instant that counts no more."""
        return self.periods[-1].until_at


def stretch_named(label: str, zone: str, n_trend: int = 12) -> Stretch:
    """A month, a quarter, a week (`2026-11`, `2026-Q4`, `2026-W48`) or a year (`2026`).

    Raises:
        ValueError: the label is none of these.
    """
    if label.isdecimal() and len(label) == 4:
        january = period_named("calendar_month", f"{label}-01", zone)
        return Stretch(label, _following(january, 12), 0)
    kind: Period = "quarter" if "-Q" in label else "iso_week" if "-W" in label else "calendar_month"
    return _with_trend(period_named(kind, label, zone), n_trend)


def month_around(at: datetime, zone: str, n_trend: int = 12) -> Stretch:
    """The calendar month that holds an instant, with those before it."""
    return _with_trend(period_at("calendar_month", at, zone), n_trend)


def months_between(first: datetime, last: datetime, zone: str, label: str) -> Stretch:
    """All months from that of one instant to that of another; the latest 60 of them at most."""
    month = period_at("calendar_month", last, zone)
    found = [month]
    while found[0].from_at > first and len(found) < _MOST_MONTHS:
        found.insert(0, found[0].preceding())
    return Stretch(label, tuple(found), 0)


_MOST_MONTHS = 60


def _following(period: DatedPeriod, n: int) -> tuple[DatedPeriod, ...]:
    found = [period]
    while len(found) < n:
        found.append(found[-1].following())
    return tuple(found)


def _with_trend(period: DatedPeriod, n: int) -> Stretch:
    found = [period]
    while len(found) < n:
        found.insert(0, found[0].preceding())
    return Stretch(period.label, tuple(found), len(found) - 1)


def team_report(
    fold: Fold,
    stretch: Stretch,
    cut_off: datetime,
    tables: Iterable[str] = TABLES,
) -> TeamReport:
    """The figures of a stretch of time, with the trend over its periods.

    Args:
        fold: what fell due in the stretch, and the trend.
        stretch: what the report is of.
        cut_off: up to when everything is known.
        tables: facets that the figures of each measure are shown by.
    """
    periods = stretch.periods
    return TeamReport(
        label=stretch.label,
        zone=periods[-1].zone,
        from_at=stretch.from_at,
        until_at=stretch.until_at,
        cut_off=cut_off,
        policies=dict(sorted(fold.policies.items())),
        periods=tuple(one.label for one in periods),
        measures=tuple(
            _group_line(None, measure or "", cell)
            for (measure,), cell in sorted(fold.by("measure").items(), key=_names)
        ),
        tables={name: _table(fold, name) for name in tables},
        trend=_trend(fold, len(periods)),
        hours=_hours(fold, periods[-1].zone),
        over=_over(fold),
        solves=solve_lines(fold.solves),
        load=_load(fold.load),
        phone=tuple(
            _phone(line, calls)
            for line, calls in sorted(fold.calls.items(), key=lambda one: one[0] or "")
        ),
        haste=tuple(
            HasteLine(name, n, fold.hasty[name])
            for name, n in sorted(fold.pauses.items(), key=lambda one: one[0] or "")
        ),
    )


def _table(fold: Fold, name: str) -> tuple[GroupLine, ...]:
    found = sorted(fold.by("measure", name).items(), key=_names)
    return tuple(_group_line(value, measure or "", cell) for (measure, value), cell in found)


def _names(found: tuple[tuple[str | None, ...], object]) -> tuple[str, ...]:
    return tuple(one or "" for one in found[0])


def _group_line(name: str | None, measure: str, cell: Cell) -> GroupLine:
    return GroupLine(
        name,
        measure,
        cell.summary(measure),
        cell.cancelled,
        cell.not_due,
        cell.n_paused,
        cell.paused_seconds,
        cell.elapsed_seconds,
    )


def _trend(fold: Fold, n_periods: int) -> tuple[TrendLine, ...]:
    """All measures of a tier together; the tiers with most cases come first."""
    tiers: dict[str | None, list[list[int]]] = {}
    for (tier, _, place), (met, decided) in fold.trend.items():
        counts = tiers.setdefault(tier, [[0, 0] for _ in range(n_periods)])[place]
        counts[0] += met
        counts[1] += decided
    ordered = sorted(
        tiers.items(), key=lambda one: (-sum(decided for _, decided in one[1]), one[0] or "")
    )
    return tuple(
        TrendLine(tier, tuple((met, decided) for met, decided in counts))
        for tier, counts in ordered
    )


def _hours(fold: Fold, zone_name: str) -> tuple[Hour, ...]:
    zone = time_zone(zone_name)
    late: Counter[tuple[int, int]] = Counter()
    decided: Counter[tuple[int, int]] = Counter()
    for slot, n in fold.decided.items():
        local = instant_of(slot * SLOT_SECONDS).astimezone(zone)
        place = (local.weekday(), local.hour)
        decided[place] += n
        late[place] += fold.late.get(slot, 0)
    return tuple(Hour(*place, late[place], n) for place, n in sorted(decided.items()))


def _over(fold: Fold) -> tuple[OverLine, ...]:
    found = []
    for (measure,), cell in sorted(fold.by("measure").items(), key=_names):
        if not cell.over:
            continue
        ordered = sorted(cell.over)
        classes = [0] * (len(OVER_CLASSES) + 1)
        for seconds in ordered:
            place = sum(seconds >= edge for edge in OVER_CLASSES)
            classes[place] += 1
        median = nearest_rank(ordered, Fraction(1, 2))
        found.append(OverLine(measure or "", tuple(classes), median, ordered[-1]))
    return tuple(found)


def solve_lines(solves: Mapping[Solve, int]) -> tuple[SolveLine, ...]:
    """First solves by group."""
    groups: dict[str | None, list[int]] = {}
    for solve, n in solves.items():
        counts = groups.setdefault(solve.group, [0] * 5)
        counts[0] += n
        counts[1] += n if solve.is_reopened or solve.is_over else 0
        counts[2] += n if solve.is_reopened else 0
        kind = first_contact_of(
            solve.contacts, is_reopened=solve.is_reopened, is_over=solve.is_over
        )
        counts[3] += n if kind in ("met", "breached") else 0
        counts[4] += n if kind == "met" else 0
    return tuple(
        SolveLine(name, *counts)
        for name, counts in sorted(groups.items(), key=lambda i: i[0] or "")
    )


def _phone(line: str | None, calls: Calls) -> PhoneLine:
    waits = sorted(calls.waits)
    n_offered = len(waits) + calls.abandoned + calls.other
    if not waits:
        return PhoneLine(line, n_offered, 0, calls.abandoned, None, None, None)
    average = int(Fraction(sum(waits), len(waits)) + Fraction(1, 2))
    p90 = nearest_rank(waits, Fraction(9, 10))
    return PhoneLine(line, n_offered, len(waits), calls.abandoned, average, p90, waits[-1])


def _load(load: Mapping[Holder, Load]) -> tuple[LoadLine, ...]:
    """Who has most overdue tickets comes first."""
    ordered = sorted(
        load.items(),
        key=lambda one: (
            -one[1].n_overdue,
            -one[1].n_open,
            one[0].group or "",
            one[0].person or "",
        ),
    )
    return tuple(
        LoadLine(holder.group, holder.person, one.n_open, one.n_overdue, one.n_due_soon)
        for holder, one in ordered
    )
