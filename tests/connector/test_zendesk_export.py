# SPDX-License-Identifier: GPL-3.0-or-later
"""Two exports behind one cursor: nothing lost, no address followed, no endless loop."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connector.base import Page, Throttled, Unavailable
from connector.zendesk import AccessToken, ZendeskAccount, ZendeskHelpdesk, connect
from tests.connector.scripted import START, Reply, ScriptedServer, StandingClock

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKETS = "/api/v2/incremental/tickets/cursor"
EVENTS = "/api/v2/incremental/ticket_events"
SINCE = START - timedelta(days=90)
SINCE_S = int(SINCE.timestamp())
NOW_S = int(START.timestamp())


@dataclass
class Bench:
    server: ScriptedServer
    clock: StandingClock = field(default_factory=StandingClock)

    def helpdesk(self, **changes: object) -> ZendeskHelpdesk:
        settings: dict[str, object] = {
            "account": "default",
            "base_url": self.server.url,
            "credentials": AccessToken("secret-token"),
            "clock": self.clock.now,
            "pause": self.clock.pause,
        }
        return connect(ZendeskAccount(**(settings | changes)))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ScriptedServer() as server:
        server.on("GET", EVENTS, events())
        yield Bench(server)


def row(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": number,
        "created_at": "2026-11-20T08:30:00Z",
        "updated_at": "2026-11-20T11:00:00Z",
        "generated_timestamp": 1795172400 + number,
        "status": "open",
        "subject": "PLANTED",
        "requester_id": 10,
        "submitter_id": 10,
        **changes,
    }


def tickets(*rows: dict[str, object], after: str | None = "c1", end: bool = True, **more: object):
    body = {
        "tickets": list(rows),
        "after_cursor": after,
        "after_url": "https://evil.example/api/v2/incremental/tickets/cursor.json?cursor=stolen",
        "end_of_stream": end,
        "users": [{"id": 10, "role": "end-user", "locale": "nl"}],
        **more,
    }
    return Reply(body=body)


def event(number: int, second: int, ticket: int = 1, **changes: object) -> dict[str, object]:
    return {
        "id": number,
        "ticket_id": ticket,
        "timestamp": second,
        "updater_id": 10,
        "via": "Mail",
        "event_type": "Audit",
        "child_events": [
            {"id": number * 10, "event_type": "Comment", "public": True, "author_id": 10}
        ],
        **changes,
    }


def events(*rows: dict[str, object], end_time: int | None = None, end: bool = True) -> Reply:
    body = {
        "ticket_events": list(rows),
        "end_time": end_time,
        "end_of_stream": end,
        "count": len(rows),
        "next_page": "https://evil.example/api/v2/incremental/ticket_events.json?start_time=1",
    }
    return Reply(body=body)


def read_all(helpdesk: ZendeskHelpdesk, cursor: str | None = None) -> tuple[list[Page], str]:
    pages: list[Page] = []
    while True:
        page = helpdesk.changes(cursor, since=SINCE)
        pages.append(page)
        cursor = page.next_cursor
        if not page.more:
            return pages, cursor


def test_tickets_are_read_to_their_end_and_then_the_events(bench: Bench):
    bench.server.on(
        "GET", TICKETS, tickets(row(1), row(2), after="c1", end=False), tickets(row(3), after="c2")
    )
    bench.server.on("GET", EVENTS, events(event(71, SINCE_S + 5), end_time=SINCE_S + 5))
    pages, _ = read_all(bench.helpdesk())
    assert [[state.facts.id for state in page.tickets] for page in pages] == [["1", "2"], ["3"], []]
    assert [len(page.happenings) for page in pages] == [0, 0, 1]
    assert [page.more for page in pages] == [True, True, False]
    first, second = bench.server.asked(TICKETS)
    assert first.query == {
        "start_time": str(SINCE_S),
        "per_page": "1000",
        "include": "users,organizations,groups",
        "support_type_scope": "all",
    }
    assert second.query["cursor"] == "c1"
    assert bench.server.asked(EVENTS)[0].query["include"] == "comment_events"


def test_addresses_in_answers_are_never_followed(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1), end=False), tickets(row(2), after="c2"))
    bench.server.on("GET", EVENTS, events(event(71, SINCE_S + 5), end_time=SINCE_S + 5))
    read_all(bench.helpdesk())
    assert {item.headers["Host"] for item in bench.server.requests} == {
        bench.server.url.removeprefix("http://")
    }


def test_the_next_run_goes_on_where_the_last_one_ended(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1), after="c1"), tickets(after="c1"))
    bench.server.on(
        "GET", EVENTS, events(event(71, SINCE_S + 5), event(72, SINCE_S + 5), end_time=SINCE_S + 5)
    )
    helpdesk = bench.helpdesk()
    pages, cursor = read_all(helpdesk)
    again, _ = read_all(bench.helpdesk(), cursor)
    assert [len(page.happenings) for page in pages] == [0, 2]
    assert [len(page.happenings) for page in again] == [0, 0]
    assert [page.tickets for page in again] == [(), ()]
    assert bench.server.asked(TICKETS)[-1].query["cursor"] == "c1"
    assert bench.server.asked(EVENTS)[-1].query["start_time"] == str(SINCE_S + 5)


def test_an_event_that_arrives_late_in_the_boundary_second_is_not_lost(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1)))
    second = SINCE_S + 5
    bench.server.on(
        "GET",
        EVENTS,
        events(event(71, second), end_time=second),
        events(event(72, second), event(71, second), end_time=second),
    )
    _, cursor = read_all(bench.helpdesk())
    again, _ = read_all(bench.helpdesk(), cursor)
    assert [item.happening.id for page in again for item in page.happenings] == ["720"]


def test_an_empty_page_in_mid_stream_is_not_the_end(bench: Bench):
    bench.server.on(
        "GET",
        TICKETS,
        tickets(row(1), after="c1", end=False),
        tickets(after="c1", end=False),
        tickets(row(2), after="c2"),
    )
    pages, _ = read_all(bench.helpdesk())
    assert [state.facts.id for page in pages for state in page.tickets] == ["1", "2"]


def test_a_cursor_that_never_moves_raises_instead_of_looping(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1), after="c1", end=False))
    with pytest.raises(Unavailable, match="does not move"):
        read_all(bench.helpdesk())
    assert len(bench.server.asked(TICKETS)) == 4


def test_events_that_never_move_raise_instead_of_looping(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1)))
    bench.server.on("GET", EVENTS, events(end_time=SINCE_S, end=False))
    with pytest.raises(Unavailable, match="does not move"):
        read_all(bench.helpdesk())
    assert len(bench.server.asked(EVENTS)) == 3


def test_an_expired_cursor_goes_on_by_time_with_an_overlap(bench: Bench):
    bench.server.on(
        "GET",
        TICKETS,
        tickets(row(1), after="c1", end=False),
        Reply(status=400, body={"error": "InvalidValue"}),
        tickets(row(1), row(2), after="c9"),
    )
    pages, _ = read_all(bench.helpdesk())
    assert [state.facts.id for page in pages for state in page.tickets] == ["1", "1", "2"]
    restart = bench.server.asked(TICKETS)[2]
    assert restart.query["start_time"] == str(1795172401 - 300)
    assert "cursor" not in restart.query


def test_a_start_is_never_younger_than_a_minute(bench: Bench):
    bench.server.on("GET", TICKETS, tickets())
    bench.helpdesk().changes(None, since=START)
    assert bench.server.asked(TICKETS)[0].query["start_time"] == str(NOW_S - 61)


def test_a_start_that_the_helpdesk_calls_too_recent_is_moved_back(bench: Bench):
    too_recent = Reply(status=422, body={"error": "InvalidValue"})
    bench.server.on("GET", TICKETS, too_recent, too_recent, tickets(row(1)))
    page = bench.helpdesk().changes(None, since=START)
    assert len(page.tickets) == 1
    starts = [int(item.query["start_time"]) - NOW_S for item in bench.server.asked(TICKETS)]
    assert starts == [-61, -121, -361]


def test_a_row_that_cannot_be_read_is_set_aside_and_the_rest_goes_on(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1), row(2, created_at=None), row(3, tags="x")))
    bench.server.on(
        "GET",
        EVENTS,
        events(
            event(71, SINCE_S + 5, ticket=1),
            event(72, SINCE_S + 5, ticket=8, timestamp=None),
            event(73, SINCE_S + 5, ticket=9, child_events="broken"),
            end_time=SINCE_S + 5,
        ),
    )
    pages, _ = read_all(bench.helpdesk())
    assert [state.facts.id for page in pages for state in page.tickets] == ["1"]
    aside = [(item.ticket_id, item.stream) for page in pages for item in page.set_aside]
    assert aside == [
        ("2", "tickets"),
        ("3", "tickets"),
        ("9", "ticket_events"),
        ("8", "ticket_events"),
    ]
    assert "PLANTED" not in repr(pages)


def test_a_page_of_another_shape_is_unavailable_not_empty(bench: Bench):
    bench.server.on("GET", TICKETS, Reply(body={"message": "hello"}))
    with pytest.raises(Unavailable):
        bench.helpdesk().changes(None, since=SINCE)


def test_pages_shrink_when_the_helpdesk_fails_and_grow_again(bench: Bench):
    bench.server.on(
        "GET",
        TICKETS,
        *[Reply(status=502)] * 4,
        tickets(row(1), after="c1", end=False),
        tickets(row(2), after="c2"),
    )
    helpdesk = bench.helpdesk()
    with pytest.raises(Unavailable):
        helpdesk.changes(None, since=SINCE)
    read_all(helpdesk)
    assert [item.query["per_page"] for item in bench.server.asked(TICKETS)[4:]] == ["500", "1000"]


def test_unknown_people_are_looked_up_once(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1)))
    users = "/api/v2/users/show_many"
    bench.server.on("GET", users, Reply(body={"users": [{"id": 20, "role": "agent"}]}))
    comment = {"id": 5, "event_type": "Comment", "public": True, "author_id": 20}
    first = event(71, SINCE_S + 5, updater_id=20, child_events=[comment])
    second = event(72, SINCE_S + 6, updater_id=20, child_events=[comment | {"id": 6}])
    bench.server.on(
        "GET",
        EVENTS,
        events(first, end_time=SINCE_S + 5, end=False),
        events(first, second, end_time=SINCE_S + 6),
    )
    pages, _ = read_all(bench.helpdesk())
    assert [
        (item.happening.by, item.happening.id) for page in pages for item in page.happenings
    ] == [
        ("agent", "5"),
        ("agent", "6"),
    ]
    assert [item.query["ids"] for item in bench.server.asked(users)] == ["20"]


def test_the_requester_of_a_ticket_that_no_page_showed_is_looked_up(bench: Bench):
    bench.server.on("GET", TICKETS, tickets())
    bench.server.on("GET", "/api/v2/tickets/show_many", Reply(body={"tickets": [row(4)]}))
    bench.server.on("GET", EVENTS, events(event(71, SINCE_S + 5, ticket=4), end_time=SINCE_S + 5))
    pages, _ = read_all(bench.helpdesk())
    assert [item.happening.by for page in pages for item in page.happenings] == ["requester"]


def test_a_comment_made_private_is_found_in_the_tickets_audits(bench: Bench):
    bench.server.on("GET", TICKETS, tickets(row(1)))
    privacy = {"id": 9, "event_type": "CommentPrivacyChange", "comment_id": 55, "public": False}
    bench.server.on(
        "GET",
        EVENTS,
        events(
            event(71, SINCE_S + 5, child_events=[privacy]),
            event(72, SINCE_S + 5, ticket=2, child_events=[privacy | {"comment_id": 56}]),
            end_time=SINCE_S + 5,
        ),
    )
    audit = {
        "id": 3,
        "created_at": "2026-08-27T10:00:00Z",
        "author_id": 10,
        "events": [{"id": 55, "type": "Comment", "public": True, "author_id": 10}],
    }
    bench.server.on("GET", "/api/v2/tickets/1/audits", Reply(body={"audits": [audit]}))
    bench.server.on("GET", "/api/v2/tickets/2/audits", Reply(status=404))
    bench.server.on("GET", "/api/v2/tickets/show_many", Reply(body={"tickets": [row(2)]}))
    pages, _ = read_all(bench.helpdesk())
    (told,) = [item.happening for page in pages for item in page.happenings]
    assert told.kind == "comment_private"
    assert told.of is not None
    assert told.of.isoformat() == "2026-08-27T10:00:00+00:00"
    assert [item.ticket_id for page in pages for item in page.set_aside] == ["2"]


def test_audits_can_replace_the_events_stream(bench: Bench):
    bench.server.on(
        "GET", TICKETS, tickets(row(1), row(2), row(3, status="deleted"), end=False), tickets()
    )
    audit = {
        "id": 3,
        "created_at": "2026-08-27T10:00:00Z",
        "author_id": 10,
        "events": [{"id": 55, "type": "Comment", "public": True, "author_id": 10}],
    }
    more = {"has_more": True, "after_cursor": "x"}
    bench.server.on(
        "GET",
        "/api/v2/tickets/1/audits",
        Reply(body={"audits": [audit], "meta": more}),
        Reply(body={"audits": [audit | {"id": 4, "events": [{"id": 56, "type": "Comment"}]}]}),
    )
    pages, _ = read_all(bench.helpdesk(history="audits"))
    assert [item.happening.id for page in pages for item in page.happenings] == ["55", "56"]
    assert bench.server.asked(EVENTS) == []
    assert bench.server.asked("/api/v2/tickets/3/audits") == []


def test_the_anonymous_user_is_no_sign_in(bench: Bench):
    anonymous = {"user": {"id": None, "name": "Anonymous user"}}
    bench.server.on("GET", "/api/v2/users/me", Reply(body=anonymous))
    with pytest.raises(Exception, match="anonymous"):
        bench.helpdesk().changes(None, since=SINCE)


def test_the_exports_bucket_ends_as_throttled_and_the_cursor_stays_good(bench: Bench):
    pages = [tickets(row(n), after=f"c{n}", end=False) for n in range(1, 12)]
    bench.server.on("GET", TICKETS, *pages)
    helpdesk = bench.helpdesk()
    cursor: str | None = None
    for _ in range(9):
        cursor = helpdesk.changes(cursor, since=SINCE).next_cursor
    with pytest.raises(Throttled) as caught:
        helpdesk.changes(cursor, since=SINCE)
    assert (caught.value.bucket, caught.value.retry_after) == ("incremental", 50.0)
    bench.clock.pause(50)
    (state,) = helpdesk.changes(cursor, since=SINCE).tickets
    assert state.facts.id == "10"


def test_a_cursor_of_somebody_else_is_refused(bench: Bench):
    with pytest.raises(ValueError, match="no cursor of ours"):
        bench.helpdesk().changes(json.dumps({"turn": "sideways"}), since=SINCE)
