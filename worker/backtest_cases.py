# SPDX-License-Identifier: GPL-3.0-or-later
"""The tickets that a change of rules moves most, each explained in a line per policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.history.reader import read_line
from rules.backtest import Comparison
from rules.calendar_zones import time_zone
from rules.duration import format_running, format_span
from rules.evaluate import evaluate
from rules.reasons import why_chosen
from rules.timeline import instant_of
from worker.backtest_rows import row_of

if TYPE_CHECKING:
    from datetime import datetime

    from rules.backtest import Pair, Reading
    from rules.facts import Ticket
    from rules.policy import Policy
    from worker.backtest import Affected, Backtest


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket whose cycles differ. `worst` is the cycle that `before` and `after` speak of."""

    ticket_id: str
    line: int
    worst: Pair
    n_cycles: int
    before: str
    after: str

    def told(self) -> str:
        """What becomes of the cycle: its verdict, and how far its due moves."""
        before, after = self.worst.outcomes
        said = [f"{self.worst.measure} {self.worst.cycle}"]
        if before != after:
            said.append(f"{_plain(before)} to {_plain(after)}")
        if shift := self.worst.due_shift:
            side = "later" if shift > 0 else "earlier"
            said.append(f"due {format_running(abs(shift))} {side}")
        if self.n_cycles > 1:
            said.append(f"{self.n_cycles} cycles differ")
        return ", ".join(said)

    def to_json(self) -> dict[str, object]:
        """One object with stable keys."""
        return {
            **row_of(self.ticket_id, self.worst),
            "line": self.line,
            "cycles_that_differ": self.n_cycles,
            "why_before": self.before,
            "why_after": self.after,
        }


def cases(found: Backtest) -> list[Case]:
    """The most affected tickets, the most affected one first."""
    now = found.now
    if now is None:
        return []
    comparison = Comparison(found.before, found.after)
    return [_case(one, comparison, now) for one in found.effects.most]


def _case(affected: Affected, comparison: Comparison, now: datetime) -> Case:
    ticket, _ = read_line(affected.line)
    pairs = [one for one in comparison.compare(ticket, now).pairs if one.differs]
    worst = min(pairs, key=_rank)
    return Case(
        ticket.id,
        affected.number,
        worst,
        len(pairs),
        _why(ticket, comparison.before, now, worst, worst.before),
        _why(ticket, comparison.after, now, worst, worst.after),
    )


def _plain(outcome: str) -> str:
    return outcome.replace("_", " ")


def _rank(pair: Pair) -> tuple[bool, int]:
    return not pair.is_flip, -abs(pair.due_shift or 0)


def _why(ticket: Ticket, policy: Policy, now: datetime, pair: Pair, reading: Reading | None) -> str:
    """What holds for the ticket and why, and what its cycle came to."""
    choice = evaluate(ticket, policy, now).choice
    holder = choice.customer or choice.tier or "no tier"
    chosen = f"{holder} ({why_chosen(choice)})"
    if reading is None:
        return f"{chosen}: no target for {pair.measure} {pair.cycle}"
    clock = reading.clock
    application = clock.application
    calendar = application.calendar
    promise = f"{pair.measure} {pair.cycle} within {format_span(application.span)}"
    said = [f"{promise} on {calendar.name} ({application.target.where})"]
    if clock.due is not None:
        zone = time_zone(calendar.business.time_zone)
        due = instant_of(clock.due.shown).astimezone(zone)
        said.append(f"due {due:%Y-%m-%d %H:%M:%S%z}")
    return f"{chosen}: {', '.join([*said, reading.state])}"
