# SPDX-License-Identifier: GPL-3.0-or-later
"""Pauses that were set soon after a message that nobody had answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.facts import Happening, Requester, Ticket
from rules.hasty_pauses import Pauses, pauses_until
from rules.timeline import seconds_of, timeline

BEGIN = datetime(2026, 11, 3, 9, tzinfo=UTC)
END = BEGIN + timedelta(days=1)


def minute(n: int) -> datetime:
    return BEGIN + timedelta(minutes=n)


def status(at: int, to: str) -> Happening:
    return Happening(at=minute(at), kind="status", to=to, by="agent")


def comment(at: int, by: str) -> Happening:
    return Happening(at=minute(at), kind="comment", by=by, public=True)


def pauses(*happenings: Happening, created_by: str = "end_user", until: datetime = END) -> Pauses:
    ticket = Ticket(
        id="1",
        created_at=BEGIN,
        channel="email",
        requester=Requester("7"),
        status="open",
        created_by=created_by,
        created_public=True,
        happenings=happenings,
    )
    return pauses_until(ticket, timeline(ticket, seconds_of(END)), seconds_of(until))


@pytest.mark.parametrize(("after", "hasty"), [(1, 1), (10, 1), (11, 0)])
def test_a_pause_is_hasty_within_ten_minutes_of_a_message(after: int, hasty: int) -> None:
    assert pauses(status(after, "pending")) == (1, hasty)


def test_a_pause_with_a_public_answer_is_not_hasty() -> None:
    assert pauses(comment(5, "agent"), status(5, "pending")) == (1, 0)
    assert pauses(comment(3, "agent"), status(5, "pending")) == (1, 0)


def test_each_new_message_may_be_followed_by_a_hasty_pause() -> None:
    happened = [comment(5, "agent"), status(5, "pending"), comment(60, "requester")]
    assert pauses(*happened, status(60, "open"), status(62, "hold")) == (2, 1)


def test_from_pending_to_on_hold_is_one_pause() -> None:
    assert pauses(status(5, "pending"), status(6, "hold")) == (1, 1)


def test_a_ticket_that_an_agent_created_waits_for_nobody() -> None:
    assert pauses(status(1, "pending"), created_by="agent") == (1, 0)


def test_what_comes_after_the_solve_is_not_counted() -> None:
    assert pauses(status(30, "pending"), until=minute(29)) == (0, 0)
