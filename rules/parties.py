# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose obligations are counted: records sorted by customer, and what holds for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rules.accounting import Agreement
from rules.evidence import Evidence
from rules.obligations import Records
from rules.terms import all_terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.evidence import Party
    from rules.policy import Policy
    from rules.terms import Terms

E = TypeVar("E", bound=Evidence)


def agreements(parties: Iterable[Party], policy: Policy) -> dict[Party, Agreement]:
    """What holds for each customer; those that the policy knows no more are left out."""
    contracts: dict[str, Terms] = {}
    tiers: dict[str, Terms] = {}
    for terms in all_terms(policy):
        if terms.contract is None:
            tiers[terms.tier.name] = terms
        else:
            contracts[terms.contract.name] = terms
    found: dict[Party, Agreement] = {}
    for party in parties:
        by_contract = party.customer is not None
        known = contracts.get(party.customer or "") if by_contract else tiers.get(party.tier or "")
        if known is not None:
            found[party] = Agreement(party, known, policy)
    return found


def agreement_of(party: Party, policy: Policy) -> Agreement | None:
    """What holds for a customer by this policy; None where it knows the party no more."""
    return agreements([party], policy).get(party)


def by_party(records: Records) -> dict[Party | None, Records]:
    """The records of each customer; under None those that belong to nobody.

    Outages are of the service and so of everybody.
    """
    cycles = _sorted_out(records.cycles)
    calls = _sorted_out(records.calls)
    solved = _sorted_out(records.solved)
    ratings = _sorted_out(records.ratings)
    return {
        party: Records(
            records.cut_off,
            cycles.get(party, ()),
            calls.get(party, ()),
            solved.get(party, ()),
            ratings.get(party, ()),
            records.outages,
        )
        for party in {**cycles, **calls, **solved, **ratings}
    }


def _sorted_out(found: Iterable[E]) -> dict[Party | None, list[E]]:
    parties: dict[Party | None, list[E]] = {}
    for one in found:
        parties.setdefault(one.party, []).append(one)
    return parties
