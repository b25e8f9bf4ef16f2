# SPDX-License-Identifier: GPL-3.0-or-later
"""Phone calls and their legs from Zendesk Talk, and the queue of this moment.

The exports go by time: a page begins at `start_time` and shows the rows of its
last second whole, so that the next one begins there. `next_page` is always set
and says nothing; a stream is at its end when a page brings no later second.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypedDict

from msgspec import Struct

from connector.records import CallEnd, CallRecord, LegEnd, LegRecord, PhoneQueue, RecordPage
from connector.zendesk.calls import Call
from connector.zendesk.wire import Id, text_id, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.zendesk.session import Session

TALK: Final = "talk"
"""The bucket that calls and legs share: ten requests a minute."""

_STATS: Final = "/channels/voice/stats"
_ENDS: Final[dict[str, CallEnd]] = {
    "completed": "answered",
    "abandoned_in_ivr": "abandoned_in_ivr",
    "abandoned_in_queue": "abandoned",
    "abandoned_in_voicemail": "voicemail",
}
"""What else a call may end with is counted as other, and told: it is never guessed."""

_LEG_ENDS: Final[dict[str, LegEnd]] = {
    "completed": "answered",
    "agent_missed": "missed",
    "agent_declined": "declined",
    "agent_transfer_declined": "declined",
}


class CallRow(Struct, frozen=True):
    """A call of the export. Numbers that are not there yet are null."""

    id: Id
    created_at: datetime
    updated_at: datetime
    direction: str | None = None
    completion_status: str | None = None
    wait_time: int | None = None
    time_to_answer: int | None = None
    talk_time: int | None = None
    wrap_up_time: int | None = None
    outside_business_hours: bool | None = None
    callback: bool | None = None
    voicemail: bool | None = None
    overflowed: bool | None = None
    ticket_id: Id = None
    call_group_id: Id = None
    phone_number: str | None = None
    phone_number_id: Id = None


class LegRow(Struct, frozen=True):
    """A leg of the export; those of callers have another `type` than `agent`."""

    id: Id
    created_at: datetime
    updated_at: datetime
    call_id: Id
    type: str | None = None
    agent_id: Id = None
    completion_status: str | None = None
    talk_time: int | None = None
    wrap_up_time: int | None = None


class _Calls(Struct):
    calls: list[CallRow]


class _Legs(Struct):
    legs: list[LegRow]


class _Activity(Struct):
    calls_waiting: int | None = None
    longest_wait_time: int | None = None
    average_wait_time: int | None = None
    agents_online: int | None = None


class _Queue(Struct):
    current_queue_activity: _Activity


def read_calls(session: Session, cursor: str | None, since: datetime) -> RecordPage:
    """The calls after a position."""
    start = _start(cursor, since)
    rows = session.get(_export("calls", start), _Calls).calls
    found, unknown = call_records(rows)
    return RecordPage(**_position(start, rows), calls=found, unknown=unknown)


def read_legs(session: Session, cursor: str | None, since: datetime) -> RecordPage:
    """The agents' legs after a position."""
    start = _start(cursor, since)
    rows = session.get(_export("legs", start), _Legs).legs
    return RecordPage(**_position(start, rows), legs=leg_records(rows))


def read_queue(session: Session) -> PhoneQueue:
    """Who waits at this moment."""
    path = f"{_STATS}/current_queue_activity"
    found = session.get(Call("GET", f"/api/v2{path}", path), _Queue).current_queue_activity
    return PhoneQueue(
        found.calls_waiting or 0,
        found.longest_wait_time or 0,
        found.average_wait_time or 0,
        found.agents_online or 0,
    )


def call_records(rows: Sequence[CallRow]) -> tuple[tuple[CallRecord, ...], dict[str, int]]:
    """Rows as calls, and how often a word was not known."""
    unknown: Counter[str] = Counter()
    found = []
    for row in rows:
        status = row.completion_status
        if status not in _ENDS:
            unknown[f"completion_status:{status}"] += 1
        found.append(_call(row))
    return tuple(found), dict(unknown)


def _call(row: CallRow) -> CallRecord:
    ended = _ended(row)
    wait = row.wait_time if row.wait_time is not None else row.time_to_answer
    return CallRecord(
        id=str(row.id),
        at=utc(row.created_at),
        updated_at=utc(row.updated_at),
        ended=ended,
        is_inbound=row.direction != "outbound",
        wait_seconds=max(0, wait or 0),
        handling_seconds=_handling(row.talk_time, row.wrap_up_time),
        outside_hours=bool(row.outside_business_hours),
        connected=ended == "answered" or bool(row.talk_time),
        ticket_id=text_id(row.ticket_id),
        line=row.phone_number or text_id(row.phone_number_id),
        group_id=text_id(row.call_group_id),
    )


def _ended(row: CallRow) -> CallEnd:
    """How a call ended for its caller; a completed one may have ended at no agent."""
    ended = _ENDS.get(row.completion_status or "", "other")
    if ended != "answered":
        return ended
    if row.callback:
        return "callback"
    if row.talk_time:
        return "answered"
    if row.voicemail:
        return "voicemail"
    return "overflow" if row.overflowed else "other"


def leg_records(rows: Sequence[LegRow]) -> tuple[LegRecord, ...]:
    """The agents' legs among rows."""
    return tuple(
        LegRecord(
            id=str(row.id),
            call_id=str(row.call_id),
            at=utc(row.created_at),
            updated_at=utc(row.updated_at),
            ended=_LEG_ENDS.get(row.completion_status or "", "other"),
            agent_id=text_id(row.agent_id),
            handling_seconds=_handling(row.talk_time, row.wrap_up_time),
        )
        for row in rows
        if row.type == "agent"
    )


def _handling(talk: int | None, wrap_up: int | None) -> int:
    return max(0, talk or 0) + max(0, wrap_up or 0) if talk else 0


def _start(cursor: str | None, since: datetime) -> int:
    return int(cursor) if cursor is not None else int(since.timestamp())


def _export(what: str, start: int) -> Call:
    path = f"{_STATS}/incremental/{what}"
    return Call("GET", f"/api/v2{path}", path, params={"start_time": str(start)}, buckets=(TALK,))


class _Position(TypedDict):
    next_cursor: str
    more: bool


def _position(start: int, rows: Sequence[CallRow | LegRow]) -> _Position:
    # Never the machine's time, nor `end_time`: what a row tells is what was seen.
    newest = max((int(utc(row.updated_at).timestamp()) for row in rows), default=start)
    return {"next_cursor": str(max(start, newest)), "more": newest > start}
