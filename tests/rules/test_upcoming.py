# SPDX-License-Identifier: GPL-3.0-or-later
"""The outlook of a report: open cycles by when they fall due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from rules.evidence import CycleRow
from rules.upcoming import Upcoming, upcoming

if TYPE_CHECKING:
    from rules.verdict import State

ENDS = (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def a_cycle(state: State, due_at: datetime | None) -> CycleRow:
    """A cycle that began in November."""
    started_at = datetime(2026, 11, 20, tzinfo=UTC)
    return CycleRow(
        measure="resolution", cycle=1, state=state, started_at=started_at, due_at=due_at
    )


@pytest.mark.parametrize(
    ("state", "day", "place"),
    [
        pytest.param("breached_open", datetime(2026, 11, 21, tzinfo=UTC), "overdue", id="overdue"),
        pytest.param("breached_open", datetime(2026, 12, 2, tzinfo=UTC), "overdue", id="since"),
        pytest.param("running", datetime(2026, 11, 30, tzinfo=UTC), "this_period", id="this"),
        pytest.param("running", ENDS[0], "next_period", id="at the end of this one"),
        pytest.param("paused", None, "paused", id="paused without a due"),
        pytest.param("paused", datetime(2026, 12, 31, tzinfo=UTC), "next_period", id="with one"),
    ],
)
def test_an_open_cycle_stands_where_it_falls_due(state: State, day: datetime | None, place: str):
    assert upcoming([a_cycle(state, day)], ENDS) == (Upcoming("resolution", **{place: 1}),)


@pytest.mark.parametrize("state", ["met", "breached", "cancelled", "excluded"])
def test_what_has_ended_is_not_upcoming(state: State):
    assert upcoming([a_cycle(state, ENDS[0])], ENDS) == ()


def test_what_falls_due_after_the_next_period_is_left_out():
    assert upcoming([a_cycle("running", ENDS[1])], ENDS) == ()
