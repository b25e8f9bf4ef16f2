# SPDX-License-Identifier: GPL-3.0-or-later
"""What rosters, past calls and past mail tell of the people that are needed."""

from __future__ import annotations

import math
import random
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from rules.arrivals import LookBack, Slot, profile
from rules.calendars import BusinessCalendar
from rules.line_plan import Line, line_plan
from rules.mail_plan import half_year, laid_end_to_end, outlook, plan_mail
from rules.phone_history import ENOUGH, PastCall, phone_history
from rules.rosters import Shift, WeekRoster, read_roster
from rules.staffing import LinePromise
from rules.timeline import seconds_of
from rules.workload import Roster, Task
from tests.rules.builders import a_ticket

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
UNTIL = date(2026, 11, 23)  # a Monday
OVER = LookBack(UNTIL, "Europe/Amsterdam")
MONDAYS = [UNTIL - timedelta(weeks=back) for back in range(8, 0, -1)]
HEAD = "work,days,from,until,agents\n"


def test_a_roster_is_read_with_ranges_of_days():
    found, problems = read_roster(HEAD + "phone,mon-wed,09:00,17:30,4\nmail, sat ,10:00,24:00,1\n")

    assert problems == ()
    assert found.shifts == (
        *(Shift("phone", day, 540, 1050, 4) for day in (0, 1, 2)),
        Shift("mail", 5, 600, 1440, 1),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fax,mon,09:00,17:00,4", "work is phone, chat or mail"),
        ("phone,weekdays,09:00,17:00,4", "days is a weekday or a range"),
        ("phone,fri-mon,09:00,17:00,4", "days go from"),
        ("phone,mon,17:00,09:00,4", "is not after"),
        ("phone,mon,9am,17:00,4", "from is a time"),
        ("phone,mon,09:00,24:30,4", "until is a time"),
        ("phone,mon,09:00,17:00,some", "agents is a whole number"),
        ("phone,mon", "from is a time"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, said: str):
    found, problems = read_roster(f"{HEAD}{line}\n")

    assert found.shifts == ()
    assert problems[0].startswith("line 2: ")
    assert said in problems[0]


def test_a_roster_without_a_column_is_refused():
    assert read_roster("work,days\n")[1] == ("line 1: the column from is missing",)


def test_shifts_add_up_and_only_those_that_last_the_interval_count():
    roster = WeekRoster((Shift("phone", 0, 540, 615, 3), Shift("phone", 0, 570, 600, 2)))

    assert roster.by_slot(30) == {Slot(0, 540): 3, Slot(0, 570): 5}


def test_duties_are_local_and_one_fewer_may_leave_nobody():
    roster = WeekRoster((Shift("mail", 0, 540, 1020, 2), Shift("mail", 0, 720, 1440, 1)))
    (monday,) = [UNTIL]
    duties = roster.duties([monday], "Europe/Amsterdam")
    fewer = roster.duties([monday], "Europe/Amsterdam", 1)

    hours = [((one.start - duties[0].start) / 3600, one.agents) for one in duties]
    assert hours == [(0, 2), (3, 3), (8, 1)]
    assert duties[-1].end - duties[0].start == 15 * 3600
    assert [one.agents for one in fewer] == [1, 2]


def a_call(at: datetime, ended: str = "answered", wait: int = 10, work: int = 300) -> PastCall:
    return PastCall(at, ended, wait, work if ended == "answered" else 0)


def monday_at(hour: int, minute: int = 0, week: int = 0) -> datetime:
    day = MONDAYS[week]
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=AMSTERDAM)


def test_handling_is_that_of_the_interval_where_it_has_enough_calls():
    busy = [a_call(monday_at(9, n % 30, n % 8), work=600) for n in range(ENOUGH)]
    quiet = [a_call(monday_at(15, 0, n), work=300) for n in range(5)]
    found = phone_history([*busy, *quiet], OVER)

    assert found.handling[Slot(0, 540)] == 600
    assert found.handling[Slot(0, 900)] == pytest.approx((30 * 600 + 5 * 300) / 35)
    assert found.usual_handling == pytest.approx((30 * 600 + 5 * 300) / 35)


def test_a_weekday_with_few_calls_takes_what_all_take():
    found = phone_history([a_call(monday_at(9), work=240)], OVER)

    assert found.handling == {}
    assert found.usual_handling == 240


def test_the_menu_and_closed_hours_have_no_part():
    calls = [
        a_call(monday_at(9)),
        a_call(monday_at(9), "abandoned_in_ivr"),
        PastCall(monday_at(22), "voicemail", 5, 0, outside_hours=True),
    ]
    found = phone_history(calls, OVER)

    assert found.n_offered == 1
    assert found.profile.total() == Fraction(1, 8)


def test_patience_is_that_of_a_simulated_crowd():
    draw = random.Random(7)  # noqa: S311 -- seeded, so that it is the same crowd
    calls = []
    for n in range(4000):
        queue, patience = draw.expovariate(1 / 60), draw.expovariate(1 / 240)
        ended = "abandoned" if patience < queue else "answered"
        wait = math.floor(min(queue, patience))
        calls.append(a_call(monday_at(9, n % 60, n % 8), ended, wait))
    found = phone_history(calls, OVER)

    assert found.patience_seconds == pytest.approx(240, rel=0.06)


