# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of recipient offers, and the one error that says why a message failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rules.policy import Recipient
    from worker.notify.text import Text
    from worker.outbox import OutboxMessage

Failure = Literal["nobody", "temporary", "setting", "permanent", "ambiguous"]


class NotDelivered(Exception):
    """A message did not arrive, or nobody knows whether it did.

    nobody: there is no one whom it concerns; no fault.
    temporary: it certainly did not, and a later try may. setting: no try will,
    until somebody changes a setting. permanent: this message never will.
    ambiguous: it may have arrived. `detail` is for operators: no ticket text, address or secret.
    """

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be carried: whom it concerns and what it says.

    `message` is the first of several where `digest` names the digest that
    stands for them. `link` leads a person to its ticket.
    """

    message: OutboxMessage
    recipient: Recipient | None
    text: Text
    digest: str | None = None
    link: str | None = None

    @property
    def key(self) -> str:
        """The idempotency key: the same for every try."""
        return self.digest or self.message.key


class Channel(Protocol):
    """One way of reaching people. Calls end within 30 seconds.

    Both methods may raise `connector.base.HelpdeskError`, where they ask the
    helpdesk.
    """

    def deliver(self, letter: Letter) -> None:
        """Try once.

        Raises:
            NotDelivered: it failed; how, says its `failure`.
        """

    def was_delivered(self, message: OutboxMessage) -> bool | None:
        """Whether an earlier try arrived; None where that cannot be read back."""
