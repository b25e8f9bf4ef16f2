# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in at an OpenID provider: there, back again, and a session of ours.

Nothing is stored of somebody who is on the way: a cookie holds a random word, and what the provider
is given (state, nonce, PKCE's verifier) are proofs over it under the installation's key. So another
browser cannot end what this one began, and any process may take up what another began.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from worker.logs import get_logger
from worker.web.sign_in.gate import SIGN_IN
from worker.web.sign_in.guests import Nameless, NotAdmitted, admitted, needs_more
from worker.web.sign_in.id_token import Expected, TokenRefused, claims_of
from worker.web.sign_in.limits import Tries, seconds_left
from worker.web.sign_in.loopback import counted_address
from worker.web.sign_in.onward import own_path
from worker.web.sign_in.page import provider_page
from worker.web.sign_in.parting import Parting
from worker.web.sign_in.provider import Provider, ProviderFault
from worker.web.sign_in.sessions import Cookie

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from worker.web.sign_in.forms import Seal
    from worker.web.sign_in.guests import Admitted
    from worker.web.sign_in.knowing import BySession
    from worker.web.sign_in.page import Fault
    from worker.web.sign_in.provider import Claims, Tokens
    from worker.wiring import Installation

T = TypeVar("T")

BEGIN: Final = f"{SIGN_IN}/begin"
CALLBACK: Final = f"{SIGN_IN}/callback"
WITHIN: Final = timedelta(minutes=10)
"""So long somebody may take on the provider's pages."""

_AT_ONCE: Final = 4
_MOST_WAITING: Final = 20
_LONGEST_CODE: Final = 4096

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Journey:
    """A sign-in under way, as the cookie holds it: a random word, its beginning, where to go."""

    word: str
    began_at: int
    onward: str

    def held(self) -> str:
        path = base64.urlsafe_b64encode(self.onward.encode()).decode()
        return f"{self.word}.{self.began_at}.{path}"


def _journey(held: str) -> _Journey | None:
    word, _, rest = held.partition(".")
    began_at, _, path = rest.partition(".")
    try:
        onward = base64.urlsafe_b64decode(path.encode()).decode()
        return _Journey(word, int(began_at), own_path(onward))
    except (ValueError, binascii.Error):
        return None


class _Welcome(NamedTuple):
    """The token of a session of ours, and what the provider gave for it."""

    session: str
    id_token: str


class _Refused(Exception):
    """Somebody does not get in; `fault` is what they are told, the text what the log is."""

    def __init__(self, fault: Fault, detail: str | None = None) -> None:
        super().__init__(detail or fault)
        self.fault = fault
        self.detail = detail


class ProviderDesk:
    """Where people are sent to the provider, and come back."""

    def __init__(self, installation: Installation, seal: Seal, known: BySession) -> None:
        self._clock = installation.clock
        self._settings = installation.settings
        self._seal = seal
        self._known = known
        self._provider = Provider(installation.settings)
        self._parting = Parting(installation.settings, known, self._provider)
        self.sign_out = self._parting.sign_out
        self._cookie = Cookie("stipt_journey", installation.settings, WITHIN)
        self._tries = Tries(installation.database, seal)
        self._turns = anyio.CapacityLimiter(_AT_ONCE)

    async def show(self, request: Request) -> Response:
        """The page with the way to the provider; whoever is signed in already goes on."""
        wanted = own_path(request.query_params.get("next"))
        if await run_in_threadpool(self._known.who, request) is not None:
            return RedirectResponse(wanted, 303)
        return provider_page(self._provider.host, BEGIN, wanted, None)

    async def begin(self, request: Request) -> Response:
        """Off to the provider."""
        wanted = own_path(request.query_params.get("next"))
        now = int(self._clock.now().timestamp())
        journey = _Journey(secrets.token_urlsafe(24), now, wanted)
        try:
            address = await self._in_turn(self._address, journey.held())
        except _Refused as refused:
            return self._refusal(refused, wanted)
        response = RedirectResponse(address, 303)
        self._cookie.write(request, response, journey.held())
        return response

    async def come_back(self, request: Request) -> Response:
        """Back from the provider, with a code or a refusal."""
        held = self._cookie.read(request)
        journey = None if held is None else _journey(held)
        onward = "/" if journey is None else journey.onward
        try:
            welcome = await self._in_turn(self._welcome, request, held, journey)
        except _Refused as refused:
            response = self._refusal(refused, onward)
        else:
            response = RedirectResponse(onward, 303)
            self._known.cookie.write(request, response, welcome.session)
            self._parting.prepare(request, response, welcome.id_token)
            _log.info("signed_in")
        self._cookie.delete(request, response)
        return response

    async def _in_turn(self, deed: Callable[..., T], *given: object) -> T:
        """Do something that asks the provider: a few at once, so that pages stay quick."""
        if self._turns.statistics().tasks_waiting >= _MOST_WAITING:
            raise HTTPException(503, headers={"Retry-After": "5"})
        return await anyio.to_thread.run_sync(deed, *given, limiter=self._turns)

    def _address(self, held: str) -> str:
        challenge = hashlib.sha256(self._proof("verifier", held).encode()).digest()
        asked = {
            "response_type": "code",
            "redirect_uri": self._redirect_uri,
            "state": self._proof("state", held),
            "nonce": self._proof("nonce", held),
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        try:
            return self._provider.page(asked)
        except ProviderFault as fault:
            raise _Refused("provider", str(fault)) from None

    def _welcome(self, request: Request, held: str | None, journey: _Journey | None) -> _Welcome:
        """A session that begins now."""
        if held is None or journey is None:
            raise _Refused("no_cookie")
        self._must_be_ours(request, held, journey)
        address = counted_address(request, self._settings.auth_trusted)
        if not self._tries.allows_address(address, self._clock.now()):
            raise _Refused("too_often")
        found, id_token = self._named(request, held)
        self._tries.take_back(address)
        return _Welcome(self._known.begin(request, found.name, found.role), id_token)

    def _must_be_ours(self, request: Request, held: str, journey: _Journey) -> None:
        """Whether this browser was sent to the provider by us, and not too long ago."""
        given = request.query_params.get("state", "")
        is_ours = hmac.compare_digest(given.encode(), self._proof("state", held).encode())
        age = int(self._clock.now().timestamp()) - journey.began_at
        if not is_ours or not 0 <= age <= WITHIN.total_seconds():
            raise _Refused("old_form")

    def _named(self, request: Request, held: str) -> tuple[Admitted, str]:
        """As whom the provider lets somebody in, and the token by which it says so."""
        query = request.query_params
        try:
            self._must_be_from(query.get("iss"))
            if "error" in query:
                raise _Refused("denied")
            code = query.get("code", "")
            if not 0 < len(code) <= _LONGEST_CODE:
                raise _Refused("provider", "callback: no code")
            tokens = self._provider.tokens(code, self._proof("verifier", held), self._redirect_uri)
            return admitted(self._claims(tokens, held), self._settings), tokens.id_token
        except (ProviderFault, TokenRefused) as fault:
            raise _Refused("provider", str(fault)) from None
        except NotAdmitted:
            raise _Refused("not_admitted") from None
        except Nameless:
            raise _Refused("nameless") from None

    def _must_be_from(self, issuer: str | None) -> None:
        """The answer is that of this provider, as far as it says whose it is (RFC 9207)."""
        known = self._provider.discovery()
        must_say = known.authorization_response_iss_parameter_supported
        if (issuer is not None or must_say) and issuer != known.issuer:
            raise ProviderFault("callback: the answer of another provider")

    def _claims(self, tokens: Tokens, held: str) -> Claims:
        issuer = self._provider.discovery().issuer
        client_id = self._settings.oidc_client_id or ""
        expected = Expected(issuer, client_id, self._proof("nonce", held))
        claims = claims_of(tokens.id_token, self._provider.keys, expected, self._clock.now())
        if tokens.access_token is None or not needs_more(claims, self._settings):
            return claims
        more = self._provider.user_info(tokens.access_token)
        if more and more.get("sub") != claims["sub"]:
            raise ProviderFault("userinfo: tells of somebody else")
        return {**more, **claims}

    def _proof(self, purpose: str, held: str) -> str:
        return self._seal.proof(f"openid {purpose}", held)

    @property
    def _redirect_uri(self) -> str:
        return f"{(self._settings.public_url or '').rstrip('/')}{CALLBACK}"

    def _refusal(self, refused: _Refused, wanted: str) -> Response:
        if refused.detail is None:
            _log.warning("sign_in_refused", reason=refused.fault)
        else:
            _log.warning("sign_in_refused", reason=refused.fault, detail=refused.detail)
        response = provider_page(self._provider.host, BEGIN, wanted, refused.fault)
        if refused.fault == "too_often":
            response.headers["retry-after"] = str(seconds_left(self._clock.now()))
        return response
