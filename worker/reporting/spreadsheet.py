# SPDX-License-Identifier: GPL-3.0-or-later
"""Cells that a spreadsheet may open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def safe_cells(cells: Iterable[object]) -> list[object]:
    """Cells that no spreadsheet takes for a formula; numbers stay as they are."""
    return [
        f"'{one}" if isinstance(one, str) and one.startswith(("=", "+", "-", "@", "\t")) else one
        for one in cells
    ]
