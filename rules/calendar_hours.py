# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening hours in local time: what an admin wrote, checked and cut into dates.

Times of day are seconds after local midnight, 0 to 86,400. Hours across
midnight are split there, and each part belongs to the date on which it falls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400

Pair = tuple[str, str]
LocalSpan = tuple[int, int]

_TIME_OF_DAY = re.compile(r"([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one date: open in `spans` but not in `breaks`; both in order."""

    spans: tuple[LocalSpan, ...] = ()
    breaks: tuple[LocalSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalHours:
    """The hours of every date.

    `week` has seven entries from Monday; `dated` holds the dates that differ
    from their weekday, by proleptic ordinal.
    """

    week: tuple[DayHours, ...]
    dated: Mapping[int, DayHours] = field(default_factory=dict)

    def of(self, day: int) -> DayHours:
        """The hours of the date with the ordinal `day`."""
        found = self.dated.get(day)
        return self.week[(day - 1) % 7] if found is None else found

    @property
    def ever_open(self) -> bool:
        """Some weekday, or some dated entry after its breaks, has open time."""
        if any(hours.spans for hours in self.week):
            return True
        return any(without(hours.spans, hours.breaks) for hours in self.dated.values())

    @property
    def always_open(self) -> bool:
        """Every second of every date is open."""
        return not self.dated and all(hours.spans == ((0, DAY),) for hours in self.week)


def local_hours(
    hours: Mapping[str, Iterable[Sequence[str]]],
    holidays: Iterable[date],
    extra_hours: Mapping[date, Iterable[Sequence[str]]],
    breaks: Mapping[date, Iterable[Sequence[str]]],
) -> LocalHours:
    """Check everything that was written about a calendar's hours.

    A holiday wins over extra hours, extra hours win over the weekday, and
    breaks are cut out of whatever is left.

    Raises:
        ValueError: naming the entry and what is wrong with it.
    """
    for what, written in (("hours", hours), ("extra_hours", extra_hours), ("breaks", breaks)):
        if not isinstance(written, Mapping):
            raise ValueError(f"{what}: {written!r} does not map days to their hours")  # noqa: TRY004 - one error type for admins
    week = weekly_spans(hours)
    replaced = {
        _ordinal(day, "extra_hours"): dated_spans(day, pairs, "extra_hours")
        for day, pairs in extra_hours.items()
    }
    cut = {
        _ordinal(day, "breaks"): tuple(sorted(_dated_parts(day, pairs, "breaks")))
        for day, pairs in breaks.items()
    }
    dated = {
        day: DayHours(replaced.get(day, week[(day - 1) % 7]), cut.get(day, ()))
        for day in replaced.keys() | cut.keys()
    }
    dated |= {_ordinal(day, "holidays"): DayHours() for day in holidays}
    found = LocalHours(tuple(DayHours(spans) for spans in week), dated)
    if not found.ever_open:
        raise ValueError("the calendar never opens")
    return found


def time_of_day(text: str) -> int:
    """Seconds after midnight of `HH:MM`, from 0 (00:00) to 86,400 (24:00).

    Raises:
        ValueError: another form (seconds are refused), or past 24:00.
    """
    if not isinstance(text, str):
        raise ValueError(f"hours must be HH:MM in quotes, not {text!r}")  # noqa: TRY004 - one error type for admins
    found = _TIME_OF_DAY.fullmatch(text)
    if not found:
        raise ValueError(f'hours must be HH:MM, not "{text}"')
    hour, minute = int(found[1]), int(found[2])
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f'"{text}" is not a time of day from 00:00 to 24:00')
    return hour * 3600 + minute * 60


def time_text(seconds: int) -> str:
    """`HH:MM` of seconds after midnight."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def weekly_spans(
    hours: Mapping[str, Iterable[Sequence[str]]],
) -> tuple[tuple[LocalSpan, ...], ...]:
    """The open spans of Monday to Sunday, nights split at midnight.

    Raises:
        ValueError: an unknown weekday, a bad time, hours that overlap.
    """
    parts: list[list[LocalSpan]] = [[] for _ in WEEKDAYS]
    for name, pairs in hours.items():
        if name not in WEEKDAYS:
            raise ValueError(f'hours: "{name}" is not one of {", ".join(WEEKDAYS)}')
        weekday = WEEKDAYS.index(name)
        for pair in _pairs(pairs, f"hours of {name}"):
            opening, closing = _span(pair, f"hours of {name}")
            if closing > opening:
                parts[weekday].append((opening, closing))
                continue
            parts[weekday].append((opening, DAY))
            if closing:
                parts[(weekday + 1) % 7].append((0, closing))
    return tuple(
        _joined(spans, f"overlapping hours on {name}")
        for name, spans in zip(WEEKDAYS, parts, strict=True)
    )


def dated_spans(day: date, pairs: Iterable[Sequence[str]], what: str) -> tuple[LocalSpan, ...]:
    """The spans written for one date.

    Raises:
        ValueError: a bad time, spans that overlap or run past midnight.
    """
    return _joined(_dated_parts(day, pairs, what), f"overlapping hours in {what} of {day}")


def without(spans: Iterable[LocalSpan], breaks: Iterable[LocalSpan]) -> list[LocalSpan]:
    """`spans` minus `breaks`; the spans are in order and do not overlap."""
    left = list(spans)
    for start, end in breaks:
        left = [
            part
            for opening, closing in left
            for part in ((opening, min(closing, start)), (max(opening, end), closing))
            if part[0] < part[1]
        ]
    return left


def _dated_parts(day: date, pairs: Iterable[Sequence[str]], what: str) -> list[LocalSpan]:
    parts = []
    for pair in _pairs(pairs, f"{what} of {day}"):
        opening, closing = _span(pair, f"{what} of {day}")
        if closing == 0:
            closing = DAY
        if closing < opening:
            raise ValueError(
                f"{what} of {day}: {pair[0]}-{pair[1]} ends before it starts; "
                "write what falls on the next date under that date"
            )
        parts.append((opening, closing))
    return parts


def _pairs(pairs: object, where: str) -> list[Pair]:
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise ValueError(f"{where}: {pairs!r} is not a list of openings and closings")  # noqa: TRY004 - one error type for admins
    found = []
    for pair in pairs:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise ValueError(f"{where}: {pair!r} is not an opening and a closing")
        found.append((pair[0], pair[1]))
    return found


def _span(pair: Pair, where: str) -> LocalSpan:
    """Opening and closing of one pair; the closing is the smaller one across midnight."""
    written = f"{pair[0]}-{pair[1]}"
    try:
        opening, closing = time_of_day(pair[0]), time_of_day(pair[1])
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if opening == DAY:
        raise ValueError(f"{where}: {written} cannot open at 24:00, the end of the day")
    if opening == closing:
        raise ValueError(f"{where}: {written} ends when it starts; all day is 00:00-24:00")
    return opening, closing


def _joined(spans: Iterable[LocalSpan], offence: str) -> tuple[LocalSpan, ...]:
    """The spans in order, touching ones made one."""
    ordered = sorted(spans)
    for (start, end), (later_start, later_end) in pairwise(ordered):
        if later_start < end:
            raise ValueError(
                f"{offence}: {time_text(start)}-{time_text(end)} "
                f"and {time_text(later_start)}-{time_text(later_end)}"
            )
    joined: list[LocalSpan] = []
    for start, end in ordered:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _ordinal(day: date, what: str) -> int:
    if isinstance(day, datetime) or not isinstance(day, date):
        raise ValueError(f"{what}: {day!r} is not a date")  # noqa: TRY004 - one error type for admins
    return day.toordinal()
