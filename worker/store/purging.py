# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletes what is stored of tickets that are long closed and that no statement still needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from worker.store.agents import agents
from worker.store.columns import metadata
from worker.store.database import epoch, instant_or_none
from worker.store.tables import accounts, field_changes, outbox, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from rules.evidence import Party
    from worker.store.database import Books, Database

_BATCH: Final = 500
_OF_A_TICKET: Final = tuple(table for table in metadata.sorted_tables if "ticket_id" in table.c)


@dataclass(frozen=True, slots=True)
class Settled:
    """A time of one customer over which every statement is closed."""

    party: Party
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Old:
    """Which tickets may go: last changed before `before`, and needed by no statement.

    `tiers` and `customers` are those that owe obligations: what counts in a
    statement stays until that statement is closed, which `settled` tells.
    """

    before: datetime
    tiers: Collection[str] = ()
    customers: Collection[str] = ()
    settled: Collection[Settled] = ()


def count_old(books: Books, old: Old) -> dict[str, int]:
    """How many rows would be deleted, by table; tables without any are left out."""
    idents = _old_tickets(books, old).subquery()
    counts = {}
    for table in _OF_A_TICKET:
        choice = sa.select(sa.func.count()).where(
            books.of(table), table.c.ticket_id.in_(sa.select(idents.c.ticket_id))
        )
        counts[table.name] = int(books.tx.execute(choice).scalar_one())
    choice = sa.select(sa.func.count()).where(_former_agents(books, old))
    counts[agents.name] = int(books.tx.execute(choice).scalar_one())
    return {name: n for name, n in counts.items() if n}


def count_kept(books: Books, old: Old) -> int:
    """How many tickets are old and stay because a statement may still need them."""
    everything = sa.select(sa.func.count()).select_from(
        _old_tickets(books, Old(old.before)).subquery()
    )
    going = sa.select(sa.func.count()).select_from(_old_tickets(books, old).subquery())
    return int(books.tx.execute(everything).scalar_one() - books.tx.execute(going).scalar_one())


def delete_old(database: Database, account: str, old: Old) -> dict[str, int]:
    """Delete them, some hundred tickets a transaction; rows deleted by table."""
    deleted: dict[str, int] = {}
    with database.write(account) as books:
        _note_horizon(books, old)
    while True:
        with database.write(account) as books:
            idents = list(books.tx.execute(_old_tickets(books, old).limit(_BATCH)).scalars())
            if not idents:
                gone = books.tx.execute(sa.delete(agents).where(_former_agents(books, old)))
                deleted[agents.name] = gone.rowcount
                return {name: n for name, n in deleted.items() if n}
            for table in _OF_A_TICKET:
                done = books.tx.execute(
                    sa.delete(table).where(books.of(table), table.c.ticket_id.in_(idents))
                )
                deleted[table.name] = deleted.get(table.name, 0) + done.rowcount


def purged_until(books: Books) -> datetime | None:
    """What fell due before then may have been purged; None where nothing was."""
    choice = sa.select(accounts.c.purged_until).where(books.of(accounts))
    return instant_or_none(books.tx.execute(choice).scalar())


def _note_horizon(books: Books, old: Old) -> None:
    """Keep until when what closed statements counted may be missing from now on."""
    counted = verdicts.c
    choice = sa.select(sa.func.max(sa.func.coalesce(counted.due_at, counted.started_at))).where(
        books.of(verdicts),
        _owes(old),
        counted.ticket_id.in_(_old_tickets(books, old)),
    )
    latest = books.tx.execute(choice).scalar()
    if latest is not None:
        before = accounts.c.purged_until
        books.tx.execute(
            sa.update(accounts)
            .where(books.of(accounts), sa.or_(before.is_(None), before <= latest))
            .values(purged_until=latest + 1)
        )


def _former_agents(books: Books, old: Old) -> sa.ColumnElement[bool]:
    """Agents who have had no ticket for as long, and whom none that stays names."""
    named = sa.literal('%"assignee":"') + agents.c.agent_id + sa.literal('"%')
    stays = tickets.c.ticket_id.not_in(_old_tickets(books, old))
    has_ticket = sa.exists().where(books.of(tickets), tickets.c.current.like(named), stays)
    return sa.and_(books.of(agents), agents.c.seen_at < epoch(old.before), ~has_ticket)


def _old_tickets(books: Books, old: Old) -> sa.Select[tuple[str]]:
    """Closed or deleted tickets that are old, for which nothing waits and that nobody needs."""
    rows = tickets.c
    waiting = (
        sa.select(outbox.c.ticket_id).where(
            books.of(outbox), outbox.c.state.in_(("ready", "sending"))
        ),
        sa.select(field_changes.c.ticket_id).where(
            books.of(field_changes), field_changes.c.state.in_(("ready", "writing"))
        ),
        _counted_tickets(books, old),
    )
    return (
        sa.select(rows.ticket_id)
        .where(
            books.of(tickets),
            sa.or_(rows.status == "closed", rows.life != "present"),
            rows.updated_at < epoch(old.before),
            rows.news == 0,
            *(rows.ticket_id.not_in(one) for one in waiting),
        )
        .order_by(rows.updated_at, rows.ticket_id)
    )


def _counted_tickets(books: Books, old: Old) -> sa.Select[tuple[str]]:
    """Tickets with a row that a statement counts which is not closed."""
    whole = sa.and_(
        tickets.c.account == verdicts.c.account, tickets.c.ticket_id == verdicts.c.ticket_id
    )
    settled = sa.or_(sa.false(), *(_is_settled(one) for one in old.settled))
    return (
        sa.select(verdicts.c.ticket_id)
        .join(tickets, whole)
        .where(books.of(verdicts), _owes(old), sa.not_(settled))
    )


def _owes(old: Old) -> sa.ColumnElement[bool]:
    return sa.or_(
        verdicts.c.tier.in_(sorted(old.tiers)), verdicts.c.customer.in_(sorted(old.customers))
    )


def _is_settled(one: Settled) -> sa.ColumnElement[bool]:
    """Whether all of a row, and the last change of its ticket, lies in the settled time."""
    row, begin, end = verdicts.c, epoch(one.from_at), epoch(one.until_at)
    party = one.party
    # Never `=`: of a row without the value it says neither yes nor no, and so not "needed".
    whose: tuple[sa.ColumnElement[bool], ...] = (row.customer.is_not_distinct_from(party.customer),)
    if party.customer is None:
        organization = row.organization_id.is_not_distinct_from(party.organization_id)
        whose += (row.tier == party.tier, organization)
    return sa.and_(
        *whose,
        row.started_at >= begin,
        sa.func.coalesce(row.due_at, row.started_at) < end,
        tickets.c.updated_at < end,
    )
