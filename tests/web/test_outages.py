# SPDX-License-Identifier: GPL-3.0-or-later
"""Outages told over HTTP: what is taken, what is refused, and that obligations count them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from pydantic import SecretStr

from rules.obligations import assess
from tests.worker.memory_helpdesk import at
from worker.reporting.customers import account_of, agreement_named, period_of
from worker.reporting.evidence import EvidenceMissing, OutageFiles
from worker.reporting.stored import StoredSource
from worker.rule_folder import load_folder
from worker.store.outages import told_outages
from worker.web.application import web_application
from worker.web.binding import listen
from worker.web.outages import MOST_BYTES, MOST_OUTAGES
from worker.web.server import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.evidence import Outage
    from rules.obligations import Assessment
    from tests.worker.conftest import Site

TOKEN = "0123456789abcdef0123456789abcdef"
JSON = {"Content-Type": "application/json"}
ENTRY = {"Authorization": f"Bearer {TOKEN}", **JSON}
RULES = """
version: 1
settings: {time_zone: UTC, enforce_from: 2026-01-01}
tiers:
  standard:
    match: everything
    commitment: best_effort
    targets: [{measure: first_reply, within: 8h, counted: always}]
customers:
  acme:
    match: {organization.id: acme}
    tier: standard
    from: 2026-01-01
    because: Annex B
    obligations: [uptime]
