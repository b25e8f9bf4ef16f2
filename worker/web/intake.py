# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the body of a call by a machine, as JSON, no larger and no slower than is allowed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from worker.web.rates import AddressRates, caller_of

if TYPE_CHECKING:
    from starlette.requests import Request

BODY_WITHIN_S: Final = 10.0
"""Zendesk itself gives up after ten to twelve seconds."""

_TELL_EVERY_S: Final = 60.0


class Refused(Exception):
    """A call that is not taken: its answer's status, and why in a word."""

    def __init__(self, status: int, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = {name.replace("_", "-").title(): text for name, text in headers.items()}


class Intake:
    """Reads the bodies of calls.

    Args:
        rates: how often each address may call.
        most_bytes: how long a body may be.
        within_s: seconds in which it must have come.
    """

    def __init__(
        self, rates: AddressRates, most_bytes: int, within_s: float = BODY_WITHIN_S
    ) -> None:
        self._rates = rates
        self._most_bytes = most_bytes
        self._within_s = within_s

    def look_at_head(self, request: Request) -> None:
        """Refuse what can be refused without reading the body.

        Raises:
            Refused: 429, 415 or 413.
        """
        if not self._rates.allows(caller_of(request)):
            raise Refused(429, "too_often", retry_after="1")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" or "content-encoding" in request.headers:
            raise Refused(415, "content_type")
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > self._most_bytes:
            raise Refused(413, "too_large")

    async def body(self, request: Request) -> bytes:
        """The whole body.

        Raises:
            Refused: 413, 408, or 400 where the caller has gone.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(self._within_s):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self._most_bytes:
                        raise Refused(413, "too_large")
        except TimeoutError:
            raise Refused(408, "too_slow") from None
        except ClientDisconnect:
            raise Refused(400, "malformed") from None
        return bytes(body)


class Seldom:
    """Lets each reason pass once in a while: who sends many calls must not fill the disk."""

    def __init__(self) -> None:
        self._told_at: dict[str, float] = {}

    def is_time_for(self, why: str) -> bool:
        """Whether this reason should be logged; asking counts as doing so."""
        now = time.monotonic()
        if now - self._told_at.get(why, -_TELL_EVERY_S) < _TELL_EVERY_S:
            return False
        self._told_at[why] = now
        return True
