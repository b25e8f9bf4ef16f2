# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail that can wait: people who keep the promised replies, found by simulation."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendars import BusinessCalendar
from rules.mail_plan import HalfYear, TierOutlook, plan_mail
from rules.timeline import seconds_of
from rules.workdays import workdays
from rules.workload import (
    Duty,
    Roster,
    Task,
    is_hopeless,
    worked_off,
)
from tests.rules.builders import instant

HOUR, DAY, WEEK = 3600, 86_400, 604_800
SHRINKAGE = Fraction(3, 10)
MONDAY = instant("2026-01-05 00:00")
START = seconds_of(MONDAY)
NINE_TO_FIVE = [("09:00", "17:00")]
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
DAILY = BusinessCalendar("UTC", dict.fromkeys((*WORKDAYS, "sat", "sun"), NINE_TO_FIVE))
WEEKDAYS = BusinessCalendar("UTC", dict.fromkeys(WORKDAYS, NINE_TO_FIVE))
LAST_13_OF_26 = (START + 13 * WEEK, START + 26 * WEEK)


def opening_hours(calendar: BusinessCalendar, hours: int) -> Callable[[int], int]:
    return lambda at: calendar.instant(calendar.position(at) + hours * HOUR)


def within_a_day(at: int) -> int:
    return at + DAY


def ten_an_hour(weeks: int, due: Callable[[int], int]) -> list[Task]:
    """Ten minutes of work every six minutes, day and night."""
    return [Task(at, due(at), 600) for at in range(START, START + weeks * WEEK, 360)]


def team(calendar: BusinessCalendar, weeks: int) -> Callable[[int], Roster]:
    within = (START, START + (weeks + 2) * WEEK)
    return lambda agents: Roster.staffed(calendar, agents, within, SHRINKAGE)


def late(tasks: list[Task], roster: Roster, judged: tuple[int, int] = (0, 1 << 40)) -> int:
    finishes = worked_off(tasks, roster)
    return sum(one.is_late for one in finishes if judged[0] <= one.task.due < judged[1])


HALF_YEAR = HalfYear(START, LAST_13_OF_26[0], LAST_13_OF_26[1])


def planned(
    tasks: list[Task],
    roster_of: Callable[[int], Roster],
    promised: Fraction,
    span: HalfYear = HALF_YEAR,
) -> tuple[int | None, TierOutlook]:
    """The fewest people for one promise, and how it fares."""
    found = plan_mail(tasks, {"": promised}, roster_of, span)
    (tier,) = found.tiers
    return found.agents, tier


def people_for_the_load(work: int, open_seconds: int) -> int:
    """Those who keep up at all, whatever is promised."""
    return ceil(work / (open_seconds * (1 - SHRINKAGE)))


def test_a_promise_of_a_day_needs_the_eight_people_who_keep_up_at_all():
    agents, found = planned(ten_an_hour(26, within_a_day), team(DAILY, 26), Fraction(1))

    assert (agents, found.late) == (8, 0)
    assert found.late_with_one_fewer == found.n


def test_seven_people_fall_behind_though_nothing_is_late_for_two_weeks():
    assert late(ten_an_hour(2, within_a_day), team(DAILY, 2)(7)) == 0
    assert people_for_the_load(1680 * 600, 56 * HOUR) == 8


def test_the_longest_wait_of_eight_people_is_that_of_a_mail_at_closing():
    roster = team(DAILY, 2)(8)
    waits = [
        roster.instant(one.at) - one.task.arrives
        for one in worked_off(ten_an_hour(2, within_a_day), roster)
    ]

    assert 16 * HOUR + 60 < max(waits) <= 16 * HOUR + 120  # 16 h 02 min, the minute begun


@pytest.mark.parametrize(("agents", "n_late"), [(20, 0), (19, 12), (8, 835)])
def test_nights_of_mail_due_two_hours_after_opening_need_twenty_people(agents: int, n_late: int):
    tasks = ten_an_hour(1, opening_hours(DAILY, 2))

    assert len(tasks) == 1680
    assert late(tasks, team(DAILY, 1)(agents)) == n_late


