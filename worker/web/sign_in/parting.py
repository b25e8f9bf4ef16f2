# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing out of Stipt, and of the provider that said who somebody is, where it offers that.

OpenID calls it RP-initiated logout. The provider knows whose session is meant by the token that
it gave at the sign-in. The browser keeps that token meanwhile, and nobody else: it is of no use
for signing in here, because it belongs to one sign-in that is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from worker.logs import get_logger
from worker.web.sign_in.gate import SIGN_IN
from worker.web.sign_in.page import parting_page
from worker.web.sign_in.provider import ProviderFault
from worker.web.sign_in.sessions import Cookie

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from worker.settings import Settings
    from worker.web.sign_in.knowing import BySession
    from worker.web.sign_in.provider import Provider

_LONGEST_HELD: Final = 3000
"""Browsers keep cookies of 4096 bytes; without a token the provider may ask who is meant."""

_log = get_logger(__name__)


class Parting:
    """Ends sessions here and at the provider."""

    def __init__(self, settings: Settings, known: BySession, provider: Provider) -> None:
        self._known = known
        self._provider = provider
        self._onward = f"{(settings.public_url or '').rstrip('/')}{SIGN_IN}"
        self._cookie = Cookie("stipt_id_token", settings, known.sessions.longest)

    def prepare(self, request: Request, response: Response, id_token: str) -> None:
        """Let the browser hold what the provider gave, for the end of the session."""
        if len(id_token) <= _LONGEST_HELD:
            self._cookie.write(request, response, id_token)
        else:
            self._cookie.delete(request, response)

    async def sign_out(self, request: Request) -> Response:
        """End the session here and in the browser, then on to the provider."""
        await run_in_threadpool(self._known.end, request)
        address = await run_in_threadpool(self._way_out, self._cookie.read(request))
        response: Response = RedirectResponse(SIGN_IN, 303)
        if address is not None:
            response = parting_page(self._provider.host, address)
        self._known.cookie.delete(request, response)
        self._cookie.delete(request, response)
        return response

    def _way_out(self, id_token: str | None) -> str | None:
        try:
            return self._provider.way_out(self._onward, id_token)
        except ProviderFault as fault:  # out of Stipt they are all the same
            _log.warning("session_kept_at_provider", detail=str(fault))
            return None
