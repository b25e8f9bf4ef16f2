# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers by weekday and hour as a field of colours, each with its number.

Where the columns are too narrow for numbers, as on a phone, rows and columns change places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    are hatched, and so, the other way, are those in `few`: their numbers are
    of too few cases, which `few_means` says. `unit` is what the numbers are of.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    numbers: Mapping[Place, int]
    closed: Collection[Place] = ()
    unit: str = ""
    few: Collection[Place] = ()
    few_means: str = ""

    def turned(self) -> Field:
        """The same with rows as columns, from the first to the last that has a number."""
        found = sorted({column for _, column in self.numbers}) or [0, len(self.columns) - 1]
        kept = range(found[0], found[-1] + 1)
        return replace(
            self,
            rows=[self.columns[column] for column in kept],
            columns=self.rows,
            numbers={(column - kept[0], row): n for (row, column), n in self.numbers.items()},
            closed={(column - kept[0], row) for row, column in self.closed if column in kept},
            few={(column - kept[0], row) for row, column in self.few},
        )

    def left(self) -> float:
        """The room that names of rows take."""
        return 14 + (LETTER + 1) * max((len(row) for row in self.rows), default=0)

    def column_width(self, width: float) -> float:
        """How wide a column is in a picture of a width."""
        return (width - self.left()) / max(1, len(self.columns))


def heatmap(picture: Picture, field: Field) -> str:
    """A field of colours in five steps, with the range of each step below."""
    most = max(field.numbers.values(), default=0)
    shown = field if _has_room(field, picture.width, most) else field.turned()
    left, width = shown.left(), shown.column_width(picture.width)
    hatches = {"closed": set(shown.closed), "few": set(shown.few)}
    slopes = {"closed": 45, "few": -45}
    used = [name for name, places in hatches.items() if places]
    parts = [*(_hatching(picture, name, slopes[name]) for name in used)]
    parts += _heads(shown, left, width)
    for row, name in enumerate(shown.rows):
        top = 20 + row * _ROW
        parts.append(text_at(left - 6, top + 15, name, "label end"))
        for column in range(len(shown.columns)):
            over = [_fill(picture, each) for each in used if (row, column) in hatches[each]]
            value = shown.numbers.get((row, column))
            parts += _place((left + column * width, top, width - 2), value, most, over)
    below = 20 + len(shown.rows) * _ROW
    keys = _keys(picture, field, most, used)
    scale, bottom = _scale(keys, field.unit, (picture.width, below + 8))
    return svg(picture, bottom, [*parts, *scale])


def _has_room(field: Field, width: float, most: int) -> bool:
    """Whether places are wide enough for their numbers, or would not be wider the other way."""
    needed = max(_ROOM, LETTER * len(str(most)) + 4) + 2
    is_wider = field.turned().column_width(width) > field.column_width(width)
    return field.column_width(width) >= needed or not is_wider


def _hatching(picture: Picture, name: str, slope: int) -> str:
    return (
        f'<defs><pattern id="{picture.ident}-{name}" width="6" height="6" '
        f'patternUnits="userSpaceOnUse" patternTransform="rotate({slope})">'
        '<line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
    )


def _fill(picture: Picture, name: str) -> str:
    return f'fill="url(#{picture.ident}-{name})"'


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
    at: tuple[float, float, float], value: int | None, most: int, over: Sequence[str]
) -> list[str]:
    """A place with its number; `over` are the hatches over it."""
    left, top, width = at
    box = f'x="{number(left)}" y="{number(top)}" width="{number(max(1.0, width))}" height="20"'
    parts = []
    if value is not None:
        parts.append(f'<rect class="heat heat-{step_of(value, most)}" {box} rx="2"/>')
    parts += [f'<rect {fill} {box} rx="2"/>' for fill in over]
    if value and width >= max(_ROOM, LETTER * len(str(value)) + 4):
        strong = " strong" if step_of(value, most) >= 4 else ""
        parts.append(text_at(left + width / 2, top + 14.5, str(value), f"number middle{strong}"))
    return parts


def step_of(value: int, most: int) -> int:
    """0 for nothing, else 1 to 5: in which fifth of the largest number a number lies."""
    if value <= 0 or most <= 0:
        return 0
    return min(_STEPS, -(-value * _STEPS // most))


def _keys(picture: Picture, field: Field, most: int, used: Sequence[str]) -> list[tuple[str, str]]:
    """How each kind of place looks, and what it stands for; nothing where no number has it."""
    keys = [(f'class="heat heat-{step}"', _words(step, most)) for step in range(_STEPS + 1)]
    means = {"closed": picture.language.say("charts.closed"), "few": field.few_means}
    return keys + [(_fill(picture, name), means[name]) for name in used]


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
        if look.startswith("fill"):  # a hatch alone has no edge
            parts.append(f'<rect class="heat" {box}/>')
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
