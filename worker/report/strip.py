# SPDX-License-Identifier: GPL-3.0-or-later
"""How far things were over: a tick for each case on an axis of hours, the median marked."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rules.percentiles import nearest_rank
from worker.report.drawing import LETTER, number, rule_at, svg, text_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.report.drawing import Picture
    from worker.reporting.language import Language

_TOP, _TICK, _EDGE = 22.0, 26.0, 12.0
_MARKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


def strip(picture: Picture, seconds: Sequence[int]) -> str:
    """One tick for each case; cases that fall on one point of the picture share it.

    Args:
        picture: id, title, finding and width.
        seconds: how far each case was over, from 0.
    """
    language = picture.language
    ordered = sorted(max(0, one) for one in seconds)
    if not ordered:
        return svg(picture, 30, [text_at(0, 18, language.say("charts.no_cases"), "label")])
    hours = ordered[-1] / 3600
    step = next((one for one in _MARKS if hours / one <= 6), _MARKS[-1])
    end = max(step, -(-ordered[-1] // (3600 * step)) * step)
    room = picture.width - 2 * _EDGE

    def x(at: float) -> float:
        return _EDGE + room * at / (end * 3600)

    ground = _TOP + _TICK
    parts = [rule_at(_EDGE, ground, picture.width - _EDGE, ground, "axis")]
    parts += [_ticks(ordered, x)]
    parts += _axis((step, end), x, ground, language)
    middle = nearest_rank(ordered, Fraction(1, 2))
    parts.append(rule_at(x(middle), 14, x(middle), ground + 4, "median"))
    n, half = language.number(len(ordered)), language.hours(middle)
    words = language.say("charts.median", duration=half, n=n)
    is_right = x(middle) > picture.width - LETTER * len(words)
    parts.append(text_at(x(middle), 10, words, "label end" if is_right else "label"))
    return svg(picture, ground + 24, parts)


def _ticks(ordered: Sequence[int], x: Callable[[float], float]) -> str:
    """All ticks as one path: ten thousand of them are no slower to show than ten."""
    places = sorted({number(x(one)) for one in ordered}, key=float)
    path = "".join(f"M{place},{number(_TOP + 2)}v{number(_TICK - 2)}" for place in places)
    return f'<path class="tick" d="{path}"/>'


def _axis(
    marks: tuple[int, int], x: Callable[[float], float], ground: float, language: Language
) -> list[str]:
    step, end = marks
    parts = []
    for hour in range(0, end + 1, step):
        at = x(hour * 3600)
        kind = "label" if hour == 0 else "label end" if hour == end else "label middle"
        words = language.say("format.hour", hour=language.number(hour))
        parts.append(rule_at(at, ground, at, ground + 4, "axis"))
        parts.append(text_at(at, ground + 18, words, kind))
    return parts
