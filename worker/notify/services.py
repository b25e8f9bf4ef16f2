# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that an address may name, and what may stand in such an address.

Everything is an allow-list: Apprise knows some 230 schemes, among them the
local desktop and syslog, and arguments that read files, follow redirects or
switch certificates off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.notify.channel import NotDelivered

if TYPE_CHECKING:
    from collections.abc import Mapping

HTTPS_PORTS = frozenset({443, 8443})
SMTP_PORTS = frozenset({25, 465, 587, 2525})


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of address.

    `hosts` are where it always goes; empty: the address names its host.
    `known_hosts` may be named in addresses without being listed in a setting.
    `arguments` may follow the question mark; `prefixes` start free ones
    (`+X-Team=support` is a header). `is_read` says that people read it in a
    chat or a mail, so that many messages become one; a pager or a program gets
    each on its own. `markdown`: it shows Markdown; `has_title`: beside a plain
    title. `room` is for how many
    characters a text may have, `per_minute` how many messages are sent in one.
    """

    name: str
    arguments: frozenset[str]
    hosts: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    prefixes: str = ""
    is_read: bool = False
    markdown: bool = False
    has_title: bool = False
    room: int = 900  # PagerDuty takes 1,024 characters, Teams 1,000
    per_minute: int = 60


_LONG = 3500
_SLACK = Service(
    "Slack",
    frozenset({"to", "token", "footer", "timestamp", "image", "blocks", "mode"}),
    hosts=("hooks.slack.com", "slack.com", "hooks.slack-gov.com"),
    is_read=True,
    markdown=True,
    has_title=True,
    room=_LONG,
)
_TEAMS = Service(
    "Microsoft Teams",
    frozenset({"id", "sig", "ver", "api-version", "image", "wrap", "pa", "powerautomate"}),
    known_hosts=("*.logic.azure.com", "*.api.powerplatform.com"),
    is_read=True,
    markdown=True,
)
_PAGERDUTY = Service(
    "PagerDuty",
    frozenset({"region", "severity", "class", "group", "component", "source", "click", "image"}),
    hosts=("events.pagerduty.com", "events.eu.pagerduty.com"),
    prefixes="+",
    per_minute=120,
)
_OPSGENIE = Service(
    "Opsgenie",
    frozenset({"region", "priority", "entity", "alias", "tags", "to", "batch"}),
    hosts=("api.opsgenie.com", "api.eu.opsgenie.com"),
    prefixes="+",
)
_GOOGLE_CHAT = Service(
    "Google Chat",
    frozenset({"workspace", "key", "token", "thread"}),
    hosts=("chat.googleapis.com",),
    is_read=True,
    markdown=True,
    room=_LONG,  # Google Chat takes 4,096 characters
)
_WEBHOOK = Service(
    "webhook",
    frozenset({"method"}),
    prefixes="+-:",
    per_minute=6000,  # the receiver is the admin's
)
SIGNED_WEBHOOK = Service("signed webhook", frozenset(), per_minute=6000)
MAIL = Service(
    "e-mail",
    frozenset({"to", "from", "name", "cc", "bcc", "reply", "smtp", "mode", "user", "pass"}),
    is_read=True,
    room=_LONG,
)

SERVICES: Mapping[str, Service] = {
    "slack": _SLACK,
    "workflow": _TEAMS,
    "workflows": _TEAMS,
    "pagerduty": _PAGERDUTY,
    "opsgenie": _OPSGENIE,
    "gchat": _GOOGLE_CHAT,
    "json": _WEBHOOK,
    "jsons": _WEBHOOK,
    "https": SIGNED_WEBHOOK,
    "http": SIGNED_WEBHOOK,
    "mailto": MAIL,
    "mailtos": MAIL,
}


def known_hosts() -> frozenset[str]:
    """The hosts of all services: what may be reached where no setting says otherwise."""
    return frozenset(
        host for service in SERVICES.values() for host in (*service.hosts, *service.known_hosts)
    )


def is_of_a_service(host: str) -> bool:
    """Whether a host is that of a service with a form of address of its own."""
    name = host.lower().rstrip(".")
    return any(
        name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in known_hosts()
    )


def scheme_of(url: str) -> str:
    """The word before `://`, in lower case; empty where there is none."""
    scheme, separator, _ = url.partition("://")
    return scheme.strip().lower() if separator else ""


def service_of(url: str) -> Service:
    """The service that an address names.

    Raises:
        NotDelivered: setting; a scheme that is not on the list. The address
            itself is a secret and never part of the text.
    """
    service = SERVICES.get(scheme_of(url))
    if service is None:
        known = ", ".join(SERVICES)
        raise NotDelivered("setting", f"the address has another scheme than {known}")
    return service


def check_arguments(service: Service, arguments: Mapping[str, str]) -> None:
    """Let the arguments of an address pass, or name the one that is not allowed.

    Raises:
        NotDelivered: setting. Names of arguments are shown, values are not.
    """
    for name in arguments:
        if name.lower() in service.arguments or (name and name[0] in service.prefixes):
            continue
        raise NotDelivered(
            "setting", f'argument "{name[:40]}" is not allowed in an address of {service.name}'
        )
