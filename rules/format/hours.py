# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening hours: `mon-thu: [09:00-12:30, 13:00-17:30]`, and the hours of single dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails

from rules.calendar_hours import WEEKDAYS
from rules.format.base import FormError, Path, wrong
from rules.format.forms import DATE_PATTERN, day
from rules.format.messages import shown
from rules.nearest import did_you_mean
from rules.source import Block, Items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic_core import PydanticCustomError

Pair = tuple[str, str]
Week = dict[str, tuple[Pair, ...]]
Dated = dict[date, tuple[Pair, ...]]

_DAY = 24 * 60
_WEEK = 7 * _DAY
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_SECONDS = re.compile(r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}")
_LONG_DASHES = "‐‑‒–—―−"  # noqa: RUF001 - the dashes that look like "-"
_RANGE_FORM = "write it like 09:00-17:30"


@dataclass(frozen=True, slots=True)
class _Span:
    """Open minutes from Monday 00:00 (or from a date's), and where they were written."""

    start: int
    end: int
    path: Path
    text: str


def weekdays(text: str) -> tuple[str, ...]:
    """The days of `mon`, `mon-fri`, `sat-mon` or `mon,wed`, in the written order.

    Raises:
        FormError: no such day, or a day named twice.
    """
    found: list[str] = []
    for part in _plain_dashes(text).split(","):
        first, dash, last = part.strip().partition("-")
        span = _from_to(_weekday(first), _weekday(last)) if dash else (_weekday(first),)
        for name in span:
            if name in found:
                raise FormError("STP017", f"{name} is given twice")
            found.append(name)
    return tuple(found)


def _weekday(text: str) -> str:
    name = text.strip()
    if name not in WEEKDAYS:
        short = name.lower()[:3]
        hint = short if short in WEEKDAYS else did_you_mean(name, WEEKDAYS)
        raise FormError(
            "STP033",
            f'"{shown(name)}" is not a weekday',
            f"write {hint}" if hint in WEEKDAYS else hint,
        )
    return name


def _from_to(first: str, last: str) -> tuple[str, ...]:
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    return tuple(WEEKDAYS[(start + step) % 7] for step in range((end - start) % 7 + 1))


def hours_range(text: str) -> Pair:
    """Opening and closing of `09:00-17:30`, as `HH:MM`; midnight at the end is `24:00`.

    Raises:
        FormError: another form, seconds, no such time of day, equal ends.
    """
    plain = _plain_dashes(text).replace(" ", "")
    if plain != text and any(char in text for char in _LONG_DASHES):
        raise FormError("STP034", f'"{shown(text)}" has a long dash', "use -")
    opening, dash, closing = plain.partition("-")
    if not dash:
        raise FormError("STP034", f'"{shown(text)}" is not a range of hours', _RANGE_FORM)
    start, end = _minutes(opening, text), _minutes(closing, text)
    if start == _DAY:
        raise FormError("STP034", f"{text} opens at 24:00, the end of the day", "write 00:00")
    if start == end:
        raise FormError("STP034", f"{text} ends when it starts", "all day is 00:00-24:00")
    return _clock(start), _clock(end or _DAY)


def _plain_dashes(text: str) -> str:
    return "".join("-" if char in _LONG_DASHES else char for char in text)


def _minutes(text: str, whole: str) -> int:
    found = _TIME.fullmatch(text)
    if not found:
        message = f'"{shown(whole)}" is not a range of hours'
        if _SECONDS.fullmatch(text):
            message = f'"{shown(whole)}" has seconds: hours and minutes only'
        raise FormError("STP034", message, _RANGE_FORM)
    minutes = int(found[1]) * 60 + int(found[2])
    if int(found[2]) > 59 or minutes > _DAY:
        raise FormError("STP034", f"{text} is not a time of day from 00:00 to 24:00")
    return minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def minutes_of(clock: str) -> int:
    """Minutes after midnight of an `HH:MM` that has been read already."""
    return int(clock[:-3]) * 60 + int(clock[-2:])


