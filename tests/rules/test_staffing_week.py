# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual week out of the weeks before, and the people that each interval of it needs."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from rules.arrivals import LookBack, Profile, Slot, Usual, profile
from rules.line_plan import Line, line_plan
from rules.staffing import LinePromise

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
UNTIL = date(2026, 11, 23)  # a Monday
MONDAYS = [UNTIL - timedelta(weeks=back) for back in range(8, 0, -1)]
NINE = Slot(0, 9 * 60)
LINE = Line(
    360,
    LinePromise(180, answered=Fraction(9, 10), abandoned=Fraction(5, 100), patience_seconds=240),
    Fraction(3, 10),
)


def at_nine(counts: dict[date, int]) -> Iterator[datetime]:
    """So many arrivals between 9:00 and 9:30 local time, on each of these dates."""
    for day, n in counts.items():
        for each in range(n):
            yield datetime(day.year, day.month, day.day, 9, each % 30, tzinfo=AMSTERDAM)


def looked_back(**more: object) -> LookBack:
    return LookBack(UNTIL, "Europe/Amsterdam", **more)


def test_the_usual_number_is_the_mean_of_comparable_days():
    counts = dict(zip(MONDAYS, [28, 30, 32, 30, 30, 31, 29, 30], strict=True))
    found = profile(at_nine(counts), looked_back())

    assert found.slots[NINE] == Usual(Fraction(30), 31, 8)
    assert found.slots[Slot(1, 9 * 60)].mean == 0
    assert found.total() == 30
    assert len(found.slots) == 7 * 48


def test_hours_are_local_ones_before_and_after_the_clocks_change():
    weeks = {date(2026, 10, 19): 10, date(2026, 10, 26): 10}  # summer time ended on the 25th
    found = profile(at_nine(weeks), looked_back())

    assert found.slots[NINE].mean == Fraction(20, 8)


def test_a_holiday_says_nothing_about_its_weekday():
    counts = dict.fromkeys(MONDAYS, 16) | {MONDAYS[3]: 0}
    found = profile(at_nine(counts), looked_back(holidays=frozenset({MONDAYS[3]})))

    assert (found.slots[NINE].mean, found.slots[NINE].n_weeks) == (16, 7)


def test_a_week_that_stands_out_is_told_and_kept():
    counts = dict.fromkeys(MONDAYS, 10) | {MONDAYS[5]: 90}
    usual = profile(at_nine(counts), looked_back()).slots[NINE]

    assert usual.outliers == (MONDAYS[5],)
    assert usual.mean == 20
    assert usual.p80 == 10


def test_what_came_in_before_or_after_has_no_part():
    counts = {UNTIL: 10, MONDAYS[0] - timedelta(weeks=1): 10}

    assert profile(at_nine(counts), looked_back()).total() == 0


def test_the_trend_is_the_later_half_against_the_earlier():
    counts = {day: 20 if day < MONDAYS[4] else 22 for day in MONDAYS}

    assert profile(at_nine(counts), looked_back()).trend == Fraction(11, 10)
    assert profile([], looked_back()).trend is None
    assert profile(at_nine(counts), looked_back(weeks=1)).trend is None


@pytest.mark.parametrize(("minutes", "slots"), [(15, 672), (60, 168)])
def test_intervals_can_be_shorter_and_longer(minutes: int, slots: int):
    found = profile(at_nine(dict.fromkeys(MONDAYS, 30)), looked_back(interval_minutes=minutes))

    assert len(found.slots) == slots
    assert found.slots[NINE].mean == (15 if minutes == 15 else 30)


@pytest.mark.parametrize("more", [{"interval_minutes": 20}, {"weeks": 0}])
def test_other_intervals_and_no_weeks_are_refused(more: dict[str, int]):
    with pytest.raises(ValueError, match="intervals"):
        looked_back(**more)


def week(*numbers: int) -> Profile:
    """Calls per half hour from Monday 9:00 on."""
    slots = {
        Slot(0, 540 + 30 * n): Usual(Fraction(calls), calls, 8) for n, calls in enumerate(numbers)
    }
    return Profile(slots, 30, None)


def test_every_interval_has_its_people():
    plan = line_plan(week(30, 0, 60), LINE)

    assert [(one.needed.agents, one.needed.paid) for one in plan.intervals] == [
        (9, 13),
        (0, 0),
        (15, 22),
    ]
    assert plan.most_agents == 15
    assert [one.missing for one in plan.intervals] == [0, 0, 0]


def test_a_roster_that_lacks_people_shows_what_that_does():
    first, second = week(30, 30).slots
    plan = line_plan(week(30, 30), LINE, {first: 8})
    eight, nobody = plan.intervals

    assert (eight.missing, nobody.missing) == (1, 9)
    assert round(eight.as_rostered.abandoned, 8) == 0.06153431
    assert (nobody.slot, nobody.rostered, nobody.as_rostered) == (second, 0, None)


def test_closed_intervals_need_nobody():
    plan = line_plan(week(30, 30), LINE, open_slots=[NINE])

    assert [one.slot for one in plan.intervals] == [NINE]


def test_one_fewer_everywhere_lowers_what_is_answered_in_time():
    plan = line_plan(week(30, 0, 30, 1), LINE)
    kept, fewer = plan.answered(), plan.answered(one_fewer=True)

    assert kept is not None
    assert fewer is not None
    assert kept > Fraction(96, 100)
    assert Fraction(90, 100) < fewer < kept
    assert line_plan(week(0), LINE).answered() is None
