# SPDX-License-Identifier: GPL-3.0-or-later
"""One complete pass: read all, judge all, write all, send all; then say what was done."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from worker.pass_report import Work, pass_report
from worker.store.accounts import account_row
from worker.store.database import instant
from worker.store.remarks import next_sendable_at
from worker.store.wanted import next_due
from worker.wiring import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from worker.pass_report import PassReport
    from worker.settings import Settings
    from worker.wiring import AccountWork, Installation, Parts
    from worker.writeback import Written

LONGEST_WAIT = timedelta(minutes=5)
"""A pass waits this long for a row that is due later; what is later still is left."""

_NEXT_TRY = timedelta(minutes=1)
"""A pass waits so long for a second try of a message; what fails for longer is left."""

_MOST_FAULTS = 3
"""Faults in a row after which reading or writing is given up: the next pass tries again."""

_FRUITLESS_WAITS = 25


def run_once(
    settings: Settings,
    parts: Parts | None = None,
    *,
    on_progress: Callable[[str, Work], None] | None = None,
) -> list[PassReport]:
    """Pass once over every account; a report for each.

    Args:
        settings: the installation's.
        parts: what replaces what the settings would give.
        on_progress: called with the account's name after every step.

    Raises:
        SettingsInvalid, SchemaMismatch, OtherHelpdesk, RulesInvalid, RulesMissing: as `build`.
        AlreadyRunning: another process works on the SQLite file.
    """
    with opened(settings, parts) as installation:
        return [OnePass(installation, one, on_progress).run() for one in installation.accounts]


class OnePass:
    """A pass over one account."""

    def __init__(
        self,
        installation: Installation,
        account: AccountWork,
        on_progress: Callable[[str, Work], None] | None = None,
    ) -> None:
        self._installation = installation
        self._account = account
        self._on_progress = on_progress
        self._work = Work()
        self._unread = ""
        self._unwritten = ""
        self._write_faults = 0

    def run(self) -> PassReport:
        """Go on until nothing is left that can be done within a few minutes.

        Where the helpdesk cannot be read, what is known already is judged,
        written and sent, but nothing is waited for.
        """
        begun_at = self._installation.clock.now()
        calls_before = Counter(self._account.helpdesk.calls_spent())
        is_complete = self._read_all()
        self._read_records()
        fruitless = 0
        while fruitless < _FRUITLESS_WAITS and not self._installation.stop.is_set():
            did = self._judge_all() + self._write_all() + self._send_all()
            fruitless = 0 if did else fruitless + 1
            if not did and (self._unread or not self._waits()):
                break
        if self._account.writes:
            self._account.report_mailer.send_due()
        if is_complete and not self._installation.stop.is_set():
            self._account.standings.keep()
            self._send_all()
        spent = Counter(self._account.helpdesk.calls_spent()) - calls_before
        with self._installation.database.read(self._account.name) as books:
            now = self._installation.clock.now()
            report = pass_report(
                books, self._work, spent, now, begun_at=begun_at, is_complete=is_complete
            )
        unwritten = self._unwritten if report.waiting["writes"] else ""
        return replace(report, cut_short=self._unread or unwritten or None)

    def _read_all(self) -> bool:
        faults = waits = 0
        while waits < _FRUITLESS_WAITS:
            polled = self._account.poller.poll()
            self._add(Work(pages=polled.pages, changed=polled.tickets + polled.happenings))
            if polled.is_complete:
                self._account.poller.retry_set_aside()
                return True
            faults = 0 if polled.pages else faults + bool(polled.trouble)
            waits = 0 if polled.pages else waits + 1
            if faults >= _MOST_FAULTS:
                self._unread = f"the helpdesk failed {faults} times in a row: {polled.trouble}"
                return False
            if polled.not_before is None:  # it stands still, is paused, or we are to stop
                self._unread = polled.trouble
                return False
            if not self._wait_until(polled.not_before):
                self._unread = self._asked_to_wait(polled.not_before)
                return False
        self._unread = f"the helpdesk asked {waits} times in a row to wait"
        return False

    def _read_records(self) -> None:
        """Calls and ratings, as far as they are wanted; tickets are judged without them too."""
        for _ in range(_FRUITLESS_WAITS):
            until = self._account.records.poll()
            if until is None or not self._wait_until(until):
                return

    def _asked_to_wait(self, until: datetime) -> str:
        if self._installation.stop.is_set():
            return ""
        return f"the helpdesk asks to wait until {until:%Y-%m-%d %H:%M:%S} UTC"

    def _judge_all(self) -> int:
        total = 0
        while not self._installation.stop.is_set():
            look = self._account.reconciler.claim()
            if not look.ticket_ids:
                return total
            found = self._account.reconciler.reconcile(look)
            self._add(Work(judged=found.judged, failed=found.failed))
            total += found.judged + found.failed + found.stale
        return total

    def _write_all(self) -> int:
        total = 0
        while self._still_writes() and not self._installation.stop.is_set():
            written = self._account.writer.write_due()
            if not written.claimed:
                return total
            self._keep_fault(written)
            n_written = written.outcomes.get("written", 0)
            self._add(Work(writes=n_written, outcomes=written.outcomes))
            total += written.claimed
        return total

    def _still_writes(self) -> bool:
        return self._account.writes and self._write_faults < _MOST_FAULTS

    def _keep_fault(self, written: Written) -> None:
        """What hinders writing now, until a batch goes through."""
        self._unwritten = ""
        if written.not_before is not None:
            self._unwritten = self._asked_to_wait(written.not_before)
        elif written.outcomes.get("error") == written.claimed:
            self._write_faults += 1
            self._unwritten = f"the helpdesk failed to write {self._write_faults} times in a row"
        else:
            self._write_faults = 0

    def _send_all(self) -> int:
        total = 0
        outbox = self._account.outbox
        for send in (outbox.add_due_notes, lambda: outbox.send_due(limit=100)):
            while not self._installation.stop.is_set():
                sent = send()
                if not sent.claimed:
                    break
                self._add(Work(messages=sent.sent))
                # What is put back for a later try is nothing done.
                total += sent.sent + sent.dropped + sent.nobody + sent.dead
        return total

    def _waits(self) -> bool:
        """Wait for the earliest row that is due soon; False when there is none."""
        if self._is_paused():
            return False
        due = self._next_due()
        return due is not None and self._wait_until(due)

    def _next_due(self) -> datetime | None:
        with self._installation.database.read(self._account.name) as books:
            moments = [next_sendable_at(books, self._installation.clock.now() + _NEXT_TRY)]
            if self._still_writes():
                moments.append(next_due(books))
        known = [one for one in moments if one is not None]
        return instant(min(known)) if known else None

    def _is_paused(self) -> bool:
        with self._installation.database.read(self._account.name) as books:
            return account_row(books).paused_at is not None

    def _wait_until(self, at: datetime) -> bool:
        clock = self._installation.clock
        wait = at - clock.now()
        if wait > LONGEST_WAIT:
            return False
        stopped = clock.pause(max(wait.total_seconds(), 0.2), self._installation.stop)
        return not stopped

    def _add(self, more: Work) -> None:
        self._work = self._work.plus(more)
        if self._on_progress is not None:
            self._on_progress(self._account.name, self._work)
