# SPDX-License-Identifier: GPL-3.0-or-later
"""The clocks of missed cycles in a customer's report: when they ran, and what paused them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone
from rules.case_clocks import clock_of
from worker.report.page import heading, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rules.case_clocks import ClockStretch
    from rules.evidence import CycleRow
    from worker.reporting.customers import Account
    from worker.reporting.language import Language

_HEAD = ("clocks.case_head", "clocks.from_head", "clocks.until_head", "clocks.clock_head")


def clocks(rows: Sequence[CycleRow], found: Account, language: Language) -> list[str]:
    """The stretches of all cycles that had a pause; of others start and end say everything.

    Args:
        rows: the missed cycles that the report lists.
        found: whose they are, and where their facts come from.
        language: in which it is said.
    """
    cells = [
        [case, *_cells(one, found.period.zone, language)]
        for case, told in _told([row for row in rows if row.paused_seconds], found)
        for one in told
    ]
    if not cells:
        return []
    head = [*(language.say(key) for key in _HEAD), language.say("clocks.open_head")]
    caption = language.say("clocks.caption", zone=found.period.zone)
    return [heading(language.say("clocks.title")), table(caption, head, cells)]


def _told(
    rows: Sequence[CycleRow], found: Account
) -> Iterator[tuple[str, tuple[ClockStretch, ...]]]:
    """The clocks of cycles in their order, as far as the rules of today explain them."""
    idents = {row.ticket_id for row in rows if row.ticket_id is not None}
    if not idents or found.source is None:
        return
    policy, at = found.agreement.policy, found.records.cut_off
    tickets = {one.id: one for one in found.source.tickets(idents)}
    for row in rows:
        ticket = tickets.get(row.ticket_id or "")
        told = None if ticket is None else clock_of(ticket, policy, at, row)
        if told is not None:
            yield f"{row.ticket_id}/{row.measure}/{row.cycle}", told


def _cells(one: ClockStretch, zone: str, language: Language) -> list[str]:
    reason = one.reason
    return [
        clock_time(one.from_at, zone),
        clock_time(one.until_at, zone),
        language.say("clocks.counted")
        if reason is None
        else language.say("clocks.paused", status=language.name("statuses", reason)),
        language.hours(one.seconds),
    ]


def clock_time(at: datetime | None, zone: str) -> str:
    """The same in every language, so that columns are narrow and can be compared."""
    return "" if at is None else f"{at.astimezone(time_zone(zone)):%Y-%m-%d %H:%M}"
