# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-contained pages: one file without scripts, fonts or pictures from elsewhere."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDE, NARROW = 720, 350
"""Widths for which pictures are drawn, in the units of their letters."""

STYLE = "style.css"
"""The style sheet of all pages, beside this module."""


class Link(NamedTuple):
    """Text that leads somewhere, for the first cell of a row or a paragraph of its own."""

    text: str
    href: str

    def html(self) -> str:
        """The link itself."""
        return f'<a href="{escape(self.href)}">{escape(self.text)}</a>'

    def paragraph(self) -> str:
        """A paragraph that is nothing else."""
        return f'<p class="back">{self.html()}</p>'


def style_of_pages() -> str:
    """What stands in the style element of every page, byte for byte."""
    return f"\n{files('worker.report').joinpath(STYLE).read_text(encoding='utf-8')}"


def page(title: str, parts: Sequence[str], language: str = "en") -> str:
    """The whole document. `title` is text, `parts` are HTML, `language` is a code of theirs."""
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{escape(language)}">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{style_of_pages()}</style>",
            "</head>",
            "<body>",
            "<main>",
            *parts,
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def both_widths(draw: Callable[[int, str], str]) -> str:
    """A picture drawn for wide and for narrow windows, of which the page shows one.

    `draw` takes the width and what to add to the picture's id.
    """
    return (
        f'<div class="only-wide">{draw(WIDE, "")}</div>\n'
        f'<div class="only-narrow">{draw(NARROW, "-narrow")}</div>'
    )


def figure(title: str, draw: Callable[[int, str], str]) -> str:
    """A picture under its title, drawn as `both_widths` says."""
    return f"<figure>\n<figcaption>{escape(title)}</figcaption>\n{both_widths(draw)}\n</figure>"


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str | Link]],
    *,
    stacks: bool = False,
) -> str:
    """A table whose first column heads its rows; all cells are text, or links.

    Where the window is narrow it scrolls; one that `stacks` shows each row as a card instead.
    """
    names = head[1:] if stacks else [None] * (len(head) - 1)
    top = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "\n".join(
        f'<tr><th scope="row">{_linked(row[0])}</th>'
        + "".join(map(_data, row[1:], names))
        + "</tr>"
        for row in rows
    )
    kind = ' class="short"' if len(rows) <= _MOST_TOGETHER else ""
    look = "stacks" if stacks else "slim" if len(head) <= _MOST_SLIM else "wide"
    # Wide tables scroll, and so must be reachable without a mouse.
    return (
        f"<figure{kind}>\n<figcaption>{escape(caption)}</figcaption>\n"
        f'<div class="wide-table" role="region" tabindex="0" aria-label="{escape(caption)}">\n'
        f'<table class="{look}">\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody>\n'
        "</table>\n"
        "</div>\n</figure>"
    )


def _data(cell: str | Link, name: str | None) -> str:
    """A cell; `name` is that of its column, for where the table's head is not shown."""
    shown, kind = _linked(cell, _cell), ""
    if isinstance(cell, str):
        kind = "said" if _is_sentence(cell) else "tied" if _DAY.fullmatch(cell) else ""
    look = f' class="{kind}"' if kind else ""
    label = "" if name is None else f' data-label="{escape(name)}"'
    return f"<td{look}{label}>{shown}</td>"


def _is_sentence(text: str) -> bool:
    """Whether a text is to be read; a long sum is not."""
    return len(text) > _LONGEST_TIED and sum(map(str.isalpha, text)) * 2 > len(text)


def _linked(cell: str | Link, write: Callable[[str], str] = escape) -> str:
    return cell.html() if isinstance(cell, Link) else write(cell)


_LONGEST_TIED = 40
"""A longer text in a table may break anywhere: it is a sentence."""

_MOST_TOGETHER = 12
"""A table of no more rows is printed on one sheet."""

_MOST_SLIM = 4
"""A table of no more columns fits into a phone's width."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?")
"""A date, and the time of day behind it, which must not break at their hyphens."""


def _cell(text: str) -> str:
    """Text that may break before a bracket or an arrow only."""
    if len(text) > _LONGEST_TIED:
        return escape(text)
    tied = escape(text).replace(" ", "&nbsp;")
    for mark in ("(", "\N{RIGHTWARDS ARROW}"):
        tied = tied.replace(f"&nbsp;{mark}", f" {mark}")
    return tied


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def heading(text: str) -> str:
    """The heading of a section."""
    return f"<h2>{escape(text)}</h2>"


def cards(numbers: Sequence[tuple[str, str]]) -> str:
    """Numbers that a reader sees first, each over what it counts."""
    items = "\n".join(f"<li><b>{escape(n)}</b> {escape(what)}</li>" for n, what in numbers)
    return f'<ul class="cards">\n{items}\n</ul>'