def test_few_who_gave_up_tell_nothing_of_patience():
    calls = [a_call(monday_at(9), "abandoned", 60) for _ in range(9)]

    assert phone_history(calls, OVER).patience_seconds is None
    assert phone_history([], OVER).answered_within(60) is None


def test_what_was_answered_in_time_is_a_share_of_all_that_were_offered():
    calls = [a_call(monday_at(9), wait=20), a_call(monday_at(9), wait=90)]
    calls += [a_call(monday_at(9), "abandoned"), a_call(monday_at(9), "voicemail")]

    assert phone_history(calls, OVER).answered_within(60) == Fraction(1, 4)


def test_growth_is_more_of_everything():
    usual = profile([monday_at(9)] * 8, OVER)

    assert usual.grown(Fraction(1, 10)).total() == usual.total() * Fraction(11, 10)


def test_a_roster_with_one_fewer_answers_less():
    usual = profile([monday_at(9, n % 30, n % 8) for n in range(240)], OVER)
    line = Line(360, LinePromise(180, Fraction(9, 10), patience_seconds=240), Fraction(0))
    nine = Slot(0, 540)
    plan = line_plan(usual, line, {nine: 8}, [nine])
    empty = line_plan(usual, line, {}, [nine])

    full, fewer = plan.answered_as_rostered(), plan.answered_as_rostered(one_fewer=True)
    assert full is not None
    assert fewer is not None
    assert 0 < fewer < full < 1
    assert (empty.answered_as_rostered(), empty.intervals[0].missing) == (
        0,
        empty.intervals[0].needed.agents,
    )
    assert plan.abandoned() < plan.abandoned(one_fewer=True)


DAILY = BusinessCalendar(
    "Europe/Amsterdam",
    {key: [("09:00", "17:00")] for key in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
)
SPAN = half_year(OVER)
SHRINKAGE = Fraction(3, 10)


def staffed(agents: int) -> Roster:
    return Roster.staffed(DAILY, agents, (SPAN.start, SPAN.end + 4_000_000), SHRINKAGE)


def ten_an_hour(group: str, within: int, every: int = 360) -> list[Task]:
    times = range(SPAN.start, SPAN.end, every)
    return [Task(at, at + within, 600, group) for at in times]


def test_ten_mails_an_hour_within_a_day_need_eight_people_and_seven_fall_behind():
    found = plan_mail(ten_an_hour("premium", 86_400), {"premium": Fraction(1)}, staffed, SPAN)
    (tier,) = found.tiers

    assert found.agents == 8
    assert (tier.late, tier.kept) == (0, 1)
    assert tier.late_with_one_fewer > 0
    assert found.utilisation == pytest.approx(40 / 44.8, rel=0.01)


def test_each_tier_has_a_level_of_its_own():
    tasks = ten_an_hour("premium", 20 * 3600, 720) + ten_an_hour("rest", 4 * 86_400, 720)
    strict = plan_mail(tasks, {"premium": Fraction(99, 100), "rest": Fraction(1)}, staffed, SPAN)
    mild = plan_mail(tasks, {"premium": Fraction(1, 2), "rest": Fraction(1, 2)}, staffed, SPAN)

    assert mild.agents is not None
    assert strict.agents is not None
    assert mild.agents <= strict.agents
    assert all(one.kept >= one.promised for one in (*strict.tiers, *mild.tiers))
    assert any(one.kept_with_one_fewer < one.promised for one in strict.tiers)


def test_a_promise_that_nobody_keeps_is_told_and_the_rest_is_planned_for():
    tasks = ten_an_hour("hurried", 4 * 3600) + ten_an_hour("patient", 86_400)
    found = plan_mail(
        tasks, {"hurried": Fraction(95, 100), "patient": Fraction(95, 100)}, staffed, SPAN
    )
    hurried, patient = found.tiers

    assert not hurried.is_possible
    assert hurried.hopeless / hurried.n == pytest.approx(0.5, abs=0.01)
    assert hurried.late == hurried.hopeless
    assert patient.kept >= Fraction(95, 100)


def test_a_roster_of_nobody_keeps_nothing():
    nobody = Roster([], SHRINKAGE)
    (tier,) = outlook(ten_an_hour("all", 86_400), {"all": Fraction(1)}, nobody, None, SPAN)

    assert tier.late == tier.hopeless == tier.late_with_one_fewer == tier.n


def test_history_is_laid_end_to_end_at_the_same_local_time():
    day = OVER.days[0]  # 28 September: summer time
    ticket = a_ticket(f"{day} 09:00+02:00")
    old = a_ticket(f"{day - timedelta(days=1)} 09:00+02:00")
    found = list(laid_end_to_end([ticket, old], OVER))

    local = [one.created_at.astimezone(AMSTERDAM) for one in found]
    assert len(found) == 4  # eight weeks go four times into 26, the last in part
    assert {(at.hour, at.weekday()) for at in local} == {(9, 0)}
    assert all(SPAN.start <= seconds_of(one.created_at) < SPAN.end for one in found)
