# SPDX-License-Identifier: GPL-3.0-or-later
"""How a sandbox is set up: size, seed, clock, limits, and the switches for what nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

Profile = Literal["default", "high_volume", "trial"]

START = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
"""A Tuesday, 16:00 in Amsterdam and 10:00 in Boston: both offices are open."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests per clock minute; `per_ticket` per ten minutes."""

    plan: int = 700
    exports: int = 10
    ticket_update: int = 100
    per_ticket: int = 30
    tickets_index: int = 100
    webhooks: int = 100
    webhook_test: int = 20
    ticket_fields_index: int = 300
    ticket_fields_update: int = 75
    audits: int = 500
    search_export: int = 100
    open_jobs: int = 30


PROFILES: dict[Profile, Limits] = {
    "default": Limits(),
    "high_volume": Limits(plan=2500, exports=30, ticket_update=300, tickets_index=300),
    "trial": Limits(ticket_update=20),
}


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What no source settles; each can be switched. `assumptions.describe` prints them."""

    plan_limit_text: str = "Number of allowed API requests per minute exceeded"
    unknown_client_status: int = 401
    token_status: int = 200
    forbidden_text: str = "You do not have access to this page."
    anonymous_id_is_null: bool = True
    equal_values_make_no_event: bool = True
    due_at_needs_task: bool = True
    failed_row_keys: tuple[str, ...] = ("id", "action", "success", "error", "details")
    too_many_jobs_status: int = 429
    bulk_rows_count_per_ticket: bool = False
    invalid_cursor_status: int = 400
    event_via: Literal["mixed", "text", "object"] = "mixed"
    webhook_retries: int = 3
    breaker_min_deliveries: int = 20


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """One sandbox account.

    `tickets` arrive over the `days` before `now`. `speed` is how many sandbox
    seconds pass in a real one (0: only by `advance`); `seconds_per_request`
    moves the clock at every API call, so that a client that polls with a
    standing clock still sees time pass. `traffic` is new tickets an hour while
    the clock moves (0: the account stays as it is but for API calls; None:
    the rate of the history). `faults` are names, see `faults.py`.
    `talk_page` is how many rows a page of calls or legs has.
    `close_after_hours` is when a solved ticket closes. `era` is the year whose
    shapes are shown: since 2024 the rate headers are spelt `ratelimit-*`, write
    answers hold `generated_timestamp` and jobs a `job_type`.
    """

    tickets: int = 300
    seed: int = 1
    days: int = 60
    now: datetime = START
    speed: float = 1.0
    seconds_per_request: float = 0.0
    traffic: float | None = 0.0
    about_to_breach: int | None = None
    profile: Profile = "default"
    limits: Limits | None = None
    faults: tuple[str, ...] = ()
    subdomain: str = "acme"
    account_id: int = 10000001
    other_host: str | None = None
    client_id: str = "stipt"
    client_secret: str = "sandbox-secret"  # noqa: S105 - the public secret of a stand-in
    token: str = "sandbox-token"  # noqa: S105 - the public token of a stand-in
    api_token: str = "sandbox-api-token"  # noqa: S105 - the public token of a stand-in
    allowed_scopes: tuple[str, ...] | None = None
    close_after_hours: float = 96.0
    job_rows_per_second: float | None = None
    talk_page: int = 1000
    era: Literal["2023", "2024"] = "2024"
    priority_sub_type: Literal[0, 1] = 0
    language: Literal["en", "nl"] = "en"
    assumptions: Assumptions = field(default_factory=Assumptions)

    @property
    def effective_limits(self) -> Limits:
        """The limits given, else those of the profile."""
        return self.limits or PROFILES[self.profile]
