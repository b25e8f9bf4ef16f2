# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of an obligation in a period: exact counts against the promised level.

The one place in which promises over a period are counted: board, reports,
credits and forecasts all ask here, so that their numbers never contradict each
other.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import msgspec

from rules.attainment import percent_of
from rules.availability import count_outages
from rules.exemptions import Exemptions
from rules.facts import MEASURES
from rules.indicators import count_ratings, count_solved
from rules.phone import count_calls
from rules.tallies import Counted, NotConcrete, Tally, count_cycles, tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rules.calendars import BusinessCalendar
    from rules.evidence import Call, CycleRow, Outage, Rating, SolvedTicket
    from rules.policy import Policy
    from rules.promises import Obligation

Result = Literal["kept", "missed", "too_few", "nothing"]
Edge = Literal["at_least", "at_most"]

OF_THE_MISSED = frozenset({"phone_abandoned", "reopened"})
"""Indicators whose share is that of the misses; of all others it is that of what was kept."""


@dataclass(frozen=True, slots=True)
class Records:
    """All that was recorded of one customer, judged at `cut_off`.

    `cut_off` is the instant up to which everything is known. `outages` are by
    the name of their file.
    """

    cut_off: datetime
    cycles: Sequence[CycleRow] = ()
    calls: Sequence[Call] = ()
    solved: Sequence[SolvedTicket] = ()
    ratings: Sequence[Rating] = ()
    outages: Mapping[str, Sequence[Outage]] | None = None


def sliced(records: Records, ends: Sequence[datetime]) -> list[Records]:
    """The same records for each of several periods in a row, without what falls due elsewhere.

    To count twelve periods each row is then looked at once and not twelve times.
    What has no due stays in all of them.

    Args:
        records: those of one customer.
        ends: the first instants behind the periods, in their order.
    """
    parts: list[list[CycleRow]] = [[] for _ in ends]
    solved: list[list[SolvedTicket]] = [[] for _ in ends]
    for row in records.cycles:
        if row.due_at is None:
            for part in parts:
                part.append(row)
        elif (place := bisect_right(ends, row.due_at)) < len(ends):
            parts[place].append(row)
    for one in records.solved:
        if (place := bisect_right(ends, one.solved_at)) < len(ends):
            solved[place].append(one)
    return [
        replace(records, cycles=cycles, solved=solves)
        for cycles, solves in zip(parts, solved, strict=True)
    ]


class Level(msgspec.Struct, frozen=True):
    """A promised share: at least it, or at most it."""

    edge: Edge
    share: Fraction

    def allows(self, share: Fraction) -> bool:
        """Whether a share keeps the promise; equality does. Exact, never rounded."""
        return share >= self.share if self.edge == "at_least" else share <= self.share


class Assessment(msgspec.Struct, frozen=True):
    """What an obligation came to.

    `numerator` of `n_decided` is the share that the level speaks of. `result`
    is `nothing` where nothing was decided (which is not everything kept),
    `too_few` below the minimum, and None where no level was promised.
    """

    numerator: int
    n_decided: int
    level: Level | None
    result: Result | None
    tally: Tally

    @property
    def share(self) -> Fraction | None:
        """The exact share; None where nothing was decided."""
        return Fraction(self.numerator, self.n_decided) if self.n_decided else None

    @property
    def percent(self) -> str:
        """The share in percent, rounded half up to one decimal, or "n/a"; for reading only."""
        return percent_of(self.numerator, self.n_decided)

    @property
    def is_decided(self) -> bool:
        """Whether nothing is left that falls in the period and may still turn either way."""
        return self.tally.not_due == 0


def level_of(obligation: Obligation) -> Level | None:
    """The promised level; None where there is none."""
    if obligation.at_least is not None:
        return Level("at_least", obligation.at_least)
    if obligation.at_most is not None:
        return Level("at_most", obligation.at_most)
    return None


