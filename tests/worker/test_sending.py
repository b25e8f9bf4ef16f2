# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox: at least once, and at most once where the channel can be read back."""

import pytest
import sqlalchemy as sa

from connector.base import CredentialsRejected, Gone, Throttled, Unavailable
from tests.worker.conftest import Site
from worker.outbox import SendResult
from worker.store.messages import claim_messages
from worker.store.tables import outbox


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
        claim_messages(books, any_site.clock.now(), 10, 60)
    any_site.database.lease_skew = 61
    any_site.mailbox.read_back = read_back
    send(any_site)
    assert any_site.mailbox.asked == 1
    assert len(any_site.mailbox.sent) == sent
    assert row(any_site)["state"] == "sent"
    assert all(one.may_be_repeat for one in any_site.mailbox.sent)


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


def test_steps_of_one_moment_are_one_message(any_site: Site) -> None:
    text = (any_site.rules / "sla.yaml").read_text().replace("1h before", "2h before")
    (any_site.rules / "sla.yaml").write_text(text)
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.once()
    told = {one.recipient: one.keys for one in any_site.mailbox.sent}
    assert told == {"team_lead": ("50%", "2h before"), "note": ("2h before",)}
