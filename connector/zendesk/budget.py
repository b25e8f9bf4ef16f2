# SPDX-License-Identifier: GPL-3.0-or-later
"""One budget of calls per account, fed by the rate-limit headers.

Zendesk's windows are fixed to the clock: they end at the full minute (the
per-ticket one at the full ten minutes), whenever the first call was made.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

ACCOUNT: Final = "account"
INCREMENTAL: Final = "incremental"
TICKETS_UPDATE: Final = "tickets-update"

_LIMITS: Final[Mapping[str, int]] = {ACCOUNT: 200, INCREMENTAL: 10, "talk": 10}
_LONG_WINDOWS: Final[Mapping[str, int]] = {"per-ticket-updates": 600}
_MINUTE: Final = 60
_PENALTY_SECONDS: Final = 600


class Budget(Protocol):
    """What may still be called. Shared by every thread, or process, that uses the account."""

    def take(self, buckets: Sequence[str], at: datetime) -> tuple[float, str]:
        """Count one call against all buckets, or none of them.

        Returns:
            Seconds to wait and the bucket that is empty; (0, "") when the call was counted.
        """

    def observe(self, bucket: str, limit: int, remaining: int, at: datetime) -> None:
        """Learn what an answer's headers say of a bucket."""

    def refuse(self, bucket: str, wait: float, at: datetime) -> None:
        """Learn that the helpdesk refused a call for so many seconds."""


@dataclass(slots=True)
class Bucket:
    """What is known of one bucket; seconds are epoch seconds of the helpdesk's clock.

    `used` are the calls of the window (its number since the epoch) that were
    counted by us, `remaining` what the helpdesk said is left in it.
    """

    name: str
    limit: int | None = None
    window: int = -1
    used: int = 0
    remaining: int | None = None
    blocked_until: float = 0.0
    penalty: int = 0
    penalty_until: float = 0.0

    def turn(self, now: float) -> None:
        """Begin the window of `now`, if that is a later one."""
        window = int(now // window_s(self.name))
        if window > self.window:
            self.window, self.used, self.remaining = window, 0, None

    def wait(self, now: float, share: Fraction) -> float:
        """Seconds until a call may be made; 0 where that is now."""
        self.turn(now)
        if now < self.blocked_until:
            return self.blocked_until - now
        used_up = self.remaining is not None and self.remaining <= 0
        if used_up or self.used >= self.allowed(now, share):
            return window_s(self.name) - now % window_s(self.name)
        return 0.0

    def allowed(self, now: float, share: Fraction) -> float:
        """Calls a window; infinite where no limit is known.

        Args:
            now: the present second.
            share: the part of the plan's calls that may be used; the rest stays
                free for the account's other tools. Of the exports' bucket one
                call a minute stays free, and two more after each refusal, for
                ten minutes.
        """
        if self.limit is None:
            return float("inf")
        if self.name == INCREMENTAL:
            penalty = self.penalty if now < self.penalty_until else 0
            return max(self.limit - 1 - penalty, 1)
        return max(int(self.limit * share), 1)

    def observe(self, limit: int, remaining: int, now: float) -> None:
        """Learn what the headers of an answer say."""
        self.turn(now)
        self.limit = limit
        self.remaining = remaining if self.remaining is None else min(self.remaining, remaining)

    def refuse(self, wait: float, now: float) -> None:
        """Learn that a call was refused for so many seconds."""
        self.turn(now)
        self.blocked_until = max(self.blocked_until, now + wait)
        if self.name == INCREMENTAL:
            self.penalty = min((self.penalty if now < self.penalty_until else 0) + 2, 7)
            self.penalty_until = now + _PENALTY_SECONDS


def first_buckets() -> dict[str, Bucket]:
    """What holds before any answer has told the limits."""
    return {name: Bucket(name, limit) for name, limit in _LIMITS.items()}


class MemoryBudget:
    """A budget for the threads of one process; `share` is that of `Bucket.allowed`."""

    def __init__(self, share: Fraction) -> None:
        self._share = share
        self._lock = threading.Lock()
        self._buckets = first_buckets()

    def take(self, buckets: Sequence[str], at: datetime) -> tuple[float, str]:
        """Count one call against all buckets, or none; see `Budget.take`."""
        now = at.timestamp()
        with self._lock:
            waits = [(self._held(name).wait(now, self._share), name) for name in buckets]
            worst = max(waits, default=(0.0, ""))
            if worst[0] > 0:
                return worst
            for name in buckets:
                self._held(name).used += 1
            return (0.0, "")

    def observe(self, bucket: str, limit: int, remaining: int, at: datetime) -> None:
        """Learn what an answer's headers say of a bucket."""
        with self._lock:
            self._held(bucket).observe(limit, remaining, at.timestamp())

    def refuse(self, bucket: str, wait: float, at: datetime) -> None:
        """Learn that the helpdesk refused a call for so many seconds."""
        with self._lock:
            self._held(bucket).refuse(wait, at.timestamp())

    def _held(self, name: str) -> Bucket:
        return self._buckets.setdefault(name, Bucket(name))


def window_s(name: str) -> int:
    """How long a bucket's window lasts, in seconds."""
    return _LONG_WINDOWS.get(name, _MINUTE)


_ENDPOINT: Final = re.compile(r"^zendesk-rate-?limit-(?P<name>.+)$")
_PAIR: Final = re.compile(r"(total|remaining|resets)\s*=\s*(\d+)")


def readings(headers: Mapping[str, str]) -> list[tuple[str, int, int]]:
    """Bucket, limit and remaining calls that the headers of an answer tell, both spellings."""
    lower = {key.lower(): value for key, value in headers.items()}
    told: list[tuple[str, int, int]] = []
    for limit_key in ("x-rate-limit", "ratelimit-limit", "rate-limit"):
        remaining = lower.get(f"{limit_key.removesuffix('-limit')}-remaining")
        remaining = lower.get(f"{limit_key}-remaining", remaining)
        limit = lower.get(limit_key, "")
        if limit.isdigit() and (remaining or "").isdigit():
            told.append((ACCOUNT, int(limit), int(remaining or 0)))
            break
    for key, value in lower.items():
        match = _ENDPOINT.match(key)
        pairs = dict(_PAIR.findall(value)) if match else {}
        if match and "total" in pairs and "remaining" in pairs:
            told.append((match["name"], int(pairs["total"]), int(pairs["remaining"])))
    return told


def seconds_to_full_minute(at: datetime) -> float:
    """How long the present clock minute still lasts."""
    return _MINUTE - at.timestamp() % _MINUTE
