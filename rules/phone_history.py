# SPDX-License-Identifier: GPL-3.0-or-later
"""What past calls tell of the next ones: how long they take, and how long callers wait."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.arrivals import Slot, profile
from rules.calendar_zones import time_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rules.arrivals import LookBack, Profile
    from rules.evidence import Ended

ENOUGH = 30
"""So many answered calls give a handling time of their own to an interval, or to a weekday."""

ENOUGH_LOST = 10
"""So many callers who gave up tell of the patience of all."""

_NOT_OFFERED = frozenset({"abandoned_in_ivr"})


@dataclass(frozen=True, slots=True)
class PastCall:
    """An incoming call: when, how long it waited and was worked on, and how it ended."""

    at: datetime
    ended: Ended
    wait_seconds: int
    handling_seconds: int
    outside_hours: bool = False


@dataclass(frozen=True, slots=True)
class PhoneHistory:
    """The usual week of a phone line.

    `handling` is the mean of an interval's answered calls where there are
    enough, `usual_handling` that of all; `patience_seconds` the mean time after
    which callers give up, None where too few did. `waits` are those of answered
    calls.
    """

    profile: Profile
    handling: Mapping[Slot, float]
    usual_handling: float | None
    patience_seconds: int | None
    n_offered: int
    n_abandoned: int
    waits: tuple[int, ...]

    def answered_within(self, seconds: int) -> Fraction | None:
        """Share of the offered calls that were answered in time; None without calls."""
        if not self.n_offered:
            return None
        return Fraction(sum(wait <= seconds for wait in self.waits), self.n_offered)


def phone_history(calls: Iterable[PastCall], over: LookBack) -> PhoneHistory:
    """The usual week by calls that reached the queue in opening hours.

    Args:
        calls: incoming calls, in any order.
        over: which days are looked at; calls of other days have no part.
    """
    kept = set(over.days) - set(over.holidays)
    place = time_zone(over.zone)
    offered = [
        call
        for call in calls
        if call.ended not in _NOT_OFFERED
        and not call.outside_hours
        and call.at.astimezone(place).date() in kept
    ]
    answered = [call for call in offered if call.ended == "answered" and call.handling_seconds]
    worked = [call for call in offered if call.handling_seconds]
    lost = [call for call in offered if call.ended == "abandoned"]
    return PhoneHistory(
        profile=profile((call.at for call in offered), over),
        handling=_handling(worked, over),
        usual_handling=_mean(worked),
        patience_seconds=_patience(offered, len(lost)),
        n_offered=len(offered),
        n_abandoned=len(lost),
        waits=tuple(sorted(call.wait_seconds for call in answered)),
    )


def _handling(worked: Sequence[PastCall], over: LookBack) -> dict[Slot, float]:
    """Mean handling of each interval with enough calls, else of its weekday."""
    place, interval = time_zone(over.zone), over.interval_minutes
    by_slot: dict[Slot, list[PastCall]] = defaultdict(list)
    by_day: dict[int, list[PastCall]] = defaultdict(list)
    for call in worked:
        local = call.at.astimezone(place)
        minute = local.hour * 60 + local.minute
        by_slot[Slot(local.weekday(), minute - minute % interval)].append(call)
        by_day[local.weekday()].append(call)
    found: dict[Slot, float] = {}
    for slot, calls in by_slot.items():
        enough = calls if len(calls) >= ENOUGH else by_day[slot.weekday]
        mean = _mean(enough) if len(enough) >= ENOUGH else None
        if mean is not None:
            found[slot] = mean
    return found


def _mean(calls: Sequence[PastCall]) -> float | None:
    return sum(call.handling_seconds for call in calls) / len(calls) if calls else None


def _patience(offered: Sequence[PastCall], n_lost: int) -> int | None:
    """The likeliest mean of an exponential patience: whoever was answered would have waited on."""
    waited = sum(call.wait_seconds for call in offered)
    return max(1, round(waited / n_lost)) if n_lost >= ENOUGH_LOST else None
