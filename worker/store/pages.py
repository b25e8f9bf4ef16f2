# SPDX-License-Identifier: GPL-3.0-or-later
"""Storing what the helpdesk tells: tickets, happenings, organisations and the cursor at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.agents import note_agents
from worker.store.bulk import ManyRows, for_both, insert_new
from worker.store.database import epoch, instant
from worker.store.facts_json import (
    happening_text,
)
from worker.store.organizations import store_organizations
from worker.store.states import upsert_states
from worker.store.tables import cursors, happenings, set_aside, tickets, unknown_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from connector.base import Page, SetAside, Snapshot, TicketHappening, TicketState
    from connector.records import RecordPage
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
    note_agents(books, page.tickets, at)
    touched = upsert_states(books, page.tickets)
    fresh: list[TicketHappening | OrganizationChange | _Told] = [*page.happenings, *changed]
    n_happenings = _store_happenings(books, fresh)
    _store_set_aside(books, page.set_aside, at)
    count_unknown(books, page.unknown, at)
    save_position(books, TICKETS, page, at, None if page.until is None else epoch(page.until))
    if not page.more:
        settle(books, at)
    return Stored(touched, n_happenings, len(page.set_aside))


def store_snapshot(books: Books, snapshot: Snapshot, now: datetime) -> None:
    """Store one ticket that was read on its own; it is due for judgement at once."""
    ident = snapshot.state.facts.id
    changed = _store_organizations(books, [snapshot.state], (), {}, epoch(now))
    note_agents(books, [snapshot.state], epoch(now))
    upsert_states(books, [snapshot.state], read_afresh=True)
    told = [_Told(ident, one) for one in snapshot.happenings]
    _store_happenings(books, [*told, *changed])
    settle(books, epoch(now), ticket_id=ident)


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


def _store_happenings(
    books: Books,
    told: Sequence[TicketHappening | OrganizationChange | _Told],
) -> int:
    rows = {(one.ticket_id, _event_id(one.happening)): one.happening for one in told}
    if not rows:
        return 0
    known = _known_events(books, {ident for ident, _ in rows})
    fresh = {at: one for at, one in rows.items() if at not in known}
    if not fresh:
        return 0
    _HAPPENINGS[books.database.is_sqlite].run(
        books,
        [
            (books.account, ident, event, happening_text(one))
            for (ident, event), one in fresh.items()
        ],
    )
    _bring_news(books, {ident for ident, _ in fresh}, news=None)
    by_others = {ident for (ident, _), one in fresh.items() if one.by != "stipt"}
    _bring_news(books, by_others, news=1)
    return len(fresh)


def _known_events(books: Books, idents: Iterable[str]) -> set[tuple[str, str]]:
    choice = sa.select(happenings.c.ticket_id, happenings.c.event_id).where(
        books.of(happenings), happenings.c.ticket_id.in_(list(idents))
    )
    return {(row[0], row[1]) for row in books.tx.execute(choice)}


_HAPPENING_COLUMNS = ("account", "ticket_id", "event_id", "body")
_HAPPENINGS = for_both(
    lambda is_sqlite: ManyRows(
        insert_new(happenings, _HAPPENING_COLUMNS, is_sqlite=is_sqlite), _HAPPENING_COLUMNS
    )
)


def _event_id(happening: Happening) -> str:
    # The helpdesk's ids are unique within a kind only.
    own = happening.id or f"{epoch(happening.at)}:{happening.field or ''}"
    return f"{happening.kind}/{own}"


def _bring_news(books: Books, idents: Iterable[str], *, news: int | None) -> None:
    """Have tickets judged again; `news` is 1 where somebody else than Stipt did something."""
    rows = [{"told_ticket_id": ident} for ident in sorted(idents)]
    if not rows:
        return
    change = sa.update(tickets).where(
        books.of(tickets), tickets.c.ticket_id == sa.bindparam("told_ticket_id")
    )
    if news is None:
        change = change.values(settled=0, version=tickets.c.version + 1)
    else:
        change = change.values(news=news)
    books.tx.execute(change, rows)


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


def count_unknown(books: Books, words: Mapping[str, int], now: int) -> None:
    """Count words of the helpdesk that are not known."""
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


def save_position(
    books: Books, stream: str, page: Page | RecordPage, now: int, until: int | None = None
) -> None:
    """Keep how far a stream was read, `now` and `until` in epoch seconds."""
    insert = books.insert(cursors).values(
        account=books.account,
        stream=stream,
        cursor=page.next_cursor,
        saved_at=now,
        until=until,
        complete_at=None if page.more else now,
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
