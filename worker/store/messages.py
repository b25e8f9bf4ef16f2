# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox's rows: claimed, sent, marked; a row that was claimed twice may have been sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.repeats import is_repetition
from rules.verdict import OPEN_STATES
from worker.outbox import NOTE, Claimed, OutboxMessage
from worker.store.acknowledgements import acknowledged
from worker.store.database import epoch, instant, instant_or_none, new_token
from worker.store.facts_json import list_of
from worker.store.tables import outbox, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from worker.store.database import Books

DOUBTFUL = 1
"""An earlier try may have arrived."""

WANTED_AGAIN = 2
"""Likewise, and an operator wants it sent once more."""

_MOST_COMPANIONS = 1000
_rows = outbox.c


def claim_messages(
    books: Books, now: datetime, limit: int, lease: int, *, notes: bool = False
) -> list[Claimed]:
    """Claim messages that are due, and those whose sender has not come back.

    Internal notes are claimed apart from all others: they go out in bulk.
    """
    choice = (
        sa.select(_rows.id)
        .where(
            *_claimable(books, now),
            (_rows.recipient == NOTE) if notes else (_rows.recipient != NOTE),
        )
        .order_by(_rows.due, _rows.id)
        .limit(limit)
    )
    return _claim(books, choice, new_token(), lease)


def claim_companions(
    books: Books, claimed: Claimed, person: str | None, now: datetime, lease: int
) -> list[Claimed]:
    """Claim what else is due for the same recipient, under the same token.

    Only messages that certainly have not arrived; `person` (`assignee` or
    `group`) narrows them to those of the same person.
    """
    message = claimed.message
    conditions = [_rows.recipient == message.recipient, _rows.ambiguous == 0]
    if person == "assignee":
        conditions.append(_rows.assignee_id.is_not_distinct_from(message.assignee))
    elif person == "group":
        conditions.append(_rows.group_id.is_not_distinct_from(message.group))
    choice = (
        sa.select(_rows.id)
        .where(books.of(outbox), _rows.state == "ready", _rows.due <= epoch(now), *conditions)
        .order_by(_rows.due, _rows.id)
        .limit(_MOST_COMPANIONS)
    )
    return _claim(books, choice, claimed.token, lease)


def claim_digest(books: Books, claimed: Claimed, now: datetime, lease: int) -> list[Claimed]:
    """Claim the rest of a digest that may have arrived, under the same token."""
    choice = sa.select(_rows.id).where(
        *_claimable(books, now), _rows.digest == claimed.message.digest
    )
    return _claim(books, choice, claimed.token, lease)


