# SPDX-License-Identifier: GPL-3.0-or-later
"""One way of writing a value as JSON, so that equal values have equal bytes and hashes.

Keys in order, no blanks, UTF-8, exact numbers as text: shares as `128/137`,
money as `"100.00"`, instants as `2026-12-01T00:00:00Z`. There are no floats.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TypeVar

import msgspec

from rules.prepared import prepared

Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]
T = TypeVar("T")


def canonical_json(value: object) -> bytes:
    """The canonical bytes of a value.

    Raises:
        TypeError: a float, or another value without a canonical form.
    """
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def hash_of(value: object) -> str:
    """SHA-256 of the canonical bytes, 64 hex digits."""
    return sha256(canonical_json(value)).hexdigest()


def read_canonical(written: bytes, kind: type[T]) -> T:
    """The value that canonical bytes hold.

    Raises:
        ValueError: no JSON, or not that of such a value.
    """
    try:
        return msgspec.convert(json.loads(written), prepared(kind), dec_hook=_exact)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def _exact(_kind: type, written: object) -> Fraction:
    """The one kind of value that JSON and msgspec do not know."""
    return Fraction(str(written))


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (Fraction, Decimal, date)):
        return _text(value)
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _text(value: Fraction | Decimal | date) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
