# SPDX-License-Identifier: GPL-3.0-or-later
"""A running service that its helpdesk calls, while somebody else means it no good."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from signal import SIGTERM
from typing import TYPE_CHECKING

import pytest
import requests
import sqlalchemy as sa
from pydantic import SecretStr

from connector.sandbox import Sandbox, SandboxSettings
from connector.sandbox.faults import Fault
from connector.sandbox.tickets import Doing, create_ticket, update_ticket
from tests.services.availability import free_port
from tests.web.caller import PATH, signed, stamp
from tests.worker.sandbox_site import GENEROUS, SandboxSite, eventually
from worker.settings import load_settings
from worker.store.hint_tables import hints, webhook_calls
from worker.wiring import zendesk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TICKETS = 20
OF_NOBODY = 987_654_321
LONG_S = 60.0

pytestmark = pytest.mark.timeout(240)


class Live:
    """A service with its webhook, whose helpdesk it reads of its own accord once an hour."""

    def __init__(self, site: SandboxSite) -> None:
        self.site = site
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{PATH}"
        account = load_settings(environment=site.environment()).account()
        helpdesk = zendesk(account, now=site.sandbox.now)
        helpdesk.ensure_fields(tiers=["everybody"])
        helpdesk.ensure_webhook(self.url)
        self.secret = next(iter(site.sandbox.site.webhooks.secrets.values()))
        self.numbers = self._asked()

    def _asked(self) -> list[int]:
        """Tickets that nobody has answered."""
        account = self.site.sandbox.account
        customer = next(user for user in account.users.values() if not user.is_staff)
        doing = Doing(customer.id, self.site.sandbox.clock.epoch() - 3600, "email")
        question = {"subject": "Question", "comment": {"body": "How?"}}
        with self.site.sandbox.site.lock:
            return [create_ticket(account, question, doing)[0].id for _ in range(TICKETS)]

    def answer_all(self) -> None:
        """An agent answers one ticket after the other."""
        account = self.site.sandbox.account
        agent = next(user for user in account.staff() if user.role_type == 0)
        for number in self.numbers:
            with self.site.sandbox.site.lock:
                doing = Doing(agent.id, self.site.sandbox.clock.epoch(), "web")
                reply = {"comment": {"body": "Like this.", "public": True}}
                update_ticket(account, account.tickets[number], reply, doing)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The service in a process of its own, which must live to the end."""
        worker = self.site.serve(
            STIPT_HTTP_BIND=f"127.0.0.1:{self.port}",
            STIPT_WEBHOOK_SECRET=self.secret,
            STIPT_POLL_INTERVAL="1h",
        )
        try:
            yield
            assert worker.is_running(), worker.errors()[-2000:]
            worker.send_signal(SIGTERM)
            assert worker.wait(40)[0] == 0, worker.errors()[-2000:]
        finally:
            worker.end()

    def written(self) -> set[int]:
        """Tickets that Stipt has written to."""
        return {one.ticket_id for one in self.site.sandbox.ledger.ticket_writes if one.changed}

    def post(self, body: bytes, *, secret: str = "", off: int = 0) -> int:
        """Call the webhook; the status of its answer."""
        at = stamp(self.site.sandbox.now())
        headers = signed(body, at, SecretStr(secret or self.secret))
        if off:
            headers["X-Zendesk-Webhook-Signature-Timestamp"] = "2026-11-24T09:00:00Z"
        return requests.post(self.url, data=body, headers=headers, timeout=20).status_code

    def abuse(self) -> Counter[int]:
        """Forged, changed, large, senseless and slow calls; how often each status answered."""
        body = json.dumps({"ticket_id": OF_NOBODY}).encode()
        deeds = [
            lambda: self.post(body, secret="guessed"),
            lambda: self.post(body, off=1),
            lambda: self.post(b" " * 2_000_000),
            lambda: self.post(b"[" * 50_000),
            self._slow,
        ]
        with ThreadPoolExecutor(10) as pool:
            return Counter(pool.map(lambda deed: deed(), deeds * 4))

    def _slow(self) -> int:
        """A body whose end never comes."""

        def drip() -> Iterator[bytes]:
            yield b'{"ticket_id": "1'
            time.sleep(12)  # longer than the server waits, in real time
            yield b'"}'

        headers = {"Content-Type": "application/json"}
        return requests.post(self.url, data=drip(), headers=headers, timeout=30).status_code


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    with Sandbox(SandboxSettings(tickets=0, speed=1, limits=GENEROUS)) as sandbox:
        monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
        monkeypatch.setenv("ZENPY_FORCE_NETLOC", sandbox.base_url.removeprefix("http://"))
        yield Live(SandboxSite(sandbox, tmp_path))


def test_genuine_calls_are_followed_amid_abuse_that_leaves_nothing(live: Live) -> None:
    faults = live.site.sandbox.faults
    with live.serving():
        assert eventually(lambda: live.written() >= set(live.numbers), LONG_S)
        live.site.sandbox.ledger.clear()
        faults.add(Fault("webhook_twice", probability=0.3))
        faults.add(Fault("webhook_unordered", probability=0.2, count=4))
        with ThreadPoolExecutor(1) as pool:
            abused = pool.submit(live.abuse)
            live.answer_all()
            # In a second or two, and not with the next reading of the export.
            assert eventually(lambda: live.written() >= set(live.numbers), LONG_S)
            statuses = abused.result(LONG_S)
        assert statuses == {401: 8, 413: 4, 400: 4, 408: 4}
        assert eventually(lambda: live.site.query(sa.select(hints.c.ticket_id)) == [], LONG_S)
    assert str(OF_NOBODY) not in live.site.stored_tickets()
    delivered = live.site.sandbox.site.webhooks.deliverer.invocations
    assert len(live.site.query(sa.select(webhook_calls.c.event_id))) <= len(delivered)


def test_a_burst_of_replays_is_one_reading(live: Live) -> None:
    with live.serving():
        assert eventually(lambda: live.written() >= set(live.numbers), LONG_S)
        body = json.dumps({"ticket_id": live.numbers[0]}).encode()
        headers = signed(body, stamp(live.site.sandbox.now()), SecretStr(live.secret))

        def call(_: int) -> str:
            answer = requests.post(live.url, data=body, headers=headers, timeout=20)
            return str(answer.json()["result"])

        known = len(live.site.query(sa.select(webhook_calls.c.event_id)))
        with ThreadPoolExecutor(10) as pool:
            assert Counter(pool.map(call, range(200))) == {"taken": 1, "duplicate": 199}
        assert len(live.site.query(sa.select(webhook_calls.c.event_id))) == known + 1
