# SPDX-License-Identifier: GPL-3.0-or-later
"""The ticket's own internal note: seen by agents, never by the requester."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.base import Helpdesk
    from worker.notify.channel import Letter
    from worker.outbox import OutboxMessage


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

    def was_delivered(self, message: OutboxMessage) -> bool | None:
        """Whether the ticket already carries a note with the message's key."""
        return self._helpdesk_of(message.account).has_note(message.ticket_id, key=message.key)
