# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in with a name and a password."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from worker.logs import get_logger
from worker.passwords import NotAcceptable, is_right, person_name, prepare
from worker.store.people import EVERYBODY, password_of
from worker.web.sign_in.forms import fields_of, is_own_page, read_body
from worker.web.sign_in.limits import Tries, seconds_left
from worker.web.sign_in.loopback import counted_address
from worker.web.sign_in.onward import own_path
from worker.web.sign_in.page import password_page
from worker.web.sign_in.sessions import Cookie
from worker.web.sign_in.visitor import FORM_FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from worker.web.sign_in.forms import Seal
    from worker.web.sign_in.knowing import BySession
    from worker.web.sign_in.page import Fault
    from worker.wiring import Installation

_PURPOSE: Final = "sign-in form"
_HASHES_AT_ONCE: Final = 2
_MOST_WAITING: Final = 20
"""Each hash takes 64 MiB and a core for some time; others wait their turn, or are turned away."""

_log = get_logger(__name__)


class PasswordDesk:
    """Where people sign in with a name and a password."""

    def __init__(self, installation: Installation, seal: Seal, known: BySession) -> None:
        prepare()
        self._installation = installation
        self._settings = installation.settings
        self._seal = seal
        self._known = known
        self._form_cookie = Cookie("stipt_form", installation.settings)
        self._tries = Tries(installation.database, seal)
        self._turns = anyio.CapacityLimiter(_HASHES_AT_ONCE)

    async def show(self, request: Request) -> Response:
        """The page; whoever is signed in already goes on."""
        wanted = own_path(request.query_params.get("next"))
        if await run_in_threadpool(self._known.who, request) is not None:
            return RedirectResponse(wanted, 303)
        return await run_in_threadpool(self._page, request, wanted, None)

    async def sign_in(self, request: Request) -> Response:
        """Look at a name and a password; the answer is the same for a wrong one of either."""
        fields = fields_of(await read_body(request.receive))
        wanted = own_path(fields.get("next"))
        fault = await self._fault(request, fields)
        if fault is not None:
            _log.warning("sign_in_refused", reason=fault)
            return await run_in_threadpool(self._page, request, wanted, fault)
        response = RedirectResponse(wanted, 303)
        token = await run_in_threadpool(self._welcome, request, fields)
        self._known.cookie.write(request, response, token)
        self._form_cookie.delete(request, response)
        _log.info("signed_in")
        return response

    async def _fault(self, request: Request, fields: Mapping[str, str]) -> Fault | None:
        """Why somebody may not sign in."""
        held = self._form_cookie.read(request)
        if held is None:
            return "no_cookie"
        given = fields.get(FORM_FIELD, "")
        is_ours = await run_in_threadpool(self._seal.is_proof, given, _PURPOSE, held)
        if not is_ours or not is_own_page(request, self._settings):
            return "old_form"
        if self._turns.statistics().tasks_waiting >= _MOST_WAITING:
            raise HTTPException(503, headers={"Retry-After": "5"})
        name = _name(fields)
        if not await run_in_threadpool(self._may_try, request, name):
            return "too_often"
        password = fields.get("password", "")
        fits = await anyio.to_thread.run_sync(self._fits, name, password, limiter=self._turns)
        return None if fits else "wrong"

    def _may_try(self, request: Request, name: str) -> bool:
        address = counted_address(request, self._settings.auth_trusted)
        return self._tries.allows(name, address, self._installation.clock.now())

    def _fits(self, name: str, password: str) -> bool:
        with self._installation.database.read(EVERYBODY) as books:
            held = password_of(books, name)
        return is_right(password, held)

    def _welcome(self, request: Request, fields: Mapping[str, str]) -> str:
        """The token of a session that begins now."""
        name = _name(fields)
        self._tries.was_right(name, counted_address(request, self._settings.auth_trusted))
        return self._known.begin(request, name)

    def _page(self, request: Request, wanted: str, fault: Fault | None) -> Response:
        held = self._form_cookie.read(request) or secrets.token_urlsafe(24)
        token = self._seal.proof(_PURPOSE, held)
        response = password_page(wanted, token, fault)
        if fault == "too_often":
            response.headers["retry-after"] = str(seconds_left(self._installation.clock.now()))
        self._form_cookie.write(request, response, held)
        return response


def _name(fields: Mapping[str, str]) -> str:
    """The name of a form as it would be stored; what could be nobody's is an empty one."""
    try:
        return person_name(fields.get("name", ""))
    except NotAcceptable:
        return ""
