# SPDX-License-Identifier: GPL-3.0-or-later
"""Percentiles by nearest rank: always a value that occurred, never one in between."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction


def nearest_rank(ordered: Sequence[int], share: Fraction) -> int:
    """The smallest value that at least `share` of the values do not exceed.

    Args:
        ordered: values in rising order, at least one.
        share: above 0, at most 1; one half is the median.

    Raises:
        ValueError: no values, or a share out of range.
    """
    if not ordered or not 0 < share <= 1:
        raise ValueError("a percentile needs values and a share above 0, at most 1")
    return ordered[ceil(share * len(ordered)) - 1]
