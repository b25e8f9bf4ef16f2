# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges a whole history with a policy: one row per target and cycle, and a summary.

The same input gives the same bytes: rows come in the order of the file, and
without an instant to judge at it is the latest one that the file tells.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from connector.history.reader import BadLine, read_line
from connector.history.values import as_iso
from rules.evaluate import evaluate
from worker.team import Team, cores

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connector.history.stretches import Part
    from rules.facts import Measure, Ticket
    from rules.policy import Policy
    from rules.verdict import CycleVerdict, State, Verdict
    from worker.histories import History

RowKind = tuple[str, "Measure", "State"]
"""Tier, measure and state of a row."""

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Judged:
    """Rows of some tickets as JSON Lines, counted by tier, measure and state.

    `n_later` tickets are created after the instant of judging and get no row;
    `n_without_rows` are those to which no target applies. `excluded` counts
    the excluded rows by their reason.
    """

    rows: bytes = b""
    kinds: Counter[RowKind] = field(default_factory=Counter)
    n_tickets: int = 0
    n_later: int = 0
    n_without_rows: int = 0
    excluded: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Summary:
    """What a replay came to. `now` is None where the history tells no instant at all."""

    policy: str
    now: datetime | None
    n_lines: int = 0
    n_moved: int = 0
    n_tickets: int = 0
    n_later: int = 0
    n_without_rows: int = 0
    kinds: Counter[RowKind] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    bad: list[BadLine] = field(default_factory=list)
    unit: str = "line"

    def add(self, judged: Judged) -> None:
        """Count some more judged tickets."""
        self.n_tickets += judged.n_tickets
        self.n_later += judged.n_later
        self.n_without_rows += judged.n_without_rows
        self.kinds += judged.kinds
        self.excluded += judged.excluded

    def to_json(self) -> dict[str, object]:
        """The summary as one object with stable keys."""
        return {
            "policy": self.policy,
            "now": None if self.now is None else as_iso(self.now),
            "lines": self.n_lines,
            "bad_lines": len(self.bad),
            "bad": [{"line": one.number, "reason": one.reason} for one in self.bad],
            "tickets": self.n_tickets,
            "tickets_created_later": self.n_later,
            "tickets_without_target": self.n_without_rows,
            "happenings_moved_to_creation": self.n_moved,
            "rows": self.kinds.total(),
            "excluded": dict(sorted(self.excluded.items())),
            "states": self._by(lambda kind: kind[2]),
            "measures": self._by_two(lambda kind: kind[1]),
            "tiers": self._by_two(lambda kind: kind[0]),
        }

    def _by(self, key: Callable[[RowKind], str]) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for kind, n in self.kinds.items():
            counts[key(kind)] += n
        return dict(sorted(counts.items()))

    def _by_two(self, key: Callable[[RowKind], str]) -> dict[str, dict[str, int]]:
        counts: dict[str, Counter[str]] = {}
        for kind, n in self.kinds.items():
            counts.setdefault(key(kind), Counter())[kind[2]] += n
        return {name: dict(sorted(counts[name].items())) for name in sorted(counts)}


def replay(
    policy: Policy,
    history: History,
    *,
    now: datetime | None,
    write: Callable[[bytes], object],
    processes: int | None = None,
) -> Summary:
    """Judge the history and hand the rows to `write`, in the order of the file.

    Args:
        policy: what is promised.
        history: the tickets.
        now: instant of judging; None for the latest one that the history tells.
        write: takes rows as JSON Lines.
        processes: how many judge at once; None for one per core where it pays.

    Raises:
        OSError: the history cannot be read, or `write` raises it.
    """
    with Team(policy, processes or (cores() if history.is_large else 1)) as team:
        found = history.scan(team)
        now = now or found.reading.latest
        summary = Summary(policy=policy.hash, now=now, n_lines=found.reading.n_lines)
        summary.unit = found.reading.unit
        summary.n_moved = found.reading.n_moved
        summary.bad = found.reading.bad
        if now is None:
            return summary
        parts = found.told(history.tell)
        for judged in team.ask(partial(judge_part, now=now), parts):
            write(judged.rows)
            summary.add(judged)
    return summary


def judge_part(policy: Policy, part: Part, *, now: datetime) -> Judged:
    """The rows of a part of a history, in the order of its lines."""
    judged = Judged()
    rows: list[bytes] = []
    for number, line in part.lines():
        ticket, _ = read_line(line)
        if ticket.created_at > now:
            judged.n_later += 1
            continue
        judged.n_tickets += 1
        verdict = _verdict(ticket, policy, now, number)
        if not verdict.cycles:
            judged.n_without_rows += 1
        for cycle in verdict.cycles:
            rows.append(_encode(row_of(verdict, cycle)))
            judged.kinds[(cycle.tier, cycle.measure, cycle.state)] += 1
            if cycle.state == "excluded":
                judged.excluded[cycle.reason or "excluded"] += 1
    judged.rows = b"".join(row + b"\n" for row in rows)
    return judged


def _verdict(ticket: Ticket, policy: Policy, now: datetime, number: int) -> Verdict:
    try:
        return evaluate(ticket, policy, now)
    except Exception as error:
        error.add_note(f"while judging the ticket on line {number} of the history")
        raise


def row_of(verdict: Verdict, cycle: CycleVerdict) -> dict[str, object]:
    """One row of the answer; the keys and their order are a public interface."""
    return {
        "ticket": verdict.ticket_id,
        "measure": cycle.measure,
        "cycle": cycle.cycle,
        "organization": verdict.organization_id,
        "tier": cycle.tier,
        "customer": cycle.customer,
        "rule": cycle.rule,
        "policy": verdict.policy,
        "target_seconds": cycle.target_seconds,
        "calendar": cycle.calendar,
        "started_at": as_iso(cycle.started_at),
        "due_at": _iso_or_none(cycle.due_at),
        "fulfilled_at": _iso_or_none(cycle.fulfilled_at),
        "ended_by": cycle.ended_by,
        "breached_at": _iso_or_none(cycle.breached_at),
        "elapsed_seconds": cycle.elapsed_seconds,
        "paused_seconds": cycle.paused_seconds,
        "state": cycle.state,
        "reason": cycle.reason,
    }


def _iso_or_none(at: datetime | None) -> str | None:
    return None if at is None else as_iso(at)
