# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML from Python: whatever is not HTML already is escaped."""

from __future__ import annotations

from html import escape
from typing import Final

Child = str | None
Value = str | int | float | bool | None

_VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def e(name: str, /, *children: Child, **attributes: Value) -> Html:
    """An element; children that are text are escaped, those that are None left out.

    An attribute's name loses a trailing underscore (`class_`), other underscores become hyphens
    (`data_due`). True is an attribute without a value, False and None are none.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{head}>")
    return Html(f"<{name}{head}>{together(*children)}</{name}>")


def together(*children: Child) -> Html:
    """Several pieces after each other."""
    return Html("".join(_piece(one) for one in children if one is not None))


def _piece(child: str) -> str:
    return child if isinstance(child, Html) else escape(child, quote=False)


def _attribute(key: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
