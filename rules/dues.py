# SPDX-License-Identifier: GPL-3.0-or-later
"""When a target is due: at an open position, or after working and calendar days.

All instants are epoch seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rules.calendars import BusinessCalendar
    from rules.clocks import Clock, Pause
    from rules.select import Application


class Due(msgspec.Struct, gc=False):
    """An instant by which a cycle is judged, and the one that is shown for it."""

    judged: int
    shown: int


def due_of(counting: BusinessCalendar, position: int) -> Due:
    """The instants at an open position: judged at the next opening, shown as the calendar says."""
    judged = counting.instant(position)
    if counting.at_closing == "next_opening":
        return Due(judged, judged)
    return Due(judged, counting.closing_instant(position))


def effective_start(application: Application, start: int) -> int:
    """Where the clock may begin to run: after the calendar's cut-off, the next open date."""
    cut_off = application.calendar.cut_off
    if cut_off is None:
        return start
    return application.calendar.business.after_cut_off(start, cut_off)


def days_due(clock: Clock, application: Application) -> tuple[Due, int]:
    """The due of a working-day or calendar-day target, and its length in open seconds.

    Each pause that began before the due as pushed so far pushes it by its
    open seconds.
    """
    known = clock.known_days
    if known is not None and known[0] is application and known[1] == len(clock.pauses):
        return known[2], known[3]
    due, target_seconds = _days_due(clock, application, clock.pauses)
    clock.known_days = (application, len(clock.pauses), due, target_seconds)
    return due, target_seconds


def due_at_pause(clock: Clock, since: int) -> Due:
    """The due of a target in days as it stood when the pause that lasts began, at `since`."""
    before = [pause for pause in clock.pauses if pause[0] < since]
    return _days_due(clock, clock.application, before)[0]


def _days_due(clock: Clock, application: Application, pauses: list[Pause]) -> tuple[Due, int]:
    counting = application.counting
    begin = effective_start(application, clock.cycle.start)
    timed = Due(*counting.working_days(begin, application.span.amount))
    unpaused = _closing_due(application, begin, timed, is_pushed=False)
    target_seconds = counting.position(unpaused.shown) - counting.position(begin)
    due = unpaused
    if pauses:
        position = counting.position(timed.judged)
        for began, seconds in pauses:
            if began < due.judged and seconds:
                position += seconds
                due = _closing_due(application, begin, due_of(counting, position), is_pushed=True)
    return due, target_seconds


def _closing_due(application: Application, begin: int, due: Due, *, is_pushed: bool) -> Due:
    """`by: closing` moves the due to the last closing of its date."""
    if not application.target.by_closing:
        return due
    business = application.calendar.business
    if application.span.unit == "calendar_days":
        closing = business.last_closing_on_date_of(due.judged)
        at = business.end_of_date_of(due.judged) if closing is None else closing
        return Due(at, at)
    if is_pushed:
        at = business.last_closing_on_date_of(due.judged) or due.judged
    else:
        at = business.closing_after_working_days(begin, application.span.amount)
    return Due(at, at)
