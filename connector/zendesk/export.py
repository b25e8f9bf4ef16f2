# SPDX-License-Identifier: GPL-3.0-or-later
"""The two exports behind one cursor: tickets first, then what happened to them.

Tickets come by Zendesk's cursor, events by time. A run reads tickets to the
end of their stream, then events to the end of theirs, so that the events
always reach at least as far as the tickets. A position only ever comes from
what was received: never from a clock, never from `updated_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from connector.base import Gone, Page, SetAside, TicketHappening, Unavailable
from connector.zendesk.budget import INCREMENTAL
from connector.zendesk.calls import Call
from connector.zendesk.errors import CodedRefusal
from connector.zendesk.normalise import DELETED, ticket_state
from connector.zendesk.updates import Update, update_of_event
from connector.zendesk.wire import (
    NamedRow,
    OrganizationRow,
    RowUnreadable,
    TicketEventRow,
    TicketRow,
    UserRow,
    decode,
)
from rules.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connector.zendesk.directory import Directory
    from connector.zendesk.history import History
    from connector.zendesk.session import Session
    from connector.zendesk.words import Unknown

T = TypeVar("T")

MOST_ROWS: Final = 1000
FEWEST_ROWS: Final = 100
SAFE_AGE_S: Final = 61
"""A start younger than 60 s is refused; one second more for rounding."""

_OVERLAP_S: Final = 300
_MOST_SEEN: Final = 2000
_STANDSTILLS: Final = 3
_STEPS_BACK_S: Final = (0, 60, 300, 900)


class Position(Struct):
    """Where both streams stand. `at` is the second of the last ticket row received.

    `seen` are events of the second `events_from` that were received already;
    `still` counts pages in a row that did not move the position.
    """

    turn: Literal["tickets", "events"] = "tickets"
    after: str | None = None
    at: int = 0
    events_from: int = 0
    seen: list[int] = []
    still: int = 0
    version: int = 1


class _LooseTickets(Struct):
    tickets: list[Raw]
    end_of_stream: bool
    after_cursor: str | None = None
    users: list[Raw] = []
    organizations: list[Raw] = []
    groups: list[Raw] = []


class _Tickets(Struct):
    tickets: list[TicketRow]
    end_of_stream: bool
    after_cursor: str | None = None
    users: list[UserRow] = []
    organizations: list[OrganizationRow] = []
    groups: list[NamedRow] = []


class _LooseEvents(Struct):
    ticket_events: list[Raw]
    end_of_stream: bool
    end_time: int | None = None


class _Events(Struct):
    ticket_events: list[TicketEventRow]
    end_of_stream: bool
    end_time: int | None = None


class _RowId(Struct):
    id: int | None = None
    ticket_id: int | None = None


@dataclass(slots=True)
class Exports:
    """Reads pages of changes. `history` is `events` or `audits`."""

    session: Session
    directory: Directory
    reader: History
    history: Literal["events", "audits"]
    rows: int = MOST_ROWS

    def changes(self, cursor: str | None, since: datetime) -> Page:
        """The next page after `cursor`, or the first one since `since`.

        Raises:
            HelpdeskError: nothing was lost; ask again with the same cursor.
        """
        self.directory.ready()
        start = int(since.timestamp())
        position = _read_position(cursor) or Position(at=start, events_from=start)
        return self._tickets(position) if position.turn == "tickets" else self._events(position)

    def _tickets(self, position: Position) -> Page:
        page, aside = self._ticket_page(position)
        unknown: Unknown = {}
        met = self.reader.learn(page.tickets, page.users, page.organizations, page.groups)
        names = self.directory.names
        states = tuple(ticket_state(row, names, unknown) for row in page.tickets)
        happenings = self._from_audits(page.tickets, unknown, aside)
        following = _after_tickets(position, page, from_audits=self.history == "audits")
        return Page(
            tickets=states,
            happenings=tuple(happenings),
            organizations=tuple(met),
            next_cursor=msgspec.json.encode(following).decode(),
            more=not page.end_of_stream or following.turn == "events",
            organizations_at={
                item.id: names.organizations_at[item.id]
                for item in met
                if item.id is not None and item.id in names.organizations_at
            },
            set_aside=tuple(aside),
            unknown=unknown,
            until=max((state.updated_at for state in states), default=None),
        )

    def _ticket_page(self, position: Position) -> tuple[_Tickets, list[SetAside]]:
        if position.after is None:
            return self._from_time("/incremental/tickets/cursor", position.at, _read_tickets)
        params = self._ticket_params() | {"cursor": position.after}
        try:
            return self._page("/incremental/tickets/cursor", params, _read_tickets)
        except CodedRefusal:
            # The cursor is not known any more: go on by time, a little earlier.
            start = max(position.at - _OVERLAP_S, 0)
            return self._from_time("/incremental/tickets/cursor", start, _read_tickets)

    def _events(self, position: Position) -> Page:
        page, aside = self._from_time(
            "/incremental/ticket_events", position.events_from, _read_events
        )
        unknown: Unknown = {}
        seen = set(position.seen)
        updates: list[Update] = []
        for row in page.ticket_events:
            if row.id not in seen:
                _add_update(row, updates, aside)
        told, met, unclear = self.reader.of_stream(updates, unknown)
        following = _after_events(position, page)
        return Page(
            tickets=(),
            happenings=tuple(told),
            organizations=tuple(met),
            next_cursor=msgspec.json.encode(following).decode(),
            more=not page.end_of_stream,
            set_aside=(*aside, *unclear),
            unknown=unknown,
            until=max((update.at for update in updates), default=None),
        )

    def _from_audits(
        self, rows: Sequence[TicketRow], unknown: Unknown, aside: list[SetAside]
    ) -> list[TicketHappening]:
        if self.history == "events":
            return []
        told: list[TicketHappening] = []
        for row in rows:
            if row.status == DELETED:
                continue
            try:
                happenings = self.reader.of_ticket(row, unknown)
            except Gone:
                continue
            except RowUnreadable as error:
                aside.append(SetAside(str(row.id), "audits", str(error)))
                continue
            told.extend(TicketHappening(str(row.id), item) for item in happenings)
        return told

    def _ticket_params(self) -> dict[str, str]:
        most = min(self.rows, FEWEST_ROWS) if self.history == "audits" else self.rows
        return {
            "per_page": str(most),
            "include": "users,organizations,groups",
            "support_type_scope": "all",
        }

    def _event_params(self) -> dict[str, str]:
        return {
            "per_page": str(self.rows),
            "include": "comment_events",
            "support_type_scope": "all",
        }

    def _from_time(
        self, path: str, start: int, read: Callable[[Raw], tuple[T, list[SetAside]]]
    ) -> tuple[T, list[SetAside]]:
        """A page from a time on, never from one that the helpdesk calls too recent.

        The machine's clock and the helpdesk's may differ: a refusal is answered
        by going back, which only delivers again what is known.
        """
        start = min(start, int(self.session.now().timestamp()) - SAFE_AGE_S)
        params = self._event_params() if "events" in path else self._ticket_params()
        refusal: CodedRefusal | None = None
        for back in _STEPS_BACK_S:
            try:
                return self._page(path, params | {"start_time": str(max(start - back, 0))}, read)
            except CodedRefusal as error:
                if error.status not in {400, 422}:
                    raise
                refusal = error
        raise refusal or Unavailable(f"GET {path}: refused")

    def _page(
        self, path: str, params: dict[str, str], read: Callable[[Raw], tuple[T, list[SetAside]]]
    ) -> tuple[T, list[SetAside]]:
        call = Call(
            "GET",
            f"/api/v2{path}",
            path,
            params=params,
            buckets=(INCREMENTAL,),
            read_s=60.0,
            total_s=120.0,
            most_bytes=256 << 20,
        )
        try:
            page = read(self.session.get(call, Raw))
        except RowUnreadable as error:
            raise Unavailable(f"GET {path}: {error}") from None
        except Unavailable:
            self.rows = max(self.rows // 2, FEWEST_ROWS)  # a large page may be what is too slow
            raise
        self.rows = min(self.rows * 2, MOST_ROWS)
        return page


def _read_position(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(cursor, type=prepared(Position))
    except msgspec.DecodeError:
        raise ValueError("this is no cursor of ours") from None


def _after_tickets(position: Position, page: _Tickets, *, from_audits: bool) -> Position:
    """Where to go on after a page of tickets.

    Raises:
        Unavailable: the stream says there is more, and stands still.
    """
    after = page.after_cursor or position.after
    newest = max((row.generated_timestamp or 0 for row in page.tickets), default=0)
    stands = not page.end_of_stream and after == position.after
    ends = page.end_of_stream and not from_audits
    return Position(
        turn="events" if ends else "tickets",
        after=after,
        at=max(position.at, newest),
        events_from=position.events_from,
        seen=position.seen,
        still=_stand_still(position, "tickets") if stands else 0,
    )


def _after_events(position: Position, page: _Events) -> Position:
    """Where to go on after a page of events.

    Raises:
        Unavailable: the stream says there is more, and stands still.
    """
    events_from = max(page.end_time or 0, position.events_from)
    kept = position.seen if events_from == position.events_from else []
    boundary = {row.id for row in page.ticket_events if _second(row) >= events_from}
    fresh = {row.id for row in page.ticket_events} - set(position.seen)
    stands = not page.end_of_stream and events_from == position.events_from and not fresh
    return Position(
        turn="tickets" if page.end_of_stream else "events",
        after=position.after,
        at=position.at,
        events_from=events_from,
        seen=sorted(boundary | set(kept))[-_MOST_SEEN:],
        still=_stand_still(position, "ticket events") if stands else 0,
    )


def _stand_still(position: Position, stream: str) -> int:
    if position.still + 1 >= _STANDSTILLS:
        raise Unavailable(f"the export of {stream} says there is more but does not move")
    return position.still + 1


def _second(row: TicketEventRow) -> int:
    if row.timestamp is not None:
        return row.timestamp
    return int(row.created_at.timestamp()) if row.created_at is not None else 0


def _read_tickets(raw: Raw) -> tuple[_Tickets, list[SetAside]]:
    try:
        return decode(raw, _Tickets), []
    except RowUnreadable:
        loose = decode(raw, _LooseTickets)
    aside: list[SetAside] = []
    page = _Tickets(
        tickets=_readable(loose.tickets, TicketRow, "tickets", aside),
        end_of_stream=loose.end_of_stream,
        after_cursor=loose.after_cursor,
        users=_readable(loose.users, UserRow, "users", None),
        organizations=_readable(loose.organizations, OrganizationRow, "organizations", None),
        groups=_readable(loose.groups, NamedRow, "groups", None),
    )
    return page, aside


def _read_events(raw: Raw) -> tuple[_Events, list[SetAside]]:
    try:
        return decode(raw, _Events), []
    except RowUnreadable:
        loose = decode(raw, _LooseEvents)
    aside: list[SetAside] = []
    rows = _readable(loose.ticket_events, TicketEventRow, "ticket_events", aside)
    return _Events(rows, loose.end_of_stream, loose.end_time), aside


def _readable(
    rows: list[Raw], shape: type[T], stream: str, aside: list[SetAside] | None
) -> list[T]:
    """The rows that can be read; of the others only the id is kept, where somebody wants it."""
    read: list[T] = []
    for row in rows:
        try:
            read.append(decode(row, shape))
        except RowUnreadable as error:
            if aside is not None:
                aside.append(SetAside(_ticket_id(row, stream), stream, str(error)))
    return read


def _ticket_id(row: Raw, stream: str) -> str:
    try:
        ids = decode(row, _RowId)
    except RowUnreadable:
        return ""
    return str((ids.ticket_id if stream == "ticket_events" else ids.id) or "")


def _add_update(row: TicketEventRow, updates: list[Update], aside: list[SetAside]) -> None:
    try:
        updates.append(update_of_event(row))
    except RowUnreadable as error:
        aside.append(SetAside(str(row.ticket_id), "ticket_events", str(error)))
