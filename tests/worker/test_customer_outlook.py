# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's report says of open cycles and of waits on the phone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rules import load
from rules.accounting import Made, statement_of
from rules.evidence import Call
from rules.obligations import Records
from tests.worker.contract_example import EXAMPLE, copy_rules, live
from tests.worker.memory_helpdesk import at
from worker.report.customer_outlook import outlook, phone_waits
from worker.reporting.customers import Account, account_of, agreement_named, period_of
from worker.reporting.evidence import OutageFiles
from worker.reporting.language import ENGLISH, language
from worker.reporting.stored import StoredSource
from worker.rule_folder import load_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worker.conftest import Site

RULES = b"""
version: 1
settings: {time_zone: UTC}
tiers:
  standard:
    match: everything
    commitment: best_effort
    targets: [{measure: first_reply, within: 8h, counted: always}]
customers:
  acme:
    match: {organization.id: acme}
    tier: standard
    from: 2026-01-01
    because: Annex B
    obligations: [phone]
obligations:
  phone:
    of: phone_answer
    within: 3m
    tickets: everything
    at_least: 80%
    per: calendar_month
    excluding: []
    otherwise: none
"""
NOON = at("2026-11-10T12:00:00Z")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules of the example."""
    return copy_rules(tmp_path, outages=False)


def told(parts: list[str]) -> list[str]:
    """The cells of all rows of tables."""
    return re.findall(r"<t[dh](?: [^>]*)?>([^<]*)<", "".join(parts).replace("&nbsp;", " "))


def with_calls(*waits: int) -> Account:
    """A month with answered calls that waited so many seconds, and two that were not answered."""
    policy, problems = load({"sla.yaml": RULES})
    assert policy is not None, problems
    ended = [("answered", wait) for wait in waits] + [("abandoned", 600), ("voicemail", 5)]
    calls = [
        Call(call_id=f"{n}", at=NOON, ended=end, wait_seconds=wait, customer="acme")
        for n, (end, wait) in enumerate(ended)
    ]
    agreement = agreement_named("acme", policy)
    period = period_of(agreement, "2026-11")
    records = Records(NOON + timedelta(days=30), (), calls)
    statement = statement_of(agreement, period, records, Made("test"))
    return Account(agreement, (period,), records, statement, ())


def test_waits_are_those_of_answered_callers():
    shown = told(phone_waits(with_calls(*range(10, 110, 10), 65), ENGLISH))

    assert shown[-5:] == ["phone", "11", "56 s", "1 min 30 s", "1 min 40 s"]


def test_where_nobody_was_answered_there_is_no_average():
    assert told(phone_waits(with_calls(), ENGLISH))[-5:] == ["phone", "0", "n/a", "n/a", "n/a"]


def test_the_store_tells_what_falls_due_in_the_next_period(any_site: Site):
    now = at("2026-10-28T09:00:00Z")
    live(any_site, now)
    policy = load_folder(any_site.rules)
    agreement = agreement_named("acme", policy)
    outages = OutageFiles(any_site.rules, EXAMPLE / "outages.csv")
    source = StoredSource.of(any_site.database, "default", policy, outages)
    found = account_of(agreement, period_of(agreement, "2026-10"), source)

    assert told(outlook(found, ENGLISH)) == [
        *("measure", "open and overdue", "due in 2026-10", "due in 2026-11", "paused"),
        *("first reply", "0", "3", "0", "0"),
        *("resolution", "0", "0", "10", "1"),
    ]
    assert told(outlook(found, language("nl")))[5] == "eerste antwoord"
