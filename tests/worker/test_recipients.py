# SPDX-License-Identifier: GPL-3.0-or-later
"""How recipients are told: in digests, within limits, left alone while they cannot be reached."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.base import Unavailable
from rules.facts import Happening
from tests.worker.conftest import Site
from worker.acknowledging import AcknowledgeLinks, acknowledge_by, look_at
from worker.outbox import Manner, OutboxMessage, SendResult
from worker.recheck import Recheck
from worker.sending import Outbox
from worker.store.accounts import standing_notices
from worker.store.messages import begin_sending, claim_messages
from worker.store.tables import field_changes, outbox, recipient_states, tickets

READ = Manner(per_minute=60, gathers=True)


def with_messages(site: Site, number: int, *, manner: Manner = READ) -> Site:
    """A site whose lead is to be told of so many tickets: half of their time has passed."""
    site.mailbox.manners["team_lead"] = manner
    for ident in range(number):
        site.helpdesk.add(f"{ident}")
    site.once()
    site.wait(hours=2)
    judge(site)
    return site


def judge(site: Site) -> None:
    work = site.installation.accounts[0]
    while (look := work.reconciler.claim()).ticket_ids:
        work.reconciler.reconcile(look)


def send(site: Site, limit: int = 20) -> None:
    site.installation.accounts[0].outbox.send_due(limit)


def states(site: Site) -> dict[str, int]:
    with site.database.read("default") as books:
        choice = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
        return {row[0]: row[1] for row in books.tx.execute(choice)}


def rows(site: Site, *columns: str) -> list[tuple[object, ...]]:
    with site.database.read("default") as books:
        choice = sa.select(*(outbox.c[name] for name in columns)).order_by(outbox.c.id)
        return [tuple(row) for row in books.tx.execute(choice)]


def notices(site: Site) -> dict[str, str]:
    with site.database.read("default") as books:
        return standing_notices(books)


# Digests


def test_many_tickets_of_one_moment_are_one_message_to_one_person(any_site: Site) -> None:
    with_messages(any_site, 60)
    send(any_site)
    assert any_site.mailbox.sent == []
    [digest] = any_site.mailbox.digests
    assert {one.ticket_id for one in digest} == {f"{ident}" for ident in range(60)}
    assert states(any_site) == {"sent": 60}


def test_two_tickets_are_two_messages(any_site: Site) -> None:
    with_messages(any_site, 2)
    send(any_site)
    assert any_site.mailbox.digests == []
    assert len(any_site.mailbox.sent) == 2


def test_programs_get_each_message_on_its_own(any_site: Site) -> None:
    with_messages(any_site, 5, manner=Manner(per_minute=60))
    send(any_site)
    assert any_site.mailbox.digests == []
    assert len(any_site.mailbox.sent) == 5


def test_people_of_different_tickets_share_no_digest(any_site: Site) -> None:
    with_messages(any_site, 6, manner=Manner(per_minute=60, gathers=True, person="assignee"))
    with any_site.database.write("default") as books:
        own = sa.case((outbox.c.ticket_id.in_(("0", "1", "2", "3")), "anna"), else_="bob")
        books.tx.execute(sa.update(outbox).values(assignee_id=own))
    send(any_site)
    [digest] = any_site.mailbox.digests
    assert {one.assignee for one in digest} == {"anna"}
    assert {one.assignee for one in any_site.mailbox.sent} == {"bob"}


def test_a_digest_that_may_have_arrived_is_tried_again_as_the_same_one(any_site: Site) -> None:
    with_messages(any_site, 4)
    any_site.mailbox.answers = [SendResult("ambiguous", "cut")]
    send(any_site)
    [tried] = any_site.mailbox.digests
    # What comes due meanwhile is no part of it.
    with any_site.database.write("default") as books:
        later = sa.update(outbox).where(outbox.c.ticket_id == tried[-1].ticket_id)
        books.tx.execute(later.values(state="ready", ambiguous=0, digest=None, claim=None))
    any_site.wait(seconds=5)
    any_site.mailbox.digests.clear()
    send(any_site)
    [digest] = any_site.mailbox.digests
    assert [one.ticket_id for one in any_site.mailbox.sent] == [tried[-1].ticket_id]
    assert [one.ticket_id for one in digest] == [one.ticket_id for one in tried[:-1]]
    assert {one.digest for one in digest} == {f"digest:{tried[0].key}"}
    assert all(one.may_be_repeat for one in digest)


def test_a_digest_whose_sender_died_is_claimed_as_a_whole(any_site: Site) -> None:
    with_messages(any_site, 30)
    work = any_site.installation.accounts[0]
    any_site.mailbox.answers = [SendResult("ambiguous", "cut")]
    send(any_site)
    any_site.wait(minutes=1)
    with any_site.database.write("default") as books:
        begin_sending(books, claim_messages(books, any_site.clock.now(), 100, 60))
    any_site.database.lease_skew = 61
    any_site.mailbox.digests.clear()
    work.outbox.send_due(5)
    assert [len(one) for one in any_site.mailbox.digests] == [30]


def test_a_digest_that_certainly_failed_takes_up_what_has_come_since(any_site: Site) -> None:
    with_messages(any_site, 3)
    any_site.mailbox.answers = [SendResult("temporary", "down")]
    send(any_site)
    any_site.helpdesk.add("late")
    any_site.once()
    any_site.mailbox.digests.clear()
    any_site.wait(hours=2)
    judge(any_site)
    send(any_site)
    told = {one.ticket_id for digest in any_site.mailbox.digests for one in digest}
    assert told == {"0", "1", "2", "late"}


def test_a_ticket_answered_meanwhile_is_left_out_of_the_digest(any_site: Site) -> None:
    with_messages(any_site, 5)
    with any_site.database.write("default") as books:
        books.tx.execute(sa.text("UPDATE verdicts SET state = 'met' WHERE ticket_id = '3'"))
    send(any_site)
    [digest] = any_site.mailbox.digests
    assert sorted(one.ticket_id for one in digest) == ["0", "1", "2", "4"]
    assert states(any_site) == {"sent": 4, "dropped": 1}


# Limits


def test_a_recipient_gets_no_more_in_a_minute_than_its_limit(any_site: Site) -> None:
    with_messages(any_site, 5, manner=Manner(per_minute=2))
    send(any_site)
    send(any_site)
    assert len(any_site.mailbox.sent) == 2
    assert {row for row in rows(any_site, "state", "attempt") if row[0] == "ready"} == {
        ("ready", 0)
    }
    any_site.wait(minutes=1)
    send(any_site)
    assert len(any_site.mailbox.sent) == 4


def test_the_limit_holds_for_all_processes_together(any_site: Site) -> None:
    with_messages(any_site, 4, manner=Manner(per_minute=2))
    other = Outbox(any_site.database, "default", any_site.mailbox, any_site.clock, lambda: False)
    send(any_site, limit=1)
    other.send_due()
    assert len(any_site.mailbox.sent) == 2


# Recipients that cannot be reached


def test_a_recipient_that_keeps_failing_is_left_alone_and_operators_are_told(
    any_site: Site,
) -> None:
    with_messages(any_site, 9, manner=Manner(per_minute=100))
    any_site.mailbox.answers = [SendResult("temporary", "down")] * 5
    send(any_site, limit=5)
    assert "team_lead do not arrive: down" in notices(any_site)["recipient_team_lead"]
    send(any_site)
    assert any_site.mailbox.sent == []
    assert states(any_site) == {"ready": 9}
    # After the pause a single message tries; then the others follow.
    any_site.wait(minutes=1, seconds=1)
    send(any_site)
    assert len(any_site.mailbox.sent) == 1
    assert "recipient_team_lead" not in notices(any_site)
    any_site.wait(minutes=1)
    send(any_site)
    assert len(any_site.mailbox.sent) == 9


def test_pauses_of_a_recipient_grow_to_half_an_hour(any_site: Site) -> None:
    with_messages(any_site, 1, manner=Manner(per_minute=100))
    any_site.mailbox.answers = [SendResult("temporary", "down")] * 30
    pauses: list[int] = []
    for _ in range(8):
        send(any_site)
        with any_site.database.read("default") as books:
            until = books.tx.execute(sa.select(recipient_states.c.blocked_until)).scalar()
        now = any_site.clock.now().timestamp()
        if until is not None and until > now:
            pauses.append(int(until - now) // 60)
        any_site.wait(hours=10)
    assert pauses == [1, 2, 4, 8]


def test_a_message_whose_setting_is_missing_waits_and_operators_are_told(any_site: Site) -> None:
    with_messages(any_site, 1)
    fault = SendResult("setting", "no mail server is set (STIPT_MAIL_URL)")
    any_site.mailbox.answers = [fault] * 3
    for _ in range(3):
        send(any_site)
        any_site.wait(minutes=5)
    assert "STIPT_MAIL_URL" in notices(any_site)["recipient_team_lead"]
    assert rows(any_site, "state", "attempt") == [("ready", 0)]
    send(any_site)  # it was set meanwhile
    assert len(any_site.mailbox.sent) == 1
    assert notices(any_site) == {}


def test_a_message_waits_a_day_for_its_setting(any_site: Site) -> None:
    with_messages(any_site, 1)
    any_site.mailbox.answers = [SendResult("setting", "not set")] * 3
    send(any_site)
    any_site.wait(hours=1)
    send(any_site)
    assert states(any_site) == {"ready": 1}
    any_site.wait(hours=23)
    send(any_site)
    assert states(any_site) == {"dead": 1}
    assert "stipt messages list" in notices(any_site)["messages_dead"]


# What may have arrived


def test_a_doubtful_message_is_held_where_the_rules_say_so(any_site: Site) -> None:
    with_messages(any_site, 1, manner=Manner(per_minute=60, holds_doubtful=True))
    any_site.mailbox.answers = [SendResult("ambiguous", "cut")]
    send(any_site)
    [(state, detail)] = rows(any_site, "state", "detail")
    assert (state, detail.startswith("cut; it may have arrived")) == ("dead", True)
    any_site.wait(hours=1)
    send(any_site)
    assert len(any_site.mailbox.sent) == 1


def test_a_message_whose_sender_died_is_held_where_the_rules_say_so(any_site: Site) -> None:
    with_messages(any_site, 1, manner=Manner(per_minute=60, holds_doubtful=True))
    with any_site.database.write("default") as books:
        begin_sending(books, claim_messages(books, any_site.clock.now(), 10, 60))
    any_site.database.lease_skew = 61
    send(any_site)
    assert any_site.mailbox.sent == []
    assert states(any_site) == {"dead": 1}


def test_a_message_that_was_claimed_and_not_begun_is_not_held(any_site: Site) -> None:
    with_messages(any_site, 1, manner=Manner(per_minute=60, holds_doubtful=True))
    with any_site.database.write("default") as books:
        claim_messages(books, any_site.clock.now(), 10, 60)
    any_site.database.lease_skew = 61
    send(any_site)
    assert states(any_site) == {"sent": 1}


# A last look at the helpdesk


def test_a_ticket_answered_a_moment_ago_is_not_warned_about(any_site: Site) -> None:
    with_messages(any_site, 3, manner=Manner(per_minute=60))
    any_site.wait(seconds=1)
    reply = Happening(at=any_site.clock.now(), kind="comment", by="agent")
    any_site.helpdesk.happen("1", reply)  # no poll has seen it yet
    before = any_site.helpdesk.spent["tickets"]
    send(any_site)
    assert any_site.helpdesk.spent["tickets"] == before + 1
    assert any_site.helpdesk.spent["ticket"] == 1
    judge(any_site)
    any_site.wait(seconds=3)
    send(any_site)
    told = {one.ticket_id for one in any_site.mailbox.sent}
    assert told == {"0", "2"}
    assert states(any_site) == {"sent": 2, "dropped": 1}


def test_a_ticket_that_only_stipt_has_written_is_not_read_again(any_site: Site) -> None:
    with_messages(any_site, 1)
    any_site.installation.accounts[0].writer.write_due()
    send(any_site)
    assert any_site.helpdesk.spent["ticket"] == 0
    assert len(any_site.mailbox.sent) == 1


def test_a_ticket_that_stipt_is_writing_at_this_moment_is_not_read_again(any_site: Site) -> None:
    with_messages(any_site, 1)
    any_site.wait(seconds=1)
    any_site.helpdesk.happen("0", Happening(at=any_site.clock.now(), kind="field", by="stipt"))
    with any_site.database.write("default") as books:
        books.tx.execute(sa.update(field_changes).values(state="writing"))
    send(any_site)
    assert any_site.helpdesk.spent["ticket"] == 0
    assert len(any_site.mailbox.sent) == 1


def test_a_ticket_that_is_gone_is_not_warned_about(any_site: Site) -> None:
    with_messages(any_site, 1)
    del any_site.helpdesk.held["0"]
    send(any_site)
    assert rows(any_site, "state", "detail") == [("dropped", "the ticket is solved or gone")]


def test_people_are_warned_though_the_helpdesk_does_not_answer(any_site: Site) -> None:
    with_messages(any_site, 1)
    any_site.helpdesk.faults["tickets"] = [Unavailable("down")]
    send(any_site)
    assert len(any_site.mailbox.sent) == 1


def test_of_many_changed_tickets_only_some_are_read_and_solved_ones_are_dropped(
    any_site: Site,
) -> None:
    with_messages(any_site, 30)
    any_site.wait(seconds=1)
    for ident in range(30):
        at = any_site.clock.now()
        any_site.helpdesk.happen(f"{ident}", Happening(at=at, kind="status", to="solved"))
    work = any_site.installation.accounts[0]
    look = Recheck(any_site.database, any_site.helpdesk, any_site.clock, work.poller.read_one).look
    found = look([f"{ident}" for ident in range(30)])
    assert len(found.changed) == 20
    assert len(found.over) == 10
    assert any_site.helpdesk.spent["ticket"] == 20


# Acknowledging

REPEATING = """
    - {at: 50%, tell: [team_lead], repeat: {every: 10m, times: 3}}
