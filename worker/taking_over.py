# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start changes in the rows, before anything is done."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from worker.logs import get_logger
from worker.store.accounts import change_account, open_account, resume
from worker.store.claims import follow_clock_back, forget_claims, last_seen
from worker.store.looks import wake_all
from worker.store.wanted import start_writing, stop_writing

if TYPE_CHECKING:
    from worker.settings import AccountSettings
    from worker.store.accounts import AccountRow
    from worker.store.database import Books
    from worker.wiring import AccountWork, Installation


CLOCK_JUMP = timedelta(seconds=30)
"""By more than this a clock was set back; less is what machines differ by."""

_log = get_logger(__name__)


def take_over(installation: Installation, *, is_alone: bool, works: bool = True) -> None:
    """What a start changes in the rows: claims of a dead process, settings that were switched.

    Args:
        installation: what starts.
        is_alone: no other process can hold a claim, so that all of them are
            left over from one that died.
        works: it judges and writes. For one that does not, its own version and its own
            STIPT_WRITE say nothing of those that do.
    """
    now = installation.clock.now()
    for one in installation.accounts:
        with installation.database.write(one.name) as books:
            if is_alone:
                forget_claims(books)
            row = open_account(books, first_sync_from(one.settings, now), now, one.settings.place)
            before = last_seen(books)
            if before is not None and now < before - CLOCK_JUMP:  # it was set back meanwhile
                follow_back(books, now, before)
            if works:
                _switch(books, one, row, now)
            if row.paused_at is not None:  # perhaps that is why somebody starts it again
                resume(books, now)
                change_account(books, not_before=None)


def follow_back(books: Books, now: datetime, before: datetime) -> None:
    """The clock was set back: what was to wait a while must not wait that much longer."""
    by = before - now
    _log.warning(
        "clock_went_back",
        account=books.account,
        duration_ms=int(by.total_seconds() * 1000),
    )
    follow_clock_back(books, now, by)


def _switch(books: Books, work: AccountWork, row: AccountRow, now: datetime) -> None:
    """Let what waits follow STIPT_WRITE; let everything be judged anew by another version."""
    if work.writes:
        start_writing(books, now)
    else:
        stop_writing(books)
    if row.code_version not in (None, code_version()):
        wake_all(books, now)
    change_account(books, code_version=code_version(), write_mode=work.settings.write)


def code_version() -> str:
    """The version of Stipt that runs."""
    return version("stipt")


def first_sync_from(account: AccountSettings, now: datetime) -> datetime:
    """Where the first sync of an account begins that is opened now."""
    since = account.sync_from
    return since if isinstance(since, datetime) else now - since
