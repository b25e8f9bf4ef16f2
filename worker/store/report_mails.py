# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports by e-mail as rows: each is made once, claimed, sent and marked.

A row without an occasion says since when an order stands; what came due
before it was made is not sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.reporting.schedule import Occasion, Subscription
from worker.store.database import epoch, instant, instant_or_none, new_token
from worker.store.report_tables import report_mails

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from worker.reporting.schedule import Every
    from worker.store.database import Books

_row = report_mails.c
_STANDS = "stands"
_WAITING = ("ready", "sending")


@dataclass(frozen=True, slots=True)
class ReportMail:
    """A report that is due, or was sent. `may_be_repeat`: an earlier try may have arrived."""

    occasion: Occasion
    state: str
    attempt: int = 0
    may_be_repeat: bool = False
    detail: str | None = None
    sent_at: datetime | None = None
    token: str | None = None


def stand(
    books: Books, orders: Collection[Subscription], now: datetime
) -> dict[Subscription, datetime]:
    """Note which orders stand, and since when; those that do not any more are forgotten."""
    known = {
        Subscription(row.customer, row.every, row.recipient): instant(row.due_at)
        for row in books.tx.execute(
            sa.select(report_mails).where(books.of(report_mails), _row.state == _STANDS)
        )
    }
    for gone in known.keys() - set(orders):
        books.tx.execute(sa.delete(report_mails).where(*_is_of(books, gone), _row.state == _STANDS))
    for one in orders:
        if one not in known:
            _insert(books, Occasion(one, "", "", now, now), _STANDS)
            known[one] = now
    return {one: known[one] for one in orders}


def add_mails(books: Books, due: Collection[Occasion]) -> None:
    """Make the rows of reports that have come due; those that exist stay as they are."""
    for one in due:
        _insert(books, one, "ready")


def _insert(books: Books, one: Occasion, state: str) -> None:
    books.tx.execute(
        books.insert(report_mails)
        .values(
            account=books.account,
            customer=one.subscription.customer,
            every=one.subscription.every,
            recipient=one.subscription.recipient,
            occasion=one.of,
            label=one.label,
            state=state,
            due_at=epoch(one.due_at),
            ended_at=epoch(one.ended_at),
            try_at=epoch(one.due_at),
        )
        .on_conflict_do_nothing()
    )


def claim_mail(books: Books, now: datetime, lease: int) -> ReportMail | None:
    """Claim the oldest report that is due, or whose sender has not come back."""
    is_free = sa.or_(_row.state == "ready", _row.lease_until < books.database.lease_now())
    choice = (
        sa.select(_row.id)
        .where(books.of(report_mails), _row.state.in_(_WAITING), _row.try_at <= epoch(now), is_free)
        .order_by(_row.due_at, _row.id)
        .limit(1)
    )
    claim = (
        sa.update(report_mails)
        .where(_row.id.in_(sa.select(books.database.for_claim(choice).c.id)))
        .values(
            # It was handed over and nobody said how that ended.
            ambiguous=sa.case((_row.begun == 1, 1), else_=_row.ambiguous),
            begun=0,
            state="sending",
            claim=new_token(),
            lease_until=books.database.lease_now() + lease,
            attempt=_row.attempt + 1,
        )
        .returning(report_mails)
    )
    row = books.tx.execute(claim).mappings().first()
    return None if row is None else _mail(row)


def begin_mail(books: Books, mail: ReportMail) -> bool:
    """Note that it is about to go out; False where it is no longer ours."""
    done = books.tx.execute(
        sa.update(report_mails).where(*_is_ours(books, mail)).values(begun=1).returning(_row.id)
    )
    return done.first() is not None


def finish_mail(
    books: Books, mail: ReportMail, state: str, detail: str | None, at: datetime
) -> None:
    """What became of it: sent or dead."""
    books.tx.execute(
        sa.update(report_mails)
        .where(*_is_ours(books, mail))
        .values(state=state, detail=detail, sent_at=epoch(at), claim=None, lease_until=None)
    )


def put_back_mail(
    books: Books, mail: ReportMail, try_at: datetime, detail: str, *, is_doubtful: bool = False
) -> None:
    """Let it wait; `is_doubtful`: this try may have arrived."""
    books.tx.execute(
        sa.update(report_mails)
        .where(*_is_ours(books, mail))
        .values(
            state="ready",
            detail=detail,
            begun=0,
            ambiguous=1 if is_doubtful else _row.ambiguous,
            try_at=epoch(try_at),
            claim=None,
            lease_until=None,
        )
    )


def note_sent(books: Books, occasion: Occasion, at: datetime) -> None:
    """A report that somebody sent by hand: the schedule does not send it again."""
    add_mails(books, [occasion])
    books.tx.execute(
        sa.update(report_mails)
        .where(*_is_of(books, occasion.subscription), *_is_for(occasion), _row.state != "sending")
        .values(state="sent", detail="by hand", sent_at=epoch(at))
    )


def mails_of(books: Books, customer: str, label: str) -> list[ReportMail]:
    """All reports of a customer's period that were due to somebody."""
    choice = (
        sa.select(report_mails)
        .where(
            books.of(report_mails),
            _row.customer == customer,
            _row.label == label,
            _row.state != _STANDS,
        )
        .order_by(_row.due_at, _row.recipient)
    )
    return [_mail(row) for row in books.rows(choice)]


def _is_of(books: Books, one: Subscription) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        books.of(report_mails),
        _row.customer == one.customer,
        _row.every == one.every,
        _row.recipient == one.recipient,
    )


def _is_for(one: Occasion) -> tuple[sa.ColumnElement[bool], ...]:
    return (_row.occasion == one.of, _row.label == one.label)


def _is_ours(books: Books, mail: ReportMail) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        *_is_of(books, mail.occasion.subscription),
        *_is_for(mail.occasion),
        _row.claim == mail.token,
        _row.state == "sending",
    )


def _mail(row: sa.RowMapping) -> ReportMail:
    every: Every = "week" if row["every"] == "week" else "period"
    subscription = Subscription(row["customer"], every, row["recipient"])
    occasion = Occasion(
        subscription,
        row["occasion"],
        row["label"],
        instant(row["due_at"]),
        instant(row["ended_at"]),
    )
    return ReportMail(
        occasion,
        row["state"],
        row["attempt"],
        bool(row["ambiguous"]),
        row["detail"],
        instant_or_none(row["sent_at"]),
        row["claim"],
    )
