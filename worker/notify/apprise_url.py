# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipients with an address: Slack, Teams, PagerDuty, Opsgenie, Google Chat, webhooks.

The address is the value of an environment variable, read at each send, and a
secret. Apprise is the last hop and nothing more: one target per call, a fresh
instance per message (its rate limits sleep in the thread), no attachments, no
config files, no plug-ins, no redirects, no retries of its own.
"""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apprise import (
    Apprise,
    AppriseAsset,
    AppriseResult,
    AppriseResultStatus,
    NotifyBase,
    NotifyFormat,
    NotifyType,
    PersistentStoreMode,
)
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.opsgenie import NotifyOpsgenie
from apprise.plugins.pagerduty import NotifyPagerDuty

from worker.notify.channel import Failure, NotDelivered
from worker.notify.markup import bold_markdown, markdown
from worker.notify.services import (
    HTTPS_PORTS,
    MAIL,
    SIGNED_WEBHOOK,
    Service,
    check_arguments,
    scheme_of,
    service_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.notify.channel import Letter
    from worker.notify.mail import Mail
    from worker.notify.reach import Reach
    from worker.notify.signed_webhook import SignedWebhook
    from worker.notify.text import Text
    from worker.outbox import OutboxMessage

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 15.0
TOTAL_TIMEOUT_S = 25.0

_STATUS = re.compile(r"\berror=(\d{3})\b")
_BROKEN = "Socket Exception:"
_NEVER_CONNECTED = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "SSLCertVerificationError",
)


class AppriseUrl:
    """Sends to recipients of the form `{url: env:NAME}`."""

    def __init__(
        self,
        *,
        reach: Reach,
        environment: Mapping[str, str],
        mail: Mail,
        signed: SignedWebhook,
    ) -> None:
        self._reach = reach
        self._environment = environment
        self._mail = mail
        self._signed = signed
        # Apprise tells the cause of a failure only in its log, at DEBUG, where
        # it also prints addresses and whole messages: captured in memory per
        # call (`_outcome`), and never passed on.
        logger = logging.getLogger("apprise")
        logger.propagate = False
        logger.setLevel(logging.DEBUG)

    def deliver(self, letter: Letter) -> None:
        """Send to the address that the recipient names."""
        name = letter.recipient.url_name if letter.recipient else None
        url = secret(self._environment, name or "")
        service = service_of(url)
        if service is MAIL:
            self._mail.deliver_by(url, letter)
        elif service is SIGNED_WEBHOOK:
            target = self._signed.target(url)
            self._signed.deliver_by(target, self._signing_secret(name or ""), letter)
        else:
            self._post(url, letter)

    def service(self, url_name: str) -> Service | None:
        """The service behind a recipient's address; None where that cannot be told now."""
        try:
            return service_of(secret(self._environment, url_name))
        except NotDelivered:
            return None

    def was_delivered(self, message: OutboxMessage) -> bool | None:
        """Unknown: Apprise returns no id to ask for."""
        del message
        return None

    def check(self, url_name: str) -> None:
        """Find fault with an address without sending anything.

        Raises:
            NotDelivered: what a message would fail of.
        """
        url = secret(self._environment, url_name)
        service = service_of(url)
        if service is MAIL:
            self._mail.check(url)
        elif service is SIGNED_WEBHOOK:
            self._signed.target(url)
            self._signed.check_secret(self._signing_secret(url_name))
        else:
            self._instance(url)

    def _signing_secret(self, url_name: str) -> str:
        return secret(self._environment, f"{url_name}_SECRET")

    def _post(self, url: str, letter: Letter) -> None:
        plugin = self._instance(url)
        _name_the_message(plugin, letter.key)
        sender = Apprise(asset=plugin.asset)
        sender.add(plugin)
        title, body, body_format = _written(letter.text, service_of(url))
        result = sender.notify(
            title=title,
            body=body,
            body_format=body_format,
            # Never INFO: Opsgenie would open no alert for it, and call that a success.
            notify_type=NotifyType.FAILURE if letter.text.overdue else NotifyType.WARNING,
            timeout=TOTAL_TIMEOUT_S,
            log_level=logging.DEBUG,
        )
        if not result:
            raise _failure(result)

    def _instance(self, url: str) -> NotifyBase:
        service = service_of(url)
        plugin = instantiate(url, service)
        if len(plugin) > 1:
            raise NotDelivered("setting", "the address has several targets; name one only")
        secure = bool(plugin.secure or service.hosts)
        port = plugin.port or (443 if secure else 80)
        for host in service.hosts or (plugin.host,):
            self._reach.check(host, port, secure=secure, ports=HTTPS_PORTS)
        plugin.redirects = False
        plugin.verify_certificate = True
        plugin.socket_connect_timeout = CONNECT_TIMEOUT_S
        plugin.socket_read_timeout = READ_TIMEOUT_S
        return plugin


