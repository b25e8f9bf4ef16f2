# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling: OAuth client credentials, ready-made tokens, and Basic on old accounts."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.sandbox.answers import INVALID_TOKEN, Answer, Refusal
from connector.sandbox.wire import Json, as_int, as_object, as_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.account import Account

RESOURCES = (
    "tickets",
    "users",
    "organizations",
    "groups",
    "brands",
    "sla_policies",
    "triggers",
    "automations",
    "webhooks",
    "ticket_views",
    "satisfaction_ratings",
    "account_settings",
    "side_conversations",
    "custom_objects",
    "auditlogs",
    "hc",
)
SCOPES = frozenset(
    ["read", "write", "impersonate"]
    + [f"{name}:{right}" for name in RESOURCES for right in ("read", "write")]
)
API_TOKENS_END = int(datetime(2027, 5, 1, tzinfo=UTC).timestamp())
SHORTEST_LIFE, LONGEST_LIFE = 300, 172800


@dataclass(frozen=True, slots=True)
class Grant:
    """A token: for whom, for what, until when (epoch seconds; None never ends)."""

    user_id: int
    scopes: frozenset[str]
    ends: int | None = None

    def allows(self, resource: str, *, write: bool) -> bool:
        """Whether the scopes cover a call; a word that is no scope spoils the token."""
        if not self.scopes <= SCOPES:
            return False
        right = "write" if write else "read"
        return right in self.scopes or f"{resource}:{right}" in self.scopes


@dataclass(slots=True)
class Authority:
    """The account's OAuth clients and tokens. `old_account` tells whether API tokens work."""

    account: Account
    old_account: Callable[[], bool]
    tokens: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    issued: int = 0

    def grant_token(self, body: Json, now: int) -> Answer:
        """Answer of `POST /oauth/tokens`.

        Raises:
            Refusal: unknown client, scope not allowed, or a life out of bounds.
        """
        settings = self.account.settings
        if body.get("grant_type") == "refresh_token":
            return self._refresh(body, now)
        if body.get("grant_type") != "client_credentials":
            raise _oauth_error(400, "unsupported_grant_type", "The grant type is not supported.")
        known = (settings.client_id, settings.client_secret)
        if (body.get("client_id"), body.get("client_secret")) != known:
            status = settings.assumptions.unknown_client_status
            raise _oauth_error(status, "invalid_client", "Client authentication failed.")
        scopes = frozenset((as_text(body.get("scope")) or "read").split())
        allowed = settings.allowed_scopes
        if allowed is not None and any(word in SCOPES - set(allowed) for word in scopes):
            raise _oauth_error(400, "invalid_scope", "The requested scope is invalid.")
        grant = Grant(self.account.owner_id, scopes, _end(body, now))
        return self._hand_out(grant, as_text(body.get("scope")) or "read", now)

    def who(self, authorization: str | None, now: int) -> Grant | None:
        """The caller; None without credentials.

        Raises:
            Refusal: 401 for a token or a password that does not hold.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            grant = self.tokens.get(secret.strip())
            if grant is None or (grant.ends is not None and grant.ends <= now):
                raise _unauthorized({"error": "invalid_token", "error_description": INVALID_TOKEN})
            return grant
        if scheme.lower() == "basic":
            return self._basic(secret, now)
        return None

    def revoke(self, authorization: str | None) -> None:
        """End the caller's token at once."""
        self.tokens.pop((authorization or "").partition(" ")[2].strip(), None)

    def _basic(self, secret: str, now: int) -> Grant:
        try:
            name, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
        except ValueError:
            name, password = "", ""
        email, _, kind = name.partition("/")
        user = next((user for user in self.account.users.values() if user.email == email), None)
        good = (
            self.old_account()
            and now < API_TOKENS_END
            and kind == "token"
            and password == self.account.settings.api_token
        )
        if user is None or not good:
            raise _unauthorized({"error": "Couldn't authenticate you"})
        return Grant(user.id, frozenset({"read", "write"}))

    def _refresh(self, body: Json, now: int) -> Answer:
        grant = self.refresh_tokens.pop(as_text(body.get("refresh_token")) or "", None)
        if grant is None:
            raise _oauth_error(400, "invalid_grant", "The refresh token is invalid or was used.")
        # every refresh ends the tokens that were handed out for the grant before
        self.tokens = {token: kept for token, kept in self.tokens.items() if kept is not grant}
        renewed = Grant(grant.user_id, grant.scopes, _end(body, now))
        answer = self._hand_out(renewed, " ".join(sorted(grant.scopes)), now)
        token = f"refresh-{self.issued}"
        self.refresh_tokens[token] = renewed
        return Answer(answer.status, {**as_object(answer.body), "refresh_token": token})

    def _hand_out(self, grant: Grant, scope: str, now: int) -> Answer:
        self.issued += 1
        seed = f"{self.account.settings.seed} {self.issued}"
        token = hashlib.sha256(seed.encode()).hexdigest()
        self.tokens[token] = grant
        body: Json = {
            "access_token": token,
            "token_type": "bearer",
            "scope": scope,
            "expires_in": None if grant.ends is None else grant.ends - now,
        }
        return Answer(self.account.settings.assumptions.token_status, body)


def _end(body: Json, now: int) -> int | None:
    if body.get("expires_in") is None:
        return None
    life = as_int(body["expires_in"])
    if life is None or not SHORTEST_LIFE <= life <= LONGEST_LIFE:
        raise _oauth_error(400, "invalid_request", "expires_in must be from 300 to 172800.")
    return now + life


def _oauth_error(status: int, error: str, description: str) -> Refusal:
    return Refusal(status, {"error": error, "error_description": description})


def _unauthorized(body: Json) -> Refusal:
    return Refusal(401, body, {"www-authenticate": 'Bearer realm="Zendesk"'})
