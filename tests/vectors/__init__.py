# SPDX-License-Identifier: GPL-3.0-or-later
"""The test vectors in this folder, read into calendars and instants."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rules.calendars import BusinessCalendar

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rules.calendars import AtClosing

HERE = Path(__file__).parent
BOUNDARIES: tuple[AtClosing, ...] = ("next_opening", "closing")


def read(name: str) -> dict[str, Any]:
    """The content of one vector file."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def calendar(entry: dict[str, Any], at_closing: AtClosing = "next_opening") -> BusinessCalendar:
    """The calendar of an entry with `tz`, `week`, and perhaps `holidays`, `shifts`, `breaks`."""
    return BusinessCalendar(
        entry["tz"],
        entry["week"],
        holidays=[date.fromisoformat(day) for day in entry.get("holidays", ())],
        extra_hours=_by_date(entry.get("shifts", {})),
        breaks=_by_date(entry.get("breaks", {})),
        at_closing=at_closing,
    )


def instant(text: str, zone: ZoneInfo | None = None) -> datetime:
    """The instant written as ISO 8601; without an offset it is local to `zone`."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _by_date(entries: dict[str, list[list[str]]]) -> dict[date, list[list[str]]]:
    return {date.fromisoformat(day): pairs for day, pairs in entries.items()}
