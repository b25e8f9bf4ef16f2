# SPDX-License-Identifier: GPL-3.0-or-later
"""Which contract or tier a ticket belongs to, and the target of each measure.

A selector is compiled once per policy. It looks at a ticket's state: a plain
mapping from match path to value, of only those paths that the policy reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from rules.cycles import TIME_IN_STATUS
from rules.facts import MEASURES, PRIORITIES, Measure, Organization, Priority, Ticket, Value
from rules.policy import AllOf, AnyOf, Calendar, Condition, Contract, Not, PathIs, Policy, Target
from rules.timeline import seconds_of

if TYPE_CHECKING:
    from rules.calendars import BusinessCalendar
    from rules.policy import Span, Step, Tier

State = dict[str, Value]
Test = Callable[[Mapping[str, Value]], bool]

OWN_PAUSES: Mapping[Measure, tuple[str, ...]] = {
    "pausable_update": ("pending",),
    "requester_wait": ("pending",),
    "agent_work": ("pending", "hold"),
}
_SOLVED = frozenset({"solved", "closed"})
_RANK = {priority: rank for rank, priority in enumerate(PRIORITIES)}
_MEMORY = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """A target applied to a ticket: with its calendar, span and pauses resolved.

    `counting` is the calendar whose open seconds the clock counts: for
    calendar days an always-open one in the zone of `calendar`. `pauses` are
    the statuses in which the clock stands still, solved ones included where
    the measure is time in status.
    """

    target: Target
    tier: str
    customer: str | None
    priority: Priority
    span: Span
    calendar: Calendar
    counting: BusinessCalendar
    steps: tuple[Step, ...]
    pauses: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What holds for a ticket in one state."""

    tier: Tier | None
    contract: Contract | None
    priority: Priority | None
    applications: Mapping[Measure, Application]


def higher(first: Priority, second: Priority | None) -> Priority:
    """The more urgent of the two."""
    return first if second is None or _RANK[first] >= _RANK[second] else second


