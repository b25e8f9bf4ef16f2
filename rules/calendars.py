# SPDX-License-Identifier: GPL-3.0-or-later
"""Business calendars: arithmetic on opening hours, exact to the second.

A calendar keeps a table of its open segments in UTC with the open seconds
before each one. Every question is then a search in a sorted list, so the cost
does not grow with the span. The table covers a few years at first and grows
when a question reaches further.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Literal

from rules.calendar_hours import DAY, WEEKDAYS, local_hours
from rules.calendar_table import (
    FIRST_DAY,
    LAST_DAY,
    empty_table,
    grown_backward,
    grown_forward,
    midnight,
    segments_of,
)
from rules.calendar_zones import time_zone as zone_named

if TYPE_CHECKING:
    from rules.calendar_hours import LocalHours
    from rules.calendar_table import Table

AtClosing = Literal["next_opening", "closing"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_AHEAD = 366  # dates kept beyond the one asked for, so that deadlines seldom grow the table


class BusinessCalendar:
    """Opening hours in one time zone.

    An interval contains its opening and not its closing. Wall times that a
    clock change skips take the offset before the change; of repeated ones the
    first counts. Instants may lie in the years 1900 to 2199.

    Public methods take aware datetimes in any zone, cut them to whole seconds
    and answer in UTC; those of the engine take and give seconds since
    1970-01-01 UTC. Both raise ValueError when an answer would lie outside the
    years that are counted, as on a calendar that has stopped opening. A
    calendar never changes and may be shared by threads.

    Attributes:
        time_zone: IANA name of the zone in which the hours are written.
        at_closing: where a target that ends exactly at closing is due.
        hours: the checked hours, by weekday and date, in local seconds.
        holidays: the closed dates.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the public constructor, one argument a key
        self,
        time_zone: str,
        hours: Mapping[str, Iterable[Sequence[str]]],
        holidays: Iterable[date] = (),
        extra_hours: Mapping[date, Iterable[Sequence[str]]] | None = None,
        breaks: Mapping[date, Iterable[Sequence[str]]] | None = None,
        at_closing: AtClosing = "next_opening",
    ) -> None:
        """Check the arguments; nothing is computed before the first question.

        Args:
            time_zone: IANA `Area/City`, `UTC` or `Etc/UTC`.
            hours: `"mon".."sun"` to pairs such as `("09:00", "17:30")`; a missing
                weekday is closed, `"24:00"` is the end of the day, an end before
                its opening is on the next date.
            holidays: local dates on which nothing counts, whatever else is said.
            extra_hours: local date to the pairs that replace that date's hours.
            breaks: local date to the pairs that are cut out of it.
            at_closing: `next_opening` or `closing`.

        Raises:
            ValueError: naming the offence.
        """
        if at_closing not in ("next_opening", "closing"):
            raise ValueError(f'at_closing: "{at_closing}" is neither next_opening nor closing')
        if not isinstance(time_zone, str):
            raise ValueError(f"time_zone: {time_zone!r} is no name such as Europe/Amsterdam")  # noqa: TRY004 - one error type for admins
        self.time_zone: str = time_zone
        self.at_closing: AtClosing = at_closing
        self.holidays: frozenset[date] = _dates(holidays)
        self._zone = zone_named(time_zone)
        self.hours: LocalHours = local_hours(
            hours,
            self.holidays,
            {} if extra_hours is None else extra_hours,
            {} if breaks is None else breaks,
        )
        self._table: Table = empty_table(self._zone)
        self._growing = Lock()

    @classmethod
    def always_open(cls, time_zone: str) -> BusinessCalendar:
        """A calendar that is open round the clock; days begin at midnight in `time_zone`."""
        return cls(time_zone, dict.fromkeys(WEEKDAYS, (("00:00", "24:00"),)))

    def __repr__(self) -> str:
        return f"<BusinessCalendar in {self.time_zone}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BusinessCalendar):
            return NotImplemented
        return self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash((self.time_zone, self.at_closing, self.hours.week))

    def _meaning(self) -> tuple[str, AtClosing, LocalHours]:
        return self.time_zone, self.at_closing, self.hours

    @property
    def is_always_open(self) -> bool:
        """Open every second of every date."""
        return self.hours.always_open

    # Questions in datetimes

    def add(self, start: datetime, running: timedelta) -> datetime:
        """The instant at which `running` of open time has passed since `start`.

        Nothing to run is due at `start` when open, else at the next opening.

        Raises:
            ValueError: a naive `start`, a negative `running`.
        """
        seconds = running.days * DAY + running.seconds
        if seconds < 0:
            raise ValueError("the running time to add is negative")
        position = self.position(_seconds(start)) + seconds
        if seconds and self.at_closing == "closing":
            return _datetime(self.closing_instant(position))
        return _datetime(self.instant(position))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time in [start, end); nothing when `end` is earlier."""
        open_seconds = self.position(_seconds(end)) - self.position(_seconds(start))
        return timedelta(0, open_seconds if open_seconds > 0 else 0)

    def add_working_days(self, start: datetime, n: int) -> datetime:
        """The same local time of day `n` open dates later.

        Counted from the next opening when `start` is closed. Where that date is
        closed at that time, the next opening; under `at_closing="closing"` a
        time that is exactly that date's closing stays.

        Raises:
            ValueError: a naive `start`, an `n` that is negative or no whole number.
        """
        if not isinstance(n, int):
            raise ValueError(f"working days are a whole number, not {n!r}")  # noqa: TRY004 - one error type for admins
        _, shown = self.working_days(_seconds(start), n)
        return _datetime(shown)

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in opening hours; a closing does not."""
        seconds = _seconds(at)
        table = self._covering(seconds)
        index = bisect_right(table.openings, seconds) - 1
        return index >= 0 and seconds < table.closings[index]

    def next_opening(self, at: datetime) -> datetime:
        """The first open instant at or after `at`: `at` itself when open."""
        return _datetime(self.next_open(_seconds(at)))

    def segments(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The open segments that touch [start, end), cut to it, half-open and in order."""
        spans = self.open_spans(_seconds(start), _seconds(end))
        return [(_datetime(opening), _datetime(closing)) for opening, closing in spans]

    # Questions of the engine, in seconds

    def position(self, at: int) -> int:
        """Open seconds from a fixed origin to `at`; negative before it.

        Differences of positions are open time. Stable for the calendar's life.
        """
        table = self._table
        if not table.since <= at < table.until:
            table = self._covering(at)
        index = bisect_right(table.openings, at) - 1
        if index < 0:
            return table.first
        closing = table.closings[index]
        reached = at if at < closing else closing
        return table.positions[index] + reached - table.openings[index]

    def instant(self, position: int) -> int:
        """The first open instant at `position`; exactly at a closing the next opening."""
        table = self._table
        if not table.first <= position < table.last:
            table = self._reaching(position)
        index = bisect_right(table.positions, position) - 1
        return table.openings[index] + position - table.positions[index]

    def closing_instant(self, position: int) -> int:
        """The first instant at `position`; exactly at a closing that closing."""
        table = self._table
        if not table.first < position <= table.last:
            table = self._reaching(position - 1)  # the second that ends there
        index = bisect_left(table.positions, position) - 1
        return table.openings[index] + position - table.positions[index]

    def next_open(self, at: int) -> int:
        """The first open instant at or after `at`."""
        return self.instant(self.position(at))

    def open_spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """The open segments that touch [start, end), cut to it."""
        if end <= start:
            return []
        self._covering(start)
        table = self._covering(end)
        first = bisect_right(table.closings, start)
        behind = bisect_left(table.openings, end)
        pairs = zip(table.openings[first:behind], table.closings[first:behind], strict=True)
        return [(max(opening, start), min(closing, end)) for opening, closing in pairs]

    def working_days(self, start: int, days: int) -> tuple[int, int]:
        """When `days` working days from `start` are due: as judged, and as shown.

        The two differ only under `at_closing="closing"`, where the time of day
        is exactly a closing of that date: shown is the closing, judged the next
        opening.
        """
        opened_at = self.next_open(start)
        if days == 0:
            return opened_at, opened_at
        due, day = self._same_time_after(opened_at, days)
        judged = self.next_open(due)
        if self.at_closing == "closing" and self._closes_at(due, day):
            return judged, due
        return judged, judged

    def _same_time_after(self, opened_at: int, days: int) -> tuple[int, int]:
        """The wall time of an open instant, `days` open dates later, and that date's ordinal."""
        table = self._table
        index = bisect_right(table.midnights, opened_at) - 1
        later = index + days
        if index < later < len(table.midnights) and table.even[index] and table.even[later]:
            passed = opened_at - table.midnights[index]
            return table.midnights[later] + passed, table.open_days[later]
        local = self._local(opened_at)
        day = self._open_day_after(local.toordinal(), days)
        # Adding days keeps the wall time and gives fold=0 whatever the start's fold was: the
        # first of two equal wall times
        wall = local + timedelta(days=day - local.toordinal())
        return int(wall.timestamp()), day

    def closing_after_working_days(self, start: int, days: int) -> int:
        """The last closing of the `days`-th open date after the first open instant from `start`."""
        day = self._local(self.next_open(start)).toordinal()
        if days:
            day = self._open_day_after(day, days)
        return segments_of(self.hours.of(day), day, self._zone)[-1][1]

    def last_closing_on_date_of(self, at: int) -> int | None:
        """The last closing of the local date that holds `at`; None when that date is closed."""
        day = self._local(at).toordinal()
        segments = segments_of(self.hours.of(day), day, self._zone)
        return segments[-1][1] if segments else None

    def end_of_date_of(self, at: int) -> int:
        """24:00 of the local date that holds `at`."""
        return midnight(self._local(at).toordinal() + 1, self._zone)

    def after_cut_off(self, start: int, cut_off: int) -> int:
        """`start`, or the first opening of the next open date when it is past `cut_off`.

        Args:
            start: when the cycle starts.
            cut_off: seconds after local midnight; this second itself is in time.
        """
        local = self._local(start)
        if local.hour * 3600 + local.minute * 60 + local.second <= cut_off:
            return start
        day = self._open_day_after(local.toordinal(), 1)
        return segments_of(self.hours.of(day), day, self._zone)[0][0]

    # The table and its growth

    def _covering(self, at: int) -> Table:
        """A table that holds `at`, grown if need be."""
        table = self._table
        if table.since <= at < table.until:
            return table
        day = _EPOCH_DAY + at // DAY
        if not FIRST_DAY < day < LAST_DAY:
            raise ValueError("the instant is outside the years 1900 to 2199")
        with self._growing:
            while at >= self._table.until:
                self._grow_forward(day + _AHEAD)
            while at < self._table.since:
                self._grow_backward(day - 1)
            return self._table

    def _reaching(self, position: int) -> Table:
        """A table whose positions include `position` before their end."""
        with self._growing:
            self._check_reachable(position)
            while position >= self._table.last:
                self._grow_forward(0)
            while position < self._table.first:
                self._grow_backward(LAST_DAY)
            return self._table

    def _check_reachable(self, position: int) -> None:
        """Refuse what even a calendar that never closes could not reach, without growing."""
        table = self._table
        later = position - table.last - (LAST_DAY - table.last_day) * DAY
        earlier = table.first - position - (table.first_day - FIRST_DAY) * DAY
        if max(later, earlier) > DAY:  # a day to spare for the offsets of zones
            raise ValueError("the running time leads outside the years 1900 to 2199")

    def _grow_forward(self, to_day: int) -> None:
        self._table = grown_forward(self._table, self.hours, self._zone, to_day)

    def _grow_backward(self, to_day: int) -> None:
        self._table = grown_backward(self._table, self.hours, self._zone, to_day)

    def _open_day_after(self, day: int, count: int) -> int:
        """The ordinal of the `count`-th local date after `day` that has open time."""
        if count < 0:
            raise ValueError("the number of working days is negative")
        if day + count >= LAST_DAY:
            raise ValueError("the working days lead outside the years 1900 to 2199")
        table = self._table
        while (index := bisect_right(table.open_days, day) + count - 1) >= len(table.open_days):
            with self._growing:
                if self._table is table:
                    self._grow_forward(0)
                table = self._table
        return table.open_days[index]

    def _closes_at(self, at: int, day: int) -> bool:
        """Whether a segment ends at `at`, and not as the end of the date before `day`."""
        table = self._covering(at)
        index = bisect_left(table.closings, at)
        found = index < len(table.closings) and table.closings[index] == at
        return found and at > midnight(day, self._zone)

    def _local(self, at: int) -> datetime:
        """Wall time in the calendar's zone."""
        self._covering(at)
        return datetime.fromtimestamp(at, self._zone)


def _dates(written: object) -> frozenset[date]:
    """The holidays; `local_hours` looks at each of them."""
    if isinstance(written, str) or not isinstance(written, Iterable):
        raise ValueError(f"holidays: {written!r} is not a list of dates")  # noqa: TRY004 - one error type for admins
    try:
        return frozenset(written)
    except TypeError:  # what cannot be hashed is no date
        raise ValueError("holidays: a list within the list is not a date") from None


def _seconds(at: datetime) -> int:
    """Whole seconds since 1970-01-01 UTC; parts of a second are cut off."""
    try:
        since = at - _EPOCH
    except TypeError:
        raise ValueError(f"{at} has no time zone") from None
    return since.days * DAY + since.seconds


def _datetime(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
