# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates that have passed, come soon, or lie where no holidays are known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone as zone_named
from rules.format.hours import minutes_of, weekdays
from rules.holiday_dates import LAST_YEAR
from rules.resolve_calendars import ADDED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from rules.findings import Findings
    from rules.policy import Calendar, Contract, Policy, Target, Where
    from rules.promises import Exclusion, Obligation

SOON = timedelta(days=30)
_DAY = 24 * 60
_LONGEST_NIGHT = 14 * 60
_AHEAD = timedelta(days=365)


def lint_calendars(policy: Policy, today: date, findings: Findings) -> None:
    """Findings about hours, holidays and how far they are known."""
    for calendar in policy.calendars.values():
        what = f"calendars.{calendar.name}"
        _lint_nights(calendar, what, findings)
        for day in calendar.extra_hours:
            where = calendar.places.get(f"extra_hours.{day}", calendar.where)
            if day in calendar.holiday_names:
                message = f"no effect: {day} is a holiday ({calendar.holiday_names[day]})"
                hint = f"add holidays: {{except: [{day}]}}"
                findings.add(where, "STP322", f"{what}.extra_hours", message, hint)
        _lint_exceptions(calendar, what, findings)
        _lint_passed(calendar, what, today, findings)
        if calendar.country:
            _lint_known(calendar, what, today, findings)


def _lint_nights(calendar: Calendar, what: str, findings: Findings) -> None:
    """An interval across midnight that is so long that its ends were probably swapped."""
    for name, pairs in calendar.week.items():
        for number, (opening, closing) in enumerate(pairs):
            length = minutes_of(closing) + _DAY - minutes_of(opening)
            if length >= _DAY or length <= _LONGEST_NIGHT:
                continue
            message = f"{opening}-{closing} runs for {length / 60:g} hours, over midnight"
            hint = f"swapped? {closing}-{opening}"
            where = _place_of_hours(calendar, name, number)
            findings.add(where, "STP321", f"{what}.hours", message, hint)


def _place_of_hours(calendar: Calendar, name: str, number: int) -> Where:
    """Where the hours of a weekday stand; their key may name several days."""
    for key, place in calendar.places.items():
        section, _, written = key.partition(".")
        days, _, item = written.rpartition(".")
        if section == "hours" and item == str(number) and name in weekdays(days):
            return place
    return calendar.where


def _lint_exceptions(calendar: Calendar, what: str, findings: Findings) -> None:
    where = calendar.places.get("holidays.except", calendar.where)
    for day in calendar.idle_exceptions:
        message = f"no effect: {day} is no holiday"
        findings.add(where, "STP325", f"{what}.holidays", message, "delete it from except")


def _lint_passed(calendar: Calendar, what: str, today: date, findings: Findings) -> None:
    """Lists of dates that hold none for the coming year: most come back every year."""
    lists = {
        "holidays.except": calendar.excepted,
        "holidays.also": calendar.added,
        "extra_hours": calendar.extra_hours,
        "breaks": calendar.breaks,
    }
    for key, days in lists.items():
        if days and (last := max(days)) < today:
            where = calendar.places.get(key, calendar.where)
            message = f"has no date for the coming year: the last one was {last}"
            hint = "add the coming ones, or delete the list once no ticket of that time is open"
            findings.add(where, "STP331", f"{what}.{key}", message, hint)


def _lint_known(calendar: Calendar, what: str, today: date, findings: Findings) -> None:
    known = calendar.known_until
    if known is not None and known < today + _AHEAD:
        where = calendar.places.get("holidays.country", calendar.where)
        message = f"the holidays of {calendar.country} are known until {known} only"
        hint = "later deadlines are computed without them; add dates with also"
        findings.add(where, "STP308", f"{what}.holidays", message, hint)


def lint_dates(policy: Policy, today: date, findings: Findings) -> None:
    """Findings about the dates of contracts, and dates beyond the known holidays."""
    for contract in policy.contracts:
        _lint_review(contract, today, findings)
        _lint_end(policy, contract, today, findings)
    for where, what, day in _all_dates(policy):
        if day.year > LAST_YEAR:
            message = f"{day} lies beyond {LAST_YEAR}, after which no holidays are known"
            findings.add(where, "STP309", what, message, "a slip of the keyboard?")


def _lint_review(contract: Contract, today: date, findings: Findings) -> None:
    what, day = f"customers.{contract.name}", contract.review_by
    if day is None:
        return
    where = contract.places.get("review_by", contract.where)
    if day < today:
        message = f"should have been looked at again by {day}"
        findings.add(where, "STP310", what, message, "look at it and set a new review_by")
    elif day <= today + SOON:
        message = f"has to be looked at again by {day}"
        findings.add(where, "STP311", what, message, "look at it and set a new review_by")


def _lint_end(policy: Policy, contract: Contract, today: date, findings: Findings) -> None:
    if contract.until_at is None:
        return
    zone = zone_named(contract.period_zone or policy.settings.time_zone)
    day = contract.until_at.astimezone(zone).date()
    what = f"customers.{contract.name}"
    where = contract.places.get("until", contract.where)
    if day <= today:
        message = f"has ended: it holds for tickets before {day}"
        findings.add(where, "STP315", what, message, "renew it, or delete it when all is settled")
    elif day <= today + SOON:
        message = f"is about to end: it holds for tickets before {day}"
        findings.add(where, "STP312", what, message, "renew it or let it end")


def _all_dates(policy: Policy) -> Iterator[tuple[Where, str, date]]:
    """Every date that was written, with its place."""
    for calendar in policy.calendars.values():
        yield from _dates_of_calendar(calendar)
    for contract in policy.contracts:
        what = f"customers.{contract.name}"
        if contract.review_by:
            yield contract.places.get("review_by", contract.where), what, contract.review_by
        yield from _edges(contract, what)
        for target in contract.targets:
            yield from _edges(target, f"{what}.targets")
    for tier in policy.tiers:
        for target in tier.targets:
            yield from _edges(target, f"tiers.{tier.name}.targets")
    for obligation in policy.obligations.values():
        yield from _edges(obligation, f"obligations.{obligation.name}")
    for exclusion in policy.exclusions:
        yield from _edges(exclusion, "exclusions")
    if policy.settings.enforce_from:
        where = policy.settings.places.get("enforce_from", policy.where)
        yield where, "settings", policy.settings.enforce_from.date()


def _dates_of_calendar(calendar: Calendar) -> Iterator[tuple[Where, str, date]]:
    what = f"calendars.{calendar.name}"
    for key, hours in (("extra_hours", calendar.extra_hours), ("breaks", calendar.breaks)):
        for day in hours:
            yield calendar.places.get(f"{key}.{day}", calendar.where), f"{what}.{key}", day
    for day, name in calendar.holiday_names.items():
        if name == ADDED:
            where = calendar.places.get("holidays.also", calendar.where)
            yield where, f"{what}.holidays", day


def _edges(
    dated: Contract | Target | Obligation | Exclusion, what: str
) -> Iterator[tuple[Where, str, date]]:
    for key, edge in (("from", dated.from_at), ("until", dated.until_at)):
        if edge is not None:
            yield dated.places.get(key, dated.where), what, edge.date()
