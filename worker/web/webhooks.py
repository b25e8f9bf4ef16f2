# SPDX-License-Identifier: GPL-3.0-or-later
"""`POST /webhooks/zendesk`: verify, note which ticket to read again, answer at once.

A call is a hint and nothing more: what it says about the ticket is not used,
and losing one costs time, as the export tells of every change. The answers
are listed in docs/webhooks.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from worker.logs import get_logger
from worker.store.hints import forget_calls, take_hint
from worker.web.addresses import webhook_path, webhook_secrets
from worker.web.intake import Intake, Refused, Seldom
from worker.web.rates import AddressRates
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

_FORGET_EVERY: Final = 500
_log = get_logger(__name__)


def webhook_routes(installation: Installation) -> list[Route]:
    """A route for every Zendesk account that has a webhook's secret."""
    intake = Intake(AddressRates(), MOST_BYTES)
    routes = []
    for work in installation.accounts:
        secrets = webhook_secrets(work.settings)
        if work.settings.helpdesk != "zendesk" or not secrets:
            continue
        inbox = Inbox(installation.database, work.name, installation.clock, secrets)
        endpoint = ZendeskWebhook(inbox, intake, installation.metrics.called_by_webhook)
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
            Refused: it is forged, old, or says nothing that can be understood.
        """
        now = self.clock.now()
        fault = fault_of(headers, body, self.secrets, now)
        if fault is not None:
            raise Refused(401, fault)
        try:
            told = read_hint(body, headers[TIMESTAMP])
        except Malformed:
            raise Refused(400, "malformed") from None
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
            raise Refused(503, "unavailable", retry_after="5") from None
        self._taken += 1
        return "taken" if is_new else "duplicate"


class ZendeskWebhook:
    """Answers the calls of one account."""

    def __init__(
        self,
        inbox: Inbox,
        intake: Intake,
        counted: Callable[[str], None],
    ) -> None:
        self._inbox = inbox
        self._intake = intake
        self._counted = counted
        self._seldom = Seldom()

    async def answer(self, request: Request) -> Response:
        """The answer to one call; its `result` is a word that docs/webhooks.md explains."""
        try:
            self._intake.look_at_head(request)
            body = await self._intake.body(request)
            result = await run_in_threadpool(self._inbox.take, dict(request.headers), body)
        except Refused as refused:
            self._counted(refused.why)
            self._tell(refused.why)
            return JSONResponse({"result": refused.why}, refused.status, refused.headers)
        self._counted(result)
        return JSONResponse({"result": result})

    def _tell(self, why: str) -> None:
        if self._seldom.is_time_for(why):
            _log.warning("webhook_refused", account=self._inbox.account, reason=why)
