# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate before every page: it finds out who asks, and lets nobody else's form through.

What is not named in `_OPEN` needs somebody known, so that a page cannot be
forgotten. Webhooks and links of messages are signed, calls below `/api/` carry a
secret of their own, probes hold no rows.
"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse

from worker.web.sign_in.forms import is_own_page, read_body, replayed, token_in
from worker.web.sign_in.visitor import with_visitor

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from worker.settings import Settings
    from worker.web.sign_in.knowing import Knowing
    from worker.web.sign_in.visitor import Visitor

SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
LOOK_AGAIN_S: Final = 30.0
"""Seconds for which an answer that goes on is given to somebody without another look."""

_OPEN: Final = frozenset({"/livez", "/readyz", "/metrics", SIGN_IN})
_OPEN_BELOW: Final = ("/api/", "/webhooks/", "/acknowledge/", "/static/", f"{SIGN_IN}/")
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """Lets requests through to the application, with who asks on them.

    Args:
        app: the application behind.
        knowing: finds out who asks.
        settings: whether a sign-in is set up, and under which address pages are reached.
    """

    def __init__(self, app: ASGIApp, knowing: Knowing, settings: Settings) -> None:
        self._app = app
        self._knowing = knowing
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path in _OPEN or path.startswith(_OPEN_BELOW):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        visitor = await run_in_threadpool(self._knowing.who, request)
        if visitor is None:
            await self._stranger(request)(scope, receive, send)
            return
        if scope["method"] in _READING:
            send = _Watched(send, request, self._knowing)
        else:
            try:
                receive = await self._own_form(request, visitor, receive)
            except HTTPException as fault:
                await _refusal(fault.status_code)(scope, receive, send)
                return
        try:
            await self._app({**scope, **with_visitor(visitor)}, receive, send)
        except (ClientDisconnect, OSError):
            if not (isinstance(send, _Watched) and send.is_over):
                raise

    async def _own_form(self, request: Request, visitor: Visitor, receive: Receive) -> Receive:
        """What follows of a request that may change something.

        Raises:
            HTTPException: 403 for a viewer or a form that is not ours, 413 for a long one.
        """
        if visitor.role != "operator" and request.url.path != SIGN_OUT:
            raise HTTPException(403)
        body = await read_body(receive)
        given = token_in(request, body).encode()
        is_ours = hmac.compare_digest(given, visitor.form_token.encode())
        if not is_ours or not is_own_page(request, self._settings):
            raise HTTPException(403)
        return replayed(body, receive)

    def _stranger(self, request: Request) -> Response:
        if not self._settings.auth:
            return PlainTextResponse(
                "Pages are shown on this machine alone while STIPT_AUTH is not set\n", 403
            )
        is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if self._settings.auth == "proxy" or not is_page:
            return _refusal(401)
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        query = "" if wanted == "/" else f"?{urlencode({'next': wanted})}"
        return RedirectResponse(f"{SIGN_IN}{query}", 303)


class _Watched:
    """Ends an answer that goes on after its reader has signed out, or was removed."""

    def __init__(self, send: Send, request: Request, knowing: Knowing) -> None:
        self._send = send
        self._request = request
        self._knowing = knowing
        self._looked_at = time.monotonic()
        self.is_over = False

    async def __call__(self, message: Message) -> None:
        if time.monotonic() - self._looked_at >= LOOK_AGAIN_S and message.get("more_body"):
            self._looked_at = time.monotonic()
            if await run_in_threadpool(self._knowing.who, self._request) is None:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                self.is_over = True
                raise OSError  # as if the reader had gone: the answer's own loop ends with it
        await self._send(message)


def _refusal(status: int) -> Response:
    words = {401: "Unauthorized", 403: "Forbidden", 413: "Content Too Large"}
    return PlainTextResponse(f"{words.get(status, 'Bad Request')}\n", status)
