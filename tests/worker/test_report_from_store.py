# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's period counted from what the worker stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from connector.history.reader import read_line
from rules.statements import unseal
from tests.worker.memory_helpdesk import at
from worker.reporting.customers import account_of, agreement_named, period_of
from worker.reporting.evidence import EvidenceMissing, OutageFiles
from worker.reporting.stored import StoredSource
from worker.rule_folder import load_folder
from worker.store.tables import tickets

if TYPE_CHECKING:
    from tests.worker.conftest import Site
    from worker.reporting.customers import Account

EXAMPLE = Path(__file__).parents[2] / "examples" / "contract"
NOW = at("2026-11-03T08:00:00Z")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules of the example."""
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_bytes((EXAMPLE / "rules" / "sla.yaml").read_bytes())
    return folder


@pytest.fixture
def lived(site: Site) -> Site:
    """A worker that has read and judged the example's tickets as they were on 3 November."""
    site.clock.move(NOW - site.clock.now())
    for line in (EXAMPLE / "history.jsonl").read_bytes().splitlines():
        ticket, _ = read_line(line)
        if ticket.created_at > NOW:
            continue
        site.helpdesk.add(
            ticket.id,
            organization=ticket.organization,
            created_at=ticket.created_at,
            channel=ticket.channel,
            priority=ticket.priority,
            requester=ticket.requester,
            status=ticket.status,
            created_by=ticket.created_by,
            created_public=ticket.created_public,
        )
        for happening in ticket.happenings:
            if happening.at <= NOW:
                site.helpdesk.happen(ticket.id, happening)
    for _ in range(4):
        site.once()
    return site


def counted(site: Site, label: str = "2026-10") -> Account:
    """Acme's period by the store."""
    policy = load_folder(site.rules)
    outages = OutageFiles(site.rules, EXAMPLE / "outages.csv")
    source = StoredSource.of(site.database, "default", policy, outages)
    agreement = agreement_named("acme", policy)
    return account_of(agreement, period_of(agreement, label), source)


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

    assert counted(lived).doubts == ("1 ticket waits to be judged",)


def test_nothing_is_counted_before_the_first_sync_is_done(site: Site):
    with pytest.raises(EvidenceMissing, match="the first sync is not done"):
        counted(site)
