# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal notes that can be found again."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.base import Gone, Refused, WriteResult
from connector.zendesk.bodies import INVALID_CODES, marker, outcome_of_row, refusal_of
from connector.zendesk.budget import TICKETS_UPDATE
from connector.zendesk.bulk import MOST_ROWS, BulkRun, Declined, Lost, Unsent
from connector.zendesk.calls import Call
from connector.zendesk.errors import Forbidden
from connector.zendesk.jobs import Jobs
from connector.zendesk.updates import COMMENTS, MARKER, kind_of
from connector.zendesk.wire import TicketRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.base import NewNote
    from connector.zendesk.bulk import Fate
    from connector.zendesk.history import History
    from connector.zendesk.session import Session
    from connector.zendesk.wire import AuditRow

_FOOTER_DIGITS: Final = 12


class _Updated(Struct):
    ticket: TicketRow


@dataclass(frozen=True, slots=True)
class _Batch:
    """Notes of different tickets, added by one job."""

    notes: tuple[NewNote, ...]

    @property
    def size(self) -> int:
        return len(self.notes)

    @property
    def shared_ids(self) -> tuple[str, ...]:
        return ()

    def body(self) -> dict[str, object]:
        rows = [{"id": int(note.ticket_id), **_values(note)} for note in self.notes]
        return {"tickets": rows}

    def halves(self) -> tuple[_Batch, _Batch]:
        middle = len(self.notes) // 2
        return _Batch(self.notes[:middle]), _Batch(self.notes[middle:])


class Notes:
    """Adds internal notes and looks for them."""

    def __init__(self, session: Session, history: History) -> None:
        self._session = session
        self._history = history
        self._jobs = Jobs(session)

    def add(self, note: NewNote) -> None:
        """Add a private comment that carries the note's key in its metadata and in a short footer.

        Raises:
            Unavailable: it may or may not be there: ask `has` before a second try.
            HelpdeskError: it is not there.
        """
        call = Call(
            "PUT",
            f"/api/v2/tickets/{int(note.ticket_id)}",
            "/tickets/{id}",
            body={"ticket": _values(note)},
            buckets=(TICKETS_UPDATE,),
        )
        self._session.send(call, _Updated)

    def add_all(self, notes: Sequence[NewNote]) -> list[WriteResult]:
        """Add private comments through bulk jobs; one result per note, in the same order.

        Raises:
            Throttled: nothing was sent at all.
            CredentialsRejected: the connection must pause; what was sent, was sent.
        """
        bulk = BulkRun[_Batch](self._jobs)
        results: dict[NewNote, WriteResult] = {}
        waiting = list(_batches(notes))
        while waiting:
            halves: list[_Batch] = []
            for batch, fate in bulk.run(waiting):
                if isinstance(fate, Declined) and batch.size > 1:
                    halves += batch.halves()
                else:
                    results |= {note: _result(note, fate) for note in batch.notes}
            waiting = halves
        return [results[note] for note in notes]

    def has(self, ticket_id: str, key: str) -> bool:
        """Whether the ticket already carries the note with this key; False for a ticket gone.

        Raises:
            Refused: the token may not read audits, so that nobody can tell.
        """
        try:
            rows = self._history.audit_rows(ticket_id)
        except Gone:
            return False
        except Forbidden as fault:
            raise Refused(f"audits may not be read ({fault})") from None
        return any(_carries(row, key) for row in rows)


def _batches(notes: Sequence[NewNote]) -> Iterator[_Batch]:
    """At most a hundred rows each; a ticket with several notes has one in each batch.

    Results are told by the ticket's number, so it may stand in a batch only once.
    """
    layers: list[list[NewNote]] = []
    seen: Counter[str] = Counter()
    for note in dict.fromkeys(notes):
        layer = seen[note.ticket_id]
        seen[note.ticket_id] += 1
        if layer == len(layers):
            layers.append([])
        layers[layer].append(note)
    for rows in layers:
        for start in range(0, len(rows), MOST_ROWS):
            yield _Batch(tuple(rows[start : start + MOST_ROWS]))


def _values(note: NewNote) -> dict[str, object]:
    comment = {"body": f"{note.text}\n\n{_footer(note.key)}", "public": False}
    return {"comment": comment, "metadata": marker(_digest(note.key))}


def _result(note: NewNote, fate: Fate) -> WriteResult:
    if isinstance(fate, Unsent):
        return WriteResult(note.ticket_id, "unsent", fate.why)
    if isinstance(fate, Lost):
        return WriteResult(note.ticket_id, "error", "no answer")
    if isinstance(fate, Declined):
        return refusal_of(note.ticket_id, fate.fault)
    row = fate.rows.get(int(note.ticket_id))
    if row is None:
        return WriteResult(note.ticket_id, "error", "no result")
    found = outcome_of_row(row, note.ticket_id)
    if found is None and row.error in INVALID_CODES:
        # Why, only prose tells: most likely the ticket is closed. No later try would differ.
        return WriteResult(note.ticket_id, "refused", row.error or "")
    return found or WriteResult(note.ticket_id, "error", row.error or "no result")


def _carries(row: AuditRow, key: str) -> bool:
    custom = (row.metadata or {}).get("custom")
    mark = custom.get(MARKER) if isinstance(custom, dict) else None
    if isinstance(mark, dict) and mark.get("note") == _digest(key):
        return True
    return any(
        kind_of(child) in COMMENTS and _footer(key) in str(child.get("body"))
        for child in row.events
    )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _footer(key: str) -> str:
    return f"[stipt {_digest(key)[:_FOOTER_DIGITS]}]"
