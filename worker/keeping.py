# SPDX-License-Identifier: GPL-3.0-or-later
"""Short leases for long work: renewed while it goes on, so that they end soon after a crash."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from worker.logs import get_logger
from worker.store.accounts import drop_lease, take_lease
from worker.store.claims import renew_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa

    from worker.store.database import Books, Database

_RENEWALS = 4
"""How often a lease is renewed before it would run out."""

_log = get_logger(__name__)


@contextmanager
def kept_claims(
    database: Database, account: str, table: sa.Table, token: str, lease: int
) -> Iterator[None]:
    """Renew the claims of this token while the block runs; `lease` is in seconds."""

    def renew(books: Books) -> None:
        renew_claims(books, table, token, lease)

    with _renewing(database, account, renew, lease / _RENEWALS):
        yield


@contextmanager
def kept_lease(  # noqa: PLR0913 -- whose lease of what, held by whom, for how long, and afterwards
    database: Database,
    account: str,
    name: str,
    holder: str,
    lease: int,
    *,
    is_given_back: bool = True,
) -> Iterator[bool]:
    """Hold a named lease while the block runs; False where somebody else holds it.

    With `is_given_back` off the lease runs on for `lease` seconds after the
    block, so that its holder stays the same.
    """

    def renew(books: Books) -> None:
        take_lease(books, name, holder, lease)

    with database.write(account) as books:
        is_ours = take_lease(books, name, holder, lease)
    if not is_ours:
        yield False
        return
    try:
        with _renewing(database, account, renew, lease / _RENEWALS):
            yield True
    finally:
        if is_given_back:
            with database.write(account) as books:
                drop_lease(books, name, holder)


@contextmanager
def _renewing(
    database: Database, account: str, renew: Callable[[Books], None], every: float
) -> Iterator[None]:
    """Renew every so many real seconds from a thread of its own: the block may wait for long."""
    is_done = threading.Event()

    def loop() -> None:
        while not is_done.wait(every):
            try:
                with database.write(account) as books:
                    renew(books)
            except Exception:  # noqa: BLE001 -- the next renewal may succeed
                _log.exception("lease_not_renewed", account=account)

    thread = threading.Thread(target=loop, name="keeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
