# SPDX-License-Identifier: GPL-3.0-or-later
"""The Authorization header: an OAuth token that is renewed in time, or what was given."""

from __future__ import annotations

import base64
import logging
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from connector.base import CredentialsRejected, Unavailable
from connector.zendesk.account import (
    API_TOKENS_END_ON,
    AccessToken,
    ApiToken,
    ClientCredentials,
    ZendeskAccount,
)
from connector.zendesk.calls import Answer, Call
from connector.zendesk.errors import problem_of
from rules.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Callable

LIFE_S: Final = 86_400
_RENEW_AFTER: Final = 0.8
_LOG = logging.getLogger("stipt.zendesk")


class _Granted(msgspec.Struct):
    access_token: str
    scope: str | None = None
    expires_in: float | None = None


class Tokens:
    """Keeps one valid token for all threads."""

    def __init__(self, account: ZendeskAccount, call: Callable[[Call, str | None], Answer]) -> None:
        self._account = account
        self._call = call
        self._lock = threading.Lock()
        self._header: str | None = None
        self._renew_at: datetime | None = None
        self.granted: tuple[str, ...] = ()
        if isinstance(account.credentials, ApiToken):
            _LOG.warning(
                "zendesk_api_token",
                extra={"account": account.account, "ends_on": API_TOKENS_END_ON},
            )

    def header(self) -> str:
        """The header's value.

        Raises:
            CredentialsRejected: the client or its secret is not accepted.
            Unavailable, Throttled: the token endpoint did not answer properly.
        """
        credentials = self._account.credentials
        if isinstance(credentials, AccessToken):
            return f"Bearer {credentials.token}"
        if isinstance(credentials, ApiToken):
            pair = f"{credentials.email}/token:{credentials.token}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        with self._lock:
            due = self._renew_at is not None and self._account.clock() >= self._renew_at
            if self._header is None or due:
                self._obtain(credentials)
            return self._header or ""

    def renew(self) -> bool:
        """Get a new token after a 401; False when there is none to get."""
        credentials = self._account.credentials
        if not isinstance(credentials, ClientCredentials):
            return False
        with self._lock:
            self._obtain(credentials)
        return True

    def _obtain(self, credentials: ClientCredentials) -> None:
        granted = grant(credentials, self._account.scopes, self._call)
        self._account.token_obtained()
        life = granted.expires_in or LIFE_S
        self._renew_at = self._account.clock() + timedelta(seconds=life * _RENEW_AFTER)
        self._header = f"Bearer {granted.access_token}"
        self.granted = tuple((granted.scope or "").split())


def grant(
    credentials: ClientCredentials,
    scopes: tuple[str, ...],
    call: Callable[[Call, str | None], Answer],
) -> _Granted:
    """Ask for a token with these scopes.

    Raises:
        CredentialsRejected: unknown client, wrong secret, or a scope that it may not have.
        Unavailable: no proper answer.
    """
    answer = call(_token_call(credentials, scopes), None)
    if answer.status in {200, 201}:
        try:
            return msgspec.json.decode(answer.body, type=prepared(_Granted))
        except msgspec.DecodeError:
            raise Unavailable("POST /oauth/tokens: the answer is no token") from None
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(f"POST /oauth/tokens: status {answer.status}")
    code, _ = problem_of(answer.body)
    raise CredentialsRejected(f"POST /oauth/tokens: status {answer.status} ({code or 'no code'})")


def _token_call(credentials: ClientCredentials, scopes: tuple[str, ...]) -> Call:
    body = {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "scope": " ".join(scopes),
        "expires_in": LIFE_S,
    }
    return Call("POST", "/oauth/tokens", "/oauth/tokens", body=body)
