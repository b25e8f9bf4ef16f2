# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the clock: wakes those who judge, write and send, and says when to look again.

Nothing is claimed here. Whoever is woken claims what it can do at once, so a
backlog waits in the rows and not in leases that run out. Any number of
processes may tick: a wake-up call too many finds nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.reconcile import BATCH
from worker.store.database import epoch
from worker.store.looks import due_looks
from worker.store.moments import next_moments
from worker.taking_over import CLOCK_JUMP, follow_back

if TYPE_CHECKING:
    from datetime import datetime

    from worker.actors import Actors
    from worker.store.moments import Moments
    from worker.wiring import AccountWork, Installation

LONGEST_SLEEP = 0.5
"""Real seconds: clocks jump, and others add rows that are due before what is known here."""

_SHORTEST_SLEEP = 0.02
_WHILE_BUSY = 0.25
_MOST_WAKES = 8
"""So many judges are woken at once for a backlog."""

_MOST_WAITING = 64
"""Wake-up calls at the broker; more would only tell the same."""


class Ticker:
    """Wakes the actors for what is due in each account."""

    def __init__(self, installation: Installation, actors: Actors) -> None:
        self._installation = installation
        self._actors = actors
        self._last = installation.clock.now()

    def tick(self) -> float:
        """Wake whoever is needed now; returns the real seconds until the next look."""
        now = self._installation.clock.now()
        if now < self._last - CLOCK_JUMP:
            self._follow_back(now, self._last)
        self._last = now
        self._installation.metrics.succeeded("tick")
        if self._actors.waiting() >= _MOST_WAITING:
            return _WHILE_BUSY
        return min(self._tick(work, now) for work in self._installation.accounts)

    def _tick(self, work: AccountWork, now: datetime) -> float:
        with self._installation.database.read(work.name) as books:
            moments = next_moments(books)
            n_due = 0
            if _is_due(moments.look_at, now):
                n_due = due_looks(books, now, _MOST_WAKES * BATCH)
        for _ in range(-(-n_due // BATCH)):
            self._actors.look(work.name)
        woken = self._sweep(work, moments, now)
        if n_due or woken:
            return _WHILE_BUSY
        return _until_next(moments, now, writes=work.writes)

    def _sweep(self, work: AccountWork, moments: Moments, now: datetime) -> bool:
        """Wake writer and sender when a row waits: the call that announced it may be lost."""
        sends = _is_due(moments.message_at, now)
        writes = work.writes and _is_due(moments.change_at, now)
        metrics = self._installation.metrics
        metrics.succeeded("sweep")
        if sends:
            self._actors.send(work.name)
        else:  # a loop that has nothing to do is not a dead one
            metrics.succeeded("notify")
        if writes:
            self._actors.write(work.name)
        elif not moments.is_paused:
            metrics.succeeded("write")
        return sends or writes

    def _follow_back(self, now: datetime, before: datetime) -> None:
        for work in self._installation.accounts:
            with self._installation.database.write(work.name) as books:
                follow_back(books, now, before)


def _is_due(moment: int | None, now: datetime) -> bool:
    return moment is not None and moment <= epoch(now)


def _until_next(moments: Moments, now: datetime, *, writes: bool) -> float:
    known = [moments.look_at, moments.message_at, moments.change_at if writes else None]
    # What is due and could not be handed out (a pause) is no reason to hurry.
    ahead = [one - now.timestamp() for one in known if one is not None and one > now.timestamp()]
    return max(_SHORTEST_SLEEP, min([LONGEST_SLEEP, *ahead]))
