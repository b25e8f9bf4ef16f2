# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening hours as UTC seconds: a table of open segments that grows when asked.

Wall time becomes UTC per local date, in this order: take the date's hours,
convert each edge with `fold=0`, cut to the date itself, subtract breaks, join
what touches. Cutting to the date is what makes a date that does not exist
(Samoa, 30 December 2011) contribute nothing.

Instants are seconds since 1970-01-01 UTC. A position is the number of open
seconds between the origin, local midnight of 2020-01-01, and an instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rules.calendar_hours import DAY, DayHours, LocalSpan, without

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from rules.calendar_hours import LocalHours

ORIGIN_DAY = date(2020, 1, 1).toordinal()
# No deadline lies beyond; without limits a search on a calendar that has
# stopped opening would never end.
FIRST_DAY = date(1900, 1, 1).toordinal()
LAST_DAY = date(2200, 1, 1).toordinal()
_WALL_EPOCH = datetime.fromordinal(date(1970, 1, 1).toordinal())
_NO_OFFSET = timedelta(0)
_STEP = 366  # dates added at the least when a table grows


@dataclass(frozen=True, slots=True)
class Table:
    """The open segments of the local dates from `first_day` to before `last_day`.

    Segments are half-open, in order, and do not touch; segment `i` runs from
    `openings[i]` to `closings[i]`, and at `openings[i]` the position is
    `positions[i]`. `first` and `last` are the positions at the table's edges
    `since` and `until`. The lists are never changed once a table exists, so
    that threads may read one while another makes its successor. `open_days`
    are the ordinals of the dates with open time, `midnights` the instants at
    which they begin, and `even` whether each is 24 hours long.
    """

    first_day: int
    last_day: int
    since: int
    until: int
    first: int
    last: int
    openings: list[int]
    closings: list[int]
    positions: list[int]
    open_days: list[int]
    midnights: list[int]
    even: list[bool]


def empty_table(zone: ZoneInfo) -> Table:
    """A table of no dates, at the origin."""
    origin = midnight(ORIGIN_DAY, zone)
    return Table(ORIGIN_DAY, ORIGIN_DAY, origin, origin, 0, 0, [], [], [], [], [], [])


def midnight(day: int, zone: ZoneInfo) -> int:
    """The instant of 00:00 on the date with this ordinal, `fold=0`."""
    return _instant(datetime.fromordinal(day), zone)


