# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls, legs and ratings of Zendesk: what their rows mean, and how their streams are read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from connector.base import Throttled
from connector.sandbox import Sandbox, SandboxSettings
from connector.zendesk import RATINGS_SCOPES, RUNNING_SCOPES
from connector.zendesk.ratings import RatingRow, rating_records
from connector.zendesk.talk import CallRow, LegRow, call_records, leg_records
from tests.connector.test_zendesk_on_sandbox import desk

if TYPE_CHECKING:
    from connector.records import CallRecord, RecordPage, Stream
    from connector.zendesk import ZendeskHelpdesk

TIMES = {"created_at": "2026-11-24T10:00:00Z", "updated_at": "2026-11-24T10:07:00Z"}


def a_call(**row: object) -> CallRecord:
    """A row of the export as a call."""
    written = {"id": 7, **TIMES, "direction": "inbound", "completion_status": "completed", **row}
    found, _ = call_records([msgspec.convert(written, CallRow)])
    return found[0]


@pytest.mark.parametrize(
    ("row", "ended"),
    [
        pytest.param({"talk_time": 200}, "answered", id="an agent spoke"),
        pytest.param({"completion_status": "abandoned_in_queue"}, "abandoned", id="gave up"),
        pytest.param({"completion_status": "abandoned_in_ivr"}, "abandoned_in_ivr", id="the menu"),
        pytest.param(
            {"completion_status": "abandoned_in_voicemail"}, "voicemail", id="at the voicemail"
        ),
        pytest.param({"voicemail": True}, "voicemail", id="left a voicemail"),
        pytest.param({"callback": True, "talk_time": 90}, "callback", id="called back"),
        pytest.param({"overflowed": True}, "overflow", id="passed on to another number"),
        pytest.param({}, "other", id="completed, and nobody spoke"),
        pytest.param({"completion_status": "failed"}, "other", id="a word nobody knows"),
        pytest.param({"completion_status": None}, "other", id="no word at all"),
    ],
)
def test_how_a_call_ended_is_never_guessed(row: dict[str, object], ended: str):
    assert a_call(**row).ended == ended


def test_a_word_that_is_not_known_is_told():
    rows = [
        msgspec.convert({"id": n, **TIMES, "completion_status": word}, CallRow)
        for n, word in enumerate(["failed", "failed", "completed"])
    ]
    assert call_records(rows)[1] == {"completion_status:failed": 2}


def test_a_call_is_read_with_its_wait_its_work_and_its_line():
    call = a_call(
        wait_time=35,
        time_to_answer=20,
        talk_time=240,
        wrap_up_time=60,
        outside_business_hours=True,
        ticket_id=4711,
        phone_number="+31 20 555 0100",
        phone_number_id=5501,
        call_group_id=3,
        a_key_of_tomorrow={"x": 1},
    )
    assert (call.wait_seconds, call.handling_seconds) == (35, 300)
    assert (call.ticket_id, call.line, call.group_id) == ("4711", "+31 20 555 0100", "3")
    assert call.outside_hours
    assert call.at == datetime.fromisoformat("2026-11-24T10:00:00Z")


def test_nulls_and_outgoing_calls_are_read_too():
    call = a_call(direction="outbound", wait_time=None, talk_time=None, phone_number_id=5501)
    assert (call.is_inbound, call.wait_seconds, call.handling_seconds) == (False, 0, 0)
    assert (call.ticket_id, call.line) == (None, "5501")


def test_only_agents_have_legs_that_count():
    rows = [
        {"type": "customer", "talk_time": 100, "completion_status": "completed"},
        {"type": "agent", "agent_id": 5, "talk_time": 100, "wrap_up_time": 20},
        {"type": "agent", "agent_id": 6, "completion_status": "agent_missed"},
    ]
    found = leg_records(
        [
            msgspec.convert({"id": n, "call_id": 7, **TIMES, **row}, LegRow)
            for n, row in enumerate(rows)
        ]
    )
    assert [(one.agent_id, one.ended, one.handling_seconds) for one in found] == [
        ("5", "other", 120),
        ("6", "missed", 0),
    ]


