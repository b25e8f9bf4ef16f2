# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole pass: read, judge, write, tell; and again, when nothing is left to do."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.base import HelpdeskError, Refused, Throttled, Unavailable
from rules.facts import Happening
from tests.worker.conftest import Site
from worker.outbox import SendResult
from worker.store.looks import wake
from worker.store.summary import count_states
from worker.store.tables import tickets, verdicts


def test_a_pass_writes_the_fields_of_every_open_ticket(any_site: Site) -> None:
    for number in range(25):
        any_site.helpdesk.add(f"{number + 1}")
    report = any_site.once()
    assert (report.tickets, report.writes, report.failed) == (25, 25, 0)
    assert report.states == {"on_track": 25}
    assert report.tickets_text() == "25 tickets: 25 on track"
    held = any_site.helpdesk.held["7"].state.current
    assert held.own["sla_tier"] == "premium"
    assert held.own["sla_due_at"] == "2026-11-24T13:00:00Z"
    assert held.priority == "normal"


def test_what_a_pass_says_of_states_adds_up_to_all_tickets(site: Site) -> None:
    site.helpdesk.add("1")
    report = replace(site.once(), tickets=7, states={"none": 1, "on_track": 2, "breached": 1})

    assert report.closed_or_deleted() == 3
    assert report.tickets_text() == (
        "7 tickets: 1 breached, 2 on track, 1 no promise, 3 closed or deleted"
    )


def test_tickets_that_were_never_judged_are_not_said_to_lack_a_promise(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    with any_site.database.write("default") as books:
        columns = {"judged_at": None, "sla_state": None}
        books.tx.execute(sa.update(tickets).values(columns))

    with any_site.database.read("default") as books:
        assert count_states(books) == {"unjudged": 1}


def test_a_second_pass_writes_nothing(any_site: Site) -> None:
    for number in range(5):
        any_site.helpdesk.add(f"{number + 1}")
    any_site.once()
    any_site.wait(minutes=2)
    report = any_site.once()
    assert report.writes == 0
    assert report.is_complete


def test_a_second_pass_before_the_writes_come_back_writes_nothing(site: Site) -> None:
    site.helpdesk.add("1")
    site.once()
    assert site.installation is not None
    work = site.installation.accounts[0]
    with site.database.write("default") as books:
        wake(books, ["1"], site.clock.now())
    assert work.reconciler.reconcile(work.reconciler.claim()).changes == 0


def test_people_are_warned_once_for_each_step(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.once()
    any_site.once()
    told = [(one.keys, one.recipient) for one in any_site.mailbox.sent]
    assert told == [(("50%",), "team_lead")]
    any_site.wait(hours=1)
    any_site.once()
    assert {(one.keys, one.recipient) for one in any_site.mailbox.sent[1:]} == {
        (("1h before",), "team_lead"),
        (("1h before",), "note"),
    }
    assert any_site.helpdesk.held["1"].state.current.priority == "high"


def test_a_reply_in_time_cancels_the_steps_still_to_come(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=1)
    any_site.helpdesk.happen("1", Happening(at=any_site.clock.now(), kind="comment", by="agent"))
    any_site.once()
    any_site.wait(hours=10)
    any_site.once()
    assert any_site.mailbox.sent == []


def test_downtime_makes_a_warning_late_and_it_says_so(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2, minutes=30)
    any_site.once()
    assert any_site.mailbox.sent[0].late_by.total_seconds() == 1800


@pytest.mark.parametrize("fault", [Unavailable("no answer"), Refused("no such place")])
def test_a_dead_helpdesk_ends_the_pass_at_its_third_fault(
    any_site: Site, fault: HelpdeskError
) -> None:
    any_site.helpdesk.faults["changes"] = [fault] * 50
    report = any_site.once()
    assert any_site.helpdesk.spent["changes"] == 3
    assert not report.is_complete
    assert report.cut_short is not None
    assert "failed 3 times in a row" in report.cut_short
    assert str(fault) in report.cut_short


def test_faults_between_pages_do_not_end_the_pass(site: Site) -> None:
    site.helpdesk.page_size = 1
    for number in range(5):
        site.helpdesk.add(f"{number}")
    fault, fine = Unavailable("no answer"), None
    site.helpdesk.faults["changes"] = [fault, fault, fine, fault, fault, fine, fault, fine]
    report = site.once()
    assert (report.tickets, report.cut_short) == (5, None)


def test_a_far_off_wait_ends_the_pass_and_is_told(any_site: Site) -> None:
    any_site.helpdesk.faults["changes"] = [Throttled(3600)]
    report = any_site.once()
    assert report.cut_short == "the helpdesk asks to wait until 2026-11-24 10:00:00 UTC"
    assert any_site.once().cut_short == report.cut_short
    any_site.wait(hours=1)
    assert any_site.once().cut_short is None


def test_a_helpdesk_that_only_asks_to_wait_ends_the_pass(site: Site) -> None:
    site.helpdesk.faults["changes"] = [Throttled(10)] * 100
    report = site.once()
    assert report.cut_short == "the helpdesk asked 25 times in a row to wait"


def test_what_is_known_is_told_although_the_helpdesk_is_dead(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.helpdesk.faults["changes"] = [Unavailable("no answer")] * 50
    assert any_site.once().cut_short is not None
    assert [one.keys for one in any_site.mailbox.sent] == [("50%",)]


def test_a_helpdesk_that_fails_to_write_cuts_the_pass_short(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.faults["write"] = [Unavailable("no answer")] * 50
    report = any_site.once()
    assert report.waiting["writes"] == 1
    assert report.cut_short is not None
    assert "failed to write 3 times in a row" in report.cut_short
    assert any_site.helpdesk.spent["write"] == 3


def test_the_row_of_an_open_cycle_moves_with_time(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    first = reply_row(any_site)
    any_site.wait(minutes=20)
    with any_site.database.write("default") as books:
        wake(books, ["1"], any_site.clock.now())
    any_site.once()
    moved = {"elapsed_seconds": 1200, "judged_at": first["judged_at"] + 1200}
    assert reply_row(any_site) == first | moved


def reply_row(site: Site) -> dict[str, object]:
    """The row of the first reply."""
    choice = sa.select(verdicts).where(verdicts.c.measure == "first_reply")
    with site.database.read("default") as books:
        return dict(books.tx.execute(choice).mappings().one())


def test_a_pass_does_not_wait_for_a_recipient_who_cannot_be_reached(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    before = any_site.clock.now()
    any_site.mailbox.answers = [SendResult("setting", "no mail server is set")] * 500
    report = any_site.once()
    assert any_site.clock.now() - before < timedelta(minutes=5)
    assert report.unsent.tried_again == {"no mail server is set": 1}
    assert report.unsent_text() == (
        "1 message could not be sent: no mail server is set (1, to be tried again)"
    )
    assert not report.is_complete


def test_a_message_that_is_given_up_is_told_by_the_pass_that_did(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.mailbox.answers = [SendResult("permanent", "no such address")]
    assert any_site.once().unsent.given_up == {"no such address": 1}
    any_site.wait(minutes=1)
    assert any_site.once().unsent.number == 0
