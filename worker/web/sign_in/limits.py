# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a name or an address may try to sign in: counted in rows, for all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from worker.store.people import EVERYBODY, count_try, forget_old, forget_tries, take_back_try
from worker.web.sign_in.sessions import LONGEST, UNUSED

if TYPE_CHECKING:
    from datetime import datetime

    from worker.store.database import Database
    from worker.web.sign_in.forms import Seal

WINDOW_S: Final = 900
PER_NAME: Final = 10
PER_ADDRESS: Final = 50
"""Wrong tries in a window; names that nobody has are counted alike."""


class Tries:
    """Counts tries before a password is looked at, so that guesses at once are counted too."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    def allows(self, name: str, address: str, now: datetime) -> bool:
        """Count a try; False when there were too many."""
        window = _window(now)
        by_name, by_address = self._keys(name, address)
        with self._database.write(EVERYBODY) as books:
            forget_old(books, created_before=now - LONGEST, seen_before=now - UNUSED, window=window)
            of_address = count_try(books, by_address, window)
            # An address that is shut out must not shut out names as well.
            if of_address > PER_ADDRESS:
                return False
            return count_try(books, by_name, window) <= PER_NAME

    def allows_address(self, address: str, now: datetime) -> bool:
        """Count a try of somebody who gives no name; False when there were too many."""
        window = _window(now)
        with self._database.write(EVERYBODY) as books:
            forget_old(books, created_before=now - LONGEST, seen_before=now - UNUSED, window=window)
            return count_try(books, self._of_address(address), window) <= PER_ADDRESS

    def take_back(self, address: str) -> None:
        """That try of an address was no wrong one."""
        with self._database.write(EVERYBODY) as books:
            take_back_try(books, self._of_address(address))

    def was_right(self, name: str, address: str) -> None:
        """Forget what was counted of a name, and this try of its address."""
        by_name, by_address = self._keys(name, address)
        with self._database.write(EVERYBODY) as books:
            forget_tries(books, by_name)
            take_back_try(books, by_address)

    def _keys(self, name: str, address: str) -> tuple[str, str]:
        return self._seal.proof("tries of name", name), self._of_address(address)

    def _of_address(self, address: str) -> str:
        return self._seal.proof("tries of", address)


def seconds_left(now: datetime) -> int:
    """How long the present window lasts."""
    return WINDOW_S - int(now.timestamp()) % WINDOW_S


def _window(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_S
