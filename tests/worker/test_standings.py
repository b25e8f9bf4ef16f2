# SPDX-License-Identifier: GPL-3.0-or-later
"""How an account stands in the running periods, and the warnings that come of it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from rules.canonical import canonical_json, read_canonical
from tests.worker.contract_example import copy_rules, live
from tests.worker.memory_helpdesk import at
from worker.notify.text import Setting, compose
from worker.reporting.language import language
from worker.reporting.prospects import Prospect, sentence
from worker.reporting.standing import Standing
from worker.store.standing import standing_of
from worker.store.tables import outbox, tickets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worker.conftest import Site
    from worker.outbox import OutboxMessage

NOW = at("2026-11-20T08:00:00Z")
ENGLISH = language("en")
WARN = "    warn: [{when: 9 more breaches, tell: [owner]}]\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules of the example, which warn an account owner, beside its outages."""
    folder = copy_rules(tmp_path)
    text = (folder / "sla.yaml").read_text(encoding="utf-8")
    mark = "    minimum_tickets: 20\n"
    assert mark in text
    text = text.replace(mark, mark + WARN, 1)
    text += "\nrecipients:\n  owner: {email: owner@example.com, language: nl}\n"
    (folder / "sla.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def lived(any_site: Site) -> Site:
    """A worker that has read and judged the example's tickets as they were on 20 November."""
    live(any_site, NOW)
    return any_site


def standing(site: Site) -> Standing:
    """What was last counted."""
    with site.database.read("default") as books:
        found = standing_of(books)
    assert found is not None
    return read_canonical(found[0], Standing)


def told(site: Site) -> list[sa.Row[tuple[str, str, str, str | None]]]:
    """Recipient, state, step and text of all warnings of forecasts."""
    rows = outbox.c
    choice = sa.select(rows.recipient, rows.state, rows.step, rows.about)
    choice = choice.where(rows.about.is_not(None)).order_by(rows.id)
    with site.database.read("default") as books:
        return list(books.tx.execute(choice).all())


def a_prospect(**values: object) -> Prospect:
    """A promise of 95 % with room for three more breaches."""
    plain = Prospect(
        customer="acme",
        tier="premium",
        obligation="reply_95",
        of="first_reply",
        kind="calendar_month",
        period="2026-11",
        until_at=datetime(2026, 11, 30, 23, tzinfo=UTC),
        outlook="at_risk",
        breaches_left=4,
        seconds_left=None,
        edge="at_least",
        level=Fraction(19, 20),
        numerator=128,
        n_decided=131,
        n_open=6,
        now=Decimal(0),
        then=Decimal("100.00"),
        share_of_fee=Fraction(1, 20),
        fee=Decimal("2000.00"),
        currency="EUR",
    )
    return replace(plain, **values)


def test_the_running_month_stands_as_the_report_counts_it(lived: Site):
    found = standing(lived)

    reply = next(one for one in found.prospects if one.obligation == "reply_95")
    assert (reply.customer, reply.period, reply.level) == ("acme", "2026-11", Fraction(19, 20))
    assert reply.n_decided > 20
    assert {one.obligation for one in found.prospects} == {
        "reply_95",
        "solved_in_a_week",
        "portal",
    }
    assert [one.currency for one in found.money] == ["EUR"]
    assert found.month == "2026-11"
    assert {one.measure for one in found.measures} == {"first_reply", "resolution"}
    assert found.doubts == ()


def test_a_warning_is_told_once_however_often_it_is_counted(lived: Site):
    lived.once()
    lived.wait(hours=3)
    lived.once()

    ((recipient, state, step, about),) = told(lived)
    assert (recipient, state, step) == ("owner", "sent", "reply_95/acme/2026-11")
    assert read_canonical((about or "").encode(), Prospect).customer == "acme"
    assert [one.about is not None for one in lived.mailbox.sent].count(True) == 1


def test_outages_that_cannot_be_read_are_said_and_the_rest_is_counted(lived: Site):
    (lived.rules / "outages.csv").unlink()

    lived.once()

    found = standing(lived)
    assert len(found.doubts) == 1
    assert "no such file" in found.doubts[0]
    assert found.measures


def test_the_first_solve_stands_with_the_ticket(lived: Site):
    with lived.database.read("default") as books:
        choice = sa.select(tickets.c.solved_at, tickets.c.contacts, tickets.c.channel)
        rows = books.tx.execute(choice.where(tickets.c.solved_at.is_not(None))).all()
    assert rows
    assert {channel for _, _, channel in rows} >= {"email", "web"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "4 more breaches this month bring acme below 95 %: 5 % of 2,000.00 EUR"),
        ({"name": "Acme BV"}, "4 more breaches this month bring Acme BV below 95 %"),
        ({"breaches_left": 1}, "1 more breach this month brings acme below 95 %: 5 % of"),
        ({"share_of_fee": None}, "bring acme below 95 %: 100.00 EUR"),
        ({"then": Decimal(0)}, "bring acme below 95 %: no credit"),
        ({"outlook": "lost", "breaches_left": 0}, "acme ends this month below 95 %, whatever"),
        ({"edge": "at_most", "kind": "quarter"}, "this quarter bring acme above 95 %"),
        ({"outlook": "safe"}, "acme: not below 95 % this month"),
        ({"outlook": "too_few"}, "acme: too few cases this month to judge it yet"),
        ({"outlook": "nothing"}, "acme: no case this month yet"),
        ({"outlook": "no_level"}, "acme: nothing can be said yet this month"),
        ({"breaches_left": None, "seconds_left": 3900}, "1 h 05 min more of outage this month"),
    ],
)
def test_a_forecast_is_one_sentence(values: dict[str, object], expected: str):
    assert expected in sentence(a_prospect(**values), ENGLISH)


def test_a_warning_speaks_the_recipients_language_and_names_no_ticket(lived: Site):
    message = next(one for one in lived.mailbox.sent if one.about is not None)
    message = replace_about(message, a_prospect(outlook="safe"))

    text = compose(message, Setting(NOW, ZoneInfo("Europe/Amsterdam"), language="nl"))

    assert "Nog 4 overschrijdingen deze maand brengen acme onder 95%" in text.body
    assert "Ticket" not in text.subject + text.body


def replace_about(message: OutboxMessage, prospect: Prospect) -> OutboxMessage:
    """The message with another forecast."""
    return dataclasses.replace(message, about=canonical_json(prospect).decode())
