# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading tickets for judgement: facts, what was judged before, what was sent and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa
from msgspec.structs import replace

from connector.assemble import assemble
from connector.base import TicketState
from rules.changes import CurrentFields
from worker.store.acknowledgements import acknowledged
from worker.store.cycles import CYCLE_COLUMNS
from worker.store.database import epoch, instant, instant_or_none
from worker.store.facts_json import current_of, happenings_of, ticket_of, values_of
from worker.store.organizations import load_versions
from worker.store.tables import happenings, steps, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rules.facts import Happening, Organization, Ticket
    from rules.steps import StepKey
    from worker.store.database import Books
    from worker.store.organizations import Versions

Cycle = tuple[str, int]
"""Measure and number of a cycle."""


@dataclass(frozen=True, slots=True)
class StoredCycle:
    """A verdict row; `values` are those of `cycles.CYCLE_COLUMNS`, the first is the state."""

    policy: str
    organization_id: str | None
    values: tuple[object, ...]

    @property
    def state(self) -> str:
        """The cycle's state."""
        return str(self.values[0])


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A ticket as its rows tell it, not yet assembled.

    `version` names the facts; a judgement is stored only while it still
    holds. `verdicts` are the stored rows by cycle, `sent` the steps fired,
    `acted` those of them whose actions are done, `acknowledged` the cycles
    about which somebody has taken notice.
    """

    id: str
    version: int
    row: sa.RowMapping
    history: str
    verdicts: Mapping[Cycle, StoredCycle]
    sent: frozenset[StepKey]
    acted: frozenset[StepKey]
    organizations: Mapping[str, Versions]
    acknowledged: frozenset[Cycle] = frozenset()

    @property
    def has_news(self) -> bool:
        """Whether facts have come since the last judgement, or there was none."""
        return bool(self.row["news"]) or self.row["judged_at"] is None

    @property
    def judged_look_at(self) -> datetime | None:
        """The moment that the last judgement named."""
        return instant_or_none(self.row["judged_look_at"])

    @property
    def updated_at(self) -> datetime:
        """When the helpdesk last changed the ticket, as far as is known."""
        return instant(self.row["updated_at"])

    @property
    def detail_mark(self) -> str | None:
        """What the detail on the ticket was known to say at the last judgement."""
        mark: str | None = self.row["detail_mark"]
        return mark

    @property
    def is_writable(self) -> bool:
        """Whether the helpdesk would still accept a change."""
        row = self.row
        return row["life"] == "present" and row["status"] != "closed" and not row["unwritable"]

    def current(self) -> CurrentFields:
        """What the fields hold that Stipt may write."""
        return current_of(self.row["current"])

    def written(self) -> dict[str, str | None]:
        """The values that Stipt wrote last, by field."""
        return values_of(self.row["written"])

    def assembled(self) -> Ticket:
        """The facts as the engine takes them."""
        row = self.row
        state = TicketState(
            facts=ticket_of(row["facts"]),
            current=CurrentFields(own={}),
            updated_at=self.updated_at,
            order=row["feed_order"],
            life=row["life"],
        )
        history = [self._resolved(one) for one in happenings_of(self.history)]
        own = row["organization_id"]
        organization = self._first(own, row["organization_version"])
        others = {
            ident: versions.at(epoch(state.facts.created_at))
            for ident, versions in self.organizations.items()
        }
        if own is not None and organization is not None:
            others[own] = organization
        return assemble(state, history, organization, others)

    def _first(self, ident: str | None, version: int | None) -> Organization | None:
        versions = None if ident is None else self.organizations.get(ident)
        return None if versions is None else versions.first(version)

    def _resolved(self, happening: Happening) -> Happening:
        """With the customer as known at that time, where the helpdesk told only an id."""
        told = happening.organization
        if told is None or told.id is None or told.fields or told.name is not None:
            return happening
        versions = self.organizations.get(told.id)
        if versions is None:
            return happening
        return replace(happening, organization=versions.at(epoch(happening.at)))


@dataclass(slots=True)
class _Parts:
    history: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, dict[Cycle, StoredCycle]] = field(default_factory=dict)
    sent: dict[str, set[StepKey]] = field(default_factory=dict)
    acted: dict[str, set[StepKey]] = field(default_factory=dict)
    acknowledged: dict[str, set[Cycle]] = field(default_factory=dict)


def load_tickets(books: Books, idents: Sequence[str]) -> list[StoredTicket]:
    """The rows of these tickets; missing ones are left out."""
    choice = sa.select(*_COLUMNS).where(books.of(tickets), tickets.c.ticket_id.in_(idents))
    rows = {row["ticket_id"]: row for row in books.rows(choice)}
    parts = _Parts()
    _read_histories(books, idents, parts)
    _read_verdicts(books, idents, parts)
    _read_steps(books, idents, parts)
    for ident, measure, cycle in acknowledged(books, idents):
        parts.acknowledged.setdefault(ident, set()).add((measure, cycle))
    organizations = load_versions(books, _organizations_of(rows.values(), parts))
    return [
        StoredTicket(
            id=ident,
            version=row["version"],
            row=row,
            history=parts.history.get(ident, "[]"),
            verdicts=parts.verdicts.get(ident, {}),
            sent=frozenset(parts.sent.get(ident, ())),
            acted=frozenset(parts.acted.get(ident, ())),
            organizations=_own(organizations, row, parts.history.get(ident, "")),
            acknowledged=frozenset(parts.acknowledged.get(ident, ())),
        )
        for ident, row in rows.items()
    ]


_COLUMNS = (
    tickets.c.ticket_id,
    tickets.c.facts,
    tickets.c.current,
    tickets.c.written,
    tickets.c.feed_order,
    tickets.c.updated_at,
    tickets.c.life,
    tickets.c.status,
    tickets.c.organization_id,
    tickets.c.organization_version,
    tickets.c.version,
    tickets.c.news,
    tickets.c.unwritable,
    tickets.c.tries,
    tickets.c.judged_at,
    tickets.c.judged_by,
    tickets.c.judged_look_at,
    tickets.c.detail_mark,
)
_VERDICT_COLUMNS = (
    verdicts.c.ticket_id,
    verdicts.c.measure,
    verdicts.c.cycle,
    verdicts.c.policy,
    verdicts.c.organization_id,
    *(verdicts.c[name] for name in CYCLE_COLUMNS),
)
_CHANGES_HANDS = '"kind":"organization"'


def _read_histories(books: Books, idents: Sequence[str], parts: _Parts) -> None:
    # Joined in the database: one row to fetch and one text to decode per ticket.
    body = sa.func.aggregate_strings(happenings.c.body, ",")
    choice = (
        sa.select(happenings.c.ticket_id, body)
        .where(books.of(happenings), happenings.c.ticket_id.in_(idents))
        .group_by(happenings.c.ticket_id)
    )
    for ident, text in books.tx.execute(choice).all():
        parts.history[ident] = f"[{text}]"


def _read_verdicts(books: Books, idents: Sequence[str], parts: _Parts) -> None:
    choice = sa.select(*_VERDICT_COLUMNS).where(
        books.of(verdicts), verdicts.c.ticket_id.in_(idents)
    )
    for ident, measure, cycle, policy, organization, *values in books.tx.execute(choice).all():
        of_ticket = parts.verdicts.setdefault(ident, {})
        of_ticket[measure, cycle] = StoredCycle(policy, organization, tuple(values))


def _read_steps(books: Books, idents: Sequence[str], parts: _Parts) -> None:
    table = steps.c
    choice = sa.select(table.ticket_id, table.measure, table.cycle, table.step, table.acted).where(
        books.of(steps), table.ticket_id.in_(idents)
    )
    for ident, measure, cycle, step, acted in books.tx.execute(choice).all():
        parts.sent.setdefault(ident, set()).add((measure, cycle, step))
        if acted:
            parts.acted.setdefault(ident, set()).add((measure, cycle, step))


def _organizations_of(rows: Iterable[sa.RowMapping], parts: _Parts) -> set[str]:
    idents = {row["organization_id"] for row in rows if row["organization_id"] is not None}
    for text in parts.history.values():
        if _CHANGES_HANDS in text:
            idents |= _named(text)
    return idents


def _own(known: Mapping[str, Versions], row: sa.RowMapping, history: str) -> dict[str, Versions]:
    idents = {row["organization_id"]}
    if _CHANGES_HANDS in history:
        idents |= _named(history)
    return {ident: known[ident] for ident in idents if ident in known}


def _named(history: str) -> set[str]:
    """The customers that a history speaks of."""
    found: set[str] = set()
    for happening in happenings_of(history):
        if happening.kind != "organization":
            continue
        told = happening.organization
        if told is not None and told.id is not None:
            found.add(told.id)
        if isinstance(happening.was, str):
            found.add(happening.was)
    return found
