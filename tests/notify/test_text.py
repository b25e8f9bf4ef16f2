# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages say, and what their templates refuse."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import MEASURES
from tests.notify.builders import NOW, a_message
from worker.notify.text import (
    MAX_TEXT,
    Setting,
    Template,
    TemplateError,
    Text,
    compose,
    one_line,
    spoken,
)
from worker.notify.wording import DUTCH, ENGLISH, WORDINGS
from worker.outbox import OutboxMessage

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def written(message: OutboxMessage, **setting: object) -> Text:
    return compose(message, Setting(now=NOW, zone=AMSTERDAM, **setting))  # type: ignore[arg-type] - named by the caller


LINK = "https://acme.zendesk.com/agent/tickets/4711"


def test_a_warning_says_ticket_customer_promise_time_left_and_what_to_do():
    text = written(a_message(), link=LINK)
    assert text.subject == "Ticket 4711, acme: first reply due in 1h"
    assert text.body == (
        "Ticket 4711: first reply is due Mon 2026-11-30 11:00 +01:00 (2026-11-30 10:00 UTC)."
        " 1h left.\n"
        "Customer: acme. Tier: premium.\n"
        "Priority: high.\n"
        "To do: Answer the requester publicly, or pass the ticket to somebody who can.\n"
        "Step: 50%, 1h before.\n"
        "Open the ticket: https://acme.zendesk.com/agent/tickets/4711"
    )


def test_an_overdue_message_says_how_late_the_promise_is():
    message = a_message(due_at=NOW - timedelta(hours=2, minutes=5), state="breached_open")
    text = written(message, link=LINK)
    assert text.subject == "Ticket 4711, acme: first reply overdue by 2h 5m"
    assert "Overdue by 2h 5m." in text.body
    assert "Answer the requester now" in text.body


def test_a_dutch_recipient_reads_dutch():
    text = written(a_message(), link=LINK, language="nl-NL")
    assert text.subject == "Ticket 4711, acme: eerste antwoord moet binnen 1u"
    assert "Nog 1u." in text.body
    assert "ma 2026-11-30 11:00 +01:00" in text.body


def test_an_unknown_language_is_english():
    assert written(a_message(), language="tlh").subject.endswith("in 1h")


def test_a_late_message_says_how_late_it_is_and_a_repeat_that_it_may_be_one():
    message = a_message(late_by=timedelta(minutes=12), may_be_repeat=True)
    body = written(message).body
    assert "This message is 12m late." in body
    assert "This may be a repeat of an earlier message." in body


def test_what_a_ticket_does_not_have_is_left_out():
    message = a_message(customer=None, priority=None)
    text = written(message)
    assert text.subject == "Ticket 4711, tier premium: first reply due in 1h"
    assert "Priority" not in text.body
    assert "https://" not in text.body


def test_a_cycle_without_a_due_has_a_message_too():
    text = written(a_message(due_at=None, state="paused"))
    assert "no due at present" in text.body


@pytest.mark.parametrize("language", WORDINGS)
@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_has_words_in_every_language(language: str, measure: str):
    for due_at in (NOW + timedelta(hours=1), NOW - timedelta(hours=1), None):
        text = written(a_message(measure=measure, due_at=due_at), language=language)
        assert "{" not in text.subject + text.body


@pytest.mark.parametrize(
    ("duration", "english", "dutch"),
    [
        (timedelta(seconds=59), "under 1m", "minder dan 1m"),
        (timedelta(minutes=1), "1m", "1m"),
        (timedelta(hours=2), "2h", "2u"),
        (timedelta(hours=47, minutes=59), "47h 59m", "47u 59m"),
        (timedelta(days=3, hours=4, minutes=9), "3 days 4h", "3 dagen 4u"),
        (timedelta(days=2), "2 days", "2 dagen"),
    ],
)
def test_durations_are_spoken_without_false_precision(
    duration: timedelta, english: str, dutch: str
):
    assert (spoken(duration, ENGLISH), spoken(duration, DUTCH)) == (english, dutch)


@pytest.mark.parametrize(
    "template",
    [
        "{ticket.__class__}",
        "{ticket.id.__init__.__globals__}",
        "{ticket.id!r}",
        "{ticket.id:>999999999}",
        "{0}",
        "{}",
        "{{ticket.id}}",
        "{ticket.id",
        "ticket.id}",
        "{{ 'x' * 10**9 }}",
        "{% for a in range(9) %}",
        "{ticket.id }",
    ],
)
def test_a_template_refuses_everything_but_known_names(template: str):
    with pytest.raises(TemplateError):
        Template(template)


def test_a_value_is_never_read_as_a_template():
    assert Template("{customer}").render({"customer": "{link}", "link": "x"}) == "{link}"


@given(st.text(max_size=5000), st.text(max_size=5000), st.lists(st.text(max_size=500), max_size=9))
def test_no_text_is_longer_than_pagers_take(ticket: str, customer: str, labels: list[str]):
    message = a_message(ticket_id=ticket, customer=customer, tier=customer, labels=tuple(labels))
    text = written(message, link=f"https://x/{ticket}")
    assert len(text.subject) + len(text.body) <= MAX_TEXT
    assert len(text.subject) <= 200
    assert len(text.subject.splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "harmless"),
    [
        ("a\r\nBcc: x@example.com", "a Bcc: x@example.com"),
        ("a\u2028b\x00c\x1b[31m", "a b c [31m"),
        ("\u202egnp.exe", "gnp.exe"),
        ("@everyone come", "@\u200beveryone come"),
        ("<!channel> <users/all> @here", "\u2039!channel\u203a \u2039users/all\u203a @\u200bhere"),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_values_cannot_break_out_of_their_line(value: str, harmless: str):
    assert one_line(value) == harmless
