# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass or the whole service in a process of its own, to be killed, stopped or told to end.

The processes are forked from one that has everything loaded already, which
takes a tenth of the time that starting the interpreter would.
"""

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dramatiq.brokers.redis  # noqa: F401 -- loaded before the fork
import psycopg  # noqa: F401 -- loaded before the fork

import connector.zendesk  # noqa: F401 -- loaded before the fork
import worker.actors
import worker.reconcile
import worker.run
import worker.sending
import worker.wiring
import worker.writeback
from worker.error_reports import start_error_reports
from worker.logs import configure_logs
from worker.roles import Role
from worker.run_once import run_once
from worker.settings import load_settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_LOADED = multiprocessing.get_context("forkserver")
_LOADED.set_forkserver_preload([__name__])
LOG = "worker.log"


@dataclass
class WorkerProcess:
    """A process under way, the end of the pipe that brings its report, and its log."""

    process: "BaseProcess"
    report: "Connection"
    log: Path

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process.pid is not None
        return self.process.pid

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.is_alive()

    def kill(self) -> None:
        """End it at once, wherever it is."""
        self.process.kill()

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self, seconds: float) -> tuple[int, object]:
        """Exit code, and the reports or what went wrong (None where it was killed)."""
        until = time.monotonic() + seconds
        told: object = None
        try:
            if self.report.poll(seconds):
                told = self.report.recv()
        except EOFError:
            told = None
        self.process.join(max(0.1, until - time.monotonic()))
        code = self.process.exitcode
        assert code is not None, f"it did not end: {self.errors()}"
        self.process.close()
        self.report.close()
        return code, told

    def end(self) -> None:
        """Kill it if it still runs, and take it away."""
        try:
            self.process.kill()
            self.process.join(10)
            self.process.close()
            self.report.close()
        except ValueError:  # it was waited for already
            return

    def errors(self) -> str:
        """What it logged."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


def started_pass(environment: Mapping[str, str], folder: Path) -> WorkerProcess:
    """Start one pass with these variables and no others."""
    return _started(_pass, environment, folder)


def started_service(
    environment: Mapping[str, str],
    folder: Path,
    *,
    roles: Sequence[str] = ("all",),
    lease: int | None = None,
) -> WorkerProcess:
    """Start the service with these variables and no others.

    With `lease` no claim lasts longer than so many seconds, so that a test
    need not wait for a minute. It must still be longer than the longest call.
    """
    return _started(_serve, environment, folder, tuple(roles), lease)


def _started(
    work: Callable[..., None], environment: Mapping[str, str], folder: Path, *more: object
) -> WorkerProcess:
    ours, theirs = _LOADED.Pipe(duplex=False)
    log = folder / LOG
    process = _LOADED.Process(
        target=_run, args=(work, dict(environment), str(log), theirs, more), daemon=True
    )
    process.start()
    theirs.close()
    return WorkerProcess(process, ours, log)


def _run(
    work: Callable[..., None],
    environment: dict[str, str],
    log: str,
    report: "Connection",
    more: tuple[object, ...],
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        work(report, *more)
    except Exception:  # noqa: BLE001 -- told to the test
        report.send(traceback.format_exc())
        os._exit(1)


def _pass(report: "Connection") -> None:
    report.send([one.to_json() for one in run_once(load_settings())])


def _serve(report: "Connection", roles: tuple[Role, ...], lease: int | None) -> None:
    settings = load_settings()
    configure_logs(level=settings.log_level, log_format="json")
    start_error_reports(None, release="test", environment="test")
    if lease is not None:
        intervals = [int(one.poll_interval.total_seconds()) for one in settings.accounts]
        _shorten_leases(lease, max(intervals))
    code = worker.run.run(settings, roles)
    report.send(code)
    report.close()
    os._exit(code)


def _shorten_leases(seconds: int, interval: int) -> None:
    worker.reconcile.LEASE = seconds
    worker.sending.LEASE = seconds
    worker.writeback.LEASE = seconds
    worker.actors.NOTE_LEASE = seconds
    worker.actors.WRITE_LEASE = seconds
    worker.wiring.FROZEN_AFTER = seconds / 2
    worker.run.POLL_LEASE = seconds - interval
    worker.run.HINTS_LEASE = seconds
