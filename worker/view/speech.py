# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations, instants and texts in English, as the Zendesk app says them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from worker.view.texts import TEXTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_FAR = 100 * _DAY
"""From here on nobody asks for the hours."""

_PLACE = re.compile(r"\{(\w+)\}")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def text(key: str, **args: str | int) -> str:
    """The text of that key; `n` chooses between one and several."""
    number = args.get("n")
    form = key if number is None else f"{key}.{'one' if number == 1 else 'other'}"
    found = TEXTS.get(form) or TEXTS.get(f"{key}.other") or TEXTS.get(key) or key
    return _PLACE.sub(lambda place: str(args.get(place[1], "")), found)


def said(group: str, word: str) -> str:
    """The text of a word that Stipt defines; a word from elsewhere stands as it is."""
    return TEXTS.get(f"{group}.{word}", word)


def listed(words: Sequence[str], last: str = "list.last") -> str:
    """`a, b and c`; with `list.or`: `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return text(last, head=TEXTS["list.comma"].join(words[:-1]), tail=words[-1])


def span(total: int) -> str:
    """`1 d 4 h`, `2 h 10 min`, and to the second under ten minutes: `9:58`. Rounded down."""
    if total < 10 * _MINUTE:
        return f"{total // _MINUTE}:{total % _MINUTE:02}"
    if total < _DAY:
        return worked(total)
    if total >= _FAR:
        return _unbroken(text("unit.day", amount=total // _DAY))
    return _pair(total // _DAY, "unit.day", total % _DAY // _HOUR, "unit.hour")


def worked(total: int) -> str:
    """Hours and minutes on a clock: a day of work has not 24 hours."""
    return _pair(total // _HOUR, "unit.hour", total % _HOUR // _MINUTE, "unit.minute")


class Speaker:
    """Says when things are: in a zone, by what is today there."""

    def __init__(self, zone: ZoneInfo, now: int) -> None:
        self.zone = zone
        self._now = datetime.fromtimestamp(now, UTC).astimezone(zone)

    def at(self, instant: str | int) -> str:
        """`14:30` today, `Mon 14:30` within a week, else with the date."""
        at = self._there(instant)
        if at.date() == self._now.date():
            return f"{at:%H:%M}"
        if abs((at - self._now).total_seconds()) < 6 * _DAY:
            return f"{at:%a} {at:%H:%M}"
        year = "" if at.year == self._now.year else f" {at.year}"
        return f"{at.day} {at:%b}{year}, {at:%H:%M}"

    def whole(self, instant: str | int) -> str:
        """Weekday, date, time and the zone's offset."""
        at = self._there(instant)
        return f"{at:%A} {at.day} {at:%B} {at.year}, {at:%H:%M:%S} {at:%Z}"

    def clock(self, instant: int) -> str:
        """`Mon 23 Nov, 14:30:05`, for what shows the present."""
        at = self._there(instant)
        return f"{at:%a} {at.day} {at:%b}, {at:%H:%M:%S}"

    def _there(self, instant: str | int) -> datetime:
        if isinstance(instant, int):
            return datetime.fromtimestamp(instant, UTC).astimezone(self.zone)
        return datetime.fromisoformat(instant).astimezone(self.zone)


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    parts = [text(large_unit, amount=large)] if large else []
    if small or not large:
        parts.append(text(small_unit, amount=small))
    return _unbroken(" ".join(parts))


def _unbroken(words: str) -> str:
    """No line ends between a number and its unit."""
    return words.replace(" ", _NO_BREAK)
