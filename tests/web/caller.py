# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls the web application as a helpdesk, and as somebody who means no good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
import sqlalchemy as sa
from pydantic import SecretStr

from worker.store.hint_tables import hints, webhook_calls

if TYPE_CHECKING:
    from datetime import datetime

    from tests.worker.conftest import Site
    from worker.wiring import Installation

SECRET = SecretStr("c2FuZGJveC1zaWduaW5nLXNlY3JldC0wMDAwMDAwMDA=")
OLD_SECRET = SecretStr("b2xkLXNpZ25pbmctc2VjcmV0LTAwMDAwMDAwMDAwMDA=")
PATH = "/webhooks/zendesk"


def stamp(at: datetime) -> str:
    """An instant as Zendesk's header tells it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def signed(body: bytes, timestamp: str, secret: SecretStr = SECRET) -> dict[str, str]:
    """The headers of a genuine call, computed by the book."""
    key = secret.get_secret_value().encode()
    digest = hmac.new(key, timestamp.encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Zendesk Webhook",
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
    }


def an_event(ticket: object = 1, event: str = "e1", kind: str = "ticket.status_changed") -> bytes:
    """The body of an event subscription."""
    body = {
        "account_id": 10000001,
        "detail": {"id": str(ticket), "status": "Open", "subject": "Printer"},
        "event": {"current": "open", "previous": "new"},
        "id": event,
        "subject": f"zen:ticket:{ticket}",
        "time": "2026-11-24T09:00:00Z",
        "type": f"zen:event-type:{kind}",
        "zendesk_event_version": "2022-11-06",
    }
    return json.dumps(body).encode()


@dataclass
class Caller:
    """The application's place, and the worker behind it."""

    site: Site
    installation: Installation
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def now(self) -> str:
        """The helpdesk's time in a header."""
        return stamp(self.site.clock.now())

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
        """Send a body; signed now, unless headers are given."""
        headers = signed(body, self.now()) if headers is None else headers
        return requests.post(self.url + PATH, data=body, headers=headers, timeout=10)

    def get(self, path: str) -> requests.Response:
        """Read a page."""
        return requests.get(self.url + path, timeout=10)

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def hinted(self) -> list[str]:
        """Tickets that are to be read again."""
        return self._column(hints.c.ticket_id)

    def taken(self) -> list[str]:
        """Calls that were taken."""
        return self._column(webhook_calls.c.event_id)

    def _column(self, column: sa.Column[str]) -> list[str]:
        with self.installation.database.read("default") as books:
            return sorted(books.tx.execute(sa.select(column)).scalars())
