# SPDX-License-Identifier: GPL-3.0-or-later
"""What a missed obligation costs: bands, amounts per breach, caps; each step can be recomputed.

Amounts are exact fractions until a line is printed; only then they are rounded,
half up, to the currency's smallest unit.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import msgspec

from rules.calendar_zones import time_zone
from rules.money import rounded, rounded_to_total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rules.obligations import Assessment
    from rules.policy import Commitment
    from rules.promises import Consequence, CreditBand, Fee, Obligation

Because = Literal[
    "owed",
    "kept",
    "no_breach",
    "too_few",
    "nothing_counted",
    "no_level",
    "no_consequence",
    "best_effort",
    "no_fee",
    "no_fee_in_period",
]
StepName = Literal["fee", "band", "per_breach", "cap", "contract_cap", "rounded"]


class CreditStep(msgspec.Struct, frozen=True):
    """One step of a calculation: arithmetic of exact numbers, and what it gives.

    `formula` knows numbers (`2000.00`, `16/31`), `*`, `/`, `min(a, b)` and
    `round(a, decimals)`, which rounds half up. It holds nothing but what the
    rules and the counts say and results of earlier steps, so anybody can
    recompute it.
    """

    name: StepName
    formula: str
    result: Fraction


class PeriodFee(msgspec.Struct, frozen=True):
    """The fee of a period, exact. The full fee is the basis of caps and shares."""

    amount: Fraction
    currency: str
    steps: tuple[CreditStep, ...]


class Credit(msgspec.Struct, frozen=True):
    """What one obligation costs, before the contract's cap and before rounding.

    `because` says why it is what it is. `is_capped`: the obligation's own cap
    took something away.
    """

    obligation: str
    amount: Fraction
    because: Because
    steps: tuple[CreditStep, ...] = ()
    is_capped: bool = False


class CreditLine(msgspec.Struct, frozen=True):
    """A credit as it is printed and paid."""

    obligation: str
    amount: Decimal
    because: Because
    steps: tuple[CreditStep, ...] = ()
    is_capped: bool = False


class Settlement(msgspec.Struct, frozen=True):
    """All credits of one period of a contract. `total` is the sum of the lines."""

    lines: tuple[CreditLine, ...]
    total: Decimal
    is_capped: bool


def period_fee(fee: Fee, months: Fraction) -> PeriodFee:
    """The fee of a period that stands for so many months."""
    amount = Fraction(fee.amount) * months
    step = CreditStep("fee", f"{fee.amount} * {months}", amount)
    return PeriodFee(amount, fee.currency, (step,))


def credit(
    obligation: Obligation,
    assessment: Assessment,
    fee: PeriodFee | None,
    commitment: Commitment | None,
) -> Credit:
    """What an obligation costs, given what became of it.

    A credit per breach is owed for every breach, also where the level is kept
    or too few were counted to judge it; a band only where it is missed.

    Args:
        obligation: with its consequence.
        assessment: its counts.
        fee: the fee of the period, None where none is agreed.
        commitment: a best effort owes nothing.
    """
    consequence = obligation.otherwise
    if consequence is None or not consequence.gives_credit:
        return Credit(obligation.name, Fraction(0), "no_consequence")
    if commitment == "best_effort":
        return Credit(obligation.name, Fraction(0), "best_effort")
    if fee is None:
        return Credit(obligation.name, Fraction(0), "no_fee")
    if not fee.amount:
        return Credit(obligation.name, Fraction(0), "no_fee_in_period")
    if consequence.per_breach is not None:
        return _per_breach(obligation, consequence, assessment, fee)
    return _by_band(obligation, consequence, assessment, fee)


def _per_breach(
    obligation: Obligation, consequence: Consequence, assessment: Assessment, fee: PeriodFee
) -> Credit:
    size, breaches = consequence.per_breach, assessment.tally.breaches
    if size is None or not breaches:
        nothing: Because = "no_breach" if assessment.n_decided else "nothing_counted"
        return Credit(obligation.name, Fraction(0), nothing)
    if size.amount is not None:
        formula, each = f"{breaches} * {size.amount}", Fraction(size.amount)
    else:
        each = fee.amount * (size.share_of_fee or 0)
        formula = f"{breaches} * {size.share_of_fee} * {fee.amount}"
    step = CreditStep("per_breach", formula, breaches * each)
    return _capped(obligation, consequence, step, fee)


def _by_band(
    obligation: Obligation, consequence: Consequence, assessment: Assessment, fee: PeriodFee
) -> Credit:
    share = assessment.share
    if share is None:
        return Credit(obligation.name, Fraction(0), "nothing_counted")
    if assessment.level is None:
        return Credit(obligation.name, Fraction(0), "no_level")
    if assessment.result == "too_few":
        return Credit(obligation.name, Fraction(0), "too_few")
    band = band_of(consequence.credit, share)
    if band is None:
        return Credit(obligation.name, Fraction(0), "kept")
    amount = fee.amount * band.share_of_fee
    step = CreditStep("band", f"{band.share_of_fee} * {fee.amount}", amount)
    return _capped(obligation, consequence, step, fee)


def band_of(bands: Sequence[CreditBand], share: Fraction) -> CreditBand | None:
    """Of all bands that a share falls into, the worst; None where it falls into none.

    A share that equals a band's level is not in it.
    """
    below = [band for band in bands if band.edge == "below" and share < band.level]
    above = [band for band in bands if band.edge == "above" and share > band.level]
    if below:
        return min(below, key=lambda band: band.level)
    return max(above, key=lambda band: band.level, default=None)


def _capped(
    obligation: Obligation, consequence: Consequence, step: CreditStep, fee: PeriodFee
) -> Credit:
    """The obligation's own cap; without one the fee of the period is the cap."""
    cap = min(Fraction(1) if consequence.cap is None else consequence.cap, Fraction(1))
    most = fee.amount * cap
    if step.result <= most:
        return Credit(obligation.name, step.result, "owed", (*fee.steps, step))
    limit = CreditStep("cap", f"min({step.result}, {cap} * {fee.amount})", most)
    return Credit(obligation.name, most, "owed", (*fee.steps, step, limit), is_capped=True)


