# SPDX-License-Identifier: GPL-3.0-or-later
"""zenpy, kept to a handful of calls by an admin's command: nothing else imports it.

It sleeps in the thread on 429, follows links with credentials and logs bodies
at DEBUG. Its classes are imported where they are used: they take half a second.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests

from connector.base import CredentialsRejected, Refused, Throttled, Unavailable
from connector.zendesk.account import SETUP_SCOPES, AccessToken, ApiToken
from connector.zendesk.tokens import grant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zenpy import Zenpy

    from connector.zendesk.session import Session

_FORCED: Final = ("ZENPY_FORCE_SCHEME", "ZENPY_FORCE_NETLOC")
_LOCK: Final = threading.Lock()
_TIMEOUT_S: Final = 30
_PATIENCE_S: Final = 90
_IDENT: Final = re.compile(r"/(?:\d+|[0-9A-Z]{26})(?=/|$)")


class SetupClient:
    """Opens clients that may set things up, with a token that is not kept."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._signed_in: dict[str, str] | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[Zenpy]:
        """A client for one deed, with a token that is not kept.

        Raises:
            HelpdeskError: what zenpy's own errors mean.
        """
        from zenpy import Zenpy  # noqa: PLC0415 - heavy, set-up only
        from zenpy.lib.exception import (  # noqa: PLC0415 - heavy, set-up only
            APIException,
            RatelimitBudgetExceeded,
            ZenpyException,
        )

        account = self._session.account
        subdomain, _, domain = account.netloc.partition(".")
        with _pointed_at(account.netloc if account.is_loopback else None), self._http() as http:
            try:
                yield Zenpy(
                    subdomain=subdomain if domain else "loopback",
                    domain=domain or "zendesk.com",
                    session=http,
                    disable_cache=True,
                    timeout=_TIMEOUT_S,
                    ratelimit_budget=_PATIENCE_S,
                    **self._credentials(),
                )
            except RatelimitBudgetExceeded:
                raise Throttled(60.0, "setup") from None
            except APIException as error:
                raise _meaning(error) from None
            except requests.HTTPError as error:
                raise _meaning(error) from None
            except requests.RequestException as error:
                raise Unavailable(f"set-up: {type(error).__name__}") from None
            except ZenpyException as error:
                raise Refused(f"set-up: {type(error).__name__}") from None

    def _credentials(self) -> dict[str, str]:
        """How zenpy signs in: with a token for this set-up alone, dropped at its end."""
        if self._signed_in is None:
            self._signed_in = self._sign_in()
        return self._signed_in

    def _sign_in(self) -> dict[str, str]:
        credentials = self._session.account.credentials
        if isinstance(credentials, AccessToken):
            return {"oauth_token": credentials.token}
        if isinstance(credentials, ApiToken):
            return {"email": credentials.email, "token": credentials.token}
        granted = grant(credentials, SETUP_SCOPES, self._session.call_once)
        return {"oauth_token": granted.access_token}

    @contextlib.contextmanager
    def _http(self) -> Iterator[requests.Session]:
        """A session that counts its calls beside ours."""
        with requests.Session() as http:
            http.trust_env = not self._session.account.is_loopback
            http.hooks["response"].append(self._count)
            yield http

    def _count(self, response: requests.Response, **_: object) -> None:
        method = (response.request.method or "GET").upper()
        path = urlsplit(response.request.path_url).path.removeprefix("/api/v2")
        self._session.count(f"{method} {_IDENT.sub('/{id}', path.removesuffix('.json'))}")


@contextlib.contextmanager
def _pointed_at(netloc: str | None) -> Iterator[None]:
    """Point zenpy at a loopback address while it works: it reads the environment."""
    with _LOCK:
        before = {name: os.environ.get(name) for name in _FORCED}
        if netloc is not None:
            os.environ.update(zip(_FORCED, ("http", netloc), strict=True))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _meaning(error: Exception) -> Exception:
    """The connector's error for one of zenpy's; its text may hold bodies and is dropped."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    said = f"set-up: status {status}"
    if status in {401, 403}:
        return CredentialsRejected(said)
    return Unavailable(said) if status >= 500 or status == 0 else Refused(said)
