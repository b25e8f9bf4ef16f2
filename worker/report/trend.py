# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares over periods as lines, with the promised level as a dashed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.report.drawing import LETTER, cut, number, rule_at, svg, text_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.report.drawing import Picture
    from worker.reporting.language import Language

_HEIGHT = 170.0
_TOP = 18.0
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_ENTRY = 20.0
_APART = 15.0
"""So far apart are the labels at the ends of lines."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A share of a period from 0 to 1. `is_small`: of few cases, drawn hollow."""

    share: float
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name, and a dot for each period; None is a gap, where nothing was decided."""

    name: str
    dots: tuple[Dot | None, ...]


def trend(
    picture: Picture, periods: Sequence[str], series: Sequence[Series], promised: float | None
) -> str:
    """Lines of shares, each with its name at its end; the level is dashed and labelled.

    The axis begins where the values do and says so when that is not 0.

    Args:
        picture: id, title, finding and width.
        periods: what stands under the dots.
        series: up to four lines; they differ by their dashes and names too.
        promised: the level, from 0 to 1.
    """
    plot = _Plot.around(picture, periods, series, promised)
    parts = _grid(plot, periods)
    if promised is not None:
        level = plot.y(promised)
        parts.append(rule_at(plot.left, level, plot.right, level, "target"))
    for place, one in enumerate(series):
        parts += _line(plot, one, place)
    listed = _listed(picture, series)
    parts += _names(plot, () if listed else series, promised)
    below = _TOP + _HEIGHT + 26
    parts += [part for place, one in enumerate(listed) for part in _entry(plot, one, place, below)]
    return svg(picture, below + len(listed) * _ENTRY, parts)


def _listed(picture: Picture, series: Sequence[Series]) -> Sequence[Series]:
    """The lines that are named below the picture: all, where a name has no room beside it."""
    longest = max((len(one.name) for one in series), default=0)
    return series if (LETTER + 1.6) * longest > picture.width / 3 else ()


def _entry(plot: _Plot, one: Series, place: int, below: float) -> list[str]:
    """A line's name with a piece of it."""
    y = below + (place + 0.5) * _ENTRY
    piece = f'<path class="series series-{place % 4}" d="M2,{number(y)}H34"/>'
    return [piece, text_at(42, y + 4.5, cut(one.name, plot.wide - 42), "name")]


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where things lie: the lowest share, the distance of its marks, and the edges."""

    low: float
    step: float
    left: float
    right: float
    wide: float
    n: int
    language: Language

    @classmethod
    def around(
        cls,
        picture: Picture,
        periods: Sequence[str],
        series: Sequence[Series],
        promised: float | None,
    ) -> _Plot:
        shares = [dot.share for one in series for dot in one.dots if dot is not None]
        shares += [] if promised is None else [promised]
        lowest = max(0.0, min(shares, default=0.0))
        step = next((one for one in _STEPS if (1 - lowest) / one <= 5), _STEPS[-1])
        low = max(0.0, int(lowest / step + 1e-9) * step)
        names = [] if _listed(picture, series) else [one.name for one in series]
        names += [] if promised is None else [_promise(promised, picture.language)]
        longest = max(map(len, names), default=0)
        right = picture.width - (14 + (LETTER + 1.6) * longest if longest else 6)
        left = 16 + LETTER * len(_percent(1.0, picture.language))
        edges = (left, max(right, left + 40), picture.width)
        return cls(low, step, *edges, len(periods), picture.language)

    def x(self, place: int) -> float:
        width = self.right - self.left - 16
        return self.left + 8 + (width * place / (self.n - 1) if self.n > 1 else width / 2)

    def y(self, share: float) -> float:
        """The upper edge is 100 %, the lower one the lowest mark."""
        inside = min(1.0, max(self.low, share))
        span = 1 - self.low
        return _TOP + _HEIGHT * ((1 - inside) / span if span else 0.0)


def _grid(plot: _Plot, periods: Sequence[str]) -> list[str]:
    parts = []
    marks = round((1 - plot.low) / plot.step)
    for mark in range(marks + 1):
        share = plot.low + mark * plot.step
        y = plot.y(share)
        parts.append(rule_at(plot.left, y, plot.right, y, "axis"))
        parts.append(text_at(plot.left - 6, y + 4.5, _percent(share, plot.language), "label end"))
    if plot.low > 0:
        lowest = _percent(plot.low, plot.language)
        note = plot.language.say("charts.axis_begins", share=lowest)
        parts.append(text_at(plot.right, 11, note, "label end"))
    every = _every(plot, periods)
    for place, period in enumerate(periods):
        # Counted from the last one, which is the period that the report is of.
        if (len(periods) - 1 - place) % every == 0:
            parts.append(_under(plot, place, period))
    return parts


def _under(plot: _Plot, place: int, period: str) -> str:
    """A period's name; the last one does not reach under the names of the lines."""
    at, y = plot.x(place), _TOP + _HEIGHT + 20
    if at + LETTER * len(period) / 2 > plot.right:
        return text_at(plot.right, y, period, "label end")
    return text_at(at, y, period, "label middle")


def _every(plot: _Plot, periods: Sequence[str]) -> int:
    """Every how manyth period has room for its name."""
    longest = LETTER * max((len(one) for one in periods), default=0)
    longest += max(8, longest / 2)  # the last one is moved towards the one before it
    room = (plot.right - plot.left - 16) / max(1, plot.n - 1)
    return max(1, -(-int(longest) // max(1, int(room))))


def _line(plot: _Plot, one: Series, place: int) -> list[str]:
    parts, path, is_pen_down = [], "", False
    dots = []
    for at, dot in enumerate(one.dots):
        if dot is None:
            is_pen_down = False
            continue
        x, y = number(plot.x(at)), number(plot.y(dot.share))
        path += f"{'L' if is_pen_down else 'M'}{x},{y}"
        is_pen_down = True
        kind = "dot hollow" if dot.is_small else "dot"
        dots.append(f'<circle class="{kind} series-{place % 4}" cx="{x}" cy="{y}" r="3.5"/>')
    if path:
        parts.append(f'<path class="series series-{place % 4}" d="{path}"/>')
    return [*parts, *dots]


def _names(plot: _Plot, series: Sequence[Series], promised: float | None) -> list[str]:
    """The names at the ends of the lines, moved apart where lines end close together."""
    ends = []
    if promised is not None:
        ends.append((plot.y(promised), _promise(promised, plot.language), "label"))
    for place, one in enumerate(series):
        last = next((dot for dot in reversed(one.dots) if dot is not None), None)
        if last is not None:
            ends.append((plot.y(last.share), one.name, f"name series-{place % 4}"))
    ends.sort()
    return [
        text_at(plot.right + 8, y + 4.5, name, kind)
        for y, (_, name, kind) in zip(_apart([y for y, _, _ in ends]), ends, strict=True)
    ]


def _apart(places: Sequence[float]) -> list[float]:
    """Heights as near to the given ones as they can be without touching, none below the plot."""
    found, lowest = [], _TOP - _APART
    for y in places:
        lowest = max(y, lowest + _APART)
        found.append(lowest)
    highest = _TOP + _HEIGHT + _APART
    for place in reversed(range(len(found))):
        highest = min(found[place], highest - _APART)
        found[place] = highest
    return found


def _promise(promised: float, language: Language) -> str:
    return language.say("charts.promised", share=_percent(promised, language))


def _percent(share: float, language: Language) -> str:
    tenths = round(share * 1000)
    return language.percent(f"{tenths // 10}.{tenths % 10}" if tenths % 10 else tenths // 10)
