# SPDX-License-Identifier: GPL-3.0-or-later
"""The service with all its loops: in one process, over Redis, and stopped by signals."""

import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.sandbox import Sandbox, SandboxSettings
from tests.worker.conftest import Site
from tests.worker.sandbox_site import GENEROUS, SandboxSite, eventually
from worker.auditor import audit_and_ping
from worker.run import Service
from worker.store.accounts import standing_notices


def is_written(site: Site, ident: str) -> bool:
    return site.helpdesk.held[ident].state.current.own.get("sla_tier") is not None


def test_the_loops_write_and_tell_by_themselves(site: Site) -> None:
    site.helpdesk.add("1")
    service = Service(site.start(), ("all",))
    service.start()
    try:
        assert eventually(lambda: is_written(site, "1"))
        site.wait(hours=2)
        assert eventually(lambda: bool(site.mailbox.sent))
        site.helpdesk.add("2")
        site.wait(minutes=2)
        assert eventually(lambda: is_written(site, "2"))
    finally:
        assert service.drain()
    ages = site.installation.heartbeats.ages()
    assert {"tick", "rules", "poll:default"} <= set(ages)


def test_recipients_who_cannot_be_told_are_named_at_the_start(site: Site) -> None:
    service = Service(site.start(), ("tick",))

    def notice() -> str | None:
        with site.database.read("default") as books:
            return standing_notices(books).get("recipients_unreachable")

    service.start()
    try:
        assert eventually(lambda: notice() is not None)
        assert "team_lead (no mail server is set" in str(notice())
        text = (
            (site.rules / "sla.yaml")
            .read_text()
            .replace("team_lead: {email: lead@example.com}", "team_lead: {url: env:TEAM_LEAD_URL}")
        )
        (site.rules / "sla.yaml").write_text(text)
        assert eventually(lambda: "TEAM_LEAD_URL" in str(notice()))
    finally:
        service.drain()


def test_a_loop_that_fails_goes_on(site: Site) -> None:
    site.helpdesk.add("1")
    site.helpdesk.faults["changes"] = [ZeroDivisionError("a bug")]
    service = Service(site.start(), ("all",))
    service.start()
    try:
        assert eventually(lambda: is_written(site, "1"))
    finally:
        service.drain()


def test_roles_work_together_over_postgresql_and_redis(
    site_on: Callable[[str], Site], postgres_url: str, redis_url: str
) -> None:
    site = site_on(postgres_url)
    site.settings = site.settings.model_copy(update={"broker_url": SecretStr(redis_url)})
    for number in range(30):
        site.helpdesk.add(f"{number}")
    installation = site.start()
    services = [
        Service(installation, ("poll", "tick")),
        Service(installation, ("work",)),
        Service(installation, ("work",)),
    ]
    for service in services:
        service.start()
    try:
        assert eventually(lambda: all(is_written(site, one) for one in site.helpdesk.held))
    finally:
        for service in services:
            service.drain()
    written = [one.ticket_id for one in site.helpdesk.writes]
    assert sorted(written) == sorted(set(written))


def test_two_tickers_judge_each_ticket_once(any_site: Site) -> None:
    for number in range(200):
        any_site.helpdesk.add(f"{number}")
    work = any_site.start().accounts[0]
    work.poller.poll()
    judged: list[int] = []

    def judge_all() -> None:
        while (look := work.reconciler.claim(7)).ticket_ids:
            judged.append(work.reconciler.reconcile(look).judged)

    threads = [threading.Thread(target=judge_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(judged) == 200


@pytest.fixture
def served(tmp_path: Path) -> SandboxSite:
    return SandboxSite(Sandbox(SandboxSettings(tickets=40, speed=60, limits=GENEROUS)), tmp_path)


def test_a_drained_service_exits_with_0(served: SandboxSite) -> None:
    with served.sandbox as sandbox:
        process = served.serve()
        assert eventually(lambda: sandbox.ledger.calls.total() > 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == (0, 0), process.errors()


def test_a_second_service_on_the_same_file_refuses_to_start(served: SandboxSite) -> None:
    with served.sandbox as sandbox:
        first = served.serve()
        assert eventually(lambda: sandbox.ledger.calls.total() > 0)
        second = served.serve()
        assert "AlreadyRunning" in str(second.wait(40)[1])
        first.send_signal(signal.SIGTERM)
        first.wait(40)


class _Listener(BaseHTTPRequestHandler):
    pings = 0

    def do_GET(self) -> None:
        _Listener.pings += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_dead_mans_address_is_pinged_only_when_all_is_well(site: Site) -> None:
    site.helpdesk.add("1")
    with HTTPServer(("127.0.0.1", 0), _Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = SecretStr(f"http://127.0.0.1:{server.server_port}/")
        site.settings = site.settings.model_copy(update={"deadman_url": url})
        site.once()
        _Listener.pings = 0
        assert audit_and_ping(site.installation)
        assert _Listener.pings == 1
        site.wait(hours=3)
        assert not audit_and_ping(site.installation)
        assert _Listener.pings == 1
        server.shutdown()