@pytest.mark.parametrize(("agents", "n_late"), [(77, 0), (76, 3)])
def test_weekends_of_mail_due_two_hours_after_opening_need_seventy_seven(agents: int, n_late: int):
    tasks = ten_an_hour(2, opening_hours(WEEKDAYS, 2))

    assert len(tasks) == 3360
    assert late(tasks, team(WEEKDAYS, 2)(agents)) == n_late


@pytest.mark.parametrize(
    ("agents", "calendar", "keeps"),
    [(20, DAILY, True), (19, DAILY, False), (77, WEEKDAYS, True), (76, WEEKDAYS, False)],
)
def test_what_holds_for_a_week_holds_for_half_a_year(
    agents: int, calendar: BusinessCalendar, keeps: bool
):
    tasks = ten_an_hour(26, opening_hours(calendar, 2))

    assert (late(tasks, team(calendar, 26)(agents), LAST_13_OF_26) == 0) is keeps


def test_mail_of_opening_hours_only_needs_its_load():
    """Thirty an hour on working days, due within eight opening hours: 7.14 people."""
    tasks = [
        Task(at, opening_hours(WEEKDAYS, 8)(at), 600)
        for start, end in WEEKDAYS.open_spans(START, START + 26 * WEEK)
        for at in range(start, end, 120)
    ]
    agents, found = planned(tasks, team(WEEKDAYS, 26), Fraction(1))

    assert agents == people_for_the_load(30 * 600, HOUR) == 8
    assert found.late_with_one_fewer > 0


def mondays(weeks: int) -> list[Task]:
    """Four hundred mails in the first hour of every Monday, answered within a day."""
    opening = START + 9 * HOUR
    return [
        Task(opening + week * WEEK + 9 * each, opening + week * WEEK + 9 * each + DAY, 600)
        for week in range(weeks)
        for each in range(400)
    ]


@pytest.mark.parametrize("promised", [Fraction(1), Fraction(95, 100), Fraction(3, 4)])
def test_a_team_for_a_day_set_by_the_deadline_keeps_it_and_one_fewer_does_not(promised: Fraction):
    tasks = mondays(26)
    agents, found = planned(tasks, team(DAILY, 26), promised)

    assert agents is not None
    assert agents > people_for_the_load(400 * 600, 56 * HOUR) == 2
    assert found.n == 13 * 400
    assert found.late <= found.n * (1 - promised) < found.late_with_one_fewer
    assert late(tasks, team(DAILY, 26)(agents), LAST_13_OF_26) == found.late
    assert late(tasks, team(DAILY, 26)(agents - 1), LAST_13_OF_26) == found.late_with_one_fewer


def test_half_of_an_even_day_cannot_be_answered_within_four_hours_of_the_clock():
    tasks = [Task(at, at + 4 * HOUR, 600) for at in range(START, START + DAY, 360)]
    roster = team(DAILY, 1)(1)

    tasks = [*tasks[1:], Task(START + DAY, START + DAY + 4 * HOUR, 600)]
    assert sum(is_hopeless(one, roster) for one in tasks) == 121


def test_a_weekend_of_mail_cannot_be_answered_within_a_day():
    minutes = [Task(at, at + DAY, 600) for at in range(START + WEEK, START + 2 * WEEK, 60)]
    span = HalfYear(START, START, START + 4 * WEEK)
    _, found = planned(minutes, team(WEEKDAYS, 3), Fraction(4, 5), span)

    # Friday 17:00 to Sunday 09:00, both ends included
    assert (found.hopeless, found.n) == (40 * 60 + 1, 10_080)
    assert not found.is_possible
    assert found.late == found.hopeless


small = st.integers(0, 60)
jobs = st.lists(st.tuples(small, small, st.integers(1, 40)), min_size=1, max_size=8)
shifts = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 40), st.integers(0, 3)), max_size=4)


def rostered(pieces: list[tuple[int, int, int]]) -> Roster:
    duties, at = [], 0
    for gap, length, agents in pieces:
        duties.append(Duty(at + gap, at + gap + length, agents))
        at += gap + length
    return Roster(duties, Fraction(1, 3))


