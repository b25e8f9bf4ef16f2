# SPDX-License-Identifier: GPL-3.0-or-later
"""Contradictions between the parts of a folder: tiers and contracts against each other.

What could not be read as a whole is compared with nothing: a contract that
lost its dates to a slip would otherwise seem to overlap with its successor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.condition_sets import EarlierConditions, can_hold_together, cases
from rules.consistency_periods import check_periods
from rules.consistency_targets import check_first_reply_before_resolution
from rules.policy import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.condition_sets import Cases
    from rules.folder import Folder
    from rules.policy import Contract, Policy, Tier, Where


def check_consistency(folder: Folder, policy: Policy) -> None:
    """Report everything in which the parts of a folder contradict each other."""
    tiers = [tier for tier in policy.tiers if ("tiers", tier.name) not in folder.broken]
    contracts = [
        contract
        for contract in policy.contracts
        if ("customers", contract.name) not in folder.broken
    ]
    _check_tiers(folder, policy, tiers)
    _check_overlaps(folder, contracts)
    check_first_reply_before_resolution(folder, tiers, contracts)
    check_periods(folder, policy, tiers, contracts)


def beside(where: Where) -> str:
    """A place for a hint."""
    return f"{where.file}:{where.line}:{where.column}"


def _check_tiers(folder: Folder, policy: Policy, tiers: list[Tier]) -> None:
    if "tiers" in folder.doubtful:
        return
    defined = folder.defined["tiers"]
    if not defined:
        if folder.first_file:
            folder.problem(folder.start, "STP021", "", '"tiers" is missing from the folder')
        return
    _check_reachable(folder, tiers)
    last = list(defined)[-1]
    found = next((tier for tier in tiers if tier.name == last), None)
    if found and all(tier.match != EVERYTHING for tier in policy.tiers):
        message = "the last tier must be match: everything"
        hint = "else some tickets have no tier at all"
        folder.problem(found.places["match"], "STP107", f"tiers.{last}", message, hint)


def _check_reachable(folder: Folder, tiers: list[Tier]) -> None:
    """Report tiers all of whose tickets an earlier one takes."""
    earlier = EarlierConditions()
    tried: list[Tier] = []
    for tier in tiers:
        own = cases(tier.match)
        if own is None:
            continue
        taker = earlier.first_implied_by(own)
        if taker is not None:
            first = tried[taker]
            message = f'no ticket can reach this tier: "{first.name}" takes all of them'
            hint = f"it comes first, at {beside(first.where)}"
            folder.problem(tier.where, "STP106", f"tiers.{tier.name}", message, hint)
        earlier.add(own)
        tried.append(tier)


def _check_overlaps(folder: Folder, contracts: list[Contract]) -> None:
    """Report each contract that can hold together with an earlier one, once."""
    spread = [(contract, cases(contract.match)) for contract in contracts]
    known = [(contract, own) for contract, own in spread if own is not None]
    known.sort(key=lambda each: each[0].where)
    for index, others in _candidates(known):
        contract, own = known[index]
        for other in others:
            rival, theirs = known[other]
            if _share_a_day(contract, rival) and can_hold_together(own, theirs):
                message = f'a ticket can belong to this contract and to "{rival.name}"'
                hint = (
                    f"{rival.name} is at {beside(rival.where)}; tell them apart by match or dates"
                )
                folder.problem(
                    contract.where, "STP108", f"customers.{contract.name}", message, hint
                )
                break


def _candidates(known: list[tuple[Contract, Cases]]) -> Iterator[tuple[int, list[int]]]:
    """For each contract the earlier ones that may overlap with it.

    Thousands of contracts differ in one path, usually the organisation's id;
    those with other values there need no comparison.
    """
    path = _telling_path([own for _, own in known])
    by_value: dict[str, list[int]] = {}
    anywhere: list[int] = []
    for index, (_, own) in enumerate(known):
        values = _demanded(own, path)
        if values is None:
            yield index, list(range(index))
            anywhere.append(index)
            continue
        sharing = {other for value in values for other in by_value.get(value, ())}
        yield index, sorted(sharing.union(anywhere))
        for value in values:
            by_value.setdefault(value, []).append(index)


def _telling_path(all_cases: list[Cases]) -> str:
    """The path with a single value that most contracts demand."""
    counts: dict[str, int] = {}
    for own in all_cases:
        for path in {path for case in own for path in case if not path.endswith("tags")}:
            if _demanded(own, path) is not None:
                counts[path] = counts.get(path, 0) + 1
    return max(sorted(counts), key=lambda path: counts[path], default="")


def _demanded(own: Cases, path: str) -> frozenset[str] | None:
    """The values of which every ticket of a condition has one; None when it may have any."""
    values: set[str] = set()
    for case in own:
        demands = case.get(path)
        if not demands or demands[0].excluded:
            return None
        values |= demands[0].values
    return frozenset(values)


def _share_a_day(first: Contract, second: Contract) -> bool:
    first_over = first.until_at and second.from_at and first.until_at <= second.from_at
    second_over = second.until_at and first.from_at and second.until_at <= first.from_at
    return not first_over and not second_over
