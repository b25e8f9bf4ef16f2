# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows in the order of an export: by second, then by id."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Position = tuple[int, int]
"""Epoch second and id of a row."""


class ExportOrder:
    """A sorted list of positions in which a row can move to a later second."""

    def __init__(self, places: Iterable[Position] = ()) -> None:
        self._rows: list[Position] = sorted(places)
        self._second_of = {ident: second for second, ident in self._rows}

    def place(self, second: int, ident: int) -> None:
        """Put a row at a second, taking it away from where it stood."""
        before = self._second_of.get(ident)
        if before == second:
            return
        if before is not None:
            del self._rows[bisect_left(self._rows, (before, ident))]
        insort(self._rows, (second, ident))
        self._second_of[ident] = second

    def drop(self, ident: int) -> None:
        """Take a row away, if it is there."""
        before = self._second_of.pop(ident, None)
        if before is not None:
            del self._rows[bisect_left(self._rows, (before, ident))]

    def after(self, position: Position, *, before: int, limit: int) -> list[Position]:
        """At most `limit` positions greater than `position` and before a second."""
        start = bisect_right(self._rows, position)
        end = bisect_left(self._rows, (before, -1))
        return self._rows[start : min(end, start + limit)] if start < end else []

    def since(self, second: int, *, before: int) -> list[Position]:
        """All positions from a second (inclusive) to another (exclusive)."""
        start = bisect_left(self._rows, (second, -1))
        return self._rows[start : bisect_left(self._rows, (before, -1))]

    def __len__(self) -> int:
        return len(self._rows)
