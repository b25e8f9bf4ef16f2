# SPDX-License-Identifier: GPL-3.0-or-later
"""When each loop last came round: what the liveness probe looks at."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


WITHIN = 60.0
"""Seconds within which a loop must come round."""

ASKING = 240.0
"""The same for a loop that calls the helpdesk, whose slowest answers take three minutes."""


class Heartbeats:
    """Remembers the last beat of every loop, on a clock that never jumps."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._within: dict[str, float] = {}

    def expect(self, loop: str, within: float = WITHIN) -> None:
        """From now on the loop must come round within so many seconds."""
        with self._lock:
            self._within[loop] = within
            self._last[loop] = self._monotonic()

    def beat(self, loop: str) -> None:
        """The loop has come round."""
        with self._lock:
            self._last[loop] = self._monotonic()

    def ages(self) -> dict[str, float]:
        """Seconds since the last beat of each loop."""
        now = self._monotonic()
        with self._lock:
            return {loop: now - last for loop, last in self._last.items()}

    def late(self) -> dict[str, float]:
        """Seconds since the last beat of those expected loops that should have come round."""
        ages = self.ages()
        with self._lock:
            return {
                loop: ages[loop] for loop, within in self._within.items() if ages[loop] > within
            }
