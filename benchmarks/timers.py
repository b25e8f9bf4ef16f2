# SPDX-License-Identifier: GPL-3.0-or-later
"""One million open timers: what an idle look costs, how fast claims are, how punctual messages.

    python -m benchmarks.timers [--postgresql] [--timers N] [--due N]     # with the extra bench

Every ticket has a moment ahead. First the tick looks at the clock while
nothing is due. Then a part is due at once and is claimed, batch by batch. At
last so many tickets have a step in the very same second of the real clock,
and the whole service, helpdesk and channels aside, hands their messages over.
Afterwards as many timers go through APScheduler's job store; the ratios say how
many times as long it takes: below 1 it is faster than ours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from benchmarks.timers_peer import NAME, PeerFigures, measure_peer
from connector.base import Page, TicketState, WriteResult
from rules.changes import CurrentFields
from rules.facts import Requester, Ticket
from tests.services.postgresql import started_server
from worker.actors import Actors
from worker.outbox import Manner, SendResult
from worker.run import Service
from worker.settings import load_settings
from worker.store.database import Database, epoch
from worker.store.pages import store_page
from worker.store.tables import tickets
from worker.taking_over import take_over
from worker.tick import Ticker
from worker.wiring import Parts, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.base import Helpdesk
    from rules.changes import TicketChange
    from worker.outbox import OutboxMessage, Sender
    from worker.wiring import Installation

TIMERS = 1_000_000
DUE = 1_000
POLLS = 2_000
CLAIMED = 200_000
ACCOUNT = "default"
MEDIAN_S = 2.0
WORST_S = 5.0
_LEAST_CLAIMS = {True: 10_000, False: 30_000}
"""Tickets a second, by whether it is SQLite."""

_AHEAD = timedelta(seconds=25)
"""From reading the tickets until their step: time enough to judge them."""

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2020-01-01}
recipients:
  on_call: {url: env:ON_CALL}
escalations:
  usual:
    - {at: 50%, tell: [on_call]}
tiers:
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 4h, counted: always, escalate: usual}
"""


