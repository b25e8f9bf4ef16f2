# SPDX-License-Identifier: GPL-3.0-or-later
"""A few changes go out ticket by ticket, which is quicker than a job; each is written once."""

from collections import Counter

import pytest
import sqlalchemy as sa

from connector.base import CredentialsRejected, Throttled, Unavailable
from tests.worker.conftest import Site
from worker.store.tables import field_changes
from worker.wiring import AccountWork
from worker.writeback import URGENT, Written


def judged(site: Site, tickets: int) -> AccountWork:
    """Tickets whose changes wait to be written."""
    for number in range(tickets):
        site.helpdesk.add(f"{number + 1}")
    work = site.start().accounts[0]
    work.poller.poll()
    while (look := work.reconciler.claim()).ticket_ids:
        work.reconciler.reconcile(look)
    return work


def write(work: AccountWork) -> Written:
    return work.writer.write_due(urgent=URGENT)


def states(site: Site) -> Counter[str]:
    with site.database.read("default") as books:
        return Counter(books.tx.execute(sa.select(field_changes.c.state)).scalars())


def test_a_few_changes_are_written_one_by_one(any_site: Site) -> None:
    work = judged(any_site, 3)
    assert write(work) == Written(3, {"written": 3})
    assert (any_site.helpdesk.spent["write_one"], any_site.helpdesk.spent["write"]) == (3, 0)
    assert states(any_site) == {"written": 3}


def test_many_changes_go_out_in_bulk(site: Site) -> None:
    work = judged(site, URGENT + 1)
    assert write(work).outcomes == {"written": URGENT + 1}
    assert (site.helpdesk.spent["write_one"], site.helpdesk.spent["write"]) == (0, 1)


def test_without_haste_even_one_change_goes_out_in_bulk(site: Site) -> None:
    work = judged(site, 1)
    work.writer.write_due()
    assert (site.helpdesk.spent["write_one"], site.helpdesk.spent["write"]) == (0, 1)


def test_what_the_limit_of_single_writes_leaves_goes_out_in_bulk(site: Site) -> None:
    work = judged(site, 4)
    site.helpdesk.faults["write_one"] = [Throttled(40, "tickets-update")]
    assert write(work) == Written(4, {"written": 4})
    assert site.helpdesk.spent["write"] == 1
    written = [one.ticket_id for one in site.helpdesk.writes]
    assert sorted(written) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("fault", [Unavailable("cut off"), CredentialsRejected("401")])
def test_a_fault_in_the_middle_keeps_what_was_written_before(site: Site, fault: Exception) -> None:
    work = judged(site, 3)
    honest = site.helpdesk.write_one
    site.helpdesk.write_one = lambda change: (
        honest(change) if not site.helpdesk.writes else _raise(fault)
    )
    assert write(work).outcomes == {"written": 1, "error": 2}
    assert states(site) == {"written": 1, "ready": 2}
    site.helpdesk.write_one = honest
    site.wait(minutes=1)
    work.writer.write_due()
    written = [one.ticket_id for one in site.helpdesk.writes]
    assert sorted(written) == ["1", "2", "3"]


def test_a_fault_at_the_first_one_speaks_for_all(site: Site) -> None:
    work = judged(site, 2)
    site.helpdesk.faults["write_one"] = [CredentialsRejected("401")]
    assert write(work).claimed == 0
    assert states(site) == {"ready": 2}
    assert site.helpdesk.writes == []


def test_a_change_that_adds_tags_goes_out_in_bulk(site: Site) -> None:
    work = judged(site, 1)
    write(work)
    site.wait(hours=5)  # the step at the due adds a tag
    work.reconciler.reconcile(work.reconciler.claim())
    site.helpdesk.spent.clear()
    write(work)
    assert (site.helpdesk.spent["write_one"], site.helpdesk.spent["write"]) == (0, 1)


def _raise(fault: Exception) -> None:
    raise fault
