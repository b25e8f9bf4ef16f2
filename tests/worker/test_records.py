# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls and ratings from the helpdesk to the store, and what obligations make of them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from connector.sandbox import Sandbox, SandboxSettings
from connector.zendesk import RATINGS_SCOPES, RUNNING_SCOPES
from tests.connector.test_zendesk_on_sandbox import desk
from worker.connection_needs import wanted_records
from worker.reporting.customers import account_of, agreement_named, period_of
from worker.reporting.evidence import OutageFiles
from worker.reporting.stored import StoredSource
from worker.rule_folder import load_folder
from worker.run_once import OnePass
from worker.settings import load_settings
from worker.store.accounts import standing_notices
from worker.store.phone_queue import keep_queue, queue_of
from worker.store.record_tables import call_legs, calls, ratings
from worker.store.records import progress
from worker.store.schema import prepare
from worker.taking_over import take_over
from worker.wiring import Parts, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from worker.reporting.customers import Account
    from worker.store.database import Database
    from worker.wiring import Installation

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours: {mon-fri: [08:45-17:15]}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    priority: {default: normal}
    targets:
      - {measure: resolution, within: 5 working days, counted: office}
    obligations: [answered, lost, first_time, again, liked]
  rest:
    match: everything
    targets:
      - {measure: resolution, within: 5 working days, counted: office}
customers:
  lines:
    match: {organization.id: "360001234581"}
    tier: premium
    from: 2026-01-01
    because: A contract with a line of its own
    obligations: [lost_on_our_line]
obligations:
  answered: {of: phone_answer, within: 60s, at_least: 80%, per: calendar_month, excluding: []}
  lost:
    {of: phone_abandoned, at_most: 5%, per: calendar_month, excluding: [], counted: office}
  first_time: {of: first_contact_resolution, at_least: 50%, per: calendar_month, excluding: []}
  again:
    {of: reopened, at_most: 20%, per: calendar_month, excluding: [], tickets: {channel: email}}
  liked: {of: satisfaction, at_least: 70%, per: calendar_month, excluding: []}
  lost_on_our_line:
    of: phone_abandoned
    at_most: 5%
    per: calendar_month
    excluding: []
    counting: {lines: ["+31 20 555 0100"], ivr: true, outside_hours: true}
"""
ACME = 360001234567
MONTH = "2026-10"


class Helpdesk:
    """A sandbox with a worker over it, in this process."""

    def __init__(self, folder: Path, database: Database, **sandbox: object) -> None:
        self.folder, self.database = folder, database
        self.sandbox = Sandbox(SandboxSettings(speed=0, **({"tickets": 700} | sandbox)))

    def start(self, **settings: str) -> Installation:
        """The worker as after a start."""
        (self.folder / "sla.yaml").write_text(RULES, encoding="utf-8")
        found = load_settings(
            {
                "STIPT_DATABASE_URL": self.database.url.render_as_string(hide_password=False),
                "STIPT_RULES_PATH": str(self.folder),
                "STIPT_STATE_DIR": str(self.folder),
                "STIPT_SYNC_FROM": "400d",
                "ZENDESK_SUBDOMAIN": "acme",
                **settings,
            },
            environment={"HOME": str(self.folder)},
        )
        helpdesk = desk(self.sandbox, scopes=(*RUNNING_SCOPES, *RATINGS_SCOPES))
        clock = ClockOf(self.sandbox)
        parts = Parts(clock=clock, helpdesks={"default": helpdesk}, database=self.database)
        installation = build(found, parts)
        take_over(installation, is_alone=True)
        return installation

    def once(self, **settings: str) -> None:
        """One pass to its end."""
        installation = self.start(**settings)
        OnePass(installation, installation.accounts[0]).run()

    def count(self, table: sa.Table) -> int:
        """Rows of a table."""
        with self.database.read("default") as books:
            return int(books.tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

    def report(self, customer: str, label: str = MONTH) -> Account:
        """A customer's period by the store."""
        policy = load_folder(self.folder)
        source = StoredSource.of(self.database, "default", policy, OutageFiles(self.folder))
        agreement = agreement_named(customer, policy)
        return account_of(agreement, period_of(agreement, label), source)

    def notices(self) -> set[str]:
        """Names of the notices that stand."""
        with self.database.read("default") as books:
            return set(standing_notices(books))


class ClockOf:
    """The sandbox's clock; a wait moves it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def now(self):
        return self._sandbox.clock.now()

    def pause(self, seconds: float, stop: object) -> bool:
        del stop
        self._sandbox.advance(timedelta(seconds=seconds))
        return False


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def read(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    kept_databases: Callable[[str], Database],
) -> Iterator[Helpdesk]:
    """A store of each kind into which everything was read."""
    folder = tmp_path_factory.mktemp("read")
    helpdesk = Helpdesk(folder, kept_databases(request.param))
    prepare(helpdesk.database)
    with helpdesk.sandbox:
        helpdesk.once()
        yield helpdesk


def theirs(read: Helpdesk, **wanted: object) -> list[object]:
    """Acme's tickets of the sandbox."""
    return [
        one
        for one in read.sandbox.account.tickets.values()
        if one.organization_id == ACME
        and all(getattr(one, name) == value for name, value in wanted.items())
    ]


def line_of(read: Helpdesk, name: str, customer: str = f"premium-{ACME}"):
    found = read.report(customer)
    return next(line for line in found.statement.lines if line.obligation == name)


def test_calls_legs_and_ratings_are_read_to_their_end(read: Helpdesk):
    with read.database.read("default") as books:
        states = [progress(books, stream) for stream in ("calls", "legs", "ratings")]
    assert all(one.complete_at is not None for one in states)
    assert read.count(calls) > 50
    assert read.count(call_legs) > 50
    assert read.count(ratings) == sum(
        one.satisfaction is not None for one in read.sandbox.account.tickets.values()
    )
    assert read.notices() == set()


