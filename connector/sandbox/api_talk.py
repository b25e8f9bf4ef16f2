# SPDX-License-Identifier: GPL-3.0-or-later
"""Phone calls and their sums, engagements and satisfaction, as far as tickets imply them."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, not_found
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.paging import listed
from connector.sandbox.phone import EXCEEDED_AFTER, call_row, leg_rows, phone_calls, waiting_calls
from connector.sandbox.wire import Json, as_int, iso

if TYPE_CHECKING:
    from connector.sandbox.records import Ticket
    from connector.sandbox.site import Call

CALLS = "channels/voice/stats/incremental/calls"
LEGS = "channels/voice/stats/incremental/legs"
ENGAGEMENTS_PAGE = 10


def calls(call: Call) -> Answer:
    """Phone calls by their last change; `next_page` is always there."""
    rows = [(one.over, call_row(one)) for one in phone_calls(call.account, call.now)]
    return _since(call, "calls", CALLS, rows)


def legs(call: Call) -> Answer:
    """The callers' and the agents' parts of calls."""
    rows = [
        (one.over, row)
        for one in phone_calls(call.account, call.now)
        for row in leg_rows(call.account, one)
    ]
    return _since(call, "legs", LEGS, rows)


def account_overview(call: Call) -> Answer:
    """Sums over the calls of today."""
    today = call.now - call.now % 86400
    found = phone_calls(call.account, call.now)
    rows = [call_row(one) for one in found if one.at >= today]
    waits = [as_int(row["wait_time"]) or 0 for row in rows]
    gone = sum(row["completion_status"] == "abandoned_in_queue" for row in rows)
    overview: Json = {
        "total_calls": len(rows),
        "total_inbound_calls": len(rows),
        "total_calls_abandoned_in_queue": gone,
        "total_calls_with_exceeded_queue_wait_time": sum(w > EXCEEDED_AFTER for w in waits),
        "average_queue_wait_time": sum(waits) // len(waits) if waits else 0,
        "max_queue_wait_time": max(waits, default=0),
    }
    return Answer(200, {"account_overview": overview})


def queue_activity(call: Call) -> Answer:
    """Who waits at this moment."""
    waits = [call.now - one.at for one in waiting_calls(call.account, call.now)]
    agents = sum(user.role_type == 0 for user in call.account.users.values())
    activity: Json = {
        "agents_online": agents,
        "calls_waiting": len(waits),
        "callbacks_waiting": 0,
        "average_wait_time": sum(waits) // len(waits) if waits else 0,
        "longest_wait_time": max(waits, default=0),
    }
    return Answer(200, {"current_queue_activity": activity})


def satisfaction_ratings(call: Call) -> Answer:
    """Ratings of tickets that were rated."""
    start = call.number("start_time", 0)
    rows = [
        _rating(call, ticket)
        for ticket in call.account.tickets.values()
        if ticket.satisfaction is not None and _rated(ticket) >= start
    ]
    return Answer(200, listed(call, "satisfaction_ratings", rows, lambda row: row))


def engagements(call: Call) -> Answer:
    """One row per agent's part of a messaging conversation; ten a page."""
    start = call.number("start_time_cursor", call.number("start_time", 0))
    after = (start, call.query.get("engagement_id_cursor", ""))
    rows = sorted(
        (ticket.created, str(row["engagement_id"]), row)
        for ticket in call.account.tickets.values()
        if ticket.from_messaging_channel and (row := _engagement(ticket))
    )
    rows = [row for row in rows if row[:2] > after]
    size = max(1, min(100, call.number("page_size", ENGAGEMENTS_PAGE)))
    page = rows[:size]
    more = len(rows) > size
    next_page = None
    if more:
        at, ident, _ = page[-1]
        next_page = (
            f"{call.links.base}/api/v2/engagements?start_time={call.number('start_time', 0)}"
            f"&start_time_cursor={at}&engagement_id_cursor={ident}&page_size={size}"
        )
    body: Json = {
        "agent_engagement_data": [row for _, _, row in page],
        "next_page_url": next_page,
        "has_more": more,
        "page_size": size,
    }
    return Answer(200, body)


