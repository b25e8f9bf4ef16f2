# SPDX-License-Identifier: GPL-3.0-or-later
"""From written calendars to calendars that count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.calendars import BusinessCalendar
from rules.format.calendars import CalendarForm, ChooserForm
from rules.holiday_dates import public_holidays
from rules.policy import Calendar, CalendarChooser

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rules.folder import Folder
    from rules.format.calendars import HolidaysForm
    from rules.policy import Where

ALWAYS = "always"
ADDED = "closed"
"""The name of a closed date that an admin added to the holidays."""


def resolve_calendars(
    folder: Folder, time_zone: str
) -> tuple[dict[str, Calendar], dict[str, CalendarChooser]]:
    """All calendars and choosers of a folder; `always` is there even if nobody defines it.

    Args:
        folder: its problems grow by what is wrong.
        time_zone: the zone of the built-in `always`.
    """
    calendars: dict[str, Calendar] = {}
    choosers: dict[str, CalendarChooser] = {}
    for file in folder.rules:
        for name, form in file.calendars.items():
            where = folder.defined["calendars"][name]
            if name in calendars or name in choosers:
                continue
            if isinstance(form, ChooserForm):
                choosers[name] = _chooser(name, form, where)
            elif calendar := _calendar(name, form, where, folder):
                calendars[name] = calendar
    _check_always(calendars, choosers, folder)
    if ALWAYS not in folder.defined["calendars"]:
        round_the_clock = BusinessCalendar.always_open(time_zone)
        calendars[ALWAYS] = Calendar(ALWAYS, round_the_clock, folder.start)
    return calendars, choosers


def _chooser(name: str, form: ChooserForm, where: Where) -> CalendarChooser:
    return CalendarChooser(
        name, form.choose_by, dict(form.cases), form.default, where, form.places()
    )


def _calendar(name: str, form: CalendarForm, where: Where, folder: Folder) -> Calendar | None:
    holidays, known_until, idle = _holidays(form.holidays)
    excepted = tuple(form.holidays.except_) if form.holidays else ()
    try:
        business = BusinessCalendar(
            form.time_zone,
            form.hours,
            holidays,
            form.extra_hours,
            form.breaks,
            form.at_closing,
        )
    except ValueError as error:  # what only the whole calendar shows: its breaks swallow all hours
        if form.is_whole:
            folder.problem(form.where("hours"), "STP105", f"calendars.{name}", str(error))
        return None
    return Calendar(
        name,
        business,
        where,
        cut_off=form.cut_off,
        holiday_names=holidays,
        known_until=known_until,
        week=form.hours,
        extra_hours=form.extra_hours,
        breaks=form.breaks,
        country=form.holidays.country if form.holidays else None,
        excepted=tuple(day for day in excepted if day not in idle),
        added=tuple(form.holidays.also) if form.holidays else (),
        idle_exceptions=idle,
        places=form.places(),
    )


def _holidays(
    form: HolidaysForm | None,
) -> tuple[dict[date, str], date | None, tuple[date, ...]]:
    """Closed dates with names for people, how far they are known, exceptions without effect."""
    if form is None:
        return {}, None, ()
    names: dict[date, str] = {}
    known_until = None
    if form.country:
        known = public_holidays(form.country, form.subdivision, observed=form.observed)
        names, known_until = dict(known.names), known.known_until
    idle = tuple(day for day in form.except_ if day not in names)
    for day in form.except_:
        names.pop(day, None)
    for day in form.also:
        names.setdefault(day, ADDED)
    return names, known_until, idle


def _check_always(
    calendars: Mapping[str, Calendar], choosers: Mapping[str, CalendarChooser], folder: Folder
) -> None:
    """An admin may give `always` a zone, and nothing else."""
    if ALWAYS in choosers:
        where = choosers[ALWAYS].where
    elif ALWAYS in calendars and not _is_round_the_clock(calendars[ALWAYS]):
        where = calendars[ALWAYS].where
    else:
        return
    message = "must be open round the clock: other rules count on its name"
    hint = "mon-sun: [00:00-24:00] and no holidays, or another name"
    folder.problem(where, "STP118", f"calendars.{ALWAYS}", message, hint)


def _is_round_the_clock(calendar: Calendar) -> bool:
    all_week = all(pairs == (("00:00", "24:00"),) for pairs in calendar.week.values())
    exceptions = (calendar.holiday_names, calendar.extra_hours, calendar.breaks)
    return all_week and not any(exceptions) and calendar.cut_off is None
