# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clock of a stored cycle did, in the few stretches that a reader asks for."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from rules.evaluate import evaluate, judge
from rules.ledger import ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rules.evidence import CycleRow
    from rules.facts import Ticket
    from rules.ledger import ClockSegment
    from rules.policy import Policy
    from rules.verdict import CycleVerdict


class ClockStretch(msgspec.Struct, frozen=True):
    """A stretch in which a cycle's clock ran by its calendar, or was paused.

    `seconds` are open seconds of the calendar; `reason` is the status that
    paused it, None where it ran.
    """

    from_at: datetime
    until_at: datetime
    seconds: int
    reason: str | None


def clock_of(
    ticket: Ticket, policy: Policy, at: datetime, row: CycleRow
) -> tuple[ClockStretch, ...] | None:
    """The stretches of a cycle's clock from its start to its end, or to `at` while it is open.

    None where judging the ticket by this policy gives another verdict than the
    row: it was judged by other rules, and by these its clock is not explained.

    Args:
        ticket: the facts.
        policy: the rules to judge by.
        at: the instant of judging.
        row: the cycle as it was stored.
    """
    for found in evaluate(ticket, policy, at).cycles:
        if (found.measure, found.cycle) == (row.measure, row.cycle):
            if not _is_same(found, row):
                return None
            statuses = judge(ticket, policy, at).life.statuses
            return tuple(stretches(ledger(found.clock, statuses)))
    return None


def _is_same(found: CycleVerdict, row: CycleRow) -> bool:
    judged = (found.started_at, found.due_at, found.fulfilled_at, found.state)
    stored = (row.started_at, row.due_at, row.stopped_at, row.state)
    took = (found.elapsed_seconds, found.paused_seconds)
    return judged == stored and took == (row.elapsed_seconds, row.paused_seconds)


def stretches(segments: Iterable[ClockSegment]) -> Iterable[ClockStretch]:
    """Segments of a ledger, closed hours joined to what they lie between.

    A clock that ran from Monday to Friday is one stretch, whatever nights it had.
    """
    for reason, found in groupby(segments, lambda one: one.reason if _is_pause(one) else None):
        parts: Sequence[ClockSegment] = list(found)
        seconds = sum(one.seconds for one in parts)
        yield ClockStretch(parts[0].start, parts[-1].end, seconds, reason)


def _is_pause(segment: ClockSegment) -> bool:
    return segment.kind == "paused"
