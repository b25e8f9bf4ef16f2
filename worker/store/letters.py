# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox as operators see it: what waits, what was given up, and setting either right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, instant, instant_or_none
from worker.store.facts_json import list_of
from worker.store.messages import WANTED_AGAIN
from worker.store.tables import outbox, recipient_states

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from worker.store.database import Books

UNSENT = ("ready", "sending", "dead")
"""States of messages that have not arrived, as far as is known."""

_rows = outbox.c


@dataclass(frozen=True, slots=True)
class Letter:
    """A message's row, as it is shown. `due` is the next try of one that waits."""

    id: int
    state: str
    ticket_id: str
    measure: str
    cycle: int
    steps: tuple[str, ...]
    recipient: str
    at: datetime
    due: datetime
    attempts: int
    may_have_arrived: bool
    reason: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which messages are meant: of these states, and of these numbers or this recipient if any."""

    states: tuple[str, ...]
    ids: tuple[int, ...] = ()
    recipient: str | None = None
    ticket_id: str | None = None


def letters(books: Books, choice: Choice, limit: int) -> list[Letter]:
    """The chosen messages, the latest first."""
    found = sa.select(outbox).where(*_chosen(books, choice)).order_by(_rows.id.desc()).limit(limit)
    return [_letter(row) for row in books.rows(found)]


def count_letters(books: Books, choice: Choice) -> int:
    """How many messages are chosen."""
    counted = sa.select(sa.func.count()).select_from(outbox).where(*_chosen(books, choice))
    return int(books.tx.execute(counted).scalar_one())


def retry_letters(books: Books, choice: Choice, now: datetime) -> Sequence[int]:
    """Let messages go out now, as if they had never failed; the numbers of those.

    One that may have arrived says that it may be a repeat. Their recipients
    are no longer left alone.
    """
    change = (
        sa.update(outbox)
        .where(*_chosen(books, choice))
        .values(
            state="ready",
            due=epoch(now),
            attempt=0,
            # The day that a message waits for a setting begins anew.
            created_at=epoch(now),
            ambiguous=sa.case((_rows.ambiguous > 0, WANTED_AGAIN), else_=0),
            detail=None,
            ended_at=None,
        )
        .returning(_rows.id, _rows.recipient)
    )
    rows = books.tx.execute(change).all()
    _let_through(books, {row[1] for row in rows})
    return sorted(row[0] for row in rows)


def drop_letters(books: Books, choice: Choice, now: datetime) -> Sequence[int]:
    """Never send these messages; their numbers."""
    change = (
        sa.update(outbox)
        .where(*_chosen(books, choice))
        .values(state="dropped", detail="dropped by an operator", ended_at=epoch(now))
        .returning(_rows.id)
    )
    return sorted(row[0] for row in books.tx.execute(change))


def _let_through(books: Books, recipients: Collection[str]) -> None:
    books.tx.execute(
        sa.update(recipient_states)
        .where(books.of(recipient_states), recipient_states.c.recipient.in_(sorted(recipients)))
        .values(failures=0, blocked_until=None)
    )


def _chosen(books: Books, choice: Choice) -> list[sa.ColumnElement[bool]]:
    conditions = [books.of(outbox), _rows.state.in_(choice.states)]
    if choice.ids:
        conditions.append(_rows.id.in_(choice.ids))
    if choice.recipient is not None:
        conditions.append(_rows.recipient == choice.recipient)
    if choice.ticket_id is not None:
        conditions.append(_rows.ticket_id == choice.ticket_id)
    return conditions


def _letter(row: sa.RowMapping) -> Letter:
    return Letter(
        id=row["id"],
        state=row["state"],
        ticket_id=row["ticket_id"],
        measure=row["measure"],
        cycle=row["cycle"],
        steps=list_of(row["steps"]),
        recipient=row["recipient"],
        at=instant(row["at"]),
        due=instant(row["due"]),
        attempts=row["attempt"],
        may_have_arrived=bool(row["ambiguous"]),
        reason=row["detail"],
        ended_at=instant_or_none(row["ended_at"]),
    )