def grown_forward(table: Table, hours: LocalHours, zone: ZoneInfo, to_day: int) -> Table:
    """The table with later dates, up to before `to_day` and at least a year more.

    Raises:
        ValueError: the table already ends with the last year that is counted.
    """
    if table.last_day >= LAST_DAY:
        raise ValueError("the calendar has no opening that late: it is counted up to the year 2199")
    span = table.last_day - table.first_day
    last_day = min(max(to_day, table.last_day + max(_STEP, span // 2)), LAST_DAY)
    days = _open_days(table.last_day, last_day, hours, zone)
    return _table(
        (table.first_day, last_day),
        (table.since, midnight(last_day, zone)),
        table.first,
        _Days(
            _joined([*zip(table.openings, table.closings, strict=True), *days.segments]),
            table.open_days + days.open_days,
            table.midnights + days.midnights,
            table.even + days.even,
        ),
    )


def grown_backward(table: Table, hours: LocalHours, zone: ZoneInfo, to_day: int) -> Table:
    """The table with earlier dates, from `to_day` and at least a year more.

    Raises:
        ValueError: the table already starts with the first year that is counted.
    """
    if table.first_day <= FIRST_DAY:
        raise ValueError("the calendar has no opening that early: it is counted from the year 1900")
    span = table.last_day - table.first_day
    first_day = max(min(to_day, table.first_day - max(_STEP, span // 2)), FIRST_DAY)
    days = _open_days(first_day, table.first_day, hours, zone)
    return _table(
        (first_day, table.last_day),
        (midnight(first_day, zone), table.until),
        table.first - sum(closing - opening for opening, closing in days.segments),
        _Days(
            _joined([*days.segments, *zip(table.openings, table.closings, strict=True)]),
            days.open_days + table.open_days,
            days.midnights + table.midnights,
            days.even + table.even,
        ),
    )


def segments_of(hours: DayHours, day: int, zone: ZoneInfo) -> list[LocalSpan]:
    """The open segments of one local date, in UTC and in order."""
    return _segments(hours, day, midnight(day, zone), midnight(day + 1, zone), zone)


class _Days(NamedTuple):
    segments: list[LocalSpan]
    open_days: list[int]
    midnights: list[int]
    even: list[bool]


def _open_days(first_day: int, last_day: int, hours: LocalHours, zone: ZoneInfo) -> _Days:
    segments: list[LocalSpan] = []
    open_days: list[int] = []
    midnights: list[int] = []
    even: list[bool] = []
    following = midnight(first_day, zone)
    for day in range(first_day, last_day):
        start, following = following, midnight(day + 1, zone)
        found = _segments(hours.of(day), day, start, following, zone)
        if found:
            segments += found
            open_days.append(day)
            midnights.append(start)
            even.append(following - start == DAY)
    return _Days(segments, open_days, midnights, even)


def _segments(hours: DayHours, day: int, start: int, end: int, zone: ZoneInfo) -> list[LocalSpan]:
    if not hours.spans:
        return []
    if end - start == DAY:  # no clock change on this date: wall time runs along
        spans = without(hours.spans, hours.breaks) if hours.breaks else hours.spans
        return [(start + opening, start + closing) for opening, closing in spans]
    spans = _converted(hours.spans, day, start, end, zone)
    breaks = _converted(hours.breaks, day, start, end, zone)
    return without(_joined(sorted(spans)), breaks)


def _converted(
    spans: Iterable[LocalSpan], day: int, start: int, end: int, zone: ZoneInfo
) -> list[LocalSpan]:
    """Wall times of one date in UTC, cut to the date; emptied spans are dropped."""
    edges = (
        (
            max(_wall_instant(day, opening, zone), start),
            min(_wall_instant(day, closing, zone), end),
        )
        for opening, closing in spans
    )
    return [(opening, closing) for opening, closing in edges if opening < closing]


def _wall_instant(day: int, seconds: int, zone: ZoneInfo) -> int:
    return _instant(datetime.fromordinal(day) + timedelta(seconds=seconds), zone)


def _instant(wall: datetime, zone: ZoneInfo) -> int:
    """The instant of a wall time without zone; a skipped one takes the offset before the change.

    Offsets are asked for directly: `timestamp()` costs five times as much, and
    a new table needs thousands.
    """
    since = wall - _WALL_EPOCH
    offset = zone.utcoffset(wall) or _NO_OFFSET
    return (since.days - offset.days) * DAY + since.seconds - offset.seconds


def _joined(segments: Iterable[LocalSpan]) -> list[LocalSpan]:
    """Segments in order, with those that touch or overlap made one."""
    joined: list[LocalSpan] = []
    reached: int | None = None
    for opening, closing in segments:
        if reached is None or opening > reached:
            joined.append((opening, closing))
            reached = closing
        elif closing > reached:  # a skipped closing may land behind the next opening
            joined[-1] = (joined[-1][0], closing)
            reached = closing
    return joined


def _table(
    dates: tuple[int, int],
    edges: tuple[int, int],
    first: int,
    days: _Days,
) -> Table:
    lengths = (closing - opening for opening, closing in days.segments)
    positions = list(accumulate(lengths, initial=first))
    last = positions.pop()
    return Table(
        first_day=dates[0],
        last_day=dates[1],
        since=edges[0],
        until=edges[1],
        first=first,
        last=last,
        openings=[opening for opening, _ in days.segments],
        closings=[closing for _, closing in days.segments],
        positions=positions,
        open_days=days.open_days,
        midnights=days.midnights,
        even=days.even,
    )
