# SPDX-License-Identifier: GPL-3.0-or-later
"""A calendar as a grid of its week: a row for each day, open hours filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.calendar_hours import WEEKDAYS
from worker.report.drawing import Picture, number, rule_at, safe, svg, text_at
from worker.web.board.markup import Html, e

if TYPE_CHECKING:
    from rules.calendar_hours import DayHours
    from rules.policy import Calendar

_LABEL, _TOP, _ROW, _BAR = 40.0, 6.0, 20.0, 14.0
_DAY: Final = 86_400
_WIDTHS: Final = ((520, 3, "only-wide"), (320, 6, "only-narrow"))
"""Width, hours between labels, and the style that says when it is shown."""


def week_grid(calendar: Calendar, place: int) -> Html:
    """The usual week, for wide and for narrow windows; `place` makes ids unique on a page."""
    return e(
        "figure",
        *(
            e("div", Html(_grid(calendar, place, width, every)), class_=kind)
            for width, every, kind in _WIDTHS
        ),
    )


def _grid(calendar: Calendar, place: int, width: int, every: int) -> str:
    week = calendar.business.hours.week
    room = width - _LABEL - 12

    def x(seconds: float) -> float:
        return _LABEL + room * seconds / _DAY

    bottom = _TOP + _ROW * len(WEEKDAYS)
    parts: list[str] = []
    for row, (name, day) in enumerate(zip(WEEKDAYS, week, strict=True)):
        top = _TOP + _ROW * row
        size = f'width="{number(room)}" height="{number(_BAR)}" rx="2"/>'
        parts.append(f'<rect class="ground" x="{number(_LABEL)}" y="{number(top)}" {size}')
        parts.append(text_at(0, top + 11, name.capitalize(), "label"))
        for start, end in _open(day):
            left, wide = number(x(start)), number(max(0.8, x(end) - x(start)))
            tip = f"<title>{safe(f'{name.capitalize()} {_time(start)} to {_time(end)}')}</title>"
            parts.append(
                f'<rect class="span counted" x="{left}" y="{number(top)}" '
                f'width="{wide}" height="{number(_BAR)}">{tip}</rect>'
            )
    for hour in range(0, 25, every):
        parts.append(rule_at(x(hour * 3600), _TOP, x(hour * 3600), bottom - 2, "grid"))
        parts.append(text_at(x(hour * 3600), bottom + 12, f"{hour:02}", "label middle"))
    picture = Picture(
        f"week-{place}-{width}", f"The week of {calendar.name}", _finding(calendar), width
    )
    return svg(picture, bottom + 18, parts)


def _open(day: DayHours) -> list[tuple[int, int]]:
    """The day's open spans without its breaks."""
    found = list(day.spans)
    for first, last in day.breaks:
        cut: list[tuple[int, int]] = []
        for start, end in found:
            cut += [(start, min(end, first)), (max(start, last), end)]
        found = [(start, end) for start, end in cut if start < end]
    return found


def _time(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def _finding(calendar: Calendar) -> str:
    days = [
        f"{name.capitalize()} {', '.join(f'{_time(first)}-{_time(last)}' for first, last in spans)}"
        for name, day in zip(WEEKDAYS, calendar.business.hours.week, strict=True)
        if (spans := _open(day))
    ]
    return f"Open {'; '.join(days)}."
