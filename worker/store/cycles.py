# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of a verdict row, and what a judged cycle puts into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.verdict import CycleVerdict

CYCLE_COLUMNS = (
    "state",
    "reason",
    "tier",
    "customer",
    "priority",
    "rule",
    "calendar",
    "time_zone",
    "target_seconds",
    "started_at",
    "due_at",
    "fulfilled_at",
    "ended_by",
    "breached_at",
    "risk_at",
    "since",
    "elapsed_seconds",
    "paused_seconds",
)
"""The columns of a verdict row that the cycle itself fills, instants as epoch seconds."""

MOVING = 2
"""The last so many of them move with time alone while a cycle is open."""


def cycle_values(row: CycleVerdict) -> tuple[object, ...]:
    """What a cycle puts into `CYCLE_COLUMNS`.

    Taken from its clock, which counts in epoch seconds, rather than from its
    datetimes: this runs for every cycle of every judgement.
    """
    clock = row.clock
    cycle, application, due, breach = clock.cycle, clock.application, clock.due, clock.breach
    is_cancelled = clock.cancelled_at is not None
    calendar = application.calendar
    return (
        row.state,
        row.reason,
        application.tier,
        application.customer,
        application.priority,
        str(application.target.where),
        calendar.name,
        calendar.business.time_zone,
        clock.target_seconds,
        cycle.start,
        None if due is None else due.shown,
        None if is_cancelled else cycle.end,
        "cancelled" if is_cancelled else cycle.ended_by,
        None if breach is None or row.state == "excluded" else breach.at,
        row.risk_second,
        clock.since,
        clock.elapsed,
        clock.paused,
    )