def engagement(call: Call) -> Answer:
    """One engagement."""
    for ticket in call.account.tickets.values():
        if ticket.from_messaging_channel:
            row = _engagement(ticket)
            if row["engagement_id"] == call.params["engagement"]:
                return Answer(200, row)
    raise not_found()


def _draw(ticket: Ticket) -> random.Random:
    return random.Random(f"chat {ticket.id} {ticket.created}")  # noqa: S311 - a seeded stand-in


def _since(call: Call, key: str, path: str, rows: list[tuple[int, Json]]) -> Answer:
    """Rows from `start_time` on, the seconds at the end of a page in full.

    `end_time` is that of the last row, from which the next page begins: its
    rows come once more.
    """
    start, most = call.number("start_time", 0), call.site.settings.talk_page
    found = [(at, row) for at, row in rows if at >= start]
    last = found[min(most, len(found)) - 1][0] if found else start
    page = [row for at, row in found if at <= last]
    body: Json = {
        key: page,
        "next_page": f"{call.links.base}/api/v2/{path}.json?start_time={last}",
        "count": len(page),
        "end_time": last,
    }
    return Answer(200, body)


def _rating(call: Call, ticket: Ticket) -> Json:
    given = ticket.satisfaction or {}
    ident = as_int(given.get("id")) or ticket.id
    return {
        "url": call.links.to("satisfaction_ratings", ident),
        "id": ident,
        "assignee_id": ticket.assignee_id,
        "group_id": ticket.group_id,
        "requester_id": ticket.requester_id,
        "ticket_id": ticket.id,
        "score": given.get("score"),
        "created_at": iso(_rated(ticket)),
        "updated_at": iso(_rated(ticket)),
        "comment": given.get("comment"),
        "reason": None,
    }


def _rated(ticket: Ticket) -> int:
    return ticket.updated if ticket.rated_at is None else ticket.rated_at


def _engagement(ticket: Ticket) -> Json:
    digest = hashlib.blake2b(f"{ticket.id}".encode(), digest_size=16).hexdigest().upper()
    wait = _draw(ticket).randint(20, 600)
    # times without a zone: recorded so
    started, ended = iso(ticket.created)[:-1], iso(ticket.created + wait)[:-1]
    return {
        "engagement_id": digest,
        "ticket_id": ticket.id,
        "agent_id": ticket.assignee_id,
        "group_id": ticket.group_id,
        "requester_id": ticket.requester_id,
        "offer_time_seconds": 5,
        "assignment_to_first_reply_time_seconds": wait // 2,
        "agent_messages_count": 1,
        "agent_replies_count": 1,
        "total_requester_wait_time_seconds": wait,
        "longest_requester_wait_time_seconds": wait,
        "channel": "MESSAGING",
        "engagement_start_reason": "Assigned",
        "engagement_start_time": started,
        "engagement_end_time": ended,
        "ticket_status_start": "NEW",
        "ticket_status_end": ticket.status.upper(),
        "engagement_end_reason": "Ticket solved",
        "average_requester_wait_time_seconds": wait,
        "end_user_messages_count": 1,
    }


ENDPOINTS = (
    Endpoint("GET", CALLS, calls, bucket="talk"),
    Endpoint("GET", LEGS, legs, bucket="talk"),
    Endpoint("GET", "channels/voice/stats/account_overview", account_overview),
    Endpoint("GET", "channels/voice/stats/current_queue_activity", queue_activity),
    Endpoint("GET", "satisfaction_ratings", satisfaction_ratings),
    Endpoint("GET", "engagements", engagements, surface="engagements"),
    Endpoint("GET", "engagements/{engagement}", engagement, surface="engagements"),
)
