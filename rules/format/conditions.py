# SPDX-License-Identifier: GPL-3.0-or-later
"""`match`, `when` and `tickets`: conditions on a ticket's values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails

from rules.facts import AUTHORS, CHANNELS, FIELD_PATHS, PATHS, PRIORITIES
from rules.format.base import FormError, Path, wrong
from rules.format.forms import line, one_of
from rules.format.messages import shown
from rules.nearest import nearest
from rules.policy import EVERYTHING, AllOf, AnyOf, Condition, Not, PathIs
from rules.source import Block, Items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FIELD = re.compile(r"(organization|ticket)\.fields\.[A-Za-z0-9_-]{1,100}")
_COMBINING = ("any", "all", "not")
_ROLES = ("end_user", "agent", "light_agent", "admin")
_CURLY = re.compile(r"[\u201c\u201d\u201e].*[\u201c\u201d]|[\u2018\u2019\u201a].*[\u2018\u2019]")
_LOOSE = "\u201c\u201d\u201e\u2018\u2019\u201a"
_TYPES = ("question", "incident", "problem", "task")

_VALUES: Mapping[str, Callable[[str], str]] = {
    "channel": one_of("a channel", CHANNELS),
    "priority": one_of("a priority", PRIORITIES),
    "type": one_of("a ticket type", _TYPES),
    "requester.role": one_of("a role", _ROLES),
    "created_by": one_of("an author", AUTHORS),
}


def match_path(text: str, extra_paths: tuple[str, ...] = ()) -> str:
    """A path into a ticket, such as `organization.fields.sla_tier`, or one that may stand here."""
    paths = (*PATHS, *extra_paths)
    if text in paths or _FIELD.fullmatch(text):
        return text
    message = f'"{shown(text)}" is no path into a ticket'
    raise FormError("STP032", message, _path_hint(text, paths))


def _path_hint(text: str, paths: tuple[str, ...]) -> str:
    if not text.isprintable():
        return "it holds an invisible character"
    if ":" in text:
        return "put a space after the colon"
    near = nearest(text, paths)
    if near:
        return f'did you mean "{near}"?'
    head, _, field = text.rpartition(".")
    near = nearest(head, FIELD_PATHS)
    if near and field and near != head:
        return f'did you mean "{near}.{field}"?'
    own = f'a ticket field is written "ticket.fields.{shown(field)}"'
    if head in ("ticket", "fields"):
        return own
    fields = (f"{holder}.KEY" for holder in FIELD_PATHS)
    listed = f"the paths are {', '.join((*fields, *paths))}"
    return listed if head else f"{own}; {listed}"


class _Conditions:
    """Reads one condition and gathers all its errors."""

    def __init__(self, extra_paths: tuple[str, ...]) -> None:
        self.extra_paths = extra_paths
        self.errors: list[InitErrorDetails] = []

    def block(self, value: object, path: Path) -> Condition:
        """A block of paths and `any`, `all`, `not`, which must all hold."""
        if not isinstance(value, Block):
            return self._fail(path, "must be a block of paths", "write {path: value}")
        if not value.keys_at:
            return self._fail(path, "holds no condition", "write match: everything")
        parts = [self._entry(key, part, (*path, key)) for key, part in value.items()]
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _entry(self, key: str, value: object, path: Path) -> Condition:
        if key == "not":
            return Not(self.block(value, path))
        if key in _COMBINING:
            return self._several(key, value, path)
        try:
            match_path(key, self.extra_paths)
        except FormError as error:
            self._add((*path, "[key]"), error.code, error.message, error.hint)
            return EVERYTHING
        return PathIs(key, self._values(key, value, path))

    def _several(self, key: str, value: object, path: Path) -> Condition:
        if isinstance(value, Items) and not value and value.harmed:
            return EVERYTHING  # what stood there has been told already
        if not isinstance(value, Items) or not value:
            return self._fail(path, "must be a list of blocks", f"write {key}: [{{...}}, {{...}}]")
        parts = tuple(self.block(part, (*path, i)) for i, part in enumerate(value))
        if len(parts) == 1:
            return parts[0]
        return AnyOf(parts) if key == "any" else AllOf(parts)

    def _values(self, key: str, value: object, path: Path) -> frozenset[str]:
        if isinstance(value, Block):
            self._fail(path, "must be a value or a list of values")
            return frozenset()
        if isinstance(value, Items):
            if not value and not value.harmed:
                self._fail(path, "lists no value")
            return frozenset(self._value(key, v, (*path, i)) for i, v in enumerate(value))
        return frozenset({self._value(key, value, path)})

    def _value(self, key: str, value: object, path: Path) -> str:
        if not isinstance(value, str):
            self._fail(path, "must be one value")
            return ""
        if _has_curly_quotes(key, value):
            bare = shown(value.strip(_LOOSE))
            message = f"{shown(value)} holds curly quotes, which are part of the value"
            self._fail(path, message, f'write "{bare}" with straight quotes')
            return ""
        try:
            return _VALUES.get(key, line)(value)
        except FormError as error:
            self._add(path, error.code, error.message, error.hint)
            return ""

    def _fail(self, path: Path, message: str, hint: str = "") -> Condition:
        self._add(path, "STP022", message, hint)
        return EVERYTHING

    def _add(self, path: Path, code: str, message: str, hint: str) -> None:
        error = wrong(code, message, hint)
        self.errors.append(InitErrorDetails(type=error, loc=path, input=None))


def _has_curly_quotes(key: str, value: str) -> bool:
    """Whether a word processor's quotes became part of a value.

    Names may begin or end with one (`\u2019s-Hertogenbosch`); only ids never do.
    """
    if key == "organization.id":
        return value.strip(_LOOSE) != value
    return _CURLY.fullmatch(value) is not None


def _reader(*, everything: bool, extra_paths: tuple[str, ...] = ()) -> PlainValidator:
    def read(value: object) -> Condition:
        if isinstance(value, str):
            if everything and value == "everything":
                return EVERYTHING
            hint = "write everything, or {path: value}" if everything else "write {path: value}"
            raise wrong("STP022", f'"{shown(value)}" is not a condition', hint)
        reading = _Conditions(extra_paths)
        found = reading.block(value, ())
        if reading.errors:
            raise ValidationError.from_exception_data("condition", reading.errors)
        return found

    return PlainValidator(read)


CONDITION_REFERENCE = "#/$defs/Condition"
_OR_EVERYTHING = WithJsonSchema(
    {"anyOf": [{"const": "everything"}, {"$ref": CONDITION_REFERENCE}]}, mode="validation"
)

Match = Annotated[Condition, _reader(everything=True), _OR_EVERYTHING]
WhenCondition = Annotated[
    Condition, _reader(everything=False), WithJsonSchema({"$ref": CONDITION_REFERENCE})
]
Population = Annotated[Condition, _reader(everything=True, extra_paths=("tier",)), _OR_EVERYTHING]


def single_path(text: str) -> str:
    """A path that a calendar can depend on."""
    found = match_path(text)
    if found.endswith("tags"):
        raise FormError("STP032", f"{found} holds several values", "choose by one that has one")
    return found
