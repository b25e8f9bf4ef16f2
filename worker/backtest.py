# SPDX-License-Identifier: GPL-3.0-or-later
"""Back-tests a change of rules: a history judged by both policies, and all that differs counted.

Only counts and the most affected tickets are held, however long the history is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from connector.history.reader import Reading, read_line
from rules.backtest import Comparison
from worker.backtest_rows import row_of
from worker.team import Team, cores

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.history.stretches import Part
    from rules.backtest import Change, Compared, Outcome, Pair
    from rules.backtest import Reading as CycleReading
    from rules.facts import Measure
    from rules.policy import Policy
    from rules.verdict import State
    from worker.histories import History

Standing = tuple[str, "str | None", "Measure", "State"]
"""Tier, customer, measure and state of a cycle."""

Turn = tuple["Measure", str, "Outcome", "Outcome"]
"""Measure, tier (that before, where there was one), and the two outcomes."""

Effect = Literal["affected", "gained", "lost", "changed", "flipped", "newly_overdue"]

MOST_AFFECTED = 10
SHIFT_EDGES = (900, 3_600, 14_400, 86_400, 259_200, 604_800)
"""Seconds at which due shifts are parted: 15 minutes, 1 hour, 4 hours, 1, 3 and 7 days."""

_encode = msgspec.json.Encoder().encode


class Affected(NamedTuple):
    """A ticket that differs; the smallest of these is the most affected one."""

    rank: tuple[int, int, int]
    number: int
    line: bytes


@dataclass(slots=True)
class Effects:
    """What a change does to some tickets.

    `same` counts the cycles that stand alike under both policies, `before`
    and `after` all others. `shifts` counts moved dues by the place of the
    shift among `SHIFT_EDGES`: 1 to 7 later, -1 to -7 earlier. `rows` are the
    cycles that differ, as JSON Lines.
    """

    n_tickets: int = 0
    n_later: int = 0
    tickets: Counter[Effect] = field(default_factory=Counter)
    same: Counter[Standing] = field(default_factory=Counter)
    before: Counter[Standing] = field(default_factory=Counter)
    after: Counter[Standing] = field(default_factory=Counter)
    changes: Counter[tuple[Measure, Change]] = field(default_factory=Counter)
    turns: Counter[Turn] = field(default_factory=Counter)
    shifts: Counter[int] = field(default_factory=Counter)
    most: list[Affected] = field(default_factory=list)
    rows: bytes = b""

    def add(self, other: Effects) -> None:
        """Count some more tickets; their rows are not kept."""
        self.n_tickets += other.n_tickets
        self.n_later += other.n_later
        self.tickets.update(other.tickets)
        self.same.update(other.same)
        self.before.update(other.before)
        self.after.update(other.after)
        self.changes.update(other.changes)
        self.turns.update(other.turns)
        self.shifts.update(other.shifts)
        self.most = nsmallest(MOST_AFFECTED, self.most + other.most)

    def count(self, compared: Compared) -> tuple[int, int, int] | None:
        """Count a ticket; its rank among the affected ones, or None where nothing differs."""
        self.n_tickets += 1
        for one in compared.same:
            self.same[_standing(one)] += 1
        if not compared.pairs:
            return None
        effects: set[Effect] = set()
        flips = largest = others = 0
        for pair in compared.pairs:
            changes = self._count_pair(pair)
            turn = pair.outcomes
            if not changes and turn[0] == turn[1]:
                continue
            effects |= _effects(pair, changes)
            flips += "breached" in turn and turn[0] != turn[1]
            largest = max(largest, abs(pair.due_shift or 0))
            others += 1
        self.tickets.update(effects)
        return (-flips, -largest, -others) if others else None

    def _count_pair(self, pair: Pair) -> tuple[Change, ...]:
        before, after = pair.before, pair.after
        if before is not None:
            self.before[_standing(before)] += 1
        if after is not None:
            self.after[_standing(after)] += 1
        changes = pair.changes()
        measure = pair.measure
        for change in changes:
            self.changes[measure, change] += 1
        one, other = pair.outcomes
        if one != other:
            self.turns[measure, tier_of(pair), one, other] += 1
        if shift := pair.due_shift:
            place = bisect_left(SHIFT_EDGES, abs(shift)) + 1
            self.shifts[place if shift > 0 else -place] += 1
        return changes


def tier_of(pair: Pair) -> str:
    """The tier under which a cycle's difference is counted: that before, where there was one."""
    reading = pair.before or pair.after
    return reading.clock.application.tier if reading else ""


def _standing(reading: CycleReading) -> Standing:
    clock = reading.clock
    application = clock.application
    return application.tier, application.customer, clock.cycle.measure, reading.state


def _effects(pair: Pair, changes: tuple[Change, ...]) -> set[Effect]:
    found: set[Effect] = {"affected"}
    if changes == ("gained",):
        found.add("gained")
    elif changes == ("lost",):
        found.add("lost")
    elif changes:
        found.add("changed")
    if pair.is_flip:
        found.add("flipped")
    elif pair.outcomes == ("not_due", "breached"):
        found.add("newly_overdue")
    return found


@dataclass(frozen=True, slots=True)
class Backtest:
    """A history under both policies, which `names` names.

    `now` is None where the history tells no instant at all.
    """

    history: str
    before: Policy
    after: Policy
    now: datetime | None
    reading: Reading
    effects: Effects
    names: tuple[str, str] = ("before", "after")


def backtest(
    before: Policy,
    after: Policy,
    history: History,
    *,
    now: datetime | None,
    write: Callable[[bytes], object] | None = None,
) -> Backtest:
    """Judge a history by both policies and count what differs.

    Args:
        before: the rules as they are.
        after: the rules as they shall be.
        history: the tickets.
        now: instant of judging; None for the latest one that the history tells.
        write: takes the cycles that differ as JSON Lines, in the order of the history.

    Raises:
        OSError: the history cannot be read, or `write` raises it.
    """
    comparison = Comparison(before, after)
    effects = Effects()
    with Team(comparison, cores() if history.is_large else 1) as team:
        found = history.scan(team)
        now = now or found.reading.latest
        if now is not None:
            work = partial(compare_part, now=now, with_rows=write is not None)
            for one in team.ask(work, found.told(history.tell)):
                if write is not None:
                    write(one.rows)
                effects.add(one)
    return Backtest(history.name, before, after, now, found.reading, effects)


def compare_part(
    comparison: Comparison, part: Part, *, now: datetime, with_rows: bool = False
) -> Effects:
    """What the change does to the tickets of a part of a history."""
    effects = Effects()
    rows: list[bytes] = []
    for number, line in part.lines():
        ticket, _ = read_line(line)
        if ticket.created_at > now:
            effects.n_later += 1
            continue
        compared = comparison.compare(ticket, now)
        rank = effects.count(compared)
        if rank is None:
            continue
        effects.most.append(Affected(rank, number, line))
        if len(effects.most) > 4 * MOST_AFFECTED:
            effects.most = nsmallest(MOST_AFFECTED, effects.most)
        if with_rows:
            rows += [
                _encode(row_of(ticket.id, pair)) + b"\n" for pair in compared.pairs if pair.differs
            ]
    effects.most = nsmallest(MOST_AFFECTED, effects.most)
    effects.rows = b"".join(rows)
    return effects
