# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists by page number and by cursor, as Zendesk cuts them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from connector.sandbox.answers import Refusal
from connector.sandbox.wire import Json, as_int, as_object

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.sandbox.site import Call

Row = TypeVar("Row")

PER_PAGE = 100
DEEPEST_PAGE = 100


def url_of(call: Call, path: str, query: dict[str, str]) -> str:
    """A URL with a query on the host that answers show."""
    text = urlencode(sorted(query.items()))
    return f"{call.links.base}/api/v2/{path}.json" + (f"?{text}" if text else "")


def listed(
    call: Call, key: str, rows: Sequence[Row], show: Callable[[Row], Json], order: str = "id"
) -> Json:
    """A page of rows: by cursor when `page[size]` is asked for, else by page number."""
    if "page[size]" in call.query or "page[after]" in call.query or "page[before]" in call.query:
        return _by_cursor(call, key, rows, show, order)
    return _by_number(call, key, rows, show)


def _by_number(call: Call, key: str, rows: Sequence[Row], show: Callable[[Row], Json]) -> Json:
    size = max(1, min(PER_PAGE, call.number("per_page", PER_PAGE)))
    page = max(1, call.number("page", 1))
    if page > DEEPEST_PAGE:
        text = "Pagination limit reached for offset model"
        raise Refusal(429, {"error": "PaginationLimitReached", "description": text})
    start = (page - 1) * size
    more = start + size < len(rows)
    query = {name: value for name, value in call.query.items() if name != "page"}
    return {
        key: [show(row) for row in rows[start : start + size]],
        "next_page": url_of(call, call.path, query | {"page": str(page + 1)}) if more else None,
        "previous_page": (
            url_of(call, call.path, query | {"page": str(page - 1)}) if page > 1 else None
        ),
        "count": len(rows),
    }


def _by_cursor(
    call: Call, key: str, rows: Sequence[Row], show: Callable[[Row], Json], order: str
) -> Json:
    size = max(1, min(PER_PAGE, call.number("page[size]", PER_PAGE)))
    start = 0
    if "page[after]" in call.query:
        start = _decoded(call.query["page[after]"]) + 1
    elif "page[before]" in call.query:
        start = max(0, _decoded(call.query["page[before]"]) - size)
    page = rows[start : start + size]
    result: Json = {key: [show(row) for row in page]}
    return result | cursor_end(
        call,
        has_more=start + size < len(rows),
        first=_encoded(order, start) if page else None,
        last=_encoded(order, start + len(page) - 1) if page else None,
    )


def cursor_end(call: Call, *, has_more: bool, first: str | None, last: str | None) -> Json:
    """`meta` and `links` of a cursor page: the links are filled even on the only page."""
    query = {name: value for name, value in call.query.items() if not name.startswith("page[")}
    if "page[size]" in call.query:
        query["page[size]"] = call.query["page[size]"]

    def link(name: str, cursor: str | None) -> str | None:
        return None if cursor is None else url_of(call, call.path, query | {name: cursor})

    return {
        "meta": {"has_more": has_more, "after_cursor": last, "before_cursor": first},
        "links": {"prev": link("page[before]", first), "next": link("page[after]", last)},
    }


def _encoded(order: str, index: int) -> str:
    return base64.b64encode(json.dumps({"o": order, "v": str(index)}).encode()).decode()


def _decoded(cursor: str) -> int:
    try:
        found = as_int(as_object(json.loads(base64.b64decode(cursor))).get("v"))
    except ValueError:
        found = None
    if found is None:
        text = "The cursor parameter is invalid"
        raise Refusal(400, {"error": "InvalidPaginationParameter", "description": text})
    return found
