# SPDX-License-Identifier: GPL-3.0-or-later
"""What a team did in a period: folds that add up, exact shares, classes and stretches."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.folds import Cell, Facets, Fold, Holder, Load, Solve, load_of
from rules.summaries import Percentile
from rules.teamwork import month_around, months_between, stretch_named, team_report

ZONE = "Europe/Amsterdam"
NOVEMBER = stretch_named("2026-11", ZONE)
CUT_OFF = datetime(2026, 12, 3, tzinfo=UTC)
STATES = ("met", "breached", "breached_open", "excluded", "cancelled", "running", "paused")

rows = st.lists(
    st.tuples(
        st.sampled_from(["first_reply", "resolution"]),
        st.sampled_from([None, "gold", "silver"]),
        st.sampled_from(STATES),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.integers(0, 3600),
        st.booleans(),
    )
)


def folded(some: list[tuple[str, str | None, str, int, int, int, bool]]) -> Fold:
    fold = Fold()
    for measure, tier, *row in some:
        fold.cell(Facets(measure, tier)).take(*row)
        fold.take_trend(tier, measure, 11, row[0])
    return fold


@given(rows, rows)
def test_folds_of_parts_add_up_to_the_fold_of_the_whole(some: list, others: list):
    parts, whole = folded(some), folded(some + others)
    parts.add(folded(others))

    assert team_report(parts, NOVEMBER, CUT_OFF) == team_report(whole, NOVEMBER, CUT_OFF)


@given(rows)
def test_every_table_counts_the_same_cases(some: list):
    found = team_report(folded(some), NOVEMBER, CUT_OFF)

    for table in found.tables.values():
        assert sum(one.summary.met for one in table) == found.n_met
        assert sum(one.summary.n_decided for one in table) == found.n_decided
    assert sum(sum(one.classes) for one in found.over) == found.n_decided - found.n_met
    assert sum(decided for one in found.trend for _, decided in one.counts) == found.n_decided


def test_percentiles_are_by_nearest_rank_and_an_open_case_is_at_least():
    cell = Cell()
    for seconds in range(1, 11):
        cell.take("met", seconds, 100, 0, False)
    assert cell.summary("resolution").median == Percentile(5)
    assert cell.summary("resolution").p90 == Percentile(9)

    cell.take("breached_open", 200, 100, 0, False)
    assert cell.summary("resolution").p90 == Percentile(10)
    cell.take("breached_open", 300, 100, 0, False)
    assert cell.summary("resolution").p90 == Percentile(200, is_at_least=True)


def test_a_reply_target_that_a_solve_ended_is_met_without_a_reply_and_a_resolution_is_not():
    cell = Cell()
    cell.take("met", 5, 100, 0, True)

    assert cell.summary("first_reply").without_reply == 1
    assert cell.summary("resolution").without_reply == 0


def test_nothing_decided_has_no_share():
    found = team_report(Fold(), NOVEMBER, CUT_OFF)

    assert found.n_decided == 0
    assert found.measures == ()


@pytest.mark.parametrize(
    ("over", "place"),
    [(0, 0), (899, 0), (900, 1), (3600, 2), (4 * 3600, 3), (7 * 86_400, 7), (10**9, 7)],
)
def test_time_over_the_target_has_its_class(over: int, place: int):
    fold = Fold()
    fold.cell(Facets("resolution")).take("breached", 100 + over, 100, 0, False)

    (line,) = team_report(fold, NOVEMBER, CUT_OFF).over
    assert line.classes[place] == sum(line.classes) == 1
    assert line.median == line.longest == over


def test_dues_are_shown_at_the_hour_of_the_zone_on_both_sides_of_a_clock_change():
    fold = Fold()
    october = stretch_named("2026-10", ZONE)
    for text in ("2026-10-23T08:30:00+00:00", "2026-10-30T09:30:00+00:00"):  # both 10:30, Fridays
        fold.take_due(int(datetime.fromisoformat(text).timestamp()), is_late=True)

    (hour,) = team_report(fold, october, CUT_OFF).hours
    assert (hour.weekday, hour.hour, hour.late, hour.decided) == (4, 10, 2, 2)


def test_first_solves_count_as_the_indicators_do():
    fold = Fold()
    fold.solves.update(
        {
            Solve("gold", "a", "email", 1, False, True): 6,  # one contact was enough
            Solve("gold", "a", "email", 2, False, True): 2,
            Solve("gold", "a", "email", 1, True, False): 1,  # reopened: lost already
            Solve("gold", "a", "email", 1, False, False): 4,  # within the window
            Solve("gold", "a", "email", 0, False, True): 3,  # no contact
            Solve("gold", "a", "email", None, False, True): 5,  # no end user
        }
    )

    (line,) = team_report(fold, NOVEMBER, CUT_OFF).solves
    assert (line.n_solved, line.n_over, line.n_reopened) == (21, 17, 1)
    assert (line.n_contacts, line.n_first_contact) == (9, 6)


def test_a_ticket_is_one_load_however_many_of_its_promises_are_overdue():
    now = 1_000_000
    assert load_of([("running", now - 1), ("breached_open", now - 9)], now) == Load(1, 1, 0)
    assert load_of([("running", now), ("paused", None)], now) == Load(1, 0, 1)
    assert load_of([("running", now + 86_400)], now) == Load(1, 0, 0)

    fold = Fold(load={Holder("b"): Load(3, 1, 0), Holder("a"): Load(9, 0, 2)})
    assert [one.group for one in team_report(fold, NOVEMBER, CUT_OFF).load] == ["b", "a"]


def test_stretches_are_months_quarters_weeks_and_years():
    assert stretch_named("2026-Q4", ZONE).from_at == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert stretch_named("2026-W48", ZONE).until_at == datetime(2026, 11, 29, 23, tzinfo=UTC)
    year = stretch_named("2026", ZONE)
    assert (year.from_at, year.until_at) == (
        datetime(2025, 12, 31, 23, tzinfo=UTC),
        datetime(2026, 12, 31, 23, tzinfo=UTC),
    )
    assert month_around(CUT_OFF, ZONE).label == "2026-12"
    several = months_between(datetime(2026, 9, 15, tzinfo=UTC), CUT_OFF, ZONE, "all")
    assert [one.label for one in several.periods] == ["2026-09", "2026-10", "2026-11", "2026-12"]
    assert several.from_at == several.periods[0].from_at
    with pytest.raises(ValueError, match="2026-13"):
        stretch_named("2026-13", ZONE)
