# SPDX-License-Identifier: GPL-3.0-or-later
"""The webhook that tells us of updates, and the trigger that calls it, with zenpy.

The trigger leaves out what comes through the API, which our own writes do:
what we write must not call us. Other tools that write through the API are seen
with the next page of the export.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from connector.base import Refused
from connector.zendesk.account import LOOPBACK
from connector.zendesk.setup_client import SetupClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zenpy import Zenpy
    from zenpy.lib.api_objects import Trigger, Webhook

    from connector.zendesk.session import Session

NAME: Final = "Stipt"
TITLE: Final = "Stipt: tell of updates"
_CALLED_BY_TRIGGERS: Final = ["conditional_ticket_events"]
_THROUGH_THE_API: Final = "5"
_BODY: Final = (
    '{"ticket_id": "{{ticket.id}}", "updated_at": "{{ticket.updated_at_with_timestamp}}"}'
)
_DESCRIPTION: Final = "Kept by stipt setup: tells Stipt which ticket to read again."

Deed = Literal["created", "changed", "present"]


@dataclass(frozen=True, slots=True)
class WebhookReport:
    """What became of the webhook and its trigger, or would.

    `is_known`: one of the given secrets is the webhook's own; None where the
    webhook has yet to be made.
    """

    endpoint: str
    webhook: Deed
    trigger: Deed
    is_known: bool | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing had to be done."""
        return self.webhook == self.trigger == "present"


def ensure_webhook(
    session: Session, endpoint: str, *, secrets: Sequence[str] = (), dry_run: bool = False
) -> WebhookReport:
    """Make the webhook and its trigger what they should be; what is right is left alone.

    Args:
        session: the account.
        endpoint: where Zendesk is to call.
        secrets: those that we accept.
        dry_run: only say what would be done.

    Raises:
        Refused: an endpoint without https.
        HelpdeskError: the account could not be read or written.
    """
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Refused(f"webhooks are sent over https only, not to {parts.scheme}://")
    with SetupClient(session).opened() as client:
        return _Hook(client, endpoint, secrets, is_dry=dry_run).ensure()


def webhook_secret(session: Session, endpoint: str) -> str | None:
    """The secret that signs the webhook to this address; None where there is no such webhook.

    Raises:
        HelpdeskError: the account could not be read.
    """
    with SetupClient(session).opened() as client:
        return _Hook(client, endpoint, (), is_dry=True).secret()


class _Hook:
    """One run of the set-up."""

    def __init__(
        self, client: Zenpy, endpoint: str, secrets: Sequence[str], *, is_dry: bool
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._secrets = secrets
        self._is_dry = is_dry

    def ensure(self) -> WebhookReport:
        hook, webhook = self._webhook()
        if hook is None:
            return WebhookReport(self._endpoint, webhook, "created")
        trigger = self._trigger(hook)
        secret = self._client.webhooks.show_secret(hook).secret
        return WebhookReport(self._endpoint, webhook, trigger, secret in self._secrets)

    def secret(self) -> str | None:
        """The present webhook's secret."""
        found = self._present_webhook()
        if found is None or found.endpoint != self._endpoint:
            return None
        return str(self._client.webhooks.show_secret(found).secret)

    def _webhook(self) -> tuple[Webhook | None, Deed]:
        from zenpy.lib.api_objects import Webhook  # noqa: PLC0415 - heavy, set-up only

        wanted = {"endpoint": self._endpoint, "status": "active"}
        found = self._present_webhook()
        if found is not None:
            if all(getattr(found, key) == value for key, value in wanted.items()):
                return found, "present"
            if not self._is_dry:
                self._client.webhooks.patch(Webhook(id=found.id, **wanted))
            return found, "changed"
        if self._is_dry:
            return None, "created"
        made = Webhook(
            name=NAME,
            description=_DESCRIPTION,
            http_method="POST",
            request_format="json",
            subscriptions=_CALLED_BY_TRIGGERS,
            **wanted,
        )
        return self._client.webhooks.create(made), "created"

    def _present_webhook(self) -> Webhook | None:
        """Ours: the one with our address, else the one with our name that a trigger may call."""
        # One that subscribes to events cannot be called by a trigger, nor become one that can.
        ours = [
            one
            for one in self._client.webhooks.list()
            if list(one.subscriptions or []) == _CALLED_BY_TRIGGERS
        ]
        for is_ours in (
            lambda one: one.endpoint == self._endpoint and one.name == NAME,
            lambda one: one.endpoint == self._endpoint,
            lambda one: one.name == NAME,
        ):
            if found := next(filter(is_ours, ours), None):
                return found
        return None

    def _trigger(self, hook: Webhook) -> Deed:
        from zenpy.lib.api_objects import Trigger  # noqa: PLC0415 - heavy, set-up only

        wanted = _wanted_trigger(str(hook.id))
        found = self._present_trigger()
        if found is not None:
            held = found.to_dict()
            if all(_plain(held.get(key)) == value for key, value in wanted.items()):
                return "present"
            if not self._is_dry:
                self._client.triggers.update(Trigger(id=found.id, **wanted))
            return "changed"
        if not self._is_dry:
            self._client.triggers.create(Trigger(title=TITLE, description=_DESCRIPTION, **wanted))
        return "created"

    def _present_trigger(self) -> Trigger | None:
        return next((one for one in self._client.triggers() if one.title == TITLE), None)


def _wanted_trigger(webhook_id: str) -> dict[str, object]:
    """What the trigger must be; the description is the admin's to change."""
    guard = {"field": "current_via_id", "operator": "is_not", "value": _THROUGH_THE_API}
    return {
        "active": True,
        "conditions": {"all": [guard], "any": []},
        "actions": [{"field": "notification_webhook", "value": [webhook_id, _BODY]}],
    }


def _plain(held: object) -> object:
    """A value as zenpy holds it, in plain lists and dictionaries with numbers as text."""
    if isinstance(held, dict):
        return {key: _plain(value) for key, value in held.items()}
    if isinstance(held, list | tuple):
        return [_plain(value) for value in held]
    return held if held is None or isinstance(held, bool) else str(held)