def settle(owed: Sequence[Credit], fee: PeriodFee | None, cap: Fraction | None) -> Settlement:
    """The credits of one period of a contract, under its cap and rounded.

    What exceeds the cap is taken from all credits in proportion. Each line is
    rounded once; lines that are cut, or whose roundings would exceed the cap,
    are rounded so that they add up to it. No line is more than it would be alone.

    Args:
        owed: what each obligation costs.
        fee: the fee of the period.
        cap: all credits together, as a share of the fee; never more than all of it.
    """
    if fee is None:
        lines = tuple(_line(one, Decimal(0), one.steps) for one in owed)
        return Settlement(lines, Decimal(0), is_capped=False)
    share = min(Fraction(1) if cap is None else cap, Fraction(1))
    most, total = fee.amount * share, sum((one.amount for one in owed), Fraction(0))
    alone = tuple(rounded(one.amount, fee.currency) for one in owed)
    limit = rounded(most, fee.currency)
    if total > most:
        cut = [_cut(one, total, f"{share} * {fee.amount}", most) for one in owed]
        amounts = rounded_to_total([one.amount for one in cut], limit, fee.currency, alone)
        return _settled(cut, amounts, fee.currency, is_capped=True)
    if sum(alone) > limit:
        alone = rounded_to_total([one.amount for one in owed], limit, fee.currency, alone)
    return _settled(owed, alone, fee.currency, is_capped=False)


def _cut(one: Credit, total: Fraction, cap: str, most: Fraction) -> Credit:
    if not one.amount:
        return one
    step = CreditStep(
        "contract_cap", f"{one.amount} * {cap} / ({total})", one.amount * most / total
    )
    return Credit(one.obligation, step.result, one.because, (*one.steps, step), one.is_capped)


def _settled(
    owed: Sequence[Credit], amounts: Sequence[Decimal], currency: str, *, is_capped: bool
) -> Settlement:
    zero = rounded(Fraction(0), currency)
    lines = []
    for one, amount in zip(owed, amounts, strict=True):
        steps = (*one.steps, _rounding(one.amount, amount, currency)) if one.amount else one.steps
        lines.append(_line(one, amount, steps))
    return Settlement(tuple(lines), sum(amounts, zero), is_capped)


def _rounding(exact: Fraction, amount: Decimal, currency: str) -> CreditStep:
    """The rounding of a line, with the last unit that made the lines add up to their cap."""
    alone = rounded(exact, currency)
    formula = f"round({exact}, {-int(alone.as_tuple().exponent)})"
    if amount != alone:
        formula += f" + {amount - alone}"
    return CreditStep("rounded", formula, Fraction(amount))


def _line(one: Credit, amount: Decimal, steps: tuple[CreditStep, ...]) -> CreditLine:
    return CreditLine(one.obligation, amount, one.because, steps, one.is_capped)


def claimable_until(consequence: Consequence, closed_at: datetime, zone: str) -> date | None:
    """The last date on which a credit can be claimed; None where no claim is needed.

    The days count from the date on which the statement was closed, in the
    contract's zone.
    """
    if consequence.claim_days is None:
        return None
    closed_on = closed_at.astimezone(time_zone(zone)).date()
    return closed_on + timedelta(days=consequence.claim_days)
