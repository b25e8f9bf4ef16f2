# SPDX-License-Identifier: GPL-3.0-or-later
"""What a back-test came to, in the numbers that people, programs and pictures are given."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.history.values import as_iso
from rules.attainment import Attainment
from rules.backtest import CHANGES, OUTCOMES
from rules.facts import MEASURES
from worker.backtest import SHIFT_EDGES
from worker.backtest_cases import cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.backtest import Outcome
    from rules.facts import Measure
    from rules.verdict import State
    from worker.backtest import Backtest, Effects, Standing


@dataclass(frozen=True, slots=True)
class Kept:
    """The attainment of a tier, of a customer or of all (`name` is empty), before and after."""

    name: str
    before: Attainment
    after: Attainment

    def to_json(self) -> dict[str, object]:
        """Both sides with their numbers."""
        return {"before": _attainment_json(self.before), "after": _attainment_json(self.after)}


@dataclass(frozen=True, slots=True)
class Flips:
    """Verdicts that turn round, of one measure and tier."""

    measure: Measure
    tier: str
    met_to_breached: int
    breached_to_met: int


@dataclass(frozen=True, slots=True)
class Shift:
    """How many dues move by more than `over` and at most `until` seconds; negative is earlier.

    The last one on each side has no far end.
    """

    over: int | None
    until: int | None
    n: int

    @property
    def is_later(self) -> bool:
        """Whether these dues move to a later instant."""
        return self.over is not None and self.over >= 0


def of_all(effects: Effects) -> Kept:
    """The attainment of everything."""
    return _kept(effects, lambda _: "")[0] if _standings(effects) else Kept("", *_NOTHING)


def of_tiers(found: Backtest) -> list[Kept]:
    """The attainment of each tier, in the order of the rules, new tiers last."""
    order = [tier.name for tier in (*found.before.tiers, *found.after.tiers)]
    places = {name: place for place, name in reversed(list(enumerate(order)))}
    return sorted(
        _kept(found.effects, lambda standing: standing[0]), key=lambda one: places[one.name]
    )


def of_customers(effects: Effects) -> list[Kept]:
    """The attainment of each customer with a contract, by name."""
    return _kept(effects, lambda standing: standing[1])


def flips(effects: Effects) -> list[Flips]:
    """Kept promises that become broken ones and back, per measure and tier."""
    found: dict[tuple[Measure, str], Counter[tuple[Outcome, Outcome]]] = defaultdict(Counter)
    for (measure, tier, before, after), n in effects.turns.items():
        if {before, after} == {"met", "breached"}:
            found[measure, tier][before, after] += n
    return [
        Flips(measure, tier, counts["met", "breached"], counts["breached", "met"])
        for (measure, tier), counts in sorted(found.items(), key=_by_measure)
    ]


def turns(effects: Effects) -> dict[tuple[Outcome, Outcome], int]:
    """How many cycles turn from one outcome to another, in the order of the outcomes."""
    found: Counter[tuple[Outcome, Outcome]] = Counter()
    for (_, _, before, after), n in effects.turns.items():
        found[before, after] += n
    return {
        (before, after): found[before, after]
        for before in OUTCOMES
        for after in OUTCOMES
        if found[before, after]
    }


def shifts(effects: Effects) -> list[Shift]:
    """The moved dues from the earliest to the latest, empty spans included."""
    edges = (0, *SHIFT_EDGES)
    later = [
        Shift(over, edges[place + 1] if place + 1 < len(edges) else None, effects.shifts[place + 1])
        for place, over in enumerate(edges)
    ]
    earlier = [
        Shift(
            None if one.until is None else -one.until,
            None if one.over is None else -one.over,
            effects.shifts[-place - 1],
        )
        for place, one in enumerate(later)
    ]
    return [*reversed(earlier), *later]


def to_json(found: Backtest) -> dict[str, object]:
    """Everything as one object with stable keys."""
    effects, reading = found.effects, found.reading
    return {
        "before": {"rules": found.names[0], "policy": found.before.hash},
        "after": {"rules": found.names[1], "policy": found.after.hash},
        "enforce_from": {
            side: None if since is None else as_iso(since)
            for side, since in (
                ("before", found.before.settings.enforce_from),
                ("after", found.after.settings.enforce_from),
            )
        },
        "now": None if found.now is None else as_iso(found.now),
        "lines": reading.n_lines,
        "bad_lines": len(reading.bad),
        "bad": [{"line": one.number, "reason": one.reason} for one in reading.bad],
        "tickets": effects.n_tickets,
        "tickets_created_later": effects.n_later,
        "happenings_moved_to_creation": reading.n_moved,
        "affected_tickets": {
            "all": effects.tickets["affected"],
            "gain_a_target": effects.tickets["gained"],
            "lose_a_target": effects.tickets["lost"],
            "target_changes": effects.tickets["changed"],
            "verdict_flips": effects.tickets["flipped"],
            "newly_overdue": effects.tickets["newly_overdue"],
        },
        "target_changes": {
            measure: {
                change: effects.changes[measure, change]
                for change in CHANGES
                if effects.changes[measure, change]
            }
            for measure in MEASURES
            if any(effects.changes[measure, change] for change in CHANGES)
        },
        "flips": [
            {
                "measure": one.measure,
                "tier": one.tier,
                "met_to_breached": one.met_to_breached,
                "breached_to_met": one.breached_to_met,
            }
            for one in flips(effects)
        ],
        "turns": [
            {"before": before, "after": after, "cycles": n}
            for (before, after), n in turns(effects).items()
        ],
        "attainment": {
            "all": of_all(effects).to_json(),
            "tiers": {one.name: one.to_json() for one in of_tiers(found)},
            "customers": {one.name: one.to_json() for one in of_customers(effects)},
        },
        "due_shifts": [
            {"over_seconds": one.over, "until_seconds": one.until, "cycles": one.n}
            for one in shifts(effects)
        ],
        "most_affected": [one.to_json() for one in cases(found)],
    }


_NOTHING = (Attainment(), Attainment())


def _standings(effects: Effects) -> bool:
    return bool(effects.same or effects.before or effects.after)


def _kept(effects: Effects, name: Callable[[Standing], str | None]) -> list[Kept]:
    before = _states(name, effects.same, effects.before)
    after = _states(name, effects.same, effects.after)
    return [
        Kept(
            one,
            Attainment.of(before.get(one, _NO_STATES).items()),
            Attainment.of(after.get(one, _NO_STATES).items()),
        )
        for one in sorted({*before, *after})
    ]


_NO_STATES: Counter[State] = Counter()


def _states(
    name: Callable[[Standing], str | None], *counted: Counter[Standing]
) -> dict[str, Counter[State]]:
    found: dict[str, Counter[State]] = defaultdict(Counter)
    for counts in counted:
        for standing, n in counts.items():
            key = name(standing)
            if key is not None:
                found[key][standing[3]] += n
    return found


def _attainment_json(one: Attainment) -> dict[str, object]:
    return {
        "met": one.met,
        "breached": one.breached,
        "not_due": one.not_due,
        "excluded": one.excluded,
        "cancelled": one.cancelled,
        "attainment": f"{one.met}/{one.n_decided}" if one.n_decided else None,
        "percent": one.percent,
    }


def _by_measure(item: tuple[tuple[Measure, str], object]) -> tuple[int, str]:
    measure, tier = item[0]
    return MEASURES.index(measure), tier
