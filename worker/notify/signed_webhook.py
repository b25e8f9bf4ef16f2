# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks of one's own, signed: `https://` addresses, in the form of Standard Webhooks.

The connection goes to the very address that was checked, so that a name which
answers differently a moment later leads nowhere. Redirects are answers like
any other, and refused. The receiver can tell by the signature who called and
by `webhook-id` which calls are the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from worker.notify.apprise_url import CONNECT_TIMEOUT_S, TOTAL_TIMEOUT_S, by_status, header_key
from worker.notify.channel import NotDelivered
from worker.notify.services import HTTPS_PORTS, is_of_a_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from worker.notify.channel import Letter
    from worker.notify.reach import Reach

_READ_TIMEOUT_S = 15.0
_PREFIX = "whsec_"
_SHORTEST = 24
"""Bytes of a secret; Standard Webhooks asks for 24 to 64."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: a name, and the addresses that were checked for it.

    `addresses` is empty behind a proxy, which resolves names itself; then
    `proxy` is its host and port.
    """

    host: str
    port: int
    path: str
    secure: bool
    addresses: tuple[str, ...]
    proxy: tuple[str, int] | None = None


class SignedWebhook:
    """Calls `https://` addresses. `proxy` is the address of a web proxy, where there is one."""

    def __init__(
        self, *, reach: Reach, now: Callable[[], datetime], proxy: str | None = None
    ) -> None:
        self._reach = reach
        self._now = now
        self._proxy = proxy

    def deliver_by(self, target: Target, secret: str, letter: Letter) -> None:
        """Call the target with the message, signed.

        Raises:
            NotDelivered: as for every channel.
        """
        key = signing_key(secret)
        body = json.dumps(_document(letter, self._now()), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Stipt",
            "Idempotency-Key": header_key(letter.key),
            **signature(key, header_key(letter.key), self._now(), body),
        }
        call = _Call(target, body, headers)
        call.start()
        call.join(TOTAL_TIMEOUT_S)
        if call.is_alive():
            call.give_up()
            raise NotDelivered("ambiguous", f"no answer within {TOTAL_TIMEOUT_S:.0f} s")
        if call.problem is not None:
            raise call.problem
        if not 200 <= call.status < 300:
            failure, detail = by_status(call.status), f"the receiver answered {call.status}"
            raise NotDelivered(failure, detail)

    @staticmethod
    def check_secret(secret: str) -> None:
        """Find fault with a signing secret.

        Raises:
            NotDelivered: what a message would fail of.
        """
        signing_key(secret)

    def target(self, url: str) -> Target:
        """Where a call to this address goes; nothing is sent.

        Raises:
            NotDelivered: what a message would fail of.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise NotDelivered("setting", "the webhook's address is not understood") from None
        host = parts.hostname
        if not host or parts.username is not None or parts.fragment or not url.isascii():
            raise NotDelivered("setting", "the webhook's address is not understood")
        if is_of_a_service(host):
            raise NotDelivered("setting", "a chat's or pager's address is written as slack://, ...")
        secure = parts.scheme.lower() == "https"
        port = port or (443 if secure else 80)
        addresses = self._reach.checked(host, port, secure=secure, ports=HTTPS_PORTS)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(host, port, path, secure, addresses, None if addresses else self._via())

    def _via(self) -> tuple[str, int]:
        parts = urlsplit(self._proxy or "")
        if not parts.hostname:
            raise NotDelivered("setting", "the web proxy (HTTPS_PROXY) is not understood")
        return parts.hostname, parts.port or 80


def signing_key(secret: str) -> bytes:
    """The key of a secret `whsec_...`.

    Raises:
        NotDelivered: setting; it is no such secret.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST:
        raise NotDelivered(
            "setting", f"the webhook's secret is no {_PREFIX} with at least {_SHORTEST} bytes"
        )
    return key


def signature(key: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks: id, time, and what proves both and the body."""
    stamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    proof = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{proof}",
    }


def _document(letter: Letter, now: datetime) -> dict[str, object]:
    message = letter.message
    return {
        "type": "step.due",
        "timestamp": _stamp(now),
        "data": {
            "account": message.account,
            "ticket_id": message.ticket_id,
            "link": letter.link,
            "customer": message.customer,
            "tier": message.tier,
            "priority": message.priority,
            "measure": message.measure,
            "cycle": message.cycle,
            "steps": list(message.keys),
            "recipient": message.recipient,
            "state": message.state,
            "started_at": _stamp(message.started_at),
            "due_at": None if message.due_at is None else _stamp(message.due_at),
            "late_by_seconds": int(message.late_by.total_seconds()),
            "may_be_repeat": message.may_be_repeat,
            "subject": letter.text.subject,
            "text": letter.text.body,
        },
    }


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class _Call(threading.Thread):
    """One HTTP call.

    A thread, because socket time-outs bound each read and not the whole: a
    server that drips bytes would hold the message beyond its lease.
    """

    def __init__(self, target: Target, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(name="webhook", daemon=True)
        self._target = target
        self._body = body
        self._headers = headers
        self._connection: http.client.HTTPConnection | None = None
        self.problem: NotDelivered | None = None
        self.status = 0

    def run(self) -> None:
        try:
            self._connection = connection = self._connected()
        except ssl.SSLError:
            self.problem = NotDelivered("setting", "the receiver's certificate is not good")
            return
        except (OSError, http.client.HTTPException):
            self.problem = NotDelivered("temporary", "no connection to the receiver")
            return
        try:
            connection.request("POST", self._target.path, self._body, self._headers)
            self.status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            broken = "the connection broke before the receiver answered"
            self.problem = NotDelivered("ambiguous", broken)
        finally:
            connection.close()

    def give_up(self) -> None:
        """Close the connection that takes too long."""
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        connection = _connection(self._target)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection


def _connection(target: Target) -> http.client.HTTPConnection:
    context = ssl.create_default_context() if target.secure else None
    if target.proxy is None:
        return _Checked(target, context)
    host, port = target.proxy
    tunnel = http.client.HTTPSConnection(host, port, timeout=_READ_TIMEOUT_S, context=context)
    tunnel.set_tunnel(target.host, target.port)
    return tunnel


class _Checked(http.client.HTTPConnection):
    """A connection to one of the checked addresses, under the name that was asked for."""

    def __init__(self, target: Target, context: ssl.SSLContext | None) -> None:
        super().__init__(target.host, target.port, timeout=_READ_TIMEOUT_S)
        self._target = target
        self._context = context

    def connect(self) -> None:
        """Connect, and speak TLS in the name of the host where the address is `https`."""
        plain = self._to_an_address()
        plain.settimeout(_READ_TIMEOUT_S)
        if self._context is None:
            self.sock = plain
        else:
            self.sock = self._context.wrap_socket(plain, server_hostname=self._target.host)

    def _to_an_address(self) -> socket.socket:
        problem = OSError("no address")
        for address in self._target.addresses:
            try:
                return socket.create_connection((address, self._target.port), CONNECT_TIMEOUT_S)
            except OSError as fault:
                problem = fault
        raise problem
