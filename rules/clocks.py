# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of one cycle: running, paused and closed stretches, due and breach.

All instants are epoch seconds. A cycle is breached when its elapsed time
exceeds the target (equality is met), or, for working and calendar days, when
the instant lies after the due. A change of target keeps what has elapsed; a
change of calendar is not retroactive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rules.calendars import BusinessCalendar
from rules.cycles import Cycle
from rules.dues import Due, days_due, due_at_pause, due_of, effective_start
from rules.select import Application
from rules.steps import FiringSeconds

if TYPE_CHECKING:
    from collections.abc import Callable

Spans = list[tuple[int, int | None]]
Applied = list[tuple[int, "Application | None"]]
Piece = tuple[int, int, BusinessCalendar, int, int]
"""A running stretch: from, to, calendar counted, elapsed seconds before it, position of `from`."""
Pause = tuple[int, int]
"""Where a pause began, and the open seconds inside it (or inside a part of it)."""


class Breach(msgspec.Struct, gc=False):
    """The first breach: when it is dated, the target it missed, and that target's due."""

    at: int
    application: Application
    due: Due
    target_seconds: int


class Period(msgspec.Struct, gc=False):
    """A stretch of a cycle counted by one application.

    `is_filler`: no target applied then; it is counted by the next one.
    """

    start: int
    end: int
    application: Application
    is_filler: bool


class Clock(msgspec.Struct, gc=False):
    """What a cycle's clock shows at the judging instant.

    `application` is the one the verdict speaks of (after a breach the target
    that was missed), `counted_last` the one whose calendar runs on.
    """

    cycle: Cycle
    stop: int
    application: Application
    counted_last: Application
    is_open: bool
    cancelled_at: int | None
    pieces: list[Piece] = []
    pauses: list[Pause] = []
    elapsed: int = 0
    paused: int = 0
    since: int | None = None
    breach: Breach | None = None
    due: Due | None = None
    target_seconds: int = 0
    known_whole: int | None = None
    known_days: tuple[Application, int, Due, int] | None = None
    known_firings: FiringSeconds | None = None

    @property
    def is_running(self) -> bool:
        """Whether the clock is open and not paused (it may be outside opening hours)."""
        return self.is_open and self.since is None

    def reached_at(self, threshold: int) -> Due | None:
        """When `threshold` running seconds have elapsed; None while that is not known.

        A threshold used up at the very second a pause begins is reached when
        the clock runs on.
        """
        if threshold < self.elapsed:
            following = self.elapsed
            for piece in reversed(self.pieces):
                before = piece[3]
                if before <= threshold < following:
                    return self.due_in(piece, threshold)
                following = before
        if not self.is_running:
            return None
        return self.run_on(threshold)

    def run_on(self, threshold: int) -> Due:
        """When `threshold` will have elapsed if the clock runs on from `stop` without a pause."""
        counting = self.counted_last.counting
        last = self.pieces[-1] if self.pieces else None
        if last is not None and last[1] == self.stop and last[2] is counting:
            return self.due_in(last, threshold)
        at = max(self.stop, effective_start(self.counted_last, self.cycle.start))
        return self.due_in((at, at, counting, self.elapsed, counting.position(at)), threshold)

    def due_in(self, piece: Piece, threshold: int) -> Due:
        """When `threshold` running seconds are exceeded in a running stretch, or run on from it."""
        _, _, counting, before, base = piece
        due = due_of(counting, base + threshold - before)
        if threshold > before or counting.at_closing == "next_opening":
            return due
        # It was used up before this stretch, which may itself begin at a closing.
        return Due(due.judged, self._closing_used_up(counting, threshold) or due.judged)

    def _closing_used_up(self, counting: BusinessCalendar, threshold: int) -> int | None:
        """The closing at which `threshold` was used up, before the clock stood or was changed."""
        for _, _, own, before, base in reversed(self.pieces):
            if before < threshold:
                at = own.closing_instant(base + threshold - before)
                position = counting.position(at)
                is_closing = counting.closing_instant(position) == at < counting.instant(position)
                return at if is_closing else None
        return None

    @property
    def elapsed_at_due(self) -> int | None:
        """Running seconds at the due, or at the arrival of a target that was exceeded then."""
        if self.breach is not None and self.breach.at != self.breach.due.judged:
            return self.elapsed_at(self.breach.at)
        if self.due is None and self.application.span.unit != "seconds":
            return None
        return self.whole

    @property
    def whole(self) -> int:
        """Running seconds from the start to the due as it stands: what shares are taken of.

        A due in days moves: a pause may leave it on its date (`by: closing`),
        a change of calendar counts the days before it otherwise. While the due
        is not known it stands as it did when the pause began, so that a pause
        alone lets no step fire.
        """
        if self.known_whole is None:
            self.known_whole = self._whole_of_days()
        return self.known_whole

    def _whole_of_days(self) -> int:
        if len(self.pieces) == 1 and not self.pauses:
            running_since, _, counting, _, _ = self.pieces[0]
            begin = effective_start(self.application, self.cycle.start)
            if running_since == begin and counting is self.application.counting:
                return self.target_seconds
        if self.due is not None:
            return self.elapsed_at(self.due.judged)
        if self.since is None:
            return self.target_seconds
        at = due_at_pause(self, self.since).judged
        counting = self.application.counting
        begin = max(self.since, effective_start(self.application, self.cycle.start))
        return self.elapsed + max(0, counting.position(at) - counting.position(begin))

    def elapsed_at(self, at: int) -> int:
        """Running seconds up to `at`, which may lie ahead while the clock runs."""
        total = 0
        for start, end, counting, before, base in self.pieces:
            if at <= start:
                return total
            total = before + counting.position(min(at, end)) - base
        if at > self.stop:
            counting = self.counted_last.counting
            base = max(self.stop, effective_start(self.counted_last, self.cycle.start))
            total += max(0, counting.position(at) - counting.position(base))
        return total


