# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bare `1d` could mean on the calendar that is named beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rules.duration import DurationError, format_running, parse_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.folder import Folder
    from rules.policy import Calendar, CalendarChooser

_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def add_day_readings(
    folder: Folder, calendars: Mapping[str, Calendar], choosers: Mapping[str, CalendarChooser]
) -> None:
    """Complete the hints on bare days by the opening hours of a day."""
    hints = {}
    for bare in folder.bare_days:
        chooser = choosers.get(bare.counted)
        calendar = calendars.get(chooser.default if chooser else bare.counted)
        if calendar is None or calendar.business.hours.always_open:
            continue
        try:
            parse_span(bare.text, running_day=_open_day(calendar))
        except DurationError as error:
            hints[bare.where.file, bare.where.line, bare.where.column] = error.hint
    for number, problem in enumerate(folder.problems):
        hint = hints.get((problem.file, problem.line, problem.column))
        if hint and problem.code == "STP024":
            folder.problems[number] = replace(problem, hint=hint)


def _open_day(calendar: Calendar) -> str:
    """How long the first open weekday is, such as `8h (Monday's hours of office_nl)`."""
    for name, day in zip(_DAY_NAMES, calendar.business.hours.week, strict=True):
        seconds = sum(end - start for start, end in day.spans)
        if seconds:
            return f"{format_running(seconds)} ({name}'s hours of {calendar.name})"
    return ""
