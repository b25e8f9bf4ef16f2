# SPDX-License-Identifier: GPL-3.0-or-later
"""Which conditions can hold together, and which follow from others.

A condition is spread out into cases: alternatives, each a set of demands on
single paths. Both questions are then answered case by case. Answers err on
the side of "cannot be told".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import product
from typing import TYPE_CHECKING

from rules.policy import AnyOf, Not, PathIs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.policy import Condition

MOST_CASES = 256
SEVERAL_VALUED = frozenset({"tags", "organization.tags", "requester.tags"})
"""Paths that hold several values at once, so that different demands go together."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The value is one of `values`; or, where `excluded`, it is none of them."""

    values: frozenset[str]
    excluded: bool = False

    def meet(self, other: Demand) -> Demand:
        """What both demand of a single value."""
        if self.excluded and other.excluded:
            return Demand(self.values | other.values, excluded=True)
        if self.excluded:
            return Demand(other.values - self.values)
        if other.excluded:
            return Demand(self.values - other.values)
        return Demand(self.values & other.values)

    def implies(self, other: Demand) -> bool:
        """Whether every value that fulfils this fulfils the other."""
        if self.excluded:
            return other.excluded and other.values <= self.values
        if other.excluded:
            return not self.values & other.values
        return self.values <= other.values

    @property
    def impossible(self) -> bool:
        """No value fulfils it."""
        return not self.values and not self.excluded


Case = dict[str, tuple[Demand, ...]]
"""What a ticket must fulfil at each path, all of it."""
Cases = tuple[Case, ...]


@lru_cache(maxsize=4_096)
def cases(condition: Condition) -> Cases | None:
    """The alternatives in which a condition holds; None when there are too many to compare."""
    found = _cases(condition, negated=False)
    return None if found is None else tuple(found)


def _cases(condition: Condition, *, negated: bool) -> list[Case] | None:
    if isinstance(condition, PathIs):
        return [{condition.path: (Demand(condition.values, negated),)}]
    if isinstance(condition, Not):
        return _cases(condition.part, negated=not negated)
    parts = []
    for part in condition.parts:
        found = _cases(part, negated=negated)
        if found is None:
            return None
        parts.append(found)
    if isinstance(condition, AnyOf) != negated:  # not all of them = any of them not
        return _limited([case for part in parts for case in part])
    return _combined(parts)


def _combined(
    parts: list[list[Case]],
) -> list[Case] | None:
    size = reduce(lambda total, part: total * len(part), parts, 1)
    if size > MOST_CASES:
        return None
    nothing: Case = {}
    joined = [reduce(_both, combination, nothing) for combination in product(*parts)]
    return [case for case in joined if not is_impossible(case)]


def _limited(
    found: list[Case],
) -> list[Case] | None:
    return found if len(found) <= MOST_CASES else None


def _both(first: Case, second: Case) -> Case:
    """The demands of two cases together."""
    joined = dict(first)
    for path, demands in second.items():
        if path not in joined:
            joined[path] = demands
        elif path in SEVERAL_VALUED:
            joined[path] += demands
        else:
            joined[path] = (joined[path][0].meet(demands[0]),)
    return joined


def is_impossible(case: Case) -> bool:
    """Whether no ticket can fulfil a case."""
    return any(demand.impossible for demands in case.values() for demand in demands)


def together(
    first: Cases,
    second: Cases,
) -> Iterable[Case]:
    """The cases in which both conditions hold."""
    for one, other in product(first, second):
        if _exclude_each_other(one, other):
            continue
        both = _both(one, other)
        if not is_impossible(both):
            yield both


def _exclude_each_other(one: Case, other: Case) -> bool:
    """Whether a path tells two cases apart at first sight."""
    for path, demands in one.items():
        if path in other and path not in SEVERAL_VALUED:
            mine, theirs = demands[0], other[path][0]
            if not mine.excluded and not theirs.excluded and mine.values.isdisjoint(theirs.values):
                return True
    return False


def can_hold_together(
    first: Cases,
    second: Cases,
) -> bool:
    """Whether some ticket can fulfil both."""
    return any(True for _ in together(first, second))


def case_implies(
    case: Case,
    condition: Cases,
) -> bool:
    """Whether every ticket of a case fulfils a condition, as far as one of its cases shows."""
    return any(_follows(case, other) for other in condition)


def implies(
    first: Cases,
    second: Cases,
) -> bool:
    """Whether every ticket that fulfils the first fulfils the second."""
    return all(case_implies(case, second) for case in first)


def _follows(case: Case, other: Case) -> bool:
    for path, demands in other.items():
        own = case.get(path, ())
        for demand in demands:
            if not any(_is_stronger(mine, demand, path) for mine in own):
                return False
    return True


def _is_stronger(demand: Demand, other: Demand, path: str) -> bool:
    if path in SEVERAL_VALUED and demand.excluded != other.excluded:
        return False  # to hold one value says nothing about holding another
    return demand.implies(other)


class EarlierConditions:
    """Conditions in the order in which they are tried, for asking which of them comes first.

    Those that demand a value are found by it, so that thousands of conditions
    on as many customers are not compared one by one.
    """

    def __init__(self) -> None:
        self._all: list[Cases] = []
        self._by_value: dict[tuple[str, str], set[int]] = {}
        self._anywhere: set[int] = set()

    def add(self, condition: Cases) -> None:
        """Try this one after all others."""
        index = len(self._all)
        self._all.append(condition)
        for case in condition:
            path = next((p for p, demands in case.items() if not demands[0].excluded), None)
            if path is None:
                self._anywhere.add(index)
                continue
            for value in case[path][0].values:
                self._by_value.setdefault((path, value), set()).add(index)

    def first_implied_by(self, condition: Cases) -> int | None:
        """The number of the first condition that holds wherever this one does."""
        if not condition:
            return 0 if self._all else None
        candidates = set(self._anywhere)
        for path, demands in condition[0].items():
            for demand in demands:
                if not demand.excluded:
                    # What follows from it allows all its values, so one of them tells.
                    one = min(demand.values)
                    candidates |= self._by_value.get((path, one), set())
        return next((n for n in sorted(candidates) if implies(condition, self._all[n])), None)