def test_calls_of_a_customer_are_counted_by_their_wait(read: Helpdesk):
    line = line_of(read, "answered")
    numbers = {str(one.id) for one in theirs(read, channel="voice")}
    with read.database.read("default") as books:
        rows = [
            row
            for row in books.rows(sa.select(calls))
            if row["ticket_id"] in numbers and 1790805600 <= row["at"] < 1793487600
        ]
    offered = [row for row in rows if not row["outside_hours"]]
    kept = [row for row in offered if row["ended"] == "answered" and row["wait_seconds"] <= 60]
    assert (line.numerator, line.n_decided) == (len(kept), len(offered))
    assert line.n_decided > 0


def test_ratings_of_a_customer_are_counted_when_they_were_given(read: Helpdesk):
    line = line_of(read, "liked")
    given = Counter(
        one.satisfaction["score"]
        for one in theirs(read)
        if one.satisfaction and 1790805600 <= (one.rated_at or 0) < 1793487600
    )
    assert (line.numerator, line.n_decided) == (given["good"], given["good"] + given["bad"])
    assert line.n_decided > 0


def test_first_contacts_and_reopenings_are_counted_from_the_store(read: Helpdesk):
    first, again = line_of(read, "first_time"), line_of(read, "again")
    email = {str(one.id) for one in theirs(read, channel="email")}
    reopened = {str(one.id) for one in theirs(read, channel="email") if one.reopens}
    assert 0 < first.numerator < first.n_decided
    assert 0 < again.n_decided <= len(email)
    assert set(again.breached_cases) <= reopened


def test_callers_who_left_no_ticket_count_for_the_contract_that_names_the_line(read: Helpdesk):
    line = line_of(read, "lost_on_our_line", "lines")
    with read.database.read("default") as books:
        gone = {
            row["call_id"]
            for row in books.rows(sa.select(calls))
            if row["line"] == "+31 20 555 0100"
            and row["ticket_id"] is None
            and 1790805600 <= row["at"] < 1793487600
        }
    assert set(line.breached_cases) == gone
    assert gone


def test_who_waits_on_the_phone_is_known_as_it_was_told_last(read: Helpdesk):
    with read.database.read("default") as books:
        found = queue_of(books)
    assert found is not None
    queue, at = found
    assert queue.agents_online > 0
    assert at <= read.sandbox.clock.now()


def test_what_was_read_is_enough_to_close_a_month(read: Helpdesk):
    assert read.report(f"premium-{ACME}").doubts == ()


def test_reading_again_changes_nothing(read: Helpdesk):
    before = [read.count(table) for table in (calls, call_legs, ratings)]
    report = read.report(f"premium-{ACME}").statement.lines
    read.once()
    assert [read.count(table) for table in (calls, call_legs, ratings)] == before
    assert read.report(f"premium-{ACME}").statement.lines == report


@pytest.fixture
def fresh(tmp_path: Path, kept_databases: Callable[[str], Database]) -> Callable[..., Helpdesk]:
    """Makes a helpdesk over an empty store."""

    def make(**sandbox: object) -> Helpdesk:
        return Helpdesk(tmp_path, kept_databases("sqlite"), **({"tickets": 60} | sandbox))

    return make


def test_an_account_without_talk_is_told_once_and_is_no_error(fresh: Callable[..., Helpdesk]):
    helpdesk = fresh(faults=("no_talk",))
    with helpdesk.sandbox:
        helpdesk.once()
        assert helpdesk.notices() == {"no_calls", "no_legs", "no_ratings"}
        helpdesk.once()
        doubts = helpdesk.report(f"premium-{ACME}").doubts
    assert helpdesk.count(calls) == 0
    assert doubts == (
        "phone calls are promised, and none were read from the helpdesk",
        "satisfaction ratings are promised, and none were read from the helpdesk",
    )


def test_a_telephone_that_is_gone_leaves_no_queue(fresh: Callable[..., Helpdesk]):
    helpdesk = fresh()
    with helpdesk.sandbox:
        helpdesk.once()
    with helpdesk.database.write("default") as books:
        assert queue_of(books) is not None
        keep_queue(books, None, helpdesk.sandbox.clock.now())
        assert queue_of(books) is None


def test_nothing_is_read_that_is_switched_off(fresh: Callable[..., Helpdesk]):
    helpdesk = fresh()
    with helpdesk.sandbox:
        helpdesk.once(STIPT_RECORDS="off")
        asked = [name for name in helpdesk.sandbox.ledger.calls if "voice" in str(name)]
    assert (helpdesk.count(calls), asked) == (0, [])


def test_a_fault_of_talk_hinders_nothing_else(fresh: Callable[..., Helpdesk]):
    helpdesk = fresh(faults=("server_error:path=channels/voice",))
    with helpdesk.sandbox:
        helpdesk.once()
    assert helpdesk.count(calls) == 0
    assert helpdesk.count(ratings) > 0


def test_only_what_is_promised_is_read(tmp_path: Path):
    (tmp_path / "sla.yaml").write_text(RULES, encoding="utf-8")
    policy = load_folder(tmp_path)
    assert wanted_records(policy, "auto") == {"calls", "legs", "ratings"}
    assert wanted_records(policy, "off") == set()
    text = RULES.replace("obligations: [answered, lost, first_time, again, liked]", "")
    text = text[: text.index("customers:")]
    (tmp_path / "sla.yaml").write_text(text, encoding="utf-8")
    policy = load_folder(tmp_path)
    assert wanted_records(policy, "auto") == set()
    assert wanted_records(policy, "on") == {"calls", "legs", "ratings"}
