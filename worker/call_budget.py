# SPDX-License-Identifier: GPL-3.0-or-later
"""One budget of calls per account, in the database, shared by all processes.

Calls are taken from the row in small blocks, so that most of them cost no
statement. What a process took and did not use is lost when the window ends:
the account is then asked a little less than it could be, never more.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.zendesk.budget import Bucket, first_buckets, window_s
from worker.store.call_budgets import locked_buckets, save_buckets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from fractions import Fraction

    from worker.store.database import Database

_BLOCKS = 32
"""A window's calls are handed out in about so many blocks; the exports' ten one by one."""

_UNKNOWN = 8
"""A block of a bucket whose limit no answer has told yet."""


@dataclass(slots=True)
class _Stock:
    """Calls taken from the row and not yet made, in a window."""

    window: int = -1
    left: int = 0


class SharedBudget:
    """A budget for all threads of all processes; `share` is that of `Bucket.allowed`."""

    def __init__(self, database: Database, account: str, share: Fraction) -> None:
        self._database = database
        self._account = account
        self._share = share
        self._lock = threading.Lock()
        self._own = first_buckets()  # what this process has been told
        self._stock: dict[str, _Stock] = {}

    def take(self, buckets: Sequence[str], at: datetime) -> tuple[float, str]:
        """Count one call against all buckets, or none; see `Budget.take`."""
        now = at.timestamp()
        with self._lock:
            worst = max(
                ((self._held(name).wait(now, self._share), name) for name in buckets),
                default=(0.0, ""),
            )
            short = [name for name in buckets if not self._in_stock(name, now)]
            if worst[0] <= 0 and short:
                worst = self._fetch(short, now)
            if worst[0] > 0:
                return worst
            for name in buckets:
                self._stock[name].left -= 1
            return (0.0, "")

    def observe(self, bucket: str, limit: int, remaining: int, at: datetime) -> None:
        """Learn what an answer's headers say of a bucket."""
        with self._lock:
            self._held(bucket).observe(limit, remaining, at.timestamp())

    def refuse(self, bucket: str, wait: float, at: datetime) -> None:
        """Learn that the helpdesk refused a call for so many seconds; the others learn it too."""
        now = at.timestamp()
        with self._lock, self._database.write(self._account) as books:
            (shared,) = locked_buckets(books, [self._held(bucket)])
            shared.refuse(wait, now)
            self._exchange(shared)
            save_buckets(books, [shared])

    def _held(self, name: str) -> Bucket:
        return self._own.setdefault(name, Bucket(name))

    def _in_stock(self, name: str, now: float) -> bool:
        stock = self._stock.setdefault(name, _Stock())
        window = int(now // window_s(name))
        # A clock that is a little behind still has the calls of the window begun before.
        if window > stock.window:
            stock.window, stock.left = window, 0
        return stock.left > 0

    def _fetch(self, names: Sequence[str], now: float) -> tuple[float, str]:
        """Take a block of each, or of none; seconds to wait and for which."""
        with self._database.write(self._account) as books:
            shared = locked_buckets(books, [self._held(name) for name in names])
            for one in shared:
                self._exchange(one)
            worst = max((one.wait(now, self._share), one.name) for one in shared)
            if worst[0] <= 0:
                for one in shared:
                    one.used += self._put_in_stock(one, now)
            save_buckets(books, shared)
        return worst

    def _exchange(self, shared: Bucket) -> None:
        """Tell the others the limit that this process has seen; learn of their refusals."""
        own = self._held(shared.name)
        if own.remaining is not None:  # told by an answer in this window
            shared.limit = own.limit
        own.limit = shared.limit
        own.blocked_until = max(own.blocked_until, shared.blocked_until)
        own.penalty, own.penalty_until = shared.penalty, shared.penalty_until

    def _put_in_stock(self, shared: Bucket, now: float) -> int:
        allowed = shared.allowed(now, self._share)
        block = _UNKNOWN if allowed == float("inf") else max(1, int(allowed) // _BLOCKS)
        taken = int(min(block, allowed - shared.used))
        stock = self._stock[shared.name]
        stock.window, stock.left = int(now // window_s(shared.name)), taken
        return taken
