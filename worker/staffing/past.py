# SPDX-License-Identifier: GPL-3.0-or-later
"""What came in in the weeks before: tickets and phone calls, from the store or a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.history.reader import read_line
from rules.calendar_zones import time_zone
from rules.phone_history import PastCall
from worker.store.database import epoch, instant
from worker.store.export import stored_ticket_ids, stored_tickets
from worker.store.record_tables import call_legs, calls
from worker.store.records import progress
from worker.team import Team

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rules.arrivals import LookBack
    from rules.facts import Ticket
    from worker.histories import History
    from worker.store.database import Books, Database


class NothingCameIn(Exception):
    """There is not one week from which something could be foretold."""


@dataclass(frozen=True, slots=True)
class Past:
    """What came in on the days looked at. `calls` is None where calls are not recorded."""

    over: LookBack
    tickets: Sequence[Ticket]
    calls: Sequence[PastCall] | None
    doubts: tuple[str, ...] = ()


def past_of_store(database: Database, account: str, over: LookBack) -> Past:
    """What the worker stored.

    Raises:
        NothingCameIn: less than a week is known.
    """
    since = _begin(over)
    with database.read(account) as books:
        idents = stored_ticket_ids(books, since)
        was_read = progress(books, "calls").complete_at is not None
        found = _calls(books, since) if was_read else None
    tickets = [one for one in stored_tickets(database, account, idents) if one.created_at >= since]
    return _with_known_weeks(Past(over, tickets, found))


def past_of_history(history: History, zone: str, over_of: Callable[[date], LookBack]) -> Past:
    """What a history file tells; it has no calls.

    Args:
        history: where tickets come from.
        zone: the team's.
        over_of: which days are looked at, by the last date that the history tells of.

    Raises:
        NothingCameIn: less than a week is known.
    """
    with Team(None, 1) as alone:
        scan = history.scan(alone)
        latest = scan.reading.latest
        if latest is None:
            raise NothingCameIn(f"{history.name}: there is nothing in it")
        over = over_of(day_behind(latest, zone))
        since = _begin(over)
        tickets = [
            ticket
            for part in scan.parts
            for _, line in part.lines()
            if (ticket := read_line(line)[0]).created_at >= since
        ]
    return _with_known_weeks(Past(over, tickets, None))


def _begin(over: LookBack) -> datetime:
    return datetime.combine(over.days[0], time(), time_zone(over.zone))


def _with_known_weeks(past: Past) -> Past:
    """Fewer weeks where the first of them are not known, so that means are not of nothing."""
    over = past.over
    place = time_zone(over.zone)
    begun = [one.created_at for one in past.tickets] + [one.at for one in past.calls or ()]
    behind = datetime.combine(over.until, time(), place)
    first = min((at for at in begun if at < behind), default=None)
    known = 0 if first is None else (over.until - first.astimezone(place).date()).days // 7
    if first is not None and known >= over.weeks - 1:
        return past  # nothing came in on the very first days
    if known < 1:
        raise NothingCameIn(
            "less than a week is known before the day up to which it is looked back"
        )
    told = f"{known} week{'s' if known > 1 else ''} instead of {over.weeks} are known"
    return replace(past, over=replace(over, weeks=known), doubts=(*past.doubts, told))


def _calls(books: Books, since: datetime) -> list[PastCall]:
    """Incoming calls; one with several agents took the time of all of them."""
    by_agents = (
        sa.select(call_legs.c.call_id, sa.func.sum(call_legs.c.handling_seconds).label("total"))
        .where(books.of(call_legs))
        .group_by(call_legs.c.call_id)
        .subquery()
    )
    row = calls.c
    choice = (
        sa.select(calls, by_agents.c.total)
        .join_from(calls, by_agents, by_agents.c.call_id == row.call_id, isouter=True)
        .where(books.of(calls), row.at >= epoch(since), row.inbound == 1)
        .order_by(row.at, row.call_id)
    )
    return [
        PastCall(
            at=instant(one["at"]),
            ended=one["ended"],
            wait_seconds=one["wait_seconds"],
            handling_seconds=max(one["handling_seconds"], int(one["total"] or 0)),
            outside_hours=bool(one["outside_hours"]),
        )
        for one in books.rows(choice)
    ]


def day_behind(now: datetime, zone: str) -> date:
    """The local date of an instant: the days before it are complete."""
    return now.astimezone(time_zone(zone)).date()
