# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox: at least once, and at most once where the channel can be read back."""

from dataclasses import replace
from io import StringIO

import pytest
import sqlalchemy as sa

from connector.base import CredentialsRejected, Gone, Throttled, Unavailable
from tests.worker.conftest import Site
from worker.notify.messenger import Delivery, Links, Messenger
from worker.outbox import Manner, SendResult
from worker.sending import Outbox
from worker.store.database import epoch
from worker.store.letters import Choice, retry_letters
from worker.store.messages import begin_sending, claim_messages
from worker.store.tables import outbox
from worker.wiring import AccountWork


def with_a_message(site: Site) -> Site:
    """A site with one message that waits: the step at half of the time."""
    site.helpdesk.add("1")
    site.once()
    site.wait(hours=2)
    work = site.installation.accounts[0]
    work.reconciler.reconcile(work.reconciler.claim())
    return site


def row(site: Site) -> sa.RowMapping:
    with site.database.read("default") as books:
        return books.tx.execute(sa.select(outbox)).mappings().one()


def send(site: Site) -> None:
    site.installation.accounts[0].outbox.send_due()


def test_a_message_is_sent_and_marked(any_site: Site) -> None:
    send(with_a_message(any_site))
    assert row(any_site)["state"] == "sent"
    message = any_site.mailbox.sent[0]
    assert message.key == "default:1:first_reply:1:50%:team_lead"
    assert (message.tier, message.state, message.attempt) == ("premium", "running", 1)


def test_the_same_step_makes_one_row_however_often_it_is_judged(any_site: Site) -> None:
    with_a_message(any_site)
    work = any_site.installation.accounts[0]
    with any_site.database.write("default") as books:
        books.tx.execute(sa.text("UPDATE tickets SET look_at = 0"))
        books.tx.execute(sa.text("DELETE FROM steps"))
    work.reconciler.reconcile(work.reconciler.claim())
    assert row(any_site)["state"] == "ready"


def test_a_rule_edit_does_not_repeat_a_message(any_site: Site) -> None:
    send(with_a_message(any_site))
    text = (any_site.rules / "sla.yaml").read_text().replace("within: 24h", "within: 48h")
    (any_site.rules / "sla.yaml").write_text(text)
    any_site.installation.accounts[0].policies.reload()
    any_site.once()
    assert len(any_site.mailbox.sent) == 1


def test_a_second_worker_does_not_send_again(any_site: Site) -> None:
    with_a_message(any_site)
    now = any_site.clock.now()
    with any_site.database.write("default") as books:
        assert len(claim_messages(books, now, 10, 60)) == 1
    send(any_site)
    assert any_site.mailbox.sent == []


@pytest.mark.parametrize(
    ("read_back", "sent"),
    [
        pytest.param(True, 0, id="it had arrived"),
        pytest.param(False, 1, id="it had not"),
        pytest.param(None, 1, id="nobody can tell"),
    ],
)
def test_a_message_whose_sender_died_is_read_back_first(
    any_site: Site, read_back: bool | None, sent: int
) -> None:
    with_a_message(any_site)
    with any_site.database.write("default") as books:
        begin_sending(books, claim_messages(books, any_site.clock.now(), 10, 60))
    any_site.database.lease_skew = 61
    any_site.mailbox.read_back = read_back
    send(any_site)
    assert any_site.mailbox.asked == 1
    assert len(any_site.mailbox.sent) == sent
    assert row(any_site)["state"] == "sent"
    assert all(one.may_be_repeat for one in any_site.mailbox.sent)


def test_a_message_that_was_claimed_and_not_begun_is_no_repeat(any_site: Site) -> None:
    with_a_message(any_site)
    with any_site.database.write("default") as books:
        claim_messages(books, any_site.clock.now(), 10, 60)
    any_site.database.lease_skew = 61
    send(any_site)
    assert any_site.mailbox.asked == 0
    assert [one.may_be_repeat for one in any_site.mailbox.sent] == [False]