@dataclass
class Counter:
    """A channel that takes everything at once, and remembers when."""

    arrived: list[tuple[str, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def manner(self, message: OutboxMessage) -> Manner:
        """No bounds: a machine that takes every message by itself."""
        del message
        return Manner(per_minute=1_000_000)

    def send_digest(self, messages: Sequence[OutboxMessage]) -> SendResult:
        """Take them all."""
        for one in messages:
            self.send(one)
        return SendResult("sent")

    def send(self, message: OutboxMessage) -> SendResult:
        """Take a message."""
        with self.lock:
            self.arrived.append((message.key, time.time() - message.at.timestamp()))
        return SendResult("sent")

    def send_notes(self, messages: Sequence[OutboxMessage]) -> list[SendResult]:
        """Take notes."""
        return [self.send(one) for one in messages]

    def was_sent(self, message: OutboxMessage) -> bool | None:
        """Nobody can tell."""
        del message
        return None


@dataclass
class _Helpdesk:
    """Knows its tickets, and takes every write at once."""

    account: str = ACCOUNT
    held: dict[str, TicketState] = field(default_factory=dict)

    def tickets(self, ticket_ids: Sequence[str]) -> list[TicketState]:
        """The tickets as they are."""
        return [self.held[one] for one in ticket_ids]

    def write(
        self, changes: Sequence[TicketChange], *, goes_on: Callable[[], bool]
    ) -> list[WriteResult]:
        """All of them are written."""
        del goes_on
        return [WriteResult(one.ticket_id, "written") for one in changes]

    def calls_spent(self) -> dict[str, int]:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class Figures:
    """Ours: milliseconds of an idle look, tickets a second, seconds from a moment to its message.

    `claims` are claimed alone, `moved_on` claimed and given their next moment.
    """

    idle_ms: float
    claims: float
    moved_on: float
    median_s: float
    worst_s: float

    def is_good(self, *, is_sqlite: bool) -> bool:
        """Whether they are as good as is asked for."""
        is_punctual = self.median_s <= MEDIAN_S and self.worst_s <= WORST_S
        return self.idle_ms < 1 and self.claims >= _LEAST_CLAIMS[is_sqlite] and is_punctual


def measure(database: Database, folder: Path, *, timers: int, due: int) -> Figures:
    """Print and return all figures over one empty database."""
    counter, helpdesk = Counter(), _Helpdesk()
    installation = _installation(database, folder, counter, helpdesk)
    _fill(database, timers)
    print(f"{timers} timers on {database.engine.dialect.name}")
    median_ms, worst_ms = _idle(installation)
    print(f"idle look   {median_ms:.2f} ms median, {worst_ms:.2f} ms in 99 of 100 (aim 1)")
    claims, moved_on = _claim(installation, min(CLAIMED, timers))
    least = _LEAST_CLAIMS[database.is_sqlite]
    print(
        f"claims      {claims:.0f} tickets a second (aim {least}), {moved_on:.0f} with the move to"
        " the next moment"
    )
    _settle(database)
    _hand_over(installation, counter, helpdesk, due)
    late = sorted(lateness for _, lateness in counter.arrived)
    median_s = statistics.median(late)
    print(
        f"messages    of {due} tickets due in one second, {len(late)} handed over after"
        f" {median_s:.2f} s median, {late[-1]:.2f} s worst (aims {MEDIAN_S:g} and {WORST_S:g})"
    )
    return Figures(median_ms, claims, moved_on, median_s, late[-1])


def compare(ours: Figures, peer: PeerFigures) -> None:
    """Print the peer's figures with their ratios to ours."""
    rows = (
        ("idle look", f"{peer.idle_ms:.2f} ms median", peer.idle_ms / ours.idle_ms),
        ("moves", f"{peer.taken:.0f} timers a second", ours.moved_on / peer.taken),
        ("messages", f"{peer.median_s:.2f} s median", peer.median_s / ours.median_s),
        ("", f"{peer.worst_s:.2f} s worst", peer.worst_s / ours.worst_s),
    )
    print(f"{NAME}, as many timers, which it calls without judging, storing or marking anything")
    for name, figure, ratio in rows:
        print(f"{name:<11} {figure:<26} {ratio:.2f} times the time of ours")


def _installation(
    database: Database, folder: Path, counter: Counter, helpdesk: _Helpdesk
) -> Installation:
    (folder / "sla").mkdir()
    (folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
    settings = load_settings(
        environment={
            "HOME": str(folder),
            "STIPT_STATE_DIR": str(folder),
            "STIPT_RULES_PATH": str(folder / "sla"),
            "STIPT_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "STIPT_PROBE_BIND": "127.0.0.1:0",
            "ZENDESK_SUBDOMAIN": "acme",
        }
    )
    parts = Parts(
        helpdesks={ACCOUNT: cast("Helpdesk", helpdesk)},
        senders={ACCOUNT: cast("Sender", counter)},
        database=database,
    )
    settings = settings.model_copy(
        update={"accounts": (settings.accounts[0].model_copy(update={"write": "on"}),)}
    )
    made = build(settings, parts)
    take_over(made, is_alone=True)
    return made


def _fill(database: Database, timers: int) -> None:
    """Rows with as much in them as real ones, each due in the next year."""
    now = int(time.time())
    facts = '{"channel":"email","status":"open","requester":{"id":"9"},"fields":{"a":"bcdefg"}}' * 5
    step = max(1, 31_536_000 // timers)
    rows = (
        (ACCOUNT, f"t{number:07}", facts, "{}", number, now, 1, now + 3600 + number * step)
        for number in range(timers)
    )
    columns = "account, ticket_id, facts, current, feed_order, updated_at, settled, look_at"
    with database.engine.begin() as connection:
        if database.is_sqlite:
            text = f"INSERT INTO tickets ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 -- constants
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.executemany(text, rows)
        else:
            driver = connection.connection.driver_connection
            assert driver is not None
            with driver.cursor().copy(f"COPY tickets ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("VACUUM ANALYZE tickets"))


def _idle(installation: Installation) -> tuple[float, float]:
    """Looks of the real tick while nothing is due, in milliseconds."""
    ticker = Ticker(installation, Actors(_broker(), installation))
    took = sorted(_timed(ticker.tick) * 1000 for _ in range(POLLS))
    return statistics.median(took), took[int(len(took) * 0.99)]


def _broker() -> object:
    from worker.actors import make_broker  # noqa: PLC0415 -- beside its only use

    return make_broker("")


def _claim(installation: Installation, number: int) -> tuple[float, float]:
    """Claims a second of what is due, in the batches of the service; without and with what follows.

    What judging does to a claimed ticket is done to it too, between two
    claims: it gets its next moment, and is free again.
    """
    now = epoch(installation.clock.now())
    with installation.database.write(ACCOUNT) as books:
        first = sa.select(tickets.c.ticket_id).order_by(tickets.c.look_at).limit(number)
        change = sa.update(tickets).where(books.of(tickets), tickets.c.ticket_id.in_(first))
        books.tx.execute(change.values(look_at=now - 60))
    reconciler = installation.account(ACCOUNT).reconciler
    claimed, took = 0, 0.0
    first_at = time.perf_counter()
    while claimed < number:
        begun = time.perf_counter()
        look = reconciler.claim()
        took += time.perf_counter() - begun
        assert look.ticket_ids
        claimed += len(look.ticket_ids)
        with installation.database.write(ACCOUNT) as books:
            judged = sa.update(tickets).where(books.of(tickets), tickets.c.claim == look.token)
            judged = judged.where(tickets.c.ticket_id.in_(look.ticket_ids))
            books.tx.execute(
                judged.values(look_at=now + 86_400, claim=None, lease_until=None, tries=0)
            )
    return claimed / took, claimed / (time.perf_counter() - first_at)


def _settle(database: Database) -> None:
    """Write what the filling left to write: no service begins with a million fresh tickets."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.rollback()
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()


def _hand_over(installation: Installation, counter: Counter, helpdesk: _Helpdesk, due: int) -> None:
    """The whole service at work when the steps of so many tickets fall on one second."""
    moment = datetime.now(UTC).replace(microsecond=0) + _AHEAD
    created_at = moment - timedelta(hours=2)
    page = _page(created_at, due)
    helpdesk.held = {one.facts.id: one for one in page.tickets}
    with installation.database.write(ACCOUNT) as books:
        store_page(books, page, installation.clock.now())
    service = Service(installation, ("tick", "work"))
    service.start()
    try:
        expected = due
        until = moment + timedelta(seconds=60)
        while len(counter.arrived) < expected and datetime.now(UTC) < until:
            time.sleep(0.05)
    finally:
        service.drain()
    assert len(counter.arrived) == expected, len(counter.arrived)
    assert len({key for key, _ in counter.arrived}) == expected


def _page(created_at: datetime, number: int) -> Page:
    facts = [
        Ticket(
            id=f"{one}",
            created_at=created_at,
            channel="email",
            status="open",
            requester=Requester(id="9"),
        )
        for one in range(number)
    ]
    states = tuple(
        TicketState(
            facts=one,
            current=CurrentFields(own={}, status="open", updated_at=created_at),
            updated_at=created_at,
            order=order,
        )
        for order, one in enumerate(facts)
    )
    return Page(states, (), (), next_cursor="1", more=False, until=created_at)


def _timed(deed: Callable[[], object]) -> float:
    begun = time.perf_counter()
    deed()
    return time.perf_counter() - begun


@contextmanager
def _databases(folder: Path, *, is_postgresql: bool) -> Iterator[Callable[[str], Database]]:
    """Makes empty ones by name that are gone afterwards: files, or on a server of its own."""
    with ExitStack() as open_ones:
        server = None
        if is_postgresql:
            server = started_server(shared_buffers="1GB")  # a million tickets fit
            open_ones.callback(server.remove)

        def made(name: str) -> Database:
            url = server.create_database() if server else f"sqlite:///{folder / name}.db"
            database = Database(url)
            open_ones.callback(database.close)
            return database

        yield made


def main() -> int:
    """Print the figures; 1 where one of them falls short."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--timers", type=int, default=TIMERS)
    parser.add_argument("--due", type=int, default=DUE, help="tickets with one moment")
    parser.add_argument(
        "--postgresql", action="store_true", help="on a server of its own; else on a SQLite file"
    )
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        _databases(Path(name), is_postgresql=options.postgresql) as database,
    ):
        sizes = {"timers": options.timers, "due": options.due}
        ours = measure(database("ours"), Path(name), **sizes)
        compare(ours, measure_peer(database("peers"), **sizes))
    return 0 if ours.is_good(is_sqlite=not options.postgresql) else 1


if __name__ == "__main__":
    sys.exit(main())
