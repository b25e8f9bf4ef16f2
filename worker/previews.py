# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages as they would be, without the steps having come; and messages that only try a way."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.evaluate import evaluate
from rules.repeats import is_repetition
from rules.steps import step_instants
from worker.notify.messenger import Links, Messenger
from worker.outbox import NOTE, OutboxMessage
from worker.recipients import delivery
from worker.store.facts import load_tickets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from connector.base import Helpdesk
    from rules.policy import Policy
    from rules.steps import StepInstant
    from rules.verdict import CycleVerdict
    from worker.notify.text import Text
    from worker.outbox import SendResult
    from worker.settings import Settings
    from worker.store.database import Books
    from worker.store.facts import StoredTicket


@dataclass(frozen=True, slots=True)
class Preview:
    """A step's message to one recipient, as of the moment at which the step fires or fired."""

    message: OutboxMessage
    text: Text


@dataclass(frozen=True, slots=True)
class Outlook:
    """What previews are made of: the account's rules and settings, and how tickets are linked."""

    settings: Settings
    account: str
    policy: Policy
    link: Callable[[OutboxMessage], str | None]

    def messenger(self, now: datetime, helpdesk: Helpdesk | None = None) -> Messenger:
        """A messenger at that moment; it can reach no ticket where there is no helpdesk."""

        def helpdesk_of(account: str) -> Helpdesk:
            if helpdesk is None:
                raise LookupError(f"nothing is sent here, so {account} is not needed")
            return helpdesk

        return Messenger(
            delivery(self.settings),
            policy_of=lambda _hash: self.policy,
            helpdesk_of=helpdesk_of,
            links=Links(self.link),
            now=lambda: now,
        )


def stored_ticket(books: Books, ticket_id: str) -> StoredTicket | None:
    """A ticket of the store."""
    return next(iter(load_tickets(books, [ticket_id])), None)


def previews(
    outlook: Outlook,
    stored: StoredTicket,
    now: datetime,
    *,
    step: str | None = None,
    recipient: str | None = None,
) -> list[Preview]:
    """The messages of a ticket's open promises.

    Args:
        outlook: whose rules and settings.
        stored: the ticket.
        now: the present instant.
        step: a step as the rule file writes it; else the next one of each promise.
        recipient: one recipient only.
    """
    ticket = stored.assembled()
    now = ticket.present(now)
    verdict = evaluate(ticket, outlook.policy, now)
    found: list[Preview] = []
    for row in (one for one in verdict.cycles if one.is_open):
        for firing in _firings(step_instants(row.clock), step, now):
            at = firing.at or now
            messenger = outlook.messenger(at)
            for name in _told(firing, recipient):
                message = _message(outlook, stored, row, firing, name, at)
                found.append(Preview(message, messenger.letter(message).text))
    return found


def _firings(
    instants: Sequence[StepInstant], step: str | None, now: datetime
) -> Sequence[StepInstant]:
    if step is not None:
        return [one for one in instants if step in (one.key, one.step.at.label)][:1]
    first = [one for one in instants if not is_repetition(one.key)]
    coming = [one for one in first if one.at is not None and one.at > now]
    return sorted(coming, key=lambda one: one.at or now)[:1] or first[-1:]


def _told(firing: StepInstant, recipient: str | None) -> Iterator[str]:
    names = (*firing.step.tell, *([NOTE] if firing.step.note else []))
    return (one for one in names if recipient in (None, one))


def _message(  # noqa: PLR0913, PLR0917 -- whose message about what, at which moment
    outlook: Outlook,
    stored: StoredTicket,
    row: CycleVerdict,
    firing: StepInstant,
    recipient: str,
    at: datetime,
) -> OutboxMessage:
    current = stored.current()
    return OutboxMessage(
        id=0,
        account=outlook.account,
        ticket_id=stored.id,
        measure=row.measure,
        cycle=row.cycle,
        keys=(firing.key,),
        labels=(firing.step.at.label,),
        recipient=recipient,
        policy=outlook.policy.hash,
        at=at,
        started_at=row.started_at,
        due_at=row.due_at,
        state=row.state,
        tier=row.tier,
        customer=row.customer,
        priority=row.priority,
        group=current.group,
        assignee=current.assignee,
        calendar=row.calendar,
    )


def send_trial(
    outlook: Outlook,
    recipient: str,
    now: datetime,
    *,
    helpdesk: Helpdesk | None = None,
    stored: StoredTicket | None = None,
) -> SendResult:
    """Send a message that says it is a test; nothing of it is kept.

    Args:
        outlook: whose rules and settings.
        recipient: a name of the rule files.
        now: the present instant.
        helpdesk: knows people's addresses; needed for recipients of a ticket.
        stored: the ticket whose assignee or group is meant.
    """
    current = stored.current() if stored is not None else None
    message = OutboxMessage(
        id=0,
        account=outlook.account,
        ticket_id=stored.id if stored is not None else "0",
        measure="first_reply",
        cycle=1,
        # Unlike every other, so that no receiver takes it for a repeat.
        keys=(f"test {secrets.token_hex(6)}",),
        labels=("test",),
        recipient=recipient,
        policy=outlook.policy.hash,
        at=now,
        started_at=now,
        due_at=None,
        state="running",
        tier="",
        group=current.group if current else None,
        assignee=current.assignee if current else None,
    )
    return outlook.messenger(now, helpdesk).send_trial(message)
