# SPDX-License-Identifier: GPL-3.0-or-later
"""Icons as SVG; decoration, the words beside them say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from worker.web.board.markup import Html

if TYPE_CHECKING:
    from worker.view.shapes import StateWord

_PATHS: Final = {
    "clock": '<circle cx="8" cy="8" r="6.25"/><path d="M8 4.5V8l2.5 1.5"/>',
    "warning": '<path d="M8 1.9 14.6 13.6H1.4ZM8 6.2v3.4M8 11.7v.1"/>',
    "alert": '<circle cx="8" cy="8" r="6.25"/><path d="M8 4.6v4M8 11v.1"/>',
    "pause": '<circle cx="8" cy="8" r="6.25"/><path d="M6.4 5.8v4.4M9.6 5.8v4.4"/>',
    "check": '<circle cx="8" cy="8" r="6.25"/><path d="m5.2 8.2 1.9 1.9 3.7-4"/>',
    "none": '<circle cx="8" cy="8" r="6.25"/><path d="M5.2 8h5.6"/>',
    "search": '<circle cx="7" cy="7" r="4.75"/><path d="m10.6 10.6 3.6 3.6"/>',
    "out": '<path d="M6.5 3.5h-3v9h9v-3M9 2.5h4.5V7M13.2 2.8 7.5 8.5"/>',
    "back": '<path d="M9.5 3.5 5 8l4.5 4.5"/>',
    "comment": '<path d="M2 3h12v8H8l-3.5 3v-3H2z"/>',
    "bell": '<path d="M3.5 11.5V7a4.5 4.5 0 0 1 9 0v4.5L14 13H2zM6.8 14.6h2.4"/>',
}

STATE_ICONS: Final[dict[StateWord, str]] = {
    "on_track": "clock",
    "at_risk": "warning",
    "overdue": "alert",
    "breached": "alert",
    "paused": "pause",
    "met": "check",
    "missed": "alert",
    "none": "none",
    "unknown": "none",
}


def icon(name: str) -> Html:
    """The icon of that name, in the colour of the text."""
    return Html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" '
        'focusable="false" fill="none" stroke="currentColor" stroke-width="1.5" '
        f'stroke-linecap="round" stroke-linejoin="round">{_PATHS[name]}</svg>'
    )
