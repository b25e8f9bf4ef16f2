# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's clock, its ledger, and what it says of itself."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connector.sandbox import Assumptions, SandboxSettings
from connector.sandbox.assumptions import MEANINGS, describe
from connector.sandbox.clock import SandboxClock
from tests.sandbox.builders import Client, a_sandbox, tickets_at

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def control(client: Client, path: str, **body: object) -> dict[str, object]:
    url = f"{client.sandbox.base_url}/_sandbox/{path}"
    method = "POST" if body else "GET"
    return requests.request(method, url, json=body or None, timeout=5).json()


def test_a_standing_clock_moves_only_by_hand() -> None:
    clock = SandboxClock(NOON, speed=0)
    assert clock.now() == NOON
    clock.advance(timedelta(hours=1))
    assert clock.now() == NOON + timedelta(hours=1)
    clock.set(NOON)
    assert clock.now() == NOON


def test_a_fast_clock_runs_ahead() -> None:
    clock = SandboxClock(NOON, speed=1_000_000)
    while clock.now() < NOON + timedelta(hours=1):
        pass
    assert clock.now() < NOON + timedelta(days=30)


@pytest.mark.parametrize(
    ("start", "speed"), [(NOON.replace(tzinfo=None), 1), (NOON, -1)], ids=["naive", "backwards"]
)
def test_a_clock_refuses_what_makes_no_sense(start: datetime, speed: float) -> None:
    with pytest.raises(ValueError, match="clock"):
        SandboxClock(start, speed)


def test_the_clock_is_read_and_moved_over_http() -> None:
    with a_sandbox(now=NOON) as client:
        read = control(client, "clock")
        moved = control(client, "clock", advance_seconds=90)
        placed = control(client, "clock", set="2026-12-01T00:00:00+00:00", speed=5)
        naive = control(client, "clock", set="2026-12-01T00:00:00")
    assert (read["now"], read["speed"]) == ("2026-11-24T12:00:00+00:00", 0)
    assert moved["now"] == "2026-11-24T12:01:30+00:00"
    assert (str(placed["now"])[:10], placed["speed"]) == ("2026-12-01", 5)
    assert "zone" in str(naive["error"])


def test_each_request_can_cost_time() -> None:
    with a_sandbox(now=NOON, seconds_per_request=2) as client:
        client.get("users/me")
        client.get("users/me")
        assert client.sandbox.now() == NOON + timedelta(seconds=4)


def test_the_ledger_holds_every_write_with_keys_and_tickets_but_without_values() -> None:
    with a_sandbox(now=NOON) as client:
        tickets_at(client, 30, 20)
        client.get("tickets")
        client.put("tickets/1", {"ticket": {"subject": "Secret", "priority": "high"}})
        client.put("tickets/update_many", {"tickets": [{"id": 1, "tags": ["a"]}, {"id": 2}]})
        writes = client.sandbox.ledger.writes
        body = control(client, "ledger")
    assert [write.ticket_ids for write in writes] == [(1,), (1, 2)]
    assert writes[0].keys == ("ticket.priority", "ticket.subject")
    assert writes[1].keys == ("tickets.id", "tickets.tags")
    assert writes[0].template == "PUT /api/v2/tickets/{id}"
    assert "Secret" not in str(body["writes"])


def test_the_ledger_tells_each_ticket_that_was_changed_by_a_job() -> None:
    with a_sandbox(now=NOON) as client:
        tickets_at(client, 30, 20)
        rows = [{"id": 1, "priority": "high", "metadata": {"key": "k"}}, {"id": 2}]
        client.finish(client.put("tickets/update_many", {"tickets": rows}).json())
        written = client.sandbox.ledger.ticket_writes
    assert [(row.ticket_id, dict(row.changed)) for row in written] == [
        (1, {"priority": "high"}),
        (2, {}),
    ]
    assert written[0].marker == {"key": "k"}
    assert written[0].in_job == "update_many"


def test_calls_are_counted_by_template_and_can_be_forgotten() -> None:
    with a_sandbox() as client:
        for path in ("tickets/1", "tickets/2", "users/me"):
            client.get(path)
        counted = control(client, "calls")
        requests.delete(f"{client.sandbox.base_url}/_sandbox/ledger", timeout=5)
        after = control(client, "calls")
    assert counted["calls"] == {"GET /api/v2/tickets/{id}": 2, "GET /api/v2/users/me": 1}
    assert counted["statuses"]["GET /api/v2/tickets/{id} 404"] == 2
    assert after["total"] == 0


def test_every_assumption_has_a_meaning_and_is_told_at_the_start() -> None:
    names = {field.name for field in fields(Assumptions)}
    assert names == set(MEANINGS)
    told = "\n".join(describe(SandboxSettings(), "http://127.0.0.1:1"))
    assert all(name in told for name in names)
    with a_sandbox() as client:
        assert set(control(client, "assumptions")) == names
