# SPDX-License-Identifier: GPL-3.0-or-later
"""How recipients fare: messages in this minute, failures in a row, until when to leave them alone.

In the database, so that all processes together keep to one limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.database import epoch, instant, instant_or_none
from worker.store.tables import recipient_states

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from worker.store.database import Books

PAUSED_AFTER = 5
"""Failures in a row after which a recipient is left alone for a while."""

_MINUTE = 60
_LONGEST_PAUSE = timedelta(minutes=30)
_rows = recipient_states.c


@dataclass(frozen=True, slots=True)
class Standing:
    """How a recipient fares at present."""

    used: int = 0
    failures: int = 0
    blocked_until: datetime | None = None

    @property
    def is_troubled(self) -> bool:
        """Whether the last message did not reach them."""
        return self.failures > 0 or self.blocked_until is not None

    @property
    def is_on_trial(self) -> bool:
        """Whether a single message should try first whether it works again."""
        return self.blocked_until is not None or self.failures >= PAUSED_AFTER


def standings(books: Books, recipients: Collection[str], now: datetime) -> dict[str, Standing]:
    """How these recipients fare; the rows stay locked until the transaction ends."""
    choice = sa.select(recipient_states).where(
        books.of(recipient_states), _rows.recipient.in_(sorted(recipients))
    )
    if not books.database.is_sqlite:
        choice = choice.order_by(_rows.recipient).with_for_update()
    minute = epoch(now) // _MINUTE
    return {
        row["recipient"]: Standing(
            used=row["used"] if row["minute"] == minute else 0,
            failures=row["failures"],
            blocked_until=instant_or_none(row["blocked_until"]),
        )
        for row in books.rows(choice)
    }


def next_minute(now: datetime) -> datetime:
    """When the next minute's messages may go out."""
    return instant((epoch(now) // _MINUTE + 1) * _MINUTE)


def spend(books: Books, recipient: str, messages: int, now: datetime) -> None:
    """Charge messages to the recipient's present minute."""
    minute = epoch(now) // _MINUTE
    insert = books.insert(recipient_states).values(
        account=books.account, recipient=recipient, minute=minute, used=messages
    )
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "recipient"],
            set_={
                "used": sa.case((_rows.minute == minute, _rows.used + messages), else_=messages),
                "minute": minute,
            },
        )
    )


def failed(
    books: Books, recipient: str, now: datetime, *, pause: timedelta | None = None
) -> datetime | None:
    """Count a failure; until when the recipient is left alone, None where it is not.

    Args:
        books: the account.
        recipient: who was not reached.
        now: the present instant.
        pause: leave it alone for so long at once; else after some failures in
            a row, for a minute at first and for half an hour at most.
    """
    _count_failure(books, recipient, now)
    failures = books.tx.execute(
        sa.select(_rows.failures).where(*_of(books, recipient))
    ).scalar_one()
    if pause is None and failures >= PAUSED_AFTER:
        pause = min(timedelta(minutes=2 ** min(failures - PAUSED_AFTER, 10)), _LONGEST_PAUSE)
    if pause is None:
        return None
    until = now + pause
    books.tx.execute(
        sa.update(recipient_states).where(*_of(books, recipient)).values(blocked_until=epoch(until))
    )
    return until


def worked(books: Books, recipient: str) -> bool:
    """A message arrived; False where the recipient fared well before."""
    done = books.tx.execute(
        sa.update(recipient_states)
        .where(
            *_of(books, recipient),
            sa.or_(_rows.failures > 0, _rows.blocked_until.is_not(None)),
        )
        .values(failures=0, blocked_until=None)
    )
    return done.rowcount == 1


def _count_failure(books: Books, recipient: str, now: datetime) -> None:
    insert = books.insert(recipient_states).values(
        account=books.account, recipient=recipient, minute=epoch(now) // _MINUTE, failures=1
    )
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "recipient"], set_={"failures": _rows.failures + 1}
        )
    )


def _of(books: Books, recipient: str) -> tuple[sa.ColumnElement[bool], ...]:
    return books.of(recipient_states), _rows.recipient == recipient