def late_by_counting_seconds(tasks: list[Task], roster: Roster) -> int:
    """The same by brute force: every second the most urgent work that is there gets done."""
    left = {place: task.work * 3 for place, task in enumerate(tasks)}
    found: set[int] = set()
    for at in range(300):
        found |= {place for place, units in left.items() if units and tasks[place].due == at}
        speed = sum(2 * one.agents for one in roster.duties if one.start <= at < one.end)
        there = [place for place, units in left.items() if units and tasks[place].arrives <= at]
        for place in sorted(there, key=lambda each: (tasks[each].due, each)):
            done = min(speed, left[place])
            left[place] -= done
            speed -= done
    return len(found)


@given(jobs, shifts)
def test_working_by_capacity_is_working_by_the_second(
    works: list[tuple[int, int, int]], pieces: list[tuple[int, int, int]]
):
    tasks = [Task(at, at + time, work) for at, time, work in works]
    roster = rostered(pieces)

    assert late(tasks, roster) == late_by_counting_seconds(tasks, roster)


@given(jobs, st.integers(1, 5))
def test_one_more_never_makes_anything_late(works: list[tuple[int, int, int]], agents: int):
    tasks = [Task(at, at + time, work) for at, time, work in works]
    few, more = (Roster([Duty(5, 200, n)], SHRINKAGE) for n in (agents, agents + 1))

    assert late(tasks, more) <= late(tasks, few)


@given(st.integers(0, 400), shifts)
def test_the_instant_of_a_capacity_is_where_it_is_reached(
    at: int, pieces: list[tuple[int, int, int]]
):
    roster = rostered(pieces)
    reached = roster.capacity(at)
    found = roster.instant(reached)

    if reached:
        assert found is not None
        assert found <= at
        assert roster.capacity(int(found)) <= reached
    assert roster.instant(roster.capacity(1 << 40) + 1) is None


@pytest.mark.parametrize(
    "duties", [[Duty(5, 5, 1)], [Duty(0, 5, -1)], [Duty(0, 5, 1), Duty(4, 9, 1)]]
)
def test_a_roster_that_makes_no_sense_is_refused(duties: list[Duty]):
    with pytest.raises(ValueError, match=r"duty"):
        Roster(duties, SHRINKAGE)


def test_a_roster_of_nobodys_time_is_refused():
    with pytest.raises(ValueError, match="shrinkage"):
        Roster([Duty(0, 5, 1)], Fraction(1))


def test_a_team_that_is_too_small_shows_a_backlog_that_grows_day_by_day():
    first, behind = MONDAY.date(), MONDAY.date() + timedelta(days=14)
    found = workdays(ten_an_hour(2, within_a_day), team(DAILY, 2)(7), first, behind, "UTC")

    assert {one.load for one in found} == {40 * HOUR}
    assert {one.capacity for one in found} == {Fraction(392, 10) * HOUR}
    assert {one.utilisation for one in found} == {Fraction(400, 392)}
    assert sum(one.late for one in found) == 0
    backlogs = [one.backlog for one in found]
    assert [later - earlier for earlier, later in pairwise(backlogs)][3:] == [
        HOUR * Fraction(8, 10)
    ] * 10


def test_what_is_left_at_night_came_in_after_closing():
    first, behind = MONDAY.date(), MONDAY.date() + timedelta(days=3)
    found = workdays(ten_an_hour(1, within_a_day), team(DAILY, 1)(8), first, behind, "UTC")

    assert [one.backlog for one in found] == [70 * 600] * 3  # ten an hour from 17:00 to midnight
    assert [one.oldest_seconds for one in found] == [7 * HOUR] * 3
    assert [one.due for one in found] == [0, 240, 240]


def test_a_day_off_has_no_capacity_and_no_utilisation():
    day, behind = (MONDAY.date() + timedelta(days=n) for n in (6, 7))
    (sunday,) = workdays([], team(WEEKDAYS, 1)(1), day, behind, "UTC")

    assert (sunday.capacity, sunday.utilisation, sunday.oldest_seconds) == (0, None, None)
