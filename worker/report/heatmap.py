# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers by weekday and hour as a field of colours, each with its number where there is room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.report.drawing import LETTER, number, svg, text_at

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from worker.report.drawing import Picture

_ROW = 22.0
_STEPS = 5
_ROOM = 24.0
"""A field at least so wide shows its number."""

Place = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a heat map shows: rows and columns by name, and numbers where there are any.

    A place that is not in `numbers` is empty, which is not 0. `closed` places
    are hatched. `unit` is what the numbers are of.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    numbers: Mapping[Place, int]
    closed: Collection[Place] = ()
    unit: str = ""


def heatmap(picture: Picture, field: Field) -> str:
    """A field of colours in five steps, with the range of each step below."""
    left = 14 + (LETTER + 1) * max((len(row) for row in field.rows), default=0)
    width = (picture.width - left) / max(1, len(field.columns))
    most = max(field.numbers.values(), default=0)
    closed = set(field.closed)
    hatch = f"{picture.ident}-closed"
    parts = [_hatching(hatch), *_heads(field, left, width)]
    for row, name in enumerate(field.rows):
        top = 20 + row * _ROW
        parts.append(text_at(left - 6, top + 15, name, "label end"))
        for column in range(len(field.columns)):
            parts += _place(
                (left + column * width, top, width - 2),
                field.numbers.get((row, column)),
                most,
                hatch if (row, column) in closed else None,
            )
    below = 20 + len(field.rows) * _ROW
    keys = _keys(picture, most, hatch if closed else None)
    scale, bottom = _scale(keys, field.unit, (picture.width, below + 8))
    return svg(picture, bottom, [*parts, *scale])


def _hatching(ident: str) -> str:
    return (
        f'<defs><pattern id="{ident}" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6"/>'
        "</pattern></defs>"
    )


def _heads(field: Field, left: float, width: float) -> list[str]:
    """Names of columns, as many as there is room for."""
    longest = LETTER * max((len(one) for one in field.columns), default=0) + 6
    every = max(1, -(-int(longest) // max(1, int(width))))
    return [
        text_at(left + (column + 0.5) * width - 1, 13, name, "label middle")
        for column, name in enumerate(field.columns)
        if column % every == 0
    ]


def _place(
    at: tuple[float, float, float], value: int | None, most: int, hatch: str | None
) -> list[str]:
    left, top, width = at
    box = f'x="{number(left)}" y="{number(top)}" width="{number(max(1.0, width))}" height="20"'
    parts = []
    if value is not None:
        parts.append(f'<rect class="heat heat-{step_of(value, most)}" {box} rx="2"/>')
    if hatch is not None:
        parts.append(f'<rect fill="url(#{hatch})" {box} rx="2"/>')
    if value and width >= max(_ROOM, LETTER * len(str(value)) + 4):
        strong = " strong" if step_of(value, most) >= 4 else ""
        parts.append(text_at(left + width / 2, top + 14.5, str(value), f"number middle{strong}"))
    return parts


def step_of(value: int, most: int) -> int:
    """0 for nothing, else 1 to 5: in which fifth of the largest number a number lies."""
    if value <= 0 or most <= 0:
        return 0
    return min(_STEPS, -(-value * _STEPS // most))


def _keys(picture: Picture, most: int, hatch: str | None) -> list[tuple[str, str]]:
    """How each kind of place looks, and what it stands for; nothing where no number has it."""
    keys = [(f'class="heat heat-{step}"', _words(step, most)) for step in range(_STEPS + 1)]
    if hatch is not None:
        keys.append((f'fill="url(#{hatch})"', picture.language.say("charts.closed")))
    return keys


def _scale(
    keys: Sequence[tuple[str, str]], unit: str, room: tuple[float, float]
) -> tuple[list[str], float]:
    """Which numbers each colour stands for, in as many lines as that takes, and where it ends."""
    width, top = room
    parts, at = [], 0.0
    for look, words in keys:
        wide = 19 + (LETTER + 1) * len(words) + 10
        if not words:
            continue
        if at + wide > width and at:
            at, top = 0.0, top + _ROW
        box = f'x="{number(at)}" y="{number(top)}" width="14" height="14" rx="2"'
        parts += [f"<rect {look} {box}/>", text_at(at + 19, top + 11.5, words, "label")]
        at += wide
    if unit:
        if at + (LETTER + 1) * len(unit) > width:
            at, top = 0.0, top + _ROW
        parts.append(text_at(at, top + 11.5, unit, "label"))
    return parts, top + 20


def _words(step: int, most: int) -> str:
    """The numbers of a step, or nothing where it has none."""
    if step == 0:
        return "0"
    first, last = _range(step, most)
    if last < first:
        return ""
    return str(first) if first == last else f"{first}-{last}"


def _range(step: int, most: int) -> tuple[int, int]:
    """The smallest and largest number of a step; the largest is smaller where it has none."""
    return (step - 1) * most // _STEPS + 1, step * most // _STEPS
