# SPDX-License-Identifier: GPL-3.0-or-later
"""Timers: when the tick looks again, what it wakes, and clocks that jump."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
import sqlalchemy as sa

import worker.reconcile
from tests.worker.conftest import Site
from tests.worker.memory_helpdesk import at
from worker.cli.main import run
from worker.outbox import SendResult
from worker.store.database import Books, epoch
from worker.store.hint_tables import hints
from worker.store.tables import accounts, leases, outbox, recipient_states, tickets
from worker.tick import LONGEST_SLEEP, Ticker

if TYPE_CHECKING:
    from worker.actors import Actors


class Woken:
    """Stands for the actors: counts who is woken."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.queued = 0

    def waiting(self) -> int:
        return self.queued

    def look(self, _account: str) -> None:
        self.calls["look"] += 1

    def send(self, _account: str) -> None:
        self.calls["send"] += 1

    def write(self, _account: str) -> None:
        self.calls["write"] += 1


def a_ticker(site: Site) -> tuple[Ticker, Woken]:
    woken = Woken()
    return Ticker(site.installation or site.start(), cast("Actors", woken)), woken


def keys(site: Site) -> list[str]:
    """What the team's lead was told."""
    sent = [one for one in site.mailbox.sent if one.recipient == "team_lead"]
    return [f"{one.ticket_id} {one.keys[0]}" for one in sent]


