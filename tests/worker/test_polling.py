# SPDX-License-Identifier: GPL-3.0-or-later
"""Polling: cursors, waits, faults, rows that cannot be read."""

from dataclasses import replace
from datetime import datetime

import pytest

from connector.base import (
    CredentialsRejected,
    Page,
    Refused,
    SetAside,
    Throttled,
    Unavailable,
)
from tests.worker.conftest import Site
from worker.store.accounts import account_row
from worker.store.pages import present_cursor


def cursor(site: Site) -> str | None:
    with site.database.read("default") as books:
        return present_cursor(books)


def test_polling_goes_on_where_it_stopped(any_site: Site) -> None:
    any_site.helpdesk.page_size = 2
    for number in range(5):
        any_site.helpdesk.add(f"{number}")
    poller = any_site.start().accounts[0].poller
    any_site.helpdesk.faults["changes"] = []
    assert poller.poll().pages == 3
    assert cursor(any_site) == "5"
    assert poller.poll().tickets == 0


def test_a_rate_limit_becomes_a_later_time_that_all_can_see(any_site: Site) -> None:
    poller = any_site.start().accounts[0].poller
    any_site.helpdesk.faults["changes"] = [Throttled(40)]
    until = poller.poll().not_before
    assert until is not None
    with any_site.database.read("default") as books:
        assert account_row(books).not_before == until
    spent = any_site.helpdesk.spent["changes"]
    poller.poll()
    assert any_site.helpdesk.spent["changes"] == spent
    any_site.wait(seconds=40)
    assert poller.poll().is_complete


@pytest.mark.parametrize("fault", [Unavailable("no answer"), Refused("bad cursor")])
def test_a_fault_is_waited_out_and_nothing_is_lost(any_site: Site, fault: Exception) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.faults["changes"] = [fault]
    report = any_site.once()
    assert report.is_complete
    assert report.tickets == 1


def test_a_place_that_the_helpdesk_forgot_is_replaced_by_a_time(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.helpdesk.faults["changes"] = [Refused("cursor expired")]
    any_site.helpdesk.add("2")
    any_site.wait(minutes=5)
    report = any_site.once()
    assert report.tickets == 2
    assert report.notices == {}


def test_refused_credentials_do_not_make_it_spin(any_site: Site) -> None:
    poller = any_site.start().accounts[0].poller
    any_site.helpdesk.faults["changes"] = [CredentialsRejected("401")] * 5
    for _ in range(20):
        poller.poll()
        any_site.wait(minutes=1)
    assert any_site.helpdesk.spent["changes"] == 2


def test_a_cursor_that_does_not_move_is_an_alarm_and_no_endless_loop(site: Site) -> None:
    site.helpdesk.add("1")
    installation = site.start()
    poller = installation.accounts[0].poller
    poller.poll()
    honest = site.helpdesk.changes

    def stuck(cursor: str | None, *, since: datetime) -> Page:
        return replace(honest(cursor, since=since), more=True)

    site.helpdesk.changes = stuck
    assert not poller.poll().is_complete
    assert "cursor_stuck" in site.once().notices


def test_a_cursor_that_moves_again_ends_its_notice(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    honest = any_site.helpdesk.changes

    def stuck(cursor: str | None, *, since: datetime) -> Page:
        return replace(honest(cursor, since=since), more=True)

    any_site.helpdesk.changes = stuck
    assert "cursor_stuck" in any_site.once().notices
    any_site.helpdesk.changes = honest
    assert any_site.once().notices == {}


def test_a_fault_does_not_hide_the_pages_before_it(site: Site) -> None:
    site.helpdesk.page_size = 2
    for number in range(5):
        site.helpdesk.add(f"{number}")
    poller = site.start().accounts[0].poller
    honest, calls = site.helpdesk.changes, iter([None, None, Unavailable("no answer")])

    def fails_at_the_third(cursor: str | None, *, since: datetime) -> Page:
        if (fault := next(calls)) is not None:
            raise fault
        return honest(cursor, since=since)

    site.helpdesk.changes = fails_at_the_third
    polled = poller.poll()
    assert (polled.pages, polled.is_complete, polled.trouble) == (2, False, "no answer")


def test_a_row_that_cannot_be_read_is_set_aside_and_tried_again(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.helpdesk.add("2")
    honest = any_site.helpdesk.changes

    def partly(cursor: str | None, *, since: datetime) -> Page:
        page = honest(cursor, since=since)
        return replace(
            page,
            tickets=tuple(one for one in page.tickets if one.facts.id != "2"),
            set_aside=(SetAside("2", "tickets", "created_at is no time"),),
            unknown={"channel:fax": 1},
        )

    any_site.helpdesk.changes = partly
    report = any_site.once()
    assert (report.tickets, report.set_aside) == (1, 1)
    any_site.helpdesk.changes = honest
    any_site.wait(minutes=6)
    any_site.once()
    report = any_site.once()
    assert (report.tickets, report.set_aside) == (2, 0)


def test_a_deleted_ticket_stops_its_clocks(any_site: Site) -> None:
    any_site.helpdesk.add("1")
    any_site.once()
    any_site.helpdesk.delete("1")
    any_site.wait(minutes=5)
    any_site.once()
    any_site.wait(hours=10)
    any_site.once()
    assert any_site.mailbox.sent == []
