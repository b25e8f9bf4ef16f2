# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing the store up to date for a command that looks at all tickets once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.patience import TookTooLong
from worker.process_lock import AlreadyRunning, only_process
from worker.store.accounts import change_account, open_account, resume
from worker.store.schema import prepare
from worker.sync import Poller
from worker.taking_over import first_sync_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.base import Helpdesk
    from worker.clock import Clock
    from worker.patience import Patience
    from worker.settings import AccountSettings
    from worker.store.database import Database


class NotRead(Exception):
    """The helpdesk could not be read to its present end; a plan would be of the past."""


def read_afresh(  # noqa: PLR0913 -- what is read into what, by whose time, and who is told
    database: Database,
    account: AccountSettings,
    helpdesk: Helpdesk,
    clock: Clock,
    *,
    patience: Patience,
    on_page: Callable[[int], None] | None = None,
) -> bool:
    """Bring the store to the helpdesk's present state; False where a running worker does so.

    Args:
        database: what is brought up to date.
        account: whose tickets.
        helpdesk: where they are read.
        clock: the helpdesk's time.
        patience: how long to go on without progress.
        on_page: told how many pages have been read.

    Raises:
        NotRead: the helpdesk did not give everything in time.
        HelpdeskError: it failed, or refuses our credentials.
        OtherHelpdesk: the store was filled from another one.
    """
    prepare(database)
    _open(database, account, clock.now())
    pages = _Pages(patience, on_page)
    try:
        with only_process(database):
            _resume(database, account.name, clock.now())
            poller = Poller(database, helpdesk, clock, pages.between)
            _read_to_the_end(poller, pages, patience)
    except AlreadyRunning:
        return False
    return True


class _Pages:
    """Counts pages through the question that the poller asks before each of them."""

    def __init__(self, patience: Patience, on_page: Callable[[int], None] | None) -> None:
        self._patience = patience
        self._on_page = on_page
        self._read = 0
        self.is_first = True

    def between(self) -> bool:
        """Whether to stop: never, but the page before this question has been read."""
        if not self.is_first:
            self._read += 1
            self._patience.progressed()
            if self._on_page is not None:
                self._on_page(self._read)
        self.is_first = False
        return False


def _open(database: Database, account: AccountSettings, now: datetime) -> None:
    with database.write(account.name) as books:
        open_account(books, first_sync_from(account, now), now, account.place)


def _resume(database: Database, account: str, now: datetime) -> None:
    """A pause ends: perhaps what caused it is mended, and that is why somebody asks."""
    with database.write(account) as books:
        if resume(books, now):
            change_account(books, not_before=None)


def _read_to_the_end(poller: Poller, pages: _Pages, patience: Patience) -> None:
    while True:
        pages.is_first = True
        polled = poller.poll()
        if polled.is_complete:
            return
        if polled.fault is not None:
            raise polled.fault
        if polled.not_before is None:
            raise NotRead(_NOT_TO_ITS_END)
        try:
            patience.wait_until(polled.not_before)
            patience.pause(0.05)
        except TookTooLong as fault:
            raise NotRead(f"{_NOT_TO_ITS_END}: {fault}") from None


_NOT_TO_ITS_END = "the helpdesk was not read to its end (stipt doctor says what it sees)"
