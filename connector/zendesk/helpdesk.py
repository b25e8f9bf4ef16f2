# SPDX-License-Identifier: GPL-3.0-or-later
"""Zendesk behind the protocol that every helpdesk offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from connector.base import Gone, NewNote, Unavailable, always
from connector.zendesk.access import Preflight
from connector.zendesk.addresses import Addresses
from connector.zendesk.directory import Directory
from connector.zendesk.errors import Forbidden
from connector.zendesk.export import Exports
from connector.zendesk.fields import ensure_fields
from connector.zendesk.history import History
from connector.zendesk.inventory import count_changed, read_inventory
from connector.zendesk.notes import Notes
from connector.zendesk.ratings import read_ratings
from connector.zendesk.schedules import CalendarDefinition, read_schedules
from connector.zendesk.session import Session
from connector.zendesk.talk import read_calls, read_legs, read_queue
from connector.zendesk.webhook import WebhookReport, ensure_webhook, webhook_secret
from connector.zendesk.wire import RowUnreadable
from connector.zendesk.write import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connector.base import (
        AccessCheck,
        FieldsReport,
        Inventory,
        Page,
        Snapshot,
        TicketState,
        WriteResult,
    )
    from connector.records import PhoneQueue, RecordPage, Stream
    from connector.zendesk.account import ZendeskAccount
    from rules.changes import TicketChange
    from rules.facts import Happening

T = TypeVar("T")


class ZendeskHelpdesk:
    """One Zendesk account; safe to share between threads, with one poller at a time."""

    def __init__(self, settings: ZendeskAccount) -> None:
        self.account = settings.account
        self._session = Session(settings)
        self._directory = Directory(self._session)
        self._history = History(self._session, self._directory)
        self._exports = Exports(self._session, self._directory, self._history, settings.history)
        self._writer = Writer(self._session, self._directory, self._history.tickets)
        self._notes = Notes(self._session, self._history)
        self._addresses = Addresses(self._directory, self._session.now)

    def check_access(self) -> list[AccessCheck]:
        """Call every needed endpoint once, writing nothing."""
        return Preflight(self._session).run()

    def ensure_fields(self, *, tiers: Sequence[str], dry_run: bool = False) -> FieldsReport:
        """Create the fields and options that are missing. Idempotent."""
        return _readable(
            lambda: ensure_fields(self._session, self._directory, tiers=tiers, dry_run=dry_run)
        )

    def ensure_webhook(
        self, endpoint: str, *, secrets: Sequence[str] = (), dry_run: bool = False
    ) -> WebhookReport:
        """Make the webhook that tells us of updates, and its trigger. Idempotent."""
        return ensure_webhook(self._session, endpoint, secrets=secrets, dry_run=dry_run)

    def webhook_secret(self, endpoint: str) -> str | None:
        """The secret that signs the webhook to this address; None where there is none."""
        return webhook_secret(self._session, endpoint)

    def schedules(self) -> list[CalendarDefinition]:
        """The account's schedules as calendars of rule files."""
        return _readable(lambda: read_schedules(self._session))

    def changes(self, cursor: str | None, *, since: datetime) -> Page:
        """The next page after `cursor`, or the first one of changes since `since`."""
        return _readable(lambda: self._exports.changes(cursor, since))

    def records(self, stream: Stream, cursor: str | None, *, since: datetime) -> RecordPage | None:
        """A page of calls, legs or ratings; None where the plan or our rights have none."""
        read = _RECORDS[stream]
        return _if_offered(lambda: read(self._session, cursor, since))

    def phone_queue(self) -> PhoneQueue | None:
        """Who waits on the phone now; None where there is no Talk."""
        return _if_offered(lambda: read_queue(self._session))

    def ticket(self, ticket_id: str) -> Snapshot:
        """One ticket with its history, read afresh."""
        return _readable(lambda: self._history.ticket(ticket_id))

    def tickets(self, ticket_ids: Sequence[str]) -> list[TicketState]:
        """Present states, read afresh in bulk; missing tickets are left out."""
        return _readable(lambda: self._history.tickets(ticket_ids))

    def happenings(self, ticket_id: str) -> Sequence[Happening]:
        """The whole history of a ticket whose state has just been read by `tickets`."""
        return _readable(lambda: self._history.happenings(ticket_id))

    def write(
        self, changes: Sequence[TicketChange], *, goes_on: Callable[[], bool] = always
    ) -> list[WriteResult]:
        """Carry out changes in bulk; one result per ticket, in the same order."""
        return _readable(lambda: self._writer.write(changes, goes_on=goes_on))

    def write_one(self, change: TicketChange) -> WriteResult:
        """Carry out one urgent change with a single call."""
        return _readable(lambda: self._writer.write_one(change))

    def note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add an internal note; `key` marks it so that `has_note` finds it again."""
        _readable(lambda: self._notes.add(NewNote(ticket_id, text, key)))

    def notes(self, notes: Sequence[NewNote]) -> list[WriteResult]:
        """Add internal notes in bulk; one result per note, in the same order."""
        return _readable(lambda: self._notes.add_all(notes))

    def has_note(self, ticket_id: str, *, key: str) -> bool:
        """Whether the ticket already carries the note with this key."""
        return _readable(lambda: self._notes.has(ticket_id, key))

    def address_of(self, kind: Literal["assignee", "group"], ident: str) -> Sequence[str]:
        """E-mail addresses of a person (by id) or of a group's members (by id or name)."""
        return _readable(lambda: self._addresses.of(kind, ident))

    def inventory(self, *, most_organizations: int) -> Inventory:
        """What the account has of what rules may speak of; read afresh, writing nothing."""
        return _readable(
            lambda: read_inventory(self._session, most_organizations=most_organizations)
        )

    def count_changed(self, since: datetime) -> int:
        """How many tickets have changed since that day."""
        return _readable(lambda: count_changed(self._session, since))

    def calls_spent(self) -> dict[str, int]:
        """Requests made so far by method and endpoint template."""
        return self._session.calls_spent()


_RECORDS = {"calls": read_calls, "legs": read_legs, "ratings": read_ratings}


def _if_offered(deed: Callable[[], T]) -> T | None:
    """Run a deed; None where the account's plan, or our rights, do not have it."""
    try:
        return _readable(deed)
    except (Forbidden, Gone):
        return None


def connect(settings: ZendeskAccount) -> ZendeskHelpdesk:
    """A connection to an account; nothing is called yet."""
    return ZendeskHelpdesk(settings)


def _readable(deed: Callable[[], T]) -> T:
    """Run a deed; an answer of a shape that nobody expects is the remote side's fault."""
    try:
        return deed()
    except RowUnreadable as error:
        raise Unavailable(str(error)) from None
