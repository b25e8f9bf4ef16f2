# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: loops that poll, tick and work until they are told to stop."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from dramatiq import Worker

from worker.actors import QUEUE, Actors, make_broker
from worker.auditor import audit_and_ping
from worker.crash import crash_point
from worker.error_reports import report
from worker.heartbeats import ASKING, WITHIN
from worker.hints import BATCH as HINTS_AT_ONCE
from worker.keeping import kept_lease
from worker.logs import get_logger
from worker.process_lock import holder
from worker.recipients import tell_unreachable
from worker.roles import EVERYTHING, Role, has_role, refuse_idle_roles
from worker.run_once import run_once
from worker.tick import Ticker
from worker.web.application import probe_application, web_application
from worker.web.binding import listen, split_address, web_address
from worker.web.server import WebServer
from worker.wiring import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import FrameType

    from dramatiq import Broker

    from worker.settings import Settings
    from worker.wiring import AccountWork, Installation, Parts

REPORTS_EVERY = 10.0
"""Real seconds between two looks at which reports are due by e-mail."""

SIGNALS_EVERY = 0.5
"""Real seconds within which the main thread sees that a signal has come."""

POLL_EVERY = 0.5
"""Real seconds between two looks whether it is time to poll."""

HINTS_EVERY = 0.25
"""Real seconds between two looks whether somebody hinted at a ticket."""

HINTS_LEASE = 60
"""Real seconds for which one follows hints, renewed while it does."""

THREADS = 8
"""Four to send, and one each to judge, to write and to add notes, with one to spare."""

POLL_LEASE = 60
"""Real seconds beyond the interval of polling for which a poller stays the only one."""

COUNT_EVERY = 60
"""Real seconds between two counts of the running periods."""

COUNT_LEASE = 120
"""Real seconds for which one process stays the only one that counts them."""

_FIRST_COUNT = 5
_AUDIT_EVERY = 60
_AFTER_FAULT = 5.0

_log = get_logger(__name__)

__all__ = ["EVERYTHING", "Role", "Service", "run", "run_once"]


def run(
    settings: Settings,
    roles: Collection[Role] = EVERYTHING,
    parts: Parts | None = None,
) -> int:
    """Run until a signal; returns the exit code: 0 when everything was finished, else 143.

    SIGTERM and SIGINT stop it in order, a second one at once. SIGHUP reads the
    rules again.

    Raises:
        SettingsInvalid, SchemaMismatch, OtherHelpdesk, RulesInvalid, RulesMissing: at the start.
        AlreadyRunning: another process works on the SQLite file.
    """
    refuse_idle_roles(settings, roles)
    with opened(settings, parts, works=has_role(roles, "work")) as installation:
        service = Service(installation, roles)
        service.listen()
        service.start()
        # Not one endless wait: a signal that another thread was handed does not end that.
        while not installation.stop.wait(SIGNALS_EVERY):
            pass
        return 0 if service.drain() else 143


