# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting up webhook and trigger with zenpy, against the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from connector.base import CredentialsRejected, Refused
from connector.sandbox import Sandbox, SandboxSettings
from connector.sandbox.tickets import Doing, create_ticket, update_ticket
from connector.zendesk import AccessToken, ClientCredentials, ZendeskAccount, connect
from connector.zendesk.webhook import NAME, TITLE, WebhookReport
from tests.sandbox.receiver import a_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.wire import Json
    from connector.zendesk import ZendeskHelpdesk

HOOK = "http://127.0.0.1:9/webhooks/zendesk"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tickets=3, speed=0)) as running:
        yield running


def desk(sandbox: Sandbox, **changes: object) -> ZendeskHelpdesk:
    settings: dict[str, object] = {
        "account": "default",
        "base_url": sandbox.base_url,
        "credentials": ClientCredentials("stipt", "sandbox-secret"),
        "clock": sandbox.clock.now,
    }
    return connect(ZendeskAccount(**(settings | changes)))


def hooks(sandbox: Sandbox) -> list[Json]:
    return list(sandbox.site.webhooks.rows.values())


def triggers(sandbox: Sandbox) -> list[Json]:
    return list(sandbox.account.rows("triggers").values())


def test_webhook_and_trigger_are_made_once(sandbox: Sandbox) -> None:
    helpdesk = desk(sandbox)
    planned = helpdesk.ensure_webhook(HOOK, dry_run=True)
    assert planned == WebhookReport(HOOK, "created", "created")
    assert (hooks(sandbox), triggers(sandbox)) == ([], [])
    made = helpdesk.ensure_webhook(HOOK)
    assert made == WebhookReport(HOOK, "created", "created", is_known=False)
    before = len(sandbox.ledger.calls)
    for dry_run in (True, False):
        again = helpdesk.ensure_webhook(HOOK, dry_run=dry_run)
        assert again == WebhookReport(HOOK, "present", "present", is_known=False)
    assert (len(hooks(sandbox)), len(triggers(sandbox))) == (1, 1)
    assert len(sandbox.ledger.calls) == before
    assert "POST /webhooks" in helpdesk.calls_spent()


def test_the_trigger_leaves_out_what_comes_through_the_api(sandbox: Sandbox) -> None:
    with a_receiver() as receiver:
        desk(sandbox).ensure_webhook(receiver.url)
        account, now = sandbox.account, sandbox.clock.epoch()
        owner = account.owner_id
        with sandbox.site.lock:
            values = {"subject": "Printer", "comment": {"body": "It does not print"}}
            ticket, _ = create_ticket(account, values, Doing(owner, now, "email"))
            update_ticket(account, ticket, {"priority": "high"}, Doing(owner, now, "api"))
            update_ticket(account, ticket, {"status": "pending"}, Doing(owner, now, "web"))
        assert sandbox.site.webhooks.deliverer.wait_idle()
    bodies = [json.loads(one.body) for one in receiver.received]
    assert [one["ticket_id"] for one in bodies] == [str(ticket.id)] * 2
    assert all(set(one) == {"ticket_id", "updated_at"} for one in bodies)


def test_a_secret_that_we_accept_is_known(sandbox: Sandbox) -> None:
    helpdesk = desk(sandbox)
    helpdesk.ensure_webhook(HOOK)
    (secret,) = sandbox.site.webhooks.secrets.values()
    assert helpdesk.ensure_webhook(HOOK, secrets=["old", secret]).is_known
    assert secret not in repr(helpdesk.ensure_webhook(HOOK, secrets=[secret]))


def test_a_webhook_that_moved_or_was_switched_off_is_put_right(sandbox: Sandbox) -> None:
    helpdesk = desk(sandbox)
    helpdesk.ensure_webhook("http://127.0.0.1:9/old")
    (row,) = hooks(sandbox)
    row["status"] = "inactive"
    assert helpdesk.ensure_webhook(HOOK).webhook == "changed"
    assert (row["endpoint"], row["status"]) == (HOOK, "active")
    assert len(hooks(sandbox)) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"active": False}, id="switched off"),
        pytest.param({"conditions": {"all": [], "any": []}}, id="its guard taken away"),
        pytest.param({"actions": []}, id="calling nobody"),
    ],
)
def test_a_trigger_that_was_changed_is_put_right(sandbox: Sandbox, change: Json) -> None:
    helpdesk = desk(sandbox)
    helpdesk.ensure_webhook(HOOK)
    (row,) = triggers(sandbox)
    before = dict(row)
    row |= change
    assert helpdesk.ensure_webhook(HOOK, dry_run=True).trigger == "changed"
    assert helpdesk.ensure_webhook(HOOK).trigger == "changed"
    kept = ("active", "conditions", "actions", "title", "id")
    assert {key: row[key] for key in kept} == {key: before[key] for key in kept}


def test_other_webhooks_and_triggers_are_left_alone(sandbox: Sandbox) -> None:
    other = {
        "name": NAME,
        "endpoint": "http://127.0.0.1:9/other",
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": ["zen:event-type:ticket.created"],
    }
    url = f"{sandbox.base_url}/api/v2/webhooks"
    requests.post(url, json={"webhook": other}, headers=sandbox.bearer, timeout=10)
    before = [dict(one) for one in hooks(sandbox)]
    desk(sandbox).ensure_webhook(HOOK)
    assert hooks(sandbox)[0] == before[0]
    assert len(hooks(sandbox)) == 2


def test_a_trigger_of_a_webhook_that_was_deleted_calls_the_new_one(sandbox: Sandbox) -> None:
    helpdesk = desk(sandbox)
    helpdesk.ensure_webhook(HOOK)
    sandbox.site.webhooks.rows.clear()
    assert helpdesk.ensure_webhook(HOOK) == WebhookReport(HOOK, "created", "changed", False)
    (row,), (hook,) = triggers(sandbox), hooks(sandbox)
    assert row["actions"][0]["value"][0] == hook["id"]
    assert row["title"] == TITLE


def test_an_address_without_https_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(Refused, match="https only"):
        desk(sandbox).ensure_webhook("http://sla.example.com/webhooks/zendesk")
    assert hooks(sandbox) == []


def test_a_token_that_may_not_set_up_webhooks_is_told(sandbox: Sandbox) -> None:
    helpdesk = desk(sandbox, credentials=AccessToken("no-such-token"))
    with pytest.raises(CredentialsRejected):
        helpdesk.ensure_webhook(HOOK)
