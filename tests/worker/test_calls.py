# SPDX-License-Identifier: GPL-3.0-or-later
"""What a first sync costs in API calls, at the sandbox's default limits, while others work too."""

from benchmarks.sync import MOST_PER_1000, measure


def test_a_first_sync_stays_below_its_bound_of_calls() -> None:
    found = measure(1600, seed=3)
    assert found.is_complete
    assert found.per_1000 <= MOST_PER_1000, found.calls
    assert found.writes > 0
    assert found.notes > 0
    assert found.most_notes_of_a_step == 1
    assert found.single_puts == 0
    assert found.written_for_nothing == 0
    assert found.second_pass_writes == 0
