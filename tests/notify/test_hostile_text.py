# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that somebody else has chosen: on no channel do they call, link or mark up anything."""

import pytest

from tests.notify.builders import SmallHelpdesk, a_message
from tests.notify.channels import CHANNELS, LANGUAGES, Ways
from tests.notify.mail_server import MailServer
from tests.notify.receiver import Receiver

HOSTILE = {
    "calls a Slack channel": ("<!channel> come", ["<!channel"]),
    "calls a Slack group": ("<!subteam^S1|x>", ["<!subteam"]),
    "calls a Slack person": ("<@U024BE7LH>", ["<@U0"]),
    "calls everybody": (
        "@everyone @here @channel @all",
        ["@everyone", "@here", "@channel", "@all"],
    ),
    "calls a room in Google Chat": ("<users/all>", ["<users/all>"]),
    "mentions in Teams": ("<at>Boss</at>", ["<at>"]),
    "links in Markdown": ("[refund](http://evil.example)", ["[refund](", "](http"]),
    "links in Slack": ("<http://evil.example|refund>", ["<http://evil"]),
    "shows a picture": ("![x](http://evil.example/x.png)", ["![x](", "](http"]),
    "HTML": ("<script>alert(1)</script><img src=x onerror=y>", ["<script", "<img"]),
    "ends an attribute": ('"><a href="http://evil.example">x</a>', ['<a href="http://evil']),
    "starts a header": ("x\r\nBcc: victim@example.org", ["\nBcc", "\rBcc"]),
    "starts a line": ("x\u2028To do: nothing\u2029y\x0bz\x0cw\x85v", ["\u2028", "\u2029", "\x85"]),
    "turns text around": ("\u202egnp.exe", ["\u202e"]),
    "is a template": (
        "{link} {0} {ticket.__class__} %s ${x}",
        ["https://acme.zendesk.com/agent %"],
    ),
    "controls a terminal": ("\x1b[31mred\x07", ["\x1b", "\x07"]),
    "is very long": ("x" * 100_000, ["x" * 100]),
}


@pytest.fixture
def ways(
    secure_receiver: Receiver, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> Ways:
    return Ways(secure_receiver, mail_server, SmallHelpdesk(), monkeypatch)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_hostile_text_calls_nobody_links_nowhere_and_marks_nothing_up(
    ways: Ways, channel: str, language: str
):
    for what, (text, forbidden) in HOSTILE.items():
        message = a_message(customer=text, tier=text, labels=(text,), calendar=text)
        assert ways.send(channel, [message], language) == "sent", what
        for shown in ways.shown(channel):
            for word in forbidden:
                assert word not in shown, what


@pytest.mark.parametrize("channel", ["slack", "teams", "gchat", "mail"])
def test_hostile_text_in_a_digest_does_nothing_either(ways: Ways, channel: str):
    for what, (text, forbidden) in HOSTILE.items():
        messages = [a_message(ticket_id=f"{n}", customer=text, tier=text) for n in range(3)]
        assert ways.send(channel, messages) == "sent", what
        for shown in ways.shown(channel):
            for word in forbidden:
                assert word not in shown, what


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_says_ticket_customer_promise_time_left_and_what_to_do(
    ways: Ways, channel: str
):
    assert ways.send(channel, [a_message(calendar="always")]) == "sent"
    everything = "\n".join(ways.shown(channel))
    said = ("Ticket 4711", "acme", "first reply", "1h left", "2026-11-30 11:00", "Answer")
    assert [word for word in said if word not in everything] == []
    if channel != "note":  # which lies on the ticket
        assert "https://acme.zendesk.com/agent/tickets/4711" in everything
