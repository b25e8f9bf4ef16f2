# SPDX-License-Identifier: GPL-3.0-or-later
"""What stopped nothing and yet should be seen: unread tickets, unknown words, dead messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from worker.store.tables import outbox, set_aside, unknown_words

if TYPE_CHECKING:
    from worker.store.database import Books


class Counted(NamedTuple):
    """How many there are in all, and the first of them in words."""

    number: int
    shown: tuple[str, ...]


def tickets_set_aside(books: Books, most: int) -> Counted:
    """Tickets that could not be read, with the reason."""
    rows = set_aside.c
    choice = (
        sa.select(rows.ticket_id, sa.func.min(rows.reason).label("reason"))
        .where(books.of(set_aside))
        .group_by(rows.ticket_id)
        .order_by(rows.ticket_id)
    )
    return _counted([f"#{row['ticket_id']} {row['reason']}" for row in books.rows(choice)], most)


def words_unknown(books: Books, most: int) -> Counted:
    """Words of the helpdesk that were taken for a fallback, the most frequent first."""
    rows = unknown_words.c
    choice = (
        sa.select(rows.word, rows.seen)
        .where(books.of(unknown_words))
        .order_by(rows.seen.desc(), rows.word)
    )
    return _counted([f"{row['word']} ({row['seen']})" for row in books.rows(choice)], most)


def messages_dead(books: Books, most: int) -> Counted:
    """Reasons for which messages will never arrive; `number` counts the messages."""
    rows = outbox.c
    count = sa.func.count()
    choice = (
        sa.select(rows.detail, count.label("messages"))
        .where(books.of(outbox), rows.state == "dead")
        .group_by(rows.detail)
        .order_by(count.desc(), rows.detail)
    )
    found = [(int(row["messages"]), str(row["detail"])) for row in books.rows(choice)]
    shown = tuple(f"{detail} ({number})" for number, detail in found[:most])
    return Counted(sum(number for number, _ in found), shown)


def _counted(all_of_them: list[str], most: int) -> Counted:
    return Counted(len(all_of_them), tuple(all_of_them[:most]))
