# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as SVG text: no scripts, no dependencies, the same input gives the same bytes.

A picture takes its colours from the page (`currentColor` and CSS variables),
so that it follows light, dark and print. Its title and description state the
finding, every bar and band carries its number, and nothing is told by colour
alone. Pictures scale down badly: a page draws a narrow and a wide one and
shows the one that fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.report.drawing import LETTER, Picture, count, cut, number, rule_at, svg, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROW = 22
_BAR = 15
_MOST_BESIDE = 0.38
"""Labels that take more of the width than that stand above their bars, and are not cut."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from 0: `share` of the longest possible one, and the text at its end.

    `kind` is a style: `before`, `after`, `shift`. A share of None
    is a bar that cannot be drawn because there is nothing to draw.
    """

    label: str
    share: float | None
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """Bars that belong together, under a heading of their own."""

    heading: str
    bars: tuple[Bar, ...]


def bars(picture: Picture, groups: Sequence[Group]) -> str:
    """Horizontal bars in groups, each with its label before it and its number behind it.

    Where a label is too long for that, all stand above their bars.
    """
    shown = [bar for group in groups for bar in group.bars]
    left = 10 + (LETTER + 0.8) * max((len(bar.label) for bar in shown), default=0)
    is_above = left > picture.width * _MOST_BESIDE
    left = 1.0 if is_above else left
    right = 8 + (LETTER + 0.8) * max((len(bar.text) for bar in shown), default=0)
    room = max(20.0, picture.width - left - right)
    parts: list[str] = []
    top = 4.0
    for group in groups:
        if group.heading:
            parts.append(text_at(0, top + 13, cut(group.heading, picture.width), "heading"))
            top += _ROW
        begun = top
        for bar in group.bars:
            if is_above:
                label = cut(bar.label, picture.width - left)
                parts.append(text_at(left + 6, top + 11, label, "label"))
                top += _BAR + 1
            else:
                parts.append(text_at(left - 6, top + _BAR / 2 + 4.5, bar.label, "label end"))
            parts += _bar(bar, left, top, room)
            top += _ROW
        if group.bars:  # beside the bars alone: it must not run through headings
            parts.append(rule_at(left, begun - 4, left, top, "axis"))
        top += 8 if group.heading else 0
    return svg(picture, top + 2, parts)


def _bar(bar: Bar, left: float, top: float, room: float) -> list[str]:
    middle = top + _BAR / 2 + 4.5
    parts = []
    length = 0.0
    if bar.share is not None:
        length = room * min(1.0, max(0.0, bar.share))
        if bar.share > 0:
            length = max(length, 1.5)  # something is never drawn as nothing
        parts.append(
            f'<rect class="{bar.kind}" x="{number(left)}" y="{number(top)}" '
            f'width="{number(length)}" height="{_BAR}"/>'
        )
    parts.append(text_at(left + length + 6, middle, bar.text, "number"))
    return parts


