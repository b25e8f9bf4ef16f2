# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends what waits in the outbox: claim, look whether it is still needed, send, mark."""

from __future__ import annotations

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
from worker.logs import get_logger
from worker.outbox import SendResult
from worker.pausing import pause_connection
from worker.store.messages import (
    Retry,
    claim_messages,
    finish_message,
    is_claimed,
    is_still_needed,
    retry_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.clock import Clock
    from worker.outbox import Claimed, OutboxMessage, Sender
    from worker.store.database import Database

LEASE = 60
"""Seconds; twice what the slowest send may take."""

_WAITS = tuple(timedelta(seconds=one) for one in (5, 60, 300, 1800, 7200, 18000, 36000, 36000))
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a batch of messages."""

    claimed: int = 0
    sent: int = 0
    dropped: int = 0
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
        """Claim and send messages that are due, one after the other."""
        with self._database.write(self._account) as books:
            claimed = claim_messages(books, self._clock.now(), limit, LEASE)
        crash_point("outbox-claimed")
        counts = {"sent": 0, "dropped": 0, "waiting": 0, "dead": 0}
        for one in claimed:
            if self._is_stopping():
                self._give_back(one)
                continue
            outcome = self._deliver(one)
            if outcome in counts:
                counts[outcome] += 1
        return Sent(claimed=len(claimed), **counts)

    def _deliver(self, one: Claimed) -> str:
        with self._database.read(self._account) as books:
            if not is_claimed(books, one):
                return "lost"
            needed = is_still_needed(books, one.message)
        if not needed:
            return self._finish(one, "dropped", "no longer needed")
        crash_point("before-send")
        result = self._send(one)
        crash_point("sent-not-marked")
        return self._record(one, result)

    def _send(self, one: Claimed) -> SendResult:
        try:
            return self._attempt(one.message)
        except Throttled as wait:
            return SendResult("temporary", str(wait), retry_after=wait.retry_after)
        except CredentialsRejected as fault:
            pause_connection(self._database, self._account, fault, self._clock.now())
            return SendResult("temporary", str(fault))
        except HelpdeskError as fault:
            final = isinstance(fault, Gone | Refused)
            return SendResult("permanent" if final else "ambiguous", str(fault))
        except Exception as fault:  # noqa: BLE001 -- a bug in one channel must not stop the others
            _log.exception("message_failed", message_id=one.message.id)
            return SendResult("ambiguous", f"a fault of Stipt: {type(fault).__name__}")

    def _attempt(self, message: OutboxMessage) -> SendResult:
        if message.may_be_repeat:
            crash_point("before-read-back")
            if self._sender.was_sent(message):
                return SendResult("sent", "an earlier try had arrived")
        return self._sender.send(message)

    def _record(self, one: Claimed, result: SendResult) -> str:
        if result.outcome == "sent":
            outcome = self._finish(one, "sent", result.detail)
            crash_point("marked")
            return outcome
        attempt = one.message.attempt
        if result.outcome == "permanent":
            return self._bury(one, result.detail)
        # A wait that was asked for says nothing of an earlier try that may have arrived.
        arrived = result.outcome == "ambiguous"
        if result.retry_after is not None:
            arrived = arrived or one.message.may_be_repeat
            due = self._clock.now() + timedelta(seconds=result.retry_after)
            return self._retry(one, Retry(due, result.detail, arrived, counts=False))
        if attempt > len(_WAITS):
            return self._bury(one, result.detail)
        due = self._clock.now() + _WAITS[attempt - 1]
        return self._retry(one, Retry(due, result.detail, arrived))

    def _bury(self, one: Claimed, detail: str) -> str:
        _log.error(
            "message_dead",
            message_id=one.message.id,
            ticket_id=one.message.ticket_id,
            recipient=one.message.recipient,
            attempt=one.message.attempt,
            reason=detail,
        )
        return self._finish(one, "dead", detail)

    def _finish(self, one: Claimed, state: str, detail: str) -> str:
        with self._database.write(self._account) as books:
            kept = finish_message(books, one, state, detail, self._clock.now())
        return state if kept else "lost"

    def _give_back(self, one: Claimed) -> None:
        message = one.message
        now = self._clock.now()
        self._retry(one, Retry(now, "the worker stopped", message.may_be_repeat, counts=False))

    def _retry(self, one: Claimed, retry: Retry) -> str:
        with self._database.write(self._account) as books:
            kept = retry_message(books, one, retry)
        return "waiting" if kept else "lost"
