# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenID provider over HTTP: where its pages are, its keys, and what it tells for a code.

Only hosts that the settings name are called, redirects are not followed, and nothing that the
provider answers is repeated in an error but the code of a refusal.
"""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import requests
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from rules.prepared import prepared
from worker.clock import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from worker.settings import Settings

T = TypeVar("T")
Claims = dict[str, object]

_TIMEOUT_S: Final = (3.0, 8.0)
_WHOLE_S: Final = 12.0
_MOST_BYTES: Final = 512 * 1024
_PIECE: Final = 16 * 1024
_KNOWN_S: Final = 3600.0
"""Real seconds for which a provider's addresses and keys are believed without another look."""

_KEYS_AGAIN_S: Final = 60.0
"""So long at least between two looks for a key that nobody has heard of."""

_CODE: Final = re.compile(r"[a-z_]{1,40}")


class ProviderFault(Exception):
    """The provider did not answer as it should; the text names no secret and no person."""


class Discovery(msgspec.Struct, frozen=True):
    """What a provider says of itself at its well-known address."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Tokens(msgspec.Struct, frozen=True):
    """What a provider gives for a code."""

    id_token: str
    access_token: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


class Provider:
    """The provider that the settings name; for many threads. It blocks: not for the event loop.

    Args:
        settings: its issuer, our client, and the hosts that may be called.
        monotonic: real seconds, on a clock that never jumps.
    """

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.issuer = settings.oidc_issuer or ""
        self._client_id = settings.oidc_client_id or ""
        secret = settings.oidc_client_secret
        self._secret = "" if secret is None else secret.get_secret_value()
        self._hosts = {urlsplit(self.issuer).netloc, *settings.oidc_hosts}
        self._scopes = " ".join(dict.fromkeys(("openid", *settings.oidc_scopes)))
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._discovery: tuple[float, Discovery] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def host(self) -> str:
        """The issuer's host, as people know it."""
        return urlsplit(self.issuer).netloc

    def discovery(self) -> Discovery:
        """The provider's addresses.

        Raises:
            ProviderFault: they cannot be had, or are another provider's.
        """
        with self._lock:
            held = self._discovery
            if held is not None and self._monotonic() - held[0] < _KNOWN_S:
                return held[1]
            url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = self._asked("discovery", requests.Request("GET", url), Discovery)
            if found.issuer.rstrip("/") != self.issuer.rstrip("/"):
                raise ProviderFault("discovery: the provider calls itself by another name")
            self._discovery = (self._monotonic(), found)
            return found

    def try_out(self) -> None:
        """Ask for all that can be asked without anybody signing in.

        Raises:
            ProviderFault: the addresses or keys cannot be had, or an address may not be called.
        """
        found = self.discovery()
        self._allowed("authorization", found.authorization_endpoint)
        self._allowed("token", found.token_endpoint)
        if found.userinfo_endpoint is not None:
            self._allowed("userinfo", found.userinfo_endpoint)
        self.keys(None)

    def page(self, asked: Mapping[str, str]) -> str:
        """The address of the provider's page on which people sign in.

        Raises:
            ProviderFault: it cannot be had, or is no address that may be opened.
        """
        address = self._allowed("authorization", self.discovery().authorization_endpoint)
        return _with(address, {"client_id": self._client_id, "scope": self._scopes, **asked})

    def way_out(self, onward: str, id_token: str | None) -> str | None:
        """The address at which the provider ends its session; None where it offers none.

        Args:
            onward: where it sends people afterwards; it has to know that address.
            id_token: what it gave at the sign-in, by which it knows whose session is meant.

        Raises:
            ProviderFault: it cannot be had, or is no address that may be opened.
        """
        endpoint = self.discovery().end_session_endpoint
        if endpoint is None:
            return None
        address = self._allowed("end_session", endpoint)
        values = {"client_id": self._client_id, "post_logout_redirect_uri": onward}
        return _with(address, values | ({} if id_token is None else {"id_token_hint": id_token}))

    def tokens(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """What the provider gives for a code, once.

        Raises:
            ProviderFault: it gives nothing.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        methods = self.discovery().token_endpoint_auth_methods_supported
        basic = None
        if "client_secret_basic" in methods or "client_secret_post" not in methods:
            basic = (quote(self._client_id, safe=""), quote(self._secret, safe=""))
        else:
            form |= {"client_id": self._client_id, "client_secret": self._secret}
        url = self.discovery().token_endpoint
        return self._asked("token", requests.Request("POST", url, data=form, auth=basic), Tokens)

    def keys(self, wanted: str | None) -> KeySet:
        """The provider's public keys; read again when none has that id.

        Raises:
            ProviderFault: they cannot be had.
        """
        with self._lock:
            held = self._keys
        age = _KNOWN_S if held is None else self._monotonic() - held[0]
        is_known = held is not None and any(wanted in (None, one.kid) for one in held[1].keys)
        if held is not None and age < (_KNOWN_S if is_known else _KEYS_AGAIN_S):
            return held[1]
        request = requests.Request("GET", self.discovery().jwks_uri)
        document = self._asked("keys", request, Claims)
        found = _key_set(document)
        with self._lock:
            self._keys = (self._monotonic(), found)
        return found

    def user_info(self, access_token: str) -> Claims:
        """What the provider tells of somebody beside the token; nothing where it has no such page.

        Raises:
            ProviderFault: it refuses.
        """
        url = self.discovery().userinfo_endpoint
        if url is None:
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        return self._asked("userinfo", requests.Request("GET", url, headers=headers), Claims)

    def _asked(self, name: str, request: requests.Request, shape: type[T]) -> T:
        """An answer in its shape.

        Raises:
            ProviderFault: another host, no answer, a refusal, or nonsense.
        """
        self._allowed(name, str(request.url))
        request.headers = {**request.headers, "Accept": "application/json", "User-Agent": "Stipt"}
        request.auth = request.auth or _as_it_is
        try:
            status, body = _sent(request)
        except (requests.RequestException, OSError) as fault:
            raise ProviderFault(f"{name}: no answer ({type(fault).__name__})") from None
        if status != 200:
            raise ProviderFault(f"{name}: answered {status}{_code_in(body)}")
        try:
            return msgspec.json.decode(body, type=prepared(shape))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderFault(f"{name}: the answer is not what OpenID wants") from None

    def _allowed(self, name: str, url: str) -> str:
        """An address that may be called or opened.

        Raises:
            ProviderFault: it is not encrypted, or on a host that the settings do not name.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ProviderFault(f"{name}: the provider names no address") from None
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(self.issuer)):
            raise ProviderFault(f"{name}: the provider's address is not https")
        if parts.netloc not in self._hosts:
            raise ProviderFault(
                f"{name}: the provider's address is on a host that STIPT_OIDC_HOSTS does not name"
            )
        return url


