# SPDX-License-Identifier: GPL-3.0-or-later
"""One Zendesk account: where it is, how to sign in, how much of it Stipt may use."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from connector.zendesk.budget import Budget

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
API_TOKENS_END_ON: Final = "2027-04-30"

RUNNING_SCOPES: Final = (
    "tickets:read",
    "tickets:write",
    "users:read",
    "organizations:read",
    "sla_policies:read",
    "account_settings:read",
)
NAMES_SCOPES: Final = ("groups:read", "brands:read")
"""Wanted beside the running ones when rules name brands, or groups to assign to."""

RATINGS_SCOPES: Final = ("satisfaction_ratings:read",)
"""Wanted beside the running ones when satisfaction ratings are read."""

SETUP_SCOPES: Final = (
    *RUNNING_SCOPES,
    "account_settings:write",
    "webhooks:read",
    "webhooks:write",
    "triggers:read",
    "triggers:write",
)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An OAuth client of the account: the normal way to sign in."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A ready-made OAuth token; it cannot be renewed."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token of old; none can be made any more, and all end on 2027-04-30."""

    email: str = field(repr=False)
    token: str = field(repr=False)


Credentials = ClientCredentials | AccessToken | ApiToken


def _machine_pause(seconds: float) -> bool:
    threading.Event().wait(max(0.0, seconds))
    return False


def _nothing() -> None:
    """Nobody wants to know."""


def _not_counted(_endpoint: str, _code: int, _seconds: float) -> None:
    """Nobody counts calls."""


def _not_told(_bucket: str, _calls: int) -> None:
    """Nobody wants to know how many calls are left."""


@dataclass(frozen=True, slots=True)
class ZendeskAccount:
    """Settings of one account.

    Attributes:
        account: the name that rows, logs and metrics carry.
        base_url: `https://acme.zendesk.com`; plain http on a loopback address only.
        credentials: how to sign in.
        clock: the helpdesk's present instant, aware.
        history: where histories come from: the bulk events stream, or the audits
            of each changed ticket.
        field_ids: our own fields that are mapped to given ids; the others are
            found by title and type.
        api_share: share of the plan's requests that the default budget allows.
        bots: gives the people (ids) whose comments are nobody's reply; asked at every use,
            as a change of rules may name others.
        scopes: what a token is asked for.
        pause: waits so many seconds of that clock; True when it was told to stop.
        token_obtained: called with every new token before it is kept.
        called: told of every request: method and template, status (0: no answer),
            and its real seconds.
        remains: told of calls left in a bucket, whenever an answer says so.
        budget: the calls that may still be made; shared by all who use
            the account; None: one in memory, by `api_share`.
    """

    account: str
    base_url: str
    credentials: Credentials
    clock: Callable[[], datetime]
    history: Literal["events", "audits"] = "events"
    field_ids: Mapping[str, str] = field(default_factory=dict)
    api_share: Fraction = Fraction(7, 10)
    bots: Callable[[], frozenset[str]] = frozenset
    scopes: tuple[str, ...] = RUNNING_SCOPES
    pause: Callable[[float], bool] = _machine_pause
    token_obtained: Callable[[], None] = _nothing
    called: Callable[[str, int, float], None] = _not_counted
    remains: Callable[[str, int], None] = _not_told
    budget: Budget | None = None

    def __post_init__(self) -> None:
        """Refuse an address to which credentials must not be sent.

        Raises:
            ValueError: no https and no loopback address, or more than a host.
        """
        parts = urlsplit(self.base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and self.is_loopback):
            raise ValueError("the helpdesk's address must begin with https://")
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
            raise ValueError("the helpdesk's address is a host and nothing else")

    @property
    def is_loopback(self) -> bool:
        """Whether the helpdesk is on this machine: the sandbox."""
        return urlsplit(self.base_url).hostname in LOOPBACK

    @property
    def netloc(self) -> str:
        """Host and port."""
        return urlsplit(self.base_url).netloc
