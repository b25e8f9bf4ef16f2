# SPDX-License-Identifier: GPL-3.0-or-later
"""What a helpdesk may tell beside tickets: phone calls, their legs, and ratings.

Each is a stream of its own with a position of its own. A helpdesk that has one
offers `Records`; rows come at least once, the newest form of a row wins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

Stream = Literal["calls", "legs", "ratings"]
CallEnd = Literal[
    "answered", "abandoned", "abandoned_in_ivr", "voicemail", "overflow", "callback", "other"
]
LegEnd = Literal["answered", "missed", "declined", "other"]
RatingScore = Literal["good", "bad", "neutral", "unanswered"]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One phone call that is over.

    `at` is when it came in, `wait_seconds` the time in the queue until an agent
    or hanging up; `handling_seconds` talk and wrap-up of the agent, 0 where
    none spoke. `connected`: a callback that reached the caller. `line` is the
    number that was dialled, or the line's id.
    """

    id: str
    at: datetime
    updated_at: datetime
    ended: CallEnd
    is_inbound: bool
    wait_seconds: int
    handling_seconds: int
    outside_hours: bool
    connected: bool
    ticket_id: str | None
    line: str | None
    group_id: str | None


@dataclass(frozen=True, slots=True)
class LegRecord:
    """An agent's part of a call; `handling_seconds` are talk and wrap-up in it."""

    id: str
    call_id: str
    at: datetime
    updated_at: datetime
    ended: LegEnd
    agent_id: str | None
    handling_seconds: int


@dataclass(frozen=True, slots=True)
class RatingRecord:
    """A rating of a ticket; `at` is when it was given, or offered where it is unanswered."""

    id: str
    ticket_id: str
    at: datetime
    score: RatingScore


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of a stream.

    `next_cursor` is opaque and is saved in the transaction that stores the
    page. `more` is False when the stream was read to its present end.
    `unknown` counts words that had to be mapped to a fallback.
    """

    next_cursor: str
    more: bool
    calls: tuple[CallRecord, ...] = ()
    legs: tuple[LegRecord, ...] = ()
    ratings: tuple[RatingRecord, ...] = ()
    unknown: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhoneQueue:
    """Who waits on the phone at this moment; spans in seconds."""

    waiting: int
    longest_wait_seconds: int
    average_wait_seconds: int
    agents_online: int


@runtime_checkable
class Records(Protocol):
    """What a helpdesk offers that has such streams. Calls block, as those of `Helpdesk`."""

    def records(self, stream: Stream, cursor: str | None, *, since: datetime) -> RecordPage | None:
        """The page after `cursor`, or the first since then.

        Returns:
            None where the account has no such stream, or we may not read it.
        """

    def phone_queue(self) -> PhoneQueue | None:
        """The present queue; None where the account has no telephone."""