def read_clock(
    cycle: Cycle, applied: Applied, stops_of: Callable[[Application], Spans], now: int
) -> Clock | None:
    """The cycle's clock at `now`; None where no target ever applied to it.

    Args:
        cycle: start and end in epoch seconds.
        applied: since when which target applied (None: none), in order; the
            first entry is at or before the cycle's start.
        stops_of: the spans in which a target's clock is paused.
        now: the judging instant.
    """
    stop = now if cycle.end is None else cycle.end
    at, application = applied[-1]
    if at <= cycle.start:
        return None if application is None else _uncut(cycle, application, stops_of, stop)
    periods, cancelled_at = _periods(cycle, applied, stop)
    if not periods:
        return None
    is_open = cycle.end is None and cancelled_at is None
    clock = Clock(
        cycle,
        stop if cancelled_at is None else cancelled_at,
        periods[-1].application,
        periods[-1].application,
        is_open,
        cancelled_at,
    )
    previous: Period | None = None
    stops: Spans = []
    for period in periods:
        stops = stops_of(period.application) if period.application.pauses else []
        if previous is not None and _arrives(period, previous):
            _judge_arrival(clock, period, stops)
        _count(clock, period, stops)
        previous = period
    _conclude(clock, stops)
    return clock


def _uncut(
    cycle: Cycle, application: Application, stops_of: Callable[[Application], Spans], stop: int
) -> Clock:
    """The clock of a cycle in whose life the target does not change."""
    clock = Clock(cycle, stop, application, application, cycle.end is None, None)
    stops = stops_of(application) if application.pauses else []
    _count(clock, Period(cycle.start, stop, application, False), stops)
    _conclude(clock, stops)
    return clock


def _arrives(period: Period, previous: Period) -> bool:
    """Whether a target begins to apply that did not apply just before."""
    if period.is_filler:
        return False
    return previous.is_filler or previous.application is not period.application


def _periods(cycle: Cycle, applied: Applied, stop: int) -> tuple[list[Period], int | None]:
    """The cycle cut by changes of its target, and when its target was taken away for good."""
    for at, application in reversed(applied):
        if at <= cycle.start:
            uncut = application and Period(cycle.start, stop, application, False)
            return ([uncut] if uncut else []), None
        if cycle.end is None or at < cycle.end:
            break
    return _cut(cycle, applied, stop)


