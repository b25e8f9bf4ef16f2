# SPDX-License-Identifier: GPL-3.0-or-later
"""How calls count for `phone_answer` and `phone_abandoned`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from rules.percentiles import nearest_rank
from rules.populations import population
from rules.tallies import Counted, NotConcrete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from rules.calendars import BusinessCalendar
    from rules.evidence import Call
    from rules.exemptions import Exemptions
    from rules.promises import Counting, Obligation


def count_calls(
    obligation: Obligation,
    calls: Iterable[Call],
    within: tuple[datetime, datetime],
    exemptions: Exemptions,
    open_hours: BusinessCalendar | None = None,
) -> list[Counted]:
    """What the calls that came in within a period count as.

    Met is, for `phone_answer`, a call answered within the promised wait; for
    `phone_abandoned` one whose caller did not give up. What is not offered
    (outgoing calls, the menu, closed hours, very short waits) is left out.

    Args:
        obligation: what is promised.
        calls: calls of one customer.
        within: the period, half-open.
        exemptions: the exceptions that the obligation honours.
        open_hours: when calls are answered; None: as the phone system says.

    Raises:
        NotConcrete: `phone_answer` without a wait, or with one in days.
    """
    longest = _longest_wait(obligation)
    return [
        _counted(call, obligation.counting, longest, exemptions)
        for call in _meant(obligation, calls, within, open_hours)
    ]


def _meant(
    obligation: Obligation,
    calls: Iterable[Call],
    within: tuple[datetime, datetime],
    open_hours: BusinessCalendar | None,
) -> Iterator[Call]:
    """The incoming calls of a period that an obligation is for, by its own opening hours."""
    is_meant = population(obligation)
    lines = obligation.counting.lines
    begin, end = within
    for call in calls:
        if not (begin <= call.at < end and call.is_inbound and is_meant(call)):
            continue
        if lines and call.line not in lines:
            continue
        if open_hours is None:
            yield call
        else:
            yield replace(call, outside_hours=not open_hours.is_open(call.at))


def _longest_wait(obligation: Obligation) -> int | None:
    if obligation.of == "phone_abandoned":
        return None
    if obligation.within is None or obligation.within.unit != "seconds":
        raise NotConcrete(f"{obligation.name} does not say within which time calls are answered")
    return obligation.within.amount


def _counted(
    call: Call, counting: Counting, longest: int | None, exemptions: Exemptions
) -> Counted:
    case = call.call_id
    unoffered = _not_offered(call, counting)
    if unoffered is not None:
        return Counted(case, "left_out", unoffered)
    exemption = exemptions.of(call.ticket_id, call.at)
    if exemption is not None:
        return Counted(case, "excluded", None, exemption)
    if is_answered(call, counting):
        is_late = longest is not None and call.wait_seconds > longest
        return Counted(case, "breached", "late") if is_late else Counted(case, "met")
    if call.ended in ("abandoned", "abandoned_in_ivr"):
        return Counted(case, "breached", "abandoned")
    # Offered and not answered, though nobody gave up: a column of its own.
    return Counted(case, "met" if longest is None else "breached", call.ended)


def is_answered(call: Call, counting: Counting) -> bool:
    """Whether an agent spoke to the caller."""
    if call.ended == "callback":
        return counting.callback == "answered_if_connected" and call.connected
    return call.ended == "answered"


def _not_offered(call: Call, counting: Counting) -> str | None:
    """Why a call has no part in the figure; None where it has."""
    if call.outside_hours and not counting.outside_hours:
        return "outside_hours"
    if call.ended == "abandoned_in_ivr" and not counting.ivr:
        return "ivr"
    if call.ended == "abandoned" and call.wait_seconds < (counting.ignore_under or 0):
        return "short_abandon"
    return None


class Waits(msgspec.Struct, frozen=True):
    """How long the answered callers waited, in seconds; None where nobody was answered."""

    n_answered: int
    mean: Fraction | None
    p90: int | None
    longest: int | None


def waits(
    obligation: Obligation,
    calls: Iterable[Call],
    within: tuple[datetime, datetime],
    open_hours: BusinessCalendar | None = None,
) -> Waits:
    """Average speed of answer, with what an average hides."""
    counting = obligation.counting
    answered = sorted(
        call.wait_seconds
        for call in _meant(obligation, calls, within, open_hours)
        if _not_offered(call, counting) is None and is_answered(call, counting)
    )
    if not answered:
        return Waits(0, None, None, None)
    mean = Fraction(sum(answered), len(answered))
    return Waits(len(answered), mean, nearest_rank(answered, Fraction(9, 10)), answered[-1])