class _Hours:
    """Reads a block of hours and gathers all its errors."""

    def __init__(self) -> None:
        self.errors: list[InitErrorDetails] = []
        self.spans: list[_Span] = []

    def entries(self, value: object) -> Iterator[tuple[str, tuple[tuple[Pair, Path], ...]]]:
        if not isinstance(value, Block):
            raise wrong("STP022", "must be a block of days with hours", "write mon-fri: [...]")
        for key, ranges in value.items():
            yield key, tuple(self._ranges(ranges, (key,)))

    def _ranges(self, value: object, path: Path) -> Iterator[tuple[Pair, Path]]:
        if not isinstance(value, Items):
            text = f"write [{value}]" if isinstance(value, str) else "put it in [ ]"
            self.fail(path, wrong("STP022", "must be a list of hours", text))
            return
        for i, part in enumerate(value):
            if not isinstance(part, str):
                self.fail((*path, i), wrong("STP034", "is not a range of hours", _RANGE_FORM))
                continue
            try:
                yield hours_range(part), (*path, i)
            except FormError as error:
                self.fail((*path, i), wrong(error.code, error.message, error.hint))

    def fail(self, path: Path, error: PydanticCustomError) -> None:
        self.errors.append(InitErrorDetails(type=error, loc=path, input=None))

    def check_overlaps(self, *, wraps: bool) -> None:
        """Report each pair of written ranges that overlap, at the later one."""
        spans = sorted(self.spans, key=lambda span: span.start)
        if wraps:  # what runs into Monday is compared with Monday too
            spans += [
                _Span(span.start + _WEEK, span.end + _WEEK, span.path, span.text)
                for span in spans
                if span.start < _DAY
            ]
        order = {span.path: place for place, span in enumerate(self.spans)}
        told: set[tuple[Path, Path]] = set()
        for i, span in enumerate(spans):
            for other in spans[i + 1 :]:
                if other.start >= span.end:
                    break
                first, later = sorted((span, other), key=lambda each: order[each.path])
                if (first.path, later.path) not in told:
                    told.add((first.path, later.path))
                    self._overlap(first, later)

    def _overlap(self, first: _Span, later: _Span) -> None:
        message = f"{later.text} overlaps {first.text} of {first.path[0]}"
        self.fail(later.path, wrong("STP104", message, "hours may touch, not overlap"))


def _read_week(value: object) -> Week:
    reading = _Hours()
    week: dict[str, list[Pair]] = {}
    said: dict[str, str] = {}
    for key, ranges in reading.entries(value):
        try:
            names = weekdays(key)
        except FormError as error:
            reading.fail((key, "[key]"), wrong(error.code, error.message, error.hint))
            continue
        for name in names:
            if name in said:
                hint = f'it stands in "{said[name]}" already'
                error_twice = wrong("STP017", f"{name} is given twice", hint)
                reading.fail((key, "[key]"), error_twice)
                continue
            said[name] = key
            week[name] = [pair for pair, _ in ranges]
            start = WEEKDAYS.index(name) * _DAY
            reading.spans += _spans(ranges, start)
    reading.check_overlaps(wraps=True)
    if reading.errors:
        raise ValidationError.from_exception_data("hours", reading.errors)
    return {name: tuple(week.get(name, ())) for name in WEEKDAYS}


def _spans(ranges: Iterable[tuple[Pair, Path]], day_start: int) -> list[_Span]:
    found = []
    for (opening, closing), path in ranges:
        start, end = minutes_of(opening), minutes_of(closing)
        if end < start:
            end += _DAY
        found.append(_Span(day_start + start, day_start + end, path, f"{opening}-{closing}"))
    return found


def _read_dated(value: object) -> Dated:
    reading = _Hours()
    found: Dated = {}
    for key, ranges in reading.entries(value):
        try:
            on = day(key)
        except FormError as error:
            reading.fail((key, "[key]"), wrong(error.code, error.message, error.hint))
            continue
        for (opening, closing), path in ranges:
            if minutes_of(closing) < minutes_of(opening):
                hint = "write what falls on the next date under that date"
                message = f"{opening}-{closing} runs past midnight"
                reading.fail(path, wrong("STP034", message, hint))
        found[on] = tuple(pair for pair, _ in ranges)
        one_date = _Hours()
        one_date.spans = _spans(ranges, 0)
        one_date.check_overlaps(wraps=False)
        reading.errors += one_date.errors
    if reading.errors:
        raise ValidationError.from_exception_data("hours", reading.errors)
    return found


_RANGES = {
    "type": "array",
    "items": {
        "type": "string",
        "pattern": "^[0-9]{1,2}:[0-9]{2} ?- ?[0-9]{1,2}:[0-9]{2}$",
        "examples": ["09:00-17:30", "22:00-06:00"],
    },
}
_WEEKDAY = f"({'|'.join(WEEKDAYS)})"

WeekHours = Annotated[
    Week,
    PlainValidator(_read_week),
    WithJsonSchema(
        {
            "type": "object",
            "patternProperties": {f"^{_WEEKDAY}([-,] ?{_WEEKDAY})*$": _RANGES},
            "additionalProperties": False,
        }
    ),
]
DatedHours = Annotated[
    Dated,
    PlainValidator(_read_dated),
    WithJsonSchema(
        {
            "type": "object",
            "patternProperties": {DATE_PATTERN: _RANGES},
            "additionalProperties": False,
        }
    ),
]
