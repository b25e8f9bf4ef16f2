# SPDX-License-Identifier: GPL-3.0-or-later
"""One message about many tickets, and who gets such messages."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.calendars import BusinessCalendar
from rules.policy import Calendar, Recipient
from tests.notify.builders import HERE, NOW, a_message, a_messenger, a_policy, by_url
from tests.notify.mail_server import MailServer
from tests.notify.receiver import Receiver
from worker.notify.digest import compose_digest
from worker.notify.text import Setting, compose
from worker.outbox import Manner, OutboxMessage, SendResult

SETTING = Setting(now=NOW, zone=ZoneInfo("Europe/Amsterdam"), link="https://x/1", room=3500)


def many(number: int, **changes: object) -> list[OutboxMessage]:
    """So many warnings about as many tickets, the last one due first."""
    return [
        a_message(
            id=n, ticket_id=f"{n}", due_at=NOW + timedelta(minutes=10 * (number - n)), **changes
        )
        for n in range(number)
    ]


def text_of(messages: list[OutboxMessage], setting: Setting = SETTING, *, repeat: bool = False):
    return compose_digest([(one, setting) for one in messages], repeat=repeat)


def test_a_digest_names_the_most_urgent_tickets_first():
    text = text_of(many(3))
    assert text.subject == "3 tickets need attention"
    assert [line.text.partition(",")[0] for line in text.lines[1:]] == [
        "Ticket 2",
        "Ticket 1",
        "Ticket 0",
    ]
    assert all(line.link == "https://x/1" for line in text.lines[1:])


def test_a_digest_names_twenty_tickets_and_says_how_many_more_there_are():
    text = text_of(many(57))
    assert len([line for line in text.lines if line.link]) == 20
    assert text.lines[-1].text == "and 37 more"


def test_a_digest_fits_where_there_is_little_room():
    short = replace(SETTING, room=900)
    text = text_of(many(57), short)
    assert len(text.subject) + len(text.body) <= 900
    shown = len([line for line in text.lines if line.link])
    assert 5 < shown < 20
    assert text.lines[-1].text == f"and {57 - shown} more"


def test_a_ticket_with_two_promises_stands_in_it_once():
    first, second, third = many(3)
    again = replace(first, measure="resolution", due_at=NOW + timedelta(minutes=1))
    text = text_of([first, second, third, again])
    assert text.subject == "3 tickets need attention"
    assert text.lines[1].text == "Ticket 0, acme: resolution due in 1m"


def test_a_digest_is_in_its_readers_language_and_says_what_is_late_or_a_repeat():
    dutch = replace(SETTING, language="nl")
    text = text_of(many(3, late_by=timedelta(minutes=7)), dutch, repeat=True)
    assert text.subject == "3 tickets vragen aandacht"
    assert "Dit bericht is 7m te laat." in text.body
    assert "herhaling" in text.body


def test_a_digest_is_overdue_when_one_of_its_promises_is():
    assert not text_of(many(3)).overdue
    assert text_of([*many(3), a_message(ticket_id="9", due_at=NOW)]).overdue


def test_a_digest_reaches_a_mailbox_as_one_mail_with_a_key_of_its_own(mail_server: MailServer):
    policy = a_policy(on_call=Recipient("on_call", HERE, email="lead@example.com"))
    mail_url = f"mailto://127.0.0.1:{mail_server.port}?from=sla@example.com"
    messenger = a_messenger(policy, mail_url=mail_url)
    messages = many(5)
    assert messenger.send_digest(messages) == SendResult("sent")
    assert messenger.send_digest(messages) == SendResult("sent")
    assert messenger.send(messages[0]) == SendResult("sent")
    first, second, alone = (mail["Message-ID"] for _, mail in mail_server.mails)
    assert first == second != alone
    page = mail_server.mails[0][1].get_body(("html",))
    assert page is not None
    assert page.get_content().count("<a href=") == 5


def test_a_digest_waits_for_its_readers_hours(receiver: Receiver):
    hours = BusinessCalendar("Europe/Amsterdam", {"mon": [("12:00", "17:00")]})
    policy = replace(
        a_policy(on_call=replace(by_url(), only_during="afternoon")),
        calendars={"afternoon": Calendar("afternoon", hours, HERE)},
    )
    environment = {"ON_CALL_URL": f"json://127.0.0.1:{receiver.port}/"}
    result = a_messenger(policy, environment).send_digest(many(3))
    assert (result.outcome, result.retry_after) == ("temporary", 2 * 3600)
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("recipient", "url", "manner"),
    [
        (Recipient("on_call", HERE, email="a@example.com"), "", Manner(60, gathers=True)),
        (
            Recipient("on_call", HERE, ticket="assignee"),
            "",
            Manner(60, gathers=True, person="assignee"),
        ),
        (Recipient("on_call", HERE, ticket="group"), "", Manner(60, gathers=True, person="group")),
        (
            by_url(),
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            Manner(60, gathers=True),
        ),
        (by_url(), "workflows://host/a/b", Manner(60, gathers=True)),
        (by_url(), "gchat://space/key/token", Manner(60, gathers=True)),
        (by_url(), "mailtos://host?to=a@example.com", Manner(60, gathers=True)),
        (by_url(), "pagerduty://key@api", Manner(120)),
        (by_url(), "opsgenie://key", Manner(60)),
        (by_url(), "jsons://hook.example.com/", Manner(6000)),
        (by_url(), "https://hook.example.com/", Manner(6000)),
        (replace(by_url(), on_ambiguous="hold"), "opsgenie://key", Manner(60, holds_doubtful=True)),
        (by_url(), "", Manner(60, gathers=True)),
    ],
)
def test_people_who_read_get_digests_and_programs_each_message(
    recipient: Recipient, url: str, manner: Manner
):
    messenger = a_messenger(a_policy(on_call=recipient), {"ON_CALL_URL": url})
    assert messenger.manner(a_message()) == manner


def test_a_recipient_that_the_rules_no_longer_know_gathers_nothing():
    assert a_messenger(a_policy()).manner(a_message()) == Manner(60)


def test_time_left_is_that_of_the_targets_own_clock():
    hours = BusinessCalendar(
        "Europe/Amsterdam",
        {day: [("09:00", "17:30")] for day in ("mon", "tue", "wed", "thu", "fri")},
    )
    friday = NOW - timedelta(days=3) + timedelta(hours=7)  # 17:00 in Amsterdam
    message = a_message(due_at=NOW - timedelta(minutes=30), calendar="office_nl")  # Monday 09:30
    office = replace(SETTING, now=friday, business=hours)
    assert compose(message, office).subject.endswith("first reply due in 1h (office_nl)")
    later = replace(office, now=NOW)
    assert compose(message, later).subject.endswith("first reply overdue by 30m (office_nl)")


def test_a_clock_that_runs_round_the_clock_is_not_named(receiver: Receiver):
    hours = BusinessCalendar(
        "UTC",
        {day: [("00:00", "24:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    )
    calendars = {"always": Calendar("always", hours, HERE)}
    policy = replace(a_policy(on_call=by_url()), calendars=calendars)
    messenger = a_messenger(policy, {"ON_CALL_URL": f"json://127.0.0.1:{receiver.port}/"})
    assert messenger.send(a_message(calendar="always")) == SendResult("sent")
    assert receiver.bodies[0]["title"].endswith("due in 1h")
