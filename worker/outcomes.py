# SPDX-License-Identifier: GPL-3.0-or-later
"""What each try to tell somebody means for the message's row, and for its recipient's others."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.base import CredentialsRejected, Gone, HelpdeskError, Refused, Throttled
from worker.crash import crash_point
from worker.logs import get_logger
from worker.outbox import NOTE, SendResult
from worker.pausing import pause_connection
from worker.store.accounts import end_notice, raise_notice
from worker.store.messages import Retry, finish_messages, retry_message
from worker.store.recipient_states import failed, worked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from worker.clock import Clock
    from worker.outbox import Claimed
    from worker.store.database import Books, Database

DEAD = "messages_dead"
"""The notice that messages were given up."""

_WAITS = tuple(timedelta(seconds=one) for one in (5, 60, 300, 1800, 7200, 18000, 36000, 36000))
_SETTING_EVERY = timedelta(minutes=5)
_SETTING_FOR = timedelta(hours=24)
"""How long a message waits for an operator to mend a setting."""

_ENDED = frozenset({"sent", "nobody"})
_TROUBLES = frozenset({"temporary", "ambiguous", "setting"})
_log = get_logger(__name__)


def recipient_notice(recipient: str) -> str:
    """The name of the notice that a recipient is not reached."""
    return f"recipient_{recipient}"


class Outcomes:
    """Marks the rows of one account's messages.

    Args:
        database: where the rows are.
        account: whose rows.
        clock: tells when to try again.
    """

    def __init__(self, database: Database, account: str, clock: Clock) -> None:
        self._database = database
        self._account = account
        self._clock = clock
        self._troubled: set[str] = set()

    def attempt(
        self, claimed: Sequence[Claimed], deed: Callable[[], list[SendResult]]
    ) -> list[SendResult]:
        """The results of a deed; a fault is the same result for every message."""
        try:
            return deed()
        except Exception as fault:  # noqa: BLE001 -- a bug in one channel must not stop the others
            return [self._result_of(fault, claimed[0])] * len(claimed)

    def expect_trouble(self, recipients: Collection[str]) -> None:
        """These were not reached last time: the first of their messages that arrives is news."""
        self._troubled.update(recipients)

    def record(self, results: Sequence[tuple[Claimed, SendResult]]) -> Counter[str]:
        """Mark messages by what became of them; how many came to which state."""
        if not results:
            return Counter()
        with self._database.write(self._account) as books:
            counts = self.enter(books, results)
        crash_point("marked")
        return counts

    def enter(
        self,
        books: Books,
        results: Sequence[tuple[Claimed, SendResult]],
        *,
        fares: SendResult | None = None,
    ) -> Counter[str]:
        """Mark messages of one claim in the caller's transaction.

        `fares` is what the try says of their recipient; None where it says nothing.
        """
        counts: Counter[str] = Counter()
        alike: dict[tuple[str, str], list[Claimed]] = {}
        for one, result in results:
            if result.outcome in _ENDED:
                alike.setdefault((result.outcome, result.detail), []).append(one)
            else:
                counts[self._mark(books, one, result)] += 1
        for (state, detail), those in alike.items():
            counts += self.end(books, those, state, detail)
        if fares is not None and results:
            self._fare(books, results[0][0].message.recipient, fares)
        return counts

    def close(self, claimed: Sequence[Claimed], state: str, detail: str) -> Counter[str]:
        """End messages that are not sent."""
        if not claimed:
            return Counter()
        with self._database.write(self._account) as books:
            return self.end(books, claimed, state, detail)

    def end(
        self, books: Books, claimed: Sequence[Claimed], state: str, detail: str
    ) -> Counter[str]:
        """End messages of one claim in the caller's transaction."""
        ours = finish_messages(books, claimed, state, detail, self._clock.now())
        return Counter({state: len(ours), "lost": len(claimed) - len(ours)})

    def give_back(self, claimed: Sequence[Claimed]) -> None:
        """Let another worker have these: this one is stopping."""
        now = self._clock.now()
        with self._database.write(self._account) as books:
            for one in claimed:
                again = Retry(now, "the worker stopped", may_have_arrived=False, counts=False)
                retry_message(books, one, again)

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

    def _mark(self, books: Books, one: Claimed, result: SendResult) -> str:
        due = self._next_try(one, result)
        if due is None:
            return self._bury(books, one, result)
        arrived = result.outcome == "ambiguous"
        counts = result.retry_after is None and result.outcome != "setting"
        kept = retry_message(books, one, Retry(due, result.detail, arrived, counts=counts))
        return "waiting" if kept else "lost"

    def _next_try(self, one: Claimed, result: SendResult) -> datetime | None:
        """When to try again; None where that is of no use any more."""
        message, now = one.message, self._clock.now()
        if result.outcome in ("permanent", "held"):
            return None
        if result.retry_after is not None:
            return now + timedelta(seconds=result.retry_after)
        if result.outcome == "setting":
            has_waited = now - (message.decided_at or message.at)
            return None if has_waited >= _SETTING_FOR else now + _SETTING_EVERY
        return None if message.attempt > len(_WAITS) else now + _WAITS[message.attempt - 1]

    def _fare(self, books: Books, recipient: str, result: SendResult) -> None:
        """Keep how the recipient fares, and tell operators when that changes."""
        if recipient == NOTE:
            return
        now, notice = self._clock.now(), recipient_notice(recipient)
        if result.outcome == "sent" and recipient in self._troubled:
            self._troubled.discard(recipient)
            if worked(books, recipient):
                end_notice(books, notice, now)
                _log.info("recipient_reached", account=self._account, recipient=recipient)
        if result.outcome not in _TROUBLES or result.retry_after is not None:
            return
        self._troubled.add(recipient)
        pause = _SETTING_EVERY if result.outcome == "setting" else None
        if failed(books, recipient, now, pause=pause) is None:
            return
        text = (
            f"Messages to {recipient} do not arrive: {result.detail}. They wait and are tried "
            f"again; stipt messages list shows them."
        )
        if raise_notice(books, notice, text, now):
            _log.warning(
                "recipient_not_reached",
                account=self._account,
                recipient=recipient,
                reason=result.detail,
            )

    def _bury(self, books: Books, one: Claimed, result: SendResult) -> str:
        _log.error(
            "message_dead",
            message_id=one.message.id,
            ticket_id=one.message.ticket_id,
            recipient=one.message.recipient,
            attempt=one.message.attempt,
            reason=result.detail,
        )
        text = (
            "Messages were given up. stipt messages list shows them with the reason, "
            "stipt messages retry sends them after all, stipt messages drop forgets them."
        )
        raise_notice(books, DEAD, text, self._clock.now())
        doubtful = result.outcome in ("ambiguous", "held") or one.message.may_be_repeat
        now = self._clock.now()
        kept = finish_messages(books, [one], "dead", result.detail, now, doubtful=doubtful)
        return "dead" if kept else "lost"
