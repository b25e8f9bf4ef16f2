# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's period counted from what the worker stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from msgspec import structs

from rules.evidence import Party
from rules.statements import close, seal, unseal
from tests.worker.contract_example import EXAMPLE, copy_rules, live
from tests.worker.memory_helpdesk import at
from worker.reporting.customers import (
    Kept,
    NothingPromised,
    account_of,
    agreement_named,
    period_of,
)
from worker.reporting.evidence import EvidenceMissing, OutageFiles
from worker.reporting.settled import settled_time
from worker.reporting.stored import StoredSource
from worker.rule_folder import load_folder
from worker.store.database import epoch
from worker.store.purging import Old, delete_old
from worker.store.statements import keep_statement, statement_texts, statements_of
from worker.store.tables import tickets
from worker.store.verdict_rows import count_unjudged

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worker.conftest import Site
    from worker.reporting.customers import Account

NOW = at("2026-11-03T08:00:00Z")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules of the example."""
    return copy_rules(tmp_path, outages=False)


@pytest.fixture
def lived(any_site: Site) -> Site:
    """A worker that has read and judged the example's tickets as they were on 3 November."""
    live(any_site, NOW)
    return any_site


def counted(site: Site, label: str = "2026-10") -> Account:
    """Acme's period by the store."""
    agreement = agreement_named("acme", load_folder(site.rules))
    return account_of(agreement, period_of(agreement, label), source_of(site))


def source_of(site: Site) -> StoredSource:
    """The store with the example's outages."""
    outages = OutageFiles(site.rules, EXAMPLE / "outages.csv")
    return StoredSource.of(site.database, "default", load_folder(site.rules), outages)


def test_the_store_gives_the_figures_of_the_examples_closed_statement(lived: Site):
    found = counted(lived)

    kept = unseal((EXAMPLE / "statements" / "acme-2026-10.json").read_bytes()).statement
    assert found.doubts == ()
    assert found.statement.lines == kept.lines
    assert found.statement.balance == kept.balance
    assert found.statement.origin.cursor is not None


def test_what_is_open_is_judged_at_the_cut_off(lived: Site):
    before = counted(lived, "2026-11").statement.lines[1]
    lived.wait(days=14)
    lived.once()
    after = counted(lived, "2026-11").statement.lines[1]

    assert before.counts["not_due"] > 0
    assert after.counts["not_due"] == 0
    assert after.counts["of_which_open_overdue"] >= before.counts["not_due"]


def test_a_ticket_that_waits_to_be_judged_is_told(lived: Site):
    with lived.database.write("default") as books:
        one = sa.update(tickets).where(tickets.c.ticket_id == "1001")
        books.tx.execute(one.values(news=1))

    (told,) = counted(lived).doubts
    assert told.startswith("1 ticket waits to be judged (#1001): a running stipt run does so soon")


def test_a_ticket_in_quarantine_is_told_apart_with_what_to_do(lived: Site):
    with lived.database.write("default") as books:
        one = sa.update(tickets).where(tickets.c.ticket_id == "1001")
        books.tx.execute(one.values(quarantined_at=1))

    (told,) = counted(lived).doubts
    assert told.startswith(
        "1 ticket lies in quarantine and is not judged (#1001): stipt quarantine"
    )


def test_only_the_first_of_many_waiting_tickets_are_named(lived: Site):
    with lived.database.write("default") as books:
        books.tx.execute(sa.update(tickets).values(news=1))
        number = count_unjudged(books)

    (told,) = counted(lived).doubts
    assert f"{number} tickets wait to be judged (#" in told
    assert f" and {number - 5} more): " in told


@pytest.mark.parametrize(
    ("party", "said"),
    [
        (Party(None, "premium", "1"), "no ticket of an organization 1 is known; customers with"),
        (
            Party(None, "gold", "360001"),
            "gold-360001 has no tickets; the organization is known as acme",
        ),
    ],
)
def test_a_customer_of_whom_nothing_is_known_has_no_report(lived: Site, party: Party, said: str):
    agreement = replace(agreement_named("acme", load_folder(lived.rules)), party=party)
    with pytest.raises(NothingPromised, match=said):
        account_of(agreement, period_of(agreement, "2026-10"), source_of(lived))


def test_a_period_that_has_not_begun_has_no_report(lived: Site):
    with pytest.raises(EvidenceMissing, match="2031-01 has not begun: what is known ends on "):
        counted(lived, "2031-01")


def test_nothing_is_counted_before_the_first_sync_is_done(site: Site):
    with pytest.raises(EvidenceMissing, match="the first sync is not done"):
        counted(site)


def closed_october(site: Site) -> None:
    """Keep October as it was counted."""
    found = counted(site)
    with site.database.write("default") as books:
        keep_statement(books, seal(close(found.statement, NOW)))


def purged(site: Site, before: str) -> int:
    """Purge what had not changed since then; how many tickets went."""
    policy = load_folder(site.rules)
    with site.database.read("default") as books:
        closed = [unseal(text).statement for _, text in statement_texts(books)]
    old = Old(at(before), (), ("acme",), settled_time(policy, closed))
    return delete_old(site.database, "default", old).get("tickets", 0)


def all_closed_tickets(site: Site) -> None:
    """The helpdesk closed what was solved, and nothing has happened there since October."""
    changed = epoch(at("2026-10-31T20:00:00Z"))
    with site.database.write("default") as books:
        books.tx.execute(
            sa.update(tickets)
            .where(tickets.c.status == "solved")
            .values(status="closed", updated_at=changed)
        )


def test_nothing_that_a_statement_counts_is_purged_before_it_is_closed(lived: Site):
    all_closed_tickets(lived)
    assert purged(lived, "2026-11-03T08:00:00Z") == 0

    closed_october(lived)
    assert purged(lived, "2026-11-03T08:00:00Z") > 20


def test_what_falls_due_after_the_closed_statement_stays(lived: Site):
    all_closed_tickets(lived)
    november = counted(lived, "2026-11").statement.lines
    closed_october(lived)
    assert purged(lived, "2026-11-03T08:00:00Z") > 0

    assert counted(lived, "2026-11").statement.lines == november


def test_a_purged_period_makes_no_corrections_and_cannot_be_counted_again(lived: Site):
    all_closed_tickets(lived)
    closed_october(lived)
    purged(lived, "2026-11-03T08:00:00Z")

    with lived.database.read("default") as books:
        kept = Kept([one.statement for one in statements_of(books, "acme")])
    agreement = agreement_named("acme", load_folder(lived.rules))
    source = source_of(lived)
    november = account_of(agreement, period_of(agreement, "2026-11"), source, kept)
    assert november.statement.corrections == ()
    assert [one.label for one in november.periods] == ["2026-11"]

    october = account_of(agreement, period_of(agreement, "2026-10"), source, kept)
    assert "acme-2026-10: tickets of the period were purged" in october.doubts[-1]


def test_time_is_settled_up_to_the_last_of_the_statements_that_follow_each_other(lived: Site):
    policy = load_folder(lived.rules)
    one = close(counted(lived).statement, NOW)
    later = structs.replace(one, from_at=at("2026-12-31T23:00:00Z"), until_at=NOW + timedelta(99))
    [settled] = settled_time(policy, [one])

    assert (settled.party.name, settled.from_at, settled.until_at) == (
        *("acme", one.from_at, one.until_at),
    )
    assert [found.from_at for found in settled_time(policy, [one, later])] == [later.from_at]
    stranger = structs.replace(one, party=Party("nobody"))
    assert settled_time(policy, [stranger]) == []
