# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded requests, sent again: the sandbox answers in the same shape."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.sandbox.webhooks import CONDITIONAL
from tests.sandbox.builders import Client, a_sandbox, tickets_at
from tests.sandbox.recorded import Ids, differences, header_differences

if TYPE_CHECKING:
    from pathlib import Path

NOT_SERVED = {
    "talk-partner-call.json": "the partner edition of Talk",
    "ticket-attachment-redact.json": "uploads and attachments",
}
SOMETIMES = {
    "users/me.json": {"access-control-expose-headers", "vary"},
    "users/": {"cache-control"},
    "search/export.json": {"x-zendesk-application-version", "x-runtime"},
}
"""Headers that only some recorded answers of an endpoint have."""


def _files(shared: Path) -> list[Path]:
    return sorted((shared / "zendesk" / "recordings").glob("*.json"))


def test_every_recording_is_answered_in_its_own_shape(shared: Path) -> None:
    failures = []
    for file in _files(shared):
        if file.name in NOT_SERVED:
            continue
        failures += [f"{file.name} {line}" for line in _replay(file)]
    assert failures == [], "\n".join(failures)


def _replay(file: Path) -> list[str]:
    exchanges = json.loads(file.read_text("utf-8"))
    era = "2023" if exchanges[0]["recorded_at"] < "2024" else "2024"
    with a_sandbox(era=era, profile="trial") as client:
        ids = _prepare(client, file.name)
        found = []
        for exchange in exchanges:
            place = f"{exchange['method']} {exchange['path'].partition('?')[0]}"
            found += [f"{place}: {line}" for line in _resend(client, ids, exchange)]
    return found


def _resend(client: Client, ids: Ids, exchange: dict[str, object]) -> list[str]:
    path = ids.in_path(str(exchange["path"]).removeprefix("/api/v2/"))
    _let_time_pass(client, exchange)
    if "/tickets/create_many" in str(exchange["path"]) and exchange["status"] == 400:
        # the recording keeps three of its 150 rows
        exchange["request"] = {"tickets": [{"subject": "x", "description": "y"}] * 150}
    answer = client.send(
        str(exchange["method"]), path, json=ids.in_body(exchange["request"]), headers=AGENT
    )
    if answer.status_code != exchange["status"]:
        return [
            f"{exchange['status']} recorded, {answer.status_code} answered: {answer.text[:200]}"
        ]
    found = header_differences(exchange["headers"], answer.headers)
    extra = set().union(*(names for part, names in SOMETIMES.items() if part in path))
    found = [line for line in found if line.split()[1] not in extra]
    body = answer.json() if answer.content else None
    if (body is None) != (exchange["response"] is None):
        found.append("one of the bodies is empty")
    ids.learn(exchange["response"], body)
    return found + differences(exchange["response"], body)


AGENT = {"User-Agent": "Zenpy/2.0.38"}


def _let_time_pass(client: Client, exchange: dict[str, object]) -> None:
    if "/job_statuses/" in str(exchange["path"]):
        status = exchange["response"]["job_status"]["status"]
        client.sandbox.advance(timedelta(seconds=1.5 if status == "working" else 60))


def _prepare(client: Client, name: str) -> Ids:
    """Make what the recorded account held before, and pair it with the recorded ids."""
    ids = Ids()
    account = client.sandbox.account
    if name == "webhook-invocation-attempts.json":
        _prepare_webhook(client, ids)
    elif name in {"engagement-show.json", "engagements-since.json"}:
        _prepare_engagements(client, ids)
    elif name in {"incremental-tickets.json", "ticket-show.json", "ticket-audits-cursor.json"}:
        tickets_at(client, *range(90000, 90000 - 1200 * 5, -5))
        client.put("tickets/1", {"ticket": {"priority": "normal", "type": "incident"}})
        client.sandbox.advance(timedelta(minutes=10))
    ids.pair("6130869137434", next(iter(account.rows("custom_roles"))))
    ids.pair("6130830354842", account.default_brand_id)
    ids.pair("6130869157658", next(iter(account.organizations)))
    ids.pair("6130907993114", account.owner_id)
    owner = account.users[account.owner_id]
    owner.organization_id = next(iter(account.organizations))
    return ids


def _prepare_webhook(client: Client, ids: Ids) -> None:
    hooks = client.sandbox.site.webhooks
    body = {
        "name": "support user deleted",
        "description": "support user deleted",
        "endpoint": "https://acme-staging.example/something",
        "http_method": "POST",
        "request_format": "json",
        "status": "active",
        "subscriptions": ["zen:event-type:user.deleted"],
    }
    made = client.post("webhooks", {"webhook": body}).json()["webhook"]
    ids.pair("01HAN96XNH1J7DY8D7RZ22QMT9", made["id"])
    for _ in range(101):
        hooks.send(made["id"], b"{}")
    assert hooks.deliverer.wait_idle()
    # past the window of the breaker, so that the newest delivery is tried again
    client.sandbox.advance(timedelta(minutes=10))
    hooks.send(made["id"], b"{}")
    assert hooks.deliverer.wait_idle()
    assert CONDITIONAL not in made["subscriptions"]


def _prepare_engagements(client: Client, ids: Ids) -> None:
    made = tickets_at(client, *range(90000, 90000 - 25 * 60, -60))
    for ident in made:
        client.sandbox.account.tickets[ident].from_messaging_channel = True
    first = client.get("engagements", start_time=0).json()["agent_engagement_data"][0]
    ids.pair("C604EBEFC12F6FFB0B38EEC7F6A8B5EF", first["engagement_id"])
