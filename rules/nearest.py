# SPDX-License-Identifier: GPL-3.0-or-later
"""The name that was probably meant."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 60


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that differs from `word` by a slip of the pen, or None.

    A slip is one letter in words of up to four, two in longer ones and three
    from ten letters on; capitals, blanks and hyphens do not count.
    """
    return _nearest(word[: _LONGEST + 1], tuple(names))


@lru_cache(maxsize=4_096)
def _nearest(word: str, names: tuple[str, ...]) -> str | None:
    plain = _plain(word)
    if not plain or len(word) > _LONGEST:
        return None
    allowed = 1 if len(plain) <= 4 else 2 if len(plain) < 10 else 3
    best: tuple[int, str] | None = None
    for name in names:
        if abs(len(name) - len(plain)) > allowed + 1:
            continue
        found = distance(plain, _plain(name), allowed)
        if found <= allowed and (best is None or found < best[0]):
            best = found, name
    return best[1] if best else None


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def distance(first: str, second: str, limit: int) -> int:
    """How many letters to change, add, leave out or swap; `limit` + 1 when more than that."""
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        older, before, row = before, row, [i] + [0] * len(second)
        for j, other in enumerate(second, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and other == first[i - 2]:
                row[j] = min(row[j], older[j - 2] + 1)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A hint: the nearest name, or all of them when there are few."""
    known = tuple(names)
    near = nearest(word, known)
    if near:
        return f'did you mean "{near}"?'
    return f"one of {', '.join(known)}" if known and len(known) <= 12 else ""
