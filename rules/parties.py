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

E = TypeVar("E", bound=Evidence)


def agreement_of(party: Party, policy: Policy) -> Agreement | None:
    """What holds for a customer by this policy; None where it knows the party no more."""
    for terms in all_terms(policy):
        if terms.contract is not None and terms.contract.name == party.customer:
            return Agreement(party, terms, policy)
        if terms.contract is None and terms.tier.name == party.tier:
            return Agreement(party, terms, policy)
    return None


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
