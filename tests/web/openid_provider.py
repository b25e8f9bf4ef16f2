# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenID provider over real HTTP: it checks what it is asked, and signs with keys of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

CLIENT: Final = "stipt:web"
SECRET: Final = "CANARY client+secret/="
KEY: Final = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
NEXT_KEY: Final = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})


@dataclass
class FakeProvider:
    """What the provider does; tests change it.

    `claims` are those of whoever is signed in there; `spoil` changes a token's claims before they
    are signed, `told` what the provider says of itself, `answers` what a page answers instead.
    `ended` are those whose sessions it ended, None where it was not told whose.
    """

    now: Callable[[], datetime]
    url: str = ""
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-1", "email": "ada@example.com", "email_verified": True}
    )
    info: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: KEY)
    published: list[RSAKey] = field(default_factory=lambda: [KEY])
    spoil: Callable[[dict[str, Any]], None] = lambda _: None
    told: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    ended: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sign: Callable[[dict[str, Any]], str] = self._signed

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def discovery(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "authorization_response_iss_parameter_supported": True,
            **self.told,
        }

    def sign_in(self, address: str) -> str:
        """Sign somebody in who was sent to that address; where they are sent back to."""
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query))
        assert address.startswith(f"{self.url}/authorize?")
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"CANARY-code-{len(self.codes)}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.url}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def sign_out(self, address: str) -> str:
        """End the session of somebody who was sent to that address; where they are sent back to."""
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query))
        assert address.startswith(f"{self.url}/logout?")
        assert asked["client_id"] == CLIENT
        hint = asked.get("id_token_hint")
        claims = None if hint is None else jwt.decode(hint, self.key).claims
        self.ended.append(None if claims is None else claims["sub"])
        return asked["post_logout_redirect_uri"]

    def tokens(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """What a code is worth, once."""
        if (unquote(form.get("client_id", "")), form.get("client_secret")) != (CLIENT, SECRET):
            given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            if tuple(map(unquote, given.split(":"))) != (CLIENT, SECRET):
                return 401, {"error": "invalid_client", "error_description": "CANARY"}
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "CANARY-access",
            "token_type": "Bearer",
            "id_token": self.id_token(asked["nonce"]),
        }

    def id_token(self, nonce: str) -> str:
        """A token for that sign-in."""
        issued = int(self.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "exp": issued + 300,
            "iat": issued,
            "nonce": nonce,
            **self.claims,
        }
        self.spoil(claims)
        return self.sign(claims)

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, bytes]:
        """What a page answers."""
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        status, found = 200, {}
        if path == "/.well-known/openid-configuration":
            found = self.discovery()
        elif path == "/keys":
            found = dict(KeySet(list(self.published)).as_dict(private=False))
        elif path == "/token":
            status, found = self.tokens(form, authorization)
        elif path == "/userinfo" and authorization == "Bearer CANARY-access":
            found = self.info
        else:
            status = 404
        return status, json.dumps(found).encode()


@contextmanager
def provider_at(now: Callable[[], datetime]) -> Iterator[FakeProvider]:
    """A provider on a loopback port, whose clock is that one."""
    provider = FakeProvider(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorize?"):  # whoever comes is signed in there already
                onward = provider.sign_in(provider.url + self.path)
                self._send(302, onward.encode())
            elif self.path.startswith("/logout?"):
                self._send(302, provider.sign_out(provider.url + self.path).encode())
            else:
                self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def log_message(self, *args: object) -> None:
            del args

        def _answer(self, form: dict[str, str]) -> None:
            authorization = self.headers.get("Authorization", "")
            self._send(*provider.answer(urlsplit(self.path).path, form, authorization))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status in (301, 302, 303, 307):
                self.send_header("Location", body.decode())
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
