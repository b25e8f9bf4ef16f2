# SPDX-License-Identifier: GPL-3.0-or-later
"""What an endpoint is: its path, who may call it, which bucket it drains, which keys it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.answers import Answer
    from connector.sandbox.site import Call

Bucket = Literal[
    "exports",
    "tickets-index",
    "tickets-update",
    "webhooks",
    "webhook-test",
    "ticket-fields-index",
    "ticket-fields-update",
    "audits",
    "search-export",
    "deleted-tickets-destroy",
    "talk",
]
Surface = Literal["support", "webhooks", "engagements"]

PLACEHOLDERS = {
    "{id}": r"(?P<id>\d+)",
    "{other}": r"(?P<other>\d+)",
    "{ulid}": r"(?P<ulid>[0-9A-Z]{26})",
    "{invocation}": r"(?P<invocation>[0-9A-Z]{26})",
    "{engagement}": r"(?P<engagement>[0-9A-F]{32})",
    "{job}": r"(?P<job>V3-[0-9a-f]{32})",
}
SCOPE_OF = {
    "incremental/users": "users",
    "incremental/organizations": "organizations",
    "users": "users",
    "organizations": "organizations",
    "organization_memberships": "organizations",
    "groups": "groups",
    "group_memberships": "groups",
    "brands": "brands",
    "slas": "sla_policies",
    "triggers": "triggers",
    "trigger_categories": "triggers",
    "automations": "automations",
    "webhooks": "webhooks",
    "views": "ticket_views",
    "satisfaction_ratings": "satisfaction_ratings",
    "account": "account_settings",
    "ticket_fields": "account_settings",
    "ticket_forms": "account_settings",
    "organization_fields": "account_settings",
    "user_fields": "account_settings",
    "custom_statuses": "account_settings",
}
"""Which scope covers a path; everything else belongs to tickets. Schedules and Talk: unknown."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path.

    `permitted` are the keys a body's `wrapper` object may hold; others are
    ignored and named in the warn header. None: any key may come.
    """

    method: str
    path: str
    handler: Callable[[Call], Answer]
    admin: bool = False
    bucket: Bucket | None = None
    wrapper: str | None = None
    permitted: frozenset[str] | None = None
    action: str = ""
    surface: Surface = "support"
    anonymous: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        text = re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}")
        for name, expression in PLACEHOLDERS.items():
            text = text.replace(name, expression)
        object.__setattr__(self, "pattern", re.compile(text))

    @property
    def template(self) -> str:
        """How the endpoint is counted: method and path with placeholders."""
        return f"{self.method} /api/v2/{self.path}"

    @property
    def controller(self) -> str:
        """First part of the path, as the warn header names it."""
        return self.path.split("/", maxsplit=1)[0]

    @property
    def scope(self) -> str:
        """The resource whose scope covers this endpoint."""
        for prefix, scope in SCOPE_OF.items():
            if self.path == prefix or self.path.startswith((f"{prefix}/", f"{prefix}.")):
                return scope
        return "tickets"
