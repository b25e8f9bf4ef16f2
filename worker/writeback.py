# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes wanted changes back in bulk and takes every ticket's outcome to heart."""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.base import CredentialsRejected, HelpdeskError, Refused, Throttled, WriteResult
from rules.changes import TicketChange
from worker.crash import crash_point
from worker.keeping import kept_claims
from worker.logs import get_logger
from worker.pausing import pause_connection
from worker.store.accounts import (
    account_row,
    next_budget_at,
    raise_notice,
    spend_write_budget,
    write_budget_left,
)
from worker.store.claims import renew_claims
from worker.store.current import holds
from worker.store.looks import wake
from worker.store.states import refresh_current
from worker.store.tables import field_changes
from worker.store.wanted import (
    claim_wanted,
    claims_held,
    finish_wanted,
    hold_back,
    put_off_policy_changes,
    release_wanted,
    still_claimed,
)
from worker.store.writes import mark_unwritable, record_written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from connector.base import Helpdesk, TicketState, WriteOutcome
    from worker.clock import Clock
    from worker.judging import Cause
    from worker.store.database import Books, Database
    from worker.store.wanted import Setback, Wanted

BATCH = 300
"""Three bulk jobs: the connector runs them side by side and polls them with one call."""

LEASE = 120
"""Seconds; renewed while a bulk job is under way, which may take ten minutes."""

URGENT = 10
"""Changes that a service in a hurry writes one by one: a job takes seconds to begin."""

_UNSENT_FOR = timedelta(seconds=60)
"""The helpdesk's limits begin anew with every minute."""

