# SPDX-License-Identifier: GPL-3.0-or-later
"""Open tickets with their open cycles, as the board shows them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import sqlalchemy as sa

from rules.verdict import OPEN_STATES
from worker.store.agents import agent_names
from worker.store.budget_tables import call_budgets
from worker.store.facts_json import current_of, organization_of
from worker.store.tables import DUE, OPEN, organizations, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rules.facts import Organization
    from worker.store.database import Books

_AT_ONCE: Final = 500
_MARKET: Final = "market"

Mark = tuple[int, int]
"""Version and instant of judging of a ticket: another mark, another row."""


class OpenCycle(NamedTuple):
    """An open cycle; instants in epoch seconds."""

    measure: str
    cycle: int
    state: str
    tier: str
    customer: str | None
    calendar: str
    started_at: int
    due_at: int | None
    risk_at: int | None
    since: int | None
    target_seconds: int
    elapsed_seconds: int


class _State(NamedTuple):
    """A ticket's row."""

    ticket_id: str
    version: int
    judged_at: int
    status: str
    tier: str | None
    organization_id: str | None
    current: str


class OpenTicket(NamedTuple):
    """A ticket that is neither solved nor closed.

    `customer` is the contract's name, or the organisation's where none holds; `assignee` a name,
    or a number where no name is known. `cycles` come in order of their deadlines, those without
    one last.
    """

    ticket_id: str
    mark: Mark
    status: str
    tier: str | None
    customer: str | None
    organization: str | None
    market: str | None
    group: str | None
    assignee: str | None
    cycles: tuple[OpenCycle, ...]


def open_marks(books: Books) -> dict[str, Mark]:
    """The marks of all open tickets, by id; read from an index alone."""
    rows = tickets.c
    choice = sa.select(rows.ticket_id, rows.version, sa.func.coalesce(rows.judged_at, 0)).where(
        books.of(tickets), OPEN
    )
    return {ident: (version, at) for ident, version, at in books.tx.execute(choice).all()}


def read_open(books: Books, ticket_ids: Collection[str] | None = None) -> list[OpenTicket]:
    """These tickets, or all, as far as they are open."""
    if ticket_ids is None:
        return _read(books, sa.true(), sa.true())
    found: list[OpenTicket] = []
    for part in _parts(sorted(ticket_ids)):
        found += _read(books, tickets.c.ticket_id.in_(part), verdicts.c.ticket_id.in_(part))
    return found


def _read(
    books: Books, of_tickets: sa.ColumnElement[bool], of_cycles: sa.ColumnElement[bool]
) -> list[OpenTicket]:
    rows = tickets.c
    choice = sa.select(
        rows.ticket_id,
        rows.version,
        sa.func.coalesce(rows.judged_at, 0),
        rows.status,
        rows.tier,
        rows.organization_id,
        rows.current,
    ).where(books.of(tickets), OPEN, of_tickets)
    states = [_State(*row) for row in books.tx.execute(choice).all()]
    names = agent_names(books)
    cycles = _cycles(books, of_cycles)
    known = newest_organizations(
        books, {row.organization_id for row in states if row.organization_id is not None}
    )
    return [_ticket(row, cycles.get(row.ticket_id, ()), known, names) for row in states]


def _ticket(
    row: _State,
    cycles: tuple[OpenCycle, ...],
    known: Mapping[str, Organization],
    names: Mapping[str, str],
) -> OpenTicket:
    organization = None if row.organization_id is None else known.get(row.organization_id)
    fields = current_of(row.current)
    name = None if organization is None else organization.name or organization.id
    contract = next((one.customer for one in cycles if one.customer is not None), None)
    return OpenTicket(
        ticket_id=row.ticket_id,
        mark=(row.version, row.judged_at),
        status=fields.status or row.status,
        tier=row.tier,
        customer=contract or name,
        organization=name,
        market=None if organization is None else _one(organization.fields.get(_MARKET)),
        group=fields.group,
        assignee=None if fields.assignee is None else names.get(fields.assignee, fields.assignee),
        cycles=cycles,
    )


def _cycles(books: Books, of_cycles: sa.ColumnElement[bool]) -> dict[str, tuple[OpenCycle, ...]]:
    rows = verdicts.c
    choice = (
        sa.select(rows.ticket_id, *(rows[name] for name in OpenCycle._fields))
        .join(
            tickets,
            sa.and_(tickets.c.account == rows.account, tickets.c.ticket_id == rows.ticket_id),
        )
        .where(books.of(verdicts), rows.state.in_(sorted(OPEN_STATES)), of_cycles, OPEN)
    )
    found: dict[str, list[OpenCycle]] = {}
    for ident, *values in books.tx.execute(choice).all():
        found.setdefault(ident, []).append(OpenCycle(*values))
    return {ident: tuple(sorted(cycles, key=_urgency)) for ident, cycles in found.items()}


def _urgency(cycle: OpenCycle) -> tuple[bool, int, str, int]:
    """Deadlines first, past ones included; a paused clock has none."""
    is_paused = cycle.state == "paused" or cycle.due_at is None
    return (is_paused, cycle.due_at or 0, cycle.measure, cycle.cycle)


def newest_organizations(books: Books, idents: Collection[str]) -> dict[str, Organization]:
    """The newest version of each."""
    rows = organizations.c
    found: dict[str, Organization] = {}
    for part in _parts(sorted(idents)):
        choice = (
            sa.select(rows.organization_id, rows.body)
            .where(books.of(organizations), rows.organization_id.in_(part))
            .order_by(rows.organization_id, rows.version)
        )
        for ident, body in books.tx.execute(choice):
            found[ident] = _organization(body)
    return found


@lru_cache(maxsize=8192)
def _organization(body: str) -> Organization:
    return organization_of(body)


def _one(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _parts(idents: Sequence[str]) -> Iterator[Sequence[str]]:
    """Databases take so many values in one statement and no more."""
    for start in range(0, len(idents), _AT_ONCE):
        yield idents[start : start + _AT_ONCE]


class CallsUsed(NamedTuple):
    """Calls of a bucket in its last minute; `limit` None: not known yet."""

    bucket: str
    limit: int | None
    used: int
    blocked_until: int


def calls_used(books: Books) -> list[CallsUsed]:
    """What was asked of the helpdesk, bucket by bucket."""
    rows = call_budgets.c
    choice = (
        sa.select(rows.bucket, rows.plan_limit, rows.used, sa.func.coalesce(rows.blocked_until, 0))
        .where(books.of(call_budgets))
        .order_by(rows.bucket)
    )
    return [CallsUsed(*row) for row in books.tx.execute(choice)]


def oldest_look(books: Books) -> int | None:
    """The moment of the ticket that is to be judged first, in epoch seconds."""
    choice = sa.select(sa.func.min(tickets.c.look_at)).where(books.of(tickets), DUE)
    return books.tx.execute(choice).scalar()
