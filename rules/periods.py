# SPDX-License-Identifier: GPL-3.0-or-later
"""The periods of obligations: months, contract months, quarters and ISO weeks in a zone.

A period is half-open and runs from 00:00 of its first date to 00:00 of the
date after its last, in the contract's zone. Adjacent periods share that
instant, so no second belongs to two of them or to none, whatever the clocks do.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from rules.calendar_table import midnight
from rules.calendar_zones import time_zone
from rules.timeline import instant_of

if TYPE_CHECKING:
    from rules.promises import Period

Partial = Literal["by_days", "full", "none"]

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DatedPeriod:
    """A period with its dates: `first` belongs to it, `behind` is the next one's first.

    `from_at` and `until_at` are the same in UTC. `anchor` is the contract's
    first date, for contract months.
    """

    kind: Period
    zone: str
    first: date
    behind: date
    anchor: date | None = None

    @property
    def from_at(self) -> datetime:
        """The first instant."""
        return start_of(self.first, self.zone)

    @property
    def until_at(self) -> datetime:
        """The first instant that belongs to the next period."""
        return start_of(self.behind, self.zone)

    @property
    def label(self) -> str:
        """`2026-11`, `2026-Q4`, `2026-W48`, or a contract month's first date."""
        if self.kind == "calendar_month":
            return f"{self.first:%Y-%m}"
        if self.kind == "quarter":
            return f"{self.first:%Y}-Q{(self.first.month + 2) // 3}"
        if self.kind == "iso_week":
            year, week, _ = self.first.isocalendar()
            return f"{year:04}-W{week:02}"
        return self.first.isoformat()

    @property
    def months(self) -> Fraction:
        """The months in it: 1 for a month, 3 for a quarter; see `months_in`."""
        return months_in(self, self.first, self.behind)

    def holds(self, at: datetime) -> bool:
        """Whether the instant belongs to this period."""
        return self.from_at <= at < self.until_at

    def following(self) -> DatedPeriod:
        """The next period."""
        return _around(self.kind, self.behind, self.zone, self.anchor)

    def preceding(self) -> DatedPeriod:
        """The period before."""
        return _around(self.kind, self.first - _ONE_DAY, self.zone, self.anchor)


def start_of(day: date, zone: str) -> datetime:
    """00:00 of a date in a zone, in UTC; where clocks skip it, the moment of the change."""
    return instant_of(midnight(day.toordinal(), time_zone(zone)))


def period_at(
    kind: Period, at: datetime, zone: str, anchor: datetime | date | None = None
) -> DatedPeriod:
    """The period that holds an instant.

    Args:
        kind: which periods.
        at: an aware instant.
        zone: the contract's zone, by its IANA name.
        anchor: the begin of the contract; contract months start on its day of
            the month, or on the month's last day where that day is missing.

    Raises:
        ValueError: contract months without an anchor, a naive instant.
    """
    if at.tzinfo is None:
        raise ValueError("a period is found by an instant with a time zone")
    found = _around(kind, at.astimezone(time_zone(zone)).date(), zone, _anchor_date(anchor, zone))
    # Clocks set back over midnight show a date for a second time after the next one has begun.
    while at >= found.until_at:
        found = found.following()
    return found


def period_named(
    kind: Period, label: str, zone: str, anchor: datetime | date | None = None
) -> DatedPeriod:
    """The period with this label; a contract month is also named by any date in it.

    Raises:
        ValueError: the label is none of a period of this kind.
    """
    try:
        day = _day_of(kind, label)
    except ValueError:
        raise ValueError(f'"{label}" is no {kind.replace("_", " ")}') from None
    return _around(kind, day, zone, _anchor_date(anchor, zone))


