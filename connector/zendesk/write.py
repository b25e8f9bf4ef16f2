# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out changes: in bulk through jobs, or one urgent change with a single call.

Every ticket gets a result of its own. Where an answer is unclear (the
connection died, a job's record is gone, a row failed in a way that only prose
explains) the tickets are read again and compared before anything is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.base import (
    Conflict,
    Gone,
    Refused,
    Throttled,
    Unavailable,
    WriteResult,
)
from connector.zendesk import bodies
from connector.zendesk.budget import TICKETS_UPDATE
from connector.zendesk.calls import Call
from connector.zendesk.errors import CodedRefusal, Stopped
from connector.zendesk.jobs import Jobs
from connector.zendesk.wire import TicketRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from connector.base import TicketState
    from connector.zendesk.bodies import Draft
    from connector.zendesk.directory import Directory
    from connector.zendesk.session import Session
    from connector.zendesk.wire import JobResult, JobRow
    from rules.changes import TicketChange

MOST_ROWS: Final = 100
JOBS_AT_ONCE: Final = 3
"""An account may have 30 open jobs, all its tools together."""

_TRIES: Final = 2
_SETTLE_S: Final = 20.0
"""A batch whose answer was lost may still be running: look after this time."""


class _Updated(Struct):
    ticket: TicketRow


