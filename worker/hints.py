# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows hints: reads the tickets afresh, in bulk and outside the export, and has them judged.

States cost a call for a hundred tickets; they tell which tickets have changed
at all since they were read last. The history of those is a call each, so only
so many a minute are read on their own, the most urgent first. The others wait:
the next pages of the export bring them a thousand at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connector.base import (
    CredentialsRejected,
    Gone,
    HelpdeskError,
    Snapshot,
    Throttled,
)
from worker.error_reports import report
from worker.logs import get_logger
from worker.pausing import pause_connection
from worker.store.accounts import account_row
from worker.store.database import epoch
from worker.store.hints import (
    Hint,
    drop_hints,
    due_hints,
    is_any_put_off,
    known_tickets,
    put_off_hints,
)
from worker.store.pages import store_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.base import Helpdesk, TicketState
    from worker.clock import Clock
    from worker.store.database import Database
    from worker.store.hints import KnownTicket

BATCH = 100
"""What one call for states may name."""

HISTORIES_A_MINUTE = 150
"""A fifth of the plan's calls, on the plans that most have; two and a half tickets a second."""

_AFTER_FAULT = timedelta(seconds=30)
_MOST_TRIES = 2
"""Failed tries after which a hint is worth nothing: by then the export tells of the ticket."""

_MINUTE = timedelta(minutes=1)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Followed:
    """What a batch of hints came to.

    `read`: tickets stored with their history; `known`: nothing had changed
    since they were read last; `gone`: not there any more; `waiting`: later.
    """

    claimed: int = 0
    read: int = 0
    known: int = 0
    gone: int = 0
    waiting: int = 0


class HintReader:
    """Follows the hints of one account; one thread at a time.

    Args:
        database: where hints wait and tickets are stored.
        helpdesk: where tickets are read.
        clock: the helpdesk's time.
        is_stopping: asked between two tickets.
        histories_a_minute: how many tickets may be read on their own.
    """

    def __init__(
        self,
        database: Database,
        helpdesk: Helpdesk,
        clock: Clock,
        is_stopping: Callable[[], bool],
        *,
        histories_a_minute: int = HISTORIES_A_MINUTE,
    ) -> None:
        self._database = database
        self._helpdesk = helpdesk
        self._account = helpdesk.account
        self._clock = clock
        self._is_stopping = is_stopping
        self._histories_a_minute = histories_a_minute
        self._minute: datetime | None = None
        self._histories = 0

    def is_needed(self) -> bool:
        """Whether a hint is due; a quick question."""
        with self._database.read(self._account) as books:
            return bool(due_hints(books, self._clock.now(), 1))

    def waits_for_export(self) -> bool:
        """Whether more tickets were hinted at than may be read on their own."""
        with self._database.read(self._account) as books:
            return is_any_put_off(books)

    def follow_due(self) -> Followed:
        """Follow one batch of hints; `claimed` is 0 where none is due."""
        now = self._clock.now()
        with self._database.read(self._account) as books:
            due = due_hints(books, now, BATCH)
            is_paused = bool(due) and account_row(books).paused_at is not None
        if not due:
            return Followed()
        if is_paused:  # the poller tries now and then whether that is over
            return self._put_off(due, now + _AFTER_FAULT)
        try:
            return self._follow(due)
        except Throttled as wait:
            return self._put_off(due, now + timedelta(seconds=wait.retry_after))
        except CredentialsRejected as fault:
            pause_connection(self._database, self._account, fault, now)
            return self._put_off(due, now + _AFTER_FAULT)
        except HelpdeskError as fault:
            return self._fail(due, fault)

    def _follow(self, due: Sequence[Hint]) -> Followed:
        idents = [one.ticket_id for one in due]
        states = {one.facts.id: one for one in self._helpdesk.tickets(idents)}
        with self._database.read(self._account) as books:
            known = known_tickets(books, idents)
        changed = [
            one for one in due if one.ticket_id in states and _is_news(states[one.ticket_id], known)
        ]
        waits = {one.ticket_id for one in changed}
        self._drop([one for one in due if one.ticket_id not in waits])
        changed.sort(key=lambda one: _urgency(known.get(one.ticket_id)))
        room = self._room()
        read, gone = self._read(changed[:room], states)
        left = changed[room:]
        if left:
            # By then the export may have brought them; if not, there is room again.
            self._put_off(left, _next_minute(self._clock.now()))
        return Followed(
            claimed=len(due),
            read=read,
            known=sum(one.ticket_id in states for one in due) - len(changed),
            gone=gone + sum(one.ticket_id not in states for one in due),
            waiting=len(changed) - read - gone,
        )

    def _read(self, hints: Sequence[Hint], states: Mapping[str, TicketState]) -> tuple[int, int]:
        """Read and store histories one by one; how many were read, and how many are gone."""
        read = gone = 0
        for one in hints:
            if self._is_stopping():
                break
            self._histories += 1
            try:
                self._read_one(one, states[one.ticket_id])
            except Gone:
                gone += 1
                self._drop([one])
            except (Throttled, CredentialsRejected):
                raise
            except Exception as fault:  # noqa: BLE001 -- one ticket must not stop the others
                if not isinstance(fault, HelpdeskError):
                    _log.error("ticket_failed", ticket_id=one.ticket_id, exc_info=fault)
                    report(fault)
                self._fail([one], fault)
            else:
                read += 1
        return read, gone

    def _read_one(self, hint: Hint, state: TicketState) -> None:
        # After the state: a history may be ahead of its state, never behind it.
        snapshot = Snapshot(state, tuple(self._helpdesk.happenings(hint.ticket_id)))
        with self._database.write(self._account) as books:
            store_snapshot(books, snapshot, self._clock.now())
            drop_hints(books, [hint])

    def _fail(self, hints: Sequence[Hint], fault: Exception) -> Followed:
        """Reading failed: later again, each time later than before, and in the end no more."""
        _log.warning(
            "hints_not_followed",
            account=self._account,
            tickets=len(hints),
            reason=str(fault) if isinstance(fault, HelpdeskError) else type(fault).__name__,
        )
        now = self._clock.now()
        with self._database.write(self._account) as books:
            for one in hints:
                if one.tries >= _MOST_TRIES:
                    drop_hints(books, [one])
                else:
                    wait = _AFTER_FAULT * 2**one.tries
                    put_off_hints(books, [one], now + wait, failed=True)
        return Followed(claimed=len(hints), waiting=len(hints))

    def _room(self) -> int:
        """How many histories may still be read in this minute."""
        minute = self._clock.now().replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._histories = minute, 0
        return max(0, self._histories_a_minute - self._histories)

    def _drop(self, hints: Sequence[Hint]) -> None:
        if hints:
            with self._database.write(self._account) as books:
                drop_hints(books, hints)

    def _put_off(self, hints: Sequence[Hint], until: datetime) -> Followed:
        with self._database.write(self._account) as books:
            put_off_hints(books, hints, until)
        return Followed(claimed=len(hints), waiting=len(hints))


def _is_news(state: TicketState, known: Mapping[str, KnownTicket]) -> bool:
    """Whether a state is later than what is stored of its ticket."""
    before = known.get(state.facts.id)
    return before is None or epoch(state.updated_at) > before.updated_at


def _urgency(known: KnownTicket | None) -> tuple[int, int]:
    """New tickets first: nobody knows when theirs is due. Then by the next moment."""
    if known is None:
        return (0, 0)
    return (1, known.look_at) if known.look_at is not None else (2, 0)


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + _MINUTE
