# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault answers instead of carrying the request out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

from connector.sandbox.answers import INVALID_TOKEN, Refusal, update_conflict

if TYPE_CHECKING:
    from connector.sandbox.faults import Fault
    from connector.sandbox.wire import Json

HTML = "text/html; charset=utf-8"
BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>502</body></html>"
MAINTENANCE_PAGE = "<html><head><title>Help desk</title></head><body>Just a moment</body></html>"
THROTTLED: Json = {
    "error": "APIRateLimitExceeded",
    "description": "Number of allowed API requests per minute exceeded",
}


def http_date(at: int) -> str:
    """An instant as HTTP headers write it."""
    return format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)


def refuse_by_fault(fault: Fault, now: int) -> Refusal:
    """The refusal that a fault stands for."""
    if fault.kind.startswith("throttled"):
        return _throttled(fault, now)
    if fault.kind in PLAIN:
        status, body, content_type = PLAIN[fault.kind]
        headers = {}
        if fault.kind == "unavailable_retry_after":
            headers["Retry-After"] = str(fault.retry_after)
        return Refusal(status, body, headers, content_type)
    return update_conflict()


def _throttled(fault: Fault, now: int) -> Refusal:
    after = datetime.fromtimestamp(now, UTC) + timedelta(seconds=fault.retry_after)
    retry_after = {
        "throttled": str(fault.retry_after),
        "throttled_retry_zero": "0",
        "throttled_http_date": format_datetime(after, usegmt=True),
        "throttled_plain_text": str(fault.retry_after),
    }.get(fault.kind)
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    if fault.kind == "throttled_plain_text":
        text = "exceeded the rate limit for updating a single unique user"
        return Refusal(429, text, headers, "text/plain; charset=utf-8")
    return Refusal(429, dict(THROTTLED), headers)


JSON_TYPE = "application/json; charset=utf-8"
PLAIN: dict[str, tuple[int, Json | str, str]] = {
    "unavailable": (503, "Service Unavailable", "text/plain"),
    "unavailable_retry_after": (503, "Service Unavailable", "text/plain"),
    "server_error": (500, {"error": "InternalError", "description": "Sorry"}, JSON_TYPE),
    "bad_gateway": (502, BAD_GATEWAY_PAGE, HTML),
    "html": (200, MAINTENANCE_PAGE, HTML),
    "token_expired": (
        401,
        {"error": "invalid_token", "error_description": INVALID_TOKEN},
        JSON_TYPE,
    ),
    "forbidden": (403, {"error": "Forbidden", "description": "You do not have access"}, JSON_TYPE),
    "database_conflict": (
        409,
        {"error": "DatabaseConflict", "description": "Database collision"},
        JSON_TYPE,
    ),
    "cursor_expired": (
        400,
        {"error": "InvalidValue", "description": "The cursor parameter is invalid"},
        JSON_TYPE,
    ),
}
