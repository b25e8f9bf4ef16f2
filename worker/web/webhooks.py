# SPDX-License-Identifier: GPL-3.0-or-later
"""`POST /webhooks/zendesk`: verify, note which ticket to read again, answer at once.

A call is a hint and nothing more: what it says about the ticket is not used,
and losing one costs time, as the export tells of every change. The answers
are listed in docs/webhooks.md.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Route

from worker.logs import get_logger
from worker.store.hints import forget_calls, take_hint
from worker.web.addresses import webhook_path, webhook_secrets
from worker.web.rates import AddressRates, caller_of
from worker.web.signature import TIMESTAMP, TOLERANCE, fault_of
from worker.web.zendesk_hint import Malformed, Told, read_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from worker.clock import Clock
    from worker.store.database import Database
    from worker.wiring import Installation

MOST_BYTES: Final = 1 << 20
BODY_WITHIN_S: Final = 10.0
"""Zendesk itself gives up after ten to twelve seconds."""

_FORGET_EVERY: Final = 500
_TELL_EVERY_S: Final = 60.0
_log = get_logger(__name__)


class _Refused(Exception):
    """A call that is not taken: its answer's status, and why in a word."""

    def __init__(self, status: int, why: str, *, retry_after: int | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}


def webhook_routes(installation: Installation) -> list[Route]:
    """A route for every Zendesk account that has a webhook's secret."""
    rates = AddressRates()
    routes = []
    for work in installation.accounts:
        secrets = webhook_secrets(work.settings)
        if work.settings.helpdesk != "zendesk" or not secrets:
            continue
        inbox = Inbox(installation.database, work.name, installation.clock, secrets)
        endpoint = ZendeskWebhook(inbox, rates, installation.metrics.called_by_webhook)
        routes.append(Route(webhook_path(work.name), endpoint.answer, methods=["POST"]))
    return routes


@dataclass(slots=True)
class Inbox:
    """Where one account's calls are verified and noted. It blocks: not for the event loop."""

    database: Database
    account: str
    clock: Clock
    secrets: Sequence[str] = field(repr=False)
    forget_every: int = _FORGET_EVERY
    _taken: int = 0

    def take(self, headers: dict[str, str], body: bytes) -> str:
        """Verify a call and note its ticket; what became of it in a word.

        Raises:
            _Refused: it is forged, old, or says nothing that can be understood.
        """
        now = self.clock.now()
        fault = fault_of(headers, body, self.secrets, now)
        if fault is not None:
            raise _Refused(401, fault)
        try:
            told = read_hint(body, headers[TIMESTAMP])
        except Malformed:
            raise _Refused(400, "malformed") from None
        return "ignored" if told is None else self._note(told, now)

    def _note(self, told: Told, now: datetime) -> str:
        try:
            with self.database.write(self.account) as books:
                is_new = take_hint(books, told.event_id, told.ticket_id, now)
                if self._taken % self.forget_every == 0:
                    # Twice the tolerance: a call that is refused for its age needs no row.
                    forget_calls(books, now - 2 * TOLERANCE)
        except SQLAlchemyError as fault:
            _log.warning("webhook_not_noted", account=self.account, reason=type(fault).__name__)
            raise _Refused(503, "unavailable", retry_after=5) from None
        self._taken += 1
        return "taken" if is_new else "duplicate"


class ZendeskWebhook:
    """Answers the calls of one account."""

    def __init__(
        self,
        inbox: Inbox,
        rates: AddressRates,
        counted: Callable[[str], None],
        *,
        body_within_s: float = BODY_WITHIN_S,
    ) -> None:
        self._inbox = inbox
        self._rates = rates
        self._counted = counted
        self._body_within_s = body_within_s
        self._told_at: dict[str, float] = {}

    async def answer(self, request: Request) -> Response:
        """The answer to one call; its `result` is a word that docs/webhooks.md explains."""
        try:
            self._look_at_head(request)
            body = await self._body(request)
            result = await run_in_threadpool(self._inbox.take, dict(request.headers), body)
        except _Refused as refused:
            self._counted(refused.why)
            self._tell(refused.why)
            return JSONResponse({"result": refused.why}, refused.status, refused.headers)
        self._counted(result)
        return JSONResponse({"result": result})

    def _look_at_head(self, request: Request) -> None:
        """Refuse what can be refused without reading the body."""
        if not self._rates.allows(caller_of(request)):
            raise _Refused(429, "too_often", retry_after=1)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" or "content-encoding" in request.headers:
            raise _Refused(415, "content_type")
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MOST_BYTES:
            raise _Refused(413, "too_large")

    async def _body(self, request: Request) -> bytes:
        """The body, which may be no larger and no slower than is allowed."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_within_s):
                async for piece in request.stream():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise _Refused(413, "too_large")
        except TimeoutError:
            raise _Refused(408, "too_slow") from None
        except ClientDisconnect:
            raise _Refused(400, "malformed") from None
        return bytes(body)

    def _tell(self, why: str) -> None:
        """Log a reason once in a while: who sends many calls must not fill the disk."""
        now = time.monotonic()
        if now - self._told_at.get(why, -_TELL_EVERY_S) >= _TELL_EVERY_S:
            self._told_at[why] = now
            _log.warning("webhook_refused", account=self._inbox.account, reason=why)
