# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends what waits in the outbox: claim, look whether it is still needed, send, mark."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.base import (
    CredentialsRejected,
    Gone,
    HelpdeskError,
    Refused,
    Throttled,
)
from worker.crash import crash_point
from worker.keeping import kept_claims
from worker.logs import get_logger
from worker.outbox import SendResult
from worker.pausing import pause_connection
from worker.store.accounts import account_row
from worker.store.messages import (
    Retry,
    claim_messages,
    finish_message,
    retry_message,
    still_claimed,
    still_needed,
)
from worker.store.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.clock import Clock
    from worker.outbox import Claimed, Sender
    from worker.store.database import Books, Database

LEASE = 60
"""Seconds; twice what the slowest send may take, renewed while a batch is under way."""

NOTES_AT_ONCE = 300
"""Three bulk jobs: the connector runs them side by side and polls them with one call."""

_WAITS = tuple(timedelta(seconds=one) for one in (5, 60, 300, 1800, 7200, 18000, 36000, 36000))
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a batch of messages; `nobody`: those that concerned no one."""

    claimed: int = 0
    sent: int = 0
    dropped: int = 0
    nobody: int = 0
    waiting: int = 0
    dead: int = 0


class Outbox:
    """The outbox of one account.

    Args:
        database: where the rows are.
        account: whose rows.
        sender: carries messages to people.
        clock: tells what is due.
        is_stopping: asked between two messages.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        sender: Sender,
        clock: Clock,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._database = database
        self._account = account
        self._sender = sender
        self._clock = clock
        self._is_stopping = is_stopping

    def send_due(self, limit: int = 20) -> Sent:
        """Claim and send messages that are due, one after the other; notes are not among them."""
        claimed = self._claim(limit, notes=False)
        if not claimed:
            return Sent()
        counts: Counter[str] = Counter()
        with kept_claims(self._database, self._account, outbox, claimed[0].token, LEASE):
            for one in claimed:
                if self._is_stopping():
                    self._give_back([one])
                else:
                    counts += self._deliver(one)
        return _sent(len(claimed), counts)

    def add_due_notes(self) -> Sent:
        """Claim internal notes that are due and add them in bulk."""
        claimed = self._claim(NOTES_AT_ONCE, notes=True)
        if not claimed:
            return Sent()
        if self._is_stopping():
            self._give_back(claimed)
            return Sent(claimed=len(claimed))
        with kept_claims(self._database, self._account, outbox, claimed[0].token, LEASE):
            counts = self._add_notes(claimed)
        return _sent(len(claimed), counts)

    def _claim(self, limit: int, *, notes: bool) -> list[Claimed]:
        with self._database.write(self._account) as books:
            if notes and account_row(books).paused_at is not None:
                return []
            claimed = claim_messages(books, self._clock.now(), limit, LEASE, notes=notes)
        if claimed:
            crash_point("outbox-claimed")
        return claimed

    def _deliver(self, one: Claimed) -> Counter[str]:
        needed, counts = self._sort_out([one])
        if not needed:
            return counts
        result = self._found(one) if one.message.may_be_repeat else None
        if result is None:
            crash_point("before-send")
            result = self._attempt([one], lambda: [self._sender.send(one.message)])[0]
            crash_point("sent-not-marked")
        return counts + self._record([(one, result)])

    def _add_notes(self, claimed: Sequence[Claimed]) -> Counter[str]:
        needed, counts = self._sort_out(claimed)
        looked = {one.message.id: self._found(one) for one in needed if one.message.may_be_repeat}
        known = [
            (one, result) for one in needed if (result := looked.get(one.message.id)) is not None
        ]
        counts += self._record(known)
        fresh = [one for one in needed if looked.get(one.message.id) is None]
        if not fresh:
            return counts
        crash_point("before-send")
        messages = [one.message for one in fresh]
        results = self._attempt(fresh, lambda: self._sender.send_notes(messages))
        crash_point("sent-not-marked")
        return counts + self._record(list(zip(fresh, results, strict=True)))

    def _sort_out(self, claimed: Sequence[Claimed]) -> tuple[list[Claimed], Counter[str]]:
        """Those that are still ours and still needed; the ones that are not are closed."""
        with self._database.read(self._account) as books:
            ours = still_claimed(books, claimed)
            needed = still_needed(books, [one.message for one in claimed])
        mine = [one for one in claimed if one.message.id in ours]
        counts: Counter[str] = Counter()
        idle = [one for one in mine if one.message.id not in needed]
        if idle:
            with self._database.write(self._account) as books:
                for one in idle:
                    counts[self._finish(books, one, "dropped", "no longer needed")] += 1
        return [one for one in mine if one.message.id in needed], counts

    def _found(self, one: Claimed) -> SendResult | None:
        """Whether an earlier try had arrived; None where it had not, or nobody can tell."""
        crash_point("before-read-back")

        def look() -> list[SendResult]:
            was_sent = self._sender.was_sent(one.message)
            return [SendResult("sent", "an earlier try had arrived")] if was_sent else []

        found = self._attempt([one], look)
        return found[0] if found else None

    def _attempt(
        self, claimed: Sequence[Claimed], deed: Callable[[], list[SendResult]]
    ) -> list[SendResult]:
        """The results of a deed; a fault is the same result for every message."""
        try:
            return deed()
        except Exception as fault:  # noqa: BLE001 -- a bug in one channel must not stop the others
            return [self._result_of(fault, claimed[0])] * len(claimed)

    def _result_of(self, fault: Exception, one: Claimed) -> SendResult:
        if isinstance(fault, Throttled):
            return SendResult("temporary", str(fault), retry_after=fault.retry_after)
        if isinstance(fault, CredentialsRejected):
            pause_connection(self._database, self._account, fault, self._clock.now())
            return SendResult("temporary", str(fault))
        if isinstance(fault, HelpdeskError):
            final = isinstance(fault, Gone | Refused)
            return SendResult("permanent" if final else "ambiguous", str(fault))
        _log.error("message_failed", message_id=one.message.id, exc_info=fault)
        return SendResult("ambiguous", f"a fault of Stipt: {type(fault).__name__}")

    def _record(self, results: Sequence[tuple[Claimed, SendResult]]) -> Counter[str]:
        counts: Counter[str] = Counter()
        if not results:
            return counts
        with self._database.write(self._account) as books:
            for one, result in results:
                counts[self._mark(books, one, result)] += 1
        crash_point("marked")
        return counts

    def _mark(self, books: Books, one: Claimed, result: SendResult) -> str:
        if result.outcome in ("sent", "nobody"):
            return self._finish(books, one, result.outcome, result.detail)
        attempt = one.message.attempt
        if result.outcome == "permanent":
            return self._bury(books, one, result.detail)
        # A try that certainly failed says nothing of an earlier one that may have arrived.
        arrived = result.outcome == "ambiguous" or one.message.may_be_repeat
        if result.retry_after is not None:
            due = self._clock.now() + timedelta(seconds=result.retry_after)
            return self._retry(books, one, Retry(due, result.detail, arrived, counts=False))
        if attempt > len(_WAITS):
            return self._bury(books, one, result.detail)
        due = self._clock.now() + _WAITS[attempt - 1]
        return self._retry(books, one, Retry(due, result.detail, arrived))

    def _bury(self, books: Books, one: Claimed, detail: str) -> str:
        _log.error(
            "message_dead",
            message_id=one.message.id,
            ticket_id=one.message.ticket_id,
            recipient=one.message.recipient,
            attempt=one.message.attempt,
            reason=detail,
        )
        return self._finish(books, one, "dead", detail)

    def _finish(self, books: Books, one: Claimed, state: str, detail: str) -> str:
        kept = finish_message(books, one, state, detail, self._clock.now())
        return state if kept else "lost"

    def _give_back(self, claimed: Sequence[Claimed]) -> None:
        now = self._clock.now()
        with self._database.write(self._account) as books:
            for one in claimed:
                was_doubtful = one.message.may_be_repeat
                retry = Retry(now, "the worker stopped", was_doubtful, counts=False)
                self._retry(books, one, retry)

    def _retry(self, books: Books, one: Claimed, retry: Retry) -> str:
        return "waiting" if retry_message(books, one, retry) else "lost"


def _sent(claimed: int, counts: Counter[str]) -> Sent:
    return Sent(
        claimed=claimed,
        sent=counts["sent"],
        dropped=counts["dropped"],
        nobody=counts["nobody"],
        waiting=counts["waiting"],
        dead=counts["dead"],
    )
