# SPDX-License-Identifier: GPL-3.0-or-later
"""What writing did to tickets: the values now in their fields, and each ticket's share of writes.

A ticket takes six own writes in ten minutes, whatever the cause. Three such
windows in a row mean a loop with somebody's automation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.current import with_changes
from worker.store.database import epoch
from worker.store.facts_json import current_of, current_text, values_of, values_text
from worker.store.judgements import mark_acted
from worker.store.tables import tickets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rules.changes import FieldChange
    from worker.store.database import Books
    from worker.store.wanted import Wanted

WRITES_PER_WINDOW = 6
WINDOW = 600
WINDOWS_IN_A_ROW = 3
_rows = tickets.c


@dataclass(frozen=True, slots=True)
class _Share:
    window_at: int
    writes: int
    full_windows: int
    writable_from: int | None


def record_written(
    books: Books, written: Sequence[Wanted], begun_at: datetime, now: datetime
) -> list[str]:
    """Take over the written values; returns tickets that now loop and are quarantined.

    `begun_at` is the instant before the call: a state of the ticket from
    before it does not show what was written.
    """
    by_ticket = {one.ticket_id: one for one in written}
    if not by_ticket:
        return []
    at = epoch(now)
    choice = sa.select(
        _rows.ticket_id,
        _rows.current,
        _rows.written,
        _rows.window_at,
        _rows.window_writes,
        _rows.full_windows,
    ).where(books.of(tickets), _rows.ticket_id.in_(list(by_ticket)))
    rows, looping = [], []
    for row in books.rows(choice):
        ident = row["ticket_id"]
        share = _share(row, at)
        loops = share.full_windows >= WINDOWS_IN_A_ROW
        if loops:
            looping.append(ident)
        rows.append(
            _change(row, by_ticket[ident].changes, share) | {"is_looping": at if loops else None}
        )
    books.tx.execute(_update(books, epoch(begun_at)), rows)
    mark_acted(books, list(by_ticket), until=max(epoch(one.created_at) for one in written))
    return looping


def mark_unwritable(books: Books, written: Sequence[Wanted]) -> None:
    """The helpdesk will not change these tickets again."""
    idents = [one.ticket_id for one in written]
    if idents:
        books.tx.execute(
            sa.update(tickets)
            .where(books.of(tickets), _rows.ticket_id.in_(idents))
            .values(unwritable=1)
        )
        mark_acted(books, idents)


def _share(row: sa.RowMapping, now: int) -> _Share:
    window_at, writes, full = row["window_at"], row["window_writes"], row["full_windows"]
    if window_at is None or now >= window_at + WINDOW:
        follows = window_at is not None and now < window_at + 2 * WINDOW
        full = full if follows and writes >= WRITES_PER_WINDOW else 0
        window_at, writes = now, 0
    writes += 1
    if writes < WRITES_PER_WINDOW:
        return _Share(window_at, writes, full, None)
    return _Share(window_at, writes, full + 1, window_at + WINDOW)


def _change(row: sa.RowMapping, changes: Sequence[FieldChange], share: _Share) -> dict[str, object]:
    values: dict[str, str | None] = {one.field: one.new for one in changes}
    values.pop("tags", None)  # tags are added, not held to
    return {
        "of_ticket": row["ticket_id"],
        "current": current_text(with_changes(current_of(row["current"]), changes)),
        "written": values_text(values_of(row["written"]) | values),
        "window_at": share.window_at,
        "window_writes": share.writes,
        "full_windows": share.full_windows,
        "writable_from": share.writable_from,
    }


def _update(books: Books, begun_at: int) -> sa.Executable:
    looping = sa.bindparam("is_looping", type_=sa.BigInteger)
    return (
        sa.update(tickets)
        .where(books.of(tickets), _rows.ticket_id == sa.bindparam("of_ticket"))
        .values(
            current=sa.bindparam("current"),
            written=sa.bindparam("written"),
            written_at=begun_at,
            # A judgement that read the fields before this is dropped and made again.
            version=_rows.version + 1,
            window_at=sa.bindparam("window_at"),
            window_writes=sa.bindparam("window_writes"),
            full_windows=sa.bindparam("full_windows"),
            writable_from=sa.bindparam("writable_from"),
            quarantined_at=sa.func.coalesce(looping, _rows.quarantined_at),
            error=sa.case(
                (looping.is_not(None), "another automation keeps changing what Stipt writes"),
                else_=_rows.error,
            ),
        )
    )
