# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to tell somebody, with the real receiver at its end."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from apprise.plugins import opsgenie, pagerduty
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.slack import NotifySlack

from rules.policy import Recipient
from tests.notify.builders import HERE, SmallHelpdesk, a_messenger, a_policy, by_url
from worker.outbox import NOTE

if TYPE_CHECKING:
    from tests.notify.mail_server import MailServer
    from tests.notify.receiver import Receiver
    from worker.notify.messenger import Messenger
    from worker.outbox import OutboxMessage

ADDRESSES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "teams": "workflows://127.0.0.1:PORT/643e69ef/jfhsad",
    "gchat": "gchat://space/key/token",
    "pagerduty": "pagerduty://A1BRTD4JDTIiajkdnlazkcOXrIdevi7FQ@A1BRTD4JD",
    "opsgenie": "opsgenie://aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "json": "jsons://127.0.0.1:PORT/hook",
    "signed": "https://127.0.0.1:PORT/hook",
}
CHANNELS = (*ADDRESSES, "mail", "note")
LANGUAGES = ("en", "nl")


@dataclass
class Ways:
    """Receivers at the end of every channel."""

    web: "Receiver"
    mail: "MailServer"
    helpdesk: SmallHelpdesk
    patch: pytest.MonkeyPatch

    def messenger(
        self,
        channel: str,
        language: str | None = None,
        acknowledge: Callable[["OutboxMessage"], str | None] = lambda _message: None,
    ) -> "Messenger":
        """A messenger whose recipient `on_call` is told in this way."""
        base = f"https://127.0.0.1:{self.web.port}"
        self.patch.setattr(NotifySlack, "webhook_url", base)
        self.patch.setattr(NotifyGoogleChat, "notify_url", f"{base}/{{workspace}}")
        self.patch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", base)
        self.patch.setitem(opsgenie.OPSGENIE_API_LOOKUP, "us", base)
        self.web.status = 202 if channel in ("pagerduty", "opsgenie", "teams") else 200
        self.web.reply = b'{"requestId": "1"}' if channel == "opsgenie" else b"ok"
        recipient = by_url()
        if channel == "mail":
            recipient = Recipient("on_call", HERE, email="lead@example.com")
        environment = {"ON_CALL_URL_SECRET": "whsec_" + "a2tra2tra2tra2tra2tra2tra2tra2tr"}
        if channel in ADDRESSES:
            environment["ON_CALL_URL"] = ADDRESSES[channel].replace("PORT", str(self.web.port))
        return a_messenger(
            a_policy(on_call=recipient),
            environment,
            helpdesk=self.helpdesk,
            language=language or "en",
            acknowledge=acknowledge,
            mail_url=f"mailto://127.0.0.1:{self.mail.port}?from=sla@example.com",
            resolve=lambda _host: ("93.184.216.34",),
        )

    def send(
        self, channel: str, messages: Sequence["OutboxMessage"], language: str | None = None
    ) -> str:
        """Send one message, or a digest of several; what became of it."""
        messenger = self.messenger(channel, language)
        if channel == "note":
            return messenger.send(_with_recipient(messages[0], NOTE)).outcome
        if len(messages) == 1:
            return messenger.send(messages[0]).outcome
        return messenger.send_digest(messages).outcome

    def shown(self, channel: str) -> list[str]:
        """Every text of what arrived last, as the other side shows it to people."""
        if channel == "note":
            return [self.helpdesk.held_notes[-1].text]
        if channel == "mail":
            mail = self.mail.mails[-1][1]
            assert isinstance(mail, EmailMessage)
            bodies = [str(part.get_content()) for part in mail.iter_parts()]
            return [str(mail["Subject"]), *bodies]
        body = json.loads(self.web.requests[-1][2])
        if channel == "signed":
            return [body["data"]["subject"], body["data"]["text"]]
        return _texts(body)


def _with_recipient(message: "OutboxMessage", name: str) -> "OutboxMessage":
    return replace(message, recipient=name)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return []
