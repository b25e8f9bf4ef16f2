# SPDX-License-Identifier: GPL-3.0-or-later
"""The incremental exports."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from connector.sandbox.answers import Answer, Refusal, invalid_value
from connector.sandbox.api_tickets import sideloads
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.exports import (
    FIRST,
    MAX_ROWS,
    TimePage,
    cursor_page,
    decode_cursor,
    encode_cursor,
    time_page,
)
from connector.sandbox.ordering import ExportOrder
from connector.sandbox.paging import listed
from connector.sandbox.render import exported_ticket_json, organization_json, user_json
from connector.sandbox.ticket_events import ticket_event_json
from connector.sandbox.wire import Json, as_int, epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.sandbox.ordering import Position
    from connector.sandbox.records import Ticket
    from connector.sandbox.site import Call

WITHHELD_SECONDS = 60
TOO_RECENT = "Too recent start_time. Use a start_time older than 60 seconds"
SAMPLE_ROWS = 50


def tickets_by_cursor(call: Call) -> Answer:
    """`GET /incremental/tickets/cursor`."""
    _refuse_last_audits(call)

    def shown(ids: Sequence[int]) -> Json:
        return _tickets(call, ids)

    order = call.account.ticket_order
    return _by_cursor(call, "incremental/tickets/cursor", order, shown, withheld=True)


def tickets_by_time(call: Call) -> Answer:
    """`GET /incremental/tickets`."""
    _refuse_last_audits(call)

    def shown(ids: Sequence[int]) -> Json:
        return _tickets(call, ids)

    order = call.account.ticket_order
    return _by_time(call, "incremental/tickets", order, shown, withheld=True)


def ticket_events(call: Call) -> Answer:
    """`GET /incremental/ticket_events`; comments come inline with `include=comment_events`."""
    with_comments = "comment_events" in call.includes()

    def shown(ids: Sequence[int]) -> Json:
        audits = [call.account.audits[ident] for ident in ids]
        rows = [
            ticket_event_json(audit, call.site.settings, with_comments=with_comments)
            for audit in audits
            if _in_scope(call, call.account.tickets[audit.ticket_id])
        ]
        return {"ticket_events": rows}

    order = call.account.audit_order
    return _by_time(call, "incremental/ticket_events", order, shown, withheld=True)


def ticket_metric_events_export(call: Call) -> Answer:
    """`GET /incremental/ticket_metric_events`: by time, or by `page[size]` up to 100."""
    start = _start_time(call, withheld=False)
    rows = call.site.metric_rows(call.now)
    hides_deleted = call.query.get("exclude_deleted") == "true"
    places = [
        (epoch(row["time"]) or 0, ident)
        for ident, row in rows.items()
        if not (hides_deleted and row.get("deleted"))
    ]
    order = ExportOrder(places)

    def shown(ids: Sequence[int]) -> Json:
        return {"ticket_metric_events": [rows[ident] for ident in ids]}

    if "page[size]" in call.query:
        found = [rows[ident] for _, ident in order.since(start, before=call.now + 1)]
        return Answer(200, listed(call, "ticket_metric_events", found, lambda row: row))
    return _by_time(call, "incremental/ticket_metric_events", order, shown, withheld=False)


def users_by_cursor(call: Call) -> Answer:
    """`GET /incremental/users/cursor`."""
    order = call.account.user_order

    def shown(ids: Sequence[int]) -> Json:
        return _users(call, ids)

    return _by_cursor(call, "incremental/users/cursor", order, shown, withheld=False)


def users_by_time(call: Call) -> Answer:
    """`GET /incremental/users`."""
    order = call.account.user_order

    def shown(ids: Sequence[int]) -> Json:
        return _users(call, ids)

    return _by_time(call, "incremental/users", order, shown, withheld=False)


def organizations_by_time(call: Call) -> Answer:
    """`GET /incremental/organizations`: by time only."""
    order = call.account.organization_order

    def shown(ids: Sequence[int]) -> Json:
        customers = [call.account.organizations[ident] for ident in ids]
        return {"organizations": [organization_json(row, call.links) for row in customers]}

    return _by_time(call, "incremental/organizations", order, shown, withheld=False)


def tickets_sample(call: Call) -> Answer:
    """`GET /incremental/tickets/sample`: fifty rows."""
    start = _start_time(call, withheld=True)
    rows = call.account.ticket_order.since(start, before=_newest(call, withheld=True))
    return Answer(200, _tickets(call, [ident for _, ident in rows[:SAMPLE_ROWS]]))


def _by_cursor(
    call: Call,
    path: str,
    order: ExportOrder,
    shown: Callable[[Sequence[int]], Json],
    *,
    withheld: bool,
) -> Answer:
    position = _position(call, withheld=withheld)
    limit = _limit(call)
    before = _newest(call, withheld=withheld)
    if call.fault == "empty_page":
        body, after, at_end = shown(()), position, False
    else:
        page = cursor_page(order, position, before=before, limit=limit)
        body, at_end = shown(_doubled(call, page.ids)), page.at_end
        after = position if call.fault == "repeated_page" else page.after
        at_end = False if call.fault == "repeated_page" else at_end
    cursor = encode_cursor(after)
    query = {name: value for name, value in call.query.items() if name != "start_time"}
    body |= {
        "after_url": _url(call, path, query | {"cursor": cursor}),
        "before_url": None,
        "after_cursor": cursor,
        "before_cursor": None,
        "end_of_stream": at_end,
    }
    return Answer(200, body)


def _by_time(
    call: Call,
    path: str,
    order: ExportOrder,
    shown: Callable[[Sequence[int]], Json],
    *,
    withheld: bool,
) -> Answer:
    start = _start_time(call, withheld=withheld)
    page = time_page(order, start, before=_newest(call, withheld=withheld), limit=_limit(call))
    if call.fault == "empty_page":
        page = TimePage((), start, at_end=False)
    elif call.fault == "repeated_page":
        page = TimePage(page.ids, start, at_end=False)
    body = shown(_doubled(call, page.ids))
    ends: Json = {
        "count": len(page.ids),
        "end_of_stream": page.at_end,
        "next_page": _url(call, path, {**call.query, "start_time": str(page.end_time)}),
        "end_time": page.end_time,
    }
    if not path.startswith("incremental/ticket"):
        # users and organisations name the next page before the count
        ends = {key: ends[key] for key in ("next_page", "count", "end_of_stream", "end_time")}
    return Answer(200, body | ends)


def _url(call: Call, path: str, query: dict[str, str]) -> str:
    host = "https://gone.example" if call.fault == "host_change" else call.links.base
    return f"{host}/api/v2/{path}.json?{urlencode(sorted(query.items()))}"


def _doubled(call: Call, ids: Sequence[int]) -> Sequence[int]:
    return [ident for ident in ids for _ in (0, 1)] if call.fault == "duplicate_items" else ids


def _position(call: Call, *, withheld: bool) -> Position:
    if "cursor" in call.query:
        found = decode_cursor(call.query["cursor"])
        if found is None:
            status = call.site.settings.assumptions.invalid_cursor_status
            text = "The cursor parameter is invalid"
            raise Refusal(status, {"error": "InvalidValue", "description": text})
        return found
    start = _start_time(call, withheld=withheld)
    return FIRST if start == 0 else (start, -1)


def _start_time(call: Call, *, withheld: bool) -> int:
    start = as_int(call.query.get("start_time"))
    if start is None:
        text = "Missing required parameter: start_time"
        raise Refusal(400, {"error": "StartTimeMissing", "description": text})
    if withheld and start > call.now - WITHHELD_SECONDS:
        raise invalid_value(TOO_RECENT)
    return start


def _newest(call: Call, *, withheld: bool) -> int:
    """First second that is not shown yet."""
    return call.now - (WITHHELD_SECONDS if withheld else -1)


def _limit(call: Call) -> int:
    return max(1, min(MAX_ROWS, call.number("per_page", MAX_ROWS)))


def _in_scope(call: Call, ticket: Ticket) -> bool:
    return not ticket.ai_agent or call.query.get("support_type_scope", "agent") == "all"


def _tickets(call: Call, ids: Sequence[int]) -> Json:
    account = call.account
    tickets = [account.tickets[ident] for ident in ids]
    tickets = [
        ticket
        for ticket in tickets
        if _in_scope(call, ticket)
        and not (ticket.is_deleted and call.query.get("exclude_deleted") == "true")
    ]
    rows = [exported_ticket_json(account, ticket, call.links) for ticket in tickets]
    body: Json = {"tickets": rows}
    return body | sideloads(call, tickets, call.includes())


def _users(call: Call, ids: Sequence[int]) -> Json:
    return {"users": [user_json(call.account.users[ident], call.links) for ident in ids]}


def _refuse_last_audits(call: Call) -> None:
    if "last_audits" in call.includes():
        raise invalid_value("last_audits cannot be side-loaded on the incremental export")


ENDPOINTS = (
    Endpoint("GET", "incremental/tickets/cursor", tickets_by_cursor, admin=True, bucket="exports"),
    Endpoint("GET", "incremental/tickets", tickets_by_time, admin=True, bucket="exports"),
    Endpoint("GET", "incremental/tickets/sample", tickets_sample, admin=True, bucket="exports"),
    Endpoint("GET", "incremental/ticket_events", ticket_events, admin=True, bucket="exports"),
    Endpoint(
        "GET",
        "incremental/ticket_metric_events",
        ticket_metric_events_export,
        admin=True,
        bucket="exports",
    ),
    Endpoint("GET", "incremental/users/cursor", users_by_cursor, admin=True, bucket="exports"),
    Endpoint("GET", "incremental/users", users_by_time, admin=True, bucket="exports"),
    Endpoint(
        "GET", "incremental/organizations", organizations_by_time, admin=True, bucket="exports"
    ),
)
