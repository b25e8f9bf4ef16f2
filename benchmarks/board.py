# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the board takes to answer, with many open tickets.

    python -m benchmarks.board [--tickets N] [--closed N]

The rows are written as a worker would have left them, over SQLite, beside tickets that are long
closed. The pages come over HTTP from the server that `stipt run` starts. It ends with 1 when the
first page takes more than a second, or a filter more than 200 ms. Of several tries the middle one
counts; the processor's time stands beside it, for machines that are busy otherwise.

Where there is a browser it also tells when a window that opens the board first shows something
(first contentful paint), beside an empty page of the same browser, and when a row that has changed
in the database has changed on the page.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import requests
import sqlalchemy as sa

from rules.changes import CurrentFields
from rules.facts import Organization, Ticket
from tests.app.harness.pages import NoBrowser, started_browser
from worker.clock import SteppedClock
from worker.settings import load_settings
from worker.store.database import Database, epoch
from worker.store.facts_json import current_text, organization_text, ticket_text
from worker.store.schema import prepare
from worker.store.tables import organizations, tickets, verdicts
from worker.web.application import web_application
from worker.web.binding import listen
from worker.web.server import WebServer
from worker.wiring import Parts, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FIRST_S, FILTER_S = 1.0, 0.2
RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office: {time_zone: Europe/Amsterdam, hours: {mon-fri: [09:00-17:30]}}
tiers:
  everybody:
    match: everything
    targets: [{measure: first_reply, within: 8h, counted: office}]
