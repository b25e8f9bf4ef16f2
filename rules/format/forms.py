# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the format: one text each, read by a parser of our own.

Python's own parsers are generous (`int("1_000")` is a number, so are digits of
any script), so every form is matched whole, in ASCII digits, first.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import WithJsonSchema

from rules.calendar_zones import UnknownTimeZone, time_zone
from rules.currencies import MINOR_UNITS
from rules.duration import parse_moment, parse_running, parse_share, parse_span
from rules.facts import AUTHORS, CHANNELS, MEASURES, PRIORITIES, Author, Measure
from rules.facts import Channel as ChannelWord
from rules.facts import Priority as PriorityWord
from rules.format.base import FormError, written
from rules.format.messages import shown
from rules.moments import Moment
from rules.money import plain_amount
from rules.nearest import did_you_mean
from rules.policy import Span, StepMoment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_LINE = 500
LONGEST_PROSE = 5_000

_NAME = re.compile(r"[a-z0-9_]{1,60}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_LOOSE_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_OFFSET = re.compile(r"([+-])([01][0-9]):?([0-5][0-9])")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
_ANY_AMOUNT = re.compile(r"(-?)[0-9]+(\.[0-9]+)?")
_MOST_DIGITS = 12
_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,99})")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+")
_PLAIN_DAYS = re.compile(r"([0-9]{1,4}) days?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def one_of(what: str, words: Sequence[str], code: str = "STP031") -> Callable[[str], str]:
    """A parser of one word of a closed list."""

    def parse(text: str) -> str:
        if text in words:
            return text
        hint = did_you_mean(text, words)
        raise FormError(code, f'"{shown(text)}" is not {what}', hint)

    return parse


def line(text: str) -> str:
    """Text of one line."""
    if "\n" in text or len(text) > LONGEST_LINE:
        raise FormError("STP022", f"must be one line of at most {LONGEST_LINE} characters")
    if not text.strip():
        raise FormError("STP022", "must not be blank")
    return text.strip()


def prose(text: str) -> str:
    """Text of several lines, without the blanks at their ends."""
    if len(text) > LONGEST_PROSE:
        raise FormError("STP022", f"must be at most {LONGEST_PROSE:,} characters")
    kept = "\n".join(part.rstrip() for part in text.splitlines()).strip()
    if not kept:
        raise FormError("STP022", "must not be blank")
    return kept


def name(text: str) -> str:
    """The name of a block that others refer to."""
    if not _NAME.fullmatch(text):
        hint = "use a-z, 0-9 and _, at most 60 of them"
        raise FormError("STP029", f'"{shown(text)}" cannot be a name', hint)
    return text


def yes_no(text: str) -> bool:
    """`true` or `false`; YAML's many other spellings are refused."""
    if text not in ("true", "false"):
        near = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false"}
        hint = near.get(text.lower(), text.lower() if text.lower() in ("true", "false") else "")
        raise FormError(
            "STP038",
            f'"{shown(text)}" is neither true nor false',
            f"write {hint}" if hint else "write true or false",
        )
    return text == "true"


def number(text: str) -> int:
    """A whole number from 0."""
    if not _NUMBER.fullmatch(text):
        plain = re.sub(r"[_,.' ]", "", text)
        hint = f"write {plain}" if _NUMBER.fullmatch(plain) else "write digits only"
        raise FormError("STP039", f'"{shown(text)}" is not a whole number', hint)
    return int(text)


def zone(text: str) -> str:
    """A time zone by its IANA name."""
    try:
        time_zone(text)
    except UnknownTimeZone as error:
        hint = f"{error.nearest}?" if error.nearest else "write it like Europe/Amsterdam, or UTC"
        raise FormError("STP025", f'"{shown(text)}" is not a time zone', hint) from None
    return text


def day(text: str) -> date:
    """A date, `2026-12-25` and in no other way."""
    found = _DATE.fullmatch(text)
    if not found:
        raise FormError("STP026", f'"{shown(text)}" is not a date', _date_hint(text))
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        raise FormError("STP026", f"{text} is not in the calendar") from None


def _date_hint(text: str) -> str:
    found = _LOOSE_DATE.fullmatch(text)
    if found:
        return f"write {found[1]}-{int(found[2]):02}-{int(found[3]):02}"
    return "write year-month-day, such as 2026-12-25"


def any_moment(text: str) -> Moment:
    """A date, or a date with a time of day; either may name its zone."""
    when, _, where = text.partition("T" if text[10:11] == "T" else " ")
    on = day(when)
    if not where:
        return Moment(on)
    clock, _, place = where.partition(" ")
    found = _CLOCK.match(clock)
    if not found:  # "2026-10-01 Europe/Amsterdam"
        return Moment(on, zone=zone(where))
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)
    rest = clock[found.end() :]
    if not rest and (place == "Z" or _OFFSET.fullmatch(place)):  # "09:00 +0100"
        rest, place = place, ""
    if rest and place:
        raise FormError("STP026", f'"{shown(text)}" is not an instant', _INSTANT_HINT)
    if rest == "Z":
        return Moment(on, seconds, offset=0)
    if rest:
        return Moment(on, seconds, offset=_offset(rest, text))
    return Moment(on, seconds, zone=zone(place) if place else None, has_time=True)