def test_an_idle_tick_sleeps_as_long_as_it_may_and_wakes_nobody(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    ticker, woken = a_ticker(any_site)
    assert ticker.tick() == LONGEST_SLEEP
    assert LONGEST_SLEEP <= 1
    assert not woken.calls


def test_the_tick_sleeps_no_longer_than_until_the_next_moment(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    ticker, woken = a_ticker(any_site)
    any_site.wait(hours=2, seconds=-0.25)
    assert ticker.tick() == pytest.approx(0.25, abs=0.001)
    assert not woken.calls
    any_site.wait(seconds=0.25)
    ticker.tick()
    assert woken.calls["look"] == 1


def test_a_backlog_wakes_several_judges_but_never_floods_the_broker(any_site: Site) -> None:
    for number in range(450):
        any_site.helpdesk.add(f"{number}")
    any_site.start().accounts[0].poller.poll()
    ticker, woken = a_ticker(any_site)
    ticker.tick()
    assert woken.calls == {"look": 3}
    woken.queued = 1000
    ticker.tick()
    assert woken.calls == {"look": 3}


def test_a_message_whose_wake_up_call_was_lost_wakes_the_sender(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    work = any_site.installation.accounts[0]
    work.reconciler.reconcile(work.reconciler.claim())
    ticker, woken = a_ticker(any_site)
    ticker.tick()
    assert woken.calls == {"send": 1, "write": 1}


def test_a_pause_leaves_writes_and_notes_where_they_are(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    work = any_site.start().accounts[0]
    work.poller.poll()
    work.reconciler.reconcile(work.reconciler.claim())
    ticker, woken = a_ticker(any_site)
    with any_site.database.write("default") as books:
        books.tx.execute(sa.text("UPDATE accounts SET paused_at = 1"))
    assert ticker.tick() == LONGEST_SLEEP
    assert not woken.calls


def paused_with_a_message(site: Site, recipient: str) -> tuple[Ticker, Woken]:
    """A ticker of a paused connection; a message has failed once and waits for its next try."""
    site.helpdesk.add("1")
    site.once()
    site.wait(hours=2)
    work = site.installation.accounts[0]
    work.reconciler.reconcile(work.reconciler.claim())
    site.mailbox.answers = [SendResult("temporary", "the mail server is full")]
    work.outbox.send_due()
    with site.database.write("default") as books:
        books.tx.execute(sa.text("UPDATE accounts SET paused_at = 1"))
        books.tx.execute(sa.update(outbox).values(recipient=recipient))
    site.wait(minutes=10)
    return a_ticker(site)


def test_a_message_that_needs_no_helpdesk_does_not_wait_for_the_end_of_a_pause(
    any_site: Site,
) -> None:
    ticker, woken = paused_with_a_message(any_site, "team_lead")
    calls = any_site.helpdesk.calls_spent()
    ticker.tick()
    assert woken.calls == {"send": 1}
    any_site.installation.accounts[0].outbox.send_due()
    assert keys(any_site) == ["1 50%"]
    assert any_site.helpdesk.calls_spent() == calls  # the refused credentials are left alone
    assert ticker.tick() == LONGEST_SLEEP


def test_a_note_waits_for_the_end_of_a_pause_and_nobody_is_woken_for_it(any_site: Site) -> None:
    ticker, woken = paused_with_a_message(any_site, "note")
    assert ticker.tick() == LONGEST_SLEEP
    assert not woken.calls


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=30)])
def test_a_clock_set_back_repeats_nothing_and_holds_nothing_up(
    any_site: Site, back: timedelta
) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    ticker, _ = a_ticker(any_site)
    any_site.wait(hours=2)
    any_site.once()
    told = keys(any_site)
    assert told == ["1 50%"]
    any_site.clock.move(-back)
    ticker.tick()
    any_site.once()
    assert keys(any_site) == told
    any_site.clock.move(back)
    any_site.once()
    assert keys(any_site) == told
    any_site.wait(hours=1)
    any_site.once()
    assert "1 1h before" in keys(any_site)
    assert max(Counter(f"{one.key}" for one in any_site.mailbox.sent).values()) == 1


def test_waits_and_leases_shrink_with_a_clock_that_is_set_back(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.wait(hours=2)
    any_site.once()
    ticker, _ = a_ticker(any_site)
    now = epoch(any_site.clock.now())
    with any_site.database.write("default") as books:
        far = books.lease_now() + 7200
        books.tx.execute(sa.update(outbox).values(state="ready", due=now + 60))
        books.tx.execute(sa.update(tickets).values(tries=1, look_at=now + 300, lease_until=far))
        books.tx.execute(
            sa.insert(leases).values(account="default", name="poll", holder="x", until=far)
        )
    any_site.clock.move(timedelta(hours=-2))
    ticker.tick()
    with any_site.database.read("default") as books:
        assert set(books.tx.execute(sa.select(outbox.c.due)).scalars()) == {now - 7200 + 60}
        row = books.tx.execute(sa.select(tickets.c.look_at, tickets.c.lease_until)).one()
        assert row.look_at == now - 7200 + 300
        assert row.lease_until < far - 6000
        assert books.tx.execute(sa.select(leases.c.until)).scalar_one() < far - 6000


def waits(books: Books) -> dict[str, int]:
    """How long everything waits that does, in epoch seconds, by the name of its column."""
    columns = (
        hints.c.due,
        recipient_states.c.blocked_until,
        tickets.c.writable_from,
        tickets.c.window_at,
        accounts.c.paused_at,
        outbox.c.due,
    )
    return {str(one): books.tx.execute(sa.select(sa.func.max(one))).scalar_one() for one in columns}


def waiting_site(site: Site) -> dict[str, int]:
    """A worker with all kinds of waits of ten minutes."""
    site.helpdesk.add("1")
    site.once()
    site.wait(hours=2)
    site.once()
    until = epoch(site.clock.now()) + 600
    with site.database.write("default") as books:
        books.tx.execute(sa.update(outbox).values(state="ready", due=until))
        books.tx.execute(sa.update(tickets).values(writable_from=until, window_at=until))
        books.tx.execute(sa.update(accounts).values(paused_at=until))
        row = {"account": "default", "ticket_id": "1", "first_at": until, "due": until}
        books.tx.execute(sa.insert(hints).values(**row, told=1, tries=1))
        books.tx.execute(sa.delete(recipient_states))
        state = {"account": "default", "recipient": "x", "minute": 0, "blocked_until": until}
        books.tx.execute(sa.insert(recipient_states).values(**state))
        return waits(books)


def test_every_wait_shrinks_with_a_clock_that_is_set_back(any_site: Site) -> None:
    before = waiting_site(any_site)
    ticker, _ = a_ticker(any_site)
    any_site.clock.move(timedelta(hours=-3))
    ticker.tick()
    with any_site.database.read("default") as books:
        assert waits(books) == {name: until - 3 * 3600 for name, until in before.items()}


def test_a_clock_that_was_set_back_while_nobody_ran_holds_nothing_up(any_site: Site) -> None:
    before = waiting_site(any_site)
    any_site.clock.move(timedelta(days=-30))
    with any_site.database.write("default") as books:
        books.tx.execute(sa.update(accounts).values(paused_at=None))
    any_site.start()
    with any_site.database.write("default") as books:
        books.tx.execute(sa.update(accounts).values(paused_at=0))
        now = waits(books) | {"accounts.paused_at": before["accounts.paused_at"] - 30 * 86400}
    assert now == {name: until - 30 * 86400 for name, until in before.items()}


def test_a_restart_by_the_same_clock_shortens_no_wait(any_site: Site) -> None:
    before = waiting_site(any_site)
    any_site.clock.move(timedelta(seconds=-20))  # machines differ by so much
    any_site.start(works=False)
    with any_site.database.write("default") as books:
        books.tx.execute(sa.update(accounts).values(paused_at=before["accounts.paused_at"]))
        assert waits(books) == before


@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        pytest.param(timedelta(hours=2), ["1 50%"], id="two hours"),
        pytest.param(timedelta(days=30), ["1 due"], id="thirty days, all in one message"),
    ],
)
def test_a_clock_set_forward_skips_nothing_and_says_how_late(
    any_site: Site, ahead: timedelta, told: list[str]
) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.clock.move(ahead)
    any_site.clock.move(timedelta(minutes=5))
    any_site.once()
    assert keys(any_site) == told
    assert any_site.mailbox.sent[0].late_by >= timedelta(minutes=5)


