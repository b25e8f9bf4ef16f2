# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict rows of one customer as evidence, and up to when everything is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from rules.evidence import CycleRow, Party, SolvedTicket
from rules.facts import NOTHING
from worker.store.database import epoch, instant, instant_or_none
from worker.store.pages import TICKETS
from worker.store.tables import cursors, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from rules.facts import Value
    from worker.store.database import Books

OPEN_STATES = frozenset({"running", "paused", "breached_open"})


_AT_ONCE = {"yield_per": 10_000}
"""Rows come in large parts: one by one they cost as much again."""


class Known(NamedTuple):
    """Up to when the helpdesk's changes are known, and at which position of its stream."""

    until: datetime
    cursor: str | None


def known_until(books: Books) -> Known | None:
    """The instant at which all tickets had been read to the end; None before the first."""
    choice = sa.select(cursors.c.complete_at, cursors.c.cursor).where(
        books.of(cursors), cursors.c.stream == TICKETS, cursors.c.complete_at.is_not(None)
    )
    row = books.tx.execute(choice).first()
    return None if row is None else Known(instant(row[0]), row[1])


def count_unjudged(books: Books) -> int:
    """Tickets with facts that no judgement knows yet, or that are set aside."""
    waits = sa.or_(
        tickets.c.news == 1, tickets.c.settled == 0, tickets.c.quarantined_at.is_not(None)
    )
    choice = sa.select(sa.func.count()).where(books.of(tickets), waits)
    return int(books.tx.execute(choice).scalar_one())


def rows_due(
    books: Books, party: Party, since: datetime, until: datetime, *, with_channel: bool = False
) -> list[CycleRow]:
    """Rows of a customer that fall due from `since` to before `until`, or have no due.

    As stored at their last judging, without the values that obligations read;
    with `channel` among them where that is asked for and known.
    """
    row = verdicts.c
    begin, end = epoch(since), epoch(until)
    falls = sa.or_(
        sa.and_(row.due_at >= begin, row.due_at < end),
        sa.and_(row.due_at.is_(None), row.started_at < end),
    )
    channel = tickets.c.channel if with_channel else sa.null()
    choice = sa.select(*(row[name] for name in _READ), channel)
    if with_channel:
        own = sa.and_(tickets.c.account == row.account, tickets.c.ticket_id == row.ticket_id)
        choice = choice.join(tickets, own, isouter=True)
    choice = choice.where(books.of(verdicts), *_whose(party), falls)
    found = list(_rows(books.tx.execute(choice, execution_options=_AT_ONCE)))
    # Sorted here: sorted by the database they would be looked up one by one.
    found.sort(key=lambda one: (one.ticket_id or "", one.measure, one.cycle))
    return found


def _whose(party: Party) -> tuple[sa.ColumnElement[bool], ...]:
    row = verdicts.c
    if party.customer is not None:
        return (row.customer == party.customer,)
    return (
        row.customer.is_(None),
        row.tier == party.tier,
        row.organization_id == party.organization_id,
    )


def solves_of(
    books: Books, party: Party, since: datetime, until: datetime, *, with_channel: bool
) -> tuple[list[SolvedTicket], list[str]]:
    """First solves of a customer's tickets, and tickets that must be judged to know of theirs.

    Those count for nobody, or have had several customers.
    """
    row, ticket = verdicts.c, tickets.c
    mine = sa.select(row.ticket_id).where(books.of(verdicts), *_whose(party))
    owners = (
        sa.select(
            row.ticket_id,
            sa.func.min(row.tier).label("tier"),
            sa.func.min(row.organization_id).label("organization"),
            sa.case((sa.and_(*map(_is_one, _OWNER)), 1), else_=0).label("is_one"),
        )
        .where(books.of(verdicts), row.ticket_id.in_(mine))
        .group_by(row.ticket_id)
        .subquery()
    )
    choice = (
        sa.select(
            *(ticket.ticket_id, ticket.solved_at, ticket.reopened_at, ticket.contacts),
            *(ticket.channel, owners.c.tier, owners.c.organization, owners.c.is_one),
        )
        .join(owners, owners.c.ticket_id == ticket.ticket_id)
        .where(books.of(tickets), ticket.solved_at >= epoch(since), ticket.solved_at < epoch(until))
        .order_by(ticket.ticket_id)
    )
    found, unsure = [], []
    for ident, at, again_at, contacts, channel, tier, organization, one in books.tx.execute(
        choice, execution_options=_AT_ONCE
    ):
        if not one or (contacts or 0) < 0 or (with_channel and channel is None):
            unsure.append(ident)
            continue
        found.append(
            SolvedTicket(
                tier=tier,
                customer=party.customer,
                organization_id=organization,
                ticket_id=ident,
                values={"channel": channel} if with_channel else {},
                solved_at=instant(at),
                reopened_at=instant_or_none(again_at),
                contacts=contacts or 0,
                by_end_user=contacts is not None,
            )
        )
    return found, unsure


def tickets_touched(books: Books, party: Party, since: datetime) -> list[str]:
    """Tickets with rows of a customer that changed at `since` or later."""
    row = verdicts.c
    is_of_contract = party.customer is not None
    whose = row.customer == party.customer if is_of_contract else row.tier == party.tier
    choice = (
        sa.select(tickets.c.ticket_id)
        .where(
            books.of(tickets),
            tickets.c.updated_at >= epoch(since),
            tickets.c.ticket_id.in_(sa.select(row.ticket_id).where(books.of(verdicts), whose)),
        )
        .order_by(tickets.c.ticket_id)
    )
    return list(books.tx.execute(choice).scalars())


_OWNER = (verdicts.c.tier, verdicts.c.customer, verdicts.c.organization_id)


def _is_one(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """Whether all rows of a group have the same value, which may be none."""
    value = sa.func.coalesce(column, "")
    return sa.func.min(value) == sa.func.max(value)


_READ = (
    *("tier", "customer", "organization_id", "ticket_id", "measure", "cycle", "state"),
    *("started_at", "due_at", "fulfilled_at", "ended_by", "breached_at", "reason", "priority"),
    *("calendar", "policy", "rule", "target_seconds", "elapsed_seconds", "paused_seconds"),
)


def _rows(found: Iterable[Sequence[Any]]) -> Iterator[CycleRow]:
    """Rows of `_READ` and the channel, which may be unknown."""
    values: dict[str | None, Mapping[str, Value]] = {None: NOTHING}
    for one in found:
        # fmt: off
        (tier, customer, organization, ticket, measure, cycle, state, started_at, due_at,
         stopped_at, ended_by, breached_at, reason, priority, calendar, policy, rule,
         target, elapsed, paused, channel) = one
        # fmt: on
        if channel not in values:
            values[channel] = {"channel": channel}
        yield CycleRow(
            tier=tier,
            customer=customer,
            organization_id=organization,
            ticket_id=ticket,
            values=values[channel],
            measure=measure,
            cycle=cycle,
            state=state,
            started_at=instant(started_at),
            due_at=instant_or_none(due_at),
            stopped_at=instant_or_none(stopped_at),
            ended_by=ended_by,
            breached_at=instant_or_none(breached_at),
            reason=reason,
            priority=priority,
            calendar=calendar,
            policy=policy,
            rule=rule,
            target_seconds=target,
            elapsed_seconds=elapsed,
            paused_seconds=paused,
        )
