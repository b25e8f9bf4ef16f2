# SPDX-License-Identifier: GPL-3.0-or-later
"""What stopped nothing and yet should be seen: unread tickets, unknown words, dead messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from worker.store.database import epoch
from worker.store.tables import outbox, recipient_states, set_aside, unknown_words

if TYPE_CHECKING:
    from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Unsent:
    """Messages that could not be sent, by reason: given up, and still to be tried again."""

    given_up: dict[str, int]
    tried_again: dict[str, int]

    @property
    def number(self) -> int:
        """How many there are in all."""
        return sum(self.given_up.values()) + sum(self.tried_again.values())


def messages_unsent(books: Books, since: datetime) -> Unsent:
    """Messages given up since then, and those whose last try failed."""
    rows = outbox.c
    given_up = sa.and_(rows.state == "dead", rows.ended_at >= epoch(since))
    return Unsent(_by_reason(books, given_up), _by_reason(books, _is_failing(books)))


def next_sendable_at(books: Books, until: datetime) -> int | None:
    """When the earliest message is due that need not fail, in epoch seconds.

    One that failed counts where its next try is due by `until`; one whose
    recipient cannot be reached at all does not.
    """
    rows = outbox.c
    soon = sa.and_(rows.attempt > 0, rows.due <= epoch(until))
    choice = sa.select(sa.func.min(rows.due)).where(
        books.of(outbox),
        rows.state.in_(("ready", "sending")),
        sa.or_(sa.not_(_is_failing(books)), soon),
    )
    return books.tx.execute(choice).scalar()


def _is_failing(books: Books) -> sa.ColumnElement[bool]:
    """Messages whose last try failed; a recipient's hours or limits are no failure."""
    rows, states = outbox.c, recipient_states.c
    in_trouble = sa.select(states.recipient).where(books.of(recipient_states), states.failures > 0)
    return sa.and_(
        rows.state == "ready",
        rows.detail.is_not(None),
        sa.or_(rows.attempt > 0, rows.recipient.in_(in_trouble)),
    )


def _by_reason(books: Books, chosen: sa.ColumnElement[bool]) -> dict[str, int]:
    rows = outbox.c
    choice = (
        sa.select(sa.func.coalesce(rows.detail, "no reason is known"), sa.func.count())
        .where(books.of(outbox), chosen)
        .group_by(rows.detail)
        .order_by(sa.func.count().desc(), rows.detail)
    )
    return {row[0]: int(row[1]) for row in books.tx.execute(choice)}


def _counted(all_of_them: list[str], most: int) -> Counted:
    return Counted(len(all_of_them), tuple(all_of_them[:most]))