def _written(text: Text, service: Service) -> tuple[str, str, NotifyFormat]:
    """Title, body and format, as the service shows them best.

    Slack's titles are plain text. Teams would read Markdown in one, and Google
    Chat has none: there the body begins with it.
    """
    if not service.markdown:
        return text.subject, text.body, NotifyFormat.TEXT
    body = markdown(text.lines)
    if service.has_title:
        return text.subject, body, NotifyFormat.MARKDOWN
    return "", f"{bold_markdown(text.subject)}\n\n{body}", NotifyFormat.MARKDOWN


def instantiate(url: str, service: Service) -> NotifyBase:
    """What Apprise makes of an address, its arguments checked.

    Raises:
        NotDelivered: setting; it is no address of this service.
    """
    parts: dict[str, Any] | None = NotifyBase.parse_url(url, verify_host=False)
    if parts is not None:
        check_arguments(service, parts["qsd"])
        plugin = Apprise.instantiate(url, asset=_asset())
        if plugin is not None and plugin.schema == scheme_of(url):
            return plugin
    raise NotDelivered("setting", f"the address is not understood as one of {service.name}")


def secret(environment: Mapping[str, str], name: str) -> str:
    """The value of a variable, or the content of the file that its `_FILE` twin names.

    Raises:
        NotDelivered: setting; neither is set, both are, or the file cannot be read.
    """
    value, file = environment.get(name, "").strip(), environment.get(f"{name}_FILE", "")
    if value and file:
        raise NotDelivered("setting", f"both {name} and {name}_FILE are set")
    if file:
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise NotDelivered("setting", f"the file of {name}_FILE is not readable") from problem
    if not value:
        raise NotDelivered("setting", f"the environment variable {name} is not set")
    return value


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="Stipt",
        app_desc="Stipt",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        secure_logging=True,
        plugin_paths=None,
        storage_mode=PersistentStoreMode.MEMORY,
        service_timeout=TOTAL_TIMEOUT_S,
        allow_templates=False,
    )


def header_key(key: str) -> str:
    """A message's key as headers and pagers take it.

    Headers take no other letters than ASCII, and PagerDuty no more than 255:
    a key that does not fit goes as its digest.
    """
    fits = key.isascii() and key.isprintable() and len(key) <= 255
    return key if fits else hashlib.sha256(key.encode()).hexdigest()


def _name_the_message(plugin: NotifyBase, key: str) -> None:
    """Give the message its key where the other side can use it against repeats."""
    key = header_key(key)
    if isinstance(plugin, NotifyJSON):
        plugin.headers |= {"webhook-id": key, "Idempotency-Key": key}
    elif isinstance(plugin, NotifyPagerDuty):
        plugin.dedup = key
    elif isinstance(plugin, NotifyOpsgenie):
        plugin.alias = key


def _failure(result: AppriseResult) -> NotDelivered:
    # Only lines that Apprise words itself: others repeat the message, or the answer.
    entries = [entry for one in result for attempt in one for entry in attempt.logs]
    warnings = [entry.message for entry in entries if entry.level == "WARNING"]
    broken = [entry.message for entry in entries if entry.message.startswith(_BROKEN)]
    if result.status == AppriseResultStatus.TIMEOUT:
        return NotDelivered("ambiguous", f"no answer within {TOTAL_TIMEOUT_S:.0f} s")
    statuses = [int(found[1]) for line in warnings if (found := _STATUS.search(line))]
    if statuses:
        return NotDelivered(by_status(statuses[-1]), f"the service answered {statuses[-1]}")
    if any(cause in line for line in broken for cause in _NEVER_CONNECTED):
        return NotDelivered("temporary", "no connection to the service")
    return NotDelivered("ambiguous", "the connection broke before the service answered")


def by_status(status: int) -> Failure:
    """What an HTTP status says of the message. The same for every service.

    429 and 503 refuse before anything is done; other 5xx and 408 may come
    after it. A redirect, or a refusal of the address itself, stays until
    somebody changes the address; the rest of 4xx refuses this message.
    """
    if status in (425, 429, 503):
        return "temporary"
    if 300 <= status < 400 or status in (401, 403, 404, 410):
        return "setting"
    return "ambiguous" if status >= 500 or status == 408 else "permanent"
