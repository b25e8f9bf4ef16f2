# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates and instants as they are written in rule files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from rules.calendar_zones import time_zone


@dataclass(frozen=True, slots=True)
class Moment:
    """A local date and time of day.

    `seconds` count from the local clock's 00:00; `offset` is in seconds east
    of UTC. With neither `zone` nor `offset` the reader's default zone holds.
    """

    day: date
    seconds: int = 0
    zone: str | None = None
    offset: int | None = None
    has_time: bool = False

    def instant(self, default_zone: str) -> datetime:
        """The instant in UTC; `default_zone` holds where none is written.

        A time that a change of clocks skips or repeats counts with the offset before the change.
        """
        clock = time(self.seconds // 3600, self.seconds % 3600 // 60, self.seconds % 60)
        if self.offset is not None:
            fixed = timezone(timedelta(seconds=self.offset))
            return datetime.combine(self.day, clock, tzinfo=fixed).astimezone(UTC)
        zone = time_zone(self.zone or default_zone)
        return datetime.combine(self.day, clock, tzinfo=zone).astimezone(UTC)
