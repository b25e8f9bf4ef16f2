# SPDX-License-Identifier: GPL-3.0-or-later
"""A back-test in words: sentences, names of outcomes and changes, labels of spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.backtest import CHANGES
from rules.facts import MEASURES
from worker.backtest_summary import flips, of_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.attainment import Attainment
    from rules.backtest import Change, Outcome
    from worker.backtest import Backtest, Effects
    from worker.backtest_summary import Kept, Shift

OUTCOME_WORDS: dict[Outcome, str] = {
    "met": "met",
    "breached": "breached",
    "not_due": "not due yet",
    "excluded": "excluded",
    "cancelled": "cancelled",
    "no_target": "no target",
}
CHANGE_WORDS: dict[Change, str] = {
    "gained": "gained",
    "lost": "lost",
    "due_later": "due later",
    "due_earlier": "due earlier",
    "due_known": "due now known",
    "due_unknown": "due unknown",
    "longer": "longer",
    "shorter": "shorter",
    "calendar": "calendar",
    "tier": "tier",
    "customer": "customer",
}


def n(number: int) -> str:
    """A count with commas between thousands."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 ticket", "1,200 tickets"."""
    return f"{n(number)} {noun}" if number == 1 else f"{n(number)} {noun}s"


def share(one: Attainment) -> str:
    """A percentage with its numbers, or n/a."""
    if not one.n_decided:
        return "n/a"
    return f"{one.percent} % ({n(one.met)} of {n(one.n_decided)})"


def findings(found: Backtest) -> list[str]:
    """What a reader should know first, in sentences."""
    effects = found.effects
    tickets = effects.tickets
    turned = flips(effects)
    worse = sum(one.met_to_breached for one in turned)
    better = sum(one.breached_to_met for one in turned)
    everything = of_all(effects)
    touched = (
        f"{n(tickets['affected'])} of {counted(effects.n_tickets, 'ticket')} would be affected: "
        f"{n(tickets['changed'])} have a target changed, {n(tickets['gained'])} gain one, "
        f"{n(tickets['lost'])} lose one."
    )
    turned_round = (
        f"{counted(worse, 'cycle')} met before would be breached, {n(better)} breached before "
        f"would be met; {counted(tickets['newly_overdue'], 'ticket')} would be overdue at once."
    )
    kept = f"Attainment of all: {share(everything.before)} before, {share(everything.after)} after."
    left_out = _left_out(found, everything)
    return [touched, turned_round, kept, *([left_out] if left_out else [])]


def _left_out(found: Backtest, everything: Kept) -> str:
    """How many cycles are excluded and why; empty where none is."""
    if not everything.before.excluded and not everything.after.excluded:
        return ""
    since = [
        f"{policy.settings.enforce_from:%Y-%m-%d %H:%M} UTC {side}"
        for policy, side in ((found.before, "before"), (found.after, "after"))
        if policy.settings.enforce_from is not None
    ]
    reasons = ["an exclusion, a merge or a deletion"]
    if since:
        reasons.insert(0, f"they began earlier than settings.enforce_from ({', '.join(since)})")
    return (
        f"{n(everything.before.excluded)} cycles are excluded before, "
        f"{n(everything.after.excluded)} after: {', or '.join(reasons)}. What both exclude is "
        "not counted as affected."
    )


def change_table(effects: Effects) -> tuple[list[str], list[list[str]]]:
    """Head and rows of what becomes of targets, per measure; empty columns are left out."""
    shown = [one for one in CHANGES if any(effects.changes[m, one] for m in MEASURES)]
    rows = [
        [measure, *(n(effects.changes[measure, change]) for change in shown)]
        for measure in MEASURES
        if any(effects.changes[measure, change] for change in shown)
    ]
    return ["measure", *(CHANGE_WORDS[one] for one in shown)], rows


def flip_table(effects: Effects) -> tuple[list[str], list[list[str]]]:
    """Head and rows of verdicts that turn round."""
    rows = [
        [f"{one.measure}, {one.tier}", n(one.met_to_breached), n(one.breached_to_met)]
        for one in flips(effects)
    ]
    return ["measure, tier", "met to breached", "breached to met"], rows


def shift_label(shift: Shift) -> str:
    """A span of due shifts: "1h to 4h earlier"."""
    ends = [abs(one) for one in (shift.over, shift.until) if one is not None]
    side = "later" if shift.is_later else "earlier"
    if len(ends) == 1:
        return f"over {_span(ends[0])} {side}"
    near, far = sorted(ends)
    if near == 0:
        return f"up to {_span(far)} {side}"
    return f"{_span(near)} to {_span(far)} {side}"


def _span(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds // 60}m"


def sides(names: Sequence[str], hashes: Sequence[str]) -> str:
    """Which rules are compared."""
    one, other = (f"{name} ({policy[:12]})" for name, policy in zip(names, hashes, strict=True))
    return f"before: {one}, after: {other}"
