# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: tickets that have none, targets that no ticket has, and those too short to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.condition_sets import EarlierConditions, cases
from rules.duration import format_span
from rules.policy import EVERYTHING
from rules.terms import uncovered

if TYPE_CHECKING:
    from rules.facts import Measure
    from rules.findings import Findings
    from rules.policy import Target
    from rules.terms import Terms

SHORTEST = 120
"""Seconds: what is shorter may be over before a change has come in."""


def lint_targets(terms: list[Terms], findings: Findings) -> None:
    """All findings about targets."""
    tiers = {term.tier.name: term for term in terms if term.contract is None}
    for term in terms:
        _lint_channels(term, tiers[term.tier.name], findings)
        if term.contract is None or term.contract.targets or term.contract.without:
            _lint_gaps(term, tiers[term.tier.name], findings)
        _lint_without(term, findings)
        own = term.contract.targets if term.contract else term.tier.targets
        _lint_shadows(own, f"{term.what}.targets", findings)
        for target in own:
            _lint_length(target, f"{term.what}.targets", findings)


def _lint_channels(term: Terms, base: Terms, findings: Findings) -> None:
    """Channels that are served, but on which nobody promises an answer."""
    serves = term.tier.serves or ()
    for number, channel in enumerate(serves):
        if not term.tier.targets or not _lacks_reply(term, channel):
            continue
        message = f'no first-reply target for channel "{channel}"'
        hint = "add one, or take the channel out of serves"
        if term.contract is None:
            where = term.places.get(f"serves.{number}", term.where)
        elif "first_reply" in term.contract.without and not _lacks_reply(base, channel):
            where = term.places.get("without", term.where)
            hint = "take first_reply out of without, or add a target"
        else:
            continue  # said at the tier
        findings.add(where, "STP204", term.what, message, hint)


def _lacks_reply(term: Terms, channel: str) -> bool:
    left = uncovered(term.targets.get("first_reply", ()), (channel,))
    return left is None or bool(left)


def _lint_gaps(term: Terms, base: Terms, findings: Findings) -> None:
    """Measures promised to some tickets only, without saying what holds for the others."""
    channels = term.tier.serves
    for measure, targets in term.targets.items():
        if measure == "first_reply" and channels:
            continue  # judged channel by channel
        if term.contract and (base.targets.get(measure) or not _is_own(term, measure)):
            continue  # the tier's targets come after the contract's
        left = uncovered(targets, channels) if channels else uncovered(targets)
        if left:
            message = f"some tickets have no {measure} target: each one has a when or dates"
            hint = "end with a target for all others, or drop the measure"
            findings.add(targets[-1].where, "STP210", f"{term.what}.targets", message, hint)


def _is_own(term: Terms, measure: Measure) -> bool:
    own = term.contract.targets if term.contract else term.tier.targets
    return any(target.measure == measure for target in own)


def _lint_without(term: Terms, findings: Findings) -> None:
    """Measures taken away that the tier does not have."""
    if term.contract is None:
        return
    promised = {target.measure for target in term.tier.targets}
    for measure in sorted(term.contract.without - promised):
        where = term.places.get("without", term.where)
        message = f'"{term.tier.name}" has no {measure} to take away'
        findings.add(where, "STP330", term.what, message, "delete it")


def _lint_shadows(own: tuple[Target, ...], what: str, findings: Findings) -> None:
    """Targets that no ticket can have, because one before takes them all."""
    tried: dict[Measure, tuple[EarlierConditions, list[Target]]] = {}
    for target in own:
        when = cases(target.when)
        if when is None:
            continue
        earlier, takers = tried.setdefault(target.measure, (EarlierConditions(), []))
        number = earlier.first_implied_by(when)
        if number is not None:
            taker = takers[number]
            message = f"no ticket can have this {target.measure} target"
            reason = "holds for all; put it last"
            if taker.when != EVERYTHING:
                reason = "comes first and takes them all"
            hint = f"the one in line {taker.where.line} {reason}"
            findings.add(target.where, "STP328", what, message, hint)
        if not target.from_at and not target.until_at:
            earlier.add(when)
            takers.append(target)


def _lint_length(target: Target, what: str, findings: Findings) -> None:
    for priority, span in target.within.items():
        if span.unit == "seconds" and span.amount < SHORTEST:
            places = target.places
            where = next(
                places[key]
                for key in (f"within.{priority}", "within.otherwise", "within", "measure")
                if key in places
            )
            message = f"{format_span(span)} may be over before a change is seen"
            findings.add(where, "STP313", what, message, "nothing under 2m can be warned about")
