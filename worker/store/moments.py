# SPDX-License-Identifier: GPL-3.0-or-later
"""The next moments at which there is something to do, in one query over indexes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.outbox import NOTE
from worker.store.database import lease_clock
from worker.store.looks import is_free
from worker.store.tables import accounts, field_changes, outbox, tickets

if TYPE_CHECKING:
    from worker.store.database import Books


@dataclass(frozen=True, slots=True)
class Moments:
    """Epoch seconds; None where nothing waits. What somebody is at work on does not count.

    While the connection is paused nothing can go out through the helpdesk: neither
    field changes nor internal notes are told then.
    """

    look_at: int | None
    message_at: int | None
    change_at: int | None
    is_paused: bool


def next_moments(books: Books) -> Moments:
    """When the account's next ticket, message and field change want attention."""
    database = books.database
    choice = _choice(database.is_sqlite, database.lease_skew)
    row = books.tx.execute(choice, {"of_account": books.account}).mappings().one()
    if row["paused_at"] is not None:
        return Moments(row["look_at"], _next_message(books), None, is_paused=True)
    return Moments(row["look_at"], row["message_at"], row["change_at"], is_paused=False)


def _next_message(books: Books) -> int | None:
    """The next message that goes another way than through the helpdesk."""
    message_at = _waits(outbox, "sending", books.database.lease_now(), outbox.c.recipient != NOTE)
    return books.tx.execute(sa.select(message_at), {"of_account": books.account}).scalar()


@cache
def _choice(is_sqlite: bool, lease_skew: int) -> sa.Select[tuple[int, ...]]:
    """Built once: an idle worker asks this all day, and building costs more than asking."""
    lease_now = lease_clock(is_sqlite, lease_skew)
    of_account = sa.bindparam("of_account", type_=sa.Text)
    return sa.select(
        sa.select(sa.func.min(tickets.c.look_at))
        .where(tickets.c.account == of_account, is_free(lease_now))
        .scalar_subquery()
        .label("look_at"),
        _waits(outbox, "sending", lease_now).label("message_at"),
        _waits(field_changes, "writing", lease_now).label("change_at"),
        sa.select(accounts.c.paused_at)
        .where(accounts.c.account == of_account)
        .scalar_subquery()
        .label("paused_at"),
    )


def _waits(
    table: sa.Table,
    underway: str,
    lease_now: sa.ColumnElement[int],
    *conditions: sa.ColumnElement[bool],
) -> sa.ScalarSelect[int]:
    """The earliest row that waits, or that somebody began and did not end in time."""
    rows = table.c
    abandoned = sa.and_(rows.state == underway, rows.lease_until < lease_now)
    return (
        sa.select(sa.func.min(rows.due))
        .where(
            rows.account == sa.bindparam("of_account"),
            rows.state.in_(("ready", underway)),
            sa.or_(rows.state == "ready", abandoned),
            *conditions,
        )
        .scalar_subquery()
    )
