# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for the helpdesk, but not for ever.

Waits are of the clock that is given, which may stand still (a sandbox that is
moved by hand) or run fast. The limit is real time, counted from the last
progress, so that long work may go on as long as it goes on.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from worker.clock import Clock

_SLICE_S = 5.0


class TookTooLong(Exception):
    """Nothing has come of waiting for as long as was allowed."""


class Patience:
    """Waits on a clock and gives up after `limit` of real time without progress."""

    def __init__(
        self,
        clock: Clock,
        limit: timedelta,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._limit_s = limit.total_seconds()
        self._monotonic = monotonic
        self._since = monotonic()
        self._began_at = clock.now()

    def progressed(self) -> None:
        """Something came of it: the limit counts from here."""
        self._since = self._monotonic()
        self._began_at = self._clock.now()

    def is_exhausted(self) -> bool:
        """Whether the limit has passed without progress."""
        return self._monotonic() - self._since >= self._limit_s

    def wait_until(self, at: datetime) -> None:
        """Wait until an instant of the clock.

        Raises:
            TookTooLong: it is further away than the limit, or was never reached.
        """
        if (at - self._clock.now()).total_seconds() > max(self._limit_s, 60.0):
            raise TookTooLong(f"the helpdesk asks to wait until {at:%Y-%m-%d %H:%M:%S} UTC")
        while (left := (at - self._clock.now()).total_seconds()) > 0:
            self.pause(min(left, _SLICE_S))

    def pause(self, seconds: float) -> bool:
        """Wait so many seconds of the clock; always False: nobody asks a command to stop.

        Raises:
            TookTooLong: the limit has passed.
        """
        if self.is_exhausted():
            raise TookTooLong(self._words())
        self._clock.pause(max(seconds, 0.05), threading.Event())
        return False

    def _words(self) -> str:
        now = self._clock.now()
        text = f"nothing came from the helpdesk within {self._limit_s:.0f} s (--wait)"
        if now == self._began_at:
            text += f"; its clock stands still at {now:%Y-%m-%d %H:%M:%S} UTC: let it run"
        return text
