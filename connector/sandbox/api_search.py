# SPDX-License-Identifier: GPL-3.0-or-later
"""Search and its export by cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.answers import Answer, Refusal, invalid_value
from connector.sandbox.endpoints import Endpoint
from connector.sandbox.paging import listed
from connector.sandbox.records import Organization, Ticket, User
from connector.sandbox.render import organization_json, ticket_json, user_json
from connector.sandbox.searching import search as find
from connector.sandbox.wire import Json, as_object

if TYPE_CHECKING:
    from connector.sandbox.site import Call

MOST_RESULTS = 1000
CACHED = {"cache-control": "max-age=10, private"}


def search(call: Call) -> Answer:
    """`GET /search`: at most a thousand results."""
    rows = find(call.account, call.query.get("query", ""), None)
    if call.number("page", 1) * call.number("per_page", 100) > MOST_RESULTS:
        text = "Invalid search: Requested response size was greater than Search Response Limits"
        raise Refusal(422, {"error": "invalid", "description": text})
    body = listed(call, "results", rows[:MOST_RESULTS], lambda row: _shown(call, row))
    results = body.pop("results")
    ends: Json = {"results": results, "facets": None} | body | {"count": len(rows)}
    return Answer(200, ends, dict(CACHED))


def count(call: Call) -> Answer:
    """`GET /search/count`."""
    rows = find(call.account, call.query.get("query", ""), None)
    return Answer(200, {"count": len(rows)}, dict(CACHED))


def export(call: Call) -> Answer:
    """`GET /search/export`: by cursor, one kind at a time, `filter[type]` is required."""
    kind = call.query.get("filter[type]")
    if kind not in {"ticket", "user", "organization", "group"}:
        raise invalid_value("filter[type] must be one of ticket, user, organization, group")
    rows = find(call.account, call.query.get("query", ""), kind)
    if "page[size]" not in call.query:
        call.query = {**call.query, "page[size]": "100"}
    body = listed(call, "results", rows, lambda row: _shown(call, row), "created_at")
    results, meta, links = body["results"], as_object(body["meta"]), as_object(body["links"])
    # unlike elsewhere there is no way back, and no next link at the end
    if not meta["has_more"]:
        links["next"] = None
    ends: Json = {
        "results": results,
        "facets": None,
        "meta": meta | {"before_cursor": None},
        "links": links | {"prev": None},
    }
    return Answer(200, ends, dict(CACHED))


def search_users(call: Call) -> Answer:
    """`GET /users/search`."""
    rows = find(call.account, call.query.get("query", ""), "user")
    users = [row for _, row in rows if isinstance(row, User)]
    return Answer(200, listed(call, "users", users, lambda user: user_json(user, call.links)))


def _shown(call: Call, row: tuple[str, object]) -> Json:
    kind, record = row
    shown: Json = {}
    if isinstance(record, Ticket):
        shown = ticket_json(call.account, record, call.links)
    elif isinstance(record, User):
        shown = user_json(record, call.links)
    elif isinstance(record, Organization):
        shown = organization_json(record, call.links)
    return shown | {"result_type": kind}


ENDPOINTS = (
    Endpoint("GET", "search", search),
    Endpoint("GET", "search/count", count),
    Endpoint("GET", "search/export", export, bucket="search-export"),
    Endpoint("GET", "users/search", search_users),
)
