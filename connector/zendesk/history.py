# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates -> happenings, with the look-ups that they need; and one ticket read on its own."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.base import Gone, SetAside, Snapshot, TicketHappening
from connector.zendesk.audits import Reader
from connector.zendesk.calls import Call
from connector.zendesk.directory import Meta
from connector.zendesk.normalise import ticket_state
from connector.zendesk.updates import (
    comment_times,
    organizations_in,
    people_in,
    requesters_in,
    update_of_audit,
)
from connector.zendesk.wire import (
    AuditRow,
    NamedRow,
    OrganizationRow,
    RowUnreadable,
    TicketRow,
    UserRow,
    text_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from connector.base import TicketState
    from connector.zendesk.directory import Directory
    from connector.zendesk.session import Session
    from connector.zendesk.updates import Update
    from connector.zendesk.words import Unknown
    from rules.facts import Happening, Organization

_MOST_COMMENTS: Final = 100_000
_MOST_AUDIT_PAGES: Final = 60
"""A ticket holds at most 5,000 comments; a runaway loop must end somewhere."""


class _Audits(Struct):
    audits: list[AuditRow]
    meta: Meta = Meta()
    users: list[UserRow] = []


class _Ticket(Struct):
    ticket: TicketRow
    users: list[UserRow] = []
    organizations: list[OrganizationRow] = []
    groups: list[NamedRow] = []


class _Tickets(Struct):
    tickets: list[TicketRow]
    users: list[UserRow] = []
    organizations: list[OrganizationRow] = []
    groups: list[NamedRow] = []


class History:
    """Reads what happened to tickets."""

    def __init__(self, session: Session, directory: Directory) -> None:
        self._session = session
        self._directory = directory
        self._comments: dict[str, datetime] = {}

    def of_stream(
        self, updates: Sequence[Update], unknown: Unknown
    ) -> tuple[list[TicketHappening], list[Organization], list[SetAside]]:
        """Happenings of a page of the bulk stream, customers met on the way, what is unclear."""
        organizations = self._prepare(updates)
        by_ticket: dict[str, list[Update]] = defaultdict(list)
        for update in updates:
            by_ticket[update.ticket_id].append(update)
        self._directory.look_up_requesters(self._unclear_requesters(by_ticket))
        told: list[TicketHappening] = []
        aside: list[SetAside] = []
        for ticket_id, some in by_ticket.items():
            reader = self._reader(ticket_id, unknown)
            told.extend(TicketHappening(ticket_id, item) for item in reader.read_all(some))
            if reader.missing:
                told, aside = self._find_comments(ticket_id, some, unknown, told, aside)
        return told, organizations, aside

    def of_ticket(self, row: TicketRow, unknown: Unknown) -> list[Happening]:
        """A ticket's whole history from its own audits.

        Raises:
            Gone: the ticket was deleted meanwhile.
        """
        updates = self._audits(str(row.id))
        self._prepare(updates)
        self._directory.learn_requesters([row])
        return self._reader(str(row.id), unknown).read_all(updates)

    def happenings(self, ticket_id: str) -> list[Happening]:
        """The whole history of a ticket whose state has just been read by `tickets`.

        Raises:
            Gone: there is no such ticket, or it is not visible to us.
        """
        updates = self._audits(ticket_id)
        self._prepare(updates)
        return self._reader(ticket_id, {}).read_all(updates)

    def ticket(self, ticket_id: str) -> Snapshot:
        """One ticket with its history, read afresh.

        Raises:
            Gone: there is no such ticket, or it is not visible to us.
        """
        names = self._directory.ready()
        call = Call(
            "GET",
            f"/api/v2/tickets/{int(ticket_id)}",
            "/tickets/{id}",
            params={"include": "users,organizations,groups"},
        )
        answer = self._session.get(call, _Ticket)
        self.learn([answer.ticket], answer.users, answer.organizations, answer.groups)
        happenings = self.of_ticket(answer.ticket, {})
        return Snapshot(ticket_state(answer.ticket, names, {}), tuple(happenings))

    def tickets(self, ticket_ids: Sequence[str]) -> list[TicketState]:
        """Present states in bulk, at most 100 a call; missing tickets are left out."""
        names = self._directory.ready()
        states: list[TicketState] = []
        for start in range(0, len(ticket_ids), 100):
            some = ticket_ids[start : start + 100]
            call = Call(
                "GET",
                "/api/v2/tickets/show_many",
                "/tickets/show_many",
                params={"ids": ",".join(some), "include": "users,organizations,groups"},
            )
            page = self._session.get(call, _Tickets)
            self.learn(page.tickets, page.users, page.organizations, page.groups)
            states.extend(ticket_state(row, names, {}) for row in page.tickets)
        return states

    def learn(
        self,
        rows: Sequence[TicketRow],
        users: Iterable[UserRow],
        organizations: Iterable[OrganizationRow],
        groups: Iterable[NamedRow],
    ) -> list[Organization]:
        """Learn what came along with tickets, and look up the rest; returns customers met."""
        directory = self._directory
        directory.refresh_for(rows)
        directory.names.learn_people(users)
        directory.names.learn_groups(groups)
        met = directory.names.learn_organizations(organizations)
        directory.learn_requesters(rows)
        directory.look_up_people(
            ident
            for row in rows
            for ident in (text_id(row.requester_id), text_id(row.submitter_id))
            if ident is not None
        )
        met.extend(
            directory.look_up_organizations(
                ident for row in rows if (ident := text_id(row.organization_id)) is not None
            )
        )
        return met

    def audit_rows(self, ticket_id: str) -> list[AuditRow]:
        """All audits of a ticket, oldest first.

        Raises:
            Gone: the ticket was deleted.
        """
        rows: list[AuditRow] = []
        params = {"page[size]": "100", "include": "users"}
        for _ in range(_MOST_AUDIT_PAGES):
            call = Call(
                "GET",
                f"/api/v2/tickets/{int(ticket_id)}/audits",
                "/tickets/{id}/audits",
                params=params,
            )
            page = self._session.get(call, _Audits)
            self._directory.names.learn_people(page.users)
            rows.extend(page.audits)
            if not page.meta.has_more or page.meta.after_cursor is None:
                break
            params = {**params, "page[after]": page.meta.after_cursor}
        return rows

    def _audits(self, ticket_id: str) -> list[Update]:
        return [update_of_audit(row, ticket_id) for row in self.audit_rows(ticket_id)]

    def _prepare(self, updates: Sequence[Update]) -> list[Organization]:
        """Learn all that reading these updates needs to know."""
        self._remember(comment_times(updates))
        self._directory.names.requesters.update(
            {
                ticket_id: requester_id
                for ticket_id, requester_id in requesters_in(updates).items()
                if ticket_id not in self._directory.names.requesters
            }
        )
        self._directory.look_up_people(people_in(updates))
        return self._directory.look_up_organizations(organizations_in(updates))

    def _unclear_requesters(self, by_ticket: dict[str, list[Update]]) -> list[str]:
        """Tickets where somebody from outside acted and nobody knows whose ticket it is."""
        names = self._directory.names
        return [
            ticket_id
            for ticket_id, updates in by_ticket.items()
            if ticket_id not in names.requesters
            and any(names.author(ident, None) == "end_user" for ident in people_in(updates))
        ]

    def _reader(self, ticket_id: str, unknown: Unknown) -> Reader:
        names = self._directory.names
        return Reader(names, names.requesters.get(ticket_id), self._comments, unknown)

    def _find_comments(
        self,
        ticket_id: str,
        updates: Sequence[Update],
        unknown: Unknown,
        told: list[TicketHappening],
        aside: list[SetAside],
    ) -> tuple[list[TicketHappening], list[SetAside]]:
        """Read the ticket's own audits for a comment made private that no page has shown."""
        with contextlib.suppress(Gone, RowUnreadable):
            self._remember(comment_times(self._audits(ticket_id)))
        reader = self._reader(ticket_id, dict(unknown))
        again = [TicketHappening(ticket_id, item) for item in reader.read_all(updates)]
        told = [item for item in told if item.ticket_id != ticket_id] + again
        if reader.missing:
            reason = "a comment was made private that is not in the history"
            aside = [*aside, SetAside(ticket_id, "ticket_events", reason)]
        return told, aside

    def _remember(self, times: dict[str, datetime]) -> None:
        self._comments.update(times)
        while len(self._comments) > _MOST_COMMENTS:
            del self._comments[next(iter(self._comments))]
