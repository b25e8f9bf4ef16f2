# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict rows of one customer as evidence, and up to when everything is known."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from rules.evidence import CycleRow, Party, SolvedTicket
from rules.facts import NOTHING
from worker.store.database import epoch, instant, instant_or_none
from worker.store.pages import TICKETS
from worker.store.tables import WAITING, cursors, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


class Waiting(NamedTuple):
    """Tickets whose facts no judgement knows: how many, and the ids of the first."""

    number: int
    first: Sequence[str]


def count_unjudged(books: Books) -> int:
    """Tickets with facts that no judgement knows yet, or that are set aside."""
    return sum(one.number for one in unjudged(books))


def unjudged(books: Books, first: int = 5) -> tuple[Waiting, Waiting]:
    """Tickets that are still to be judged, and those that are set aside in quarantine."""
    row = tickets.c
    is_aside = row.quarantined_at.is_not(None)
    return _waiting(books, ~is_aside, first), _waiting(books, is_aside, first)


def _waiting(books: Books, which: sa.ColumnElement[bool], first: int) -> Waiting:
    held = (books.of(tickets), WAITING, which)
    count = sa.select(sa.func.count()).select_from(tickets).where(*held)
    number = int(books.tx.execute(count).scalar_one())
    if not number:
        return Waiting(0, ())
    ident = tickets.c.ticket_id
    choice = sa.select(ident).where(*held).order_by(sa.func.length(ident), ident).limit(first)
    return Waiting(number, books.tx.execute(choice).scalars().all())


def parties_known(books: Books) -> dict[str, set[str]]:
    """Organizations with tickets, and the names under which something of them was judged."""
    ident = tickets.c.organization_id
    alone = sa.select(ident).where(books.of(tickets), ident.is_not(None)).distinct()
    found: dict[str, set[str]] = {one: set() for one in books.tx.execute(alone).scalars()}
    row = verdicts.c
    judged = sa.select(row.customer, row.tier, row.organization_id).where(
        books.of(verdicts), row.organization_id.is_not(None)
    )
    for customer, tier, organization in books.tx.execute(judged.distinct()):
        party = Party(customer) if customer else Party(None, tier, organization)
        found.setdefault(organization, set()).add(party.name)
    return found


class Span(NamedTuple):
    """From when to before when something falls due.

    Of rows that fall due before `whole_from` only what they count as is read;
    of all others everything. Rows that are open are read up to `open_until`.
    """

    since: datetime
    until: datetime
    whole_from: datetime | None = None
    open_until: datetime | None = None


def rows_due(
    books: Books, party: Party, span: Span, *, with_channel: bool = False
) -> list[CycleRow]:
    """Rows of a customer that fall due in a span, or have no due and started before its end.

    As stored at their last judging, without the values that obligations read;
    with `channel` among them where that is asked for and known.
    """
    row = verdicts.c
    begin, end = epoch(span.since), epoch(span.until)
    whole = begin if span.whole_from is None else max(begin, epoch(span.whole_from))
    falls = sa.or_(
        sa.and_(row.due_at >= whole, row.due_at < end),
        sa.and_(row.due_at.is_(None), row.started_at < end),
        *_open_until(span),
    )
    found = _wholes(
        books.tx.execute(
            _choice(books, party, _READ, falls, with_channel), execution_options=_AT_ONCE
        )
    )
    if whole > begin:
        # Plus nothing, so that SQLite uses no index: read in their order rows come faster.
        falls = sa.and_(row.due_at + 0 >= begin, row.due_at + 0 < min(whole, end))
        choice = _choice(books, party, _COUNTED, falls, with_channel)
        found += _counted(books.tx.execute(choice, execution_options=_AT_ONCE), party)
    # Sorted here: sorted by the database they would be looked up one by one.
    found.sort(key=lambda one: (one.ticket_id or "", one.measure, one.cycle))
    return found


def _open_until(span: Span) -> list[sa.ColumnElement[bool]]:
    """The condition of open rows that fall due after the span."""
    if span.open_until is None:
        return []
    row = verdicts.c
    is_later = (row.due_at >= epoch(span.until), row.due_at < epoch(span.open_until))
    return [sa.and_(*is_later, row.state.in_(sorted(OPEN_STATES)))]


def _choice(
    books: Books,
    party: Party,
    names: Sequence[str],
    falls: sa.ColumnElement[bool],
    with_channel: bool,
) -> sa.Select[Any]:
    row = verdicts.c
    channel = tickets.c.channel if with_channel else sa.null()
    choice = sa.select(*(row[name] for name in names), channel)
    if with_channel:
        own = sa.and_(tickets.c.account == row.account, tickets.c.ticket_id == row.ticket_id)
        choice = choice.join(tickets, own, isouter=True)
    return choice.where(books.of(verdicts), *rows_of_party(party), falls)


def rows_of_party(party: Party) -> tuple[sa.ColumnElement[bool], ...]:
    """What verdict rows of a customer have: its name, else its tier and organization."""
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
    choice = _solves(books, party, since, until)
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
    found.sort(key=lambda one: one.ticket_id or "")
    return found, unsure


