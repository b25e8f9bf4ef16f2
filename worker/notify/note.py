# SPDX-License-Identifier: GPL-3.0-or-later
"""The ticket's own internal note: seen by agents, never by the requester."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.base import NewNote
from worker.outbox import SendResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.base import Helpdesk, WriteOutcome, WriteResult
    from worker.notify.channel import Letter
    from worker.outbox import OutboxMessage, SendOutcome


_OUTCOMES: Mapping[WriteOutcome, SendOutcome] = {
    "written": "sent",
    "equal": "sent",
    "unwritable": "permanent",
    "refused": "permanent",
    "gone": "permanent",
    "conflict": "temporary",
    "unsent": "temporary",
    "error": "ambiguous",
}
_UNSENT_FOR = 60.0
"""Seconds: the helpdesk's limits begin anew with every minute."""


class Note:
    """Writes internal notes. The one channel that is always read back before a second try.

    A public comment would count as an agent's reply and stop the very clock
    that the message is about; `Helpdesk.note` cannot write one.
    """

    def __init__(self, helpdesk_of: Callable[[str], Helpdesk]) -> None:
        self._helpdesk_of = helpdesk_of

    def deliver(self, letter: Letter) -> None:
        """Add the note, marked with the message's key."""
        message = letter.message
        self._helpdesk_of(message.account).note(
            message.ticket_id, letter.text.body, key=message.key
        )

    def deliver_all(self, letters: Sequence[Letter]) -> list[SendResult]:
        """Add the notes of one account in bulk; in the same order.

        Raises:
            HelpdeskError: as for one note; then nothing is known of any.
        """
        if not letters:
            return []
        notes = [NewNote(one.message.ticket_id, one.text.body, one.message.key) for one in letters]
        results = self._helpdesk_of(letters[0].message.account).notes(notes)
        return [_sent(one) for one in results]

    def was_delivered(self, message: OutboxMessage) -> bool | None:
        """Whether the ticket already carries a note with the message's key."""
        return self._helpdesk_of(message.account).has_note(message.ticket_id, key=message.key)


def _sent(result: WriteResult) -> SendResult:
    wait = _UNSENT_FOR if result.outcome == "unsent" else None
    return SendResult(_OUTCOMES[result.outcome], result.detail, wait)