def months_in(period: DatedPeriod, first: date, behind: date) -> Fraction:
    """The months in the dates from `first` to before `behind`, which lie in the period.

    A contract month is one month however long it is. Elsewhere each day counts
    as one part of its own calendar month, so that a quarter has exactly three
    and a week of November 7/30.
    """
    if period.kind == "contract_month":
        return Fraction((behind - first).days, (period.behind - period.first).days)
    total, day = Fraction(0), first
    while day < behind:
        end = min(behind, _month_after(day))
        total += Fraction((end - day).days, monthrange(day.year, day.month)[1])
        day = end
    return total


@dataclass(frozen=True, slots=True)
class Part:
    """The dates of a period on which a contract holds, and the same in UTC."""

    first: date
    behind: date
    from_at: datetime
    until_at: datetime
    is_whole: bool


def part_of(period: DatedPeriod, from_at: datetime | None, until_at: datetime | None) -> Part:
    """The part of a period that a contract's dates leave; it may be empty.

    A date of which a contract holds only some hours counts as a whole day.
    """
    zone = time_zone(period.zone)
    first, behind = period.first, period.behind
    begin, end = period.from_at, period.until_at
    if from_at is not None and from_at > begin:
        begin = min(from_at, end)
        first = min(begin.astimezone(zone).date(), behind)
    if until_at is not None and until_at < end:
        end = max(until_at, begin)
        last = end.astimezone(zone)
        is_midnight = end == start_of(last.date(), period.zone)
        behind = max(first, last.date() if is_midnight else last.date() + _ONE_DAY)
    if begin >= end:
        behind = first
    return Part(first, behind, begin, end, (first, behind) == (period.first, period.behind))


def billed_months(period: DatedPeriod, part: Part, partial: Partial | None) -> Fraction:
    """The months of fee that a period stands for.

    `partial` says what a period that the contract's dates cut counts as: its
    days (also where nothing was said), all of it, or nothing.
    """
    if part.first == part.behind:
        return Fraction(0)
    if part.is_whole or partial == "full":
        return period.months
    return Fraction(0) if partial == "none" else months_in(period, part.first, part.behind)


def _around(kind: Period, day: date, zone: str, anchor: date | None) -> DatedPeriod:
    first, behind = _bounds(kind, day, anchor)
    return DatedPeriod(kind, zone, first, behind, anchor)


def _bounds(kind: Period, day: date, anchor: date | None) -> tuple[date, date]:
    """First date, and the date after the last, of the period around a date."""
    if kind == "iso_week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=7)
    if kind == "contract_month":
        return _contract_month(day, anchor)
    first = day.replace(day=1)
    if kind == "calendar_month":
        return first, _month_after(first)
    first = first.replace(month=first.month - (first.month - 1) % 3)
    return first, _month_after(_month_after(_month_after(first)))


def _contract_month(day: date, anchor: date | None) -> tuple[date, date]:
    if anchor is None:
        raise ValueError("contract months need the first date of a contract")
    first = _anniversary(day, anchor)
    if first > day:
        first = _anniversary(day.replace(day=1) - _ONE_DAY, anchor)
    return first, _anniversary(_month_after(first), anchor)


def _anniversary(month: date, anchor: date) -> date:
    """The date in the month of `month` on which a contract month begins."""
    return month.replace(day=min(anchor.day, monthrange(month.year, month.month)[1]))


def _month_after(day: date) -> date:
    """The first date of the next calendar month."""
    return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])


def _anchor_date(anchor: datetime | date | None, zone: str) -> date | None:
    if isinstance(anchor, datetime):
        return anchor.astimezone(time_zone(zone)).date()
    return anchor


def _day_of(kind: Period, label: str) -> date:
    if kind == "calendar_month":
        return datetime.strptime(label, "%Y-%m").date()  # noqa: DTZ007 - a date has no zone
    if kind == "quarter":
        year, _, quarter = label.partition("-Q")
        if quarter not in {"1", "2", "3", "4"}:
            raise ValueError(label)
        return date(int(year), int(quarter) * 3, 1)
    if kind == "iso_week":
        year, _, week = label.partition("-W")
        return date.fromisocalendar(int(year), int(week), 1)
    return date.fromisoformat(label)