class Selector:
    """Chooses contract, tier and targets under one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.tiers = [(tier, compile_condition(tier.match)) for tier in policy.tiers]
        self._tier_by_name = {tier.name: tier for tier in policy.tiers}
        self._contract_by_name = {contract.name: contract for contract in policy.contracts}
        self._contracts = [
            _Dated(contract, compile_condition(contract.match)) for contract in policy.contracts
        ]
        self._by_organization, self._anywhere = _index(self._contracts)
        self._targets = {id(t): compile_condition(t.when) for t in _all_targets(policy)}
        self.paths = frozenset(_paths_of(policy))
        self._applications: dict[tuple[int, str, str | None, Priority, str], Application] = {}
        self._always_open: dict[str, BusinessCalendar] = {}
        self._dated = any(t.from_at or t.until_at for t in _all_targets(policy)) or any(
            c.from_at or c.until_at for c in policy.contracts
        )
        self.has_options = any(t.start_on or t.stop_on for t in _all_targets(policy))
        self._memory: dict[tuple[Value | int, ...], Selection] = {}
        self.of_organization = [
            (path, organization_reader(path))
            for path in sorted(self.paths)
            if path.startswith("organization.")
        ]
        self._readers = {path: reader(path) for path in sorted(self.paths)}

    def state(self, ticket: Ticket) -> State:
        """The ticket's values at creation, for the paths that this policy reads."""
        return {path: read(ticket) for path, read in self._readers.items()}

    def select(self, state: State, created: int) -> Selection:
        """What holds in this state for a ticket created at second `created`."""
        key = (created if self._dated else 0, *state.values())
        found = self._memory.get(key)
        if found is None:
            if len(self._memory) >= _MEMORY:
                self._memory.clear()
            found = self._memory[key] = self._select(state, created)
        return found

    def contract_of(self, state: State, created: int) -> Contract | None:
        """The contract whose match holds and whose dates hold the creation."""
        ident = state.get("organization.id")
        candidates = self._by_organization.get(ident, []) if isinstance(ident, str) else []
        for dated in (*candidates, *self._anywhere):
            if dated.holds(created) and dated.test(state):
                return dated.contract
        return None

    def obligations_of(self, tier: str, customer: str | None) -> tuple[str, ...]:
        """Names of the obligations of a contract, or of its tier where it has no list."""
        contract = self._contract_by_name.get(customer) if customer else None
        if contract is not None and contract.obligations is not None:
            return contract.obligations
        found = self._tier_by_name.get(tier)
        return found.obligations if found else ()

    def _select(self, state: State, created: int) -> Selection:
        contract = self.contract_of(state, created)
        tier = self._tier_by_name.get(contract.tier) if contract else self._tier_of(state)
        if tier is None:
            return Selection(None, contract, None, {})
        priority = _effective(cast("Priority | None", state.get("priority")), tier)
        if priority is None:
            return Selection(tier, contract, None, {})
        chosen_state = {**state, "priority": priority}
        applications: dict[Measure, Application] = {}
        for measure in MEASURES:
            target = self._target_of(measure, tier, contract, chosen_state, created)
            if target is not None:
                applications[measure] = self._apply(target, tier, contract, priority, chosen_state)
        return Selection(tier, contract, priority, applications)

    def _tier_of(self, state: State) -> Tier | None:
        for tier, test in self.tiers:
            if test(state):
                return tier
        return None

    def _target_of(
        self, measure: Measure, tier: Tier, contract: Contract | None, state: State, created: int
    ) -> Target | None:
        for target in contract.targets if contract else ():
            if target.measure == measure and self._fits(target, state, created):
                return target
        if contract is not None and measure in contract.without:
            return None
        for target in tier.targets:
            if target.measure == measure and self._fits(target, state, created):
                return target
        return None

    def _fits(self, target: Target, state: State, created: int) -> bool:
        if target.from_at is not None and created < seconds_of(target.from_at):
            return False
        if target.until_at is not None and created >= seconds_of(target.until_at):
            return False
        return self._targets[id(target)](state)

    def _apply(
        self,
        target: Target,
        tier: Tier,
        contract: Contract | None,
        priority: Priority,
        state: State,
    ) -> Application:
        calendar = self._calendar(target.counted, state)
        customer = contract.name if contract else None
        key = (id(target), tier.name, customer, priority, calendar.name)
        found = self._applications.get(key)
        if found is None:
            span = target.within[priority]
            counting = calendar.business
            if span.unit == "calendar_days":
                counting = self._round_the_clock(counting)
            steps = self.policy.escalations.get(target.escalate, ()) if target.escalate else ()
            found = Application(
                target=target,
                tier=tier.name,
                customer=customer,
                priority=priority,
                span=span,
                calendar=calendar,
                counting=counting,
                steps=steps,
                pauses=pauses_of(target),
            )
            self._applications[key] = found
        return found

    def _calendar(self, counted: str, state: State) -> Calendar:
        chooser = self.policy.choosers.get(counted)
        if chooser is None:
            return self.policy.calendars[counted]
        value = state[chooser.path]
        name = chooser.cases.get(value) if isinstance(value, str) else None
        return self.policy.calendars[name or chooser.default]

    def _round_the_clock(self, business: BusinessCalendar) -> BusinessCalendar:
        found = self._always_open.get(business.time_zone)
        if found is None:
            found = self._always_open[business.time_zone] = type(business).always_open(
                business.time_zone
            )
        return found


def pauses_of(target: Target) -> frozenset[str]:
    """The statuses in which a target's clock stands still (Zendesk: rules 24 to 28)."""
    own = OWN_PAUSES.get(target.measure, ()) if target.pause_on is None else target.pause_on
    return frozenset(own) | (_SOLVED if target.measure in TIME_IN_STATUS else frozenset())


class _Dated:
    """A contract with its compiled match and its dates in seconds."""

    __slots__ = ("contract", "first", "last", "test")

    def __init__(self, contract: Contract, test: Test) -> None:
        self.contract = contract
        self.test = test
        self.first = None if contract.from_at is None else seconds_of(contract.from_at)
        self.last = None if contract.until_at is None else seconds_of(contract.until_at)

    def holds(self, created: int) -> bool:
        if self.first is not None and created < self.first:
            return False
        return self.last is None or created < self.last


_SELECTORS: WeakKeyDictionary[Policy, Selector] = WeakKeyDictionary()


def selector_of(policy: Policy) -> Selector:
    """The policy's selector, compiled at its first use."""
    found = _SELECTORS.get(policy)
    if found is None:
        found = _SELECTORS[policy] = Selector(policy)
    return found