def test_a_temporary_failure_is_tried_again_without_a_doubt(any_site: Site) -> None:
    with_a_message(any_site)
    any_site.mailbox.answers = [SendResult("temporary", "refused")]
    send(any_site)
    send(any_site)
    assert any_site.mailbox.sent == []
    any_site.wait(seconds=5)
    send(any_site)
    assert any_site.mailbox.asked == 0
    assert [one.attempt for one in any_site.mailbox.sent] == [2]


def test_a_message_that_never_arrives_is_dead_in_the_end(any_site: Site) -> None:
    with_a_message(any_site)
    any_site.mailbox.answers = [SendResult("temporary", "down")] * 20
    for _ in range(12):
        send(any_site)
        any_site.wait(hours=10)
    assert (row(any_site)["state"], row(any_site)["detail"]) == ("dead", "down")
    assert row(any_site)["attempt"] == 9


def test_a_wait_asked_for_is_no_failure(any_site: Site) -> None:
    with_a_message(any_site)
    any_site.mailbox.answers = [Throttled(93)]
    send(any_site)
    assert (row(any_site)["state"], row(any_site)["attempt"]) == ("ready", 0)
    assert row(any_site)["due"] - any_site.clock.now().timestamp() == 93


def test_a_message_that_concerns_nobody_ends_quietly(
    any_site: Site, captured_logs: StringIO
) -> None:
    with_a_message(any_site)
    any_site.mailbox.answers = [SendResult("nobody", "the ticket has no group")]
    sent = any_site.installation.accounts[0].outbox.send_due()
    assert (sent.nobody, sent.dead) == (1, 0)
    assert (row(any_site)["state"], row(any_site)["detail"]) == (
        "nobody",
        "the ticket has no group",
    )
    assert '"error"' not in captured_logs.getvalue()
    any_site.wait(hours=1)
    send(any_site)
    assert row(any_site)["state"] == "nobody"


def test_a_doubt_outlives_a_try_that_certainly_failed(any_site: Site) -> None:
    with_a_message(any_site)
    any_site.mailbox.answers = [SendResult("ambiguous", "cut"), SendResult("temporary", "down")]
    for _ in range(2):
        send(any_site)
        any_site.wait(minutes=2)
    send(any_site)
    assert any_site.mailbox.asked == 2
    assert all(one.may_be_repeat for one in any_site.mailbox.sent[1:])


@pytest.mark.parametrize("is_stopping", [False, True])
def test_an_operators_wish_outlives_a_try_that_certainly_failed(
    any_site: Site, is_stopping: bool
) -> None:
    with_a_message(any_site)
    any_site.mailbox.manners["team_lead"] = Manner(per_minute=60, holds_doubtful=True)
    any_site.mailbox.answers = [SendResult("ambiguous", "cut")]
    send(any_site)
    assert row(any_site)["state"] == "dead"
    told = len(any_site.mailbox.sent)

    with any_site.database.write("default") as books:
        retry_letters(books, Choice(("dead",)), any_site.clock.now())
    if is_stopping:
        any_site.installation.stop.set()
        send(any_site)
        any_site.installation.stop.clear()
    else:
        any_site.mailbox.answers = [SendResult("temporary", "down")]
        send(any_site)
    assert row(any_site)["state"] == "ready"
    any_site.wait(minutes=2)
    send(any_site)
    assert row(any_site)["state"] == "sent"
    assert len(any_site.mailbox.sent) == told + 1


