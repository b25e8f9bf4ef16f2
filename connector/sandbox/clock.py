# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's own clock: it may run fast, stand still, and be moved by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Tells a time that starts at `start` and runs `speed` times as fast as the wall clock.

    With speed 0 it stands still until `advance` or `set`. Rate windows, the
    withheld minute of the exports, jobs, token life and live traffic follow it.
    """

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError("the sandbox clock needs a start with a zone")
        if speed < 0:
            raise ValueError("the sandbox clock does not run backwards")
        self._lock = threading.Lock()
        self._base = start.timestamp()
        self._since = time.monotonic()
        self._speed = speed

    @property
    def speed(self) -> float:
        """Sandbox seconds per real second."""
        return self._speed

    def seconds(self) -> float:
        """Epoch seconds, with fractions."""
        with self._lock:
            return self._read()

    def epoch(self) -> int:
        """Whole epoch seconds."""
        return int(self.seconds())

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def advance(self, by: timedelta) -> datetime:
        """Jump by a span, which may be negative."""
        with self._lock:
            self._restart(self._read() + by.total_seconds())
            return datetime.fromtimestamp(self._base, UTC)

    def set(self, at: datetime) -> datetime:
        """Jump to an instant."""
        with self._lock:
            self._restart(at.timestamp())
            return datetime.fromtimestamp(self._base, UTC)

    def run_at(self, speed: float) -> None:
        """Go on from here at another speed; 0 stands still."""
        if speed < 0:
            raise ValueError("the sandbox clock does not run backwards")
        with self._lock:
            self._restart(self._read())
            self._speed = speed

    def _read(self) -> float:
        return self._base + (time.monotonic() - self._since) * self._speed

    def _restart(self, base: float) -> None:
        self._base = base
        self._since = time.monotonic()
