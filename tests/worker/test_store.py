# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: schema, pages, claims, leases, fences; the same on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import worker.reconcile
from rules.facts import Happening, Organization
from tests.worker.conftest import START, Site
from tests.worker.memory_helpdesk import ACME
from worker.judging import judge
from worker.process_lock import AlreadyRunning, only_process
from worker.settings_values import Place
from worker.store.accounts import (
    lift_write_budget,
    open_account,
    raise_notice,
    spend_write_budget,
    take_lease,
    write_budget_left,
)
from worker.store.columns import metadata
from worker.store.database import Database
from worker.store.facts import load_tickets
from worker.store.looks import claim_looks, still_owned
from worker.store.pages import store_page
from worker.store.schema import SchemaMismatch, prepare, schema_state
from worker.store.tables import tickets

A = "default"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    prepare(found)
    yield found
    found.close()


def filled(site: Site, number: int = 3) -> Site:
    """A site whose tickets are stored but not judged."""
    for one in range(number):
        site.helpdesk.add(f"{one + 1}")
    installation = site.start()
    installation.accounts[0].poller.poll()
    return site


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_every_row_carries_its_account() -> None:
    assert [one.name for one in metadata.sorted_tables if "account" not in one.c] == []


def test_a_newer_schema_is_refused(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert schema_state(database) == "newer"
    with pytest.raises(SchemaMismatch, match="newer"):
        prepare(database)


def test_sqlite_is_durable_and_lets_readers_in(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    database.close()


def test_a_second_process_on_a_sqlite_file_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with only_process(database), pytest.raises(AlreadyRunning), only_process(database):
        pass
    database.close()


def test_a_page_read_twice_changes_nothing(any_site: Site) -> None:
    site = filled(any_site)
    page = site.helpdesk.changes(None, since=START)
    with site.database.write(A) as books:
        stored = store_page(books, page, site.clock.now())
    assert (stored.tickets, stored.happenings) == (0, 0)


def test_an_older_state_of_a_ticket_is_not_taken(any_site: Site) -> None:
    site = filled(any_site)
    old = site.helpdesk.changes(None, since=START)
    site.helpdesk.happen("1", Happening(at=START, kind="status", to="pending", was="open"))
    site.installation.accounts[0].poller.poll()
    with site.database.write(A) as books:
        store_page(books, old, site.clock.now())
        row = load_tickets(books, ["1"])[0]
    assert row.current().status == "pending"


def test_a_page_that_fails_leaves_neither_rows_nor_cursor(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.start()
    page = any_site.helpdesk.changes(None, since=START)
    broken = replace(page, unknown={"channel:fax": None})
    with pytest.raises(sa.exc.SQLAlchemyError), any_site.database.write(A) as books:
        store_page(books, broken, START)
    with any_site.database.read(A) as books:
        assert load_tickets(books, ["1"]) == []
        assert books.tx.execute(sa.text("SELECT count(*) FROM cursors")).scalar() == 0


def test_tickets_wait_for_the_end_of_the_stream_before_they_are_judged(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.start()
    page = replace(any_site.helpdesk.changes(None, since=START), more=True)
    with any_site.database.write(A) as books:
        store_page(books, page, START)
        assert claim_looks(books, START, 10, 60).ticket_ids == ()
        store_page(books, replace(page, more=False), START)
        assert claim_looks(books, START, 10, 60).ticket_ids == ("1",)


def test_a_claimed_ticket_is_not_claimed_again_until_its_lease_ends(any_site: Site) -> None:
    site = filled(any_site)
    with site.database.write(A) as books:
        first = claim_looks(books, START, 2, 60)
    with site.database.write(A) as books:
        second = claim_looks(books, START, 10, 60)
    assert len(first.ticket_ids) == 2
    assert set(first.ticket_ids).isdisjoint(second.ticket_ids)
    site.database.lease_skew = 61
    with site.database.write(A) as books:
        again = claim_looks(books, START, 10, 60)
        # Tried before: it goes alone.
        assert len(again.ticket_ids) == 1
        assert still_owned(books, replace(first, ticket_ids=again.ticket_ids)) == {}


def test_a_judgement_of_facts_that_have_changed_since_is_dropped(
    any_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = filled(any_site, 1)
    work = site.installation.accounts[0]

    def judge_while_news_comes(*arguments: object) -> object:
        site.helpdesk.happen("1", Happening(at=START, kind="comment", by="agent"))
        work.poller.poll()
        return judge(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(worker.reconcile, "judge", judge_while_news_comes)
        assert work.reconciler.reconcile(work.reconciler.claim()).stale == 1
    assert work.reconciler.reconcile(work.reconciler.claim()).judged == 1


def test_a_worker_that_lost_its_lease_stores_nothing(any_site: Site) -> None:
    site = filled(any_site, 1)
    reconciler = site.installation.accounts[0].reconciler
    frozen = reconciler.claim()
    site.database.lease_skew = 61
    assert reconciler.reconcile(reconciler.claim()).judged == 1
    assert reconciler.reconcile(frozen).judged == 0


def test_one_bad_ticket_is_contained_and_quarantined_in_the_end(any_site: Site) -> None:
    site = filled(any_site)
    with site.database.write(A) as books:
        change = sa.update(tickets).where(tickets.c.ticket_id == "2")
        books.tx.execute(change.values(facts="{}"))
    report = site.once()
    assert (report.judged, report.failed) == (2, 1)
    for _ in range(10):
        site.wait(hours=1)
        report = site.once()
    assert report.quarantined == 1
    assert report.failed == 0


def test_a_change_of_customer_reaches_open_tickets_with_its_time(any_site: Site) -> None:
    site = filled(any_site, 1)
    site.once()
    site.wait(hours=1)
    site.helpdesk.change_organization(replace(ACME, fields={"sla_tier": "basic"}))
    site.once()
    with site.database.read(A) as books:
        ticket = load_tickets(books, ["1"])[0].assembled()
    assert ticket.organization == ACME
    change = ticket.happenings[-1]
    assert (change.kind, change.at) == ("organization", site.clock.now())
    assert site.helpdesk.held["1"].state.current.own["sla_tier"] == "standard"


def test_a_ticket_is_created_with_the_customer_known_then(any_site: Site) -> None:
    site = filled(any_site, 1)
    site.helpdesk.change_organization(replace(ACME, fields={"sla_tier": "basic"}))
    site.helpdesk.add("2", organization=Organization(id=ACME.id, fields={"sla_tier": "basic"}))
    site.once()
    with site.database.read(A) as books:
        found = {one.id: one.assembled() for one in load_tickets(books, ["1", "2"])}
    assert found["1"].organization == ACME
    assert found["2"].organization is not None
    assert found["2"].organization.fields == {"sla_tier": "basic"}


def test_a_lease_has_one_holder_until_it_ends(database: Database) -> None:
    def take(holder: str) -> bool:
        with database.write(A) as books:
            return take_lease(books, "poll", holder, 30)

    assert take("one")
    assert not take("two")
    assert take("one")
    database.lease_skew = 31
    assert take("two")


def test_a_notice_is_told_once(database: Database) -> None:
    with database.write(A) as books:
        assert raise_notice(books, "n", "text", START)
        assert not raise_notice(books, "n", "text", START)
        assert raise_notice(books, "n", "another", START)


def test_the_write_budget_is_of_the_hour_and_can_be_lifted(database: Database) -> None:
    with database.write(A) as books:
        open_account(books, START, START, Place("zendesk", "acme.zendesk.com"))
        spend_write_budget(books, 400, START)
        assert write_budget_left(books, 500, START) == 100
        lift_write_budget(books, START)
        assert write_budget_left(books, 500, START) > 100_000


def test_no_column_is_made_for_ticket_text() -> None:
    forbidden = {"subject", "description", "comment", "email", "html_body", "title", "address"}
    found = {column.name for table in metadata.sorted_tables for column in table.c}
    assert found & forbidden == set()
