# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipients who could not be told, found out before there is anything to tell them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from worker.logs import get_logger
from worker.notify.mail import Mail
from worker.notify.messenger import Delivery, Links, Messenger
from worker.store.accounts import end_notice, raise_notice

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rules.policy import Policy
    from worker.settings import Settings
    from worker.wiring import AccountWork, Installation

_NOTICE = "recipients_unreachable"
_log = get_logger(__name__)


def delivery(settings: Settings) -> Delivery:
    """How messages leave this installation."""
    mail = settings.mail_url
    return Delivery(
        environment=os.environ,
        mail_url=mail.get_secret_value() if mail else None,
        allow_hosts=settings.allow_hosts,
        allow_networks=settings.allow_networks,
    )


def report_mail(settings: Settings, now: Callable[[], datetime]) -> Mail:
    """What carries reports by e-mail."""
    leaving = delivery(settings)
    # A web proxy does not carry mail: a mail server's addresses are always checked.
    return Mail(url=leaving.mail_url, reach=replace(leaving.reach(), proxied=False), now=now)


def unreachable(settings: Settings, policy: Policy, now: Callable[[], datetime]) -> dict[str, str]:
    """What keeps recipients of a policy from being reached, by name; nothing is sent.

    Addresses are resolved, so this may take the time of a name look-up each.
    """
    messenger = Messenger(
        delivery(settings),
        policy_of=lambda _hash: policy,
        helpdesk_of=_no_helpdesk,
        links=Links(ticket=lambda _message: None),
        now=now,
    )
    return messenger.faults(policy)


def tell_unreachable(installation: Installation, work: AccountWork) -> None:
    """Tell operators which recipients of an account's rules could not be told now."""
    clock = installation.clock
    found = unreachable(installation.settings, work.policies.policy, clock.now)
    with installation.database.write(work.name) as books:
        if not found:
            end_notice(books, _NOTICE, clock.now())
            return
        listed = "; ".join(f"{name} ({why})" for name, why in sorted(found.items()))
        text = f"Messages cannot reach these recipients: {listed}"
        was_new = raise_notice(books, _NOTICE, text, clock.now())
    if was_new:
        for name, why in sorted(found.items()):
            _log.warning("recipient_unreachable", account=work.name, recipient=name, reason=why)


def _no_helpdesk(account: str) -> NoReturn:
    raise LookupError(f"no message is sent here, so {account} is not needed")
