# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of an account's budget of calls: one per bucket, locked while they are counted on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.zendesk.budget import Bucket
from worker.store.budget_tables import call_budgets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from worker.store.database import Books

_rows = call_budgets.c


def locked_buckets(books: Books, firsts: Sequence[Bucket]) -> list[Bucket]:
    """The buckets as all processes know them; unknown ones as in `firsts`.

    Nobody else counts on them until the transaction ends.
    """
    names = sorted(one.name for one in firsts)
    books.tx.execute(
        books.insert(call_budgets).on_conflict_do_nothing(),
        [_row(books, one) for one in sorted(firsts, key=lambda one: one.name)],
    )
    choice = (
        sa.select(call_budgets)
        .where(books.of(call_budgets), _rows.bucket.in_(names))
        .order_by(_rows.bucket)  # in one order, or two processes could lock each other out
    )
    if not books.database.is_sqlite:
        choice = choice.with_for_update()
    return [
        Bucket(
            name=row["bucket"],
            limit=row["plan_limit"],
            window=row["window_no"],
            used=row["used"],
            blocked_until=row["blocked_until"] or 0.0,
            penalty=row["penalty"],
            penalty_until=row["penalty_until"] or 0.0,
        )
        for row in books.rows(choice)
    ]


def save_buckets(books: Books, buckets: Iterable[Bucket]) -> None:
    """Store buckets that `locked_buckets` gave."""
    rows = [{f"of_{name}": value for name, value in _row(books, one).items()} for one in buckets]
    columns = ("plan_limit", "window_no", "used", "blocked_until", "penalty", "penalty_until")
    books.tx.execute(
        sa.update(call_budgets)
        .where(
            _rows.account == sa.bindparam("of_account"),
            _rows.bucket == sa.bindparam("of_bucket"),
        )
        .values({name: sa.bindparam(f"of_{name}") for name in columns}),
        rows,
    )


def _row(books: Books, bucket: Bucket) -> dict[str, object]:
    return {
        "account": books.account,
        "bucket": bucket.name,
        "plan_limit": bucket.limit,
        "window_no": bucket.window,
        "used": bucket.used,
        "blocked_until": math.ceil(bucket.blocked_until),
        "penalty": bucket.penalty,
        "penalty_until": math.ceil(bucket.penalty_until),
    }
