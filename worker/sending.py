# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends what waits in the outbox: claim, look whether it is still needed, send, mark."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from worker.crash import crash_point
from worker.keeping import kept_claims
from worker.outbox import SendResult
from worker.outcomes import Outcomes
from worker.parcels import Batch, Parcel, claim_parcels
from worker.store.accounts import account_row
from worker.store.messages import (
    begin_sending,
    claim_messages,
    mark_checked,
    put_back,
    still_needed,
)
from worker.store.shared_writes import SharedWrites
from worker.store.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from worker.clock import Clock
    from worker.outbox import Claimed, Sender
    from worker.recheck import Rechecked
    from worker.store.database import Books, Database

Result = TypeVar("Result")

LEASE = 60
"""Seconds; twice what the slowest send may take, renewed while a batch is under way."""

NOTES_AT_ONCE = 300
"""Three bulk jobs: the connector runs them side by side and polls them with one call."""

_CHECKED_FOR = timedelta(minutes=5)
_JUDGED_WITHIN = timedelta(seconds=3)
"""So long a message waits whose ticket was read anew: it is judged first."""

_NEEDED_FOR_S = 1.0
"""Real seconds for which the answer holds that a message is still needed."""

_HELD = "it may have arrived, and this recipient's rules say to hold it then"


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
        recheck: looks which tickets have changed since they were judged; None
            where nothing can be asked.
    """

    def __init__(  # noqa: PLR0913 -- whose rows, how they go out, and what is asked in between
        self,
        database: Database,
        account: str,
        sender: Sender,
        clock: Clock,
        is_stopping: Callable[[], bool],
        *,
        recheck: Callable[[Collection[str]], Rechecked] | None = None,
    ) -> None:
        self._database = database
        self._account = account
        self._sender = sender
        self._clock = clock
        self._is_stopping = is_stopping
        self._recheck = recheck
        self._outcomes = Outcomes(database, account, clock)
        self._shared = SharedWrites(lambda: database.write(account))

    def send_due(self, limit: int = 20) -> Sent:
        """Claim and send messages that are due, one after the other; notes are not among them."""
        now = self._clock.now()
        batch = self._write(lambda books: claim_parcels(books, self._sender, now, limit, LEASE))
        if not batch.parcels:
            return Sent(claimed=batch.put_back, waiting=batch.put_back)
        crash_point("outbox-claimed")
        token = batch.claimed[0].token
        with kept_claims(self._database, self._account, outbox, token, LEASE):
            counts = self._send_batch(batch)
        counts["waiting"] += batch.put_back
        return _sent(len(batch.claimed) + batch.put_back, counts)

    def add_due_notes(self) -> Sent:
        """Claim internal notes that are due and add them in bulk."""
        claimed = self._claim_notes()
        if not claimed:
            return Sent()
        if self._is_stopping():
            self._outcomes.give_back(claimed)
            return Sent(claimed=len(claimed))
        with kept_claims(self._database, self._account, outbox, claimed[0].token, LEASE):
            counts = self._check(claimed) + self._add_notes(claimed)
        return _sent(len(claimed), counts)

    def _claim_notes(self) -> list[Claimed]:
        with self._database.write(self._account) as books:
            if account_row(books).paused_at is not None:
                return []
            claimed = claim_messages(books, self._clock.now(), NOTES_AT_ONCE, LEASE, notes=True)
        if claimed:
            crash_point("outbox-claimed")
        return claimed

    def _send_batch(self, batch: Batch) -> Counter[str]:
        """One parcel after the other; each is marked where the next one begins, or at the end."""
        counts = self._check(batch.claimed)
        self._outcomes.expect_trouble(batch.troubled)
        needs, tried, left = _Needs(batch.claimed), _NOTHING, deque(batch.parcels)
        while left and not self._is_stopping():
            parcel = left.popleft()
            begun, more = self._begin(parcel.members, tried, needs)
            counts += more
            tried = self._try(parcel, begun) if begun else _NOTHING
        counts += self._begin((), tried, needs)[1]
        for parcel in left:
            self._outcomes.give_back(parcel.members)
        return counts

    def _begin(
        self, members: Sequence[Claimed], tried: _Tried, needs: _Needs
    ) -> tuple[list[Claimed], Counter[str]]:
        """Mark what was tried; of the next ones those that are still ours and still needed."""
        if not members and not tried.results:
            return [], Counter()

        def store(books: Books) -> tuple[list[Claimed], Counter[str]]:
            counts = self._outcomes.enter(books, tried.results, fares=tried.fares)
            needed, idle = self._still_ours(books, members, needs)
            return needed, counts + idle

        needed, counts = self._write(store)
        if tried.results:
            crash_point("marked")
        return needed, counts

    def _still_ours(
        self, books: Books, members: Sequence[Claimed], needs: _Needs
    ) -> tuple[list[Claimed], Counter[str]]:
        """Those that are still ours and still needed; the ones that are not are closed."""
        if not members:
            return [], Counter()
        ours = begin_sending(books, members)
        needed = needs.now(books)
        mine = [one for one in members if one.message.id in ours]
        idle = [one for one in mine if one.message.id not in needed]
        counts: Counter[str] = Counter()
        if idle:
            counts = self._outcomes.end(books, idle, "dropped", "no longer needed")
        return [one for one in mine if one.message.id in needed], counts

    def _check(self, claimed: Sequence[Claimed]) -> Counter[str]:
        """Compare tickets with the helpdesk; messages about changed ones are ended or put back."""
        now = self._clock.now()
        fresh = [
            one
            for one in claimed
            if one.message.about is None
            and (one.checked_at is None or abs(now - one.checked_at) > _CHECKED_FOR)
        ]
        counts: Counter[str] = Counter()
        if self._recheck is None or not fresh:
            return counts
        found = self._recheck({one.message.ticket_id for one in fresh})
        over = [one for one in fresh if one.message.ticket_id in found.over]
        changed = [one for one in fresh if one.message.ticket_id in found.changed]

        def store(books: Books) -> None:
            mark_checked(books, fresh, now)
            why = "waits: the ticket has changed and is judged first"
            put_back(books, changed, now + _JUDGED_WITHIN, why)

        self._write(store)
        counts["waiting"] += len(changed)
        return counts + self._outcomes.close(over, "dropped", "the ticket is solved or gone")

    def _try(self, parcel: Parcel, needed: Sequence[Claimed]) -> _Tried:
        result = self._known(needed, parcel)
        if result is not None:
            return _Tried([(one, result) for one in needed])
        crash_point("before-send")
        result = self._outcomes.attempt(needed, lambda: [self._send(needed, parcel)])[0]
        crash_point("sent-not-marked")
        return _Tried([(one, self._held(result, parcel)) for one in needed], result)

    def _write(self, store: Callable[[Books], Result]) -> Result:
        """Store what happened to messages, on SQLite together with what other threads store."""
        if self._database.is_sqlite:
            return self._shared.run(store)
        with self._database.write(self._account) as books:
            return store(books)

    def _send(self, needed: Sequence[Claimed], parcel: Parcel) -> SendResult:
        if parcel.digest is None:
            return self._sender.send(needed[0].message)
        return self._sender.send_digest([one.message for one in needed])

    @staticmethod
    def _held(result: SendResult, parcel: Parcel) -> SendResult:
        if result.outcome == "ambiguous" and parcel.manner.holds_doubtful:
            return SendResult("held", f"{result.detail}; {_HELD}")
        return result

    def _known(self, needed: Sequence[Claimed], parcel: Parcel) -> SendResult | None:
        """What became of an earlier try; None where there was none, or it is to be repeated."""
        one = needed[0]
        if not one.message.may_be_repeat:
            return None
        found = self._found(one)
        if found is None and parcel.manner.holds_doubtful and not one.is_wanted:
            return SendResult("held", _HELD)
        return found

    def _add_notes(self, claimed: Sequence[Claimed]) -> Counter[str]:
        needed, counts = self._begin(claimed, _NOTHING, _Needs(claimed))
        looked = {one.message.id: self._found(one) for one in needed if one.message.may_be_repeat}
        known = [
            (one, result) for one in needed if (result := looked.get(one.message.id)) is not None
        ]
        counts += self._outcomes.record(known)
        fresh = [one for one in needed if looked.get(one.message.id) is None]
        if not fresh:
            return counts
        crash_point("before-send")
        messages = [one.message for one in fresh]
        results = self._outcomes.attempt(fresh, lambda: self._sender.send_notes(messages))
        crash_point("sent-not-marked")
        return counts + self._outcomes.record(list(zip(fresh, results, strict=True)))

    def _found(self, one: Claimed) -> SendResult | None:
        """Whether an earlier try had arrived; None where it had not, or nobody can tell."""
        crash_point("before-read-back")

        def look() -> list[SendResult]:
            was_sent = self._sender.was_sent(one.message)
            return [SendResult("sent", "an earlier try had arrived")] if was_sent else []

        found = self._outcomes.attempt([one], look)
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of a parcel, not yet marked; `fares` is what that says of its recipient."""

    results: Sequence[tuple[Claimed, SendResult]] = ()
    fares: SendResult | None = None


_NOTHING = _Tried()


class _Needs:
    """Which messages of a batch are still needed; asked once a second while it goes out."""

    def __init__(self, claimed: Sequence[Claimed]) -> None:
        self._messages = [one.message for one in claimed]
        self._needed: set[int] = set()
        self._asked_at = float("-inf")

    def now(self, books: Books) -> set[int]:
        """Their ids."""
        at = time.monotonic()
        if at - self._asked_at > _NEEDED_FOR_S:
            self._needed, self._asked_at = still_needed(books, self._messages), at
        return self._needed


def _sent(claimed: int, counts: Counter[str]) -> Sent:
    return Sent(
        claimed=claimed,
        sent=counts["sent"],
        dropped=counts["dropped"],
        nobody=counts["nobody"],
        waiting=counts["waiting"],
        dead=counts["dead"],
    )
