# SPDX-License-Identifier: GPL-3.0-or-later
"""Repetitions of a step: they end once somebody has taken notice.

An agent's public reply after the step first fired is such a sign. Where the
reply ends the cycle nothing is left to repeat; a resolution goes on, and its
repetitions would call somebody who is at work already.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.steps import step_instants
from rules.timeline import AGENT_PUBLIC, seconds_of, timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rules.facts import Ticket
    from rules.steps import StepDue, StepKey
    from rules.verdict import Verdict

_REPETITION = re.compile(r"(.+) #[1-9][0-9]*")


def is_repetition(key: str) -> bool:
    """Whether a step's key is that of a repetition ("2h after #2")."""
    return _REPETITION.fullmatch(key) is not None


def answered_repeats(
    due: Sequence[StepDue], verdict: Verdict, ticket: Ticket, now: datetime
) -> frozenset[StepKey]:
    """The repetitions among `due` before which an agent has replied publicly.

    A reply counts from the second in which the step fired first up to the
    repetition's own.
    """
    repeats = [one for one in due if is_repetition(one.key)]
    if not repeats:
        return frozenset()
    updates = timeline(ticket, seconds_of(now)).updates
    replies = [one.at for one in updates if one.comments & AGENT_PUBLIC]
    if not replies:
        return frozenset()
    return frozenset(
        (one.measure, one.cycle, one.key)
        for one in repeats
        if _has_reply(replies, _first_firing(verdict, one), seconds_of(one.at))
    )


def _has_reply(replies: Sequence[int], first: int | None, until: int) -> bool:
    return first is not None and any(first <= at <= until for at in replies)


def _first_firing(verdict: Verdict, repetition: StepDue) -> int | None:
    """The second in which the step of a repetition fired for the first time."""
    found = _REPETITION.fullmatch(repetition.key)
    key = found[1] if found else repetition.key
    for row in verdict.cycles:
        if (row.measure, row.cycle) == (repetition.measure, repetition.cycle):
            instants = (one.at for one in step_instants(row.clock) if one.key == key)
            at = next(instants, None)
            return None if at is None else seconds_of(at)
    return None