obligations:
  uptime:
    of: availability
    tickets: everything
    outages: portal
    counted: always
    at_least: 99%
    per: calendar_month
    excluding: []
    otherwise: none
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Rules that promise an availability whose outages nobody writes into a file."""
    folder = tmp_path / "sla"
    folder.mkdir()
    (folder / "sla.yaml").write_text(RULES, encoding="utf-8")
    return folder


class Monitor:
    """Whoever watches the portal, and the worker that it tells of outages."""

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self.url = f"http://127.0.0.1:{port}/api/outages"

    def tell(self, *outages: dict[str, object], **changes: object) -> requests.Response:
        """Send outages of the portal."""
        return self.send(json.dumps({"log": "portal", "outages": outages, **changes}).encode())

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
        """Send a body."""
        return requests.post(self.url, data=body, headers=headers or ENTRY, timeout=10)

    def kept(self) -> dict[str, tuple[Outage, ...]]:
        """What the store has."""
        with self.site.database.read("default") as books:
            return told_outages(books)

    def counted(self) -> Assessment:
        """What became of the promise this month, as far as is known."""
        policy = load_folder(self.site.rules)
        source = StoredSource.of(
            self.site.database, "default", policy, OutageFiles(self.site.rules)
        )
        agreement = agreement_named("acme", policy)
        period = period_of(agreement, "2026-11")
        found = account_of(agreement, period, source)
        within = (period.from_at, period.until_at)
        return assess(policy.obligations["uptime"], found.records, policy, within)


@pytest.fixture
def monitor(any_site: Site) -> Iterator[Monitor]:
    """A worker that takes outages, and has read its helpdesk to the end."""
    installation = any_site.start(outages_token=SecretStr(TOKEN))
    any_site.once()
    server = WebServer(
        web_application(installation, polls=True), listen("test", "127.0.0.1", 0), head_within_s=0.5
    )
    server.start()
    yield Monitor(any_site, server.port)
    server.stop()


def an_outage(ident: str = "7", **changes: object) -> dict[str, object]:
    """An hour without the portal, three weeks ago."""
    hour = {"from": "2026-11-03T10:00:00Z", "until": "2026-11-03T12:00:00+01:00"}
    return {"id": ident, **hour, "because": "database", **changes}


def test_an_outage_that_is_told_is_counted(monitor: Monitor):
    answer = monitor.tell(an_outage())

    taken = {"result": "taken", "new": 1, "changed": 0, "same": 0, "withdrawn": 0}
    assert (answer.status_code, answer.json()) == (200, taken)
    assert (monitor.counted().tally.breached, monitor.counted().tally.breaches) == (3600, 1)


def test_telling_an_outage_again_changes_nothing(monitor: Monitor):
    monitor.tell(an_outage())
    kept = monitor.kept()

    assert monitor.tell(an_outage()).json()["same"] == 1
    assert monitor.kept() == kept


def test_an_outage_lasts_until_its_end_is_told_under_the_same_id(monitor: Monitor):
    monitor.tell(an_outage(until=None))
    assert monitor.kept()["portal"][0].until_at is None

    assert monitor.tell(an_outage()).json()["changed"] == 1
    assert monitor.kept()["portal"][0].until_at == at("2026-11-03T11:00:00Z")


def test_an_outage_that_was_none_is_withdrawn(monitor: Monitor):
    monitor.tell(an_outage(), an_outage("8"))

    assert monitor.tell({"id": "7", "withdrawn": True}).json()["withdrawn"] == 1
    assert len(monitor.kept()["portal"]) == 1
    assert monitor.tell({"id": "7", "withdrawn": True}).json()["same"] == 1


def test_a_log_without_outages_counts_as_available_once_it_was_told(monitor: Monitor):
    with pytest.raises(EvidenceMissing, match="no such file"):
        monitor.counted()

    assert monitor.tell().status_code == 200
    assert monitor.counted().tally.breached == 0


def test_outages_of_the_file_and_of_the_log_count_together(monitor: Monitor):
    lines = "from,until,because\n2026-11-04T10:00:00Z,2026-11-04T10:30:00Z,power\n"
    (monitor.site.rules / "portal").write_text(lines, encoding="utf-8")
    monitor.tell(an_outage())

    assert monitor.counted().tally.breached == 3600 + 1800


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(JSON, id="none"),
        pytest.param({**ENTRY, "Authorization": f"Bearer {TOKEN}x"}, id="another secret"),
        pytest.param({**ENTRY, "Authorization": f"Basic {TOKEN}"}, id="another scheme"),
        pytest.param({**ENTRY, "Authorization": "Bearer "}, id="an empty one"),
    ],
)
def test_nobody_without_the_secret_tells_anything(monitor: Monitor, given: dict[str, str]):
    answer = monitor.send(b'{"log": "portal", "outages": []}', given)

    assert (answer.status_code, answer.json()) == (401, {"result": "token"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert monitor.kept() == {}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"until": "2026-11-03T10:00:00Z"}, "until is not after from", id="no time"),
        pytest.param({"from": "2026-11-03T10:00:00"}, "timezone", id="no zone"),
        pytest.param({"from": None}, "from is missing", id="no begin"),
        pytest.param({"from": "yesterday"}, "RFC3339", id="no instant"),
        pytest.param({"from": "0001-01-01T00:00:00+10:00"}, "instant", id="before all time"),
        pytest.param({"id": ""}, "length >= 1", id="no id"),
        pytest.param({"id": 7}, "Expected `str`", id="a number for an id"),
        pytest.param({"because": "x" * 501}, "length <= 500", id="a long reason"),
        pytest.param({"severity": "high"}, "unknown field", id="another key"),
        pytest.param({"withdrawn": True}, "neither from nor until", id="both"),
    ],
)
def test_what_cannot_be_an_outage_is_refused_with_what_went_before_it(
    monitor: Monitor, changes: dict[str, object], problem: str
):
    answer = monitor.tell(an_outage("8"), an_outage(**changes))

    assert answer.status_code == 422
    assert problem in answer.json()["problem"]
    assert monitor.kept() == {}


def test_what_has_not_happened_yet_is_refused(monitor: Monitor):
    ahead = (monitor.site.clock.now() + timedelta(minutes=6)).isoformat()

    assert monitor.tell(an_outage(until=ahead)).status_code == 422
    assert monitor.tell(an_outage(**{"from": ahead, "until": None})).status_code == 422


def test_a_log_that_no_obligation_names_is_refused(monitor: Monitor):
    answer = monitor.tell(an_outage(), log="portla")

    assert (answer.status_code, monitor.kept()) == (422, {})
    assert "no obligation" in answer.json()["problem"]


def test_an_id_that_stands_there_twice_is_refused(monitor: Monitor):
    assert "twice" in monitor.tell(an_outage(), an_outage()).json()["problem"]


def test_too_many_and_too_long_calls_are_refused(monitor: Monitor):
    many = [an_outage(str(n)) for n in range(MOST_OUTAGES + 1)]
    assert monitor.tell(*many).status_code == 422
    assert monitor.send(b" " * (MOST_BYTES + 1)).status_code == 413
    assert monitor.send(b"{", ENTRY | {"Content-Type": "text/plain"}).status_code == 415
    assert monitor.send(b"{").status_code == 422
    assert monitor.kept() == {}


def test_without_a_secret_in_the_settings_there_is_no_such_address(site: Site):
    server = WebServer(
        web_application(site.start(), polls=True), listen("test", "127.0.0.1", 0), head_within_s=0.5
    )
    server.start()
    try:
        assert Monitor(site, server.port).tell().status_code == 404
    finally:
        server.stop()
