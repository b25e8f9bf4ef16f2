# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages that docs/messages.md shows are those that arrive.

After a change: pytest tests/notify/test_examples.py --rewrite, then look at the difference.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rules.calendars import BusinessCalendar
from rules.policy import Calendar
from tests.notify.builders import HERE, NOW, SmallHelpdesk, a_message
from tests.notify.channels import Ways
from tests.notify.mail_server import MailServer
from tests.notify.receiver import Receiver
from worker.notify.messenger import Messenger
from worker.outbox import OutboxMessage

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"
BLOCK = re.compile(r"(<!-- example: (\w+) -->\n\n```\w+\n)(.*?)(```\n\n<!-- end -->)", re.DOTALL)
LINK = "https://stipt.example.com/acknowledge/WyJkZWZhdWx0Il0.c2lnbmVk"

MESSAGE = a_message(
    keys=("75%", "1h before"), labels=("75%", "1h before"), calendar="office_nl", tier="premium"
)
OVERDUE = a_message(
    keys=("2h after #2",),
    labels=("2h after",),
    due_at=NOW - timedelta(hours=4),
    late_by=timedelta(minutes=12),
    state="breached_open",
)
MANY = [
    a_message(
        id=n, ticket_id=f"{4711 + n}", due_at=NOW + timedelta(minutes=10 * (n - 1)), customer=who
    )
    for n, who in enumerate(["acme", "globex", None] * 19)
]


@pytest.fixture
def ways(
    secure_receiver: Receiver, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> Ways:
    return Ways(secure_receiver, mail_server, SmallHelpdesk(), monkeypatch)


def office(messenger: Messenger) -> Messenger:
    """The messenger with rules that know the clock of the messages."""
    hours = BusinessCalendar(
        "Europe/Amsterdam",
        {day: [("09:00", "17:30")] for day in ("mon", "tue", "wed", "thu", "fri")},
    )
    calendar = Calendar("office_nl", hours, HERE)
    before = messenger._policy_of
    policy = before("")
    assert policy is not None
    known = replace(policy, calendars={"office_nl": calendar})
    messenger._policy_of = lambda _hash: known
    return messenger


def link(_message: OutboxMessage) -> str:
    return LINK


def mail(ways: Ways) -> str:
    assert office(ways.messenger("mail", acknowledge=link)).send(MESSAGE).outcome == "sent"
    received = ways.mail.mails[-1][1]
    heads = [f"{name}: {received[name]}" for name in ("From", "To", "Subject")]
    plain = received.get_body(("plain",))
    assert plain is not None
    return "\n".join([*heads, "", *plain.get_content().split("\r\n")])


def slack(ways: Ways) -> str:
    assert office(ways.messenger("slack", acknowledge=link)).send(MESSAGE).outcome == "sent"
    return web(ways)


def teams(ways: Ways) -> str:
    assert ways.send("teams", [OVERDUE], "nl") == "sent"
    return web(ways)


def signed(ways: Ways) -> str:
    assert office(ways.messenger("signed")).send(MESSAGE).outcome == "sent"
    return web(ways)


def digest(ways: Ways) -> str:
    assert ways.messenger("slack").send_digest(MANY).outcome == "sent"
    return web(ways)


def web(ways: Ways) -> str:
    body = json.loads(ways.web.requests[-1][2])
    for one in body.get("attachments", ()):
        one.pop("ts", None)  # the time of the machine that runs this
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


EXAMPLES: dict[str, Callable[[Ways], str]] = {
    one.__name__: one for one in (mail, slack, teams, signed, digest)
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_message_that_the_page_shows_is_the_one_that_arrives(
    ways: Ways, name: str, request: pytest.FixtureRequest
):
    text = EXAMPLES[name](ways)
    page = PAGE.read_text(encoding="utf-8")
    if request.config.getoption("--rewrite"):
        page = BLOCK.sub(
            lambda found: f"{found[1]}{text}{found[4]}" if found[2] == name else found[0], page
        )
        PAGE.write_text(page, encoding="utf-8")
    shown = {found[1]: found[2] for found in (one.groups()[0:3] for one in BLOCK.finditer(page))}
    assert shown[name] == text


def test_every_example_of_the_page_is_tested():
    names = [found[2] for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    assert sorted(names) == sorted(EXAMPLES)
