# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the coming hours: when how many deadlines fall, against opening hours."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from worker.report.charts import Column, Stretch, columns
from worker.report.drawing import Picture
from worker.web.board.markup import Html, e

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.policy import Calendar, Policy
    from worker.view.speech import Speaker
    from worker.web.board.asking import Due
    from worker.web.board.layout import Scene

HOURS: Final = 24
_ALWAYS: Final = "always"
_HOUR: Final = timedelta(hours=1)
_WIDTHS: Final = ((1160, 3, "only-wide"), (360, 6, "only-narrow"))
"""Width, hours between labels, and the style that says when it is shown."""


def coming_hours(dues: Sequence[Due], policy: Policy, scene: Scene) -> Html:
    """Columns for the next 24 hours, from the present one on."""
    begin = scene.now.astimezone(scene.say.zone).replace(minute=0, second=0, microsecond=0)
    until = begin + HOURS * _HOUR
    numbers = _numbers(dues, begin)
    calendar = _calendar(dues, policy)
    closed = [] if calendar is None else _closed(calendar, begin, until)
    finding = _finding(numbers, begin, scene.say)
    pictures = [
        e(
            "div",
            Html(
                columns(
                    Picture(f"hours-{width}", "Deadlines in the next 24 hours", finding, width),
                    _columns(numbers, begin, every),
                    closed,
                )
            ),
            class_=kind,
        )
        for width, every, kind in _WIDTHS
    ]
    shaded = None if calendar is None else f"Shaded: {calendar.name} is closed. "
    return e(
        "figure",
        e("figcaption", e("h2", "The next 24 hours"), e("p", shaded, finding, class_="soft")),
        *pictures,
        class_="hours card",
    )


def _numbers(dues: Sequence[Due], begin: datetime) -> list[int]:
    first = int(begin.timestamp())
    counted = Counter((one.at - first) // 3600 for one in dues)
    return [counted[hour] for hour in range(HOURS)]


def _calendar(dues: Sequence[Due], policy: Policy) -> Calendar | None:
    """The calendar that counts for most of them, among those that ever close."""
    counted = Counter(one.calendar for one in dues if one.calendar != _ALWAYS)
    names = [name for name, _ in counted.most_common() if name in policy.calendars]
    return policy.calendars[names[0]] if names else None


def _closed(calendar: Calendar, begin: datetime, until: datetime) -> list[Stretch]:
    whole = (until - begin).total_seconds()
    found: list[Stretch] = []
    at = begin
    for start, end in calendar.business.segments(begin, until):
        if start > at:
            found.append(_stretch(at, start, begin, whole))
        at = max(at, end)
    if at < until:
        found.append(_stretch(at, until, begin, whole))
    return found


def _stretch(start: datetime, end: datetime, begin: datetime, whole: float) -> Stretch:
    first, last = (start - begin).total_seconds(), (end - begin).total_seconds()
    return Stretch(first / whole, last / whole, "closed")


def _columns(numbers: Sequence[int], begin: datetime, every: int) -> list[Column]:
    found: list[Column] = []
    for hour, number in enumerate(numbers):
        at = (begin + hour * _HOUR).astimezone(begin.tzinfo)
        label = f"{at:%H:%M}" if hour % every == 0 else ""
        if label and (hour == 0 or at.hour < every):
            label = f"{at:%a} {label}"
        found.append(Column(label, number, "due"))
    return found


def _finding(numbers: Sequence[int], begin: datetime, say: Speaker) -> str:
    total = sum(numbers)
    if not total:
        return "No deadline falls in the next 24 hours."
    most = max(numbers)
    named = "1 deadline falls" if total == 1 else f"{total:,} deadlines fall"
    if most == 1:
        return f"{named} in the next 24 hours."
    at = say.at(int((begin + numbers.index(most) * _HOUR).timestamp()))
    return f"{named} in the next 24 hours, most in the hour from {at}: {most:,}."
