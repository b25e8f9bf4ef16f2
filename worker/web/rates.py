# SPDX-License-Identifier: GPL-3.0-or-later
"""How often one address may call: a bucket that fills steadily, in memory."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

PER_SECOND: Final = 100.0
BURST: Final = 400.0
"""Twenty times what a busy helpdesk sends; one behind a proxy shares the proxy's address."""

_MOST_ADDRESSES: Final = 10_000


def caller_of(request: Request) -> str:
    """The address that calls; the one that a proxy on this machine names for its caller.

    Only good for counting: whoever reaches a loopback address may name any.
    """
    peer = request.client.host if request.client else ""
    named = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        is_proxied = bool(named) and ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return peer
    return named if is_proxied else peer


class AddressRates:
    """Counts the calls of each address; for one thread.

    Args:
        per_second: how many calls a second are allowed in the long run.
        burst: how many at once.
        monotonic: seconds on a clock that never jumps.
    """

    def __init__(
        self,
        per_second: float = PER_SECOND,
        burst: float = BURST,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, address: str) -> bool:
        """Count a call; False when the address has called too often."""
        now = self._monotonic()
        left, at = self._left.get(address, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        self._left[address] = (max(0.0, left - 1), now)
        if len(self._left) > _MOST_ADDRESSES:
            self._forget_quiet(now)
        return left >= 1

    def _forget_quiet(self, now: float) -> None:
        """Forget addresses whose bucket is full again; if that is none, all of them."""
        full_after = self._burst / self._per_second
        busy = {name: held for name, held in self._left.items() if now - held[1] < full_after}
        self._left = busy if len(busy) < _MOST_ADDRESSES else {}
