# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's own mail server and webhook."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

import requests

from worker.demo_mailbox import Mailbox, Received


def test_mail_arrives_once_for_each_recipient() -> None:
    mail = EmailMessage()
    mail["Subject"] = "Due in an hour: 4711 \u20ac"
    mail.set_content(".a line that begins with a dot\n")
    with Mailbox() as mailbox:
        port = urlsplit(mailbox.mail_url).port or 0
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as connection:
            connection.send_message(mail, "stipt@demo.example", ["a@x.example", "b@x.example"])
            connection.send_message(mail, "stipt@demo.example", ["c@x.example"])

    assert mailbox.received() == [
        Received("mail", to, "Due in an hour: 4711 \u20ac")
        for to in ("a@x.example", "b@x.example", "c@x.example")
    ]


def test_webhooks_arrive_with_the_name_of_their_recipient() -> None:
    with Mailbox() as mailbox:
        url = mailbox.webhook_url("on_call").replace("json://", "http://")
        accepted = requests.post(url, json={"title": "Breached: 4711"}, timeout=5)
        refused = requests.post(url, data=b"nonsense", timeout=5)

    assert (accepted.status_code, refused.status_code) == (204, 400)
    assert mailbox.received() == [Received("webhook", "on_call", "Breached: 4711")]
