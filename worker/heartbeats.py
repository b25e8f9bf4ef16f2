# SPDX-License-Identifier: GPL-3.0-or-later
"""When each loop last came round: what the liveness probe looks at."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Heartbeats:
    """Remembers the last beat of every loop, on a clock that never jumps."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def beat(self, loop: str) -> None:
        """The loop has come round."""
        with self._lock:
            self._last[loop] = self._monotonic()

    def ages(self) -> dict[str, float]:
        """Seconds since the last beat of each loop."""
        now = self._monotonic()
        with self._lock:
            return {loop: now - last for loop, last in self._last.items()}
