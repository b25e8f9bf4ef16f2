# SPDX-License-Identifier: GPL-3.0-or-later
"""What every helpdesk connector offers, and the errors that may leave it.

Nothing but `HelpdeskError` and its children leaves a connector for a fault of
the remote side. Texts of errors never hold ticket text, addresses or secrets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rules.changes import CurrentFields, TicketChange
    from rules.facts import Happening, Organization, Ticket


def always() -> bool:
    """Let work go on whatever has happened: for whoever shares it with nobody."""
    return True


class HelpdeskError(Exception):
    """The helpdesk did not do what was asked."""


class Throttled(HelpdeskError):
    """The helpdesk asks to wait. `retry_after` is in seconds."""

    def __init__(self, retry_after: float, bucket: str = "account") -> None:
        super().__init__(f"rate limit of {bucket}: wait {retry_after:.0f} s")
        self.retry_after = retry_after
        self.bucket = bucket


class Unavailable(HelpdeskError):
    """The helpdesk could not be reached or answered nonsense; the call may or may not have run."""


class Refused(HelpdeskError):
    """The helpdesk will not do this, however often it is asked. `keys` are its own error keys."""

    def __init__(self, message: str, keys: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.keys = tuple(keys)


class Gone(HelpdeskError):
    """The ticket is deleted, or not visible to our user."""


class Conflict(HelpdeskError):
    """Somebody changed the ticket since it was read."""


class CredentialsRejected(HelpdeskError):
    """The credentials are wrong, ended, or lack a right. The connection pauses."""


@dataclass(frozen=True, slots=True)
class TicketState:
    """A ticket as it stands now, without its history.

    `facts` holds the current values (its `happenings` are empty);
    `current` what the fields that Stipt may write hold now.
    `assignee_name` is told where it came along with the ticket.
    `order` grows with every change that the helpdesk exports (Zendesk:
    generated_timestamp); of two states of one ticket the larger wins.
    `life` tells whether the ticket was deleted.
    """

    facts: Ticket
    current: CurrentFields
    updated_at: datetime
    order: int
    organization_id: str | None = None
    assignee_id: str | None = None
    assignee_name: str | None = None
    life: Literal["present", "deleted"] = "present"


@dataclass(frozen=True, slots=True)
class TicketHappening:
    """One happening of a ticket; `happening.id` is unique within the ticket."""

    ticket_id: str
    happening: Happening


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that could not be read at all: kept by id, retried, reported."""

    ticket_id: str
    stream: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes.

    `next_cursor` is opaque and is saved in the transaction that stores the
    page. `more` is False when the stream has been read to its present end.
    `unknown` counts words that had to be mapped to a fallback, by kind and
    word ("channel:fax": 3). `until` is the newest change seen.
    """

    tickets: tuple[TicketState, ...]
    happenings: tuple[TicketHappening, ...]
    organizations: tuple[Organization, ...]
    next_cursor: str
    more: bool
    organizations_at: dict[str, datetime] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    unknown: dict[str, int] = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One ticket read on its own: its present state and its whole history."""

    state: TicketState
    happenings: tuple[Happening, ...]


WriteOutcome = Literal[
    "written", "equal", "conflict", "unwritable", "refused", "gone", "unsent", "error"
]


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one ticket's change or note.

    `unwritable`, `refused` and `gone` are final. `unsent`: certainly not done,
    as the helpdesk makes us wait. `error`: nobody knows; read back before a
    second try.
    """

    ticket_id: str
    outcome: WriteOutcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NewNote:
    """An internal note to add; `key` marks it so that `Helpdesk.has_note` finds it again."""

    ticket_id: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class AccessCheck:
    """One line of a preflight."""

    name: str
    outcome: Literal["ok", "warn", "fail"]
    seen: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FieldsReport:
    """What `ensure_fields` found and made. `ids` by field key (`sla_state`)."""

    ids: dict[str, str]
    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    present: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an account has of what rules may speak of; None where it may not be read.

    `statuses` are the names of all its statuses; `has_all_organizations` is
    False where there are more of them than were asked for.
    """

    organization_fields: frozenset[str] | None
    statuses: frozenset[str] | None
    organizations: tuple[Organization, ...] | None
    has_all_organizations: bool = True


class Helpdesk(Protocol):
    """A helpdesk account. Calls block; each has a time-out; none retries for minutes."""

    account: str

    def check_access(self) -> list[AccessCheck]:
        """Call every needed endpoint once, writing nothing."""

    def ensure_fields(self, *, tiers: Sequence[str], dry_run: bool = False) -> FieldsReport:
        """Create the fields and options that are missing. Idempotent."""

    def changes(self, cursor: str | None, *, since: datetime) -> Page:
        """The next page after `cursor`, or the first one of changes since `since`."""

    def ticket(self, ticket_id: str) -> Snapshot:
        """One ticket with its history, read afresh."""

    def tickets(self, ticket_ids: Sequence[str]) -> list[TicketState]:
        """Present states, read afresh in bulk; missing tickets are left out."""

    def happenings(self, ticket_id: str) -> Sequence[Happening]:
        """The whole history of a ticket whose state has just been read by `tickets`."""

    def write(
        self, changes: Sequence[TicketChange], *, goes_on: Callable[[], bool] = always
    ) -> list[WriteResult]:
        """Carry out changes in bulk; one result per ticket, in the same order.

        `goes_on` is asked before every request that changes tickets; when it
        says no, whatever is left gets the outcome `unsent`.
        """

    def write_one(self, change: TicketChange) -> WriteResult:
        """Carry out one urgent change with a single call."""

    def note(self, ticket_id: str, text: str, *, key: str) -> None:
        """Add an internal note; `key` marks it so that `has_note` finds it again."""

    def notes(self, notes: Sequence[NewNote]) -> list[WriteResult]:
        """Add internal notes in bulk; one result per note, in the same order."""

    def has_note(self, ticket_id: str, *, key: str) -> bool:
        """Whether the ticket already carries the note with this key."""

    def address_of(self, kind: Literal["assignee", "group"], ident: str) -> Sequence[str]:
        """E-mail addresses of a person or of a group's members."""

    def inventory(self, *, most_organizations: int) -> Inventory:
        """What the account has of what rules may speak of; read afresh, writing nothing."""

    def count_changed(self, since: datetime) -> int:
        """How many tickets have changed since then, roughly."""

    def calls_spent(self) -> dict[str, int]:
        """Requests made so far by endpoint template."""
