# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers die, workers freeze or are told to end amid work; nothing is lost or done twice."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.kill.driver import LEASE, Arena, arena, everything_holds, settle
from tests.services.postgresql import PostgresServer
from tests.services.redis_server import RedisServer
from tests.worker.sandbox_site import eventually
from tests.worker.worker_process import WorkerProcess
from worker.store.tables import outbox

SEED = 7
pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("servers")]


@pytest.fixture
def served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str, redis_url: str
) -> Iterator[Arena]:
    """Two workers' surroundings over PostgreSQL and Redis."""
    with arena(
        tmp_path / "served",
        monkeypatch,
        SEED,
        n_tickets=60,
        database_url=postgres_url,
        broker=redis_url,
    ) as one:
        yield one


@contextmanager
def workers(one: Arena, number: int = 2) -> Iterator[list[WorkerProcess]]:
    """So many workers, which are gone afterwards."""
    started = [one.serve() for _ in range(number)]
    try:
        yield started
    finally:
        for worker in started:
            one.kills += 1  # whatever it has in hand is doubtful
            worker.end()


def goes_on(one: Arena, calls: int = 3) -> bool:
    """Whether the helpdesk is called some times more."""
    counted = one.site.sandbox.ledger.calls
    before = counted.total()
    return eventually(lambda: counted.total() >= before + calls, 30)


def test_a_database_that_crashes_again_and_again_costs_nothing_but_time(
    served: Arena, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with workers(served) as started:
        for _ in range(5):
            assert goes_on(served)
            postgres_server.restart("immediate")
        assert goes_on(served, 8)
        assert all(worker.is_running() for worker in started), started[0].errors()[-2000:]
    settle(served)
    everything_holds(served, tmp_path / "whole")


def test_a_broker_that_forgets_or_dies_costs_nothing_but_time(
    served: Arena, redis_server_of_run: RedisServer, tmp_path: Path
) -> None:
    with workers(served) as started:
        for number in range(4):
            assert goes_on(served)
            if number % 2:
                redis_server_of_run.kill()
                redis_server_of_run.start()
            redis_server_of_run.flush()
        assert goes_on(served, 8)
        assert all(worker.is_running() for worker in started), started[0].errors()[-2000:]
    settle(served)
    everything_holds(served, tmp_path / "whole")


@pytest.mark.parametrize(
    "point", ["tick-claimed", "outbox-claimed", "write-claimed", "job-submitted"]
)
def test_a_worker_that_was_frozen_for_longer_than_its_lease_does_nothing_twice(
    served: Arena, tmp_path: Path, point: str
) -> None:
    variables = served.variables() | {"STIPT_CRASH_AT": f"{point}:1:freeze"}
    frozen = served.site.serve(lease=LEASE, **variables)
    try:
        assert eventually(lambda: is_frozen(frozen), 30), frozen.errors()[-2000:]
        time.sleep(LEASE + 1.5)  # its lease is of real time
        with workers(served, 1):
            assert goes_on(served, 5)
            frozen.send_signal(signal.SIGCONT)
            assert goes_on(served, 8)
            assert frozen.is_running()
    finally:
        served.kills += 1
        served.freezes += 1
        frozen.end()
    settle(served)
    everything_holds(served, tmp_path / "whole")


def is_frozen(worker: WorkerProcess) -> bool:
    """Whether the process is stopped."""
    state = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arena]:
    """A worker on SQLite whose messages take two seconds each."""
    with arena(tmp_path / "slow", monkeypatch, SEED, n_tickets=60) as one:
        one.hook.hangs_up = 0
        one.hook.takes_s = 2
        yield one


def test_a_drain_amid_slow_messages_gives_the_rest_back_in_time(
    slow: Arena, tmp_path: Path
) -> None:
    with workers(slow, 1) as (worker,):
        assert eventually(lambda: bool(slow.hook.keys), 40)
        begun = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30)[0] == 0, worker.errors()[-2000:]
        assert time.monotonic() - begun < 12
    claimed = sa.select(outbox.c.id).where(outbox.c.state == "sending")
    assert slow.site.query(claimed) == []
    settle(slow)
    everything_holds(slow, tmp_path / "whole")