"""
FILTERS = (
    "?tier=premium",
    "?state=breached",
    "?measure=resolution",
    "?market=nl&group=Support+3",
    "?q=customer+12",
    "?assignee=agent-7&state=paused",
)
_TRIES = 7
_PAINT = """new Promise(resolve => new PerformanceObserver(list => {
  for (const one of list.getEntriesByName('first-contentful-paint')) resolve(one.startTime);
}).observe({ type: 'paint', buffered: true }))"""


def fill(database: Database, n_open: int, n_closed: int) -> None:
    """Tickets, their customers and their verdicts."""
    draw = random.Random(1)
    rows = [_ticket(draw, number, n_open) for number in range(1, n_open + n_closed + 1)]
    judged = [one for row in rows for one in _verdicts(draw, row)]
    customers = [_customer(draw, number) for number in range(200)]
    with database.write("default") as books:
        for table, some in ((organizations, customers), (tickets, rows), (verdicts, judged)):
            books.tx.execute(sa.insert(table), some)


def _customer(draw: random.Random, number: int) -> dict[str, object]:
    market = draw.choice(["nl", "be", "us", "de"])
    facts = Organization(id=f"o{number}", name=f"Customer {number}", fields={"market": market})
    return {
        "account": "default",
        "organization_id": f"o{number}",
        "version": 1,
        "seen_at": 0,
        "body": organization_text(facts),
    }


def _ticket(draw: random.Random, number: int, n_open: int) -> dict[str, object]:
    status = draw.choice(["new", "open", "open", "pending"]) if number <= n_open else "closed"
    facts = Ticket(id=str(number), created_at=NOW - timedelta(hours=5))
    current = CurrentFields(
        own={},
        status=status,
        group=f"Support {draw.randrange(8)}",
        assignee=f"agent-{draw.randrange(60)}",
    )
    return {
        "account": "default",
        "ticket_id": str(number),
        "facts": ticket_text(facts),
        "current": current_text(current),
        "feed_order": number,
        "updated_at": epoch(NOW) - 3600,
        "status": status,
        "organization_id": f"o{draw.randrange(200)}",
        "version": 3,
        "settled": 1,
        "judged_at": epoch(NOW) - draw.randrange(3000),
        "tier": draw.choice(["premium", "standard", "basic"]),
        "sla_state": "on_track",
    }


def _verdicts(draw: random.Random, row: dict[str, object]) -> Iterator[dict[str, object]]:
    is_open = row["status"] != "closed"
    for measure in ("first_reply", "resolution"):
        state = draw.choice(["running", "running", "paused", "breached_open", "met"])
        due = epoch(NOW) + draw.randrange(-7200, 5 * 86_400)
        yield {
            "account": "default",
            "ticket_id": row["ticket_id"],
            "measure": measure,
            "cycle": 1,
            "state": state if is_open else "met",
            "tier": row["tier"],
            "priority": "normal",
            "rule": "sla.yaml:9",
            "calendar": "office",
            "time_zone": "Europe/Amsterdam",
            "policy": "0" * 64,
            "target_seconds": 28_800,
            "started_at": epoch(NOW) - 18_000,
            "due_at": due,
            "elapsed_seconds": 5000,
            "paused_seconds": 0,
            "risk_at": due - 3600,
            "judged_at": row["judged_at"],
        }


class Took(NamedTuple):
    """Seconds by the wall, and of the processor for client and server together."""

    wall: float
    processor: float


def took(url: str, session: requests.Session) -> Took:
    """How long an answer takes to its last byte."""
    wall, processor = time.perf_counter(), time.process_time()
    session.get(url, timeout=60).raise_for_status()
    return Took(time.perf_counter() - wall, time.process_time() - processor)


def measure(url: str, database: Database, clock: SteppedClock) -> dict[str, Took]:
    """The median of several tries for each kind of question, but for the first page."""
    session = requests.Session()

    def once(path: str) -> Took:
        clock.move(timedelta(seconds=1))  # who asks the same in the same second is told the same
        return took(url + path, session)

    def middle(path: str) -> Took:
        return sorted(once(path) for _ in range(_TRIES))[_TRIES // 2]

    found = {"the first page of a new process": took(f"{url}/", session)}
    found["the same page again"] = middle("/")
    found |= {query: middle(f"/{query}") for query in FILTERS}
    changed: list[Took] = []
    for number in range(1, _TRIES + 1):
        with database.write("default") as books:
            one = sa.update(tickets).where(tickets.c.ticket_id == str(number))
            books.tx.execute(one.values(version=tickets.c.version + 1))
        time.sleep(0.6)  # what was read is shown for half a second
        changed.append(once("/"))
    found["after a change of one ticket"] = sorted(changed)[_TRIES // 2]
    return found


def painted(url: str, database: Database, clock: SteppedClock) -> dict[str, float]:
    """Milliseconds in a browser: an empty page, the board, and a row that changes."""
    with ExitStack() as stack:
        browser = started_browser(stack)
        empty, board = [], []
        for _ in range(_TRIES):
            for address, found in ((f"{url}/livez", empty), (f"{url}/", board)):
                clock.move(timedelta(seconds=1))
                page = browser.new_page()
                page.goto(address, wait_until="load")
                found.append(float(page.evaluate(_PAINT)))
                page.close()
        page = browser.new_page()
        page.goto(f"{url}/")
        page.locator("html.is-live").wait_for()
        changed = [_changed(page, database) for _ in range(_TRIES)]
        return {
            "first paint of an empty page": median(empty),
            "first paint of the board": median(board),
            "until a changed row is shown (looked at once a second)": median(changed),
        }


def _changed(page: Page, database: Database) -> float:
    """Milliseconds from a change in the database to the row on the page."""
    row = page.locator("#rows tr").first
    ident, mark = row.get_attribute("id"), row.get_attribute("data-mark")
    with database.write("default") as books:
        one = tickets.c.ticket_id == str(ident)[1:]
        group = f"Support {random.random()}"
        current = current_text(CurrentFields(own={}, status="open", group=group))
        change = {"version": tickets.c.version + 1, "current": current}
        books.tx.execute(sa.update(tickets).where(one).values(change))
    begun = time.perf_counter()
    page.locator(f"#{ident}:not([data-mark='{mark}'])").wait_for(state="attached")
    return (time.perf_counter() - begun) * 1000


def main() -> int:
    """Fill a database, serve it, and ask."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tickets", type=int, default=10_000, help="open tickets")
    parser.add_argument("--closed", type=int, default=50_000, help="closed tickets")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sla").mkdir()
        (folder / "sla" / "sla.yaml").write_text(RULES, encoding="utf-8")
        settings = load_settings(
            {"STIPT_STATE_DIR": name, "STIPT_RULES_PATH": str(folder / "sla")},
            environment={
                "HOME": name,
                "ZENDESK_SUBDOMAIN": "acme",
                "ZENDESK_OAUTH_TOKEN": "unused",
            },
        )
        database = Database(settings.database_url.get_secret_value())
        prepare(database)
        clock = SteppedClock(NOW)
        installation = build(settings, Parts(clock=clock, database=database))
        fill(database, asked.tickets, asked.closed)
        application = web_application(installation, polls=False)
        server = WebServer(application, listen("benchmark", "127.0.0.1", 0))
        server.start()
        url = f"http://127.0.0.1:{server.port}"
        found = measure(url, database, clock)
        try:
            shown = painted(url, database, clock)
        except NoBrowser as missing:
            print(f"not measured in a browser: {missing}")
            shown = {}
        server.stop()
        database.close()
    for what, one in found.items():
        print(f"{one.wall * 1000:6.0f} ms, processor {one.processor * 1000:6.0f} ms  {what}")
    for what, took_ms in shown.items():
        print(f"{took_ms:6.0f} ms  {what}")
    first = next(iter(found.values())).wall
    return 0 if first < FIRST_S and max(found[one].wall for one in FILTERS) < FILTER_S else 1


if __name__ == "__main__":
    sys.exit(main())
