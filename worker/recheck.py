# SPDX-License-Identifier: GPL-3.0-or-later
"""A last look at the helpdesk before people are warned about a ticket.

The export is a minute or two behind. Somebody who has answered meanwhile
should not be told to answer: tickets are compared in bulk, and those that have
changed are read anew and judged before their message goes out. Where the
helpdesk does not answer the warning is sent: one too many beats one too few.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.base import CredentialsRejected, Gone, HelpdeskError
from worker.logs import get_logger
from worker.pausing import pause_connection
from worker.store.accounts import account_row
from worker.store.states import known_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from connector.base import Helpdesk, TicketState
    from worker.clock import Clock
    from worker.store.database import Database
    from worker.store.states import KnownChange

MOST_READ = 20
"""Tickets that are read on their own for one batch: each costs a call or two."""

_OWN_WRITE = timedelta(seconds=30)
"""What has changed a ticket so soon after a write of ours began, is taken for that write."""

_OVER = frozenset({"solved", "closed"})
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rechecked:
    """Tickets that were read anew and are judged first, and those that need no warning."""

    changed: frozenset[str] = frozenset()
    over: frozenset[str] = frozenset()


class Recheck:
    """Compares tickets of one account with the helpdesk.

    Args:
        database: what is known of them.
        helpdesk: how they stand now.
        clock: the helpdesk's time.
        read_one: reads and stores one ticket with its history.
    """

    def __init__(
        self,
        database: Database,
        helpdesk: Helpdesk,
        clock: Clock,
        read_one: Callable[[str], None],
    ) -> None:
        self._database = database
        self._helpdesk = helpdesk
        self._clock = clock
        self._read_one = read_one

    def look(self, ticket_ids: Collection[str]) -> Rechecked:
        """Which of these tickets have changed since they were read."""
        account = self._helpdesk.account
        with self._database.read(account) as books:
            if account_row(books).paused_at is not None:
                return Rechecked()  # one call now and then tries whether that is over, not this one
        try:
            states = self._helpdesk.tickets(sorted(set(ticket_ids)))
        except CredentialsRejected as fault:
            pause_connection(self._database, account, fault, self._clock.now())
            return Rechecked()
        except HelpdeskError as fault:
            _log.warning("tickets_not_compared", account=account, reason=str(fault))
            return Rechecked()
        with self._database.read(account) as books:
            known = known_changes(books, ticket_ids)
        gone = known.keys() - {one.facts.id for one in states}
        newer = [one for one in states if _is_newer(one, known.get(one.facts.id))]
        changed = {one.facts.id for one in newer[:MOST_READ] if self._read(one.facts.id)}
        solved = {
            one.facts.id
            for one in newer
            if one.facts.status in _OVER and one.facts.id not in changed
        }
        return Rechecked(frozenset(changed), frozenset(gone | solved))

    def _read(self, ticket_id: str) -> bool:
        try:
            self._read_one(ticket_id)
        except Gone:
            return False
        except HelpdeskError as fault:
            _log.warning("ticket_not_read", ticket_id=ticket_id, reason=str(fault))
            return False
        return True


def _is_newer(state: TicketState, known: KnownChange | None) -> bool:
    if known is None or state.updated_at <= known.updated_at:
        return False
    if state.facts.status != known.status:
        return True
    if known.is_being_written:
        return False
    return known.written_at is None or not _is_own(state.updated_at, known.written_at)


def _is_own(updated_at: datetime, written_at: datetime) -> bool:
    return written_at <= updated_at <= written_at + _OWN_WRITE
