# SPDX-License-Identifier: GPL-3.0-or-later
"""Three ways to know who asks: nobody needs to be known, a proxy tells, or a session does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from worker.web.sign_in.loopback import is_loopback_host, is_trusted, peer_of
from worker.web.sign_in.sessions import Cookie, Sessions, hash_of
from worker.web.sign_in.visitor import Visitor, is_name

if TYPE_CHECKING:
    from starlette.requests import Request

    from worker.settings import Settings
    from worker.store.people import Role
    from worker.web.sign_in.forms import Seal
    from worker.wiring import Installation

_FORM: Final = "form"


class Knowing(Protocol):
    """Finds out who asks. It blocks: not for the event loop."""

    def who(self, request: Request) -> Visitor | None:
        """Who asks; None for nobody known."""
        ...


def knowing_of(installation: Installation, seal: Seal) -> Knowing:
    """The way that the settings name."""
    settings = installation.settings
    if settings.auth in ("local", "oidc"):
        return BySession(installation, seal)
    if settings.auth == "proxy":
        return ByProxy(settings, seal)
    return ByMachine(seal)


class ByMachine:
    """Without a sign-in whoever sits at this machine may do everything.

    A page that another site opens under a name of its own that leads here, or a
    proxy that serves others, is not somebody at this machine.
    """

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def who(self, request: Request) -> Visitor | None:
        """An operator, where the address shown is this machine's."""
        headers = request.headers
        is_proxied = any(name in headers for name in ("forwarded", "x-forwarded-for"))
        if is_proxied or not is_loopback_host(headers.get("host", "")):
            return None
        return Visitor(None, "operator", self._seal.proof(_FORM, ""))


class ByProxy:
    """A reverse proxy names who asks; nobody but the proxy is believed."""

    def __init__(self, settings: Settings, seal: Seal) -> None:
        self._seal = seal
        self._header = settings.auth_header
        self._trusted = settings.auth_trusted
        self._operators = {one.casefold() for one in settings.auth_operators}

    def who(self, request: Request) -> Visitor | None:
        """Whom the header names, once and in full."""
        named = request.headers.getlist(self._header)
        if len(named) != 1 or not is_trusted(peer_of(request), self._trusted):
            return None
        name = named[0].strip()
        if not is_name(name):
            return None
        role: Role = "operator" if name.casefold() in self._operators else "viewer"
        return Visitor(name, role, self._seal.proof(_FORM, name))


class BySession:
    """Who has signed in, with a password or by a provider: a cookie holds a session's token."""

    def __init__(self, installation: Installation, seal: Seal) -> None:
        settings = installation.settings
        self.sessions = Sessions(
            installation.database, settings.oidc_issuer if settings.auth == "oidc" else None
        )
        self.cookie = Cookie("stipt_session", settings, self.sessions.longest)
        self._clock = installation.clock
        self._seal = seal

    def begin(self, request: Request, name: str, role: Role | None = None) -> str:
        """The token of a session that begins now; one that the browser still held is over.

        `role`: as a provider lets somebody in.
        """
        self.end(request)
        return self.sessions.begin(name, self._clock.now(), role)

    def end(self, request: Request) -> None:
        """End the session that the cookie names, if there is one."""
        token = self.cookie.read(request)
        if token is not None:
            self.sessions.end(token)

    def who(self, request: Request) -> Visitor | None:
        """Whose session the cookie names."""
        token = self.cookie.read(request)
        found = self.sessions.find(token, self._clock.now()) if token else None
        if token is None or found is None:
            return None
        proof = self._seal.proof(_FORM, hash_of(token))
        return Visitor(found.name, found.role, proof, signs_out=True)
