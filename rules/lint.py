# SPDX-License-Identifier: GPL-3.0-or-later
"""Is an agreement concrete, and will it work as it is meant?

The policy is valid; this says what a careful reader of the contract would
ask. STP2xx: the promise lacks something. STP3xx: the rules will not do what
they seem to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.findings import Findings
from rules.lint_dates import lint_calendars, lint_dates
from rules.lint_promises import lint_obligations, lint_promises, lint_reports
from rules.lint_steps import lint_steps
from rules.lint_targets import lint_targets
from rules.lint_tiers import lint_contracts, lint_tiers
from rules.lint_use import lint_trials, lint_unused
from rules.terms import all_terms

if TYPE_CHECKING:
    from datetime import date

    from rules.policy import Policy
    from rules.problems import Problem


def lint(policy: Policy, today: date) -> list[Problem]:
    """Everything in a policy that is not concrete or will not work as meant.

    Args:
        policy: as loaded.
        today: the day as of which reviews, ends and horizons are judged.

    Returns:
        Findings with STP2xx and STP3xx codes, sorted by place.
    """
    findings = Findings()
    terms = all_terms(policy)
    lint_tiers(policy, findings)
    lint_contracts(policy, terms, findings)
    lint_targets(terms, findings)
    lint_obligations(policy, findings)
    lint_reports(policy, findings)
    lint_promises(policy, terms, findings)
    lint_steps(policy, terms, today, findings)
    lint_calendars(policy, today, findings)
    lint_dates(policy, today, findings)
    lint_unused(policy, findings)
    lint_trials(policy, findings)
    for where, what in policy.secrets:
        hint = "a secret belongs into the environment: env:NAME"
        findings.add(where, "STP306", what, "this looks like a secret", hint)
    return findings.sorted()
