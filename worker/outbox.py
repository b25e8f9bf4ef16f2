# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that wait to be sent: what a sender is given and what it answers.

A message is a row, written in the transaction that decided it. It is claimed,
sent, and only then marked; before any second try the channel is read back
where that is possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rules.facts import Measure, Priority
    from rules.verdict import State

NOTE = "note"
"""The recipient that stands for the ticket's own internal note."""

SendOutcome = Literal["sent", "nobody", "temporary", "setting", "permanent", "ambiguous", "held"]


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message to one recipient about one cycle of one target.

    `keys` are the steps that fell on the same moment ("75%", "1h before"), or
    that all came late, the latest first; `labels` their written forms.
    `recipient` is a name of the rule files, or `NOTE`. `policy` is the hash of
    the rules that decided it: recipients are looked up there. `assignee` and
    `group` are the helpdesk's ids at the time of the decision. `attempt` counts
    from 1; `may_be_repeat` says that an earlier try may have arrived. `late_by`
    is zero when the message is on time. `decided_at` is when the row was made.
    `digest` is the key of the digest as part of which it was tried. `calendar`
    is the clock's. `about` is what a message says that is about no ticket, the
    forecast of an obligation as canonical JSON: it has neither ticket nor measure.
    """

    id: int
    account: str
    ticket_id: str
    measure: Measure
    cycle: int
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    recipient: str
    policy: str
    at: datetime
    started_at: datetime
    due_at: datetime | None
    state: State
    tier: str
    customer: str | None = None
    priority: Priority | None = None
    group: str | None = None
    assignee: str | None = None
    attempt: int = 1
    may_be_repeat: bool = False
    late_by: timedelta = timedelta(0)
    decided_at: datetime | None = None
    digest: str | None = None
    calendar: str | None = None
    about: str | None = None

    @property
    def key(self) -> str:
        """The idempotency key: the same for every try, different for every message."""
        return (
            f"{self.account}:{self.ticket_id}:{self.measure}:{self.cycle}:"
            f"{self.keys[0]}:{self.recipient}"
        )


@dataclass(frozen=True, slots=True)
class SendResult:
    """What became of one try.

    sent: it arrived. nobody: there is no one whom it concerns, and that is no
    fault. temporary: it certainly did not arrive; try again, not before
    `retry_after` seconds where the other side said so. setting: it did not,
    and will not until an operator changes something. permanent: it never will.
    ambiguous: nobody knows. held: likewise, and an operator is to decide.
    `detail` is for operators and holds neither ticket text nor addresses nor
    secrets.
    """

    outcome: SendOutcome
    detail: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How a recipient is told.

    Args:
        per_minute: the most messages that the recipient gets in a minute.
        gathers: a person reads them, so that many at once become one digest.
        person: whom of a ticket they are for; those of one person are gathered.
        holds_doubtful: what may have arrived is not sent a second time.
    """

    per_minute: int
    gathers: bool = False
    person: Literal["assignee", "group"] | None = None
    holds_doubtful: bool = False

    def lane(self, message: OutboxMessage) -> tuple[str, str | None]:
        """Whom the message is for: messages of one lane may share a digest."""
        if self.person is None:
            return message.recipient, None
        return message.recipient, getattr(message, self.person)


class Sender(Protocol):
    """Carries messages to people. Every call but `send_notes` returns within 30 seconds.

    Errors of the helpdesk (`connector.base.HelpdeskError`) may be raised; the
    outbox knows what each means. Everything else that is raised is a bug.
    """

    def manner(self, message: OutboxMessage) -> Manner:
        """How the message's recipient is told; nothing is sent."""

    def send(self, message: OutboxMessage) -> SendResult:
        """Try once to deliver the message."""

    def send_digest(self, messages: Sequence[OutboxMessage]) -> SendResult:
        """Try once to deliver one message that stands for all of these, which are of one lane."""

    def send_notes(self, messages: Sequence[OutboxMessage]) -> list[SendResult]:
        """Try once to add internal notes, all messages being for `NOTE`; in the same order.

        They go out in bulk, so this alone may take minutes.
        """

    def was_sent(self, message: OutboxMessage) -> bool | None:
        """Whether an earlier try arrived; None where the channel cannot be read back."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send for as long as the token holds.

    `checked_at` is when the ticket was last compared with the helpdesk for it.
    `is_wanted` says that an operator wants it sent although it may have arrived.
    """

    message: OutboxMessage
    token: str
    checked_at: datetime | None = None
    is_wanted: bool = False


def digest_key(first: OutboxMessage) -> str:
    """The idempotency key of a digest that `first` leads: the same for every try of it."""
    return f"digest:{first.key}"
