# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the customers of a tier or of a contract, inherited parts included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.condition_sets import cases
from rules.facts import CHANNELS, MEASURES, PRIORITIES
from rules.policy import AllOf, Not

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.condition_sets import Case
    from rules.facts import Measure
    from rules.policy import Commitment, Contract, Policy, Target, Tier, Where
    from rules.promises import Fee, Obligation


@dataclass(frozen=True)
class Terms:
    """The terms of one tier, or of one contract with what it takes from its tier.

    `targets` are in the order in which they are tried. `commitment_at` is
    where the commitment was written.
    """

    what: str
    where: Where
    tier: Tier
    contract: Contract | None
    targets: Mapping[Measure, tuple[Target, ...]]
    obligations: tuple[Obligation, ...]
    commitment: Commitment | None
    commitment_at: Where | None
    fee: Fee | None

    @property
    def places(self) -> Mapping[str, Where]:
        """Where the values of the block's own keys stand."""
        return self.contract.places if self.contract else self.tier.places


def all_terms(policy: Policy) -> list[Terms]:
    """The terms of all tiers, then of all contracts."""
    by_name = {tier.name: tier for tier in policy.tiers}
    found = [_of_tier(tier, policy) for tier in policy.tiers]
    found += [_of_contract(each, by_name[each.tier], policy) for each in policy.contracts]
    return found


def _of_tier(tier: Tier, policy: Policy) -> Terms:
    return Terms(
        f"tiers.{tier.name}",
        tier.where,
        tier,
        None,
        _by_measure(tier.targets),
        tuple(policy.obligations[name] for name in tier.obligations),
        tier.commitment,
        tier.places.get("commitment"),
        tier.fee,
    )


def _of_contract(contract: Contract, tier: Tier, policy: Policy) -> Terms:
    kept = [target for target in tier.targets if target.measure not in contract.without]
    names = tier.obligations if contract.obligations is None else contract.obligations
    own = contract.commitment is not None
    return Terms(
        f"customers.{contract.name}",
        contract.where,
        tier,
        contract,
        _by_measure([*contract.targets, *kept]),
        tuple(policy.obligations[name] for name in names),
        contract.commitment if own else tier.commitment,
        (contract if own else tier).places.get("commitment"),
        contract.fee or tier.fee,
    )


def _by_measure(targets: Iterable[Target]) -> dict[Measure, tuple[Target, ...]]:
    listed = list(targets)
    return {
        measure: tuple(target for target in listed if target.measure == measure)
        for measure in MEASURES
        if any(target.measure == measure for target in listed)
    }


def uncovered(targets: Iterable[Target], channels: Iterable[str] = CHANNELS) -> list[Case] | None:
    """The cases of tickets for which none of the targets holds.

    Targets with dates cover nothing here: they do not hold for ever.

    Args:
        targets: those of one measure.
        channels: the channels that count.

    Returns:
        No cases when everything is covered; None when it cannot be told.
    """
    lasting = [target for target in targets if not target.from_at and not target.until_at]
    rest = cases(AllOf(tuple(Not(target.when) for target in lasting)))
    if rest is None:
        return None
    worlds = {"channel": frozenset(channels), "priority": frozenset(PRIORITIES)}
    return [case for case in rest if not _is_outside(case, worlds)]


def _is_outside(case: Case, worlds: Mapping[str, frozenset[str]]) -> bool:
    """Whether a case asks for a channel or priority that does not exist."""
    for path, world in worlds.items():
        for demand in case.get(path, ()):
            left = world - demand.values if demand.excluded else world & demand.values
            if not left:
                return True
    return False
