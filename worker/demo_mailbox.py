# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the demo's messages arrive: a mail server and a webhook of its own, on loopback ports.

So that a demo sends for real, through the channels that a company would use,
and nothing leaves the machine.
"""

from __future__ import annotations

import json
import socketserver
import threading
from dataclasses import dataclass
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """A message that arrived. `way` is mail or webhook, `to` whom it was for."""

    way: str
    to: str
    subject: str


class Mailbox:
    """Both servers, each in a thread, and what arrived at them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._mail = _MailServer((HOST, 0), _MailConversation)
        self._web = _WebServer((HOST, 0), _WebCall)
        self._mail.mailbox = self._web.mailbox = self

    @property
    def mail_url(self) -> str:
        """The mail server as the setting STIPT_MAIL_URL takes it."""
        port = self._mail.server_address[1]
        return f"mailto://{HOST}:{port}/?from=stipt@demo.example&to=nobody@demo.example"

    def webhook_url(self, name: str) -> str:
        """An address for a recipient of the rules; `name` says whom a message was for."""
        return f"json://{HOST}:{self._web.server_address[1]}/{name}"

    def received(self) -> list[Received]:
        """Everything that arrived so far."""
        with self._lock:
            return list(self._received)

    def take(self, message: Received) -> None:
        """Keep a message that arrived."""
        with self._lock:
            self._received.append(message)

    def __enter__(self) -> Mailbox:
        for server in (self._mail, self._web):
            run = {"poll_interval": 0.05}
            threading.Thread(target=server.serve_forever, kwargs=run, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in (self._mail, self._web):
            server.shutdown()
            server.server_close()


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mailbox: Mailbox


class _WebServer(ThreadingHTTPServer):
    daemon_threads = True
    mailbox: Mailbox


class _MailConversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a well-behaved sender needs."""

    server: _MailServer
    timeout = 30
    _ANSWERS: ClassVar[dict[bytes, str]] = {
        b"EHLO": "250 demo",
        b"HELO": "250 demo",
        b"MAIL": "250 go on",
        b"RCPT": "250 go on",
        b"RSET": "250 go on",
        b"NOOP": "250 go on",
        b"QUIT": "221 goodbye",
    }

    def handle(self) -> None:
        self._answer("220 demo")
        recipients: list[str] = []
        while line := self.rfile.readline(_LONGEST):
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipients.append(line.partition(b"<")[2].partition(b">")[0].decode("ascii"))
            if verb == b"DATA":
                self._take_mail(recipients)
                recipients = []
                continue
            self._answer(self._ANSWERS.get(verb, "500 unknown"))
            if verb == b"QUIT":
                return

    def _take_mail(self, recipients: list[str]) -> None:
        self._answer("354 end with a dot")
        lines: list[bytes] = []
        while (line := self.rfile.readline(_LONGEST)) not in (b".\r\n", b""):
            lines.append(line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        for recipient in recipients:
            self.server.mailbox.take(Received("mail", recipient, str(mail["Subject"] or "")))
        self._answer("250 taken")

    def _answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode("ascii"))


class _WebCall(BaseHTTPRequestHandler):
    """A webhook that takes everything."""

    server: _WebServer
    timeout = 30

    def do_POST(self) -> None:
        """Take one message in the form of Apprise's json:// service."""
        length = min(int(self.headers.get("Content-Length", 0)), _LONGEST)
        try:
            body = json.loads(self.rfile.read(length))
        except ValueError:
            self.send_error(400)
            return
        subject = str(body.get("title", "")) if isinstance(body, dict) else ""
        self.server.mailbox.take(Received("webhook", self.path.strip("/"), subject))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: the demo shows what arrived."""
