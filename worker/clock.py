# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock that the worker is given: the machine's, the sandbox's, or a test's."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec
import requests

from rules.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Clock(Protocol):
    """Tells the time and waits. Leases do not use it: they run on the database's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def pause(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for so many seconds of this clock; True when `stop` was set meanwhile."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def pause(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for so many seconds; True when `stop` was set meanwhile."""
        return stop.wait(max(0.0, seconds))


class SteppedClock:
    """A clock that stands still until it is moved; waiting moves it."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant it was last moved to."""
        with self._lock:
            return self._now

    def move(self, by: timedelta) -> None:
        """Go forward, or back where `by` is negative."""
        with self._lock:
            self._now += by

    def pause(self, seconds: float, stop: threading.Event) -> bool:
        """Move forward by `seconds` at once; True when `stop` is set."""
        self.move(timedelta(seconds=max(0.0, seconds)))
        return stop.is_set()


class ClockUnreachable(Exception):
    """The sandbox's clock did not answer."""


class _Reading(msgspec.Struct):
    now: datetime
    speed: float = 1.0


class SandboxClock:
    """The sandbox's clock, read over HTTP now and then and run on in between.

    `url` must be on a loopback address: whoever answers there decides what
    time it is.
    """

    def __init__(
        self,
        url: str,
        *,
        fresh_for: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not is_loopback(url):
            raise ValueError("the sandbox's clock must be on a loopback address")
        self._url = url
        self._fresh_for = fresh_for
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._reading = _Reading(datetime(1970, 1, 1, tzinfo=UTC))
        self._read_at: float | None = None

    def now(self) -> datetime:
        """The sandbox's present instant, to within the time of one call.

        Raises:
            ClockUnreachable: it has never answered.
        """
        with self._lock:
            self._refresh()
            ran = self._monotonic() - (self._read_at or 0.0)
            return self._reading.now + timedelta(seconds=ran * self._reading.speed)

    def pause(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for so many seconds of the sandbox; True when `stop` was set meanwhile."""
        with self._lock:
            self._refresh()
            speed = self._reading.speed
        if speed <= 0:  # it stands still and is moved from outside: look again soon
            return stop.wait(min(max(0.0, seconds), 0.05))
        return stop.wait(max(0.0, seconds) / speed)

    def _refresh(self) -> None:
        begun = self._monotonic()
        stands = self._reading.speed <= 0
        if self._read_at is not None and not stands and begun - self._read_at < self._fresh_for:
            return
        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy must not stand between us and loopback
                answer = session.get(self._url, timeout=(2, 5), allow_redirects=False)
            answer.raise_for_status()
            reading = msgspec.json.decode(answer.content, type=prepared(_Reading))
        except (requests.RequestException, msgspec.MsgspecError) as fault:
            if self._read_at is None:
                raise ClockUnreachable(f"no answer from {self._url}") from fault
            return  # the last reading runs on
        self._reading = reading
        self._read_at = (begun + self._monotonic()) / 2


def is_loopback(url: str) -> bool:
    """Whether a URL points to this machine by a loopback address."""
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:  # brackets that hold no address
        return False