def _solves(books: Books, party: Party, since: datetime, until: datetime) -> sa.Select[Any]:
    """First solves of a customer's tickets in a time, and whether it is their only customer."""
    ticket, owners = tickets.c, _owners(books, party)
    # Plus nothing, so that SQLite looks up the customer's tickets and not all that were solved.
    solved_at = ticket.solved_at + 0
    own = sa.and_(ticket.account == books.account, ticket.ticket_id == owners.c.ticket_id)
    return (
        sa.select(
            *(ticket.ticket_id, ticket.solved_at, ticket.reopened_at, ticket.contacts),
            *(ticket.channel, owners.c.tier, owners.c.organization),
            sa.and_(owners.c.is_one, sa.not_(_has_others(books, party, owners))),
        )
        .select_from(owners.join(tickets, own))
        .where(solved_at >= epoch(since), solved_at < epoch(until))
    )


def _owners(books: Books, party: Party) -> sa.Subquery:
    """The tickets of a customer: its tier and organization, and if all its rows say the same."""
    row = verdicts.c
    same_organization = sa.or_(
        sa.func.min(row.organization_id) == sa.func.max(row.organization_id),
        sa.func.count(row.organization_id) == 0,
    )
    none_or_all = sa.func.count(row.organization_id).in_((0, sa.func.count()))
    is_one = (sa.func.min(row.tier) == sa.func.max(row.tier), same_organization, none_or_all)
    return (
        sa.select(
            row.ticket_id,
            sa.func.min(row.tier).label("tier"),
            sa.func.min(row.organization_id).label("organization"),
            sa.and_(*is_one).label("is_one"),
        )
        .where(books.of(verdicts), *rows_of_party(party))
        .group_by(row.ticket_id)
        .subquery()
    )


def _has_others(books: Books, party: Party, owners: sa.Subquery) -> sa.ColumnElement[bool]:
    """Whether a ticket has rows that are not the customer's."""
    other = verdicts.alias()
    if party.customer is not None:
        is_other = other.c.customer.is_distinct_from(party.customer)
    else:
        is_other = sa.or_(
            other.c.customer.is_not(None),
            other.c.tier != party.tier,
            other.c.organization_id.is_distinct_from(party.organization_id),
        )
    return sa.exists().where(
        other.c.account == books.account, other.c.ticket_id == owners.c.ticket_id, is_other
    )


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


_READ = (
    *("tier", "customer", "organization_id", "ticket_id", "measure", "cycle", "state"),
    *("started_at", "due_at", "fulfilled_at", "ended_by", "breached_at", "reason", "priority"),
    *("calendar", "policy", "rule", "target_seconds", "elapsed_seconds", "paused_seconds"),
)
_COUNTED = (
    *("tier", "ticket_id", "measure", "cycle", "state", "started_at", "due_at"),
    *("ended_by", "reason", "priority"),
)
"""What says as what a row counts."""

_at = partial(datetime.fromtimestamp, tz=UTC)


def _wholes(found: Iterable[Sequence[Any]]) -> list[CycleRow]:
    """Rows of `_READ` and the channel, which may be unknown."""
    values = _Channels()
    return [
        CycleRow(
            tier=tier,
            customer=customer,
            organization_id=organization,
            ticket_id=ticket,
            values=values[channel],
            measure=measure,
            cycle=cycle,
            state=state,
            started_at=_at(started_at),
            due_at=None if due_at is None else _at(due_at),
            stopped_at=None if stopped_at is None else _at(stopped_at),
            ended_by=ended_by,
            breached_at=None if breached_at is None else _at(breached_at),
            reason=reason,
            priority=priority,
            calendar=calendar,
            policy=policy,
            rule=rule,
            target_seconds=target,
            elapsed_seconds=elapsed,
            paused_seconds=paused,
        )
        for (
            tier,
            customer,
            organization,
            ticket,
            measure,
            cycle,
            state,
            started_at,
            due_at,
            stopped_at,
            ended_by,
            breached_at,
            reason,
            priority,
            calendar,
            policy,
            rule,
            target,
            elapsed,
            paused,
            channel,
        ) in found
    ]


def _counted(found: Iterable[Sequence[Any]], party: Party) -> list[CycleRow]:
    """Rows of `_COUNTED` and the channel, which may be unknown; they have a due."""
    values = _Channels()
    return [
        CycleRow(
            tier=tier,
            customer=party.customer,
            organization_id=party.organization_id,
            ticket_id=ticket,
            values=values[channel],
            measure=measure,
            cycle=cycle,
            state=state,
            started_at=_at(started_at),
            due_at=_at(due_at),
            ended_by=ended_by,
            reason=reason,
            priority=priority,
        )
        for (
            tier,
            ticket,
            measure,
            cycle,
            state,
            started_at,
            due_at,
            ended_by,
            reason,
            priority,
            channel,
        ) in found
    ]


class _Channels(dict[str | None, "Mapping[str, Value]"]):
    """The values of rows by their channel: one mapping for all rows of the same."""

    def __missing__(self, channel: str | None) -> Mapping[str, Value]:
        self[channel] = NOTHING if channel is None else {"channel": channel}
        return self[channel]
