# SPDX-License-Identifier: GPL-3.0-or-later
"""Wake-up calls over dramatiq: messages carry ids, everything else is in rows.

Losing a message costs a moment: whatever it was about is due again when its
lease runs out. So there are no retries, no delays and no results here.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dramatiq import Actor
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Retries

from worker.error_reports import report
from worker.keeping import kept_lease
from worker.logs import get_logger
from worker.process_lock import holder
from worker.sending import LEASE as NOTE_LEASE
from worker.settings import SettingsInvalid
from worker.writeback import LEASE as WRITE_LEASE
from worker.writeback import URGENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from dramatiq import Broker
    from dramatiq.middleware import Middleware

    from worker.sending import Sent
    from worker.wiring import AccountWork, Installation

QUEUE = "stipt"
SENDERS = 4
"""So many threads of a process send at once: a thread that is killed leaves a message in doubt."""

_LOOK_FOR = 1.0
"""Real seconds for which one call judges before others get their turn."""

_log = get_logger(__name__)


def make_broker(url: str) -> Broker:
    """The broker of that URL; in this process where there is none.

    Raises:
        SettingsInvalid: a kind of broker that is not known or not installed.
    """
    middleware: list[Middleware] = [Retries(max_retries=0)]
    scheme = urlsplit(url).scheme
    if not url:
        return StubBroker(middleware=middleware)
    if scheme in ("redis", "rediss"):
        from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415 -- only where it is used

        # Messages of a dead worker come back by maintenance, which by default
        # is drawn so seldom that a quiet site would wait for minutes.
        make_redis: Callable[..., Broker] = RedisBroker
        return make_redis(
            url=url, middleware=middleware, maintenance_chance=1_000_000, heartbeat_timeout=20_000
        )
    if scheme in ("amqp", "amqps"):
        try:
            from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415 -- may be absent
        except ImportError:
            raise SettingsInvalid(["STIPT_BROKER_URL: amqp needs the package pika"]) from None
        return RabbitmqBroker(url=url, middleware=middleware, confirm_delivery=True)
    raise SettingsInvalid([f"STIPT_BROKER_URL: {scheme} is not redis or amqp"])


class Actors:
    """The four things that a worker can be woken for."""

    def __init__(self, broker: Broker, installation: Installation) -> None:
        self._broker = broker
        self._installation = installation
        self._monotonic = time.monotonic
        self._sending = threading.BoundedSemaphore(SENDERS)
        self._judging = {work.name: threading.Lock() for work in installation.accounts}
        self._look = self._actor(broker, "look", self._do_look)
        self._write = self._actor(broker, "write", self._do_write)
        self._send = self._actor(broker, "send", self._do_send)
        self._note = self._actor(broker, "note", self._do_note)

    def waiting(self) -> int:
        """Wake-up calls that nobody has taken yet; 0 where the broker cannot tell."""
        broker = self._broker
        if isinstance(broker, StubBroker):
            size: int = broker.queues[QUEUE].qsize()
            return size
        ask: Callable[[str], int] | None = getattr(broker, "do_qsize", None)
        return 0 if ask is None else ask(QUEUE)

    def look(self, account: str) -> None:
        """Judge tickets whose moment has come."""
        self._look.send(account)

    def write(self, account: str) -> None:
        """Write what waits."""
        self._write.send(account)

    def send(self, account: str) -> None:
        """Send what waits, internal notes included."""
        self._note.send(account)
        self._send.send(account)

    def _actor(self, broker: Broker, name: str, work: Callable[..., None]) -> Actor[..., None]:
        return Actor(
            work,
            broker=broker,
            actor_name=name,
            queue_name=QUEUE,
            priority=0,
            options={"max_retries": 0},
        )

    def _do_look(self, account: str) -> None:
        # Judging keeps a core busy: a second thread of this process would only slow the first.
        judging = self._judging[account]
        if judging.acquire(blocking=False):
            try:
                self._contained("look", account, self._judge_due)
            finally:
                judging.release()

    def _judge_due(self, work: AccountWork) -> None:
        until = self._monotonic() + _LOOK_FOR
        while not self._installation.stop.is_set():
            look = work.reconciler.claim()
            if not look.ticket_ids:
                return
            found = work.reconciler.reconcile(look)
            self._installation.heartbeats.beat("look")
            if work.writes and found.changes:
                self.write(work.name)
            if found.messages:
                self.send(work.name)
            if self._monotonic() > until:
                self.look(work.name)  # messages and writes get their turn in between
                return

    def _do_write(self, account: str) -> None:
        # One writer per account: bulk jobs side by side would crowd out other tools.
        with kept_lease(
            self._installation.database, account, "write", holder(), WRITE_LEASE
        ) as is_ours:
            if is_ours:
                self._contained("write", account, self._write_all)

    def _write_all(self, work: AccountWork) -> None:
        while not self._installation.stop.is_set():
            written = work.writer.write_due(urgent=URGENT)
            if not written.claimed:
                return
            self._installation.heartbeats.beat("write")
            self._installation.metrics.wrote(written.outcomes)

    def _do_send(self, account: str) -> None:
        def send_all(work: AccountWork) -> None:
            self._until_nothing_is_left(work.outbox.send_due)

        # Others go on until nothing is left, and judging must not wait for them.
        if self._sending.acquire(blocking=False):
            try:
                self._contained("send", account, send_all)
            finally:
                self._sending.release()

    def _do_note(self, account: str) -> None:
        def add_all(work: AccountWork) -> None:
            self._until_nothing_is_left(work.outbox.add_due_notes)

        with kept_lease(
            self._installation.database, account, "note", holder(), NOTE_LEASE
        ) as is_ours:
            if is_ours:
                self._contained("note", account, add_all)

    def _until_nothing_is_left(self, send: Callable[[], Sent]) -> None:
        while not self._installation.stop.is_set():
            sent = send()
            if not sent.claimed:
                return
            self._installation.heartbeats.beat("notify")
            if sent.sent:
                self._installation.metrics.succeeded("notify")

    def _contained(self, name: str, account: str, work: Callable[[AccountWork], None]) -> None:
        try:
            work(self._installation.account(account))
        except Exception as fault:  # noqa: BLE001 -- the rows are due again when the lease ends
            _log.error("actor_failed", account=account, loop=name, exc_info=fault)
            report(fault)