def compile_condition(condition: Condition) -> Test:
    """A function that says whether a state fulfils the condition."""
    if isinstance(condition, PathIs):
        return _path_test(condition.path, condition.values)
    if isinstance(condition, Not):
        inner = compile_condition(condition.part)
        return lambda state: not inner(state)
    tests = tuple(compile_condition(part) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return lambda state: any(test(state) for test in tests)
    if len(tests) == 1:
        return tests[0]
    return lambda state: all(test(state) for test in tests)


def _path_test(path: str, values: frozenset[str]) -> Test:
    def test(state: Mapping[str, Value]) -> bool:
        value = state.get(path)
        if value is None:
            return False
        return value in values if isinstance(value, str) else not values.isdisjoint(value)

    return test


def _effective(priority: Priority | None, tier: Tier) -> Priority | None:
    """The priority that chooses targets. A floor is not a default."""
    chosen = priority or tier.default_priority
    return None if chosen is None else higher(chosen, tier.floor_priority)


def _index(contracts: Iterable[_Dated]) -> tuple[dict[str, list[_Dated]], list[_Dated]]:
    """Contracts by the organisation id that their match demands, and those that demand none."""
    by_organization: dict[str, list[_Dated]] = {}
    anywhere: list[_Dated] = []
    for dated in contracts:
        idents = demanded_organizations(dated.contract.match)
        for ident in idents:
            by_organization.setdefault(ident, []).append(dated)
        if not idents:
            anywhere.append(dated)
    return by_organization, anywhere


def demanded_organizations(condition: Condition) -> frozenset[str]:
    """The ids of the organizations to one of which a ticket must belong; none where it need not."""
    if isinstance(condition, PathIs):
        return condition.values if condition.path == "organization.id" else frozenset()
    if isinstance(condition, AllOf):
        for part in condition.parts:
            found = demanded_organizations(part)
            if found:
                return found
    return frozenset()


def _all_targets(policy: Policy) -> list[Target]:
    holders: list[Tier | Contract] = [*policy.tiers, *policy.contracts]
    return [target for holder in holders for target in holder.targets]


def _paths_of(policy: Policy) -> set[str]:
    paths = {"priority"} | {chooser.path for chooser in policy.choosers.values()}
    for match in (*(t.match for t in policy.tiers), *(c.match for c in policy.contracts)):
        paths |= condition_paths(match)
    for target in _all_targets(policy):
        paths |= condition_paths(target.when)
    return paths


def condition_paths(condition: Condition) -> set[str]:
    """Every path that a condition reads."""
    if isinstance(condition, PathIs):
        return {condition.path}
    if isinstance(condition, Not):
        return condition_paths(condition.part)
    return {path for part in condition.parts for path in condition_paths(part)}


def reader(path: str) -> Callable[[Ticket], Value]:
    """A function that reads a match path from a ticket's values at creation."""
    if path.startswith("organization."):
        read = organization_reader(path)
        return lambda ticket: read(ticket.organization)
    if path.startswith("ticket.fields."):
        key = path.removeprefix("ticket.fields.")
        return lambda ticket: ticket.fields.get(key)
    simple: dict[str, Callable[[Ticket], Value]] = {
        "tags": lambda ticket: ticket.tags,
        "brand": lambda ticket: ticket.brand,
        "group": lambda ticket: ticket.group,
        "form": lambda ticket: ticket.form,
        "type": lambda ticket: ticket.type,
        "channel": lambda ticket: ticket.channel,
        "priority": lambda ticket: ticket.priority,
        "language": lambda ticket: ticket.requester.language,
        "requester.role": lambda ticket: ticket.requester.role,
        "requester.tags": lambda ticket: ticket.requester.tags,
        "created_by": lambda ticket: ticket.created_by,
    }
    return simple[path]


def organization_reader(path: str) -> Callable[[Organization | None], Value]:
    """A function that reads `organization.…` from an organisation, None where there is none."""
    name = path.removeprefix("organization.")
    if name.startswith("fields."):
        key = name.removeprefix("fields.")
        return lambda organization: organization.fields.get(key) if organization else None
    if name == "tags":
        return lambda organization: organization.tags if organization else ()
    if name == "name":
        return lambda organization: organization.name if organization else None
    return lambda organization: organization.id if organization else None
