# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a message in the markup that a channel shows: none, Markdown or HTML.

Every word of a line is escaped: names of customers and tiers are other
people's text. The only markup in a message is what is written here.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Chats do not agree on how to escape (Slack shows backslashes), so what would
# be markup becomes a character that looks like it and means nothing.
_LOOKALIKES = str.maketrans(
    {
        "*": "\u2217",
        "`": "\u02cb",
        "~": "\u223c",
        "[": "\uff3b",
        "]": "\uff3d",
        "|": "\u2223",
        "\\": "\uff3c",
        "<": "\u2039",
        ">": "\u203a",
    }
)
_EMPHASIS = re.compile(r"(?<!\w)_|_(?!\w)")
_FIRST = re.compile(r"^(?=[#+=-]|\d+[.)])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; where it has a link, the whole line leads there."""

    text: str
    link: str | None = None


def plain(lines: Iterable[Line]) -> str:
    """Text without any markup; an address stands behind its line."""
    return "\n".join(f"{one.text}: {one.link}" if one.link else one.text for one in lines)


def markdown(lines: Iterable[Line]) -> str:
    """CommonMark, a paragraph a line, so that no channel runs them together."""
    return "\n\n".join(_markdown_line(one) for one in lines)


def _markdown_line(line: Line) -> str:
    text = escaped_markdown(line.text)
    return f"[{text}](<{_address(line.link)}>)" if line.link else text


def escaped_markdown(text: str) -> str:
    """Text that every dialect of Markdown shows as it is, or nearly so."""
    plain_text = _EMPHASIS.sub("\uff3f", text.translate(_LOOKALIKES))
    return _FIRST.sub("\u200b", plain_text)


def bold_markdown(text: str) -> str:
    """Text in bold."""
    return f"**{escaped_markdown(text)}**"


def as_html(subject: str, lines: Iterable[Line]) -> str:
    """A small page for mails: no style sheets, images or scripts."""
    paragraphs = "\n".join(f"<p>{_html_line(one)}</p>" for one in lines)
    title = html.escape(subject)
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<p><strong>{title}</strong></p>\n{paragraphs}\n</body></html>\n"
    )


def _html_line(line: Line) -> str:
    text = html.escape(line.text)
    if line.link is None:
        return text
    return f'<a href="{html.escape(_address(line.link))}">{text}</a>'


def _address(link: str | None) -> str:
    """An address that cannot end the place it stands in."""
    return re.sub(r"[\s<>()\"'\\]", "", link or "")
