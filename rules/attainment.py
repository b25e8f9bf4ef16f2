# SPDX-License-Identifier: GPL-3.0-or-later
"""How many promises were kept: exact counts, never a share without its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.verdict import State


@dataclass(frozen=True, slots=True)
class Attainment:
    """Cycles by what they came to.

    `breached` holds those that are open and past their due as well. What is
    not due yet, excluded or cancelled has no part in the share that was kept.
    """

    met: int = 0
    breached: int = 0
    not_due: int = 0
    excluded: int = 0
    cancelled: int = 0

    @classmethod
    def of(cls, states: Iterable[tuple[State, int]]) -> Attainment:
        """The counts of cycles in these states."""
        counts = dict.fromkeys(("met", "breached", "not_due", "excluded", "cancelled"), 0)
        for state, n in states:
            counts[_COUNTED_AS.get(state, state)] += n
        return cls(**counts)

    @property
    def n_decided(self) -> int:
        """The denominator: met or breached."""
        return self.met + self.breached

    @property
    def share(self) -> Fraction | None:
        """The share that was met; None where nothing was decided, which is not everything."""
        return Fraction(self.met, self.n_decided) if self.n_decided else None

    @property
    def percent(self) -> str:
        """The share in percent, rounded half up to one decimal, or "n/a"."""
        return percent_of(self.met, self.n_decided)


def percent_of(numerator: int, denominator: int) -> str:
    """A share in percent, rounded half up to one decimal, or "n/a" of nothing.

    For reading; nothing is decided by it.
    """
    if not denominator:
        return "n/a"
    tenths = (numerator * 2000 + denominator) // (2 * denominator)
    return f"{tenths // 10}.{tenths % 10}"


_COUNTED_AS: dict[State, str] = {
    "breached_open": "breached",
    "running": "not_due",
    "paused": "not_due",
}
