# SPDX-License-Identifier: GPL-3.0-or-later
"""Storing calls, legs and ratings: each page with its stream's position, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from worker.store.bulk import ManyRows, Row, for_both, upsert
from worker.store.database import epoch, instant_or_none
from worker.store.pages import count_unknown, save_position
from worker.store.record_tables import call_legs, calls, ratings
from worker.store.tables import cursors

if TYPE_CHECKING:
    from datetime import datetime

    from connector.records import RecordPage, Stream
    from worker.store.database import Books


class Progress(NamedTuple):
    """How far a stream was read: its position, and when it was last read to its end."""

    cursor: str | None
    complete_at: datetime | None


def progress(books: Books, stream: Stream) -> Progress:
    """How far a stream was read; nothing of it is None and None."""
    choice = sa.select(cursors.c.cursor, cursors.c.complete_at).where(
        books.of(cursors), cursors.c.stream == stream
    )
    row = books.tx.execute(choice).first()
    return Progress(None, None) if row is None else Progress(row[0], instant_or_none(row[1]))


def store_records(books: Books, stream: Stream, page: RecordPage, now: datetime) -> int:
    """Store a page and its position; returns how many rows it had.

    A row that is there already is replaced: the stream tells its newest form.
    """
    is_sqlite = books.database.is_sqlite
    rows: dict[str, list[Row]] = {
        _CALLS: [
            (
                *(books.account, one.id, epoch(one.at), epoch(one.updated_at), one.ended),
                *(int(one.is_inbound), one.wait_seconds, one.handling_seconds),
                *(int(one.outside_hours), int(one.connected)),
                *(one.ticket_id, one.line, one.group_id),
            )
            for one in page.calls
        ],
        _LEGS: [
            (
                *(books.account, one.id, one.call_id, epoch(one.at), epoch(one.updated_at)),
                *(one.ended, one.agent_id, one.handling_seconds),
            )
            for one in page.legs
        ],
        _RATINGS: [
            (books.account, one.id, one.ticket_id, epoch(one.at), one.score) for one in page.ratings
        ],
    }
    for kind, found in rows.items():
        _UPSERTS[kind][is_sqlite].run(books, found)
    count_unknown(books, page.unknown, epoch(now))
    save_position(books, stream, page, epoch(now))
    return sum(len(found) for found in rows.values())


_CALLS, _LEGS, _RATINGS = "calls", "legs", "ratings"


def _upsert_of(table: sa.Table, key: str) -> dict[bool, ManyRows]:
    columns = tuple(column.name for column in table.c)

    def make(is_sqlite: bool) -> ManyRows:
        named = {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}
        insert = upsert(table, ("account", key), is_sqlite=is_sqlite)
        return ManyRows(insert.values(named), columns)

    return for_both(make)


_UPSERTS = {
    _CALLS: _upsert_of(calls, "call_id"),
    _LEGS: _upsert_of(call_legs, "leg_id"),
    _RATINGS: _upsert_of(ratings, "rating_id"),
}
