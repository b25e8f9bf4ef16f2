# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes and metrics, as a supervisor and as Prometheus see them."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from connector.base import Unavailable
from connector.sandbox import Sandbox, SandboxSettings
from rules.facts import Organization
from tests.services import postgresql
from tests.web.caller import Caller, an_event
from tests.worker.sandbox_site import SandboxSite, eventually
from worker.auditor import audit_and_ping
from worker.outbox import SendResult
from worker.run import Service
from worker.settings import SettingsInvalid, load_settings
from worker.store.database import Database
from worker.store.schema import held_version
from worker.web.application import web_application
from worker.web.binding import AddressTaken, listen, web_address
from worker.web.server import WebServer
from worker.wiring import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.worker.conftest import Site
    from worker.wiring import Installation

OPERATIONS = Path(__file__).parent.parent.parent / "docs" / "operations.md"


def test_a_process_lives_while_its_loops_come_round(served: Caller) -> None:
    served.installation.heartbeats.expect("tick")
    answer = served.get("/livez")
    assert (answer.status_code, answer.json()["late"]) == (200, [])
    assert answer.json()["loops"]["tick"] < 5


def test_a_late_heartbeat_fails_the_liveness_probe_until_it_beats_again(served: Caller) -> None:
    heartbeats = served.installation.heartbeats
    heartbeats.expect("tick", within=-1)
    heartbeats.expect("poll:default", within=240)
    answer = served.get("/livez")
    assert (answer.status_code, answer.json()["late"]) == (503, ["tick"])
    heartbeats.expect("tick")
    assert served.get("/livez").status_code == 200


def test_what_no_loop_promised_is_shown_and_never_late(served: Caller) -> None:
    served.installation.heartbeats.beat("write")
    assert set(served.get("/livez").json()["loops"]) >= {"write"}
    assert served.get("/livez").status_code == 200


def test_a_poller_is_ready_once_it_has_read_and_no_longer_when_that_is_long_ago(
    served: Caller,
) -> None:
    work = served.installation.accounts[0]
    answer = served.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "not read in the last 180 seconds" in answer.json()["missing"][0]
    work.poller.poll()
    assert served.get("/readyz").status_code == 200
    served.site.wait(minutes=3)
    assert served.get("/readyz").status_code == 503


def test_a_helpdesk_that_is_away_makes_a_poller_unready_and_not_dead(served: Caller) -> None:
    work = served.installation.accounts[0]
    work.poller.poll()
    served.site.helpdesk.faults["changes"] = [Unavailable("away")] * 9
    served.site.wait(minutes=4)
    work.poller.poll()
    assert served.get("/readyz").status_code == 503
    assert served.get("/livez").status_code == 200


def test_a_process_that_is_told_to_stop_is_not_ready(served: Caller) -> None:
    served.installation.accounts[0].poller.poll()
    served.installation.stop.set()
    assert served.get("/readyz").json()["missing"] == ["the process is stopping"]


@contextmanager
def serving(installation: Installation, **options: bool) -> Iterator[str]:
    """The address of an installation's application."""
    listener = listen("test", "127.0.0.1", 0)
    server = WebServer(web_application(installation, **{"polls": False, **options}), listener)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


def test_readiness_follows_the_database_down_and_up_again(
    site_over: Callable[[Database], Site],
) -> None:
    server = postgresql.started_server()
    database = Database(server.create_database())
    try:
        with serving(site_over(database).start()) as url:
            assert requests.get(f"{url}/readyz", timeout=10).status_code == 200
            server.stop()
            begun = time.monotonic()
            answer = requests.get(f"{url}/readyz", timeout=10)
            assert time.monotonic() - begun < 1.5
            assert answer.status_code == 503
            assert "database" in answer.json()["missing"][0]
            assert requests.get(f"{url}/livez", timeout=10).status_code == 200
            assert "stipt_build_info" in requests.get(f"{url}/metrics", timeout=10).text
            server.start()
            assert requests.get(f"{url}/readyz", timeout=10).status_code == 200
    finally:
        database.close()
        server.remove()


def test_a_schema_of_another_version_is_not_ready(served: Caller) -> None:
    served.installation.accounts[0].poller.poll()
    change = "UPDATE alembic_version SET version_num = "
    with served.installation.database.write("default") as books:
        before = held_version(books)
        books.tx.exec_driver_sql(f"{change} '9999'")
    try:
        assert "schema" in served.get("/readyz").json()["missing"][0]
    finally:
        with served.installation.database.write("default") as books:
            books.tx.exec_driver_sql(f"{change} '{before}'")
    assert served.get("/readyz").status_code == 200


def families(text: str) -> set[str]:
    """The names that Prometheus knows them by: counters with `_total`."""
    return {
        f"{one.name}_total" if one.type == "counter" else one.name
        for one in text_string_to_metric_families(text)
    }


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Values of a metric by its labels' values, in the order of their names."""
    return {
        tuple(one.labels[label] for label in sorted(one.labels)): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == name
    }


def documented() -> set[str]:
    """The metrics of docs/operations.md."""
    section = OPERATIONS.read_text("utf-8").split("\n## Metrics\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ((?:`stipt_\w+`(?:, )?)+)", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"stipt_\w+", row)}


def test_the_exported_names_are_those_of_the_handbook(served: Caller) -> None:
    site = served.site
    site.helpdesk.add("1")
    site.once()
    assert families(served.get("/metrics").text) == documented()


