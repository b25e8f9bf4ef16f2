# SPDX-License-Identifier: GPL-3.0-or-later
"""A helpdesk in memory: small, honest about order and versions, with faults on request."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from msgspec import structs

from connector.base import (
    AccessCheck,
    FieldsReport,
    Gone,
    Inventory,
    NewNote,
    Page,
    Snapshot,
    TicketHappening,
    TicketState,
    WriteResult,
    always,
)
from rules.changes import CurrentFields, TicketChange
from rules.facts import Happening, Organization, Requester, Ticket
from worker.store.current import with_changes

ACME = Organization(id="360001", name="Acme BV", fields={"sla_tier": "premium"})


@dataclass
class Held:
    """A ticket as the helpdesk holds it."""

    state: TicketState
    happenings: list[Happening] = field(default_factory=list)


@dataclass
class MemoryHelpdesk:
    """Speaks the `Helpdesk` protocol; `faults` are raised, in order, by the named call."""

    now: Callable[[], datetime]
    account: str = "default"
    page_size: int = 100
    held: dict[str, Held] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    writes: list[TicketChange] = field(default_factory=list)
    held_notes: list[NewNote] = field(default_factory=list)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    spent: Counter[str] = field(default_factory=Counter)
    tick: int = 0

    def add(self, ident: str, *, organization: Organization | None = ACME, **facts: object) -> Held:
        """Create a ticket now."""
        at = self.now()
        ticket = Ticket(
            id=ident, created_at=at, channel="email", status="open", requester=Requester(id="9")
        )
        ticket = replace(ticket, organization=organization, **facts)
        if organization is not None and organization.id is not None:
            self.organizations[organization.id] = organization
        current = CurrentFields(
            own={}, priority=ticket.priority, status=ticket.status, updated_at=at
        )
        self.held[ident] = Held(
            TicketState(
                facts=ticket,
                current=current,
                updated_at=at,
                order=self._next(),
                organization_id=organization.id if organization else None,
            )
        )
        return self.held[ident]

    def happen(self, ident: str, happening: Happening) -> None:
        """Something happens to a ticket; statuses and fields follow."""
        held = self.held[ident]
        happening = structs.replace(happening, id=happening.id or f"{self._next()}")
        held.happenings.append(happening)
        facts, current = held.state.facts, held.state.current
        if happening.kind == "status":
            facts = replace(facts, status=happening.to)
            current = replace(current, status=happening.to)
        self._touch(ident, facts, current)

    def delete(self, ident: str) -> None:
        """Delete a ticket softly: the export shows it once more."""
        held = self.held[ident]
        held.state = replace(held.state, life="deleted", order=self._next(), updated_at=self.now())

    def change_organization(self, organization: Organization) -> None:
        """Change a customer; the next page tells."""
        assert organization.id is not None
        self.organizations[organization.id] = organization

    def changes(self, cursor: str | None, *, since: datetime) -> Page:
        """Tickets in order of their last change."""
        del since
        self._called("changes")
        position = int(cursor or 0)
        later = sorted(
            (one for one in self.held.values() if one.state.order > position),
            key=lambda one: one.state.order,
        )
        shown = later[: self.page_size]
        return Page(
            tickets=tuple(one.state for one in shown),
            happenings=tuple(
                TicketHappening(one.state.facts.id, happening)
                for one in shown
                for happening in one.happenings
            ),
            organizations=tuple(self.organizations.values()),
            next_cursor=str(shown[-1].state.order if shown else position),
            more=len(later) > len(shown),
            until=max((one.state.updated_at for one in shown), default=None),
        )

    def ticket(self, ticket_id: str) -> Snapshot:
        """One ticket with its history."""
        self._called("ticket")
        if ticket_id not in self.held:
            raise Gone(ticket_id)
        held = self.held[ticket_id]
        return Snapshot(held.state, tuple(held.happenings))

    def tickets(self, ticket_ids: Sequence[str]) -> list[TicketState]:
        """Present states."""
        self._called("tickets")
        return [self.held[one].state for one in ticket_ids if one in self.held]

    def happenings(self, ticket_id: str) -> Sequence[Happening]:
        """One ticket's history."""
        self._called("happenings")
        if ticket_id not in self.held:
            raise Gone(ticket_id)
        return tuple(self.held[ticket_id].happenings)

    def write(
        self, changes: Sequence[TicketChange], *, goes_on: Callable[[], bool] = always
    ) -> list[WriteResult]:
        """Carry out changes, each on its own."""
        if not goes_on():
            return [WriteResult(one.ticket_id, "unsent") for one in changes]
        fault = self._fault("write")
        if fault is not None and not getattr(fault, "after", False):
            raise fault
        results = [self._write(change) for change in changes]
        if fault is not None:
            raise fault
        return results

    def write_one(self, change: TicketChange) -> WriteResult:
        """Carry out one change."""
        self._called("write_one")
        return self._write(change)

    def note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add an internal note."""
        self._called("note")
        self.held_notes.append(NewNote(ticket_id, text, key))

    def notes(self, notes: Sequence[NewNote]) -> list[WriteResult]:
        """Add internal notes, each with the outcome that the test wants for its ticket."""
        fault = self._fault("notes")
        if fault is not None and not getattr(fault, "after", False):
            raise fault
        results = [
            WriteResult(one.ticket_id, self.outcomes.get(one.ticket_id, "written")) for one in notes
        ]
        done = zip(notes, results, strict=True)
        self.held_notes += [note for note, result in done if result.outcome == "written"]
        if fault is not None:
            raise fault
        return results

    def has_note(self, ticket_id: str, *, key: str) -> bool:
        """Whether the note is there."""
        self._called("has_note")
        return any((one.ticket_id, one.key) == (ticket_id, key) for one in self.held_notes)

    def address_of(self, kind: Literal["assignee", "group"], ident: str) -> Sequence[str]:
        """Addresses of people."""
        return [f"{kind}-{ident}@example.com"]

    def check_access(self) -> list[AccessCheck]:
        """Nothing to check."""
        return []

    def ensure_fields(self, *, tiers: Sequence[str], dry_run: bool = False) -> FieldsReport:
        """Fields need no making."""
        del tiers, dry_run
        return FieldsReport(ids={})

    def inventory(self, *, most_organizations: int) -> Inventory:
        """The customers of its tickets, and nothing else that may be read."""
        shown = tuple(self.organizations.values())[:most_organizations]
        return Inventory(None, None, shown, len(shown) == len(self.organizations))

    def count_changed(self, since: datetime) -> int:
        """Tickets that have changed since."""
        return sum(one.state.updated_at >= since for one in self.held.values())

    def calls_spent(self) -> dict[str, int]:
        """Calls by method."""
        return dict(self.spent)

    def _write(self, change: TicketChange) -> WriteResult:
        outcome = self.outcomes.get(change.ticket_id)
        if outcome is not None:
            return WriteResult(change.ticket_id, outcome, f"{outcome} on request")
        self.writes.append(change)
        held = self.held[change.ticket_id]
        current = with_changes(held.state.current, change.fields)
        facts = replace(held.state.facts, priority=current.priority)
        held.happenings += [
            Happening(
                at=self.now(),
                kind="field",
                by="stipt",
                field="priority",
                to=one.new,
                was=one.old,
                id=f"{self._next()}",
            )
            for one in change.fields
            if one.field == "priority"
        ]
        self._touch(change.ticket_id, facts, current)
        return WriteResult(change.ticket_id, "written")

    def _touch(self, ident: str, facts: Ticket, current: CurrentFields) -> None:
        held = self.held[ident]
        at = self.now()
        held.state = replace(
            held.state,
            facts=facts,
            current=replace(current, updated_at=at),
            updated_at=at,
            order=self._next(),
        )

    def _next(self) -> int:
        self.tick += 1
        return self.tick

    def _called(self, name: str) -> None:
        fault = self._fault(name)
        if fault is not None:
            raise fault

    def _fault(self, name: str) -> Exception | None:
        self.spent[name] += 1
        waiting = self.faults.get(name)
        return waiting.pop(0) if waiting else None


def at(text: str) -> datetime:
    """An instant from text with a zone."""
    found = datetime.fromisoformat(text)
    assert found.tzinfo is not None
    return found.astimezone(UTC)
