# SPDX-License-Identifier: GPL-3.0-or-later
"""Storing what the helpdesk tells: tickets, happenings, organisations and the cursor at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.current import with_values
from worker.store.database import epoch, instant
from worker.store.facts_json import (
    current_text,
    happening_text,
    ticket_text,
    values_of,
)
from worker.store.organizations import latest_versions, store_organizations
from worker.store.tables import cursors, happenings, set_aside, tickets, unknown_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from connector.base import Page, SetAside, Snapshot, TicketHappening, TicketState
    from rules.facts import Happening, Organization
    from worker.store.database import Books
    from worker.store.organizations import OrganizationChange

TICKETS = "tickets"
"""The name of the stream that `Helpdesk.changes` reads."""

_RETRY_SET_ASIDE_AFTER = 300
_OVERLAP = 600


@dataclass(frozen=True, slots=True)
class Stored:
    """How much of a page was new."""

    tickets: int
    happenings: int
    set_aside: int


def store_page(books: Books, page: Page, now: datetime) -> Stored:
    """Store a page and its cursor in the caller's transaction.

    Repeated items change nothing. Tickets become due for judgement only when
    the stream has been read to its end: until then a ticket may be there
    without its history.
    """
    at = epoch(now)
    changed = _store_organizations(
        books, page.tickets, page.organizations, page.organizations_at, at
    )
    touched = _store_states(books, page.tickets)
    fresh: list[TicketHappening | OrganizationChange | _Told] = [*page.happenings, *changed]
    n_happenings = _store_happenings(books, fresh)
    _store_set_aside(books, page.set_aside, at)
    _count_unknown(books, page.unknown, at)
    _save_cursor(books, page, at)
    if not page.more:
        settle(books, at)
    return Stored(touched, n_happenings, len(page.set_aside))


def store_snapshot(books: Books, snapshot: Snapshot, now: datetime) -> None:
    """Store one ticket that was read on its own; it is due for judgement at once."""
    ident = snapshot.state.facts.id
    changed = _store_organizations(books, [snapshot.state], (), {}, epoch(now))
    _store_states(books, [snapshot.state], read_afresh=True)
    told = [_Told(ident, one) for one in snapshot.happenings]
    _store_happenings(books, [*told, *changed])
    settle(books, epoch(now), ticket_id=ident)


def store_states(
    books: Books,
    states: Sequence[TicketState],
    now: datetime,
) -> None:
    """Store present states that were read afresh; they are due for judgement at once."""
    _store_states(books, states, read_afresh=True)
    for state in states:
        settle(books, epoch(now), ticket_id=state.facts.id)


def settle(books: Books, now: int, *, ticket_id: str | None = None) -> None:
    """Make tickets with news due: all of them, or one."""
    change = (
        sa.update(tickets)
        # Spelt out, not bound: only then the partial index is used.
        .where(books.of(tickets), sa.text("settled = 0"))
        .values(
            settled=1,
            look_at=sa.case((tickets.c.look_at < now, tickets.c.look_at), else_=now),
        )
    )
    if ticket_id is not None:
        change = change.where(tickets.c.ticket_id == ticket_id)
    books.tx.execute(change)


def present_cursor(books: Books) -> str | None:
    """The cursor that was saved last."""
    return books.tx.execute(
        sa.select(cursors.c.cursor).where(books.of(cursors), cursors.c.stream == TICKETS)
    ).scalar()


def forget_cursor(books: Books) -> None:
    """The helpdesk no longer knows the cursor: the next run starts from a time."""
    books.tx.execute(
        sa.update(cursors).where(books.of(cursors), cursors.c.stream == TICKETS).values(cursor=None)
    )


def resume_from(books: Books) -> datetime | None:
    """From when to read without a cursor: the newest change seen, less an overlap."""
    until = books.tx.execute(
        sa.select(cursors.c.until).where(books.of(cursors), cursors.c.stream == TICKETS)
    ).scalar()
    return None if until is None else instant(until - _OVERLAP)


@dataclass(frozen=True, slots=True)
class _Told:
    ticket_id: str
    happening: Happening


def _store_states(
    books: Books,
    states: Sequence[TicketState],
    *,
    read_afresh: bool = False,
) -> int:
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


def _store_organizations(
    books: Books,
    states: Sequence[TicketState],
    told: Sequence[Organization],
    changed_at: Mapping[str, datetime],
    now: int,
) -> list[OrganizationChange]:
    """Store the customers that were told on their own, and those told with a ticket."""
    found = {one.id: one for one in told}
    for state in states:
        organization = state.facts.organization
        if organization is not None and organization.id is not None:
            found.setdefault(organization.id, organization)
    return store_organizations(books, tuple(found.values()), changed_at, now)


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
    updated_at = epoch(state.updated_at)
    current = state.current
    if known is not None and known["written_at"] is not None and updated_at < known["written_at"]:
        # Read before our last write, which it therefore does not show.
        current = with_values(current, values_of(known["written"]))
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
        "updated_at": updated_at,
        "life": state.life,
        "status": state.facts.status,
        "organization_id": organization,
        "organization_version": versions.get(organization) if organization else None,
        "version": 1,
        "news": 1,
        "settled": 0,
    }


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
            "news": 1,
            "settled": 0,
        },
    )


def _store_happenings(
    books: Books,
    told: Sequence[TicketHappening | OrganizationChange | _Told],
) -> int:
    rows = {(one.ticket_id, _event_id(one.happening)): one.happening for one in told}
    if not rows:
        return 0
    key = sa.tuple_(happenings.c.ticket_id, happenings.c.event_id)
    known = {
        (row.ticket_id, row.event_id)
        for row in books.tx.execute(
            sa.select(happenings.c.ticket_id, happenings.c.event_id).where(
                books.of(happenings), key.in_(list(rows))
            )
        )
    }
    fresh = {at: one for at, one in rows.items() if at not in known}
    if not fresh:
        return 0
    books.tx.execute(
        books.insert(happenings).on_conflict_do_nothing(),
        [
            {
                "account": books.account,
                "ticket_id": ident,
                "event_id": event,
                "body": happening_text(one),
            }
            for (ident, event), one in fresh.items()
        ],
    )
    _bring_news(books, {ident for ident, _ in fresh})
    return len(fresh)


def _event_id(happening: Happening) -> str:
    # The helpdesk's ids are unique within a kind only.
    own = happening.id or f"{epoch(happening.at)}:{happening.field or ''}"
    return f"{happening.kind}/{own}"


def _bring_news(books: Books, idents: Iterable[str]) -> None:
    books.tx.execute(
        sa.update(tickets)
        .where(books.of(tickets), tickets.c.ticket_id == sa.bindparam("told_ticket_id"))
        .values(news=1, settled=0, version=tickets.c.version + 1),
        [{"told_ticket_id": ident} for ident in sorted(idents)],
    )


def _store_set_aside(books: Books, rows: Sequence[SetAside], now: int) -> None:
    if not rows:
        return
    insert = books.insert(set_aside)
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "ticket_id", "stream"],
            set_={"reason": insert.excluded.reason},
        ),
        [
            {
                "account": books.account,
                "ticket_id": one.ticket_id,
                "stream": one.stream,
                "reason": one.reason,
                "seen_at": now,
                "due": now + _RETRY_SET_ASIDE_AFTER,
            }
            for one in rows
        ],
    )


def _count_unknown(books: Books, words: Mapping[str, int], now: int) -> None:
    if not words:
        return
    insert = books.insert(unknown_words)
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "word"],
            set_={"seen": unknown_words.c.seen + insert.excluded.seen},
        ),
        [
            {"account": books.account, "word": word, "seen": seen, "seen_at": now}
            for word, seen in words.items()
        ],
    )


def _save_cursor(books: Books, page: Page, now: int) -> None:
    until = None if page.until is None else epoch(page.until)
    complete_at = None if page.more else now
    insert = books.insert(cursors).values(
        account=books.account,
        stream=TICKETS,
        cursor=page.next_cursor,
        saved_at=now,
        until=until,
        complete_at=complete_at,
        pages=1,
    )
    new = insert.excluded
    books.tx.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "stream"],
            set_={
                "cursor": new.cursor,
                "saved_at": new.saved_at,
                "until": sa.func.coalesce(new.until, cursors.c.until),
                "complete_at": sa.func.coalesce(new.complete_at, cursors.c.complete_at),
                "pages": cursors.c.pages + 1,
            },
        )
    )
