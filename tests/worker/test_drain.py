# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that is told to end amid work it cannot finish, or told twice, leaves; nothing is lost.

A drain that has the time it needs is tested with the other outages.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.driver import Arena, arena, everything_holds, settle
from tests.worker.sandbox_site import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("servers")]


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arena]:
    """A worker on SQLite whose messages take eight seconds each."""
    with arena(tmp_path / "slow", monkeypatch, seed=7, n_tickets=60) as one:
        one.hook.hangs_up = 0
        one.hook.takes_s = 8
        yield one


def test_what_a_drain_cannot_finish_in_time_is_taken_up_later(slow: Arena, tmp_path: Path) -> None:
    worker = slow.site.serve(**slow.variables() | {"STIPT_DRAIN_TIMEOUT": "1s"})
    try:
        assert eventually(lambda: slow.hook.n_begun > 0, 40)
        begun = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20)[0] == 143, worker.errors()[-2000:]
        assert time.monotonic() - begun < 6
    finally:
        worker.end()
    it_goes_on(slow, tmp_path)


def test_a_second_signal_ends_it_at_once(slow: Arena, tmp_path: Path) -> None:
    worker = slow.serve()
    try:
        assert eventually(lambda: slow.hook.n_begun > 0, 40)
        begun = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        # The first must have been taken before the second comes.
        while not eventually(lambda: not worker.is_running(), 0.5):
            worker.send_signal(signal.SIGTERM)
        assert worker.wait(5)[0] == 128 + signal.SIGTERM
        assert time.monotonic() - begun < 3.5  # sooner than any message ends
    finally:
        worker.end()
    it_goes_on(slow, tmp_path)


def it_goes_on(one: Arena, folder: Path) -> None:
    """Another worker does the rest; what was under way may have arrived, as after a kill."""
    one.kills += 1
    settle(one)
    everything_holds(one, folder / "whole")
