# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor sees of the webhook: is it registered, is it active, and do its calls come in?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import requests

from connector.base import HelpdeskError
from worker.doctor_finding import Finding
from worker.web.addresses import webhook_path, webhook_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.zendesk.helpdesk import ZendeskHelpdesk
    from connector.zendesk.webhook import WebhookReport
    from worker.settings import AccountSettings, Settings

_PATIENCE_S: Final = (5, 10)
_UNSIGNED: Final = 401
"""What our own service answers to a call that nobody has signed."""


def look_at_webhook(
    settings: Settings, account: AccountSettings, helpdesk: ZendeskHelpdesk
) -> Iterator[Finding]:
    """The webhook and its trigger as `stipt setup` makes them, and one call without a signature.

    Nothing is made or changed; a call without a signature is refused and stores nothing.
    """
    if settings.public_url is None:
        seen = "none: STIPT_PUBLIC_URL is not set, so polling alone tells of changes"
        yield Finding("webhook", "registered", "ok", seen)
        return
    endpoint = settings.public_url.rstrip("/") + webhook_path(account.name)
    try:
        report = helpdesk.ensure_webhook(endpoint, secrets=webhook_secrets(account), dry_run=True)
    except HelpdeskError as fault:
        remedy = "grant the set-up scopes: webhooks:read triggers:read"
        yield Finding("webhook", "registered", "warn", str(fault), remedy)
    else:
        yield from _registered(report)
    yield _reached(endpoint)


def _registered(report: WebhookReport) -> Iterator[Finding]:
    states = {
        "present": "",
        "created": "is not there",
        "changed": "is another one, or was switched off",
    }
    for name, deed in (("registered", report.webhook), ("trigger", report.trigger)):
        if wrong := states[deed]:
            yield Finding("webhook", name, "warn", f"{report.endpoint}: {wrong}", "stipt setup")
        else:
            yield Finding("webhook", name, "ok", f"{report.endpoint}: active")
    if report.is_known is False:
        seen = "its secret is none of those that are accepted here"
        remedy = "copy it from Admin Center into STIPT_WEBHOOK_SECRET"
        yield Finding("webhook", "secret", "warn", seen, remedy)
    elif report.is_known:
        yield Finding("webhook", "secret", "ok", "is accepted here")


def _reached(endpoint: str) -> Finding:
    """Whether our own service answers at the public address, as far as this machine can see."""
    remedy = "does stipt run serve there, and does the proxy let POST through?"
    try:
        answer = requests.post(
            endpoint, data=b"{}", timeout=_PATIENCE_S, allow_redirects=False, stream=True
        )
        answer.close()
    except requests.RequestException as fault:
        return Finding("webhook", "reachable", "warn", f"{type(fault).__name__}", remedy)
    if answer.status_code == _UNSIGNED:
        return Finding("webhook", "reachable", "ok", "answers, and refuses what is not signed")
    return Finding("webhook", "reachable", "warn", f"status {answer.status_code}", remedy)