def _claimable(books: Books, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    is_free = sa.or_(_rows.state == "ready", _rows.lease_until < books.database.lease_now())
    return (
        books.of(outbox),
        _rows.state.in_(("ready", "sending")),
        _rows.due <= epoch(now),
        is_free,
    )


def _claim(books: Books, choice: sa.Select[tuple[int]], token: str, lease: int) -> list[Claimed]:
    claim = (
        sa.update(outbox)
        .where(_rows.id.in_(sa.select(books.database.for_claim(choice).c.id)))
        .values(
            # It was being sent and nobody said how that ended.
            ambiguous=sa.case(
                (sa.and_(_rows.state == "sending", _rows.begun == 1), DOUBTFUL),
                else_=_rows.ambiguous,
            ),
            begun=0,
            state="sending",
            claim=token,
            lease_until=books.database.lease_now() + lease,
            attempt=_rows.attempt + 1,
        )
        .returning(outbox)
    )
    rows = [_claimed(row, token) for row in books.tx.execute(claim).mappings()]
    return sorted(rows, key=lambda one: (one.message.at, one.message.id))


def name_digest(books: Books, claimed: Sequence[Claimed], key: str | None) -> None:
    """Note of which digest these are part; None for a message that goes out on its own."""
    _change(books, claimed, digest=key)


def put_back(books: Books, claimed: Sequence[Claimed], due: datetime, detail: str) -> None:
    """Let claimed messages wait; that is no try."""
    _change(
        books,
        claimed,
        state="ready",
        detail=detail,
        claim=None,
        lease_until=None,
        due=epoch(due),
        attempt=_rows.attempt - 1,
    )


def mark_checked(books: Books, claimed: Sequence[Claimed], now: datetime) -> None:
    """Their tickets were compared with the helpdesk."""
    _change(books, claimed, checked_at=epoch(now))


def _change(books: Books, claimed: Sequence[Claimed], **values: object) -> None:
    if claimed:
        books.tx.execute(
            sa.update(outbox)
            .where(
                _rows.id.in_([one.message.id for one in claimed]),
                _rows.claim == claimed[0].token,
                _rows.state == "sending",
            )
            .values(**values)
        )


def still_needed(books: Books, messages: Sequence[OutboxMessage]) -> set[int]:
    """Those whose cycle is still open, by the id of the message.

    A repetition that somebody has acknowledged meanwhile is not needed either.
    """
    idents = sorted({one.ticket_id for one in messages})
    choice = (
        sa.select(verdicts.c.ticket_id, verdicts.c.measure, verdicts.c.cycle)
        .join(
            tickets,
            sa.and_(
                tickets.c.account == verdicts.c.account,
                tickets.c.ticket_id == verdicts.c.ticket_id,
            ),
        )
        .where(
            books.of(verdicts),
            verdicts.c.ticket_id.in_(idents),
            verdicts.c.state.in_(sorted(OPEN_STATES)),
            tickets.c.life == "present",
        )
    )
    is_open = {tuple(row) for row in books.tx.execute(choice)}
    repeats = [one.ticket_id for one in messages if all(map(is_repetition, one.keys))]
    stopped = acknowledged(books, repeats)
    # What is about no ticket was decided for good: a forecast is told once.
    return {one.id for one in messages if one.about is not None} | {
        one.id
        for one in messages
        if (cycle := (one.ticket_id, one.measure, one.cycle)) in is_open
        and not (cycle in stopped and all(map(is_repetition, one.keys)))
    }


def begin_sending(books: Books, claimed: Sequence[Claimed]) -> set[int]:
    """Note that these are about to go out; those that are still ours, by the id of the message.

    Only from here on may they have arrived, if this process dies.
    """
    return set(books.tx.execute(_BEGIN, _these(claimed)).scalars())


def finish_messages(  # noqa: PLR0913 -- what became of which messages, when, and what is in doubt
    books: Books,
    claimed: Sequence[Claimed],
    state: str,
    detail: str,
    now: datetime,
    *,
    doubtful: bool = False,
) -> set[int]:
    """Close messages of one claim; those that were still ours, by the id of the message.

    `doubtful` says that they may have arrived for all that is known.
    """
    values = {"to_state": state, "of_detail": detail or None, "at_end": epoch(now)}
    statement = _FINISH[doubtful]
    return set(books.tx.execute(statement, _these(claimed) | values).scalars())


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again, and what the next try must know.

    `may_have_arrived` is of this try alone: what is known of earlier ones stays, and
    so does an operator's wish. `counts` is False for a wait that the other side asked for.
    """

    due: datetime
    detail: str
    may_have_arrived: bool
    counts: bool = True


def retry_message(books: Books, claimed: Claimed, retry: Retry) -> bool:
    """Put a claimed message back for a later time; False when somebody else has it now."""
    done = books.tx.execute(
        sa.update(outbox)
        .where(*_mine(claimed))
        .values(
            state="ready",
            detail=retry.detail or None,
            claim=None,
            lease_until=None,
            due=epoch(retry.due),
            ambiguous=DOUBTFUL if retry.may_have_arrived else _rows.ambiguous,
            attempt=_rows.attempt if retry.counts else _rows.attempt - 1,
        )
    )
    return done.rowcount == 1


def count_messages(books: Books) -> dict[str, int]:
    """Messages by state."""
    choice = sa.select(_rows.state, sa.func.count()).where(books.of(outbox)).group_by(_rows.state)
    return {row[0]: row[1] for row in books.tx.execute(choice)}


def _these(claimed: Sequence[Claimed]) -> dict[str, object]:
    return {"ids": [one.message.id for one in claimed], "token": claimed[0].token}


def _finish(*, doubtful: bool) -> sa.sql.dml.ReturningUpdate[int]:
    return (
        sa.update(outbox)
        .where(*_OURS)
        .values(
            state=sa.bindparam("to_state"),
            detail=sa.bindparam("of_detail"),
            claim=sa.null(),
            lease_until=sa.null(),
            ambiguous=DOUBTFUL if doubtful else _rows.ambiguous,
            ended_at=sa.bindparam("at_end"),
        )
        .returning(_rows.id)
    )


# Built once: with a thousand messages of one second, building costs more than asking.
_OURS = (
    _rows.id.in_(sa.bindparam("ids", expanding=True)),
    _rows.claim == sa.bindparam("token"),
    _rows.state == "sending",
)
_BEGIN = sa.update(outbox).where(*_OURS).values(begun=1).returning(_rows.id)
_FINISH = {one: _finish(doubtful=one) for one in (False, True)}


def _mine(claimed: Claimed) -> tuple[sa.ColumnElement[bool], ...]:
    return (_rows.id == claimed.message.id, _rows.claim == claimed.token, _rows.state == "sending")


def _claimed(row: sa.RowMapping, token: str) -> Claimed:
    checked_at = instant_or_none(row["checked_at"])
    return Claimed(_message(row), token, checked_at, row["ambiguous"] == WANTED_AGAIN)


def _message(row: sa.RowMapping) -> OutboxMessage:
    return OutboxMessage(
        id=row["id"],
        account=row["account"],
        ticket_id=row["ticket_id"],
        measure=row["measure"],
        cycle=row["cycle"],
        keys=list_of(row["steps"]),
        labels=list_of(row["labels"]),
        recipient=row["recipient"],
        policy=row["policy"],
        at=instant(row["at"]),
        started_at=instant(row["started_at"]),
        due_at=instant_or_none(row["due_at"]),
        state=row["cycle_state"],
        tier=row["tier"],
        customer=row["customer"],
        priority=row["priority"],
        group=row["group_id"],
        assignee=row["assignee_id"],
        attempt=row["attempt"],
        may_be_repeat=bool(row["ambiguous"]),
        late_by=timedelta(seconds=row["late_by"]),
        decided_at=instant(row["created_at"]),
        digest=row["digest"],
        calendar=row["calendar"],
        about=row["about"],
    )
