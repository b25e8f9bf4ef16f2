# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers are killed at random moments amid faults; nothing is lost and nothing done twice.

KILLS says how often (`make kill`: 200); the short form is for every run of the suite.
"""

import os
import random
from pathlib import Path

import pytest

from tests.kill.driver import (
    Arena,
    arena,
    everything_holds,
    kill_again_and_again,
    settle,
    trouble,
)

N_ALONE = int(os.environ.get("KILLS", "26"))
N_TOGETHER = int(os.environ.get("KILLS", "16"))
LONGEST = 120 + 4 * max(N_ALONE, N_TOGETHER)
"""Seconds; most of them are for busy machines."""


def a_seed() -> int:
    """Another one each time; SEED repeats a run as far as a run can be repeated."""
    return int(os.environ.get("SEED") or random.randrange(1_000_000))  # noqa: S311 -- no secret


def killed(one: Arena, folder: Path, times: int, n_workers: int) -> None:
    trouble(one)
    kill_again_and_again(one, times, n_workers)
    settle(one)
    everything_holds(one, folder)
    print(f"\n{one.told()}")  # noqa: T201 -- the report that people read


@pytest.mark.timeout(LONGEST)
def test_a_worker_killed_at_random_amid_faults_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with arena(tmp_path / "killed", monkeypatch, a_seed()) as one:
        killed(one, tmp_path / "whole", N_ALONE, 1)


@pytest.mark.timeout(LONGEST)
@pytest.mark.xdist_group("servers")
def test_two_workers_killed_at_random_over_postgresql_and_redis_lose_and_repeat_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str
) -> None:
    with arena(
        tmp_path / "killed", monkeypatch, a_seed(), database_url=postgres_url, broker=redis_url
    ) as one:
        killed(one, tmp_path / "whole", N_TOGETHER, 2)
