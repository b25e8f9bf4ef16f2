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
    always,
)
from connector.zendesk import bodies
from connector.zendesk.budget import TICKETS_UPDATE
from connector.zendesk.bulk import MOST_ROWS, BulkRun, Ended, Lost, Unsent
from connector.zendesk.calls import Call
from connector.zendesk.errors import Stopped
from connector.zendesk.jobs import Jobs
from connector.zendesk.wire import TicketRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from connector.base import TicketState, WriteOutcome
    from connector.zendesk.bodies import Draft
    from connector.zendesk.directory import Directory
    from connector.zendesk.session import Session
    from connector.zendesk.wire import JobResult
    from rules.changes import TicketChange

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

    @property
    def size(self) -> int:
        return len(self.drafts)

    @property
    def shared_ids(self) -> tuple[str, ...]:
        return self.ids if self.tag is not None else ()

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

    def put(self, result: WriteResult) -> None:
        held = self.results.get(result.ticket_id)
        self.results[result.ticket_id] = result if held is None else _together(held, result)


def _together(first: WriteResult, second: WriteResult) -> WriteResult:
    """What both results of one ticket come to."""
    both = (first, second)
    told = [one for one in both if one.outcome not in ("written", "equal", "unsent")]
    unsent = [one for one in both if one.outcome == "unsent"]
    if told or not unsent:
        return next((one for one in told if one.outcome == "error"), (*told, first)[0])
    if len(unsent) == len(both):
        return first
    # The row went out and the tag did not: what is there is read before the next try.
    return WriteResult(first.ticket_id, "error", unsent[0].detail)


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

    def write(
        self, changes: Sequence[TicketChange], *, goes_on: Callable[[], bool] = always
    ) -> list[WriteResult]:
        """Carry out changes in bulk; one result per ticket, in the same order.

        `goes_on` is asked before every job; after a no the rest is `unsent`.

        Raises:
            Throttled: nothing was sent at all; else what was not gets the outcome `unsent`.
            CredentialsRejected: the connection must pause; what was sent, was sent.
        """
        run, bulk = _Run(), BulkRun[_Batch](self._jobs, goes_on)
        waiting = list(_batches(self._drafts(changes, run)))
        for _ in range(_TRIES):
            # Rows first: a tag added meanwhile would make their safe updates conflict.
            self._run_all([batch for batch in waiting if batch.tag is None], bulk, run)
            self._run_all([batch for batch in waiting if batch.tag is not None], bulk, run)
            self._settle(run)
            waiting, run.again = run.again, []
            if not waiting:
                break
        for batch in waiting:
            self._fail(batch, "error", "no answer", run)
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
        except (Conflict, Gone, Refused) as error:
            return bodies.refusal_of(change.ticket_id, error)
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

    def _run_all(self, batches: Sequence[_Batch], bulk: BulkRun[_Batch], run: _Run) -> None:
        """Run batches; one that is refused as a whole is halved until the culprit is alone."""
        waiting = list(batches)
        while waiting:
            halves: list[_Batch] = []
            for batch, fate in bulk.run(waiting):
                if isinstance(fate, Ended):
                    for item in batch.drafts:
                        row = fate.rows.get(int(item.change.ticket_id))
                        self._judge(item.change, row, run)
                elif isinstance(fate, Lost):
                    run.again.append(batch)  # it may have been queued: compare first
                elif isinstance(fate, Unsent):
                    self._fail(batch, "unsent", fate.why, run)
                elif batch.size > 1:
                    halves += batch.halves()
                else:
                    run.put(bodies.refusal_of(batch.ids[0], fate.fault))
            waiting = halves

    def _judge(self, change: TicketChange, row: JobResult | None, run: _Run) -> None:
        result = bodies.outcome_of_row(row, change.ticket_id) if row is not None else None
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
    def _fail(batch: _Batch, outcome: WriteOutcome, why: str, run: _Run) -> None:
        for item in batch.drafts:
            run.put(WriteResult(item.change.ticket_id, outcome, why))


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
