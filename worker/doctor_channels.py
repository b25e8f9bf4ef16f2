# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor sees of the ways to people: each recipient's channel, before it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.doctor_finding import Finding
from worker.recipients import unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from rules.policy import Policy, Recipient
    from worker.settings import Settings

_SERVICES = "docs/operations.md lists the services"


def look_at_channels(
    settings: Settings, policy: Policy, now: Callable[[], datetime]
) -> Iterator[Finding]:
    """A line for each recipient: is its address there, understood, allowed, and its host known?

    Names of hosts are looked up; nothing is sent.
    """
    faults = unreachable(settings, policy, now)
    for name, recipient in sorted(policy.recipients.items()):
        way = _way(recipient)
        if name in faults:
            yield Finding("channels", name, "warn", f"{way}: {faults[name]}", _remedy(recipient))
        else:
            yield Finding("channels", name, "ok", f"{way}: can be told")


def _remedy(recipient: Recipient) -> str:
    if recipient.url_name is None:
        return f"such as STIPT_MAIL_URL=mailtos://user:password@mail.example.com; {_SERVICES}"
    example = f"{recipient.url_name}=jsons://hooks.example.com/stipt"
    return f"a webhook of your own is {example}; {_SERVICES}"


def _way(recipient: Recipient) -> str:
    """How the recipient is told, without the address."""
    if recipient.url_name is not None:
        return f"the address of {recipient.url_name}"
    if recipient.ticket is not None:
        return f"e-mail to the ticket's {recipient.ticket}"
    return "e-mail"
