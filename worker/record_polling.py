# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads calls, legs and ratings, as far as rules or settings want them.

They are read less often than tickets: nothing is due because of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from connector.base import HelpdeskError, Throttled
from connector.records import Records
from worker.logs import get_logger
from worker.pausing import is_resting
from worker.store.accounts import account_row, end_notice, raise_notice, standing_notices
from worker.store.phone_queue import keep_queue
from worker.store.records import progress, store_records

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from connector.base import Helpdesk
    from connector.records import Stream
    from worker.clock import Clock
    from worker.store.database import Database

STREAMS: Final[tuple[Stream, ...]] = ("calls", "legs", "ratings")
EVERY: Final[dict[Stream, timedelta]] = {
    "calls": timedelta(minutes=5),
    "legs": timedelta(minutes=15),
    "ratings": timedelta(hours=1),
}
"""How often a stream is read to its end."""

_AFTER_FAULT = timedelta(minutes=2)
_WHILE_ABSENT = timedelta(hours=1)
_WHAT: Final[dict[Stream, str]] = {
    "calls": "phone calls (no Talk, or no right to read it)",
    "legs": "the agents' parts of calls (no Talk, or no right to read it)",
    "ratings": "satisfaction ratings (not in the plan, or no right to read them)",
}
_log = get_logger(__name__)


class RecordPoller:
    """Reads the streams of one account beside its tickets.

    Args:
        database: where rows are stored.
        helpdesk: where they come from; one without such streams is left alone.
        clock: the helpdesk's time.
        wanted: asked before each run, as rules change.
        is_stopping: asked between two pages.
    """

    def __init__(
        self,
        database: Database,
        helpdesk: Helpdesk,
        clock: Clock,
        wanted: Callable[[], Collection[Stream]],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._database = database
        self._account = helpdesk.account
        self._source = helpdesk if isinstance(helpdesk, Records) else None
        self._clock = clock
        self._wanted = wanted
        self._is_stopping = is_stopping
        self._next: dict[Stream, datetime] = {}

    def poll(self) -> datetime | None:
        """Read what is wanted and due, each to its present end.

        Returns:
            Until when the helpdesk asks to wait; None where it does not.
        """
        source, now = self._source, self._clock.now()
        if source is None or is_resting(self._database, self._account, now):
            return None
        wanted = self._wanted()
        if "calls" in wanted:
            self._look_at_queue(source)
        for stream in STREAMS:
            if stream not in wanted or now < self._next.get(stream, now):
                continue
            try:
                self._read(source, stream)
            except Throttled as fault:
                until = self._clock.now() + timedelta(seconds=fault.retry_after)
                self._next[stream] = until
                return until
            except HelpdeskError as fault:
                self._next[stream] = self._clock.now() + _AFTER_FAULT
                _log.warning(
                    "records_unread", account=self._account, stream=stream, reason=str(fault)
                )
        return None

    def _read(self, source: Records, stream: Stream) -> None:
        with self._database.read(self._account) as books:
            cursor = progress(books, stream).cursor
            since = account_row(books).sync_from
        while not self._is_stopping():
            page = source.records(stream, cursor, since=since)
            now = self._clock.now()
            if page is None:
                self._next[stream] = now + _WHILE_ABSENT
                self._say_absent(stream, now)
                return
            with self._database.write(self._account) as books:
                stored = store_records(books, stream, page, now)
                if _notice(stream) in standing_notices(books):
                    end_notice(books, _notice(stream), now)
            _log.info("records_stored", account=self._account, stream=stream, count=stored)
            if not page.more:
                self._next[stream] = now + EVERY[stream]
                return
            cursor = page.next_cursor

    def _look_at_queue(self, source: Records) -> None:
        """Who waits at this moment; what cannot be read is not known, and no trouble."""
        try:
            queue = source.phone_queue()
        except HelpdeskError as fault:
            queue = None
            _log.warning("records_unread", account=self._account, stream="queue", reason=str(fault))
        with self._database.write(self._account) as books:
            keep_queue(books, queue, self._clock.now())

    def _say_absent(self, stream: Stream, now: datetime) -> None:
        """Once: nothing is wrong, but what is promised of it cannot be counted."""
        text = f"The helpdesk does not let us read {_WHAT[stream]}."
        with self._database.write(self._account) as books:
            is_new = raise_notice(books, _notice(stream), text, now)
        if is_new:
            _log.info("records_absent", account=self._account, stream=stream)


def _notice(stream: Stream) -> str:
    return f"no_{stream}"
