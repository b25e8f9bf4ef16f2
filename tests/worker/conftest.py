# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of both kinds, and a worker over a helpdesk in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.worker.memory_helpdesk import MemoryHelpdesk, at
from worker.clock import SteppedClock
from worker.outbox import Manner, OutboxMessage, SendResult
from worker.pass_report import PassReport
from worker.run_once import OnePass
from worker.settings import Settings, load_settings
from worker.store.columns import metadata
from worker.store.database import Database
from worker.store.schema import prepare
from worker.taking_over import take_over
from worker.wiring import Installation, Parts, build

if TYPE_CHECKING:
    from tests.services.postgresql import PostgresServer

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-01-01}
recipients:
  team_lead: {email: lead@example.com}
escalations:
  usual:
    - {at: 50%, tell: [team_lead]}
    - {at: 1h before, tell: [team_lead], note: true, raise_priority: high}
    - {at: due, tell: [team_lead], raise_priority: urgent, add_tags: [sla_breached]}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    serves: [phone, email, web, chat]
    priority: {default: normal}
    commitment: guarantee
    targets:
      - {measure: first_reply, within: 4h, counted: always, escalate: usual}
      - {measure: resolution, within: 24h, counted: always}
  standard:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 8h, counted: always}
"""
START = at("2026-11-24T09:00:00Z")


@dataclass
class Mailbox:
    """A sender that keeps what it is given; `answers` are given back in order.

    `manners` say how a recipient is told, where that matters.
    """

    sent: list[OutboxMessage] = field(default_factory=list)
    digests: list[tuple[OutboxMessage, ...]] = field(default_factory=list)
    manners: dict[str, Manner] = field(default_factory=dict)
    answers: list[SendResult | Exception] = field(default_factory=list)
    read_back: bool | None = None
    asked: int = 0

    def send(self, message: OutboxMessage) -> SendResult:
        """Keep the message."""
        answer = self.answers.pop(0) if self.answers else SendResult("sent")
        if isinstance(answer, Exception):
            raise answer
        if answer.outcome in ("sent", "ambiguous"):
            self.sent.append(message)
        return answer

    def manner(self, message: OutboxMessage) -> Manner:
        """As the test says; without bounds where it says nothing."""
        return self.manners.get(message.recipient, Manner(per_minute=10_000))

    def send_digest(self, messages: Sequence[OutboxMessage]) -> SendResult:
        """Keep all of them as one digest."""
        answer = self.answers.pop(0) if self.answers else SendResult("sent")
        if isinstance(answer, Exception):
            raise answer
        if answer.outcome in ("sent", "ambiguous"):
            self.digests.append(tuple(messages))
        return answer

    def send_notes(self, messages: Sequence[OutboxMessage]) -> list[SendResult]:
        """Keep the notes, one by one."""
        return [self.send(one) for one in messages]

    def was_sent(self, message: OutboxMessage) -> bool | None:
        """What the test says."""
        del message
        self.asked += 1
        return self.read_back


@dataclass
class Site:
    """A worker, its helpdesk, its clock and its mailbox."""

    settings: Settings
    database: Database
    clock: SteppedClock
    helpdesk: MemoryHelpdesk
    mailbox: Mailbox
    rules: Path
    installation: Installation | None = None

    def start(self, *, works: bool = True, **changes: str) -> Installation:
        """Start the worker afresh, as after a restart; with other settings of its account."""
        settings = self.settings
        if changes:
            account = settings.accounts[0].model_copy(update=changes)
            settings = settings.model_copy(update={"accounts": (account,)})
        parts = Parts(
            clock=self.clock,
            helpdesks={"default": self.helpdesk},
            senders={"default": self.mailbox},
            database=self.database,
        )
        self.installation = build(settings, parts)
        take_over(self.installation, is_alone=True, works=works)
        return self.installation

    def once(self) -> PassReport:
        """One pass, the worker being started first where it is not."""
        installation = self.installation or self.start()
        return OnePass(installation, installation.accounts[0]).run()

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock.move(timedelta(**span))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'stipt.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with rules."""
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def kept_databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Database]]:
    """A database of each kind, emptied for each test: its statements are compiled but once."""
    kept: dict[str, Database] = {}

    def emptied(kind: str) -> Database:
        if kind not in kept:
            kept[kind] = Database(_url(request, kind, tmp_path_factory.mktemp("kept")))
            prepare(kept[kind])
        database = kept[kind]
        database.lease_skew = 0
        with database.engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(sa.delete(table))
        return database

    yield emptied
    for database in kept.values():
        database.close()


def _url(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'stipt.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create_database()


@pytest.fixture
def site_over(rules: Path, tmp_path: Path) -> Callable[[Database], Site]:
    """Makes a site over an open database."""

    return lambda database: site_in(tmp_path, rules, database)


def site_in(folder: Path, rules: Path, database: Database) -> Site:
    """A site over an open database; what it writes beside that goes into the folder."""
    settings = load_settings(
        {
            "STIPT_DATABASE_URL": database.url.render_as_string(hide_password=False),
            "STIPT_RULES_PATH": str(rules),
            "STIPT_WRITE": "on",
            "STIPT_STATE_DIR": str(folder),
            "STIPT_HTTP_BIND": "127.0.0.1:0",
            "STIPT_PROBE_BIND": "127.0.0.1:0",
            "ZENDESK_SUBDOMAIN": "acme",
        },
        environment={"HOME": str(folder)},
    )
    clock = SteppedClock(START)
    return Site(settings, database, clock, MemoryHelpdesk(clock.now), Mailbox(), rules)


@pytest.fixture
def site_on(site_over: Callable[[Database], Site]) -> Iterator[Callable[[str], Site]]:
    """Makes a site over a database of its own, by URL."""
    made: list[Database] = []

    def make(url: str) -> Site:
        made.append(Database(url))
        return site_over(made[-1])

    yield make
    for database in made:
        database.close()


@pytest.fixture
def site(site_over: Callable[[Database], Site], kept_databases: Callable[[str], Database]) -> Site:
    """A site on SQLite."""
    return site_over(kept_databases("sqlite"))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_site(
    request: pytest.FixtureRequest,
    site_over: Callable[[Database], Site],
    kept_databases: Callable[[str], Database],
) -> Site:
    """A site on each kind of database."""
    return site_over(kept_databases(request.param))
