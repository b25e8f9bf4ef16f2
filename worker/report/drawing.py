# SPDX-License-Identifier: GPL-3.0-or-later
"""What all pictures are made of: the frame with title and description, texts, numbers.

A picture takes its colours from the page (`currentColor` and CSS variables),
so that it follows light, dark and print.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from worker.reporting.language import ENGLISH, Language

if TYPE_CHECKING:
    from collections.abc import Sequence

LETTER = 7.2
"""Width that is kept for a letter, in the units of the picture; letters are 13 high."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What every picture has: an id that is unique on its page, what it tells, and a language."""

    ident: str
    title: str
    finding: str
    width: int
    language: Language = ENGLISH


def svg(picture: Picture, height: float, parts: Sequence[str]) -> str:
    """The whole picture: a frame that scales, a title, a description, and its parts."""
    ident, width = quoteattr(picture.ident), picture.width
    title, desc = quoteattr(f"{picture.ident}-title"), quoteattr(f"{picture.ident}-desc")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id={ident} class="chart" role="img" '
        f'viewBox="0 0 {width} {number(height)}" width="100%" '
        f"aria-labelledby={title} aria-describedby={desc}>"
    )
    head = [
        f"<title id={title}>{safe(picture.title)}</title>",
        f"<desc id={desc}>{safe(picture.finding)}</desc>",
    ]
    return "\n".join([opening, *head, *parts, "</svg>"])


def text_at(x: float, y: float, text: str, kind: str) -> str:
    """A text whose base line begins at a point; `kind` are style classes."""
    return f'<text class="{kind}" x="{number(x)}" y="{number(y)}">{safe(text)}</text>'


def rule_at(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line; `kind` are style classes."""
    return (
        f'<line class="{kind}" x1="{number(x1)}" y1="{number(y1)}" '
        f'x2="{number(x2)}" y2="{number(y2)}"/>'
    )


def cut(text: str, width: float) -> str:
    """A text cut to what fits into a width."""
    most = int(width / (LETTER + 0.6))
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def count(n: int) -> str:
    """A whole number with its thousands apart."""
    return f"{n:,}"


def number(value: float) -> str:
    """A coordinate with one decimal at most."""
    rounded = f"{value:.1f}"
    return rounded.removesuffix(".0")


def safe(text: str) -> str:
    """Text as XML may hold it; blanks that do not break a line stay."""
    return escape("".join(one for one in text if one.isprintable() or one in "\u00a0\u202f"))