class _Nothing(Struct):
    tags: list[str] | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one job does: rows of their own values, or one tag for all tickets."""

    drafts: tuple[Draft, ...]
    tag: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(item.change.ticket_id for item in self.drafts)

    def body(self) -> dict[str, object]:
        if self.tag is not None:
            return {"ticket": {"additional_tags": [self.tag], "metadata": bodies.marker()}}
        return {"tickets": [item.row for item in self.drafts]}

    def halves(self) -> tuple[_Batch, _Batch]:
        middle = len(self.drafts) // 2
        return (_Batch(self.drafts[:middle], self.tag), _Batch(self.drafts[middle:], self.tag))


@dataclass(slots=True)
class _Run:
    """What is known so far of one call of `write`. The worse of two outcomes of a ticket stays."""

    results: dict[str, WriteResult] = field(default_factory=dict)
    unclear: dict[str, tuple[TicketChange, str]] = field(default_factory=dict)
    again: list[_Batch] = field(default_factory=list)
    started: bool = False

    def put(self, result: WriteResult) -> None:
        held = self.results.get(result.ticket_id)
        if held is None or held.outcome == "written":
            self.results[result.ticket_id] = result


class Writer:
    """Writes changes to tickets. `read` gives present states in bulk."""

    def __init__(
        self,
        session: Session,
        directory: Directory,
        read: Callable[[Sequence[str]], list[TicketState]],
    ) -> None:
        self._session = session
        self._directory = directory
        self._read = read
        self._jobs = Jobs(session)

    def write(self, changes: Sequence[TicketChange]) -> list[WriteResult]:
        """Carry out changes in bulk; one result per ticket, in the same order.

        Raises:
            Throttled: nothing was sent at all; else unsent changes get the outcome `error`.
            CredentialsRejected: the connection must pause; what was sent, was sent.
        """
        run = _Run()
        waiting = list(_batches(self._drafts(changes, run)))
        for _ in range(_TRIES):
            # Rows first: a tag added meanwhile would make their safe updates conflict.
            self._run_all([batch for batch in waiting if batch.tag is None], run)
            self._run_all([batch for batch in waiting if batch.tag is not None], run)
            self._settle(run)
            waiting, run.again = run.again, []
            if not waiting:
                break
        for batch in waiting:
            self._fail(batch, "no answer", run)
        return [
            run.results.get(change.ticket_id) or WriteResult(change.ticket_id, "equal")
            for change in changes
        ]

    def write_one(self, change: TicketChange) -> WriteResult:
        """Carry out one urgent change with a single call (two where a tag is added).

        Raises:
            Throttled: nothing was sent.
            CredentialsRejected: the connection must pause.
        """
        try:
            draft = bodies.draft(change, self._directory.ready())
        except bodies.Unwritable as error:
            return WriteResult(change.ticket_id, "refused", str(error))
        result = self._try_one(draft)
        return self._try_one(draft) if result.outcome == "error" else result

    def _try_one(self, draft: Draft) -> WriteResult:
        """One try; `error` where the ticket, read back, does not hold the change."""
        change = draft.change
        try:
            self._send_one(draft)
        except Unavailable as error:
            states = self._read([change.ticket_id])
            return bodies.outcome_of_state(next(iter(states), None), change, str(error))
        except Conflict as error:
            return WriteResult(change.ticket_id, "conflict", str(error))
        except Gone as error:
            return WriteResult(change.ticket_id, "gone", str(error))
        except Refused as error:
            code = error.code if isinstance(error, CodedRefusal) else str(error)
            return bodies.refusal(change.ticket_id, error.keys, code)
        return WriteResult(change.ticket_id, "written")

    def _send_one(self, draft: Draft) -> None:
        number = int(draft.change.ticket_id)
        if draft.values:
            call = Call(
                "PUT",
                f"/api/v2/tickets/{number}",
                "/tickets/{id}",
                body={"ticket": draft.values},
                buckets=(TICKETS_UPDATE,),
            )
            self._session.send(call, _Updated)
        if draft.tags:
            call = Call(
                "PUT",
                f"/api/v2/tickets/{number}/tags",
                "/tickets/{id}/tags",
                body={"tags": list(draft.tags)},
                buckets=(TICKETS_UPDATE,),
            )
            self._session.send(call, _Nothing)

    def _drafts(self, changes: Sequence[TicketChange], run: _Run) -> list[Draft]:
        names = self._directory.ready()
        drafts: list[Draft] = []
        for change in changes:
            try:
                drafts.append(bodies.draft(change, names))
            except bodies.Unwritable as error:
                run.put(WriteResult(change.ticket_id, "refused", str(error)))
        return drafts

    def _run_all(self, batches: list[_Batch], run: _Run) -> None:
        """Start a few jobs, wait for them, start the next few."""
        waiting = list(batches)
        while waiting:
            running: dict[str, _Batch] = {}
            while waiting and len(running) < JOBS_AT_ONCE:
                batch = waiting.pop(0)
                try:
                    running[self._jobs.start(batch.body(), _bulk_ids(batch))] = batch
                    run.started = True
                except Throttled as throttled:
                    if not run.started:
                        raise
                    for unsent in (batch, *waiting):
                        self._fail(unsent, str(throttled), run)
                    waiting = []
                except Unavailable:
                    run.started = True
                    run.again.append(batch)  # it may have been queued: compare first
                except (Refused, Gone, Conflict) as refused:
                    waiting = [*self._split(batch, refused, run), *waiting]
            self._collect(running, run)

    def _split(self, batch: _Batch, refused: Exception, run: _Run) -> tuple[_Batch, ...]:
        """A batch that was refused as a whole: too large, or one row spoils it."""
        if len(batch.drafts) > 1:
            return batch.halves()
        keys = refused.keys if isinstance(refused, Refused) else ()
        code = refused.code if isinstance(refused, CodedRefusal) else str(refused)
        run.put(bodies.refusal(batch.ids[0], keys, code))
        return ()

    def _collect(self, running: dict[str, _Batch], run: _Run) -> None:
        if not running:
            return
        ended = self._jobs.finish({ident: len(batch.drafts) for ident, batch in running.items()})
        for ident, batch in running.items():
            rows = _rows_of(ended.get(ident))
            for item in batch.drafts:
                row = rows.get(int(item.change.ticket_id))
                self._judge(item.change, row, run)

    def _judge(self, change: TicketChange, row: JobResult | None, run: _Run) -> None:
        result = bodies.outcome_of_row(row, change) if row is not None else None
        if result is not None:
            run.put(result)
        else:
            code = (row.error or "") if row is not None else "no result"
            run.unclear[change.ticket_id] = (change, code)

    def _settle(self, run: _Run) -> None:
        """Read again every ticket whose outcome is unclear, and decide."""
        doubted = [item for batch in run.again for item in batch.drafts]
        wanted = dict.fromkeys([*run.unclear, *(item.change.ticket_id for item in doubted)])
        if not wanted:
            return
        try:
            if doubted:
                self._session.pause(_SETTLE_S)
            states = {state.facts.id: state for state in self._read(list(wanted))}
        except (Stopped, Throttled, Unavailable) as error:
            self._leave_open(run, doubted, str(error))
            return
        for ticket_id, (change, code) in run.unclear.items():
            run.put(bodies.outcome_of_state(states.get(ticket_id), change, code))
        run.unclear = {}
        run.again = [
            _Batch(left, batch.tag)
            for batch in run.again
            if (left := tuple(_not_done(batch.drafts, states, run)))
        ]

    @staticmethod
    def _leave_open(run: _Run, doubted: list[Draft], why: str) -> None:
        for ticket_id in [*run.unclear, *(item.change.ticket_id for item in doubted)]:
            run.put(WriteResult(ticket_id, "error", why))
        run.unclear, run.again = {}, []

    @staticmethod
    def _fail(batch: _Batch, why: str, run: _Run) -> None:
        for item in batch.drafts:
            run.put(WriteResult(item.change.ticket_id, "error", why))


def _not_done(
    drafts: Iterable[Draft], states: dict[str, TicketState], run: _Run
) -> Iterator[Draft]:
    """Drafts that a lost batch did not carry out; the others get their result."""
    for item in drafts:
        state = states.get(item.change.ticket_id)
        result = bodies.outcome_of_state(state, item.change, "no answer")
        if result.outcome == "error":
            yield item
        else:
            run.put(result)


def _batches(drafts: Sequence[Draft]) -> Iterator[_Batch]:
    """Rows of at most a hundred; then, tag by tag, the tickets that get it.

    A batch of rows could only replace a ticket's whole list of tags; the form
    for many tickets adds to it.
    """
    rows = [item for item in drafts if item.values]
    for start in range(0, len(rows), MOST_ROWS):
        yield _Batch(tuple(rows[start : start + MOST_ROWS]))
    for tag in dict.fromkeys(tag for item in drafts for tag in item.tags):
        tagged = [item for item in drafts if tag in item.tags]
        for start in range(0, len(tagged), MOST_ROWS):
            yield _Batch(tuple(tagged[start : start + MOST_ROWS]), tag)


def _bulk_ids(batch: _Batch) -> tuple[str, ...]:
    return batch.ids if batch.tag is not None else ()


def _rows_of(job: JobRow | None) -> dict[int, JobResult]:
    if job is None or not isinstance(job.results, list):
        return {}
    return {row.id: row for row in job.results if row.id is not None}
