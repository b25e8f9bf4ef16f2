# SPDX-License-Identifier: GPL-3.0-or-later
"""What is still at risk in a running period: how many more breaches miss it, at what cost."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from rules.credits import Credit, credit
from rules.obligations import OF_THE_MISSED, assessed

if TYPE_CHECKING:
    from rules.credits import PeriodFee
    from rules.obligations import Assessment
    from rules.policy import Commitment
    from rules.promises import ForecastWarning, Obligation
    from rules.tallies import Tally

Outlook = Literal["safe", "at_risk", "lost", "too_few", "nothing", "no_level"]


class Forecast(msgspec.Struct, frozen=True):
    """What the rest of a period can still do to an obligation.

    `outlook`: `lost` is missed even when all that is open is kept; `at_risk`
    is missed when everything that is open breaches; `safe` is kept even then,
    as far as the cases are known; `too_few` have been seen to judge.
    `breaches_left` is how many more breaches miss the level; 0 when it is lost.
    `now` is what is owed if all that is open is kept, `then` what is owed
    after those breaches, `worst` when all that is open breaches.
    """

    outlook: Outlook
    breaches_left: int | None
    now: Credit
    then: Credit
    worst: Credit


def forecast(
    obligation: Obligation,
    assessment: Assessment,
    fee: PeriodFee | None,
    commitment: Commitment | None,
    expected: int = 0,
) -> Forecast:
    """The outlook of an obligation while its period runs.

    Breaches come out of the cases that are open now; only when those are used
    up do they add cases of their own. Everything else that is open or expected
    is taken as kept.

    Args:
        obligation: the promise.
        assessment: its counts so far.
        fee: the fee of the whole period.
        commitment: as for a credit.
        expected: further cases that are still to come in this period, such as
            by the same weeks of the past; none is the careful guess.

    Raises:
        ValueError: availability, whose misses are time; see `seconds_left`.
    """
    if obligation.of == "availability":
        raise ValueError("availability is forecast in seconds")
    n_open = assessment.tally.n_open + expected
    kept = _after(obligation, assessment.tally, n_open, 0)
    worst = _after(obligation, assessment.tally, n_open, n_open)
    left = _breaches_left(obligation, assessment, n_open)
    then = _after(obligation, assessment.tally, n_open, left or 0)
    return Forecast(
        _outlook(kept, worst),
        left,
        credit(obligation, kept, fee, commitment),
        credit(obligation, then, fee, commitment),
        credit(obligation, worst, fee, commitment),
    )


def _after(obligation: Obligation, found: Tally, n_open: int, breaches: int) -> Assessment:
    """The counts at the end of the period if so many more cases breach and the rest is kept."""
    changed = replace(
        found,
        met=found.met + max(0, n_open - breaches),
        breached=found.breached + breaches,
        breaches=found.breaches + breaches,
        not_due=0,
        paused=0,
    )
    return assessed(obligation, changed)


def _outlook(kept: Assessment, worst: Assessment) -> Outlook:
    if kept.level is None:
        return "no_level"
    if kept.result in ("nothing", "too_few"):
        return "nothing" if kept.result == "nothing" else "too_few"
    if kept.result == "missed":
        return "lost"
    return "at_risk" if worst.result == "missed" else "safe"


def _breaches_left(obligation: Obligation, assessment: Assessment, n_open: int) -> int | None:
    """The fewest further breaches that miss the level; None where nothing can be said.

    With n known cases, b of them breached, and a share q of misses allowed, the
    level is missed by the first x for which b + x > q * max(n, n + x - n_open).
    """
    found, allowed = assessment.tally, _allowed(obligation, assessment)
    known = found.n_decided + n_open
    if allowed is None or known == 0 or known < (obligation.minimum_tickets or 0):
        return None
    spare = allowed * known - found.breached
    if spare < 0:
        return 0
    left = int(spare // 1) + 1
    if left <= n_open:
        return left
    # Beyond the open cases every further breach is a case more: b + x > q * (n + x - open)
    spare = (allowed * (known - n_open) - found.breached) / (1 - allowed)
    return int(spare // 1) + 1


def _allowed(obligation: Obligation, assessment: Assessment) -> Fraction | None:
    """The share of misses that the level allows; None where misses cannot break it."""
    level = assessment.level
    if level is None:
        return None
    if obligation.of in OF_THE_MISSED:
        allowed = level.share if level.edge == "at_most" else None
    else:
        allowed = 1 - level.share if level.edge == "at_least" else None
    return None if allowed is None or allowed >= 1 else allowed


def seconds_left(assessment: Assessment, agreed_seconds: int) -> int | None:
    """Seconds of outage that an availability still allows in a whole period.

    Args:
        assessment: its counts so far.
        agreed_seconds: agreed seconds of the whole period.

    Returns:
        None without a level; 0 when it is missed already or the next second misses it.
    """
    if assessment.level is None:
        return None
    allowed = (1 - assessment.level.share) * agreed_seconds - assessment.tally.breached
    return max(0, int(Fraction(allowed) // 1))


def warnings_due(obligation: Obligation, found: Forecast) -> tuple[ForecastWarning, ...]:
    """The warnings whose moment has come: so many breaches away from the miss, or fewer."""
    if found.breaches_left is None:
        return ()
    return tuple(one for one in obligation.warn if found.breaches_left <= one.more_breaches)