def _cut(cycle: Cycle, applied: Applied, stop: int) -> tuple[list[Period], int | None]:
    """The periods of a cycle in whose life the target changes."""
    raw: list[tuple[int, int, Application | None]] = []
    last = len(applied) - 1
    for index, (at, application) in enumerate(applied):
        end = stop if index == last else min(applied[index + 1][0], stop)
        start = max(at, cycle.start)
        in_force_at_start = at <= cycle.start and (
            index == last or applied[index + 1][0] > cycle.start
        )
        changes_now = cycle.end is None and cycle.start < at <= stop
        if start < end or in_force_at_start or changes_now:
            raw.append((start, max(start, end), application))
    cancelled_at: int | None = None
    while raw and raw[-1][2] is None:
        cancelled_at = raw.pop()[0]
    periods: list[Period] = []
    following: Application | None = None
    for start, end, application in reversed(raw):
        following = application or following
        if following is not None:
            periods.append(Period(start, end, following, application is None))
    periods.reverse()
    return periods, cancelled_at


def _count(clock: Clock, period: Period, stops: Spans) -> None:
    """Add the period's running and paused seconds; note the first breach."""
    application, end, born = period.application, period.end, clock.cycle.start
    at = period.start
    if application.calendar.cut_off is not None:
        at = max(at, effective_start(application, born))
    if at < end:
        position = application.counting.position
        here = position(at)
        for start, stop in stops:
            if start >= end:
                break
            to = end if stop is None or stop > end else stop
            if to <= at:
                continue
            if start > at:
                here = _run(clock, period, at, start, here)
                at = start
            there = position(to)
            clock.pauses.append((start if start > born else born, there - here))
            clock.paused += there - here
            here, at = there, to
        if at < end:
            _run(clock, period, at, end, here)
    if application.span.unit != "seconds" and not period.is_filler and clock.breach is None:
        _judge_days(clock, period, stops)


def _run(clock: Clock, period: Period, start: int, end: int, base: int) -> int:
    """Count a running stretch that begins at position `base`; the position of its end."""
    application, before = period.application, clock.elapsed
    counting, span = application.counting, application.span
    reached = counting.position(end)
    piece = (start, end, counting, before, base)
    clock.pieces.append(piece)
    elapsed = clock.elapsed = before + reached - base
    is_over = elapsed > span.amount and span.unit == "seconds"
    if is_over and clock.breach is None and not period.is_filler:
        due = clock.due_in(piece, span.amount)
        clock.breach = Breach(due.judged, application, due, span.amount)
    return reached


def _judge_arrival(clock: Clock, period: Period, stops: Spans) -> None:
    """A target that replaces another, or comes late, may be exceeded at once.

    The breach is dated at the change, never in the past, with the true due
    beside it.
    """
    if clock.breach is not None:
        return
    application = period.application
    if application.span.unit != "seconds":
        due, target_seconds = days_due(clock, application)
        if period.start > due.judged and not _pushes_on(stops, period.start, due):
            clock.breach = Breach(period.start, application, due, target_seconds)
        return
    if clock.elapsed > application.span.amount:
        due = clock.reached_at(application.span.amount) or Due(period.start, period.start)
        clock.breach = Breach(period.start, application, due, application.span.amount)


def _judge_days(clock: Clock, period: Period, stops: Spans) -> None:
    due, target_seconds = days_due(clock, period.application)
    goes_on = clock.is_open or period.end < clock.stop
    if goes_on and _pushes_on(stops, period.end, due):
        return
    if period.end > due.judged:
        at = max(due.judged, period.start)
        clock.breach = Breach(at, period.application, due, target_seconds)


def _pushes_on(stops: Spans, at: int, due: Due) -> bool:
    """Whether a pause that began before the due still lasts at `at`."""
    return any(
        start < due.judged and start <= at and (end is None or at < end) for start, end in stops
    )


def _conclude(clock: Clock, stops: Spans) -> None:
    """Set the present pause, the due and the target's length."""
    if clock.is_open:
        for start, end in stops:
            if start <= clock.stop and (end is None or clock.stop < end):
                clock.since = max(start, clock.cycle.start)
    if clock.breach is not None:
        clock.due = clock.breach.due
        clock.target_seconds = clock.breach.target_seconds
        clock.application = clock.breach.application
        if clock.application.span.unit == "seconds":
            clock.known_whole = clock.target_seconds
        return
    span = clock.application.span
    if span.unit == "seconds":
        clock.target_seconds = clock.known_whole = span.amount
        if clock.cancelled_at is None and clock.since is None:
            clock.due = clock.run_on(span.amount)
        return
    due, clock.target_seconds = days_due(clock, clock.application)
    if clock.cancelled_at is None and not (clock.since is not None and clock.since < due.judged):
        clock.due = due
