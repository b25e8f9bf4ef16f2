# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker lives through a whole agreement, and tells just what the rules' own tests say.

A ticket crosses a change of clocks and a holiday, and nobody runs the worker
for two hours of it. What arrives is what `stipt test` shows for this ticket.
"""

from collections import Counter
from datetime import timedelta

import pytest

from rules import load
from rules.facts import Happening, Requester, Ticket
from rules.rehearsal import rehearse
from tests.worker.conftest import Site
from tests.worker.memory_helpdesk import at
from worker.outbox import NOTE

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam, enforce_from: 2026-01-01}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours: {mon-fri: ["09:00-17:00"], sat: ["10:00-14:00"]}
    holidays: {country: NL, also: [2026-10-27]}
recipients:
  team_lead: {email: lead@example.com}
  manager: {email: manager@example.com}
escalations:
  usual:
    - {at: 25%, tell: [team_lead]}
    - {at: 50%, tell: [team_lead], note: true}
    - {at: 2h before, tell: [team_lead, manager]}
    - {at: due, tell: [manager], note: true, raise_priority: urgent}
    - {at: 1h after, tell: [manager], repeat: {every: 4h, times: 3}}
  nights:
    - {at: 50%, tell: [manager]}
    - {at: 1h before, note: true}
tiers:
  everybody:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 24h, counted: always, escalate: nights}
      - {measure: resolution, within: 24h, counted: office, pause_on: [pending], escalate: usual}
"""
CREATED = at("2026-10-24T08:30:00Z")  # the Saturday before clocks go back
UNTIL = at("2026-11-02T12:00:00Z")
OUTAGE = (at("2026-10-26T10:00:00Z"), at("2026-10-26T12:00:00Z"))
"""Two hours in which a share of the resolution falls due."""

REPLY = at("2026-10-24T22:30:00Z")
PENDING = (at("2026-10-28T09:00:00Z"), at("2026-10-28T12:00:00Z"))


def happenings() -> list[Happening]:
    return [
        Happening(at=REPLY, kind="comment", by="agent", public=True, id="r"),
        Happening(at=PENDING[0], kind="status", to="pending", by="agent", id="p"),
        Happening(at=PENDING[1], kind="status", to="open", by="agent", id="o"),
    ]


def live(site: Site) -> None:
    """A pass every half an hour, but for the outage; the helpdesk goes on in it."""
    site.clock.move(CREATED - site.clock.now())
    site.helpdesk.add("1", organization=None)
    coming = happenings()
    while site.clock.now() < UNTIL:
        if not OUTAGE[0] <= site.clock.now() < OUTAGE[1]:
            site.once()
        site.wait(minutes=30)
        while coming and coming[0].at <= site.clock.now():
            site.helpdesk.happen("1", coming.pop(0))
    site.once()


Told = tuple[str, int, str, str]
"""Measure, cycle, step and recipient."""


def told(site: Site) -> list[Told]:
    return [
        (one.measure, one.cycle, key, one.recipient)
        for one in site.mailbox.sent
        for key in one.keys
    ]


@pytest.mark.timeout(180)
def test_what_arrives_over_a_whole_agreement_is_what_its_rules_test_says(site: Site) -> None:
    (site.rules / "sla.yaml").write_text(RULES)
    live(site)
    policy, problems = load({"sla.yaml": RULES.encode()})
    assert policy is not None, problems
    ticket = Ticket(
        id="1",
        created_at=CREATED,
        channel="email",
        status="open",
        requester=Requester(id="9"),
        happenings=tuple(happenings()),
    )
    rehearsed = rehearse(ticket, policy, UNTIL)
    expected = Counter(
        (fired.measure, fired.cycle, due.key, recipient)
        for fired in rehearsed.fired
        for due in fired.steps
        for recipient in (*due.step.tell, *([NOTE] if due.step.note else []))
    )
    arrived = Counter(told(site))
    assert set(arrived.values()) == {1}
    assert arrived == expected
    moments = {
        (fired.measure, fired.cycle, due.key): due.at
        for fired in rehearsed.fired
        for due in fired.steps
    }
    for one in site.mailbox.sent:
        assert one.at == moments[one.measure, one.cycle, one.keys[0]]
    late = [one for one in site.mailbox.sent if one.late_by > timedelta(minutes=1)]
    assert late, "the outage fell on no step"
    assert all(OUTAGE[0] <= one.at < OUTAGE[1] for one in late)
    assert all(one.late_by < OUTAGE[1] - OUTAGE[0] for one in late)