def assess(
    obligation: Obligation,
    records: Records,
    policy: Policy,
    within: tuple[datetime, datetime],
) -> Assessment:
    """What the obligation came to within a period.

    Args:
        obligation: the promise.
        records: what was recorded of the customer.
        policy: for its calendars and approved exceptions.
        within: the part of the period for which the contract holds, half-open.

    Raises:
        NotConcrete: nothing says what is measured, or an indicator lacks what it needs.
    """
    if obligation.of == "availability":
        return assessed(obligation, available(obligation, records, policy, within))
    return assessed(obligation, tally(counted(obligation, records, policy, within)))


def held(obligation: Obligation, within: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """The part of a period in which the obligation's own dates let it hold; it may be empty."""
    begin, end = within
    if obligation.from_at is not None:
        begin = max(begin, obligation.from_at)
    if obligation.until_at is not None:
        end = min(end, obligation.until_at)
    return begin, max(begin, end)


def counted(
    obligation: Obligation,
    records: Records,
    policy: Policy,
    within: tuple[datetime, datetime],
) -> list[Counted]:
    """Every case of a period and what it counts as, in the order of the records.

    Raises:
        NotConcrete: as `assess`; availability has no cases but seconds.
    """
    within = held(obligation, within)
    exemptions = Exemptions(policy.exclusions, obligation.excluding)
    if obligation.of in MEASURES:
        return count_cycles(obligation, records.cycles, within, exemptions)
    if obligation.of in ("phone_answer", "phone_abandoned"):
        opening = opening_hours(obligation, policy)
        return count_calls(obligation, records.calls, within, exemptions, opening)
    if obligation.of in ("first_contact_resolution", "reopened"):
        return count_solved(obligation, records.solved, within, exemptions, records.cut_off)
    if obligation.of == "satisfaction":
        return count_ratings(obligation, records.ratings, within, exemptions)
    raise NotConcrete(f"{obligation.name} does not say what is measured")


def opening_hours(obligation: Obligation, policy: Policy) -> BusinessCalendar | None:
    """When calls are answered; None where the phone system says it.

    Raises:
        NotConcrete: a chooser of calendars, which depends on a ticket.
    """
    if obligation.counted is None:
        return None
    calendar = policy.calendars.get(obligation.counted)
    if calendar is None:
        raise NotConcrete(f"{obligation.name} needs one calendar, not one for each ticket")
    return calendar.business


def available(
    obligation: Obligation,
    records: Records,
    policy: Policy,
    within: tuple[datetime, datetime],
) -> Tally:
    """Seconds with and without the service up to the cut-off.

    Raises:
        NotConcrete: nothing says where outages are recorded, or on which calendar.
    """
    if obligation.outages is None:
        raise NotConcrete(f"{obligation.name} does not say where outages are recorded")
    calendar = policy.calendars.get(obligation.counted or "always")
    if calendar is None:  # a chooser depends on a ticket, and an outage has none
        raise NotConcrete(f"{obligation.name} needs one calendar, not one for each ticket")
    begin, end = held(obligation, within)
    outages = (records.outages or {}).get(obligation.outages, ())
    planned = Exemptions(policy.exclusions, obligation.excluding).windows
    return count_outages(outages, (begin, min(end, records.cut_off)), calendar.business, planned)


def assessed(obligation: Obligation, found: Tally) -> Assessment:
    """Counts against the promised level."""
    of_the_missed = obligation.of in OF_THE_MISSED
    numerator = found.breached if of_the_missed else found.met
    level = level_of(obligation)
    minimum = None if obligation.of == "availability" else obligation.minimum_tickets
    result = _result(numerator, found.n_decided, level, minimum)
    return Assessment(numerator, found.n_decided, level, result, found)


def _result(
    numerator: int, n_decided: int, level: Level | None, minimum: int | None
) -> Result | None:
    if n_decided == 0:
        return "nothing"
    if level is None:
        return None
    if minimum is not None and n_decided < minimum:
        return "too_few"
    return "kept" if level.allows(Fraction(numerator, n_decided)) else "missed"


def excluded_share(found: Iterable[Tally]) -> Fraction | None:
    """The share of cases that were taken out; None where there were none at all.

    More than 5 % is shown on a report's first page.
    """
    tallies = list(found)
    n_excluded = sum(one.excluded for one in tallies)
    total = n_excluded + sum(one.n_decided for one in tallies)
    return Fraction(n_excluded, total) if total else None
