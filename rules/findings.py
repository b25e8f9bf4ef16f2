# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a check, gathered one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.problems import Problem

if TYPE_CHECKING:
    from rules.policy import Where


class Findings:
    """Gathers findings; the same one twice counts once."""

    def __init__(self) -> None:
        self._found: set[Problem] = set()

    def add(self, where: Where, code: str, what: str, message: str, hint: str = "") -> None:
        """Report something at a place of a rule file."""
        place = (where.file, where.line, where.column)
        self._found.add(Problem(*place, code, what, message, hint))

    def sorted(self) -> list[Problem]:
        """All findings by place."""
        return sorted(self._found)
