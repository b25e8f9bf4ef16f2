# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of rows through bulk jobs: a few at a time, each with its fate at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from connector.base import Conflict, Gone, Refused, Throttled, Unavailable, always

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.zendesk.jobs import Jobs
    from connector.zendesk.wire import JobResult, JobRow

MOST_ROWS: Final = 100
JOBS_AT_ONCE: Final = 3
"""An account may have 30 open jobs, all its tools together."""


class Batch(Protocol):
    """What one job does to at most `MOST_ROWS` tickets."""

    @property
    def size(self) -> int:
        """How many tickets."""

    @property
    def shared_ids(self) -> tuple[str, ...]:
        """The tickets, where one change is meant for all of them; else nothing."""

    def body(self) -> Mapping[str, object]:
        """The body of the call."""


B = TypeVar("B", bound=Batch)


@dataclass(frozen=True, slots=True)
class Ended:
    """The job came to an end, or its record is gone; `rows` are the results by ticket number."""

    rows: Mapping[int, JobResult]


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer: the job may have been queued all the same."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """Nothing was asked for: the helpdesk makes us wait, or we were told to stop."""

    why: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The batch was refused as a whole; nothing of it was done."""

    fault: Refused | Gone | Conflict


Fate = Ended | Lost | Unsent | Declined


class BulkRun(Generic[B]):
    """Runs batches through jobs. Remembers whether any has been sent, and whether to stop.

    `goes_on` is asked before every job: whoever was frozen in between may find
    that another has taken over the work.
    """

    def __init__(self, jobs: Jobs, goes_on: Callable[[], bool] = always) -> None:
        self._jobs = jobs
        self._goes_on = goes_on
        self._has_sent = False
        self._is_stopped = False

    def run(self, batches: Sequence[B]) -> list[tuple[B, Fate]]:
        """Start a few jobs, wait for them, start the next few; every batch with its fate.

        Raises:
            Throttled: nothing at all has been sent in this run so far.
            CredentialsRejected: the connection must pause.
        """
        fates: list[tuple[B, Fate]] = []
        waiting = list(batches)
        while waiting:
            if self._is_stopped:
                return [*fates, *((left, Unsent("the worker stopped")) for left in waiting)]
            running: dict[str, B] = {}
            while waiting and len(running) < JOBS_AT_ONCE:
                batch = waiting.pop(0)
                fate = self._start(batch, running)
                if fate is not None:
                    fates.append((batch, fate))
                if isinstance(fate, Unsent):
                    fates += [(left, fate) for left in waiting]
                    waiting = []
            fates += self._finish(running)
        return fates

    def _start(self, batch: B, running: dict[str, B]) -> Fate | None:
        """Queue a batch; its fate where that is known at once."""
        if not self._goes_on():
            return Unsent("another worker has taken it over")
        try:
            running[self._jobs.start(batch.body(), batch.shared_ids)] = batch
        except Throttled as throttled:
            if not self._has_sent:
                raise
            return Unsent(str(throttled))
        except Unavailable:
            self._has_sent = True
            return Lost()
        except (Refused, Gone, Conflict) as fault:
            return Declined(fault)
        self._has_sent = True
        return None

    def _finish(self, running: Mapping[str, B]) -> list[tuple[B, Fate]]:
        if not running:
            return []
        ended = self._jobs.finish({ident: batch.size for ident, batch in running.items()})
        self._is_stopped = self._jobs.is_stopped
        return [(batch, Ended(_rows_of(ended.get(ident)))) for ident, batch in running.items()]


def _rows_of(job: JobRow | None) -> dict[int, JobResult]:
    if job is None or not isinstance(job.results, list):
        return {}
    return {row.id: row for row in job.results if row.id is not None}
