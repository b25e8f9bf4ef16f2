# SPDX-License-Identifier: GPL-3.0-or-later
"""Single values of a history: texts, instants, words of a vocabulary, field values."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from rules.facts import FIELD_PATHS, PATHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.facts import Value

Word = TypeVar("Word", bound=str)

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_PATHS = frozenset({*PATHS, "assignee"})
_OF_FIELDS = tuple(f"{one}." for one in FIELD_PATHS)
_KINDS_OF_THEIR_OWN = {
    "status": "status",
    "custom_status": "status",
    "organization": "organization",
}


class HistoryLineError(ValueError):
    """A line or row of a history cannot be read. The message says why, in plain words."""


def instant(raw: object, key: str) -> datetime:
    """The instant written in ISO 8601 with a zone, in UTC, cut to whole seconds.

    Raises:
        HistoryLineError: not a text, not a time, without a zone, or outside 1970 to 2199
            (a slip in the year would otherwise make every deadline overdue).
    """
    if not isinstance(raw, str):
        raise HistoryLineError(f"{key}: expected a time such as 2026-11-20T08:30:00Z")
    try:
        at = datetime.fromisoformat(raw)
    except ValueError:
        raise HistoryLineError(f"{key}: {shown(raw)} is not a time in ISO 8601") from None
    if at.tzinfo is None:
        raise HistoryLineError(f"{key}: {shown(raw)} has no zone; write it with Z or an offset")
    return within_reach(at, key)


def within_reach(at: datetime, key: str) -> datetime:
    """An aware instant in UTC, cut to whole seconds.

    Raises:
        HistoryLineError: outside 1970 to 2199.
    """
    if at.tzinfo is not UTC:
        try:
            at = at.astimezone(UTC)
        except OverflowError:
            raise HistoryLineError(f"{key}: the year {at.year} is out of reach") from None
    if not EARLIEST <= at < LATEST:
        raise HistoryLineError(f"{key}: the year {at.year} is outside 1970 to 2199")
    return at.replace(microsecond=0) if at.microsecond else at


def as_iso(at: datetime) -> str:
    """The instant as ISO 8601 in UTC with `Z` and whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text(raw: object, key: str) -> str:
    """A text that is not empty; a number stands for its digits (ids are often numbers).

    Raises:
        HistoryLineError: anything else.
    """
    if isinstance(raw, str) and raw:
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return str(raw)
    raise HistoryLineError(f"{key}: expected a text, found {shown(raw)}")


def optional_text(raw: object, key: str) -> str | None:
    """As `text`; null and the empty text are nothing."""
    return None if raw is None or raw == "" else text(raw, key)


def texts(raw: object, key: str) -> tuple[str, ...]:
    """A list of texts; null is an empty list.

    Raises:
        HistoryLineError: not a list of texts.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise HistoryLineError(f"{key}: expected a list of texts, found {shown(raw)}")
    return tuple([text(one, key) for one in raw])


def truth(raw: object, key: str) -> bool:
    """True or false, written as such.

    Raises:
        HistoryLineError: anything else.
    """
    if isinstance(raw, bool):
        return raw
    raise HistoryLineError(f"{key}: expected true or false, found {shown(raw)}")


def word(raw: object, key: str, vocabulary: tuple[Word, ...]) -> Word:
    """A word of the vocabulary.

    Raises:
        HistoryLineError: any other, with the nearest word of the vocabulary.
    """
    for known in vocabulary:
        if raw == known:
            return known
    raise HistoryLineError(f"{key}: unknown word {shown(raw)}{nearest(raw, vocabulary)}")


def is_path(name: str) -> bool:
    """Whether a happening of kind `field` may name this value of a ticket."""
    return name in _PATHS or name.startswith(_OF_FIELDS)


def path(raw: object, key: str) -> str:
    """The path of a value that a happening of kind `field` changes.

    Raises:
        HistoryLineError: no value of a ticket, or one whose changes have a kind of their own.
    """
    name = text(raw, key)
    if is_path(name):
        return name
    kind = _KINDS_OF_THEIR_OWN.get(name)
    if kind is not None:
        raise HistoryLineError(f'{key}: a change of {name} has the kind "{kind}"')
    hint = nearest(name, _PATHS) or f"; a ticket field is written {shown(f'ticket.fields.{name}')}"
    raise HistoryLineError(f"{key}: unknown path {shown(name)}{hint}")


def value(raw: object, key: str) -> Value:
    """A field value: numbers and booleans become their text, lists become tuples.

    Raises:
        HistoryLineError: a mapping, or a list of anything but plain values.
    """
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, list):
        return tuple([_plain(one, key) for one in raw])
    return _plain(raw, key)


def _plain(raw: object, key: str) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return str(raw)
    raise HistoryLineError(f"{key}: expected a text, a number, true, false or a list of them")


def mapping(raw: object) -> dict[str, object]:
    """A mapping with text keys.

    Raises:
        HistoryLineError: anything else; the message does not say where.
    """
    if isinstance(raw, dict):
        return raw
    raise HistoryLineError(f"expected a mapping, found {shown(raw)}")


def field_values(raw: object, key: str) -> dict[str, Value]:
    """Field values by field key; null is no field at all."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise HistoryLineError(f"{key}: expected a mapping, found {shown(raw)}")
    return {name: value(one, f"{key}.{name}") for name, one in raw.items()}


def refuse_unknown(document: Mapping[str, object], known: frozenset[str]) -> None:
    """Refuse keys that the format does not have.

    Raises:
        HistoryLineError: naming the first unknown key and the nearest known one.
    """
    for key in document:
        if key not in known:
            raise HistoryLineError(f"unknown key {shown(key)}{nearest(key, known)}")


def nearest(raw: object, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for something like a known word, else nothing."""
    if not isinstance(raw, str):
        return ""
    close = get_close_matches(raw[:100].lower(), sorted(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def shown(raw: object) -> str:
    """What was found, short enough for a message."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, dict):
        return "a mapping"
    if isinstance(raw, list):
        return "a list"
    written = ascii(raw)[1:-1] if isinstance(raw, str) else str(raw)
    return f'"{written[:40]}..."' if len(written) > 40 else f'"{written}"'