@dataclass(frozen=True, slots=True)
class Column:
    """A column over its label; an empty label is none. `kind` is a style."""

    label: str
    number: int
    kind: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the time axis in shares of it, from 0 to 1, behind everything; `kind` a style."""

    start: float
    end: float
    kind: str


_COLUMN_HEIGHT = 84.0


def columns(picture: Picture, drawn: Sequence[Column], behind: Sequence[Stretch]) -> str:
    """Columns along time, each with its number on top, before the stretches they fall in."""
    top, width = 20.0, float(picture.width)
    ground = top + _COLUMN_HEIGHT
    most = max((one.number for one in drawn), default=0)
    pitch = width / max(1, len(drawn))
    parts = [
        f'<rect class="{one.kind}" x="{number(one.start * width)}" y="0" '
        f'width="{number((one.end - one.start) * width)}" height="{number(ground)}"/>'
        for one in behind
    ]
    for place, one in enumerate(drawn):
        left = place * pitch
        if one.number:
            height = max(3.0, _COLUMN_HEIGHT * one.number / most)
            parts.append(
                f'<rect class="column {one.kind}" x="{number(left + pitch * 0.12)}" '
                f'y="{number(ground - height)}" width="{number(pitch * 0.76)}" '
                f'height="{number(height)}" rx="2"/>'
            )
            at = ground - height - 5
            parts.append(text_at(left + pitch / 2, at, count(one.number), "number middle"))
        if one.label:
            parts.append(rule_at(left, ground, left, ground + 5, "axis"))
            parts.append(text_at(left + 4, ground + 16, one.label, "label"))
    axis = rule_at(0, ground, width, ground, "axis")
    return svg(picture, ground + 22, [*parts, axis])


_Flow = tuple[str, str]
_GAP = 14.0
_NODE = 10.0


def flow(
    picture: Picture, flows: Mapping[_Flow, int], order: Sequence[str], words: Mapping[str, str]
) -> str:
    """Bands from what things were, on the left, to what they become, on the right.

    Args:
        picture: id, title, finding and width.
        flows: how many go from one kind to another.
        order: the kinds from top to bottom; their names are styles.
        words: what the kinds are called.
    """
    total = sum(flows.values())
    kinds = [kind for kind in order if any(kind in pair for pair in flows)]
    scale = 190.0 / total if total else 0.0
    left = _stacked(kinds, flows, 0, scale)
    right = _stacked(kinds, flows, 1, scale)
    margin = 16 + LETTER * max(
        (len(f"{words[kind]} {count(n)}") for side in (left, right) for kind, _, n in side),
        default=0,
    )
    x1, x2 = margin, picture.width - margin
    bands = _bands(kinds, flows, (left, right), (x1 + _NODE, x2 - _NODE), scale)
    nodes = [
        *_nodes(left, x1, words, scale, at_left=True),
        *_nodes(right, x2 - _NODE, words, scale, at_left=False),
    ]
    height = 24 + max((_bottom(side, scale) for side in (left, right)), default=0.0)
    heads = [
        text_at(x1 + _NODE, 13, "before", "label end"),
        text_at(x2 - _NODE, 13, "after", "label"),
    ]
    return svg(picture, height, [*heads, *bands, *nodes])


_Stack = list[tuple[str, float, int]]
"""Kind, upper edge and number of each node of one side."""


def _stacked(kinds: Sequence[str], flows: Mapping[_Flow, int], side: int, scale: float) -> _Stack:
    found: _Stack = []
    top = 24.0
    for kind in kinds:
        n = sum(number for pair, number in flows.items() if pair[side] == kind)
        if n:
            found.append((kind, top, n))
            top += max(n * scale, 4.0) + _GAP
    return found


def _bottom(side: _Stack, scale: float) -> float:
    # The label of a thin node at the end reaches below it.
    return max((top - 24 + max(n * scale, 4.0, _BAR - 2.0) for _, top, n in side), default=0.0)


def _bands(
    kinds: Sequence[str],
    flows: Mapping[_Flow, int],
    sides: tuple[_Stack, _Stack],
    between: tuple[float, float],
    scale: float,
) -> list[str]:
    starts, ends = ({kind: top for kind, top, _ in side} for side in sides)
    x1, x2 = between
    middle = (x1 + x2) / 2
    parts: list[str] = []
    for before in kinds:
        for after in kinds:
            n = flows.get((before, after), 0)
            if not n:
                continue
            y1, y2, thick = starts[before], ends[after], max(n * scale, 1.0)
            starts[before] += n * scale
            ends[after] += n * scale
            parts.append(
                f'<path class="band {after}" d="M{number(x1)},{number(y1)}'
                f"C{number(middle)},{number(y1)} {number(middle)},{number(y2)} "
                f"{number(x2)},{number(y2)}"
                f"V{number(y2 + thick)}"
                f"C{number(middle)},{number(y2 + thick)} {number(middle)},{number(y1 + thick)} "
                f'{number(x1)},{number(y1 + thick)}Z"/>'
            )
            if thick >= 14:  # where bands begin they do not cross each other yet
                parts.append(text_at(x1 + 6, y1 + thick / 2 + 4.5, count(n), "number"))
    return parts


def _nodes(
    side: _Stack, x: float, words: Mapping[str, str], scale: float, *, at_left: bool
) -> list[str]:
    parts: list[str] = []
    for kind, top, n in side:
        height = max(n * scale, 4.0)
        parts.append(
            f'<rect class="node {kind}" x="{number(x)}" y="{number(top)}" '
            f'width="{number(_NODE)}" height="{number(height)}"/>'
        )
        label = f"{words[kind]} {count(n)}"
        at = top + height / 2 + 4.5
        if at_left:
            parts.append(text_at(x - 6, at, label, "label end"))
        else:
            parts.append(text_at(x + _NODE + 6, at, label, "label"))
    return parts
