# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox's sender: which channel carries a message, and what it answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.base import Gone, HelpdeskError, Throttled, Unavailable, WriteOutcome
from rules.calendars import BusinessCalendar
from rules.policy import AllOf, Calendar, Contract, Recipient
from tests.notify.builders import HERE, NOW, SmallHelpdesk, a_message, a_messenger, a_policy, by_url
from tests.notify.receiver import Receiver
from worker.notify.messenger import Delivery
from worker.outbox import NOTE, SendResult

NOTICE = a_message(recipient=NOTE)


def test_a_note_lies_on_the_ticket_under_its_key():
    helpdesk = SmallHelpdesk()
    messenger = a_messenger(a_policy(), helpdesk=helpdesk)
    assert messenger.was_sent(NOTICE) is False
    assert messenger.send(NOTICE) == SendResult("sent")
    [note] = helpdesk.held_notes
    assert (note.ticket_id, note.key) == ("4711", NOTICE.key)
    assert note.text.startswith("Ticket 4711: first reply is due")
    assert "https://" not in note.text
    assert messenger.was_sent(NOTICE) is True


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        ("written", SendResult("sent", "as told")),
        ("equal", SendResult("sent", "as told")),
        ("unwritable", SendResult("permanent", "as told")),
        ("refused", SendResult("permanent", "as told")),
        ("gone", SendResult("permanent", "as told")),
        ("conflict", SendResult("temporary", "as told")),
        ("unsent", SendResult("temporary", "as told", 60.0)),
        ("error", SendResult("ambiguous", "as told")),
    ],
)
def test_what_became_of_a_note_in_bulk_is_told_for_each(outcome: WriteOutcome, result: SendResult):
    helpdesk = SmallHelpdesk()
    helpdesk.outcomes["2"] = outcome
    messages = [replace(NOTICE, id=1, ticket_id="1"), replace(NOTICE, id=2, ticket_id="2")]
    sent = a_messenger(a_policy(), helpdesk=helpdesk).send_notes(messages)
    assert sent == [SendResult("sent", "as told"), result]
    assert [one.key for one in helpdesk.held_notes] == [one.key for one in messages]


def test_without_rules_notes_wait_too():
    [result] = a_messenger(None).send_notes([NOTICE])
    assert result == SendResult("temporary", "no rules are loaded")


@pytest.mark.parametrize("fault", [Throttled(30), Unavailable("cut"), Gone("deleted")])
def test_what_a_helpdesk_says_goes_to_the_outbox_as_it_is(fault: HelpdeskError):
    helpdesk = SmallHelpdesk()
    helpdesk.fault = fault
    messenger = a_messenger(a_policy(), helpdesk=helpdesk)
    with pytest.raises(type(fault)):
        messenger.send(NOTICE)


def test_a_note_that_was_written_before_the_connection_broke_is_found_again():
    helpdesk = SmallHelpdesk()
    helpdesk.fault, helpdesk.note_written_before_fault = Unavailable("cut"), True
    messenger = a_messenger(a_policy(), helpdesk=helpdesk)
    with pytest.raises(Unavailable):
        messenger.send(NOTICE)
    assert messenger.was_sent(NOTICE) is True


def test_other_channels_cannot_be_read_back():
    messenger = a_messenger(a_policy(on_call=by_url()))
    assert messenger.was_sent(a_message()) is None


def test_a_recipient_that_the_rules_no_longer_know_gets_nothing():
    result = a_messenger(a_policy()).send(a_message())
    assert result == SendResult("permanent", "the rules no longer know this recipient")


def test_without_rules_a_message_waits():
    assert a_messenger(None).send(a_message()).outcome == "temporary"


def test_the_due_is_shown_in_the_contracts_zone(receiver: Receiver):
    contract = Contract("acme", AllOf(), "premium", HERE, period_zone="America/New_York")
    policy = replace(a_policy(on_call=by_url()), contracts=(contract,))
    environment = {"ON_CALL_URL": f"json://127.0.0.1:{receiver.port}/"}
    a_messenger(policy, environment).send(a_message())
    a_messenger(policy, environment).send(a_message(customer="other"))
    first, second = (body["message"] for body in receiver.bodies)
    assert "due Mon 2026-11-30 05:00 -05:00 (2026-11-30 10:00 UTC)" in first
    assert "due Mon 2026-11-30 11:00 +01:00 (2026-11-30 10:00 UTC)" in second


def test_a_recipient_without_a_language_gets_that_of_the_installation(receiver: Receiver):
    environment = {"ON_CALL_URL": f"json://127.0.0.1:{receiver.port}/"}
    a_messenger(a_policy(on_call=by_url()), environment, language="nl").send(a_message())
    assert "eerste antwoord" in receiver.bodies[0]["title"]


def test_a_recipient_who_is_not_there_is_told_when_the_hours_begin(receiver: Receiver):
    hours = BusinessCalendar("Europe/Amsterdam", {"mon": [("12:00", "17:00")]})
    policy = replace(
        a_policy(on_call=replace(by_url(), only_during="afternoon")),
        calendars={"afternoon": Calendar("afternoon", hours, HERE)},
    )
    environment = {"ON_CALL_URL": f"json://127.0.0.1:{receiver.port}/"}
    result = a_messenger(policy, environment).send(a_message())
    assert (result.outcome, result.retry_after) == ("temporary", 2 * 3600)
    assert receiver.requests == []
    noon = a_messenger(policy, environment, now=lambda: NOW + timedelta(hours=2))
    assert noon.send(a_message()).outcome == "sent"


def test_faults_of_recipients_are_found_before_anything_is_sent():
    policy = a_policy(
        good=by_url("GOOD"),
        unset=by_url("UNSET"),
        forbidden=by_url("FORBIDDEN"),
        inner=by_url("INNER"),
        mail=Recipient("mail", HERE, email="a@example.com"),
        assignee=Recipient("assignee", HERE, ticket="assignee"),
    )
    environment = {
        "GOOD": "json://127.0.0.1:9/",
        "FORBIDDEN": "syslog://",
        "INNER": "jsons://169.254.169.254/",
    }
    faults = a_messenger(policy, environment).faults(policy)
    assert set(faults) == {"unset", "forbidden", "inner", "mail", "assignee"}
    assert faults["mail"] == "no mail server is set (STIPT_MAIL_URL)"
    good_mail = a_messenger(policy, environment, mail_url="mailto://127.0.0.1?from=s@example.com")
    assert set(good_mail.faults(policy)) == {"unset", "forbidden", "inner"}


def test_a_network_that_is_none_is_said_at_once():
    with pytest.raises(ValueError, match="not-a-network"):
        a_messenger(a_policy(), allow_networks=("not-a-network",))


def test_showing_how_messages_leave_shows_no_secret():
    delivery = Delivery({"ON_CALL_URL": "secret"}, mail_url="mailto://secret@example.com")
    assert "secret" not in repr(delivery)
