# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer that is no success means. Decided by status, code and keys, never by prose."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from connector.base import (
    Conflict,
    CredentialsRejected,
    Gone,
    Refused,
    Unavailable,
)
from rules.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT_S: Final = 900.0
"""A longer Retry-After is cut: another look every quarter of an hour costs nothing."""


class CodedRefusal(Refused):
    """Refused with Zendesk's own status and code beside the keys."""

    def __init__(self, message: str, keys: tuple[str, ...], status: int, code: str) -> None:
        super().__init__(message, keys)
        self.status = status
        self.code = code


class Forbidden(CredentialsRejected):
    """Signed in, but without the right or the plan for this endpoint."""


class Stopped(Unavailable):
    """The process was told to stop while it waited for the helpdesk."""


class Collision(Unavailable):
    """The helpdesk's database collided with itself: nothing was done, repeat the call."""


class _Problem(msgspec.Struct):
    error: object = None
    description: object = None
    details: object = None


def problem_of(body: bytes) -> tuple[str, tuple[str, ...]]:
    """Code and detail keys of an error body; empty where it has none (plain text, HTML)."""
    try:
        problem = msgspec.json.decode(body, type=prepared(_Problem))
    except msgspec.DecodeError:
        return "", ()
    code = problem.error
    if isinstance(code, dict):  # some endpoints wrap it: {"error": {"title": ...}}
        code = code.get("title")
    keys = tuple(sorted(problem.details)) if isinstance(problem.details, dict) else ()
    return (code if isinstance(code, str) and len(code) < 60 else ""), keys


def raise_for(template: str, status: int, body: bytes) -> NoReturn:
    """Turn a refusal into the connector's error for it.

    Raises:
        HelpdeskError: always; which one is told by `connector.base`.
    """
    code, keys = problem_of(body)
    said = f"{template}: status {status}" + (f" ({code})" if code else "")
    if status == 403:
        raise Forbidden(said)
    if status == 401:
        raise CredentialsRejected(said)
    if status == 404:
        raise Gone(said)
    if status == 409:
        raise Conflict(said) if code == "UpdateConflict" else Collision(said)
    if status >= 500:
        raise Unavailable(said)
    raise CodedRefusal(said, keys, status, code)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer asks to wait; None when it does not say.

    Seconds, fractions and HTTP dates are read (RFC 9110); 0 counts as one
    second, what is past or cannot be read as nothing said.
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (_aware(parsedate_to_datetime(text)) - now).total_seconds()
        except ValueError:
            return None
        return min(seconds, LONGEST_WAIT_S) if seconds > 0 else None
    if not 0 <= seconds < float("inf"):
        return None
    return min(max(seconds, 1.0), LONGEST_WAIT_S)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
