# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on duty at which time of the week, and the file it is written in."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from rules.arrivals import Slot
from rules.calendar_zones import time_zone
from rules.timeline import seconds_of
from rules.workload import Duty

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Work = Literal["phone", "chat", "mail"]
WORKS: tuple[Work, ...] = get_args(Work)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_COLUMNS = ("work", "days", "from", "until", "agents")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Shift:
    """People who do one kind of work on one weekday, from and to minutes after midnight."""

    work: Work
    weekday: int
    start: int
    end: int
    agents: int


@dataclass(frozen=True, slots=True)
class WeekRoster:
    """The shifts of every week; those of one kind of work add up where they overlap."""

    shifts: tuple[Shift, ...]

    def of(self, work: Work) -> WeekRoster:
        """The shifts of one kind of work."""
        return WeekRoster(tuple(one for one in self.shifts if one.work == work))

    def by_slot(self, interval_minutes: int) -> dict[Slot, int]:
        """People on duty throughout each interval of the week; those without any are left out."""
        found: dict[Slot, int] = {}
        for shift in self.shifts:
            first = -(-shift.start // interval_minutes) * interval_minutes
            for minute in range(first, shift.end - interval_minutes + 1, interval_minutes):
                slot = Slot(shift.weekday, minute)
                found[slot] = found.get(slot, 0) + shift.agents
        return found

    def duties(self, days: Iterable[date], zone: str, fewer: int = 0) -> list[Duty]:
        """The stretches of duty of these dates in order, each with so many people fewer."""
        found: list[Duty] = []
        for day in days:
            shifts = [one for one in self.shifts if one.weekday == day.weekday()]
            cuts = sorted({at for one in shifts for at in (one.start, one.end)})
            for start, end in pairwise(cuts):
                agents = sum(one.agents for one in shifts if one.start <= start and end <= one.end)
                begin, finish = (_instant(day, at, zone) for at in (start, end))
                if agents > fewer and finish > begin:
                    found.append(Duty(begin, finish, agents - fewer))
        return found


def _instant(day: date, minute: int, zone: str) -> int:
    """Epoch seconds of a local time; 24:00 is the midnight that ends the day."""
    if minute == _MINUTES_A_DAY:
        day, minute = day + timedelta(days=1), 0
    local = datetime.combine(day, time(minute // 60, minute % 60), time_zone(zone))
    return seconds_of(local)


def read_roster(text: str) -> tuple[WeekRoster, tuple[str, ...]]:
    """The roster of a CSV file with the columns work, days, from, until and agents.

    `work` is phone, chat or mail; `days` a weekday or a range (`mon-fri`); times
    are local (`09:00`), `24:00` ends a day.

    Returns:
        The roster, and a sentence for each line that cannot be read.
    """
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        return WeekRoster(()), (f"line 1: the column {missing[0]} is missing",)
    shifts: list[Shift] = []
    problems: list[str] = []
    for row in reader:
        try:
            shifts += _shifts({name: (row[name] or "").strip() for name in _COLUMNS})
        except ValueError as error:
            problems.append(f"line {reader.line_num}: {error}")
    return WeekRoster(tuple(shifts)), tuple(problems)


def _shifts(row: dict[str, str]) -> list[Shift]:
    work = next((one for one in WORKS if one == row["work"]), None)
    if work is None:
        raise ValueError(f'work is phone, chat or mail, not "{row["work"]}"')
    start, end = _minute("from", row["from"]), _minute("until", row["until"])
    if end <= start:
        raise ValueError(f"until {row['until']} is not after from {row['from']}")
    if not row["agents"].isdecimal():
        raise ValueError(f'agents is a whole number, not "{row["agents"]}"')
    agents = int(row["agents"])
    return [Shift(work, day, start, end, agents) for day in _weekdays(row["days"])]


def _weekdays(written: str) -> Collection[int]:
    first, _, last = written.lower().partition("-")
    names = (first, last or first)
    if any(name not in _DAYS for name in names):
        raise ValueError(f'days is a weekday or a range such as mon-fri, not "{written}"')
    begin, end = (_DAYS.index(name) for name in names)
    if end < begin:
        raise ValueError(f"days go from {last} to {first}")
    return range(begin, end + 1)


def _minute(column: str, written: str) -> int:
    found = _CLOCK.fullmatch(written)
    minute = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= minute <= _MINUTES_A_DAY:
        raise ValueError(f'{column} is a time such as 09:00, not "{written}"')
    return minute