def test_metrics_count_what_the_process_did(served: Caller) -> None:
    site = served.site
    site.helpdesk.add("1")
    site.once()
    site.wait(hours=3, minutes=2)  # two steps of the escalation have passed
    site.once()
    served.post(an_event(1))
    served.post(b"{}", {"Content-Type": "application/json"})
    text = served.get("/metrics").text
    assert samples(text, "stipt_webhooks_total") == {("taken",): 1, ("signature",): 1}
    assert samples(text, "stipt_notifications_total")["email", "sent"] >= 1
    assert samples(text, "stipt_notification_lateness_seconds_count")[()] >= 1
    assert samples(text, "stipt_obligations")["first_reply", "running", "premium"] == 1
    assert samples(text, "stipt_due_within") == {("15m",): 0, ("60m",): 1, ("4h",): 1}
    assert samples(text, "stipt_connection_paused") == {(): 0}
    assert samples(text, "stipt_outbox_unsent") == {(): 0}
    assert samples(text, "stipt_rules_info") == {
        (site.installation.accounts[0].policies.policy.hash,): 1
    }


def test_a_message_that_waits_past_its_time_is_seen(served: Caller) -> None:
    site = served.site
    site.helpdesk.add("1")
    site.once()
    site.mailbox.answers = [SendResult("temporary", "busy", retry_after=3600)] * 9
    site.wait(hours=2, minutes=10)
    work = site.installation.accounts[0]
    work.reconciler.reconcile(work.reconciler.claim())
    text = served.get("/metrics").text
    assert samples(text, "stipt_outbox_unsent")[()] >= 1
    assert samples(text, "stipt_outbox_oldest_seconds")[()] >= 600


def test_no_ticket_customer_or_person_is_in_a_metric(served: Caller) -> None:
    served.site.helpdesk.add("987654321")
    served.site.once()
    text = served.get("/metrics").text
    for told in ("987654321", "Acme", "360001", "lead@example.com", "team_lead"):
        assert told not in text


def _match(number: int) -> str:
    return "everything" if number == 24 else f"{{organization.fields.sla_tier: t{number:02}}}"


def test_of_many_tiers_twenty_are_shown_by_name(site: Site) -> None:
    tiers = "".join(
        f"  tier_{number:02}:\n"
        f"    match: {_match(number)}\n"
        "    priority: {default: normal}\n"
        "    targets: [{measure: first_reply, within: 4h, counted: always}]\n"
        for number in range(25)
    )
    text = "version: 1\nsettings: {time_zone: Europe/Amsterdam}\ntiers:\n" + tiers
    (site.rules / "sla.yaml").write_text(text)
    for number in range(25):
        customer = Organization(id=f"{number}", fields={"sla_tier": f"t{number:02}"})
        site.helpdesk.add(f"{number + 1}", organization=customer)
    site.once()
    with serving(site.installation) as url:
        shown = samples(requests.get(f"{url}/metrics", timeout=10).text, "stipt_obligations")
    assert len(shown) == 21
    assert shown["first_reply", "running", "other"] == 5


@pytest.mark.parametrize("bind", ["0.0.0.0:8080", "[::]:8080", "10.0.0.5:80", "example.com:80"])
def test_an_address_that_others_reach_is_refused_without_a_sign_in(bind: str) -> None:
    with pytest.raises(SettingsInvalid, match="STIPT_AUTH is not set"):
        web_address(load_settings({"STIPT_HTTP_BIND": bind}, environment={}))


@pytest.mark.parametrize("bind", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_a_loopback_address_needs_none(bind: str) -> None:
    assert web_address(load_settings({"STIPT_HTTP_BIND": bind}, environment={}))[1] == 8080


def test_with_a_sign_in_any_address_may_be_bound() -> None:
    settings = load_settings(
        {"STIPT_HTTP_BIND": "0.0.0.0:8080", "STIPT_AUTH": "local"}, environment={}
    )
    assert web_address(settings) == ("0.0.0.0", 8080)  # noqa: S104 -- the very case


def test_an_address_that_is_in_use_is_told() -> None:
    first = listen("STIPT_HTTP_BIND", "127.0.0.1", 0)
    port = first.getsockname()[1]
    try:
        with pytest.raises(AddressTaken, match=f"STIPT_HTTP_BIND: 127.0.0.1:{port} cannot be used"):
            listen("STIPT_HTTP_BIND", "127.0.0.1", port)
    finally:
        first.close()


def test_the_loops_tell_when_they_last_did_their_work(site: Site) -> None:
    site.helpdesk.add("1")
    installation = site.start()
    service = Service(installation, ("all",))
    begun = time.time()
    service.start()
    try:
        assert eventually(lambda: bool(site.helpdesk.writes))
        audit_and_ping(installation)
        text = generate_latest(installation.metrics.registry).decode()
    finally:
        service.drain()
    told = samples(text, "stipt_last_success_timestamp_seconds")
    assert set(told) == {(one,) for one in ("poll", "tick", "notify", "write", "sweep", "audit")}
    assert all(begun <= at <= time.time() for at in told.values())
    assert samples(text, "stipt_sync_tickets_total")[("stored",)] == 1
    assert samples(text, "stipt_audit_violations")[("paused",)] == 0
    assert samples(text, "stipt_writeback_total")[("error",)] == 0


def test_calls_to_the_helpdesk_are_counted_by_endpoint(tmp_path: Path) -> None:
    with Sandbox(SandboxSettings(tickets=5)) as sandbox:
        one = SandboxSite(sandbox, tmp_path)
        with opened(load_settings(environment=one.environment())) as installation:
            installation.accounts[0].poller.poll()
            text = generate_latest(installation.metrics.registry).decode()
    calls = samples(text, "stipt_api_requests_total")
    assert calls["200", "GET /incremental/tickets/cursor"] >= 1
    assert samples(text, "stipt_api_ratelimit_remaining")[("account",)] > 0
    assert samples(text, "stipt_api_request_seconds_count")