def _with(address: str, values: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(values)}"


def _sent(request: requests.Request) -> tuple[int, bytes]:
    """Status and body; a body that drips or does not end is cut off."""
    ends = time.monotonic() + _WHOLE_S
    with requests.Session() as http:
        http.trust_env = not is_loopback(request.url or "")  # no proxy in front of loopback
        prepared = http.prepare_request(request)
        steering = http.merge_environment_settings(prepared.url, {}, True, None, None)
        with http.send(prepared, timeout=_TIMEOUT_S, allow_redirects=False, **steering) as answer:
            body = b""
            for piece in answer.iter_content(_PIECE):
                body += piece
                if len(body) > _MOST_BYTES or time.monotonic() > ends:
                    raise OSError
            return answer.status_code, body


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of the machine's netrc file in our header."""
    return request


def _key_set(document: Claims) -> KeySet:
    """The keys of a document that sign; kinds that nobody knows are passed over."""
    rows = document.get("keys")
    found = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") == "oct":
            continue
        try:
            found += KeySet.import_key_set({"keys": [row]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if not found:
        raise ProviderFault("keys: the provider has none that could be used")
    return KeySet(found)


def _code_in(body: bytes) -> str:
    """The code by which a provider says why it refuses; it is one of a list, never free text."""
    try:
        told = msgspec.json.decode(body, type=prepared(_Refusal)).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f" ({told})" if _CODE.fullmatch(told) else ""
