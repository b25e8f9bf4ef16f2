# SPDX-License-Identifier: GPL-3.0-or-later
"""The web application: routes by subject, plain errors, and headers for every answer.

A new subject is a module that offers its routes; they are put together here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from worker.error_reports import report
from worker.logs import get_logger
from worker.web.acknowledge import acknowledge_routes
from worker.web.board.routes import board_routes
from worker.web.outages import outage_routes
from worker.web.probes import probe_routes
from worker.web.sign_in.forms import Seal
from worker.web.sign_in.gate import Gate
from worker.web.sign_in.knowing import knowing_of
from worker.web.sign_in.routes import sign_in_routes
from worker.web.webhooks import webhook_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from worker.settings import Settings
    from worker.wiring import Installation

HEADERS: Final[Mapping[bytes, bytes]] = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    # Not no-referrer: browsers then hide from us that a form stood on a page of our own.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
"""What every answer carries that does not say otherwise itself."""

_log = get_logger(__name__)


def web_application(installation: Installation, *, polls: bool) -> Starlette:
    """Everything that the role `web` serves."""
    seal = Seal(installation.database, installation.accounts[0].name)
    routes = [
        *webhook_routes(installation),
        *outage_routes(installation),
        *acknowledge_routes(installation),
        *probe_routes(installation, polls=polls),
        *board_routes(installation),
        *sign_in_routes(installation, seal),
    ]
    gate = Middleware(Gate, knowing=knowing_of(installation, seal), settings=installation.settings)
    return _application(routes, headers_of(installation.settings), gate)


def probe_application(installation: Installation, *, polls: bool) -> Starlette:
    """Probes and metrics alone, for processes without the role `web`."""
    return _application(probe_routes(installation, polls=polls), HEADERS)


def headers_of(settings: Settings) -> Mapping[bytes, bytes]:
    """What every answer carries; where people come over HTTPS, that they always must."""
    if urlsplit(settings.public_url or "").scheme != "https":
        return HEADERS
    # Without subdomains: others may be served below this name, and not by us.
    return {**HEADERS, b"strict-transport-security": b"max-age=31536000"}


def _application(
    routes: list[Route], headers: Mapping[bytes, bytes], *gates: Middleware
) -> Starlette:
    return Starlette(
        routes=routes,
        middleware=[Middleware(_WithHeaders, headers=headers), *gates],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )


class _WithHeaders:
    """Adds the headers that an answer lacks."""

    def __init__(self, app: ASGIApp, headers: Mapping[bytes, bytes]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in self._headers.items() if name not in own),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _refused(request: Request, fault: Exception) -> Response:
    """An error of the caller: its name, and nothing that tells of our insides."""
    del request
    status = fault.status_code if isinstance(fault, HTTPException) else 400
    headers = fault.headers if isinstance(fault, HTTPException) else None
    return PlainTextResponse(f"{HTTPStatus(status).phrase}\n", status, headers)


async def _failed(request: Request, fault: Exception) -> Response:
    """A fault of Stipt: logged and reported without the request."""
    del request
    _log.error("answer_failed", exc_info=fault)
    report(fault)
    return PlainTextResponse("Internal Server Error\n", 500)
