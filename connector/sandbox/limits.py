# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits in fixed windows of the sandbox's clock."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60
TEN_MINUTES = 600


@dataclass(frozen=True, slots=True)
class Reading:
    """What a bucket holds after a call. `resets` is seconds to the end of its window."""

    name: str
    total: int
    remaining: int
    resets: int
    refused: bool


class Buckets:
    """Counts calls per bucket; a window ends at the full clock minute (or ten minutes)."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[int, int]] = {}

    def take(self, name: str, total: int, now: int, window: int = MINUTE) -> Reading:
        """Count one call; a refused one is not counted."""
        period = now // window
        seen, used = self._used.get(name, (period, 0))
        used = used if seen == period else 0
        refused = used >= total
        used += 0 if refused else 1
        self._used[name] = (period, used)
        return Reading(name, total, total - used, window - now % window, refused)
