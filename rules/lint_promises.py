# SPDX-License-Identifier: GPL-3.0-or-later
"""Obligations that leave something open, and commitments that do not fit them."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from rules.condition_sets import Demand, cases, together
from rules.facts import MEASURES, PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.condition_sets import Case, Cases
    from rules.findings import Findings
    from rules.policy import Commitment, Condition, Policy, Target, Tier
    from rules.promises import Obligation
    from rules.terms import Terms

_STEADY = ("tier", "channel", "priority", "created_by")
"""Paths that say the same when a target is chosen and when it is counted; a tag may be gone."""


def lint_obligations(policy: Policy, findings: Findings) -> None:
    """What each obligation lacks to be concrete."""
    for obligation in policy.obligations.values():
        _lint_measured(obligation, findings)
        _lint_level(obligation, findings)
        _lint_consequence(obligation, findings)
        for warning in obligation.warn:
            if not warning.tell:
                what = f"obligations.{obligation.name}.warn"
                findings.add(warning.where, "STP305", what, "warns nobody", "name a recipient")


def lint_reports(policy: Policy, findings: Findings) -> None:
    """Reports that go to nobody, and those of a customer to whom nothing is promised."""
    tiers = {tier.name: tier for tier in policy.tiers}
    for contract in policy.contracts:
        tier = tiers.get(contract.tier)
        inherited = tier.obligations if tier else ()
        promised = inherited if contract.obligations is None else contract.obligations
        for order in contract.reports:
            what = f"customers.{contract.name}.reports"
            if not order.to:
                findings.add(order.where, "STP305", what, "goes to nobody", "name a recipient")
            if not promised:
                message = "never sent: nothing is promised to this customer over periods"
                findings.add(order.where, "STP305", what, message, "add obligations, or delete it")


def _lint_measured(obligation: Obligation, findings: Findings) -> None:
    what, where = f"obligations.{obligation.name}", obligation.where
    if obligation.of is None:
        message = "not concrete: nothing says what is measured"
        findings.add(where, "STP220", what, message, "add of: with a measure or an indicator")
    if (obligation.of is None or obligation.of in MEASURES) and obligation.tickets is None:
        message = "not concrete: nothing says for which tickets"
        findings.add(where, "STP221", what, message, "add tickets: {channel: [...]} or everything")
    if obligation.per is None:
        message = "not concrete: nothing says over which period"
        findings.add(where, "STP222", what, message, "add per: calendar_month, or another period")
    if obligation.excluding is None:
        message = "not concrete: nothing says what does not count"
        findings.add(where, "STP224", what, message, "add excluding: with reasons, [] for none")
    if obligation.of == "phone_answer" and obligation.within is None:
        message = "not concrete: nothing says within which time calls are answered"
        findings.add(where, "STP226", what, message, "add within: 3m, or another time")
    if obligation.of == "availability" and obligation.outages is None:
        message = "not concrete: nothing says where outages are recorded"
        findings.add(where, "STP226", what, message, "add outages: with the name of a CSV file")
    _lint_clock(obligation, findings)


def _lint_clock(obligation: Obligation, findings: Findings) -> None:
    """A measure has the clock of its targets; everything else needs one of its own."""
    what, where = f"obligations.{obligation.name}", obligation.where
    if obligation.counted is not None:
        return
    if obligation.of == "availability":
        message = "not concrete: nothing says on which calendar outages count"
        findings.add(where, "STP227", what, message, "add counted: with a calendar")
    elif obligation.of is None:
        message = "not concrete: nothing says on which clock it is counted"
        hint = "a measure has the calendar of its targets; availability needs counted:"
        findings.add(where, "STP227", what, message, hint)


def _lint_level(obligation: Obligation, findings: Findings) -> None:
    what = f"obligations.{obligation.name}"
    level, minimum = obligation.at_least, obligation.minimum_tickets
    if level is None and obligation.at_most is None:
        message = "not concrete: nothing says which level is promised"
        findings.add(obligation.where, "STP223", what, message, "add at_least: 95%, or at_most")
    if level is None or minimum is None:
        return
    needed = ceil(1 / (1 - level)) if level < 1 else None
    if needed is None or minimum < needed:
        where = obligation.places.get("minimum_tickets", obligation.where)
        message = f"with {minimum} tickets a single miss breaks the promise"
        hint = f"{needed} tickets allow one miss" if needed else "100% never allows a miss"
        findings.add(where, "STP324", what, message, hint)


def _lint_consequence(obligation: Obligation, findings: Findings) -> None:
    what, otherwise = f"obligations.{obligation.name}", obligation.otherwise
    if otherwise is None:
        message = "not concrete: nothing says what follows when it is missed"
        findings.add(obligation.where, "STP225", what, message, "add otherwise: a credit, or none")
    elif otherwise.gives_credit:
        where, what = obligation.places.get("otherwise:", obligation.where), f"{what}.otherwise"
        if otherwise.cap is None:
            message = "credits without an upper limit"
            findings.add(where, "STP214", what, message, "add cap: 25%, or another share")
        if otherwise.claim is None:
            message = "not concrete: nothing says whether the customer has to ask for a credit"
            hint = "add claim: automatic, or {within: 15 days}"
            findings.add(where, "STP218", what, message, hint)


def lint_promises(policy: Policy, terms: list[Terms], findings: Findings) -> None:
    """Commitments, fees and caps of tiers and contracts against their obligations."""
    _lint_damages(policy, terms, findings)
    for term in terms:
        if term.commitment == "guarantee":
            _lint_guarantee(term, findings)
        if term.commitment == "best_effort":
            _lint_best_effort(term, findings)
        _lint_fee(term, findings)
        _lint_caps(term, findings)
        _lint_limits(term, findings)


def _lint_damages(policy: Policy, terms: list[Terms], findings: Findings) -> None:
    """What is or may be a guarantee says whether damages are owed on top of its credits."""
    said: dict[str, set[Commitment | None]] = {}
    for term in terms:
        for obligation in term.obligations:
            said.setdefault(obligation.name, set()).add(term.commitment)
    for obligation in policy.obligations.values():
        otherwise, what = obligation.otherwise, f"obligations.{obligation.name}"
        if said.get(obligation.name) == {"best_effort"}:
            continue
        hint = 'add beyond_credit: excluded, as_law or {capped: "5000.00"}'
        if otherwise is None:
            message = "not concrete: nothing says whether damages beyond a credit are owed"
            findings.add(obligation.where, "STP212", what, message, f"in otherwise, {hint}")
        elif otherwise.gives_credit and otherwise.beyond_credit is None:
            where = obligation.places.get("otherwise:", obligation.where)
            message = "a guarantee that is silent on damages beyond the credit"
            findings.add(where, "STP212", f"{what}.otherwise", message, hint)


def _lint_guarantee(term: Terms, findings: Findings) -> None:
    answers = [obligation.otherwise for obligation in term.obligations]
    if None not in answers and not any(each and each.gives_credit for each in answers):
        where = term.commitment_at or term.where
        if term.contract is None or "commitment" in term.places or "obligations" in term.places:
            where = where if "commitment" in term.places else term.where
            message = "a guarantee without a consequence"
            hint = "add an obligation with a credit, or call it best_effort"
            findings.add(where, "STP211", term.what, message, hint)


def _lint_best_effort(term: Terms, findings: Findings) -> None:
    if term.contract and not {"commitment", "obligations"} & set(term.places):
        return  # all of it stands in the tier, where it has been said
    for obligation in term.obligations:
        if not obligation.otherwise or not obligation.otherwise.gives_credit:
            continue
        credit = obligation.places.get("otherwise", obligation.where)
        first, later = sorted((term.commitment_at or term.where, credit))
        message = f'best effort, but "{obligation.name}" gives credits'
        hint = f"say guarantee, or otherwise: none; the other is in {first}"
        findings.add(later, "STP213", term.what, message, hint)


def _lint_fee(term: Terms, findings: Findings) -> None:
    if term.fee is not None:
        return
    if term.contract and term.contract.obligations is None:
        return  # all of it stands in the tier, where it has been said
    for obligation in term.obligations:
        if obligation.otherwise and obligation.otherwise.gives_credit:
            message = f'"{obligation.name}" gives credits, but there is no fee to take them from'
            hint = 'add fee: {amount: "900.00", currency: EUR, per: month}'
            findings.add(term.where, "STP215", term.what, message, hint)
            return


def _lint_caps(term: Terms, findings: Findings) -> None:
    cap = term.contract.cap if term.contract else None
    for obligation in term.obligations:
        own = obligation.otherwise.cap if obligation.otherwise else None
        if cap is not None and own is not None and cap < own:
            where = term.places.get("cap", term.where)
            message = f'this cap is below that of "{obligation.name}"'
            hint = f"{obligation.name} is in {obligation.where}"
            findings.add(where, "STP323", term.what, message, hint)


def _lint_limits(term: Terms, findings: Findings) -> None:
    """An obligation on a measure needs a target that says how long it may take."""
    if term.contract and not {"obligations", "without"} & set(term.places):
        return  # as in the tier
    for obligation in term.obligations:
        if obligation.of not in MEASURES:
            continue
        hint = f"add a {obligation.of} target"
        if obligation.of not in term.targets:
            message = f'"{obligation.name}" promises {obligation.of}, which has no target here'
        elif _counts_nothing(obligation, term.targets[obligation.of], term):
            message = (
                f'"{obligation.name}" counts tickets that no {obligation.of} target here is for'
            )
            hint = f"{hint} for its tickets, or change tickets in {obligation.where}"
        else:
            continue
        where = term.places.get("obligations", term.where)
        findings.add(where, "STP216", term.what, message, hint)


def _counts_nothing(obligation: Obligation, targets: Iterable[Target], term: Terms) -> bool:
    """Whether no ticket of these terms can be among an obligation's and have one of the targets."""
    match = term.contract.match if term.contract else term.tier.match
    wanted = _steady(obligation.tickets, _STEADY)
    owned = _steady(match, ("channel", "created_by"))
    if wanted is None or owned is None:
        return False
    here: Cases = (_of_tier(term.tier),)
    found = tuple(
        each for belonging in together(here, owned) for each in together((belonging,), wanted)
    )
    chosen = [_steady(one.when, _STEADY) for one in targets]
    return all(when is not None and not any(together(found, when)) for when in chosen)


def _of_tier(tier: Tier) -> Case:
    """What every counted case of a tier has: its name, and a priority from its floor up."""
    case: Case = {"tier": (Demand(frozenset({tier.name})),)}
    if tier.floor_priority:
        reached = PRIORITIES[PRIORITIES.index(tier.floor_priority) :]
        case["priority"] = (Demand(frozenset(reached)),)
    return case


def _steady(condition: Condition | None, paths: Iterable[str]) -> Cases | None:
    """What a condition demands of these paths alone; None when it cannot be told."""
    if condition is None:
        return ({},)
    found = cases(condition)
    if found is None:
        return None
    return tuple({path: case[path] for path in paths if path in case} for case in found)
