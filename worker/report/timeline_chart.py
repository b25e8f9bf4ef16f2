# SPDX-License-Identifier: GPL-3.0-or-later
"""A clock along time: what it counted, where it stood still, what happened, when it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from worker.report.drawing import LETTER, number, rule_at, safe, svg, text_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from worker.report.drawing import Picture

    _Scale = Callable[[int], float]

_ABOVE, _BAR, _HIGH, _BELOW, _AXIS = 30.0, 42.0, 22.0, 80.0, 96.0
"""Where the parts stand, from the top: what happened, the bar and its height, steps, the axis."""

_HEIGHT = 118.0
_MARGIN = 8.0
_TICKS = (1, 5, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 10080, 43200, 129600, 525600)
"""Minutes between two labels of the axis, of which the narrowest that fits is taken."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the clock in epoch seconds; `kind`: counted, paused, closed or ahead."""

    start: int
    end: int
    kind: str
    tip: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at an instant: a comment above the bar, a step below it; `kind` is its style."""

    at: int
    kind: str
    place: Literal["above", "below"]
    tip: str


@dataclass(frozen=True, slots=True)
class Line:
    """An instant with a label of its own: the due, the present, the end."""

    at: int
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Everything that is drawn of one clock, from `start` to `end` in epoch seconds."""

    start: int
    end: int
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]


def timeline(picture: Picture, clock: Clockwork, zone: ZoneInfo) -> str:
    """The clock's stretches on an axis of local time; what each is stands in its own title."""
    width = picture.width - 2 * _MARGIN
    length = max(1, clock.end - clock.start)

    def x(at: int) -> float:
        return _MARGIN + width * min(1.0, max(0.0, (at - clock.start) / length))

    ground = f'<rect class="ground" x="{number(_MARGIN)}" y="{number(_BAR)}" '
    parts = [f'{ground}width="{number(width)}" height="{number(_HIGH)}" rx="3"/>']
    parts += [_span(one, x(one.start), x(one.end)) for one in clock.spans]
    parts += _axis(clock, zone, width, x)
    parts += [_mark(one, x(one.at)) for one in clock.marks if one.at <= clock.end]
    parts += _lines(clock.lines, x, picture.width)
    return svg(picture, _HEIGHT, parts)


def _span(one: Span, left: float, right: float) -> str:
    size = f'width="{number(max(0.6, right - left))}" height="{number(_HIGH)}"'
    return (
        f'<rect class="span {one.kind}" x="{number(left)}" y="{number(_BAR)}" {size}>'
        f"<title>{safe(one.tip)}</title></rect>"
    )


def _mark(one: Mark, x: float) -> str:
    title = f"<title>{safe(one.tip)}</title>"
    if one.place == "above":
        return (
            f'<circle class="mark {one.kind}" cx="{number(x)}" cy="{number(_ABOVE)}" r="4.5">'
            f"{title}</circle>"
        )
    path = f"M{number(x)},{number(_BELOW - 6)}l6,6l-6,6l-6,-6z"
    return f'<path class="mark {one.kind}" d="{path}">{title}</path>'


def _lines(lines: Sequence[Line], x: _Scale, width: float) -> list[str]:
    """Upright lines; a label that would run into an earlier one's is left to the line's title."""
    parts: list[str] = []
    taken: list[tuple[float, float]] = []
    for one in lines:
        at = x(one.at)
        upright = rule_at(at, 16, at, _BAR + _HIGH + 6, f"upright {one.kind}")
        parts.append(f"<g>{upright}<title>{safe(one.label)}</title></g>")
        half = LETTER * len(one.label) / 2
        middle = min(max(at, half), width - half)
        if all(middle - half >= end or middle + half <= start for start, end in taken):
            parts.append(text_at(middle, 12, one.label, f"middle {one.kind}"))
            taken.append((middle - half - LETTER, middle + half + LETTER))
    return parts


def _axis(clock: Clockwork, zone: ZoneInfo, width: float, x: _Scale) -> list[str]:
    parts = [rule_at(_MARGIN, _AXIS, _MARGIN + width, _AXIS, "axis")]
    minutes = _every(clock.end - clock.start, width)
    before = ""
    for at in _ticks(clock, zone, minutes):
        local = datetime.fromtimestamp(at, UTC).astimezone(zone)
        day = f"{local:%a} {local.day} {local:%b}"
        label = day if minutes >= 1440 else f"{local:%H:%M}"
        if minutes < 1440 and day != before and clock.end - clock.start > 12 * 3600:
            label = f"{local:%a} {label}"
        before = day
        if x(at) + LETTER * len(label) / 2 > width + 2 * _MARGIN or x(at) < LETTER * 3:
            continue
        parts.append(rule_at(x(at), _AXIS, x(at), _AXIS + 4, "axis"))
        parts.append(text_at(x(at), _AXIS + 17, label, "label middle"))
    return parts


def _every(seconds: int, width: float) -> int:
    most = max(2.0, width / (LETTER * 11))
    return next((one for one in _TICKS if seconds / 60 / one <= most), _TICKS[-1])


def _ticks(clock: Clockwork, zone: ZoneInfo, minutes: int) -> list[int]:
    """Round local times within the clock's time."""
    first = datetime.fromtimestamp(clock.start, UTC).astimezone(zone)
    at = first.replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[int] = []
    step = timedelta(minutes=minutes)
    while (second := int(at.timestamp())) <= clock.end:  # by the wall: labels stay round over a DST
        if second >= clock.start:
            found.append(second)
        at += step
    return found
