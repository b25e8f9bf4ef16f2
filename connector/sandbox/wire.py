# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON as it goes over the wire, and careful ways to read it.

Everything inside the sandbox keeps instants as whole epoch seconds in UTC;
they become text only here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, object]
"""A JSON object."""


@lru_cache(maxsize=65536)
def iso(at: int) -> str:
    """An instant as Zendesk writes it: whole seconds, ending in `Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_or_none(at: int | None) -> str | None:
    """As `iso`, None staying None."""
    return None if at is None else iso(at)


def epoch(text: object) -> int | None:
    """Epoch seconds of an ISO 8601 instant; None when it is none. Without a zone it is UTC."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def as_object(value: object) -> Json:
    """The JSON object, or an empty one when it is something else."""
    return value if isinstance(value, dict) else {}


def as_rows(value: object) -> list[Json]:
    """The JSON objects of a list, leaving out what is none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def as_list(value: object) -> list[object]:
    """The list, or an empty one when it is something else."""
    return list(value) if isinstance(value, list) else []


def as_int(value: object) -> int | None:
    """A whole number written as number or text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    return None


def as_text(value: object) -> str | None:
    """The text, or None when it is something else."""
    return value if isinstance(value, str) else None


def as_texts(value: object) -> list[str]:
    """A list of texts; a single text is split at blanks and commas, as tags are."""
    if isinstance(value, str):
        return [word for word in re.split(r"[\s,]+", value) if word]
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def ids_of(value: object) -> list[int]:
    """Ids from `1,2,3` or from a list."""
    parts: Iterable[object] = value.split(",") if isinstance(value, str) else as_list(value)
    found = (as_int(part.strip() if isinstance(part, str) else part) for part in parts)
    return [ident for ident in found if ident is not None]
