# SPDX-License-Identifier: GPL-3.0-or-later
"""Who waits on the phone, as the helpdesk told it last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.records import PhoneQueue
from worker.store.database import epoch, instant
from worker.store.record_tables import phone_queues

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Books


def keep_queue(books: Books, queue: PhoneQueue | None, at: datetime) -> None:
    """Put what was told in the place of what was told before; None takes it away."""
    if queue is None:
        books.tx.execute(sa.delete(phone_queues).where(books.of(phone_queues)))
        return
    values = {
        "at": epoch(at),
        "waiting": queue.waiting,
        "longest_wait_seconds": queue.longest_wait_seconds,
        "average_wait_seconds": queue.average_wait_seconds,
        "agents_online": queue.agents_online,
    }
    books.tx.execute(
        books.insert(phone_queues)
        .values(account=books.account, **values)
        .on_conflict_do_update(index_elements=["account"], set_=values)
    )


def queue_of(books: Books) -> tuple[PhoneQueue, datetime] | None:
    """What was told last, and when; None where there is no telephone."""
    row = books.tx.execute(sa.select(phone_queues).where(books.of(phone_queues))).first()
    if row is None:
        return None
    queue = PhoneQueue(
        row.waiting, row.longest_wait_seconds, row.average_wait_seconds, row.agents_online
    )
    return queue, instant(row.at)
