# SPDX-License-Identifier: GPL-3.0-or-later
"""A small valid rule folder to spoil, and what a check says of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rules.lint import lint
from rules.load import load

if TYPE_CHECKING:
    from rules.policy import Policy

RULES = """\
version: 1
settings: {time_zone: Europe/Amsterdam}
calendars:
  office:
    time_zone: Europe/Amsterdam
    hours:
      mon-fri: [09:00-17:30]
recipients:
  lead: {email: lead@example.com}
escalations:
  usual:
    - {at: 75%, tell: [lead]}
tiers:
  premium:
    match: {organization.fields.sla_tier: premium}
    serves: [email, web]
    priority: {default: high, floor: normal}
    commitment: best_effort
    targets:
      - {measure: first_reply, within: 4h, counted: office, escalate: usual}
      - {measure: resolution, within: 5 working days, counted: office, pause_on: [pending]}
  everyone:
    match: everything
    serves: [email]
    priority: {default: low}
    commitment: best_effort
    targets:
      - {measure: first_reply, within: 8h, counted: office}
customers:
  acme:
    match: {organization.id: "360001"}
    tier: premium
    from: 2026-10-01
    because: Contract 2026-014
    review_by: 2027-07-01
"""
TODAY = date(2026, 12, 1)


def with_changes(*changes: tuple[str, str], rules: str = RULES) -> str:
    """The rules with some texts replaced, each of which stands in them."""
    for old, new in changes:
        assert old in rules, old
        rules = rules.replace(old, new, 1)
    return rules


def problems_of(*texts: str | bytes) -> list[str]:
    """The lines of a check of files called a.yaml, b.yaml and so on."""
    _, problems = load(named(*texts))
    return [str(problem) for problem in problems]


def named(*texts: str | bytes) -> dict[str, bytes]:
    """Files called a.yaml, b.yaml and so on."""
    return {
        f"{letter}.yaml": text.encode() if isinstance(text, str) else text
        for letter, text in zip("abcdefgh", texts, strict=False)
    }


def policy_of(*texts: str) -> Policy:
    """The policy of files without errors."""
    policy, problems = load(named(*texts))
    assert policy is not None, [str(problem) for problem in problems]
    return policy


def findings_of(*texts: str, today: date = TODAY) -> list[str]:
    """The lines of the findings on files without errors."""
    return [str(finding) for finding in lint(policy_of(*texts), today)]
