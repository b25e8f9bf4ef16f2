# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages, rules and a small helpdesk to try channels with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connector.base import NewNote, WriteResult
from rules.policy import Policy, Recipient, Settings, Where
from worker.notify.messenger import Delivery, Links, Messenger
from worker.outbox import OutboxMessage

if TYPE_CHECKING:
    from connector.base import HelpdeskError, WriteOutcome

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
HERE = Where("sla.yaml", 1, 1)


def a_message(**changes: Any) -> OutboxMessage:
    """A warning, sent an hour before the due."""
    message = OutboxMessage(
        id=1,
        account="default",
        ticket_id="4711",
        measure="first_reply",
        cycle=1,
        keys=("50%", "1h before"),
        labels=("50%", "1h before"),
        recipient="on_call",
        policy="0" * 64,
        at=NOW,
        started_at=NOW - timedelta(hours=1),
        due_at=NOW + timedelta(hours=1),
        state="running",
        tier="premium",
        customer="acme",
        priority="high",
        group="77",
        assignee="88",
    )
    return replace(message, **changes)


def a_policy(**recipients: Recipient) -> Policy:
    """Rules that know these recipients and little else."""
    return Policy(
        hash="0" * 64,
        settings=Settings(time_zone="Europe/Amsterdam"),
        calendars={},
        choosers={},
        recipients=recipients,
        escalations={},
        tiers=(),
        contracts=(),
        obligations={},
    )


def by_url(name: str = "ON_CALL_URL") -> Recipient:
    """A recipient with an address in a variable."""
    return Recipient("on_call", HERE, url_name=name)


class SmallHelpdesk:
    """Keeps notes and knows addresses; the two things that channels ask a helpdesk for."""

    account = "default"

    def __init__(self) -> None:
        self.held_notes: list[NewNote] = []
        self.outcomes: dict[str, WriteOutcome] = {}
        self.people: dict[tuple[str, str], tuple[str, ...]] = {}
        self.fault: HelpdeskError | None = None
        self.note_written_before_fault = False

    def note(self, ticket_id: str, text: str, *, key: str) -> None:
        if self.fault is None or self.note_written_before_fault:
            self.held_notes.append(NewNote(ticket_id, text, key))
        if self.fault is not None:
            raise self.fault

    def notes(self, notes: Sequence[NewNote]) -> list[WriteResult]:
        if self.fault is not None:
            raise self.fault
        self.held_notes += notes
        return [
            WriteResult(one.ticket_id, self.outcomes.get(one.ticket_id, "written"), "as told")
            for one in notes
        ]

    def has_note(self, ticket_id: str, *, key: str) -> bool:
        return any((one.ticket_id, one.key) == (ticket_id, key) for one in self.held_notes)

    def address_of(self, kind: str, ident: str) -> Sequence[str]:
        return self.people.get((kind, ident), ())


def a_messenger(
    policy: Policy | None,
    environment: Mapping[str, str] | None = None,
    *,
    helpdesk: SmallHelpdesk | None = None,
    now: Callable[[], datetime] = lambda: NOW,
    acknowledge: Callable[[OutboxMessage], str | None] = lambda _message: None,
    **delivery: Any,
) -> Messenger:
    """A messenger that may reach loopback."""
    delivery.setdefault("allow_networks", ("127.0.0.0/8",))
    desk = helpdesk or SmallHelpdesk()
    return Messenger(
        Delivery({} if environment is None else environment, **delivery),
        policy_of=lambda _hash: policy,
        helpdesk_of=lambda _account: desk,
        links=Links(
            ticket=lambda one: f"https://acme.zendesk.com/agent/tickets/{one.ticket_id}",
            acknowledge=acknowledge,
        ),
        now=now,
    )