_INSTANT_HINT = "write it like 2026-12-25 09:00 Europe/Amsterdam"


def _offset(rest: str, text: str) -> int:
    found = _OFFSET.fullmatch(rest)
    if not found:
        raise FormError("STP026", f'"{shown(text)}" is not an instant', _INSTANT_HINT)
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    return -seconds if found[1] == "-" else seconds


def moment(text: str) -> Moment:
    """A date, or an instant; an instant names its zone."""
    found = any_moment(text)
    if found.has_time and found.zone is None:
        hint = f"add one: {shown(text)} Europe/Amsterdam"
        raise FormError("STP025", "a time of day needs a zone", hint)
    return found


def amount(text: str) -> Decimal:
    """An amount of money, exact."""
    if not _AMOUNT.fullmatch(text):
        raise _amount_error(text)
    return Decimal(text)


def _amount_error(text: str) -> FormError:
    """Say what is wrong with an amount, and what was probably meant."""
    found = _ANY_AMOUNT.fullmatch(text)
    if found is None:
        meant = plain_amount(text)
        hint = f'write "{meant}"' if meant else 'write it like "2000.00"'
        return FormError("STP037", f'"{shown(text)}" is not an amount', hint)
    if found[1]:
        return FormError("STP037", f'"{shown(text)}" cannot be negative')
    if len(text.partition(".")[0]) > _MOST_DIGITS:
        most = f"at most {'9' * _MOST_DIGITS}"
        return FormError("STP037", f'"{shown(text)}" is too large: {most}')
    return FormError("STP037", f'"{shown(text)}" has more than four decimals')


def currency(text: str) -> str:
    """A currency by its ISO 4217 code."""
    if text not in MINOR_UNITS:
        hint = did_you_mean(text.upper(), MINOR_UNITS) or "write the ISO code, such as EUR"
        raise FormError("STP037", f'"{shown(text)}" is not a currency', hint)
    return text


def environment_name(text: str) -> str:
    """The name of an environment variable, written `env:NAME`.

    What is refused is never shown: it is probably the secret itself.
    """
    found = _ENVIRONMENT.fullmatch(text)
    if not found:
        hint = "write env:NAME and put the address into that environment variable"
        raise FormError("STP035", "the address itself does not belong into a file", hint)
    return found[1]


def email(text: str) -> str:
    """An e-mail address, not checked for existence."""
    if not _EMAIL.fullmatch(text):
        raise FormError("STP022", f'"{shown(text)}" is not an e-mail address')
    return text


def language(text: str) -> str:
    """A language tag such as `nl` or `pt-BR`."""
    if not _LANGUAGE.fullmatch(text):
        hint = "write a code such as nl or pt-BR"
        raise FormError("STP022", f'"{shown(text)}" is not a language', hint)
    return text


