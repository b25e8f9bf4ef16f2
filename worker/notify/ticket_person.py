# SPDX-License-Identifier: GPL-3.0-or-later
"""People whom the ticket names: its assignee, or the members of its group, by e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.notify.channel import NotDelivered

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.base import Helpdesk
    from worker.notify.channel import Letter
    from worker.notify.mail import Mail
    from worker.outbox import OutboxMessage


class TicketPerson:
    """Sends to recipients of the form `{ticket: assignee}` and `{ticket: group}`."""

    def __init__(self, helpdesk_of: Callable[[str], Helpdesk], mail: Mail) -> None:
        self._helpdesk_of = helpdesk_of
        self._mail = mail

    def deliver(self, letter: Letter) -> None:
        """Ask the helpdesk for the addresses, and send one mail to all of them."""
        message = letter.message
        helpdesk = self._helpdesk_of(message.account)
        if letter.recipient is not None and letter.recipient.ticket == "group":
            if message.group is None:
                raise NotDelivered("nobody", "the ticket has no group")
            addresses = helpdesk.address_of("group", message.group)
        else:
            if message.assignee is None:
                raise NotDelivered("nobody", "the ticket has no assignee")
            addresses = helpdesk.address_of("assignee", message.assignee)
        self._mail.deliver_to(addresses, letter)

    def was_delivered(self, message: OutboxMessage) -> bool | None:
        """Unknown: mail cannot be read back."""
        return self._mail.was_delivered(message)
