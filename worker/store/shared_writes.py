# SPDX-License-Identifier: GPL-3.0-or-later
"""Small transactions of several threads, committed as one.

SQLite lets one transaction at a time wait for the disk. What several threads
have to store meanwhile waits for its next turn, and then for the disk together.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from worker.store.database import Books

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Deed:
    do: Callable[[Books], None]
    end: Future[None] = field(default_factory=Future)


class SharedWrites:
    """Transactions of one account that are shared by whoever waits for one."""

    def __init__(self, write: Callable[[], AbstractContextManager[Books]]) -> None:
        self._write = write
        self._waiting: list[_Deed] = []
        self._listing = threading.Lock()
        self._turn = threading.Lock()

    @property
    def n_waiting(self) -> int:
        """How many deeds wait for the next transaction."""
        return len(self._waiting)

    def run(self, do: Callable[[Books], Result]) -> Result:
        """What the deed returns, once that is stored; it does nothing but read and write rows.

        A deed may be run a second time: where one of several fails, each gets a
        transaction of its own.
        """
        found: list[Result] = []
        deed = _Deed(lambda books: found.append(do(books)))
        with self._listing:
            self._waiting.append(deed)
        with self._turn:
            if not deed.end.done():
                with self._listing:
                    these, self._waiting = self._waiting, []
                self._store(these)
        deed.end.result(timeout=0)
        return found[-1]

    def _store(self, deeds: Sequence[_Deed]) -> None:
        try:
            with self._write() as books:
                for one in deeds:
                    one.do(books)
        except Exception as fault:  # noqa: BLE001 -- whoever waits for it gets it
            if len(deeds) == 1:
                deeds[0].end.set_exception(fault)
            else:
                for one in deeds:
                    self._store([one])
            return
        for one in deeds:
            one.end.set_result(None)
