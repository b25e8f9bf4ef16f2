# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the clock: claims what is due and wakes those who do it.

Any number of processes may tick: claims are atomic, and a wake-up call too
many finds nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.store.accounts import account_row
from worker.store.database import epoch
from worker.store.messages import next_message_at
from worker.store.wanted import next_due

if TYPE_CHECKING:
    from worker.actors import Actors
    from worker.wiring import AccountWork, Installation

_BATCHES_PER_TICK = 20


class Ticker:
    """Wakes the actors for what is due in each account."""

    def __init__(self, installation: Installation, actors: Actors) -> None:
        self._installation = installation
        self._actors = actors

    def tick(self) -> int:
        """Wake whoever is needed now; returns how many tickets were claimed."""
        return sum(self._tick(work) for work in self._installation.accounts)

    def _tick(self, work: AccountWork) -> int:
        claimed = 0
        for _ in range(_BATCHES_PER_TICK):
            if self._installation.stop.is_set():
                break
            look = work.reconciler.claim()
            if not look.ticket_ids:
                break
            claimed += len(look.ticket_ids)
            self._actors.look(work.name, look)
        self._sweep(work)
        return claimed

    def _sweep(self, work: AccountWork) -> None:
        """Wake writer and sender when a row waits: the call that announced it may be lost."""
        now = epoch(self._installation.clock.now())
        with self._installation.database.read(work.name) as books:
            message_at, change_at = next_message_at(books), next_due(books)
            is_paused = account_row(books).paused_at is not None
        if is_paused:
            return
        if message_at is not None and message_at <= now:
            self._actors.send(work.name)
        if work.writes and change_at is not None and change_at <= now:
            self._actors.write(work.name)
