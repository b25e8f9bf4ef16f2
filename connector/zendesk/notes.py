# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal notes that can be found again, and addresses of those who are told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.base import Gone
from connector.zendesk.bodies import marker
from connector.zendesk.budget import TICKETS_UPDATE
from connector.zendesk.calls import Call
from connector.zendesk.updates import COMMENTS, MARKER, kind_of
from connector.zendesk.wire import TicketRow

if TYPE_CHECKING:
    from connector.zendesk.directory import Directory
    from connector.zendesk.history import History
    from connector.zendesk.session import Session
    from connector.zendesk.wire import AuditRow

_FOOTER_DIGITS: Final = 12


class _Updated(Struct):
    ticket: TicketRow


class Notes:
    """Adds internal notes and looks for them."""

    def __init__(self, session: Session, directory: Directory, history: History) -> None:
        self._session = session
        self._directory = directory
        self._history = history

    def add(self, ticket_id: str, text: str, key: str) -> None:
        """Add a private comment that carries `key` in its metadata and in a short footer.

        Raises:
            Unavailable: it may or may not be there: ask `has` before a second try.
            HelpdeskError: it is not there.
        """
        comment = {"body": f"{text}\n\n{_footer(key)}", "public": False}
        call = Call(
            "PUT",
            f"/api/v2/tickets/{int(ticket_id)}",
            "/tickets/{id}",
            body={"ticket": {"comment": comment, "metadata": marker(_digest(key))}},
            buckets=(TICKETS_UPDATE,),
        )
        self._session.send(call, _Updated)

    def has(self, ticket_id: str, key: str) -> bool:
        """Whether the ticket already carries the note with this key; False for a ticket gone."""
        try:
            rows = self._history.audit_rows(ticket_id)
        except Gone:
            return False
        return any(_carries(row, key) for row in rows)

    def addresses(self, kind: str, ident: str) -> tuple[str, ...]:
        """E-mail addresses of an agent (by id), or of a group's members (by id or name)."""
        if kind == "assignee":
            row = self._directory.user(ident) if ident.isdigit() else None
            return (row.email,) if row is not None and row.email and not row.suspended else ()
        number = self._group_id(ident)
        if number is None:
            return ()
        members = self._directory.members(number)
        return tuple(row.email for row in members if row.email and not row.suspended)

    def _group_id(self, ident: str) -> str | None:
        groups = self._directory.ready().groups
        known = next((number for number, name in groups.items() if name == ident), None)
        return known or (ident if ident.isdigit() else None)


def _carries(row: AuditRow, key: str) -> bool:
    custom = (row.metadata or {}).get("custom")
    mark = custom.get(MARKER) if isinstance(custom, dict) else None
    if isinstance(mark, dict) and mark.get("note") == _digest(key):
        return True
    return any(
        kind_of(child) in COMMENTS and _footer(key) in str(child.get("body"))
        for child in row.events
    )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _footer(key: str) -> str:
    return f"[stipt {_digest(key)[:_FOOTER_DIGITS]}]"