def test_a_rating_is_given_when_it_was_last_changed():
    rows = [
        {"score": "good", "updated_at": "2026-11-25T10:00:00Z"},
        {"score": "offered", "updated_at": None},
        {"score": "brilliant"},
        {"score": "bad", "ticket_id": None},
    ]
    base = {"ticket_id": 4711, "created_at": "2026-11-24T10:00:00Z"}
    found, unknown = rating_records(
        [msgspec.convert({"id": n, **base, **row}, RatingRow) for n, row in enumerate(rows)]
    )
    assert [(one.score, one.at.day) for one in found] == [("good", 25), ("unanswered", 24)]
    assert unknown == {"rating:brilliant": 1}


def read(helpdesk: ZendeskHelpdesk, sandbox: Sandbox, stream: Stream) -> list[RecordPage]:
    """Every page of a stream; what the helpdesk asks to wait, its clock waits."""
    pages: list[RecordPage] = []
    since = sandbox.clock.now() - timedelta(days=120)
    while not pages or pages[-1].more:
        cursor = pages[-1].next_cursor if pages else None
        try:
            page = helpdesk.records(stream, cursor, since=since)
        except Throttled as asked:
            sandbox.advance(timedelta(seconds=asked.retry_after))
            continue
        assert page is not None
        pages.append(page)
    return pages


@pytest.fixture(scope="module")
def spoken() -> Sandbox:
    """A sandbox with some hundred calls, a few a page."""
    with Sandbox(SandboxSettings(speed=0, tickets=900, talk_page=20)) as sandbox:
        yield sandbox


def test_every_call_comes_once_it_is_over_however_small_the_pages(spoken: Sandbox):
    pages = read(desk(spoken), spoken, "calls")

    calls = {call.id for page in pages for call in page.calls}
    voice = {str(one.id) for one in spoken.account.tickets.values() if one.channel == "voice"}
    with_ticket = {call.ticket_id for page in pages for call in page.calls} - {None}
    assert len(pages) > 3
    assert with_ticket <= voice
    assert len(with_ticket) >= len(voice) - 5
    assert len(calls) > len(with_ticket)
    assert all(page.unknown == {} for page in pages)


def test_a_stream_goes_on_where_it_was_left(spoken: Sandbox):
    helpdesk = desk(spoken)
    last = read(helpdesk, spoken, "calls")[-1].next_cursor
    spoken.advance(timedelta(minutes=1))  # the minute's calls may be spent
    again = helpdesk.records("calls", last, since=spoken.clock.now())
    assert again is not None
    assert (again.next_cursor, again.more) == (last, False)


def test_legs_belong_to_calls_that_were_told(spoken: Sandbox):
    helpdesk = desk(spoken)
    calls = {call.id: call for page in read(helpdesk, spoken, "calls") for call in page.calls}
    legs = {leg.id: leg for page in read(helpdesk, spoken, "legs") for leg in page.legs}
    answered = [leg for leg in legs.values() if leg.ended == "answered"]
    assert legs
    assert {leg.call_id for leg in legs.values()} <= calls.keys()
    assert {leg.call_id for leg in answered} == {
        call.id for call in calls.values() if call.handling_seconds
    }
    assert any(leg.ended == "missed" for leg in legs.values())


def test_ratings_are_read_page_by_page(spoken: Sandbox):
    helpdesk = desk(spoken, scopes=(*RUNNING_SCOPES, *RATINGS_SCOPES))
    pages = read(helpdesk, spoken, "ratings")
    found = {one.ticket_id: one.score for page in pages for one in page.ratings}
    rated = {
        str(one.id): one.satisfaction["score"]
        for one in spoken.account.tickets.values()
        if one.satisfaction
    }
    assert found == rated
    again = helpdesk.records("ratings", pages[-1].next_cursor, since=spoken.clock.now())
    assert again is not None
    assert again.next_cursor == pages[-1].next_cursor


def test_no_talk_is_no_error():
    with Sandbox(SandboxSettings(speed=0, tickets=20, faults=("no_talk",))) as sandbox:
        helpdesk = desk(sandbox, scopes=(*RUNNING_SCOPES, *RATINGS_SCOPES))
        since = sandbox.clock.now()
        assert helpdesk.records("calls", None, since=since) is None
        assert helpdesk.records("legs", None, since=since) is None
        assert helpdesk.records("ratings", None, since=since) is None
        assert helpdesk.phone_queue() is None


def test_who_waits_on_the_phone_is_read_at_once(spoken: Sandbox):
    queue = desk(spoken).phone_queue()
    assert queue is not None
    assert queue.agents_online > 0
    assert queue.waiting >= 0