def days(text: str) -> int:
    """A number of days in which nothing is measured, such as a term for claims."""
    found = _PLAIN_DAYS.fullmatch(text)
    if not found or int(found[1]) == 0:
        raise FormError("STP022", f'"{shown(text)}" is not a number of days', 'write "15 days"')
    return int(found[1])


def version(text: str) -> str:
    """The version of the format: 1."""
    if text != "1":
        raise FormError("STP030", f'version "{shown(text)}" is not known', "write version: 1")
    return text


def _schema(pattern: str, *examples: str | int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


def _words(words: Sequence[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(words)})


# Quoting is optional, so editors see `minimum_tickets: 20` and an id as numbers.
TEXT_SCHEMA: dict[str, object] = {
    "anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]
}
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?$"

Line = Annotated[str, written(line), WithJsonSchema(TEXT_SCHEMA)]
Prose = Annotated[str, written(prose), WithJsonSchema(TEXT_SCHEMA)]
Name = Annotated[str, written(name), _schema(r"^[a-z0-9_]{1,60}$")]
Reference = Annotated[str, written(line), WithJsonSchema({"type": "string"})]
YesNo = Annotated[bool, written(yes_no), WithJsonSchema({"type": "boolean"})]
Number = Annotated[
    int,
    written(number),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^[0-9]+$"}, {"type": "integer"}]}),
]
Zone = Annotated[str, written(zone), _schema(r"^(UTC|[A-Z][A-Za-z_]+/.+)$", "Europe/Amsterdam")]
Day = Annotated[date, written(day), _schema(DATE_PATTERN, "2026-12-25")]
When = Annotated[
    Moment, written(moment), _schema(MOMENT_PATTERN, "2026-10-01", "2026-12-25 09:00 Europe/Paris")
]
LaterWhen = Annotated[Moment, written(any_moment), _schema(MOMENT_PATTERN, "2026-11-30 10:20")]
Amount = Annotated[
    Decimal,
    written(amount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$"},
                {"type": "number"},
            ]
        }
    ),
]
Currency = Annotated[str, written(currency), _schema("^[A-Z]{3}$", "EUR")]
EnvironmentName = Annotated[
    str, written(environment_name), _schema("^env:[A-Za-z_][A-Za-z0-9_]*$", "env:ON_CALL_URL")
]
Email = Annotated[str, written(email), _schema("^[^ @]+@[^ @]+$")]
Language = Annotated[str, written(language), _schema("^[a-z]{2,3}(-[A-Za-z0-9]+)*$", "nl")]
Version = Annotated[
    str, written(version), WithJsonSchema({"anyOf": [{"const": 1}, {"const": "1"}]})
]

MeasureName = Annotated[Measure, written(one_of("a measure", MEASURES)), _words(MEASURES)]
Priority = Annotated[PriorityWord, written(one_of("a priority", PRIORITIES)), _words(PRIORITIES)]
Channel = Annotated[ChannelWord, written(one_of("a channel", CHANNELS)), _words(CHANNELS)]
AuthorName = Annotated[Author, written(one_of("an author", AUTHORS)), _words(AUTHORS)]


Share = Annotated[
    Fraction, written(parse_share), _schema(r"^[0-9]{1,3}(\.[0-9]{1,4})?%$", "95%", "99.9%")
]
SPAN_PATTERN = r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$|^[0-9]+ (working|calendar) days?$"
SpanText = Annotated[
    Span, written(parse_span), _schema(SPAN_PATTERN, "90s", "2h30m", "3 working days")
]
Running = Annotated[
    int, written(parse_running), _schema(r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "4h", "15m")
]
StepTime = Annotated[
    StepMoment,
    written(parse_moment),
    _schema(r"^(due|[0-9.]+%|[0-9hms]+ (before|after))$", "75%", "1h before", "due", "2h after"),
]
Days = Annotated[int, written(days), _schema("^[0-9]+ days?$", "15 days")]


def words(*choices: str) -> tuple[object, ...]:
    """The parts of an annotation for one word of a closed list."""
    return written(one_of(f"one of {', '.join(choices)}", choices)), _words(choices)


Commitment = Annotated[Literal["guarantee", "best_effort"], *words("guarantee", "best_effort")]
