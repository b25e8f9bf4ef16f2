# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact amounts, and the one rounding to what can be paid."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from rules.currencies import MINOR_UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

_WITH_COMMA = re.compile(r"([0-9]{1,3}(?:[. '][0-9]{3})+|[0-9]+),([0-9]{1,2}|-)")
_WITH_POINT = re.compile(r"([0-9]{1,3}(?:[, '_][0-9]{3})+)(\.[0-9]{1,2})?")
_MILLIONS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){2,}")


def plain_amount(text: str) -> str:
    """What was probably meant by `2.000,00`, `2,000.00` or `900,-`; nothing where that is open."""
    if found := _WITH_COMMA.fullmatch(text):
        return f"{_digits(found[1])}.{found[2].replace('-', '00')}"
    if found := _WITH_POINT.fullmatch(text):
        return f"{_digits(found[1])}{found[2] or ''}"
    return _digits(text) if _MILLIONS.fullmatch(text) else ""


def _digits(grouped: str) -> str:
    return re.sub(r"[^0-9]", "", grouped)


def rounded(amount: Fraction, currency: str) -> Decimal:
    """The amount in the currency's smallest unit, half of one away from zero.

    Raises:
        ValueError: an unknown currency.
    """
    return _of_units(_units(amount, currency), currency)


def rounded_to_total(
    amounts: Sequence[Fraction], total: Decimal, currency: str, most: Sequence[Decimal]
) -> tuple[Decimal, ...]:
    """The amounts rounded so that together they make the total, and none exceeds its own `most`.

    Each is rounded down; what is missing goes to the largest remainders, the
    earlier one first where two are equal. What none of them may take is left out.

    Raises:
        ValueError: the total is not that of the amounts rounded up or down.
    """
    scale = 10 ** _decimals(currency)
    whole = [int(amount * scale // 1) for amount in amounts]
    missing = int(total * scale) - sum(whole)
    if not 0 <= missing <= len(amounts):
        raise ValueError("the total is not that of the amounts")
    by_remainder = sorted(
        (index for index, limit in enumerate(most) if whole[index] < int(limit * scale)),
        key=lambda index: (whole[index] - amounts[index] * scale, index),
    )
    for index in by_remainder[:missing]:
        whole[index] += 1
    return tuple(_of_units(units, currency) for units in whole)


def _units(amount: Fraction, currency: str) -> int:
    scaled = abs(amount) * 10 ** _decimals(currency)
    units = int((scaled + Fraction(1, 2)) // 1)
    return units if amount >= 0 else -units


def _of_units(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-_decimals(currency))


def _decimals(currency: str) -> int:
    if currency not in MINOR_UNITS:
        raise ValueError(f"{currency} is not a currency")
    return MINOR_UNITS[currency]
