# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail, by the mail server that an Apprise `mailto(s)://` address describes.

Apprise reads the address; the message goes out here, because a repeat can
only be recognised by a Message-ID that is the same for every try, and because
only the mail server's own answers tell a refusal from a broken connection.
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from apprise.plugins.email import NotifyEmail

from worker.logs import get_logger
from worker.notify.apprise_url import TOTAL_TIMEOUT_S, instantiate
from worker.notify.channel import NotDelivered
from worker.notify.markup import as_html
from worker.notify.services import MAIL, SMTP_PORTS, scheme_of
from worker.notify.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from worker.notify.channel import Failure, Letter
    from worker.notify.reach import Reach
    from worker.outbox import OutboxMessage

SOCKET_TIMEOUT_S = 10.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to speak to it. `to` are the address's own recipients."""

    host: str
    port: int
    mode: str
    user: str | None
    password: str | None
    sender_name: str
    sender: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; `kind` is its media type."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """What is sent as it is: text, the same as HTML, and files. `key` is equal for every try."""

    key: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


class Mail:
    """Sends to recipients of the form `{email: ...}`, and to mailto addresses."""

    def __init__(self, *, url: str | None, reach: Reach, now: Callable[[], datetime]) -> None:
        self._url = url
        self._reach = reach
        self._now = now

    def deliver(self, letter: Letter) -> None:
        """Send to the address that stands in the rule file."""
        address = letter.recipient.email if letter.recipient else None
        self.deliver_to([address] if address else [], letter)

    def deliver_to(self, addresses: Sequence[str], letter: Letter) -> None:
        """Send one message to all these addresses, in one transaction of the mail server.

        Raises:
            NotDelivered: as for every channel; `nobody` where there is no address.
        """
        if not addresses:
            raise NotDelivered("nobody", "nobody there has an address")
        self._send(self.server(), addresses, letter)

    def deliver_by(self, url: str, letter: Letter) -> None:
        """Send by the server of a mailto address to the recipients that it names."""
        server = self._read(url)
        self._send(server, server.to, letter)

    def deliver_document(self, address: str, document: Document) -> None:
        """Send a document with its attachments to one address.

        Raises:
            NotDelivered: as for every channel.
        """
        server = self.server()
        mail = envelope(server, [address], document.subject, document.key, self._now())
        mail.set_content(document.text)
        mail.add_alternative(document.html, subtype="html")
        for one in document.attachments:
            kind, _, subtype = one.kind.partition("/")
            mail.add_attachment(one.content, maintype=kind, subtype=subtype, filename=one.name)
        self._hand_over(server, [address], mail)

    def was_delivered(self, message: OutboxMessage) -> bool | None:
        """Unknown: mail cannot be read back. Equal Message-IDs let many stores fold repeats."""
        del message
        return None

    def check(self, url: str) -> None:
        """Find fault with a mailto address without sending anything.

        Raises:
            NotDelivered: what a message would fail of.
        """
        self._read(url)

    def server(self) -> Server:
        """The server of the settings.

        Raises:
            NotDelivered: setting; none is set, or it is not usable.
        """
        if not self._url:
            raise NotDelivered("setting", "no mail server is set (STIPT_MAIL_URL)")
        return self._read(self._url)

    def _read(self, url: str) -> Server:
        if scheme_of(url) not in ("mailto", "mailtos"):
            raise NotDelivered("setting", "the mail server's address is no mailto:// or mailtos://")
        plugin = instantiate(url, MAIL)
        if not isinstance(plugin, NotifyEmail):
            raise NotDelivered("setting", "the mail server's address is not understood")
        name, sender = plugin.from_addr  # the name is False where the address has none
        server = Server(
            host=plugin.smtp_host,
            port=plugin.port or 25,
            mode=plugin.secure_mode or "insecure",
            user=plugin.user or None,
            password=plugin.password or None,
            sender_name=one_line(str(name or "Stipt")),
            sender=str(sender),
            to=tuple(address for _, address in plugin.targets),
        )
        secure = server.mode != "insecure"
        self._reach.check(server.host, server.port, secure=secure, ports=SMTP_PORTS)
        return server

    def _send(self, server: Server, addresses: Sequence[str], letter: Letter) -> None:
        message = compose(server, addresses, letter, self._now())
        if self._hand_over(server, addresses, message):
            logger.warning("mail_partly_refused", ticket_id=letter.message.ticket_id)

    def _hand_over(self, server: Server, addresses: Sequence[str], message: EmailMessage) -> bool:
        """Give a mail to the server; whether it refused some of the addresses."""
        attempt = _Attempt(server, list(addresses), message)
        attempt.start()
        attempt.join(TOTAL_TIMEOUT_S)
        if attempt.is_alive():
            raise NotDelivered("ambiguous", f"no answer within {TOTAL_TIMEOUT_S:.0f} s")
        if attempt.problem is not None:
            raise attempt.problem
        return attempt.refused


def mail_hosts(url: str | None) -> frozenset[str]:
    """The host of a mailto address; empty where there is none or it is not understood."""
    if not url or scheme_of(url) not in ("mailto", "mailtos"):
        return frozenset()
    try:
        plugin = instantiate(url, MAIL)
    except NotDelivered:
        return frozenset()
    return frozenset({plugin.smtp_host}) if isinstance(plugin, NotifyEmail) else frozenset()


def compose(
    server: Server, addresses: Sequence[str], letter: Letter, now: datetime
) -> EmailMessage:
    """The mail: plain text and HTML.

    Raises:
        NotDelivered: permanent; an address that is none.
    """
    mail = envelope(server, addresses, letter.text.subject, letter.key, now)
    mail.set_content(letter.text.body)
    mail.add_alternative(as_html(letter.text.subject, letter.text.lines), subtype="html")
    return mail


def envelope(
    server: Server, addresses: Sequence[str], subject: str, key: str, now: datetime
) -> EmailMessage:
    """An empty mail, marked as automatic so that no robot answers it.

    The same key gives the same Message-ID, by which repeats are recognised.

    Raises:
        NotDelivered: permanent; an address that is none.
    """
    mail = EmailMessage()
    for address in addresses:
        if address.count("@") != 1 or not address.isascii() or not address.isprintable():
            raise NotDelivered("permanent", "the recipient's e-mail address is not usable")
        if set(address) & set(' ,;:<>()[]"\\'):
            raise NotDelivered("permanent", "the recipient's e-mail address is not usable")
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    mail["Subject"] = one_line(subject, 200)
    mail["From"] = f"{server.sender_name} <{server.sender}>"
    mail["To"] = ", ".join(addresses)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<stipt.{digest}@{server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


class _Attempt(threading.Thread):
    """One conversation with a mail server.

    A thread, because socket time-outs bound each line of it and not the whole:
    whoever waits gives up after `TOTAL_TIMEOUT_S`, before the row's lease ends.
    """

    def __init__(self, server: Server, addresses: list[str], message: EmailMessage) -> None:
        super().__init__(name="mail", daemon=True)
        self._server = server
        self._addresses = addresses
        self._message = message
        self.problem: NotDelivered | None = None
        self.refused = False

    def run(self) -> None:
        try:
            with self._connected() as connection:
                self._hand_over(connection)
        except NotDelivered as problem:
            self.problem = problem
        except smtplib.SMTPResponseException as problem:
            self.problem = _refusal(problem.smtp_code)
        except (OSError, smtplib.SMTPException) as problem:
            self.problem = NotDelivered("temporary", f"no mail server: {type(problem).__name__}")

    def _connected(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        if server.mode == "ssl":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=SOCKET_TIMEOUT_S, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=SOCKET_TIMEOUT_S)
        try:
            if server.mode == "starttls":
                connection.starttls(context=context)
            if server.user and server.password:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _hand_over(self, connection: smtplib.SMTP) -> None:
        try:
            refused = connection.send_message(
                self._message, from_addr=self._server.sender, to_addrs=self._addresses
            )
        except smtplib.SMTPRecipientsRefused as problem:
            raise _refusal(min(code for code, _ in problem.recipients.values())) from problem
        except smtplib.SMTPResponseException:
            raise
        except OSError as problem:  # a disconnection among them
            raise NotDelivered(
                "ambiguous", "the connection broke while the mail was handed over"
            ) from problem
        self.refused = bool(refused)


def _refusal(code: int) -> NotDelivered:
    """What a mail server's answer says: 4xx asks to come again, a wrong password to be mended."""
    failure: Failure = "permanent" if code >= 500 else "temporary"
    if code in (530, 534, 535, 538):
        failure = "setting"
    return NotDelivered(failure, f"the mail server answered {code}")
