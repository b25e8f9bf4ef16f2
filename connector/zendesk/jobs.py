# SPDX-License-Identifier: GPL-3.0-or-later
"""Background jobs: start a few, wait as long as they need, read what became of every row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.base import Gone, Throttled, Unavailable
from connector.zendesk.calls import Call
from connector.zendesk.errors import Stopped
from connector.zendesk.wire import JobRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.zendesk.session import Session

_FINAL: Final = frozenset({"completed", "failed", "killed"})
_SLOWEST_ROWS_PER_S: Final = 5.0
"""Recorded: 5 to 13 rows a second. Waiting for the slowest costs one poll, not three."""

_QUEUE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 60.0
_PATIENCE: Final = timedelta(minutes=10)


class _Started(Struct):
    job_status: JobRow


class _Jobs(Struct):
    job_statuses: list[JobRow]


class Jobs:
    """Starts `update_many` jobs and follows them.

    `is_stopped` says of the last wait that it ended because we were told to stop.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.is_stopped = False

    def start(self, body: Mapping[str, object], ids: Sequence[str] = ()) -> str:
        """Queue an update of many tickets; returns the job's id.

        Raises:
            Unavailable: it may or may not have been queued.
            CodedRefusal: the batch as a whole was refused.
        """
        call = Call(
            "PUT",
            "/api/v2/tickets/update_many",
            "/tickets/update_many",
            params={"ids": ",".join(ids)} if ids else {},
            body=dict(body),
        )
        return self._session.send(call, _Started).job_status.id

    def finish(self, sizes: Mapping[str, int]) -> dict[str, JobRow]:
        """Wait until jobs have ended; one call reads all of them.

        Args:
            sizes: number of rows by job id.

        Returns:
            Those that ended. A job that is missing here is stuck, or its record
            is gone: only the tickets can tell what it did.
        """
        self.is_stopped = False
        ended: dict[str, JobRow] = {}
        open_jobs = dict(sizes)
        gives_up_at = self._session.now() + _PATIENCE
        wait = _QUEUE_S + max(sizes.values(), default=0) / _SLOWEST_ROWS_PER_S
        searched = False
        while open_jobs and self._session.now() < gives_up_at:
            try:
                self._session.pause(wait)
                met = self._read(open_jobs)
                if len(met) < len(open_jobs):
                    if searched:
                        break
                    searched = True
                    met |= self._search(open_jobs)
            except Stopped:
                self.is_stopped = True
                break
            except Throttled as throttled:
                wait = min(throttled.retry_after, _LONGEST_PAUSE_S)
                continue
            except (Unavailable, Gone):
                wait = _next_wait(wait)
                continue
            for ident, job in met.items():
                if job.status in _FINAL:
                    ended[ident] = job
                    open_jobs.pop(ident, None)
            wait = max(_next_wait(wait) if not met else _still_needed(met, open_jobs), _QUEUE_S)
        return ended

    def _read(self, ids: Mapping[str, int]) -> dict[str, JobRow]:
        call = Call(
            "GET",
            "/api/v2/job_statuses/show_many",
            "/job_statuses/show_many",
            params={"ids": ",".join(ids)},
        )
        return _by_id(self._session.get(call, _Jobs), ids)

    def _search(self, ids: Mapping[str, int]) -> dict[str, JobRow]:
        """Under load an id may stop resolving while the list still has the job."""
        call = Call("GET", "/api/v2/job_statuses", "/job_statuses")
        return _by_id(self._session.get(call, _Jobs), ids)


def _by_id(jobs: _Jobs, wanted: Mapping[str, int]) -> dict[str, JobRow]:
    return {job.id: job for job in jobs.job_statuses if job.id in wanted}


def _still_needed(met: Mapping[str, JobRow], open_jobs: Mapping[str, int]) -> float:
    """Seconds that the slowest open job needs for its remaining rows."""
    left = [
        rows - (met[ident].progress or 0) if ident in met else rows
        for ident, rows in open_jobs.items()
    ]
    return min(max(left, default=0) / _SLOWEST_ROWS_PER_S + 1.0, _LONGEST_PAUSE_S)


def _next_wait(wait: float) -> float:
    return min(max(wait, _QUEUE_S) * 2, _LONGEST_PAUSE_S)
