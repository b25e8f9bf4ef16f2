# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole promise, lived through: what arrives by mail is what `stipt test` says of the ticket."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from rules.facts import Happening
from rules.rehearsal import rehearse
from tests.notify.mail_server import MailServer
from tests.worker.conftest import Site
from tests.worker.memory_helpdesk import at
from worker.notify.messenger import Delivery, Links, Messenger
from worker.recheck import Recheck
from worker.sending import Outbox

RULES = """
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours: {mon-fri: [09:00-17:00]}
    holidays: {country: NL, also: [2026-10-26]}
recipients:
  lead: {email: lead@example.com}
escalations:
  usual:
    - {at: 25%, tell: [lead]}
    - {at: 50%, tell: [lead]}
    - {at: 75%, tell: [lead]}
    - {at: 1h before, tell: [lead]}
    - {at: due, tell: [lead]}
    - {at: 1h after, tell: [lead], repeat: {every: 1h, times: 2}}
tiers:
  all:
    match: everything
    priority: {default: normal}
    targets:
      - {measure: first_reply, within: 12h, counted: office, escalate: usual}
"""
CREATED = at("2026-10-23T15:00:00+02:00")
"""A Friday; clocks are set back on Sunday, Monday is a holiday, and Wednesday 11:00 is the due."""

OUTAGE = (at("2026-10-27T12:30:00+01:00"), at("2026-10-27T14:30:00+01:00"))
REPLY = at("2026-10-28T13:30:00+01:00")
END = at("2026-10-28T17:00:00+01:00")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def with_real_mail(site: Site, server: MailServer) -> None:
    """Start the worker at the ticket's creation, with a mail server of its own."""
    (site.rules / "sla.yaml").write_text(RULES)
    site.clock.move(CREATED - site.clock.now())
    work = site.start().accounts[0]
    messenger = Messenger(
        Delivery(
            {},
            mail_url=f"mailto://127.0.0.1:{server.port}?from=sla@example.com",
            allow_networks=("127.0.0.0/8",),
        ),
        policy_of=work.policies.by_hash_or_present,
        helpdesk_of=lambda _account: site.helpdesk,
        links=Links(ticket=lambda _message: None),
        now=site.clock.now,
    )
    recheck = Recheck(site.database, site.helpdesk, site.clock, work.poller.read_one)
    outbox = Outbox(
        site.database, "default", messenger, site.clock, lambda: False, recheck=recheck.look
    )
    accounts = (replace(work, outbox=outbox),)
    site.installation = replace(site.installation, accounts=accounts)


def arrived(server: MailServer) -> list[tuple[str, ...]]:
    """The steps that each mail speaks of, and what it says of being late."""
    found = []
    for _, mail in server.mails:
        part = mail.get_body(("plain",))
        assert part is not None
        text = part.get_content().replace("\r", "")
        steps = re.findall(r"^Step: (.+)\.$", text, re.MULTILINE)
        late = re.findall(r"This message is (.+) late\.", text)
        found.append((*steps, *late))
    return found


def test_the_mails_that_arrive_are_those_of_the_ticket_on_a_virtual_clock(
    any_site: Site, mail_server: MailServer
) -> None:
    site = any_site
    with_real_mail(site, mail_server)
    held = site.helpdesk.add("1")
    moments: list[datetime] = []
    moment = CREATED
    while moment <= END:
        if moment >= REPLY > moment - timedelta(minutes=30):
            site.clock.move(REPLY - site.clock.now())
            site.helpdesk.happen("1", Happening(at=REPLY, kind="comment", by="agent"))
        site.clock.move(moment - site.clock.now())
        if not OUTAGE[0] <= moment < OUTAGE[1]:
            before = len(mail_server.mails)
            site.once()
            moments += [moment] * (len(mail_server.mails) - before)
        moment += timedelta(minutes=30)

    policy = site.installation.accounts[0].policies.policy
    ticket = held.state.facts.with_happenings(tuple(held.happenings))
    fired = rehearse(ticket, policy, END).fired
    late = {OUTAGE[0] + timedelta(minutes=30): OUTAGE[1]}  # the step at 13:00
    assert moments == [late.get(one.at, one.at) for one in fired]
    expected = [
        (", ".join(step.label for step in one.steps), *(["1h 30m"] if one.at in late else []))
        for one in fired
    ]
    assert arrived(mail_server) == expected
    assert [words[0] for words in expected] == [
        *("25%", "50%", "75%", "1h before", "due", "1h after", "1h after"),
    ]
