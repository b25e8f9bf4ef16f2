# SPDX-License-Identifier: GPL-3.0-or-later
"""All open tickets of an account in memory, kept level with the database.

Marks tell which tickets are others than those at hand: these alone are read again. Nothing depends
on having seen a change.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from worker.store.board import open_marks, read_open
from worker.store.sync_progress import first_sync_is_done

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from worker.store.board import Mark, OpenTicket
    from worker.store.database import Database

FRESH_S: Final = 0.5
"""Real seconds within which what was read is shown again."""

_VALUES_S: Final = 10
_ALL_ANEW: Final = 0.5
"""From this share of other tickets on, reading all of them is quicker."""

FACETS: Final = ("tier", "customer", "market", "group", "assignee", "measure")
"""What the board can be narrowed by, but for states and words."""


@dataclass(frozen=True, slots=True)
class Held:
    """The open tickets in order of their next deadline, and the values that they have.

    `is_read`: the helpdesk was once read to its end, so that no ticket is missing.
    """

    tickets: tuple[OpenTicket, ...]
    values: Mapping[str, tuple[str, ...]]
    is_read: bool = True


class Snapshot:
    """The open tickets of one account, for all who look at them; for many threads.

    Args:
        database: where they are.
        account: whose they are.
        monotonic: real seconds, on a clock that never jumps.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._account = account
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._valued_at: float | None = None
        self._valued: tuple[OpenTicket, ...] = ()
        self._marks: dict[str, Mark] = {}
        self._tickets: dict[str, OpenTicket] = {}
        self._held = Held((), dict.fromkeys(FACETS, ()), is_read=False)

    def held(self) -> Held:
        """What is open, read from the database half a second ago at most."""
        with self._lock:
            now = self._monotonic()
            if self._read_at is None or now - self._read_at >= FRESH_S:
                self._refresh()
                self._value_anew()
                self._read_at = self._monotonic()
            return self._held

    def _refresh(self) -> None:
        with self._database.read(self._account) as books:
            is_read = self._held.is_read or first_sync_is_done(books)
            marks = open_marks(books)
            others = [ident for ident, mark in marks.items() if self._marks.get(ident) != mark]
            gone = self._tickets.keys() - marks.keys()
            if not others and not gone:
                if is_read is not self._held.is_read:
                    self._held = replace(self._held, is_read=is_read)
                return
            are_many = len(others) > len(marks) * _ALL_ANEW
            changed = read_open(books, None if are_many else others)
        for ident in gone:
            del self._tickets[ident]
        self._tickets.update((one.ticket_id, one) for one in changed)
        self._marks = {ident: one.mark for ident, one in self._tickets.items()}
        found = tuple(sorted(self._tickets.values(), key=urgency))
        self._held = Held(found, self._held.values, is_read)

    def _value_anew(self) -> None:
        """What the tickets can be narrowed by, worked out anew every few seconds at most."""
        now = self._monotonic()
        is_fresh = self._valued_at is not None and now - self._valued_at < _VALUES_S
        if self._held.tickets is self._valued or is_fresh:
            return
        self._valued_at, self._valued = now, self._held.tickets
        self._held = replace(self._held, values=_values(self._valued))


def _values(tickets: tuple[OpenTicket, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str | None]] = {
        facet: {getattr(one, facet) for one in tickets} for facet in FACETS[:-1]
    }
    found["measure"] = {cycle.measure for one in tickets for cycle in one.cycles}
    return {facet: tuple(sorted(one for one in some if one)) for facet, some in found.items()}


def urgency(ticket: OpenTicket, place: int = 0) -> tuple[int, int, int, str]:
    """Sorts by the deadline of one of the ticket's cycles; paused ones, then those without any."""
    number = (len(ticket.ticket_id), ticket.ticket_id)
    if len(ticket.cycles) <= place:
        return (2, 0, *number)
    cycle = ticket.cycles[place]
    if cycle.state == "paused" or cycle.due_at is None:
        return (1, 0, *number)
    return (0, cycle.due_at, *number)
