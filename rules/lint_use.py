# SPDX-License-Identifier: GPL-3.0-or-later
"""What nothing uses, and what no test covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint_steps import calendars_of
from rules.resolve_calendars import ALWAYS
from rules.trial import run_trial
from rules.trial_coverage import coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.findings import Findings
    from rules.policy import Policy, Target


def lint_unused(policy: Policy, findings: Findings) -> None:
    """Names that are defined and never used."""
    targets = list(_targets(policy))
    escalations = {target.escalate for target in targets}
    for name, where in policy.named_at.items():
        if name not in escalations:
            message, hint = "no target uses this escalation", "add escalate, or delete it"
            findings.add(where, "STP317", f"escalations.{name}", message, hint)
    _lint_unused_calendars(policy, targets, findings)
    told = {name for steps in policy.escalations.values() for step in steps for name in step.tell}
    told |= {
        name for each in policy.obligations.values() for warn in each.warn for name in warn.tell
    }
    told |= {name for each in policy.contracts for one in each.reports for name in one.to}
    for recipient in policy.recipients.values():
        if recipient.name not in told:
            what = f"recipients.{recipient.name}"
            message = "nothing is ever sent to this recipient"
            findings.add(recipient.where, "STP319", what, message, "tell it, or delete it")
    promised = {name for tier in policy.tiers for name in tier.obligations}
    promised |= {name for contract in policy.contracts for name in contract.obligations or ()}
    for obligation in policy.obligations.values():
        if obligation.name not in promised:
            what = f"obligations.{obligation.name}"
            message, hint = "no tier or customer has this obligation", "list it, or delete it"
            findings.add(obligation.where, "STP320", what, message, hint)


def _targets(policy: Policy) -> Iterator[Target]:
    for tier in policy.tiers:
        yield from tier.targets
    for contract in policy.contracts:
        yield from contract.targets


def _lint_unused_calendars(policy: Policy, targets: list[Target], findings: Findings) -> None:
    used = {target.counted for target in targets}
    used |= {each.only_during for each in policy.recipients.values() if each.only_during}
    used |= {each.counted for each in policy.obligations.values() if each.counted}
    behind = {name for counted in used for name in calendars_of(policy, counted)}
    places = {name: calendar.where for name, calendar in policy.calendars.items()}
    places |= {name: chooser.where for name, chooser in policy.choosers.items()}
    for name in places.keys() - used - behind - {ALWAYS}:
        message, hint = "nothing is counted on this calendar", "count on it, or delete it"
        findings.add(places[name], "STP318", f"calendars.{name}", message, hint)


def lint_trials(policy: Policy, findings: Findings) -> None:
    """Tiers and customers that no test reaches."""
    if not policy.trials:
        message = "the folder holds no tests"
        hint = "add a file with tests: a ticket, what happens, what is expected"
        findings.add(policy.where, "STP316", "", message, hint)
        return
    for one in coverage(policy, (run_trial(trial, policy) for trial in policy.trials)):
        if one.kind in {"tier", "customer"} and not one.is_reached:
            findings.add(one.where, "STP314", one.name, f"no test covers this {one.kind}")
