# SPDX-License-Identifier: GPL-3.0-or-later
"""Availability from recorded outages, in agreed seconds, and the file they are recorded in."""

from __future__ import annotations

import csv
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

from rules.evidence import Outage
from rules.tallies import Tally
from rules.timeline import seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.calendars import BusinessCalendar

Span = tuple[int, int]
"""Epoch seconds, half-open."""


def count_outages(
    outages: Iterable[Outage],
    within: tuple[datetime, datetime],
    calendar: BusinessCalendar,
    maintenance: Iterable[tuple[datetime, datetime]],
) -> Tally:
    """Agreed seconds with the service (`met`) and without it (`breached`).

    Agreed are the open seconds of the calendar without the maintenance
    windows. Overlapping outages count once; `breaches` is the number of
    separate ones that took agreed time.

    Args:
        outages: recorded outages; one that lasts is cut at the end.
        within: the period, cut at the cut-off where it still runs.
        calendar: when the service is promised.
        maintenance: planned windows that do not count.
    """
    begin, end = (seconds_of(at) for at in within)
    if end <= begin:
        return Tally()
    planned = joined((seconds_of(first), seconds_of(last)) for first, last in maintenance)
    agreed = _without(calendar.open_spans(begin, end), planned)
    down = joined(
        (seconds_of(one.from_at), end if one.until_at is None else seconds_of(one.until_at))
        for one in outages
    )
    lost = [_seconds_in_both([outage], agreed) for outage in down]
    n_agreed, n_lost = sum(last - first for first, last in agreed), sum(lost)
    n_planned = calendar.position(end) - calendar.position(begin) - n_agreed
    details = {"planned_seconds": n_planned} if n_planned else {}
    breaches = sum(1 for seconds in lost if seconds)
    return Tally(met=n_agreed - n_lost, breached=n_lost, breaches=breaches, details=details)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, with those that touch or overlap made one; empty ones fall away."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if last <= first:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _without(spans: list[Span], taken: list[Span]) -> list[Span]:
    """What is left of ordered spans when the taken ones are cut out."""
    found: list[Span] = []
    for first, last in spans:
        at = first
        for begin, end in taken:
            if end <= at or begin >= last:
                continue
            if begin > at:
                found.append((at, begin))
            at = min(last, max(at, end))
        if at < last:
            found.append((at, last))
    return found


def _seconds_in_both(spans: list[Span], others: list[Span]) -> int:
    return sum(
        max(0, min(last, end) - max(first, begin)) for first, last in spans for begin, end in others
    )


_COLUMNS = ("from", "until", "because")


def read_outages(text: str) -> tuple[tuple[Outage, ...], tuple[str, ...]]:
    """The outages of a CSV file with the columns from, until and because.

    Times are ISO 8601 with an offset; an empty `until` lasts still.

    Returns:
        The outages, and a sentence for each line that cannot be read, with its
        number. An outage that cannot be read is not counted, so whoever closes
        a statement looks at the sentences first.
    """
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        return (), (f"line 1: the column {missing[0]} is missing",)
    outages: list[Outage] = []
    problems: list[str] = []
    for row in reader:
        try:
            outages.append(_outage(row))
        except ValueError as error:
            problems.append(f"line {reader.line_num}: {error}")
    return tuple(outages), tuple(problems)


def _outage(row: dict[str, str | None]) -> Outage:
    first, last = (row["from"] or "").strip(), (row["until"] or "").strip()
    begin = _instant("from", first)
    end = _instant("until", last) if last else None
    if end is not None and end <= begin:
        raise ValueError(f"until {last} is not after from {first}")
    return Outage(begin, end, (row["because"] or "").strip())


def _instant(column: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'{column}: "{text[:40]}" is not an instant') from None
    if at.tzinfo is None:
        raise ValueError(f"{column}: {text} has no zone; write {text}Z or {text}+01:00")
    return at
