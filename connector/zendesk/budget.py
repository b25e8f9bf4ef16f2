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

_LIMITS: Final[Mapping[str, int]] = {ACCOUNT: 200, INCREMENTAL: 10}
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
class _Bucket:
    limit: int | None = None
    window: int = -1
    used: int = 0
    remaining: int | None = None
    blocked_until: float = 0.0
    penalty: int = 0
    penalty_until: float = 0.0


class MemoryBudget:
    """A budget for the threads of one process.

    Args:
        share: the part of the plan's calls that may be used; the rest stays
            free for the account's other tools. Of the exports' bucket one call
            a minute stays free, and two more after each refusal, for ten minutes.
    """

    def __init__(self, share: Fraction, limits: Mapping[str, int] = _LIMITS) -> None:
        self._share = share
        self._lock = threading.Lock()
        self._buckets = {name: _Bucket(limit=limit) for name, limit in limits.items()}

    def take(self, buckets: Sequence[str], at: datetime) -> tuple[float, str]:
        """Count one call against all buckets, or none; see `Budget.take`."""
        now = at.timestamp()
        with self._lock:
            waits = [(self._wait(name, now), name) for name in buckets]
            worst = max(waits, default=(0.0, ""))
            if worst[0] > 0:
                return worst
            for name in buckets:
                self._buckets[name].used += 1
            return (0.0, "")

    def observe(self, bucket: str, limit: int, remaining: int, at: datetime) -> None:
        """Learn what an answer's headers say of a bucket."""
        with self._lock:
            held = self._current(bucket, at.timestamp())
            held.limit = limit
            held.remaining = remaining if held.remaining is None else min(held.remaining, remaining)

    def refuse(self, bucket: str, wait: float, at: datetime) -> None:
        """Learn that the helpdesk refused a call for so many seconds."""
        now = at.timestamp()
        with self._lock:
            held = self._current(bucket, now)
            held.blocked_until = max(held.blocked_until, now + wait)
            if bucket == INCREMENTAL:
                held.penalty = min((held.penalty if now < held.penalty_until else 0) + 2, 7)
                held.penalty_until = now + _PENALTY_SECONDS

    def _current(self, name: str, now: float) -> _Bucket:
        held = self._buckets.setdefault(name, _Bucket())
        window = int(now // _window(name))
        if held.window != window:
            held.window, held.used, held.remaining = window, 0, None
        return held

    def _wait(self, name: str, now: float) -> float:
        held = self._current(name, now)
        if now < held.blocked_until:
            return held.blocked_until - now
        used_up = held.remaining is not None and held.remaining <= 0
        if used_up or held.used >= self._allowed(name, held, now):
            return _window(name) - now % _window(name)
        return 0.0

    def _allowed(self, name: str, held: _Bucket, now: float) -> float:
        if held.limit is None:
            return float("inf")
        if name == INCREMENTAL:
            penalty = held.penalty if now < held.penalty_until else 0
            return max(held.limit - 1 - penalty, 1)
        return max(int(held.limit * self._share), 1)


def _window(name: str) -> int:
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
