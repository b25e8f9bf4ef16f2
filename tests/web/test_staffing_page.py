# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of staffing: who is needed, by what the worker stored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from connector.records import PhoneQueue
from tests.web.test_board_ticket import text_of
from tests.worker.memory_helpdesk import at
from worker.store.phone_queue import keep_queue
from worker.store.record_tables import calls
from worker.store.tables import cursors

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.caller import Caller
    from tests.worker.conftest import Site

NOW = at("2026-11-23T08:00:00Z")
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-01-01}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours: {mon-fri: [09:00-17:00]}
tiers:
  premium:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 2h, counted: office}
    obligations: [answered]
obligations:
  answered: {of: phone_answer, within: 60s, at_least: 90%, per: calendar_month, excluding: []}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with rules of our own."""
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture
def lived(served: Caller) -> Caller:
    """A worker with a past."""
    live_weeks(served.site)
    return served


def live_weeks(site: Site) -> None:
    """Let eight weeks of mail and calls come in, a mail and five calls an hour on working days."""
    site.clock.move(NOW - site.clock.now())
    opened = at("2026-11-23T08:00:00Z")
    rows = []
    for back in range(1, 57):
        for hour in range(8):
            for n in range(5):
                begin = opened - timedelta(days=back) + timedelta(hours=hour, minutes=12 * n)
                if begin.weekday() > 4:
                    continue
                ident = f"{back * 100 + hour * 10 + n}"
                if n == 0:
                    site.helpdesk.add(ident, created_at=begin, channel="email")
                rows.append(a_call(ident, int(begin.timestamp())))
    with site.database.write("default") as books:
        books.tx.execute(sa.insert(calls), rows)
        books.tx.execute(
            sa.insert(cursors).values(
                account="default", stream="calls", cursor="1", saved_at=1, complete_at=1, pages=1
            )
        )
    site.once()


def a_call(ident: str, begun: int) -> dict[str, object]:
    """An answered call of six minutes, as it is stored."""
    return {
        "account": "default",
        "call_id": ident,
        "at": begun,
        "updated_at": begun + 360,
        "ended": "answered",
        "inbound": 1,
        "wait_seconds": 15,
        "handling_seconds": 360,
        "outside_hours": 0,
        "connected": 1,
    }


def test_the_page_says_who_is_needed_when(lived: Caller) -> None:
    page = lived.get("/staffing")
    words = text_of(page.text)

    assert page.status_code == 200
    assert "People needed on phone" in words
    assert "200 calls a week of 6 min 00 s" in words
    assert "premium: 90.0 % within 1 min 00 s" in words
    assert "Mail, and all that can wait" in words
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text


def test_what_the_past_does_not_tell_may_be_asked(lived: Caller) -> None:
    usual = lived.get("/staffing").text
    more = lived.get("/staffing?mail_work=2h&growth=50%25&shrinkage=0%25").text

    assert 'value="2h"' in more
    assert usual != more
    assert lived.get("/staffing").text == usual


@pytest.mark.parametrize(
    "query",
    ["mail_work=long", "shrinkage=100%25", "growth=5000%25", "mail_work=900h", "growth=x"],
)
def test_nonsense_is_refused(query: str, lived: Caller) -> None:
    assert lived.get(f"/staffing?{query}").status_code == 400


def test_a_roster_beside_the_rules_is_compared(lived: Caller) -> None:
    roster = lived.site.rules / "roster.csv"
    roster.write_text("work,days,from,until,agents\nphone,mon-fri,09:00,17:00,1\n", "utf-8")
    assert "People that the roster lacks" in text_of(lived.get("/staffing").text)

    roster.write_text("work,days\n", encoding="utf-8")
    assert "roster.csv: line 1: the column from is missing" in text_of(lived.get("/staffing").text)


def test_nothing_is_foretold_from_nothing(served: Caller) -> None:
    page = served.get("/staffing")

    assert page.status_code == 200
    assert "less than a week is known" in text_of(page.text)


@pytest.mark.parametrize(("minutes", "is_shown"), [(1, True), (10, False)])
def test_the_board_tells_who_waits_on_the_phone_now(
    minutes: int, is_shown: bool, served: Caller
) -> None:
    site = served.site
    with site.database.write("default") as books:
        keep_queue(books, PhoneQueue(3, 130, 60, 5), site.clock.now())
    site.wait(minutes=minutes)
    words = text_of(served.get("/").text)

    assert ("waiting on the phone, the longest for 2 min" in words) == is_shown


def test_reports_lead_there(served: Caller) -> None:
    assert 'href="/staffing"' in served.get("/reports").text
