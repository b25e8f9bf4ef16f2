# SPDX-License-Identifier: GPL-3.0-or-later
"""Pausing a connection whose credentials are refused: one clear notice, no spinning."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from worker.logs import get_logger
from worker.store.accounts import account_row, pause, raise_notice, resume

if TYPE_CHECKING:
    from datetime import datetime

    from connector.base import CredentialsRejected
    from worker.store.database import Database

PROBE_EVERY = timedelta(minutes=10)
"""How long a paused connection rests before one call tries whether it is mended."""

_NOTICE = "connection_paused"
_log = get_logger(__name__)


def pause_connection(
    database: Database, account: str, fault: CredentialsRejected, now: datetime
) -> None:
    """Pause the account's connection and say so once."""
    text = (
        f"The helpdesk refuses our credentials ({fault}). Nothing is read or written for the "
        f"account {account} until that is mended; `stipt doctor` names what is missing."
    )
    with database.write(account) as books:
        is_first = pause(books, str(fault), now)
        raise_notice(books, _NOTICE, text, now)
    if is_first:
        _log.error("connection_paused", account=account, reason=str(fault))


def resume_connection(database: Database, account: str, now: datetime) -> None:
    """A call has succeeded: the pause is over."""
    with database.write(account) as books:
        was_paused = resume(books, now)
    if was_paused:
        _log.warning("connection_resumed", account=account)


def is_resting(database: Database, account: str, now: datetime) -> bool:
    """Whether the connection is paused and its next probe is not due yet.

    The probe's turn is kept in `not_before`, which a fresh pause leaves empty.
    """
    with database.read(account) as books:
        row = account_row(books)
    if row.paused_at is None:
        return False
    return now < (row.not_before or row.paused_at) + PROBE_EVERY
