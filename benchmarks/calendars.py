# SPDX-License-Identifier: GPL-3.0-or-later
"""Business calendars beside two other libraries, on the same questions in the same run.

Run it with the extra `bench` installed: `python -m benchmarks.calendars`.
Every library gets office hours with a lunch break and holidays in
Amsterdam and the same UTC instants; the answers are compared before anything
is timed. `--check` makes it fail when an aim is missed. Figures are the best
of several rounds, in microseconds a call; a library's own set-up is not timed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import timeit
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import businesstimedelta
import pytz
import workclock

from rules.calendars import BusinessCalendar

if TYPE_CHECKING:
    from collections.abc import Callable

ZONE = "Europe/Amsterdam"
OPENING, LUNCH, BACK, CLOSING = dt.time(9), dt.time(12, 30), dt.time(13), dt.time(17, 30)
HOLIDAYS = {dt.date(2026, 12, 25): "Christmas", dt.date(2027, 1, 1): "New Year"}
HOLIDAYS |= {dt.date(2029, 12, 25): "Christmas"}  # businesstimedelta crashes past the last one
DAY = dt.timedelta(hours=24)
SPANS = {"1 day": 1, "1 week": 7, "1 month": 30, "3 months": 91, "6 months": 183}
SPANS |= {"12 months": 365, "18 months": 548}
STARTS = [
    dt.datetime(2026, 1, 5, 16, tzinfo=dt.UTC) + dt.timedelta(hours=37 * turn)
    for turn in range(100)
]
ROUNDS = 15


@dataclass(frozen=True)
class Library:
    """One library's answers to the two questions, on the common calendar."""

    name: str
    add: Callable[[dt.datetime, dt.timedelta], dt.datetime]
    between: Callable[[dt.datetime, dt.datetime], dt.timedelta]


def stipt() -> Library:
    hours = [("09:00", "12:30"), ("13:00", "17:30")]
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), hours)
    # the others answer the closing for what ends exactly there
    calendar = BusinessCalendar(ZONE, week, holidays=HOLIDAYS, at_closing="closing")
    return Library("stipt", calendar.add, calendar.between)


def other_workclock() -> Library:
    schedule = workclock.Schedule(
        [
            workclock.WorkDay(OPENING, CLOSING),
            workclock.Break(LUNCH, BACK),
            workclock.Holidays(list(HOLIDAYS)),
        ],
        time_zone=ZONE,
    )
    return Library("workclock", schedule.add, schedule.between)


def other_businesstimedelta() -> Library:
    rules = businesstimedelta.Rules(
        [
            businesstimedelta.WorkDayRule(
                start_time=OPENING,
                end_time=CLOSING,
                working_days=[0, 1, 2, 3, 4],
                tz=pytz.timezone(ZONE),
            ),
            businesstimedelta.LunchTimeRule(
                start_time=LUNCH,
                end_time=BACK,
                working_days=[0, 1, 2, 3, 4],
                tz=pytz.timezone(ZONE),
            ),
            businesstimedelta.HolidayRule(HOLIDAYS, tz=pytz.timezone(ZONE)),
        ]
    )

    def add(start: dt.datetime, running: dt.timedelta) -> dt.datetime:
        return start + businesstimedelta.BusinessTimeDelta(rules, timedelta=running)

    def between(start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        return rules.difference(start, end).timedelta

    return Library("businesstimedelta", add, between)


def add(library: Library, start: dt.datetime) -> dt.datetime:
    return library.add(start, DAY)


def between(library: Library, span: dt.timedelta, start: dt.datetime) -> dt.timedelta:
    return library.between(start, start + span)


def microseconds(question: Callable[[dt.datetime], object], calls: int) -> float:
    """The best round's time for one call, over `calls` different starts."""
    starts = (STARTS * (calls // len(STARTS) + 1))[:calls]

    def ask() -> None:
        for start in starts:
            question(start)

    rounds = ROUNDS if calls > 100 else 2  # the slow one's noise does not matter
    return min(timeit.repeat(ask, number=1, repeat=rounds)) / calls * 1e6


def check_answers(libraries: list[Library]) -> list[str]:
    """Where a library disagrees with the first one: its name and the question."""
    first, *others = libraries
    odd = []
    for other in others:
        wrong = sum(other.add(start, DAY) != first.add(start, DAY) for start in STARTS)
        wrong_spans = sum(
            other.between(start, start + dt.timedelta(days=days))
            != first.between(start, start + dt.timedelta(days=days))
            for start in STARTS[:20]
            for days in SPANS.values()
        )
        if wrong or wrong_spans:
            odd.append(f"{other.name}: {wrong} additions and {wrong_spans} spans differ")
    return odd


def row(label: str, timings: list[float]) -> str:
    ratios = "".join(f"{other / timings[0]:>12.1f}x" for other in timings[1:])
    return f"{label:<22}" + "".join(f"{timing:>19.2f}" for timing in timings) + ratios


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when an aim is missed")
    check = parser.parse_args().check
    libraries = [stipt(), other_workclock(), other_businesstimedelta()]
    for line in check_answers(libraries):
        print(line)
    names = [library.name for library in libraries]
    print(
        f"{'microseconds a call':<22}"
        + "".join(f"{name:>19}" for name in names)
        + f"{'workclock':>13}{'btd':>13}"
    )
    additions = [
        microseconds(partial(add, library), calls)
        for library, calls in zip(libraries, (1000, 1000, 10), strict=True)
    ]
    print(row("add 24 h", additions))
    spans = {}
    for label, days in SPANS.items():
        span = dt.timedelta(days=days)
        spans[label] = [
            microseconds(partial(between, library, span), calls)
            for library, calls in zip(libraries, (1000, 300, 1), strict=True)
        ]
        print(row(f"between, {label}", spans[label]))
    return verdict(additions, spans) if check else 0


def verdict(additions: list[float], spans: dict[str, list[float]]) -> int:
    """1 when an aim is missed, after saying which."""
    longest = spans["18 months"]
    own = [timings[0] for timings in spans.values()]
    aims = {
        "add 24 h at least 3 times faster than workclock": additions[1] / additions[0] >= 3,
        "18 months at least 20 times faster than workclock": longest[1] / longest[0] >= 20,
        "flat with the span (longest at most 1.5 of the shortest)": max(own) <= 1.5 * min(own),
    }
    for aim, met in aims.items():
        print(f"{'met' if met else 'MISSED'}: {aim}")
    return 0 if all(aims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
