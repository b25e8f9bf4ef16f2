# SPDX-License-Identifier: GPL-3.0-or-later
"""The official Python client, unmodified, against the sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from zenpy import Zenpy
from zenpy.lib.api_objects import (
    Comment,
    CustomFieldOption,
    Organization,
    Ticket,
    TicketField,
    Trigger,
    View,
    Webhook,
)
from zenpy.lib.exception import RecordNotFoundException, TooManyValuesException

from connector.sandbox import SandboxSettings
from tests.sandbox.builders import Client, a_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = SandboxSettings(tickets=250, speed=0)


@pytest.fixture
def client() -> Iterator[Client]:
    with a_sandbox(SETTINGS) as client:
        yield client


@pytest.fixture
def zenpy(client: Client, monkeypatch: pytest.MonkeyPatch) -> Zenpy:
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", client.sandbox.base_url.removeprefix("http://"))
    token = client.sandbox.settings.token
    return Zenpy(oauth_token=token, subdomain="acme", disable_cache=True, timeout=30)


def test_lists_tickets_over_several_pages(client: Client, zenpy: Zenpy) -> None:
    listed = [ticket.id for ticket in zenpy.tickets()]
    present = [t.id for t in client.sandbox.account.tickets.values() if not t.is_deleted]
    assert len(present) > 200
    assert listed == present


def test_reads_one_ticket_with_comments_and_audits(zenpy: Zenpy) -> None:
    ticket = zenpy.tickets(id=5)
    assert ticket.subject == ticket.raw_subject
    assert next(iter(zenpy.tickets.comments(5))).body == ticket.description
    assert next(iter(zenpy.tickets.audits(ticket=5))).events[0]["type"] == "Comment"


def test_creates_and_updates_a_ticket(zenpy: Zenpy) -> None:
    audit = zenpy.tickets.create(Ticket(subject="Router", description="It blinks"))
    ticket = audit.ticket
    ticket.priority = "high"
    ticket.comment = Comment(body="Looked at it", public=False)
    updated = zenpy.tickets.update(ticket)
    assert updated.ticket.priority == "high"
    assert [event["type"] for event in updated.audit.events] == ["Comment", "Change"]


def test_creates_updates_and_deletes_tickets_in_bulk(client: Client, zenpy: Zenpy) -> None:
    job = zenpy.tickets.create([Ticket(subject=str(n), description="d") for n in range(3)])
    client.sandbox.advance(timedelta(minutes=1))
    made = zenpy.tickets(ids=[row.id for row in zenpy.job_status(id=job.id).results])
    tickets = list(made)
    for ticket in tickets:
        ticket.subject = "Changed"
    job = zenpy.tickets.update(tickets)
    client.sandbox.advance(timedelta(minutes=1))
    assert [row.success for row in zenpy.job_status(id=job.id).results] == [True] * 3
    assert {zenpy.tickets(id=ticket.id).subject for ticket in tickets} == {"Changed"}
    zenpy.tickets.delete(tickets)
    client.sandbox.advance(timedelta(minutes=1))
    with pytest.raises(RecordNotFoundException):
        zenpy.tickets(id=tickets[0].id)


def test_meets_the_limit_of_a_hundred_rows(zenpy: Zenpy) -> None:
    with pytest.raises(TooManyValuesException):
        zenpy.tickets.create([Ticket(subject="x", description="d") for _ in range(150)])


def test_creates_and_changes_ticket_fields(zenpy: Zenpy) -> None:
    options = [CustomFieldOption(name="On track", value="state_on_track")]
    field = zenpy.ticket_fields.create(
        TicketField(type="tagger", title="State", custom_field_options=options)
    )
    field.title = "SLA state"
    assert zenpy.ticket_fields.update(field).title == "SLA state"
    assert [row.value for row in zenpy.ticket_fields.options(field.id)] == ["state_on_track"]
    assert "SLA state" in [row.title for row in zenpy.ticket_fields()]
    zenpy.ticket_fields.delete(field)
    assert "SLA state" not in [row.title for row in zenpy.ticket_fields()]


def test_creates_patches_clones_and_deletes_webhooks(zenpy: Zenpy) -> None:
    hook = zenpy.webhooks.create(
        Webhook(
            name="Look again",
            endpoint="http://127.0.0.1:9/hook",
            http_method="POST",
            request_format="json",
            status="active",
            subscriptions=["zen:event-type:ticket.created"],
            authentication=None,
        )
    )
    hook.name = "Look at it again"
    zenpy.webhooks.patch(hook)
    zenpy.webhooks.clone(hook)
    names = {row.name for row in zenpy.webhooks.list()}
    assert names == {"Look at it again", "Look at it again (copy)"}
    before = zenpy.webhooks.show_secret(hook).secret
    assert zenpy.webhooks.reset_secret(hook).secret != before
    zenpy.webhooks.delete(hook)
    assert len(list(zenpy.webhooks.list())) == 1


def test_reads_exports_to_their_end(client: Client, zenpy: Zenpy) -> None:
    client.sandbox.advance(timedelta(minutes=2))
    account = client.sandbox.account
    seen = {row.id for row in zenpy.tickets.incremental(start_time=0, paginate_by_time=False)}
    visible = {ticket.id for ticket in account.tickets.values() if not ticket.ai_agent}
    assert seen == visible
    assert len(list(zenpy.users.incremental(start_time=0))) >= len(account.users)
    assert len(list(zenpy.organizations.incremental(start_time=0))) >= len(account.organizations)


def test_reads_people_and_configuration(zenpy: Zenpy) -> None:
    assert zenpy.users.me().role == "admin"
    assert "Acme BV" in [row.name for row in zenpy.organizations()]
    assert [row.name for row in zenpy.ticket_forms()] == ["Default Ticket Form"]
    assert "Waiting for supplier" in [row.agent_label for row in zenpy.custom_statuses()]
    assert next(row.title for row in zenpy.sla_policies()) == "Premium first replies"
    created = zenpy.organizations.create(Organization(name="Nieuw"))
    assert zenpy.organizations(id=created.id).name == "Nieuw"


def test_creates_triggers_and_views_and_searches(zenpy: Zenpy) -> None:
    trigger = zenpy.triggers.create(
        Trigger(
            title="Tell",
            actions=[{"field": "status", "value": "open"}],
            all=[{"field": "update_type", "operator": "is", "value": "Create"}],
        )
    )
    assert [row.title for row in zenpy.triggers()] == ["Tell"]
    zenpy.triggers.delete(trigger)
    unsolved = [{"field": "status", "operator": "less_than", "value": "solved"}]
    view = zenpy.views.create(View(title="Unsolved", all=unsolved))
    assert len(list(zenpy.views.tickets(view))) > 0
    found = list(zenpy.search("type:ticket status:open"))
    assert {ticket.status for ticket in found} == {"open"}
    assert len(list(zenpy.search_export(type="user"))) > 50
