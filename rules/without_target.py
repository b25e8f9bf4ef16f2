# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of a tier or contract that promise a ticket nothing, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.detail import stamp
from rules.facts import MEASURES
from rules.reasons import what_is_wanted
from rules.select import selector_of
from rules.timeline import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.facts import Measure, Value
    from rules.policy import Policy, Target
    from rules.select import Selection
    from rules.verdict import Choice

_MOST_TARGETS = 4
_NO_PRIORITY = "the ticket has no priority and the tier has no default"


@dataclass(frozen=True, slots=True)
class WithoutTarget:
    """A measure for which there are targets, none of which applies; a reason for each."""

    measure: Measure
    reasons: tuple[str, ...]

    def text(self) -> str:
        """One line, such as "first_reply: no target applies: tiers.yaml:11 wants channel email"."""
        return f"{self.measure}: {self.why()}"

    def why(self) -> str:
        """The same without the measure."""
        left = len(self.reasons) - _MOST_TARGETS
        more = f"; and {left} more" if left > 0 else ""
        shown = "; ".join(self.reasons[:_MOST_TARGETS])
        return f"no target applies: {shown}{more}"


def without_target(policy: Policy, choice: Choice, created: int) -> tuple[WithoutTarget, ...]:
    """The measures that the chosen tier or contract speaks of and does not promise this ticket.

    Args:
        policy: the rules.
        choice: what was chosen, with the values that decided it.
        created: the ticket's creation, in epoch seconds.
    """
    state = dict(choice.state)
    selection = selector_of(policy).select(state, created)
    found = []
    for measure in MEASURES:
        if measure not in selection.applications:
            reasons = tuple(_reasons(measure, selection, state, created))
            if reasons:
                found.append(WithoutTarget(measure, reasons))
    return tuple(found)


def _reasons(
    measure: Measure, selection: Selection, state: Mapping[str, Value], created: int
) -> list[str]:
    """Why each target of the measure does not apply; nothing where there are none."""
    tier, contract = selection.tier, selection.contract
    of_contract = contract.targets if contract else ()
    own = [target for target in of_contract if target.measure == measure]
    general = [target for target in tier.targets if target.measure == measure] if tier else []
    is_taken_away = contract is not None and measure in contract.without
    targets = own if is_taken_away else own + general
    if targets and selection.priority is None:
        return [_NO_PRIORITY]
    chosen = {**state, "priority": selection.priority}
    reasons = [f"{target.where} {_unfit(target, chosen, created)}" for target in targets]
    if contract is not None and is_taken_away and general:
        reasons.append(f"customer {contract.name} goes without it ({contract.where})")
    return reasons


def _unfit(target: Target, state: Mapping[str, Value], created: int) -> str:
    """Why a target that does not apply does not."""
    if target.from_at is not None and created < seconds_of(target.from_at):
        return f"holds for tickets created from {stamp(target.from_at)} on"
    if target.until_at is not None and created >= seconds_of(target.until_at):
        return f"holds for tickets created before {stamp(target.until_at)}"
    return f"wants {what_is_wanted(target.when, state)}"
