# SPDX-License-Identifier: GPL-3.0-or-later
"""Paging of the incremental exports: by cursor and by time, as recorded.

Cursor pages come in the order (second, id). Time-based pages have an
arbitrary order inside a second; a page cut at the row limit ends inside a
second, and a second that is larger than the page comes whole.
"""

from __future__ import annotations

import base64
import hashlib
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.sandbox.ordering import ExportOrder, Position

MAX_ROWS = 1000
FIRST: Position = (-1, -1)


@dataclass(frozen=True, slots=True)
class CursorPage:
    """Ids of a page and the position after it."""

    ids: tuple[int, ...]
    after: Position
    at_end: bool


@dataclass(frozen=True, slots=True)
class TimePage:
    """Ids of a page and the `end_time` from which to go on."""

    ids: tuple[int, ...]
    end_time: int
    at_end: bool


def encode_cursor(position: Position) -> str:
    """The cursor that Zendesk would give for a row."""
    second, ident = position
    return base64.b64encode(f"{second}.0||{ident}|".encode()).decode()


def decode_cursor(cursor: str) -> Position | None:
    """The row behind a cursor; None when the cursor was never handed out."""
    try:
        text = base64.b64decode(cursor, validate=True).decode()
    except ValueError:
        return None
    found = re.fullmatch(r"(-?\d+)\.0\|\|(-?\d+)\|", text)
    return (int(found[1]), int(found[2])) if found else None


def cursor_page(order: ExportOrder, after: Position, *, before: int, limit: int) -> CursorPage:
    """The page after a position, of rows that are older than the second `before`."""
    rows = order.after(after, before=before, limit=limit + 1)
    page = rows[:limit]
    return CursorPage(
        tuple(ident for _, ident in page),
        page[-1] if page else after,
        len(rows) <= limit,
    )


def time_page(order: ExportOrder, start: int, *, before: int, limit: int) -> TimePage:
    """The page from a second on, of rows that are older than the second `before`."""
    rows = order.since(start, before=before)
    if not rows:
        return TimePage((), start, at_end=True)
    # shuffled as far as the second in which the page may end
    last_second = rows[min(limit, len(rows)) - 1][0]
    reach = bisect_left(rows, (last_second + 1, -1))
    page = sorted(rows[:reach], key=_shuffled)[:limit]
    if len(page) < len(rows) and page[0][0] == page[-1][0]:
        page = sorted(rows[:reach], key=_shuffled)
        end_time = page[0][0] + 1
    else:
        end_time = page[-1][0]
    at_end = len(page) == len(rows)
    return TimePage(tuple(ident for _, ident in page), page[-1][0] if at_end else end_time, at_end)


def _shuffled(position: Position) -> tuple[int, bytes]:
    # the order inside a second is arbitrary but the same at every call
    second, ident = position
    return second, hashlib.blake2b(str(ident).encode(), digest_size=4).digest()