def test_a_wish_is_for_one_more_try_that_may_have_arrived(any_site: Site) -> None:
    with_a_message(any_site)
    any_site.mailbox.manners["team_lead"] = Manner(per_minute=60, holds_doubtful=True)
    any_site.mailbox.answers = [SendResult("ambiguous", "cut")] * 2
    send(any_site)
    with any_site.database.write("default") as books:
        retry_letters(books, Choice(("dead",)), any_site.clock.now())
    send(any_site)
    any_site.wait(hours=1)
    send(any_site)
    assert row(any_site)["state"] == "dead"
    assert len(any_site.mailbox.sent) == 2


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        pytest.param(Gone("1"), "dead", id="the ticket is gone"),
        pytest.param(Unavailable("died"), "ready", id="nobody knows"),
        pytest.param(RuntimeError("a bug"), "ready", id="a bug of a channel"),
    ],
)
def test_a_fault_of_the_channel_is_contained(any_site: Site, fault: Exception, state: str) -> None:
    with_a_message(any_site)
    any_site.mailbox.answers = [fault]
    send(any_site)
    assert row(any_site)["state"] == state
    assert row(any_site)["ambiguous"] == int(state == "ready")


def test_refused_credentials_pause_the_connection(site: Site) -> None:
    with_a_message(site)
    site.mailbox.answers = [CredentialsRejected("403")]
    send(site)
    assert site.once().paused == "403"


def test_a_ticket_answered_meanwhile_needs_no_message(any_site: Site) -> None:
    with_a_message(any_site)
    with any_site.database.write("default") as books:
        books.tx.execute(sa.text("UPDATE verdicts SET state = 'met'"))
    send(any_site)
    assert any_site.mailbox.sent == []
    assert row(any_site)["state"] == "dropped"


def test_a_look_at_the_helpdesk_that_lies_ahead_by_the_clock_is_made_again(any_site: Site) -> None:
    with_a_message(any_site)
    with any_site.database.write("default") as books:  # the clock was set back since
        ahead = epoch(any_site.clock.now()) + 7200
        books.tx.execute(sa.update(outbox).values(checked_at=ahead))
    calls = any_site.helpdesk.calls_spent().get("tickets", 0)
    send(any_site)
    assert any_site.helpdesk.calls_spent()["tickets"] == calls + 1


def test_steps_of_one_moment_are_one_message(any_site: Site) -> None:
    text = (any_site.rules / "sla.yaml").read_text().replace("1h before", "2h before")
    (any_site.rules / "sla.yaml").write_text(text)
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.once()
    told = {one.recipient: one.keys for one in any_site.mailbox.sent}
    assert told == {"team_lead": ("50%", "2h before"), "note": ("2h before",)}


def with_notes(site: Site, tickets: int) -> AccountWork:
    """A worker with a note that waits on each of so many tickets; no mail waits."""
    text = (site.rules / "sla.yaml").read_text()
    only_notes = text.replace("at: 50%, tell: [team_lead]", "at: 50%, note: true")
    (site.rules / "sla.yaml").write_text(only_notes)
    for number in range(tickets):
        site.helpdesk.add(f"{number}")
    site.once()
    site.wait(hours=2)
    work = site.installation.accounts[0]
    site.installation = replace(site.installation, accounts=(_with_real_notes(site, work),))
    work = site.installation.accounts[0]
    work.reconciler.reconcile(work.reconciler.claim())
    return work


def _with_real_notes(site: Site, work: AccountWork) -> AccountWork:
    messenger = Messenger(
        Delivery({}),
        policy_of=lambda _hash: work.policies.policy,
        helpdesk_of=lambda _account: site.helpdesk,
        links=Links(ticket=lambda _message: None),
        now=site.clock.now,
    )
    outbox = Outbox(site.database, "default", messenger, site.clock, lambda: False)
    return replace(work, outbox=outbox)


def note_states(site: Site) -> dict[str, str]:
    with site.database.read("default") as books:
        choice = sa.select(outbox.c.ticket_id, outbox.c.state)
        return {row[0]: row[1] for row in books.tx.execute(choice)}


def test_notes_of_many_tickets_go_out_together(any_site: Site) -> None:
    work = with_notes(any_site, 40)
    assert work.outbox.send_due().claimed == 0
    assert work.outbox.add_due_notes().sent == 40
    assert any_site.helpdesk.spent["notes"] == 1
    assert any_site.helpdesk.spent["note"] == 0
    assert set(note_states(any_site).values()) == {"sent"}
    assert work.outbox.add_due_notes().claimed == 0


