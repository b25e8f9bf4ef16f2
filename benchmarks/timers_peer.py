# SPDX-License-Identifier: GPL-3.0-or-later
"""The same timers in APScheduler with its SQLAlchemy job store, on a database of the same kind.

It is the usual way to keep timers in a database from Python, and does less: one
process alone may work on a store, so it claims nothing and holds no lease, a
job that was begun when the process died is not done again, and what it hands
over is a call of a function and not a judged, stored and marked message.
"""

from __future__ import annotations

import pickle
import statistics
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

import sqlalchemy as sa
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from worker.store.database import Database

NAME = f"APScheduler {version('apscheduler')}"
POLLS = 500
TAKEN = 2_000
"""Few: it reads all that is due at once, and writes one job after the other."""

_AHEAD = timedelta(seconds=10)
_CHUNK = 10_000
_arrived: list[float] = []
_lock = threading.Lock()


def arrive(moment: float) -> None:
    """The function of every timer: remember how late it was called, in seconds."""
    with _lock:
        _arrived.append(time.time() - moment)


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """What it took: milliseconds for an idle look, timers a second, seconds after the moment."""

    idle_ms: float
    taken: float
    median_s: float
    worst_s: float


def measure_peer(database: Database, *, timers: int, due: int) -> PeerFigures:
    """Fill an empty database with so many timers and take the same figures as of ours."""
    store = SQLAlchemyJobStore(engine=database.engine)
    scheduler = BackgroundScheduler(
        jobstores={"default": store},
        timezone=UTC,
        job_defaults={"misfire_grace_time": None},  # late is better than never, as for us
    )
    scheduler.start(paused=True)
    try:
        now = time.time()
        step = max(1, 31_536_000 // timers)
        later = (now + 3600 + number * step for number in range(timers))
        _fill(database, store, _states(scheduler), later)
        idle_ms = _idle_ms(store)
        taken = _taken_a_second(database, store, min(TAKEN, timers))
        median_s, worst_s = _lateness(database, store, scheduler, due)
    finally:
        scheduler.shutdown()
    return PeerFigures(idle_ms, taken, median_s, worst_s)


def _states(scheduler: BackgroundScheduler) -> Callable[[str, float], bytes]:
    """Makes the row of a timer as the store itself would write it, without a call for each."""
    scheduler.add_jobstore("memory", alias="sample")
    sample = scheduler.add_job(arrive, "date", run_date=datetime.now(UTC) + _AHEAD, args=[0.0])
    like = sample.__getstate__()
    sample.remove()
    scheduler.remove_jobstore("sample")

    def state(ident: str, moment: float) -> bytes:
        at = datetime.fromtimestamp(moment, UTC)
        own = {"id": ident, "trigger": DateTrigger(at, UTC), "next_run_time": at, "args": (moment,)}
        return pickle.dumps(like | own, pickle.HIGHEST_PROTOCOL)

    return state


def _fill(
    database: Database,
    store: SQLAlchemyJobStore,
    state: Callable[[str, float], bytes],
    moments: Iterator[float],
    prefix: str = "t",
) -> None:
    rows = [
        {"id": f"{prefix}{number:07}", "next_run_time": at, "job_state": b""}
        for number, at in enumerate(moments)
    ]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        filled = [one | {"job_state": state(one["id"], one["next_run_time"])} for one in chunk]
        with database.engine.begin() as connection:
            connection.execute(sa.insert(store.jobs_t), filled)


def _idle_ms(store: SQLAlchemyJobStore) -> float:
    """The two questions of its scheduler while nothing is due."""

    def look() -> float:
        begun = time.perf_counter()
        store.get_due_jobs(datetime.now(UTC))
        store.get_next_run_time()
        return (time.perf_counter() - begun) * 1000

    return statistics.median(look() for _ in range(POLLS))


def _taken_a_second(database: Database, store: SQLAlchemyJobStore, number: int) -> float:
    """What its scheduler does to the store for timers that are due: reads all, moves each on."""
    rows = store.jobs_t
    first = sa.select(rows.c.id).order_by(rows.c.next_run_time).limit(number)
    with database.engine.begin() as connection:
        past = sa.update(rows).where(rows.c.id.in_(first)).values(next_run_time=time.time() - 60)
        connection.execute(past)
    begun = time.perf_counter()
    jobs = store.get_due_jobs(datetime.now(UTC))
    for job in jobs:
        job._modify(next_run_time=datetime.now(UTC) + timedelta(days=1))  # as it does itself
        store.update_job(job)
    assert len(jobs) == number
    return number / (time.perf_counter() - begun)


def _lateness(
    database: Database, store: SQLAlchemyJobStore, scheduler: BackgroundScheduler, due: int
) -> tuple[float, float]:
    """Median and worst, in seconds, of so many timers that are due in the same second."""
    moment = datetime.now(UTC).replace(microsecond=0) + _AHEAD
    _fill(database, store, _states(scheduler), iter([moment.timestamp()] * due), prefix="due")
    _arrived.clear()
    scheduler.resume()
    until = time.monotonic() + 120
    while len(_arrived) < due and time.monotonic() < until:
        time.sleep(0.05)
    assert len(_arrived) == due, len(_arrived)
    return statistics.median(_arrived), max(_arrived)
