# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether rules speak of what an account has: its customers, their fields, its statuses.

`stipt check` sees rule files alone; a slip in the name of a field or a status,
or a tier that nobody belongs to, shows only beside the account.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rules.facts import STATUSES
from rules.policy import AnyOf, Not, PathIs
from rules.select import condition_paths, organization_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from connector.base import Inventory
    from rules.facts import Organization
    from rules.policy import Condition, Contract, Policy, Target, Tier, Where

MOST_ORGANIZATIONS = 2_000
"""Customers that are looked at: twenty calls."""

_MOST_VALUES = 5
"""Values of a field that a sentence names."""

_FIELDS = "organization.fields."

Holds = Literal["yes", "no", "depends"]
"""Whether a condition holds for every, no, or some ticket of a customer."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that the rules say and the account does not have."""

    kind: Literal["tier", "customer", "organization field", "status", "calendar"]
    what: str
    remedy: str

    def sentence(self) -> str:
        """What is wrong and what to do."""
        return f"{self.what}; {self.remedy}"


def misfits(policy: Policy, inventory: Inventory) -> list[Misfit]:
    """Everything in which the rules and the account do not fit, in the order of the kinds."""
    return [
        *_unmatched(policy, inventory),
        *_unknown_fields(policy, inventory.organization_fields),
        *_unknown_statuses(policy, inventory.statuses),
        *_unmet_cases(policy, inventory),
    ]


def only_last_tier(policy: Policy, organizations: Iterable[Organization]) -> list[Organization]:
    """The customers that no contract and no tier but the last can match."""
    others: list[Tier | Contract] = [*policy.contracts, *policy.tiers[:-1]]
    return [
        one for one in organizations if all(holds_for(each.match, one) == "no" for each in others)
    ]


def holds_for(condition: Condition, organization: Organization) -> Holds:
    """Whether a condition holds for a customer's tickets, whatever else they say."""
    if isinstance(condition, PathIs):
        if not condition.path.startswith("organization."):
            return "depends"
        value = organization_reader(condition.path)(organization)
        values = (value,) if isinstance(value, str) else value or ()
        return "yes" if not condition.values.isdisjoint(values) else "no"
    if isinstance(condition, Not):
        return _OPPOSITE[holds_for(condition.part, organization)]
    parts = {holds_for(part, organization) for part in condition.parts}
    settles: Holds = "yes" if isinstance(condition, AnyOf) else "no"
    if settles in parts:
        return settles
    return "depends" if "depends" in parts else _OPPOSITE[settles]


_OPPOSITE: dict[Holds, Holds] = {"yes": "no", "no": "yes", "depends": "depends"}


def _unmatched(policy: Policy, inventory: Inventory) -> Iterator[Misfit]:
    customers = inventory.organizations
    if customers is None:
        return
    looked = _looked_at(inventory, customers)
    holders: list[tuple[Literal["tier", "customer"], Tier | Contract]] = [
        *(("tier", one) for one in policy.tiers),
        *(("customer", one) for one in policy.contracts),
    ]
    for kind, holder in holders:
        # What says nothing of customers is matched by tickets, which are not looked at.
        if not any(path.startswith("organization.") for path in condition_paths(holder.match)):
            continue
        if all(holds_for(holder.match, one) == "no" for one in customers):
            yield Misfit(
                kind,
                f"none of {looked} matches the {kind} {holder.name} ({holder.where})",
                "mend its match, or fill the field at the organizations meant",
            )


def _looked_at(inventory: Inventory, customers: Sequence[Organization]) -> str:
    first = "" if inventory.has_all_organizations else "first "
    return f"the {first}{len(customers)} organizations of the account"


def _unmet_cases(policy: Policy, inventory: Inventory) -> Iterator[Misfit]:
    """Cases that no customer has, beside the values of customers that fall to the default.

    A value without a case is no slip by itself: that is what a default is for.
    """
    customers = inventory.organizations
    if not customers:
        return
    for chooser in policy.choosers.values():
        if not _is_had(chooser.path, inventory.organization_fields):
            continue
        values = _values(chooser.path, customers)
        unmet = [case for case in chooser.cases if case not in values]
        if unmet:
            left = sorted(values.keys() - chooser.cases.keys(), key=lambda one: (-values[one], one))
            named = " or ".join(f'"{case}"' for case in unmet)
            yield Misfit(
                "calendar",
                f"none of {_looked_at(inventory, customers)} has {chooser.path} "
                f"{named}, a case of the calendar {chooser.name} "
                f"({chooser.where}){_to_default(left, chooser.default)}",
                _nearest(unmet[0], left, "mend the case, or fill the field at those meant"),
            )


def _is_had(path: str, known: frozenset[str] | None) -> bool:
    """Whether customers can have a value there; a field that is missing is told by itself."""
    if not path.startswith("organization."):
        return False
    return known is None or not path.startswith(_FIELDS) or path.removeprefix(_FIELDS) in known


def _values(path: str, customers: Iterable[Organization]) -> Counter[str]:
    """How many customers have each value of a path; those without any are not counted."""
    read = organization_reader(path)
    return Counter(value for value in map(read, customers) if isinstance(value, str))


def _to_default(left: Sequence[str], default: str) -> str:
    if not left:
        return ""
    more = len(left) - _MOST_VALUES
    shown = ", ".join(f'"{value}"' for value in left[:_MOST_VALUES])
    shown += f" and {more} values more" if more > 0 else ""
    return f"; organizations have {shown}, for which it takes its default {default}"


def _unknown_fields(policy: Policy, known: frozenset[str] | None) -> Iterator[Misfit]:
    if known is None:
        return
    read: dict[str, Where] = {}
    for path, where in _paths(policy):
        if path.startswith(_FIELDS):
            read.setdefault(path.removeprefix(_FIELDS), where)
    for key, where in sorted(read.items()):
        if key not in known:
            yield Misfit(
                "organization field",
                f"the account has no organization field {key}, which {where} reads",
                _nearest(key, known, "make the field, or name one that there is"),
            )


def _unknown_statuses(policy: Policy, known: frozenset[str] | None) -> Iterator[Misfit]:
    if known is None:
        return
    named: dict[str, Where] = {}
    for target in _targets(policy):
        for status in target.pause_on or ():
            if status not in STATUSES:
                named.setdefault(status, target.places.get("pause_on", target.where))
    for status, where in sorted(named.items()):
        if status not in known:
            yield Misfit(
                "status",
                f'the account has no status "{status}", on which {where} pauses',
                _nearest(status, known, "name one that there is, as agents see it"),
            )


def _paths(policy: Policy) -> Iterator[tuple[str, Where]]:
    for holder in _holders(policy):
        for path in condition_paths(holder.match):
            yield path, holder.where
    for target in _targets(policy):
        for path in condition_paths(target.when):
            yield path, target.where
    for chooser in policy.choosers.values():
        yield chooser.path, chooser.where


def _targets(policy: Policy) -> Iterator[Target]:
    for holder in _holders(policy):
        yield from holder.targets


def _holders(policy: Policy) -> list[Tier | Contract]:
    return [*policy.tiers, *policy.contracts]


def _nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else otherwise
