# SPDX-License-Identifier: GPL-3.0-or-later
"""A mistake in a rule file, collected as a value and never raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "finding"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, where, and what to do instead.

    `line` and `column` count from 1, columns in characters. `what` names the
    block ("tiers.standard"), empty where the file as a whole is meant.
    """

    file: str
    line: int
    column: int
    code: str
    what: str
    message: str
    hint: str = ""

    @property
    def level(self) -> Level:
        """STP0xx and STP1xx are errors, STP2xx and STP3xx findings."""
        return "error" if self.code[3] in "01" else "finding"

    def __str__(self) -> str:
        """`file:line:column CODE what: message; hint`."""
        head = f"{self.file}:{self.line}:{self.column} {self.code}"
        body = f"{self.what}: {self.message}" if self.what else self.message
        return f"{head} {body}; {self.hint}" if self.hint else f"{head} {body}"