"""


def repeating(site: Site) -> Site:
    text = (site.rules / "sla.yaml").read_text()
    first = "\n    - {at: 50%, tell: [team_lead]}\n"
    assert first in text
    text = text.replace(first, REPEATING).replace(
        "within: 24h, counted: always}", "within: 4h, counted: always, escalate: usual}"
    )
    (site.rules / "sla.yaml").write_text(text)
    site.helpdesk.add("1")
    site.once()
    site.wait(hours=2)
    site.once()
    return site


def keys(site: Site, measure: str) -> list[str]:
    return [key for one in site.mailbox.sent if one.measure == measure for key in one.keys]


def token_of(site: Site, message: OutboxMessage) -> str:
    policies = site.installation.accounts[0].policies
    links = AcknowledgeLinks(
        site.database, "default", "https://stipt.example", policies.by_hash_or_present
    )
    link = links.link(message)
    assert link is not None
    assert link.startswith("https://stipt.example/acknowledge/")
    return link.rpartition("/")[2]


def test_a_warning_is_repeated_until_somebody_acknowledges(any_site: Site) -> None:
    repeating(any_site)
    any_site.wait(minutes=10)
    any_site.once()
    assert keys(any_site, "first_reply") == ["50%", "50% #2"]
    first = next(one for one in any_site.mailbox.sent if one.measure == "first_reply")
    token = token_of(any_site, first)
    assert look_at(any_site.database, token).standing == "open"
    now = any_site.clock.now()
    assert acknowledge_by(any_site.database, token, now).standing == "open"
    assert acknowledge_by(any_site.database, token, now).standing == "acknowledged"
    any_site.wait(minutes=20)
    any_site.once()
    assert keys(any_site, "first_reply") == ["50%", "50% #2"]
    # Other cycles of the ticket go on, and so do other steps of this one.
    assert keys(any_site, "resolution")[-1] == "50% #4"
    any_site.wait(hours=1)
    any_site.once()
    assert "1h before" in keys(any_site, "first_reply")
    untold = [row for row in rows(any_site, "step", "state", "detail") if row[1] == "dropped"]
    assert ("50% #3", "dropped", "acknowledged") in untold


def test_an_agents_reply_ends_the_repetitions_of_a_clock_that_goes_on(any_site: Site) -> None:
    repeating(any_site)
    reply = Happening(at=any_site.clock.now() + timedelta(minutes=1), kind="comment", by="agent")
    any_site.wait(minutes=1)
    any_site.helpdesk.happen("1", reply)
    any_site.wait(minutes=9)
    any_site.once()
    assert keys(any_site, "resolution") == ["50%"]
    told = rows(any_site, "measure", "step", "state", "detail")
    assert ("resolution", "50% #2", "dropped", "an agent has replied") in told


def test_a_repetition_that_waits_is_dropped_once_acknowledged(any_site: Site) -> None:
    repeating(any_site)
    first = next(one for one in any_site.mailbox.sent if one.measure == "first_reply")
    any_site.wait(minutes=10)
    judge(any_site)
    acknowledge_by(any_site.database, token_of(any_site, first), any_site.clock.now())
    send(any_site)
    assert "50% #2" not in keys(any_site, "first_reply")


def test_a_step_without_repetitions_has_no_link(any_site: Site) -> None:
    with_messages(any_site, 1)
    send(any_site)
    policies = any_site.installation.accounts[0].policies
    links = AcknowledgeLinks(
        any_site.database, "default", "https://stipt.example", policies.by_hash_or_present
    )
    assert links.link(any_site.mailbox.sent[0]) is None


def test_without_a_public_address_there_are_no_links(any_site: Site) -> None:
    repeating(any_site)
    policies = any_site.installation.accounts[0].policies
    links = AcknowledgeLinks(any_site.database, "default", None, policies.by_hash_or_present)
    assert links.link(any_site.mailbox.sent[0]) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _token: "",
        lambda _token: "x",
        lambda token: token + "A",
        lambda token: token[:-4] + "AAAA",
        lambda token: "A" + token,
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: "W10." + token.partition(".")[2],
        lambda _token: "ü" * 10,
        lambda _token: "A" * 5000,
    ],
)
def test_a_link_that_is_not_ours_does_nothing(site: Site, spoil: object) -> None:
    repeating(site)
    first = next(one for one in site.mailbox.sent if one.measure == "first_reply")
    spoilt = spoil(token_of(site, first))  # type: ignore[operator] - a function of the table
    now = site.clock.now()
    assert acknowledge_by(site.database, spoilt, now).standing == "invalid"
    assert look_at(site.database, token_of(site, first)).standing == "open"


def test_a_link_to_a_cycle_that_has_ended_says_so(site: Site) -> None:
    repeating(site)
    first = next(one for one in site.mailbox.sent if one.measure == "first_reply")
    token = token_of(site, first)
    reply = Happening(at=site.clock.now(), kind="comment", by="agent")
    site.helpdesk.happen("1", reply)
    site.once()
    assert acknowledge_by(site.database, token, site.clock.now()).standing == "over"


def test_a_restart_makes_the_same_links(site: Site) -> None:
    repeating(site)
    first = next(one for one in site.mailbox.sent if one.measure == "first_reply")
    assert token_of(site, first) == token_of(site, first)


def test_tickets_are_compared_with_the_helpdesk_once_for_a_message(any_site: Site) -> None:
    with_messages(any_site, 1)
    any_site.mailbox.answers = [SendResult("temporary", "down")]
    before = any_site.helpdesk.spent["tickets"]
    send(any_site)
    any_site.wait(seconds=10)
    send(any_site)
    assert any_site.helpdesk.spent["tickets"] == before + 1
    with any_site.database.read("default") as books:
        assert books.tx.execute(sa.select(tickets.c.ticket_id)).all()


# Dry run


def test_in_a_dry_run_nobody_is_told_and_nothing_of_it_is_sent_later(any_site: Site) -> None:
    any_site.start(write="off")
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.once()
    assert rows(any_site, "state", "detail") == [("dropped", "dry run")]
    any_site.start(write="on")
    any_site.once()
    assert any_site.mailbox.sent == []
    any_site.wait(hours=1)  # what comes due from now on is told
    any_site.once()
    assert [one.keys for one in any_site.mailbox.sent if one.recipient == "team_lead"] == [
        ("1h before",)
    ]
