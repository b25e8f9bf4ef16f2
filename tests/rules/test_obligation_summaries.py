# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdict rows by groups: counts, shares and durations."""

from fractions import Fraction

import pytest

from rules.evidence import CycleRow
from rules.summaries import Percentile, over_by, summaries, summary
from tests.rules.promises_kept import NOVEMBER, a_row


def took(seconds: int, state: str = "met", **more: object) -> CycleRow:
    return a_row(state=state, elapsed_seconds=seconds, **more)


def test_rows_are_grouped_by_what_one_likes():
    rows = [
        took(10, priority="high"),
        took(20, "breached", priority="high"),
        took(30, measure="resolution", priority="high"),
        took(40, due="2026-12-01 00:00"),
        took(50, "paused", due=None),
    ]
    found = summaries(rows, NOVEMBER, lambda row: (row.measure, row.priority))

    assert set(found) == {("first_reply", "high"), ("resolution", "high")}
    assert found["first_reply", "high"].share == Fraction(1, 2)
    assert found["first_reply", "high"].percent == "50.0"


def test_a_summary_counts_each_kind():
    found = summary(
        [
            took(1, ended_by="solved"),
            took(2, ended_by="solved", measure="resolution"),
            took(3, "breached"),
            took(4, "breached_open"),
            took(5, "excluded"),
            took(6, "running"),
            took(7, "cancelled"),
        ]
    )

    assert (found.met, found.breached, found.open_overdue) == (2, 2, 1)
    assert (found.without_reply, found.excluded, found.n_decided) == (1, 1, 4)


def test_durations_are_those_that_occurred_and_open_ones_are_at_least_that():
    found = summary([*(took(n) for n in range(1, 10)), took(10, "breached_open")])

    assert found.median == Percentile(5)
    assert found.p90 == Percentile(9)
    assert summary([took(9), took(10, "breached_open")]).p90 == Percentile(10, is_at_least=True)


def test_a_summary_of_nothing_has_no_share_and_no_durations():
    found = summary([took(1, "running")])

    assert (found.share, found.percent, found.median, found.p90) == (None, "n/a", None, None)


@pytest.mark.parametrize(
    ("row", "seconds"),
    [
        (took(150, "breached", target_seconds=100), 50),
        (took(150, "breached_open", target_seconds=100), 50),
        (took(90, "breached", target_seconds=100), 0),
        (took(90, target_seconds=100), None),
    ],
)
def test_only_a_breach_is_over_its_target(row: CycleRow, seconds: int | None):
    assert over_by(row) == seconds