class Service:
    """The loops of this process."""

    def __init__(self, installation: Installation, roles: Collection[Role]) -> None:
        self._installation = installation
        self._roles = frozenset(roles)
        url = installation.settings.broker_url.get_secret_value()
        self._broker: Broker = make_broker(url)
        self._actors = Actors(self._broker, installation)
        self._worker = Worker(
            self._broker, queues={QUEUE}, worker_threads=THREADS, worker_timeout=200
        )
        self._threads: list[threading.Thread] = []
        self._reload = threading.Event()
        self._web = self._web_server()

    @property
    def address(self) -> str:
        """Where this process answers over HTTP."""
        return self._web.address

    def listen(self) -> None:
        """Take over the process's signals."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_reload)

    def start(self) -> None:
        """Start the loops of the chosen roles, and answer over HTTP."""
        if self._has("work"):
            self._broker.emit_after("process_boot")
            self._worker.start()
            for work in self._installation.accounts:
                self._loop(f"reports:{work.name}", self._report_sender(work), ASKING)
        if self._has("poll"):
            for work in self._installation.accounts:
                self._loop(f"poll:{work.name}", self._poller(work), ASKING)
                self._loop(f"hints:{work.name}", self._hint_follower(work), ASKING)
        if self._has("tick"):
            ticker = Ticker(self._installation, self._actors)
            self._loop("tick", ticker.tick)
            self._loop("audit", self._auditor())
            for work in self._installation.accounts:
                self._loop(f"standings:{work.name}", self._standing_keeper(work))
        self._loop("rules", self._rules_reader())
        self._web.start()
        _log.info("service_started", role=",".join(sorted(self._roles)), bind=self.address)

    def drain(self) -> bool:
        """Finish what is claimed; False when that took longer than the drain time-out."""
        crash_point("drain-started")
        self._installation.stop.set()
        until = time.monotonic() + self._installation.settings.drain_timeout.total_seconds()
        threads: list[threading.Thread] = [*self._worker.workers, *self._threads]
        if self._has("work"):
            # It may return before that time, and before its threads have ended.
            self._worker.stop(timeout=max(1, int((until - time.monotonic()) * 1000)))
        for thread in threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))
        self._web.stop()
        self._broker.close()
        finished = not any(thread.is_alive() for thread in threads)
        _log.info("service_stopped", state="drained" if finished else "cut off")
        return finished

    def _has(self, role: Role) -> bool:
        return has_role(self._roles, role)

    def _web_server(self) -> WebServer:
        """What answers: everything for the role `web`, for others probes and metrics."""
        installation, polls = self._installation, self._has("poll")
        if self._has("web"):
            address = web_address(installation.settings)
            application = web_application(installation, polls=polls)
            return WebServer(application, listen("STIPT_HTTP_BIND", *address))
        address = split_address(installation.settings.probe_bind)
        application = probe_application(installation, polls=polls)
        return WebServer(application, listen("STIPT_PROBE_BIND", *address))

    def _loop(self, name: str, body: Callable[[], float], within: float = WITHIN) -> None:
        """Run `body` again and again, waiting as many real seconds as it says.

        It must come round `within` so many seconds, or the process is not alive.
        """

        def loop() -> None:
            stop = self._installation.stop
            while not stop.is_set():
                try:
                    wait = body()
                except Exception as fault:  # noqa: BLE001 -- a loop that ended would be silence
                    _log.error("loop_failed", loop=name, exc_info=fault)
                    report(fault)
                    wait = _AFTER_FAULT
                self._installation.heartbeats.beat(name)
                stop.wait(wait)

        self._installation.heartbeats.expect(name, within)
        thread = threading.Thread(target=loop, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _poller(self, work: AccountWork) -> Callable[[], float]:
        installation, me = self._installation, holder()
        interval = work.settings.poll_interval.total_seconds()
        lease = int(interval) + POLL_LEASE
        next_poll = polled_at = hurry_from = 0.0

        def poll() -> float:
            nonlocal next_poll, polled_at, hurry_from
            now = installation.clock.now().timestamp()
            # A clock that was set back behind the last poll tells nothing of the next.
            if polled_at <= now < next_poll and not (
                now >= hurry_from and work.hints.waits_for_export()
            ):
                # In steps: the sandbox's clock may run a thousand times as fast.
                return POLL_EVERY
            with kept_lease(
                installation.database, work.name, "poll", me, lease, is_given_back=False
            ) as is_ours:
                if not is_ours:
                    return POLL_EVERY * 10
                polled = work.poller.poll()
                installation.metrics.polled(polled)
                work.poller.retry_set_aside()
                work.records.poll()
            polled_at, next_poll = now, now + interval
            # Twice as often is what the exports' limit has room for.
            hurry_from = now + interval / 2
            if polled.not_before is not None:
                next_poll = hurry_from = polled.not_before.timestamp()
            return POLL_EVERY

        return poll

    def _hint_follower(self, work: AccountWork) -> Callable[[], float]:
        installation = self._installation

        def follow() -> float:
            if not work.hints.is_needed():
                return HINTS_EVERY
            with kept_lease(
                installation.database, work.name, "hints", holder(), HINTS_LEASE
            ) as is_ours:
                claimed = work.hints.follow_due().claimed if is_ours else 0
            return 0.0 if claimed == HINTS_AT_ONCE else HINTS_EVERY

        return follow

    def _report_sender(self, work: AccountWork) -> Callable[[], float]:
        """Reports go out where messages do: not while changes are only recorded."""

        def send() -> float:
            if work.writes:
                work.report_mailer.send_due()
            return REPORTS_EVERY

        return send

    def _auditor(self) -> Callable[[], float]:
        next_audit = time.monotonic() + _AUDIT_EVERY

        def audit() -> float:
            nonlocal next_audit
            begun = time.monotonic()
            if begun >= next_audit:
                audit_and_ping(self._installation)
                took = time.monotonic() - begun
                # A large database is audited less often: never more than a tenth of the time.
                next_audit = begun + max(_AUDIT_EVERY, took * 10)
            return POLL_EVERY * 4

        return audit

    def _standing_keeper(self, work: AccountWork) -> Callable[[], float]:
        """Count the running periods, in one process at a time and never most of the time."""
        next_count = time.monotonic() + _FIRST_COUNT

        def count() -> float:
            nonlocal next_count
            begun = time.monotonic()
            if begun < next_count:
                return POLL_EVERY * 2
            with kept_lease(
                self._installation.database,
                work.name,
                "standings",
                holder(),
                COUNT_LEASE,
                is_given_back=False,
            ) as is_ours:
                is_counted = is_ours and work.standings.keep()
            took = time.monotonic() - begun
            pause = COUNT_EVERY if is_counted or not is_ours else _FIRST_COUNT
            next_count = begun + max(pause, took * 10)
            return POLL_EVERY * 2

        return count

    def _rules_reader(self) -> Callable[[], float]:
        unchecked = {work.name for work in self._installation.accounts}

        def read() -> float:
            is_asked = self._reload.is_set()
            self._reload.clear()
            for work in self._installation.accounts:
                shelf = work.policies
                if shelf.reload() if is_asked else shelf.reload_if_changed():
                    unchecked.add(work.name)
                if work.name in unchecked:
                    tell_unreachable(self._installation, work)
                    unchecked.discard(work.name)
            return 2.0

        return read

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._installation.stop.is_set():
            os._exit(128 + number)  # told twice: the leases do the rest
        self._installation.stop.set()

    def _on_reload(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._reload.set()
