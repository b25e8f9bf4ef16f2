# SPDX-License-Identifier: GPL-3.0-or-later
"""The seeded helpdesk: the same for a seed, believable in its shape, alive while time passes."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.sandbox import SandboxSettings
from connector.sandbox.render import Links, audit_json, ticket_json
from connector.sandbox.seed_names import ACME_ID
from connector.sandbox.site import Site

LARGE = SandboxSettings(tickets=2000, speed=0)


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(LARGE)


def everything(site: Site) -> list[object]:
    links = Links("http://x")
    rows: list[object] = []
    for ticket in site.account.tickets.values():
        rows.append(ticket_json(site.account, ticket, links, generated=ticket.generated))
        rows += [audit_json(audit) for audit in ticket.audits]
    return rows


def test_a_seed_always_makes_the_same_helpdesk() -> None:
    settings = SandboxSettings(tickets=200, seed=11, speed=0)
    assert everything(Site(settings)) == everything(Site(settings))


def test_another_seed_makes_another() -> None:
    made = [Site(SandboxSettings(tickets=50, seed=seed, speed=0)) for seed in (1, 2)]
    assert everything(made[0]) != everything(made[1])


def test_five_thousand_tickets_take_a_few_seconds() -> None:
    started = time.monotonic()
    made = Site(SandboxSettings(tickets=5000, speed=0))
    assert len(made.account.tickets) >= 5000
    assert time.monotonic() - started < 15


def test_as_many_tickets_arrive_as_asked_for(site: Site) -> None:
    follow_ups = sum(t.via_followup_source_id is not None for t in site.account.tickets.values())
    assert len(site.account.tickets) - follow_ups == 2000


def test_every_status_channel_and_tier_occurs(site: Site) -> None:
    tickets = site.account.tickets.values()
    statuses = {"new", "open", "pending", "hold", "solved", "closed", "deleted"}
    assert {ticket.status for ticket in tickets} == statuses
    channels = {"email", "web", "chat", "voice", "native_messaging", "api"}
    assert {ticket.channel for ticket in tickets} == channels
    customers = site.account.organizations
    fields = [customers[t.organization_id].fields for t in tickets if t.organization_id]
    assert {field["sla_tier"] for field in fields} == {"premium", "standard", None}
    assert {field["market"] for field in fields} == {"nl", "us"}
    assert any(ticket.organization_id is None for ticket in tickets)
    assert any(ticket.organization_id == ACME_ID for ticket in tickets)


def test_tickets_live_through_replies_pauses_reopenings_merges_and_notes(site: Site) -> None:
    account = site.account
    events = Counter(event.kind for audit in account.audits.values() for event in audit.events)
    assert events["CommentPrivacyChange"] > 0
    statuses = account.rows("custom_statuses")
    used = {statuses[ticket.custom_status_id]["agent_label"] for ticket in account.tickets.values()}
    past = {
        statuses[int(str(event.value))]["agent_label"]
        for audit in account.audits.values()
        for event in audit.events
        if event.name == "custom_status_id"
    }
    assert "Waiting for supplier" in used | past
    tickets = account.tickets.values()
    assert any(ticket.reopens for ticket in tickets)
    assert any("closed_by_merge" in ticket.tags for ticket in tickets)
    assert any(ticket.is_deleted for ticket in tickets)
    assert any(ticket.satisfaction for ticket in tickets)
    private = [
        event
        for audit in account.audits.values()
        for event in audit.events
        if event.kind == "Comment" and not event.public
    ]
    authors = {account.users[event.author_id or 0].role_type for event in private}
    assert {0, 1} <= authors


def test_tickets_arrive_mostly_in_their_markets_working_hours(site: Site) -> None:
    zones = {"nl": ZoneInfo("Europe/Amsterdam"), "us": ZoneInfo("America/New_York")}
    inside = 0
    known = [ticket for ticket in site.account.tickets.values() if ticket.organization_id]
    for ticket in known:
        market = site.account.organizations[ticket.organization_id or 0].fields["market"]
        local = datetime.fromtimestamp(ticket.created, zones[str(market)])
        inside += local.weekday() < 5 and 8 <= local.hour < 18
    assert inside / len(known) > 0.8


def test_nothing_lies_in_the_future_and_audits_are_in_order(site: Site) -> None:
    now = LARGE.now.timestamp()
    for ticket in site.account.tickets.values():
        times = [audit.at for audit in ticket.audits]
        assert times == sorted(times)
        assert times[-1] <= now
        assert ticket.created >= now - LARGE.days * 86400


def test_some_unanswered_tickets_are_about_to_breach(site: Site) -> None:
    now = LARGE.now.timestamp()
    fresh = [
        ticket
        for ticket in site.account.tickets.values()
        if ticket.organization_id == ACME_ID
        and ticket.channel == "email"
        and len(ticket.audits) <= 2
        and now - 120 * 60 < ticket.created < now - 94 * 60
    ]
    assert fresh
    assert any(ticket.assignee_id for ticket in fresh)
    comments = [e for t in fresh for a in t.audits for e in a.events if e.kind == "Comment"]
    assert len(comments) == len(fresh)


def test_without_traffic_an_account_rests(site: Site) -> None:
    before = site.account.changes
    site.settle()
    assert site.account.changes == before


def test_live_traffic_follows_the_clock_at_the_rate_asked_for() -> None:
    monday = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    site = Site(SandboxSettings(tickets=100, speed=0, traffic=10, now=monday))
    audits = len(site.account.audits)
    site.clock.advance(timedelta(days=7))
    site.settle()
    arrived = len(site.account.tickets) - 100
    assert 10 * 24 * 7 * 0.75 < arrived < 10 * 24 * 7 * 1.3
    assert len(site.account.audits) - audits > arrived * 3


def test_live_traffic_is_the_same_in_one_jump_and_in_many_steps() -> None:
    settings = SandboxSettings(tickets=60, speed=0, traffic=None)
    jumped, stepped = Site(settings), Site(settings)
    jumped.clock.advance(timedelta(hours=20))
    jumped.settle()
    for _ in range(40):
        stepped.clock.advance(timedelta(minutes=30))
        stepped.settle()
    created = [[t.created for t in s.account.tickets.values()] for s in (jumped, stepped)]
    assert created[0] == created[1]
