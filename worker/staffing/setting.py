# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned with: the rules, the team's hours, and what the past does not tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.arrivals import Slot
from rules.calendar_zones import time_zone
from rules.terms import all_terms
from rules.timeline import seconds_of

if TYPE_CHECKING:
    from rules.arrivals import LookBack
    from rules.policy import Calendar, Policy
    from rules.rosters import WeekRoster


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the past does not tell, or shall not be asked for.

    `level` is the share in time where no obligation says one. `within_seconds`
    and `answered` are the promise on the phone where no obligation has one.
    `growth` is how much more comes in than in the weeks looked at.
    """

    mail_seconds: int = 600
    chat_seconds: int = 480
    handling_seconds: int | None = None
    patience_seconds: int | None = None
    level: Fraction = Fraction(95, 100)
    within_seconds: int = 20
    answered: Fraction = Fraction(80, 100)
    occupancy: Fraction = Fraction(85, 100)
    shrinkage: Fraction = Fraction(0)
    growth: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Setting:
    """What everything is planned with. `calendar` are the team's hours, where no roster says it."""

    policy: Policy
    calendar: Calendar
    over: LookBack
    assumed: Assumed
    roster: WeekRoster | None = None


def calendar_of(policy: Policy, name: str | None) -> Calendar:
    """The calendar of the team's hours: the one named, else the one that most targets count on.

    A calendar that depends on the ticket stands for its default.

    Raises:
        ValueError: there is no calendar of that name.
    """
    if name is not None:
        if name not in policy.calendars:
            known = ", ".join(sorted(policy.calendars))
            raise ValueError(f'there is no calendar "{name}"; there are: {known}')
        return policy.calendars[name]
    used = Counter(
        calendar
        for one in all_terms(policy)
        for targets in one.targets.values()
        for target in targets
        for calendar in _meant(policy, target.counted)
    )
    closing = [name for name in used if not policy.calendars[name].business.is_always_open]
    best = max(sorted(closing), key=lambda one: used[one], default="always")
    return policy.calendars[best]


def _meant(policy: Policy, name: str) -> tuple[str, ...]:
    """The calendar of that name, or the one that a chooser takes where nothing else holds."""
    if name in policy.choosers:
        name = policy.choosers[name].default
    return (name,) if name in policy.calendars else ()


def levels(policy: Policy, otherwise: Fraction) -> dict[str, Fraction]:
    """The share of first replies that each tier, and each contract of its own, promises."""
    found = {}
    for terms in all_terms(policy):
        promised = [
            one.at_least for one in terms.obligations if one.of == "first_reply" and one.at_least
        ]
        name = terms.contract.name if terms.contract else terms.tier.name
        found[name] = max(promised, default=otherwise)
    return found


def open_slots(calendar: Calendar, over: LookBack) -> set[Slot]:
    """Intervals of the week in which a calendar is open on some day that is no holiday."""
    place, interval = time_zone(over.zone), over.interval_minutes
    found = set()
    for day in over.days:
        if day in over.holidays:
            continue
        for minute in range(0, 24 * 60, interval):
            begin = datetime.combine(day, time(minute // 60, minute % 60), place)
            start = seconds_of(begin)
            if calendar.business.open_spans(start, start + interval * 60):
                found.add(Slot(day.weekday(), minute))
    return found
