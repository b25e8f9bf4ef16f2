# SPDX-License-Identifier: GPL-3.0-or-later
"""Storing tickets as they stand: the newest state wins, and our own writes are no news."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.current import holds, with_values
from worker.store.database import epoch, instant, instant_or_none
from worker.store.facts_json import (
    current_of,
    current_text,
    ticket_of,
    ticket_text,
    values_of,
)
from worker.store.organizations import latest_versions
from worker.store.tables import field_changes, tickets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from connector.base import TicketState
    from rules.changes import CurrentFields
    from rules.facts import Ticket
    from worker.store.database import Books


@dataclass(frozen=True, slots=True)
class KnownChange:
    """A stored ticket's status and last update, and what we write into it ourselves.

    `written_at` is when our last finished write began; `is_being_written` says
    that one is under way.
    """

    status: str
    updated_at: datetime
    written_at: datetime | None
    is_being_written: bool


def known_changes(books: Books, ticket_ids: Collection[str]) -> dict[str, KnownChange]:
    """Of these tickets, those that are stored, by id."""
    under_way = sa.exists().where(
        field_changes.c.account == tickets.c.account,
        field_changes.c.ticket_id == tickets.c.ticket_id,
        field_changes.c.state == "writing",
    )
    columns = (
        tickets.c.ticket_id,
        tickets.c.status,
        tickets.c.updated_at,
        tickets.c.written_at,
        under_way.label("is_being_written"),
    )
    choice = sa.select(*columns).where(
        books.of(tickets), tickets.c.ticket_id.in_(sorted(set(ticket_ids)))
    )
    return {
        row["ticket_id"]: KnownChange(
            row["status"],
            instant(row["updated_at"]),
            instant_or_none(row["written_at"]),
            bool(row["is_being_written"]),
        )
        for row in books.rows(choice)
    }


def upsert_states(
    books: Books,
    states: Sequence[TicketState],
    *,
    read_afresh: bool = False,
) -> int:
    """Store states that are newer than what is known; returns how many said anything new.

    `read_afresh`: they were read on their own, so that their place in the
    export's order says nothing and the time of the last update decides.
    """
    newest = _newest(states)
    known = _known(books, newest)
    versions = latest_versions(books, {one.organization_id for one in newest.values()})
    rows = []
    for ident, state in newest.items():
        before = known.get(ident)
        if before is not None and _is_older(state, before, read_afresh=read_afresh):
            continue
        row = _row(books.account, state, before, versions)
        if row is not None:
            rows.append(row)
    if rows:
        books.tx.execute(_upsert(books, read_afresh=read_afresh), rows)
    return len(rows)


def refresh_current(books: Books, states: Sequence[TicketState], now: datetime) -> None:
    """Take over what fields hold now, as read in bulk; the tickets are due for judgement.

    Only the fields and the time of the last update: what happened to a ticket
    comes with the export, and its facts must not run ahead of its history. A
    status without the change that led to it would count since the creation.
    """
    known = _known(books, [one.facts.id for one in states])
    rows = []
    for state in states:
        before = known.get(state.facts.id)
        if before is None or epoch(state.updated_at) < before["updated_at"]:
            continue
        rows.append(
            {
                "of_ticket": state.facts.id,
                "of_current": current_text(_as_written(state, before)),
                "of_update": epoch(state.updated_at),
            }
        )
    if rows:
        books.tx.execute(_refresh(books, epoch(now)), rows)


def _refresh(books: Books, now: int) -> sa.Executable:
    return (
        sa.update(tickets)
        .where(books.of(tickets), tickets.c.ticket_id == sa.bindparam("of_ticket"))
        .values(
            current=sa.bindparam("of_current"),
            updated_at=sa.bindparam("of_update"),
            version=tickets.c.version + 1,
            news=1,
            look_at=sa.case((tickets.c.look_at < now, tickets.c.look_at), else_=now),
        )
    )


def _as_written(state: TicketState, known: sa.RowMapping) -> CurrentFields:
    """The fields of a state; one from before our last write does not show that write.

    Values of ours that the ticket was seen not to hold any more are left out: a
    worker may end between a write and its record, and somebody may change them.
    """
    written_at = known["written_at"]
    if written_at is None or epoch(state.updated_at) >= written_at:
        return state.current
    seen, written = current_of(known["current"]), values_of(known["written"])
    kept = {field: value for field, value in written.items() if holds(seen, field, value)}
    return with_values(state.current, kept)


def _newest(states: Iterable[TicketState]) -> dict[str, TicketState]:
    newest: dict[str, TicketState] = {}
    for state in states:
        before = newest.get(state.facts.id)
        if before is None or state.order >= before.order:
            newest[state.facts.id] = state
    return newest


def _known(books: Books, idents: Iterable[str]) -> Mapping[str, sa.RowMapping]:
    columns = (
        tickets.c.ticket_id,
        tickets.c.feed_order,
        tickets.c.updated_at,
        tickets.c.facts,
        tickets.c.current,
        tickets.c.life,
        tickets.c.written,
        tickets.c.written_at,
    )
    choice = sa.select(*columns).where(books.of(tickets), tickets.c.ticket_id.in_(list(idents)))
    return {row["ticket_id"]: row for row in books.rows(choice)}


def _is_older(state: TicketState, known: sa.RowMapping, *, read_afresh: bool) -> bool:
    if read_afresh:  # a ticket read on its own has no place in the export's order
        return epoch(state.updated_at) < int(known["updated_at"])
    return state.order < int(known["feed_order"])


def _row(
    account: str,
    state: TicketState,
    known: sa.RowMapping | None,
    versions: Mapping[str, int],
) -> dict[str, object] | None:
    current = state.current if known is None else _as_written(state, known)
    facts = ticket_text(replace(state.facts, happenings=(), organization=None))
    stored_current = current_text(current)
    if known is not None and (facts, stored_current, state.life) == (
        known["facts"],
        known["current"],
        known["life"],
    ):
        return None
    organization = state.organization_id
    return {
        "account": account,
        "ticket_id": state.facts.id,
        "facts": facts,
        "current": stored_current,
        "feed_order": state.order,
        "updated_at": epoch(state.updated_at),
        "life": state.life,
        "status": state.facts.status,
        "organization_id": organization,
        "organization_version": versions.get(organization) if organization else None,
        "version": 1,
        "news": int(known is None or not _is_echo(state, current, known)),
        "settled": 0,
    }


def _is_echo(state: TicketState, current: CurrentFields, known: sa.RowMapping) -> bool:
    """Whether the state shows nothing but what Stipt itself has written, which is no event."""
    before = current_of(known["current"])
    if replace(current, updated_at=None) != replace(before, updated_at=None):
        return False
    facts, facts_before = _without_written(state.facts), _without_written(ticket_of(known["facts"]))
    return facts == facts_before and state.life == known["life"]


def _without_written(facts: Ticket) -> Ticket:
    """The facts but for what may have been written; `current` holds that as well."""
    return replace(
        facts,
        priority=None,
        group=None,
        assignee=None,
        tags=(),
        organization=None,
        happenings=(),
    )


def _upsert(books: Books, *, read_afresh: bool) -> sa.Executable:
    insert = books.insert(tickets)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["account", "ticket_id"],
        set_={
            "facts": new.facts,
            "current": new.current,
            # A state read on its own has no place in the export's order.
            "feed_order": tickets.c.feed_order if read_afresh else new.feed_order,
            "updated_at": new.updated_at,
            "life": new.life,
            "status": new.status,
            "unwritable": 0,
            "organization_id": new.organization_id,
            # The version at which this customer was first seen with the ticket stays.
            "organization_version": sa.case(
                (
                    tickets.c.organization_id.is_distinct_from(new.organization_id),
                    new.organization_version,
                ),
                else_=tickets.c.organization_version,
            ),
            "version": tickets.c.version + 1,
            "news": sa.case((new.news == 1, 1), else_=tickets.c.news),
            "settled": 0,
        },
    )
