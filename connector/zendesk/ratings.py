# SPDX-License-Identifier: GPL-3.0-or-later
"""Satisfaction ratings of tickets.

A rating is offered first and answered later, and nothing says by which of the
two instants the list is filtered: so each run begins some days before the
newest change that was seen.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from connector.records import RatingRecord, RatingScore, RecordPage
from connector.zendesk.calls import Call
from connector.zendesk.directory import Meta
from connector.zendesk.wire import Id, text_id, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.zendesk.session import Session

OVERLAP_SECONDS: Final = 3 * 86_400
_SCORES: Final[dict[str, RatingScore]] = {
    "good": "good",
    "bad": "bad",
    "neutral": "neutral",
    "offered": "unanswered",
    "unoffered": "unanswered",
}


class RatingRow(Struct, frozen=True):
    """A rating; comment and reason are not read."""

    id: Id
    ticket_id: Id
    score: str
    created_at: datetime
    updated_at: datetime | None = None


class _Ratings(Struct):
    satisfaction_ratings: list[RatingRow]
    meta: Meta = Meta()


def read_ratings(session: Session, cursor: str | None, since: datetime) -> RecordPage:
    """The next page of ratings.

    A cursor is `newest:start:after`: the newest change seen, and, within a run,
    where it began and the list's own cursor.
    """
    newest, start, after = _place(cursor, since)
    page = session.get(_listing(start, after), _Ratings)
    found, unknown = rating_records(page.satisfaction_ratings)
    newest = max([newest, *(int(one.at.timestamp()) for one in found)])
    goes_on = page.meta.after_cursor if page.meta.has_more else None
    place = f"{newest}:{start}:{goes_on}" if goes_on else str(newest)
    return RecordPage(place, goes_on is not None, ratings=found, unknown=unknown)


def rating_records(rows: Sequence[RatingRow]) -> tuple[tuple[RatingRecord, ...], dict[str, int]]:
    """Rows as ratings, and how often a word was not known; those are left out."""
    unknown: Counter[str] = Counter()
    found = []
    for row in rows:
        score = _SCORES.get(row.score)
        ticket_id = text_id(row.ticket_id)
        if score is None:
            unknown[f"rating:{row.score}"] += 1
        elif ticket_id is not None:
            given = row.created_at if row.updated_at is None else row.updated_at
            found.append(RatingRecord(str(row.id), ticket_id, utc(given), score))
    return tuple(found), dict(unknown)


def _place(cursor: str | None, since: datetime) -> tuple[int, int, str | None]:
    if cursor is None:
        begin = int(since.timestamp())
        return begin, begin, None
    newest, _, rest = cursor.partition(":")
    start, _, after = rest.partition(":")
    if after:
        return int(newest), int(start), after
    return int(newest), int(newest) - OVERLAP_SECONDS, None


def _listing(start: int, after: str | None) -> Call:
    params = {"start_time": str(start), "page[size]": "100"}
    if after is not None:
        params["page[after]"] = after
    return Call("GET", "/api/v2/satisfaction_ratings", "/satisfaction_ratings", params=params)
