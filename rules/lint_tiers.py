# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiers and contracts that leave something open, or promise it in words only."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.findings import Findings
    from rules.policy import Calendar, Policy, Tier, Where
    from rules.terms import Terms

ROUND_THE_CLOCK = re.compile(
    r"(?<![0-9])24 ?[/x_-] ?7(?![0-9])|(?<![a-z])round[ _-]the[ _-]clock(?![a-z])",
    re.IGNORECASE,
)


LEVEL = re.compile(r"(?<![0-9.,])([0-9]{1,3}(?:[.,][0-9]{1,4})?) ?(?:%|per ?cent\b)")


def lint_tiers(policy: Policy, findings: Findings) -> None:
    """Keys that a tier needs to be concrete."""
    for tier in policy.tiers:
        what = f"tiers.{tier.name}"
        if tier.serves is None:
            message = "does not say on which channels it is served"
            findings.add(tier.where, "STP201", what, message, "add serves: [email, ...]")
        if tier.commitment is None:
            message = "does not say whether it is a promise"
            hint = "add commitment: guarantee or best_effort"
            findings.add(tier.where, "STP202", what, message, hint)
        if tier.default_priority is None:
            where = tier.places.get("priority:", tier.where)
            message = "tickets without a priority have no target"
            findings.add(where, "STP203", what, message, "add priority: {default: normal}")
        if not tier.targets:
            where = tier.places.get("targets", tier.where)
            message = "promises nothing: it has no target"
            findings.add(where, "STP205", what, message, "add a target or drop the tier")


def lint_contracts(policy: Policy, terms: list[Terms], findings: Findings) -> None:
    """Keys that a contract needs, and words that promise more than the rules."""
    for contract in policy.contracts:
        what = f"customers.{contract.name}"
        if contract.because is None:
            message = "does not say where it is agreed"
            hint = "add because: with the contract and its article"
            findings.add(contract.where, "STP206", what, message, hint)
        if contract.from_at is None:
            message = "does not say since when it holds"
            findings.add(contract.where, "STP207", what, message, "add from: with its first day")
        if contract.review_by is None:
            message = "nobody will look at it again"
            findings.add(contract.where, "STP208", what, message, "add review_by: with a date")
    for term in terms:
        _lint_words(policy, term, findings)
        _lint_levels(term, findings)
    for calendar in policy.calendars.values():
        if ROUND_THE_CLOCK.search(calendar.name) and not is_round_the_clock(calendar):
            what = f"calendars.{calendar.name}"
            message = "is called round the clock, but has opening hours"
            findings.add(calendar.where, "STP209", what, message, "rename it or use always")


def is_round_the_clock(calendar: Calendar) -> bool:
    """Whether a calendar never closes."""
    return calendar.business.hours.always_open


def _lint_words(policy: Policy, term: Terms, findings: Findings) -> None:
    counted = {target.counted for targets in term.targets.values() for target in targets}
    calendars = [policy.calendars[name] for name in counted if name in policy.calendars]
    if any(is_round_the_clock(calendar) for calendar in calendars):
        return
    for where, text in _words(term):
        if ROUND_THE_CLOCK.search(text):
            message = "the words promise round the clock, no target does"
            hint = "count a target on always, or say the hours"
            findings.add(where, "STP209", term.what, message, hint)


def _lint_levels(term: Terms, findings: Findings) -> None:
    """A percentage among the services that a contract covers, and in no obligation."""
    promised = {level for each in term.obligations for level in (each.at_least, each.at_most)}
    for number, text in enumerate(term.contract.covers if term.contract else ()):
        for found in LEVEL.findall(text):
            if Fraction(found.replace(",", ".")) / 100 in promised:
                continue
            message = f"the words promise {found}%, no obligation does"
            hint = "write an obligation: of what, for whom, on which clock, per which period"
            where = term.places.get(f"covers.{number}", term.where)
            findings.add(where, "STP217", term.what, message, hint)


def _words(term: Terms) -> Iterable[tuple[Where, str]]:
    """The texts of a tier or contract that people read."""
    contract = term.contract
    if contract is None:
        yield _named(term.tier)
        return
    yield contract.where, contract.name
    if contract.because:
        yield contract.places.get("because", contract.where), contract.because
    for number, text in enumerate(contract.covers):
        yield contract.places.get(f"covers.{number}", contract.where), text


def _named(tier: Tier) -> tuple[Where, str]:
    return tier.where, tier.name
