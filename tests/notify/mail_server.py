# SPDX-License-Identifier: GPL-3.0-or-later
"""A real SMTP server on loopback that keeps what it gets and answers as told."""

import asyncio
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.services.availability import free_port

if TYPE_CHECKING:
    from email.message import EmailMessage


class MailServer:
    """`answers` maps a command (RCPT, DATA) to the reply it gets instead of a good one.

    `trouble`: `cut` ends the connection in the middle of DATA, `slow` never
    answers it.
    """

    def __init__(self, *, password: str | None = None) -> None:
        self.password = password
        self.answers: dict[str, str] = {}
        self.trouble = ""
        self.mails: list[tuple[list[str], EmailMessage]] = []
        options: dict[str, Any] = {}
        if password is not None:
            options = {"authenticator": self._authenticate, "auth_require_tls": False}
        self.port = free_port()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, ready_timeout=10, **options
        )
        self._controller.start()

    def close(self) -> None:
        if self._controller.loop.is_running():
            self._controller.stop()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        good = isinstance(data, LoginPassword) and data.password == (self.password or "").encode()
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        del server, session, options
        refused = self.answers.get(f"RCPT {address}") or self.answers.get("RCPT")
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del session
        if self.trouble == "slow":
            await asyncio.sleep(5)  # longer than a sender waits, in real time
        if "DATA" in self.answers:
            return self.answers["DATA"]
        mail = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
        self.mails.append((list(envelope.rcpt_tos), cast("EmailMessage", mail)))
        if self.trouble == "cut":
            server.transport.abort()
        return "250 OK"