@pytest.mark.parametrize("behind", [timedelta(seconds=3), timedelta(hours=5)])
def test_a_clock_behind_the_helpdesks_takes_no_promise_from_a_ticket(
    any_site: Site, behind: timedelta
) -> None:
    any_site.helpdesk.add("1")
    any_site.clock.move(-behind)
    any_site.once()
    assert any_site.helpdesk.held["1"].state.current.own["sla_state"] == "on_track"
    any_site.clock.move(behind)
    any_site.wait(hours=2)
    any_site.once()
    assert keys(any_site) == ["1 50%"]


@pytest.mark.parametrize(
    "begins",
    [
        pytest.param("2026-10-25T00:30:00Z", id="an hour that comes twice"),
        pytest.param("2027-03-28T00:30:00Z", id="an hour that is skipped"),
    ],
)
def test_a_change_of_clocks_repeats_and_skips_nothing(any_site: Site, begins: str) -> None:
    any_site.clock.move(at(begins) - any_site.clock.now())
    any_site.helpdesk.add("1")
    any_site.once()
    for _ in range(10):
        any_site.wait(minutes=30)
        any_site.once()
    told = [
        (one.keys[0], one.at - at(begins))
        for one in any_site.mailbox.sent
        if one.recipient == "team_lead"
    ]
    assert told == [
        ("50%", timedelta(hours=2)),
        ("1h before", timedelta(hours=3)),
        ("due", timedelta(hours=4)),
    ]


def test_a_bad_ticket_waits_longer_each_time_and_is_reported_once(
    any_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[BaseException] = []
    monkeypatch.setattr(worker.reconcile, "report", reported.append)
    any_site.helpdesk.add("1")
    any_site.helpdesk.add("2")
    any_site.start().accounts[0].poller.poll()
    spoil(any_site, "1")
    work, waits = any_site.installation.accounts[0], []
    for _ in range(7):
        while (look := work.reconciler.claim()).ticket_ids:
            work.reconciler.reconcile(look)
        wait = look_at(any_site, "1") - epoch(any_site.clock.now())
        waits.append(wait)
        any_site.wait(seconds=wait)
    assert waits == [60, 300, 1800, 3600, 3600, 3600, 3600]
    assert len(reported) == 1
    with any_site.database.read("default") as books:
        judged = sa.select(tickets.c.judged_at).where(tickets.c.ticket_id == "2")
        assert books.tx.execute(judged).scalar() is not None


def test_a_ticket_that_kills_the_process_is_quarantined_and_the_rest_go_on(any_site: Site) -> None:
    for number in range(3):
        any_site.helpdesk.add(f"{number}")
    work = any_site.start().accounts[0]
    work.poller.poll()
    for _ in range(9):
        deadly = False
        for _ in range(5):
            look = work.reconciler.claim()
            if "1" in look.ticket_ids:
                deadly = True  # the process dies with its claim
                break
            work.reconciler.reconcile(look)
        any_site.database.lease_skew += 61
        if not deadly:
            break
    assert not deadly
    with any_site.database.read("default") as books:
        choice = sa.select(tickets.c.ticket_id).where(tickets.c.quarantined_at.is_not(None))
        assert list(books.tx.execute(choice).scalars()) == ["1"]


def test_a_quarantined_ticket_is_shown_and_let_go_by_command(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site.helpdesk.add("1")
    site.start().accounts[0].poller.poll()
    good = spoil(site, "1")
    for _ in range(9):
        site.once()
        site.wait(hours=1)
    monkeypatch.setenv("STIPT_DATABASE_URL", site.database.url.render_as_string())
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
    assert run(["quarantine", "show"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("#1  since 2026-11-2")
    assert "8 tries" in shown
    assert "while judging" in shown
    with site.database.write("default") as books:
        books.tx.execute(sa.update(tickets).values(facts=good))
    assert run(["quarantine", "release"]) == 64
    assert run(["quarantine", "release", "1", "2"]) == 0
    told = capsys.readouterr()
    assert "Released: #1" in told.out
    assert "#2 is not in quarantine" in told.err
    with site.database.write("default") as books:
        books.tx.execute(sa.update(tickets).values(look_at=epoch(site.clock.now())))
    assert site.once().judged == 1


def spoil(site: Site, ident: str) -> str:
    """Break a stored ticket so that judging it fails; returns what stood there."""
    with site.database.write("default") as books:
        mine = tickets.c.ticket_id == ident
        good: str = books.tx.execute(sa.select(tickets.c.facts).where(mine)).scalar_one()
        books.tx.execute(sa.update(tickets).where(mine).values(facts="{}"))
    return good


def look_at(site: Site, ident: str) -> int:
    with site.database.read("default") as books:
        choice = sa.select(tickets.c.look_at).where(tickets.c.ticket_id == ident)
        return int(books.tx.execute(choice).scalar_one())
