# SPDX-License-Identifier: GPL-3.0-or-later
"""How an account stands, as it was last counted; and the warnings that come of it, once each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.evidence import Party
from worker.store.database import epoch, instant
from worker.store.facts_json import list_text
from worker.store.report_tables import standings
from worker.store.tables import outbox, verdicts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from worker.store.database import Books


def parties_due(books: Books, tiers: Collection[str], at: datetime, days: int) -> list[Party]:
    """Organizations under these tiers with cycles that fall due around an instant."""
    row = verdicts.c
    choice = (
        sa.select(row.tier, row.organization_id)
        .where(
            _due_around(books, at, days),
            row.customer.is_(None),
            row.organization_id.is_not(None),
            row.tier.in_(sorted(tiers)),
        )
        .distinct()
        .order_by(row.tier, row.organization_id)
    )
    return [Party(None, tier, ident) for tier, ident in books.tx.execute(choice)]


def contracts_due(
    books: Books, contracts: Collection[str], at: datetime, days: int
) -> dict[str, str]:
    """The contract of each organization with cycles under one that fall due around an instant."""
    row = verdicts.c
    choice = (
        sa.select(row.organization_id, sa.func.min(row.customer))
        .where(
            _due_around(books, at, days),
            row.customer.in_(sorted(contracts)),
            row.organization_id.is_not(None),
        )
        .group_by(row.organization_id)
    )
    return {row[0]: row[1] for row in books.tx.execute(choice)}


def _due_around(books: Books, at: datetime, days: int) -> sa.ColumnElement[bool]:
    row = verdicts.c
    since, until = (epoch(at + sign * timedelta(days=days)) for sign in (-1, 1))
    return sa.and_(books.of(verdicts), row.due_at >= since, row.due_at < until)


def keep_standing(books: Books, body: bytes, at: datetime) -> None:
    """Put what was counted in the place of what was counted before."""
    values = {"counted_at": epoch(at), "body": body.decode()}
    books.tx.execute(
        books.insert(standings)
        .values(account=books.account, **values)
        .on_conflict_do_update(index_elements=["account"], set_=values)
    )


def standing_of(books: Books) -> tuple[bytes, datetime] | None:
    """What was last counted, and when; None before the first time."""
    choice = sa.select(standings.c.body, standings.c.counted_at).where(books.of(standings))
    row = books.tx.execute(choice).first()
    return None if row is None else (row[0].encode(), instant(row[1]))


def put_out_warning(
    books: Books, about: bytes, labels: tuple[str, str, str], whom: tuple[str, str], at: datetime
) -> bool:
    """Put a warning of a forecast into the outbox; False where it was there before.

    Args:
        books: a transaction that may write.
        about: what it says, as canonical JSON.
        labels: the obligation, the customer and the period that it is about.
        whom: the recipient's name, and the policy that has it.
        at: the present instant.
    """
    recipient, policy = whom
    now, step = epoch(at), "/".join(labels)
    done = books.tx.execute(
        books.insert(outbox)
        .values(
            account=books.account,
            ticket_id="",
            measure="",
            cycle=0,
            step=step,
            recipient=recipient,
            state="ready",
            steps=list_text((step,)),
            labels=list_text(labels),
            about=about.decode(),
            due=now,
            at=now,
            late_by=0,
            started_at=now,
            tier="",
            cycle_state="running",
            customer=labels[1],
            policy=policy,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(outbox.c.id)
    )
    return done.first() is not None
