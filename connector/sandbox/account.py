# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's state in memory: people, customers, configuration, tickets and their audits."""

from __future__ import annotations

import heapq
import random
from typing import TYPE_CHECKING

from connector.sandbox.answers import not_found
from connector.sandbox.ordering import ExportOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.records import Audit, Organization, Ticket, User
    from connector.sandbox.settings import SandboxSettings
    from connector.sandbox.wire import Json

FIRST_ID = 6130830344474
ID_STEP = 128
MAX_GENERATION_LAG = 5
BIN_LIFE = 30 * 86400


class IdSource:
    """Hands out ids as Zendesk does: large, growing in steps of 128."""

    def __init__(self, first: int = FIRST_ID) -> None:
        self._next = first

    def take(self) -> int:
        """The next id."""
        ident = self._next
        self._next += ID_STEP
        return ident


class Account:
    """One Zendesk account. Not thread-safe: the sandbox calls it under its lock.

    `configuration` holds rows by kind and id: groups, brands, ticket_forms,
    ticket_fields, custom_statuses, organization_fields, user_fields, triggers,
    automations, views, policies, schedules, custom_roles. `closing` and
    `scrubbing` are heaps of (due second, ticket id).
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.rng = random.Random(f"account {settings.seed}")  # noqa: S311 - a seeded stand-in
        self.ids = IdSource()
        self.users: dict[int, User] = {}
        self.organizations: dict[int, Organization] = {}
        self.configuration: dict[str, dict[int, Json]] = {}
        self.tickets: dict[int, Ticket] = {}
        self.audits: dict[int, Audit] = {}
        self.ticket_order = ExportOrder()
        self.audit_order = ExportOrder()
        self.user_order = ExportOrder()
        self.organization_order = ExportOrder()
        self.closing: list[tuple[int, int]] = []
        self.scrubbing: list[tuple[int, int]] = []
        self.listeners: list[Callable[[Ticket, Audit], None]] = []
        self.changes = 0
        self.default_brand_id = 0
        self.default_form_id = 0
        self.default_group_id = 0
        self.owner_id = 0
        self._next_ticket = 1

    def rows(self, kind: str) -> dict[int, Json]:
        """Configuration rows of one kind by id, in the order they were made."""
        return self.configuration.setdefault(kind, {})

    def row(self, kind: str, ident: int | None) -> Json:
        """One configuration row.

        Raises:
            Refusal: 404 when there is none.
        """
        found = self.rows(kind).get(ident) if ident is not None else None
        if found is None:
            raise not_found()
        return found

    def ticket(self, ident: int | None) -> Ticket:
        """A ticket that is not deleted.

        Raises:
            Refusal: 404 when there is none.
        """
        found = self.tickets.get(ident) if ident is not None else None
        if found is None or found.is_deleted:
            raise not_found()
        return found

    def user(self, ident: int | None) -> User:
        """A person.

        Raises:
            Refusal: 404 when there is none.
        """
        found = self.users.get(ident) if ident is not None else None
        if found is None:
            raise not_found()
        return found

    def organization(self, ident: int | None) -> Organization:
        """A customer.

        Raises:
            Refusal: 404 when there is none.
        """
        found = self.organizations.get(ident) if ident is not None else None
        if found is None:
            raise not_found()
        return found

    def add_user(self, user: User) -> User:
        """Keep a person, new or changed."""
        self.users[user.id] = user
        self.user_order.place(user.updated, user.id)
        self.changes += 1
        return user

    def add_organization(self, organization: Organization) -> Organization:
        """Keep a customer, new or changed."""
        self.organizations[organization.id] = organization
        self.organization_order.place(organization.updated, organization.id)
        self.changes += 1
        return organization

    def take_ticket_number(self) -> int:
        """The next ticket number: 1, 2, 3 ..."""
        number = self._next_ticket
        self._next_ticket += 1
        return number

    def keep_audit(self, ticket: Ticket, audit: Audit) -> None:
        """Store an update of a ticket, move it in the export and tell the listeners."""
        ticket.audits.append(audit)
        self.audits[audit.id] = audit
        self.audit_order.place(audit.at, audit.id)
        ticket.updated = max(ticket.updated, audit.at)
        self.regenerate(ticket, audit.at)
        for listener in self.listeners:
            listener(ticket, audit)

    def regenerate(self, ticket: Ticket, at: int) -> None:
        """Move the ticket in the export: the row is made 0 to 5 seconds after the change."""
        lag = self.rng.randint(0, MAX_GENERATION_LAG)
        ticket.generated = max(ticket.generated, at + lag)
        self.tickets[ticket.id] = ticket
        self.ticket_order.place(ticket.generated, ticket.id)
        self.changes += 1

    def expect_closing(self, ticket: Ticket, solved_at: int) -> None:
        """Note when the account's automation will close a solved ticket."""
        due = solved_at + int(self.settings.close_after_hours * 3600)
        heapq.heappush(self.closing, (due, ticket.id))

    def expect_scrubbing(self, ticket: Ticket, deleted_at: int) -> None:
        """Note when a ticket in the bin is deleted for good."""
        heapq.heappush(self.scrubbing, (deleted_at + BIN_LIFE, ticket.id))

    def custom_field_ids(self) -> list[int]:
        """Ids of the ticket fields that admins made, in their order."""
        return [ident for ident, row in self.rows("ticket_fields").items() if row["removable"]]

    def staff(self) -> list[User]:
        """Agents of all kinds, in the order they were made."""
        return [user for user in self.users.values() if user.is_staff]
