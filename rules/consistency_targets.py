# SPDX-License-Identifier: GPL-3.0-or-later
"""A first reply may not take longer than the resolution of the same ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.condition_sets import Demand, EarlierConditions, case_implies, cases, together
from rules.duration import format_span
from rules.facts import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.condition_sets import Case, Cases
    from rules.facts import Measure, Priority
    from rules.folder import Folder
    from rules.policy import Contract, Target, Tier, Where


@dataclass(frozen=True)
class _Tried:
    """The targets of two measures in the order in which they are tried for one block.

    `own` are those that the block itself holds; pairs of others have been
    compared where they stand.
    """

    what: str
    base: Tier
    own: tuple[Target, ...]
    replies: list[Target]
    resolutions: list[Target]


def check_first_reply_before_resolution(
    folder: Folder, tiers: list[Tier], contracts: list[Contract]
) -> None:
    """Report each pair of targets that can apply to one ticket in the wrong order."""
    by_name = {tier.name: tier for tier in tiers}
    for tier in tiers:
        replies = _of(tier.targets, "first_reply")
        resolutions = _of(tier.targets, "resolution")
        what = f"tiers.{tier.name}"
        _check_pairs(folder, _Tried(what, tier, tier.targets, replies, resolutions))
    for contract in contracts:
        base = by_name.get(contract.tier)
        if base and contract.targets:
            replies = _lasting("first_reply", contract, base)
            resolutions = _lasting("resolution", contract, base)
            what = f"customers.{contract.name}"
            _check_pairs(folder, _Tried(what, base, contract.targets, replies, resolutions))


def _of(targets: Iterable[Target], measure: Measure) -> list[Target]:
    """The targets of one measure that some ticket can have."""
    earlier = EarlierConditions()
    found = []
    for target in targets:
        condition = cases(target.when) if target.measure == measure else None
        if condition is None or earlier.first_implied_by(condition) is not None:
            continue
        found.append(target)
        if not target.from_at and not target.until_at:
            earlier.add(condition)
    return found


def _lasting(measure: Measure, contract: Contract, base: Tier) -> list[Target]:
    inherited = () if measure in contract.without else base.targets
    return _of([*contract.targets, *inherited], measure)


def _check_pairs(folder: Folder, tried: _Tried) -> None:
    own = {id(target) for target in tried.own}
    for reply in tried.replies:
        for resolution in tried.resolutions:
            if id(reply) not in own and id(resolution) not in own:
                continue
            slower = _slower_for(reply, resolution, tried)
            if slower:
                _report(folder, tried.what, reply, resolution, slower)
                break


def _slower_for(reply: Target, resolution: Target, tried: _Tried) -> Priority | None:
    """The most urgent priority for which the reply may take longer, if any."""
    if reply.counted != resolution.counted or not _share_a_day(reply, resolution):
        return None
    floor = tried.base.floor_priority
    suspects = [
        priority
        for priority in reversed(PRIORITIES)
        # What is below the floor is lifted to it before a target is chosen.
        if _is_longer(reply, resolution, priority) and not (floor and _below(priority, floor))
    ]
    first, second = cases(reply.when), cases(resolution.when)
    shared = list(together(first, second)) if suspects and first and second else []
    if not shared:
        return None
    earlier = [*_earlier(reply, tried.replies), *_earlier(resolution, tried.resolutions)]
    for priority in suspects:
        if any(_applies(case, priority, earlier) for case in shared):
            return priority
    return None


def _is_longer(reply: Target, resolution: Target, priority: Priority) -> bool:
    first, second = reply.within[priority], resolution.within[priority]
    return first.unit == second.unit and first.amount > second.amount


def _below(priority: Priority, floor: Priority) -> bool:
    return PRIORITIES.index(priority) < PRIORITIES.index(floor)


def _earlier(target: Target, tried: list[Target]) -> list[Cases]:
    """The conditions of those tried before that hold whenever this one's dates do."""
    found: list[Cases] = []
    for other in tried:
        if other is target:
            break
        condition = cases(other.when)
        if condition is not None and _covers(other, target):
            found.append(condition)
    return found


def _applies(case: Case, priority: Priority, earlier: list[Cases]) -> bool:
    """Whether a ticket of this case and priority gets past everything tried before."""
    narrowed: Cases = ({"priority": (Demand(frozenset({priority})),)},)
    for full in together((case,), narrowed):
        if not any(case_implies(full, condition) for condition in earlier):
            return True
    return False


def _share_a_day(first: Target, second: Target) -> bool:
    first_over = first.until_at and second.from_at and first.until_at <= second.from_at
    second_over = second.until_at and first.from_at and second.until_at <= first.from_at
    return not first_over and not second_over


def _covers(wide: Target, narrow: Target) -> bool:
    """Whether the dates of one target hold all of another's."""
    begins = wide.from_at is None or (narrow.from_at is not None and wide.from_at <= narrow.from_at)
    ends = wide.until_at is None or (
        narrow.until_at is not None and narrow.until_at <= wide.until_at
    )
    return begins and ends


def _report(
    folder: Folder, what: str, reply: Target, resolution: Target, priority: Priority
) -> None:
    first, second = _place(reply, priority), _place(resolution, priority)
    later, other = (first, second) if first > second else (second, first)
    message = (
        f"a first reply may take {format_span(reply.within[priority])}, longer than the "
        f"resolution's {format_span(resolution.within[priority])} (priority {priority})"
    )
    hint = f"the other is at {other.file}:{other.line}:{other.column}"
    folder.problem(later, "STP109", f"{what}.targets", message, hint)


def _place(target: Target, priority: Priority) -> Where:
    """Where the duration for a priority stands."""
    for key in (f"within.{priority}", "within.otherwise", "within"):
        if key in target.places:
            return target.places[key]
    return target.where
