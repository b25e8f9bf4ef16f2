# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of telling people of a ticket's steps: sent, waiting, failed, or not wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from rules.explain import Fate, Told
from worker.store.database import instant, instant_or_none
from worker.store.facts_json import list_of
from worker.store.tables import outbox, steps

if TYPE_CHECKING:
    from datetime import datetime

    from rules.steps import StepKey
    from worker.store.database import Books

_FATES: Final[dict[str, Fate]] = {
    "ready": "waiting",
    "sending": "waiting",
    "sent": "sent",
    "dead": "failed",
    "dropped": "not sent",
    "nobody": "nobody",
}
"""By the state of the row; a joined one has that of the message that speaks of its step."""


def fates_of(books: Books, ticket_id: str) -> dict[StepKey, tuple[Told, ...]]:
    """What became of each step's messages, one for each recipient; steps without one are left out.

    A message that certainly failed and is to be tried again waits, with the reason.
    """
    rows = outbox.c
    columns = (rows.measure, rows.cycle, rows.steps, rows.recipient, rows.state, rows.detail)
    choice = (
        sa.select(*columns, rows.ended_at)
        .where(books.of(outbox), rows.ticket_id == ticket_id, rows.state.in_(sorted(_FATES)))
        .order_by(rows.id)
    )
    found: dict[StepKey, dict[str, Told]] = {}
    for measure, cycle, names, recipient, state, detail, ended_at in books.tx.execute(choice):
        sent_at = instant_or_none(ended_at) if state == "sent" else None
        told = Told(recipient, _FATES[state], detail, sent_at)
        for step in list_of(names):
            found.setdefault((measure, cycle, step), {})[recipient] = told
    return {key: tuple(told.values()) for key, told in found.items()}


def fired_at(books: Books, ticket_id: str) -> dict[StepKey, datetime]:
    """When each step of a ticket was carried out: a little after its moment, or long after it."""
    rows = steps.c
    choice = sa.select(rows.measure, rows.cycle, rows.step, rows.fired_at).where(
        books.of(steps), rows.ticket_id == ticket_id
    )
    return {
        (measure, cycle, step): instant(at)
        for measure, cycle, step, at in books.tx.execute(choice).all()
    }