_WAITS = tuple(timedelta(seconds=one) for one in (30, 60, 300, 1800, 3600))
_GIVEN_UP_AFTER = 8
_JUDGED_WITHIN = timedelta(seconds=5)
_NEWS_COMES_WITHIN = timedelta(minutes=3)
_OF_THE_TICKET: tuple[Cause, ...] = ("event", "time")
_OF_RULES: tuple[Cause, ...] = ("policy",)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch came to, by outcome; `claimed` is 0 when nothing could be written now."""

    claimed: int
    outcomes: Mapping[str, int]
    not_before: datetime | None = None


class Writer:
    """Carries out the wanted changes of one account.

    Args:
        database: where they wait.
        helpdesk: where they go.
        clock: the helpdesk's time.
        budget: tickets an hour that may change because of rules, settings or
            code alone; the larger of this and a tenth of the open tickets holds.
    """

    def __init__(
        self, database: Database, helpdesk: Helpdesk, clock: Clock, *, budget: int
    ) -> None:
        self._database = database
        self._helpdesk = helpdesk
        self._account = helpdesk.account
        self._clock = clock
        self._budget = budget
        self._conflicts: dict[str, datetime] = {}

    def write_due(self, *, urgent: int = 0) -> Written:
        """Claim and write one batch.

        A batch of at most `urgent` tickets goes out ticket by ticket, which is
        quicker than a job and costs more calls.
        """
        claimed = self._claim()
        if not claimed:
            return Written(0, {})
        crash_point("write-claimed")
        with kept_claims(self._database, self._account, field_changes, claimed[0].claim, LEASE):
            return self._write_claimed(claimed, urgent)

    def _write_claimed(self, claimed: Sequence[Wanted], urgent: int) -> Written:
        try:
            return self._write(claimed, urgent)
        except Throttled as wait:
            due = self._clock.now() + timedelta(seconds=wait.retry_after)
            self._release(claimed, due, str(wait), "wait")
            _log.info("write_waits", account=self._account, until=due.isoformat())
            return Written(len(claimed), {"waiting": len(claimed)}, due)
        except CredentialsRejected as fault:
            pause_connection(self._database, self._account, fault, self._clock.now())
            self._release(claimed, self._clock.now(), str(fault), "failure")
            return Written(0, {})
        except HelpdeskError as fault:
            known = isinstance(fault, Refused)
            self._fail(claimed, str(fault), "failure" if known else "unknown")
            return Written(len(claimed), {"error": len(claimed)})

    def _claim(self) -> list[Wanted]:
        now = self._clock.now()
        with self._database.write(self._account) as books:
            if account_row(books).paused_at is not None:
                return []
            own = claim_wanted(books, now, BATCH, LEASE, causes=_OF_THE_TICKET)
            if own:
                return own
            left = min(BATCH, write_budget_left(books, self._budget, now))
            by_policy = claim_wanted(books, now, left, LEASE, causes=_OF_RULES) if left else []
            spend_write_budget(books, len(by_policy), now)
            if not left:
                put_off_policy_changes(books, now, next_budget_at(now))
            return by_policy

    def _write(self, claimed: Sequence[Wanted], urgent: int) -> Written:
        doubtful = [one for one in claimed if one.is_ambiguous]
        sure = [one for one in claimed if not one.is_ambiguous]
        done, rest = self._read_back(doubtful)
        with self._renewed(claimed) as books:
            ours = still_claimed(books, claimed)
        to_write = [one for one in (*sure, *rest) if one.id in ours]
        begun_at = self._clock.now()
        results: Sequence[WriteResult] = ()
        if to_write:
            crash_point("before-write")
            results = self._carry_out(to_write, urgent)
            crash_point("job-polled-not-stored")
        outcomes: Counter[str] = Counter()
        found = [(one, WriteResult(one.ticket_id, "equal", "already there")) for one in done]
        found += list(zip(to_write, results, strict=True))
        for group in _by_outcome(found):
            self._take(group, begun_at)
            outcomes[group[0][1].outcome] += len(group)
        return Written(len(claimed), outcomes)

    @contextmanager
    def _renewed(self, claimed: Sequence[Wanted]) -> Iterator[Books]:
        """Whoever was held up past the lease takes it anew, or finds that another has it."""
        with self._database.write(self._account) as books:
            renew_claims(books, field_changes, claimed[0].claim, LEASE)
            yield books

    def _carry_out(self, to_write: Sequence[Wanted], urgent: int) -> Sequence[WriteResult]:
        """Write in bulk; a few changes one by one, for as long as the helpdesk lets us."""

        def goes_on() -> bool:
            with self._renewed(to_write) as books:
                return claims_held(books, to_write) == len(to_write)

        changes = [_change(one) for one in to_write]
        done: list[WriteResult] = []
        if len(changes) <= urgent and not any(map(_adds_tags, changes)):
            try:
                for change in itertools.takewhile(lambda _: goes_on(), changes):
                    done.append(self._helpdesk.write_one(change))
            except Throttled as wait:
                _log.debug("single_writes_end", account=self._account, bucket=wait.bucket)
            except HelpdeskError as fault:
                return self._unsent(changes, done, fault)
        rest = changes[len(done) :]
        if not rest:
            return done
        try:
            return [*done, *self._helpdesk.write(rest, goes_on=goes_on)]
        except HelpdeskError as fault:
            return self._unsent(changes, done, fault)

    @staticmethod
    def _unsent(
        changes: Sequence[TicketChange], done: list[WriteResult], fault: HelpdeskError
    ) -> list[WriteResult]:
        """What was written before a fault is kept; where nothing was, the fault speaks for all."""
        if not done:
            raise fault
        outcome: WriteOutcome = "unsent" if isinstance(fault, Throttled) else "error"
        rest = changes[len(done) :]
        return [*done, *(WriteResult(one.ticket_id, outcome, str(fault)) for one in rest)]

    def _read_back(self, doubtful: Sequence[Wanted]) -> tuple[list[Wanted], list[Wanted]]:
        """Of changes that may have been carried out: those that were, and what others lack."""
        if not doubtful:
            return [], []
        crash_point("before-read-back")
        states = self._helpdesk.tickets([one.ticket_id for one in doubtful])
        by_ticket: dict[str, TicketState] = {one.facts.id: one for one in states}
        with self._database.write(self._account) as books:
            refresh_current(books, states, self._clock.now())
        done, rest = [], []
        for one in doubtful:
            state = by_ticket.get(one.ticket_id)
            if state is None:
                rest.append(one)
                continue
            left = tuple(
                change
                for change in one.changes
                if not holds(state.current, change.field, change.new)
            )
            if left:
                rest.append(replace(one, changes=left, seen_at=state.updated_at))
            else:
                done.append(one)
        return done, rest

    def _take(self, group: Sequence[tuple[Wanted, WriteResult]], begun_at: datetime) -> None:
        outcome = group[0][1].outcome
        if outcome == "conflict":
            self._resolve([one for one, _ in group])
            return
        if outcome == "unsent":
            due = self._clock.now() + _UNSENT_FOR
            self._release([one for one, _ in group], due, group[0][1].detail, "wait")
            return
        if outcome == "error":
            for one, result in group:
                self._fail([one], result.detail, "unknown")
            return
        now = self._clock.now()
        with self._database.write(self._account) as books:
            self._close(books, group, outcome, begun_at)
            if outcome == "refused":
                self._tell_refusals(books, group, now)
        crash_point("write-marked")

    def _close(
        self,
        books: Books,
        group: Sequence[tuple[Wanted, WriteResult]],
        outcome: WriteOutcome,
        begun_at: datetime,
    ) -> None:
        now = self._clock.now()
        wanted = [one for one, _ in group]
        if outcome in ("written", "equal"):
            for ident in record_written(books, wanted, begun_at, now):
                _log.error("ticket_quarantined", ticket_id=ident, reason="loop of writes")
        elif outcome in ("unwritable", "gone"):
            mark_unwritable(books, wanted)
        state = "written" if outcome == "equal" else outcome
        for one, result in group:
            if not finish_wanted(books, one, state, result.detail, now):
                # Another state became wanted meanwhile; what the ticket holds has changed.
                wake(books, [one.ticket_id], now)
                hold_back(books, one.ticket_id, now + _JUDGED_WITHIN)

    def _tell_refusals(
        self, books: Books, group: Sequence[tuple[Wanted, WriteResult]], now: datetime
    ) -> None:
        details = sorted({result.detail for _, result in group})
        text = f"The helpdesk refuses changes that the rules want: {'; '.join(details[:5])}"
        if raise_notice(books, "writes_refused", text, now):
            _log.error("write_refused", account=self._account, reason=details[:5])

    def _resolve(self, conflicts: Sequence[Wanted]) -> None:
        """Somebody changed these tickets since they were judged: once more, then wait for news."""
        now = self._clock.now()
        self._conflicts = {
            ident: at for ident, at in self._conflicts.items() if now < at + _NEWS_COMES_WITHIN
        }
        repeated = [one for one in conflicts if one.ticket_id in self._conflicts]
        self._await_news(repeated)
        self._judge_anew([one for one in conflicts if one.ticket_id not in self._conflicts])

    def _judge_anew(self, conflicts: Sequence[Wanted]) -> None:
        """Read the fields afresh, a hundred tickets a call; the next judgement decides anew."""
        if not conflicts:
            return
        try:
            states = self._helpdesk.tickets([one.ticket_id for one in conflicts])
        except HelpdeskError as fault:
            self._fail(conflicts, str(fault), "failure")
            return
        now = self._clock.now()
        with self._database.write(self._account) as books:
            for one in conflicts:
                finish_wanted(books, one, "superseded", "conflict", now)
            refresh_current(books, states, now)
            wake(books, [one.ticket_id for one in conflicts], now)
        self._conflicts |= {one.ticket_id: now for one in conflicts}

    def _await_news(self, conflicts: Sequence[Wanted]) -> None:
        """They changed twice in a short time: the export will tell what happened to them."""
        if not conflicts:
            return
        now = self._clock.now()
        with self._database.write(self._account) as books:
            for one in conflicts:
                finish_wanted(books, one, "superseded", "conflict", now)
            wake(books, [one.ticket_id for one in conflicts], now + _NEWS_COMES_WITHIN)

    def _fail(self, claimed: Sequence[Wanted], detail: str, after: Setback) -> None:
        for one in claimed:
            if one.tries >= _GIVEN_UP_AFTER:
                self._give_up(one, detail)
                continue
            wait = _WAITS[min(one.tries, len(_WAITS)) - 1]
            self._release([one], self._clock.now() + wait, detail, after)
        _log.warning("write_failed", account=self._account, tickets=len(claimed), reason=detail)

    def _give_up(self, one: Wanted, detail: str) -> None:
        now = self._clock.now()
        text = f"Changes could not be written after {one.tries} tries: {detail}"
        with self._database.write(self._account) as books:
            finish_wanted(books, one, "dead", detail, now)
            raise_notice(books, "writes_dead", text, now)
        _log.error("write_dead", ticket_id=one.ticket_id, reason=detail)

    def _release(
        self, claimed: Sequence[Wanted], due: datetime, detail: str, after: Setback
    ) -> None:
        with self._database.write(self._account) as books:
            release_wanted(books, claimed, due, detail, after=after)


def _change(one: Wanted) -> TicketChange:
    return TicketChange(ticket_id=one.ticket_id, fields=one.changes, seen_at=one.seen_at)


def _adds_tags(change: TicketChange) -> bool:
    """Whether a single write would take two calls, of which the second may be refused."""
    return any(one.field == "tags" for one in change.fields)


def _by_outcome(
    found: Sequence[tuple[Wanted, WriteResult]],
) -> list[list[tuple[Wanted, WriteResult]]]:
    groups: dict[str, list[tuple[Wanted, WriteResult]]] = {}
    for one, result in found:
        groups.setdefault(result.outcome, []).append((one, result))
    return list(groups.values())
