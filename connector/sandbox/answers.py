# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers and refusals, in the words Zendesk uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.wire import Json

INVALID_TOKEN = (
    "The access token provided is expired, revoked, malformed or invalid for other reasons."  # noqa: S105 - an error text
)


@dataclass(slots=True)
class Answer:
    """One answer. `body` None is an empty body; text goes out as it is with `content_type`."""

    status: int = 200
    body: Json | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    location: str | None = None


class Refusal(Exception):
    """A request is refused with this status and body."""

    def __init__(
        self,
        status: int,
        body: Json | str,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json; charset=utf-8",
    ) -> None:
        super().__init__(f"refused with {status}")
        self.answer = Answer(status, body, dict(headers or {}), content_type)


def not_found() -> Refusal:
    """What every missing record answers."""
    return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})


def too_many_values(most: int = 100) -> Refusal:
    """More rows than a bulk call takes. The double blank is Zendesk's own."""
    return Refusal(
        400,
        {
            "error": "TooManyValues",
            "description": f"Parameter  cannot specify more than {most} values",
            "max_count": most,
        },
    )


def invalid_value(description: str) -> Refusal:
    """A parameter that is understood but not accepted."""
    return Refusal(422, {"error": "InvalidValue", "description": description})


def record_invalid(details: Mapping[str, tuple[str, str]]) -> Refusal:
    """A record that does not validate; `details` maps a field to text and error word."""
    rows: Json = {
        key: [{"description": text, "error": word}] for key, (text, word) in details.items()
    }
    return Refusal(
        422,
        {
            "error": "RecordInvalid",
            "description": "Record validation errors",
            "details": rows,
        },
    )


def update_conflict() -> Refusal:
    """A safe update whose stamp is not the ticket's."""
    return Refusal(
        409,
        {
            "error": "UpdateConflict",
            "description": "Safe Update prevented the update because of outdated ticket data",
        },
    )
