# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, what to do."""

    group: str
    name: str
    outcome: Outcome
    seen: str
    remedy: str = ""