def test_each_note_has_a_fate_of_its_own(any_site: Site) -> None:
    work = with_notes(any_site, 4)
    any_site.helpdesk.outcomes |= {"1": "unwritable", "2": "unsent", "3": "error"}
    found = work.outbox.add_due_notes()
    assert (found.sent, found.dead, found.waiting) == (1, 1, 2)
    assert note_states(any_site) == {"0": "sent", "1": "dead", "2": "ready", "3": "ready"}
    any_site.helpdesk.outcomes.clear()
    any_site.wait(minutes=2)
    assert work.outbox.add_due_notes().sent == 2
    # Only the one that may have arrived was read back.
    assert any_site.helpdesk.spent["has_note"] == 1


def test_notes_that_arrived_before_the_line_died_are_not_repeated(any_site: Site) -> None:
    class AfterAll(Unavailable):
        after = True

    work = with_notes(any_site, 3)
    any_site.helpdesk.faults["notes"] = [AfterAll("cut")]
    assert work.outbox.add_due_notes().waiting == 3
    any_site.wait(minutes=1)
    assert work.outbox.add_due_notes().sent == 3
    assert len(any_site.helpdesk.held_notes) == 3
    assert any_site.helpdesk.spent["notes"] == 1


def test_a_limit_keeps_notes_back_without_a_doubt(any_site: Site) -> None:
    work = with_notes(any_site, 3)
    any_site.helpdesk.faults["notes"] = [Throttled(93)]
    assert work.outbox.add_due_notes().waiting == 3
    any_site.wait(seconds=93)
    assert work.outbox.add_due_notes().sent == 3
    assert any_site.helpdesk.spent["has_note"] == 0


def test_notes_of_tickets_answered_meanwhile_are_dropped(any_site: Site) -> None:
    work = with_notes(any_site, 3)
    with any_site.database.write("default") as books:
        books.tx.execute(sa.text("UPDATE verdicts SET state = 'met' WHERE ticket_id = '1'"))
    found = work.outbox.add_due_notes()
    assert (found.sent, found.dropped) == (2, 1)


def test_a_worker_that_lost_its_notes_to_another_adds_none(any_site: Site) -> None:
    work = with_notes(any_site, 2)
    with any_site.database.write("default") as books:
        assert len(claim_messages(books, any_site.clock.now(), 10, 60, notes=True)) == 2
    assert work.outbox.add_due_notes().claimed == 0
    assert any_site.helpdesk.held_notes == []


def told(site: Site) -> list[tuple[tuple[str, ...], str, float]]:
    """Steps, recipient and lateness in minutes of every message that was sent."""
    return sorted(
        (one.keys, one.recipient, one.late_by.total_seconds() / 60) for one in site.mailbox.sent
    )


def test_steps_missed_while_nothing_ran_are_one_message_led_by_the_latest(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=5)
    any_site.once()
    all_at_once = [
        (("1h before",), "note", 120),
        (("due", "1h before", "50%"), "team_lead", 60),
    ]
    assert told(any_site) == all_at_once
    any_site.wait(hours=1)
    any_site.once()
    assert told(any_site) == all_at_once
    with any_site.database.read("default") as books:
        states = books.tx.execute(sa.select(outbox.c.step, outbox.c.recipient, outbox.c.state))
        assert sorted(tuple(one) for one in states) == [
            ("1h before", "note", "sent"),
            ("1h before", "team_lead", "joined"),
            ("50%", "team_lead", "joined"),
            ("due", "team_lead", "sent"),
        ]


def test_a_step_on_time_keeps_a_message_of_its_own(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=4, minutes=1)
    any_site.once()
    assert told(any_site) == [
        (("1h before",), "note", 61),
        (("1h before", "50%"), "team_lead", 61),
        (("due",), "team_lead", 1),
    ]
