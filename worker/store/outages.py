# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages that were told over HTTP, each under an id of whoever told it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

import sqlalchemy as sa

from rules.evidence import Outage
from worker.store.database import epoch, instant, instant_or_none
from worker.store.record_tables import outage_logs, outages

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from worker.store.database import Books

Fate = Literal["new", "changed", "same", "withdrawn"]


class ToldOutage(NamedTuple):
    """An outage, or None where the one of that id is withdrawn."""

    ident: str
    outage: Outage | None


def keep_outages(books: Books, log: str, told: Iterable[ToldOutage], at: datetime) -> Counter[Fate]:
    """Put each outage in the place of the one that was told under its id before.

    Args:
        books: a transaction that may write.
        log: the name that obligations give.
        told: outages; none of them still says that there is somebody who would tell.
        at: the present instant.

    Returns:
        How many came to what; a second telling of the same changes nothing.
    """
    books.tx.execute(
        books.insert(outage_logs)
        .values(account=books.account, log=log, told_at=epoch(at))
        .on_conflict_do_update(index_elements=["account", "log"], set_={"told_at": epoch(at)})
    )
    return Counter(_keep(books, log, one) for one in told)


def _keep(books: Books, log: str, told: ToldOutage) -> Fate:
    row = outages.c
    whose = sa.and_(books.of(outages), row.log == log, row.outage_id == told.ident)
    if told.outage is None:
        gone = books.tx.execute(sa.delete(outages).where(whose)).rowcount
        return "withdrawn" if gone else "same"
    until_at = told.outage.until_at
    values = {
        "from_at": epoch(told.outage.from_at),
        "until_at": None if until_at is None else epoch(until_at),
        "because": told.outage.because,
    }
    before = books.tx.execute(sa.select(*(row[name] for name in values)).where(whose)).first()
    if before is not None and tuple(before) == tuple(values.values()):
        return "same"
    books.tx.execute(
        books.insert(outages)
        .values(account=books.account, log=log, outage_id=told.ident, **values)
        .on_conflict_do_update(index_elements=["account", "log", "outage_id"], set_=values)
    )
    return "new" if before is None else "changed"


def told_outages(books: Books) -> dict[str, tuple[Outage, ...]]:
    """All outages by the log that they belong to, with logs that have none."""
    logs = books.tx.execute(sa.select(outage_logs.c.log).where(books.of(outage_logs))).scalars()
    found: dict[str, list[Outage]] = {log: [] for log in logs}
    choice = sa.select(outages).where(books.of(outages)).order_by(outages.c.from_at)
    for one in books.tx.execute(choice.order_by(outages.c.outage_id)):
        outage = Outage(instant(one.from_at), instant_or_none(one.until_at), one.because)
        found.setdefault(one.log, []).append(outage)
    return {log: tuple(rows) for log, rows in found.items()}
