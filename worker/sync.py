# SPDX-License-Identifier: GPL-3.0-or-later
"""Polls the helpdesk: each page is stored with its cursor in one transaction, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.base import CredentialsRejected, Gone, HelpdeskError, Refused, Throttled
from worker.crash import crash_point
from worker.logs import get_logger
from worker.pausing import is_resting, pause_connection, resume_connection
from worker.store.accounts import (
    account_row,
    change_account,
    end_notice,
    raise_notice,
    standing_notices,
)
from worker.store.database import epoch
from worker.store.pages import (
    forget_cursor,
    present_cursor,
    resume_from,
    store_page,
    store_snapshot,
)
from worker.store.set_aside import drop_set_aside, due_set_aside, put_off_set_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.base import Helpdesk, Page
    from worker.clock import Clock
    from worker.store.database import Database

_AFTER_FAULT = timedelta(seconds=30)
_STUCK = "cursor_stuck"
_LOST = "cursor_lost"
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Polled:
    """One run of polling. `is_complete`: the stream was read to its present end.

    `fault` is what the helpdesk did wrong, where that ended the run, and
    `trouble` that in words, also where polling mends it by itself. Being asked
    to wait is neither.
    """

    pages: int = 0
    tickets: int = 0
    happenings: int = 0
    set_aside: int = 0
    is_complete: bool = False
    not_before: datetime | None = None
    fault: HelpdeskError | None = None
    trouble: str = ""


class Poller:
    """Reads the changes of one account.

    Args:
        database: where pages are stored.
        helpdesk: where they come from; its `account` names the rows.
        clock: the helpdesk's time.
        is_stopping: asked between two pages.
    """

    def __init__(
        self,
        database: Database,
        helpdesk: Helpdesk,
        clock: Clock,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._database = database
        self._helpdesk = helpdesk
        self._account = helpdesk.account
        self._clock = clock
        self._is_stopping = is_stopping
        self._read = Polled()  # by the present run: a fault must not hide its progress

    def poll(self) -> Polled:
        """Read pages until the stream's present end, a wait, or a fault."""
        if is_resting(self._database, self._account, self._clock.now()):
            return Polled()
        with self._database.read(self._account) as books:
            not_before = account_row(books).not_before
        if not_before is not None and self._clock.now() < not_before:
            return Polled(not_before=not_before)
        return self._poll_now()

    def _poll_now(self) -> Polled:
        self._read = Polled()
        try:
            self._read_pages()
        except Throttled as wait:
            return self._wait(timedelta(seconds=wait.retry_after), str(wait))
        except CredentialsRejected as fault:
            pause_connection(self._database, self._account, fault, self._clock.now())
            return self._faulty(self._wait(timedelta(0), str(fault)), fault)
        except Refused as fault:
            return self._restart(fault)
        except HelpdeskError as fault:
            return self._faulty(self._wait(_AFTER_FAULT, str(fault)), fault)
        if self._read.pages and not self._read.trouble:
            self._all_is_well()
        return self._read

    def retry_set_aside(self) -> int:
        """Read tickets on their own that a page could not make sense of; returns how many."""
        now = self._clock.now()
        with self._database.read(self._account) as books:
            idents = due_set_aside(books, now, limit=20)
        return sum(self._read_again(ident) for ident in idents)

    def read_one(self, ticket_id: str) -> None:
        """Read and store one ticket with its history.

        Raises:
            HelpdeskError: as the connector says.
        """
        snapshot = self._helpdesk.ticket(ticket_id)
        with self._database.write(self._account) as books:
            store_snapshot(books, snapshot, self._clock.now())

    def _read_pages(self) -> None:
        with self._database.read(self._account) as books:
            cursor = present_cursor(books)
            since = resume_from(books) or account_row(books).sync_from
        while not self._is_stopping():
            page = self._helpdesk.changes(cursor, since=since)
            crash_point("page-received")
            if page.more and page.next_cursor == cursor:
                self._is_stuck()
                return
            self._store(page)
            if not page.more:
                return
            cursor = page.next_cursor

    def _store(self, page: Page) -> None:
        now = self._clock.now()
        with self._database.write(self._account) as books:
            stored = store_page(books, page, now)
            crash_point("before-page-commit")
        crash_point("after-page-commit")
        _log.info(
            "page_stored",
            account=self._account,
            tickets=len(page.tickets),
            count=len(page.happenings),
            state="more follows" if page.more else "complete",
        )
        for row in page.set_aside:
            _log.warning("row_set_aside", account=self._account, ticket_id=row.ticket_id)
        self._read = Polled(
            pages=self._read.pages + 1,
            tickets=self._read.tickets + stored.tickets,
            happenings=self._read.happenings + stored.happenings,
            set_aside=self._read.set_aside + stored.set_aside,
            is_complete=not page.more,
        )

    def _wait(self, wait: timedelta, reason: str) -> Polled:
        """Polling goes on later; the time stands in the account's row for all to see."""
        until = self._clock.now() + wait
        with self._database.write(self._account) as books:
            change_account(books, not_before=epoch(until))
        _log.info("poll_waits", account=self._account, until=until.isoformat(), reason=reason)
        return replace(self._read, not_before=until)

    @staticmethod
    def _faulty(waits: Polled, fault: HelpdeskError) -> Polled:
        return replace(waits, fault=fault, trouble=str(fault))

    def _restart(self, fault: Refused) -> Polled:
        """The helpdesk refuses our place in the stream: go back to a time that it knows."""
        text = f"The helpdesk refused the place up to which we had read ({fault})."
        with self._database.write(self._account) as books:
            was_new = raise_notice(books, _LOST, text, self._clock.now())
            forget_cursor(books)
        if was_new:
            _log.error("cursor_refused", account=self._account, reason=str(fault))
        return replace(self._wait(_AFTER_FAULT, str(fault)), trouble=text)

    def _is_stuck(self) -> None:
        text = "The helpdesk says that more changes follow and gives the same place again."
        with self._database.write(self._account) as books:
            if raise_notice(books, _STUCK, text, self._clock.now()):
                _log.error("cursor_stuck", account=self._account)
        self._read = replace(self._read, trouble=text)

    def _all_is_well(self) -> None:
        now = self._clock.now()
        with self._database.read(self._account) as books:
            row = account_row(books)
            over = standing_notices(books).keys() & {_LOST, _STUCK}
        if row.paused_at is not None:
            resume_connection(self._database, self._account, now)
        if row.not_before is not None or over:
            with self._database.write(self._account) as books:
                change_account(books, not_before=None)
                for name in over:
                    end_notice(books, name, now)

    def _read_again(self, ticket_id: str) -> bool:
        now = self._clock.now()
        try:
            self.read_one(ticket_id)
        except Gone:
            pass
        except CredentialsRejected as fault:
            pause_connection(self._database, self._account, fault, now)
            return False
        except HelpdeskError as fault:
            with self._database.write(self._account) as books:
                put_off_set_aside(books, ticket_id, str(fault), now)
            return False
        with self._database.write(self._account) as books:
            drop_set_aside(books, ticket_id)
        return True
