# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running period can still cost a customer's contract: all its obligations together."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from rules.credits import Credit, credit, settle
from rules.forecast import Forecast, forecast, seconds_left
from rules.obligations import Assessment, Records, assess, assessed, available
from rules.tallies import Tally

if TYPE_CHECKING:
    from rules.accounting import Agreement
    from rules.credits import PeriodFee
    from rules.periods import DatedPeriod
    from rules.promises import Obligation


class OutlookLine(msgspec.Struct, frozen=True):
    """One obligation so far, and what may become of it.

    `forecast` is None for availability, which has `seconds_left` instead. `owed` is
    the credit if all goes well from now on, without the contract's cap.
    """

    obligation: str
    assessment: Assessment
    forecast: Forecast | None
    seconds_left: int | None
    owed: Credit


class PeriodOutlook(msgspec.Struct, frozen=True):
    """All obligations of a period, and its credits under the contract's cap.

    `owed` is what is lost already: due even if all that is open is kept and
    no outage comes. `at_risk` is what comes on top if all that is open
    breaches.
    """

    lines: tuple[OutlookLine, ...]
    owed: Decimal
    at_risk: Decimal
    currency: str | None


def period_outlook(agreement: Agreement, period: DatedPeriod, records: Records) -> PeriodOutlook:
    """What a running period can still cost.

    Args:
        agreement: what holds for the customer.
        period: the period, up to the records' cut-off.
        records: what was recorded of the customer so far.

    Raises:
        NotConcrete: an obligation does not say enough to be counted.
    """
    fee, terms = agreement.fee_of(period), agreement.terms
    lines, owed, worst = [], [], []
    for one in agreement.promised(period):
        line, now, later = _line(one, agreement, period, records, fee)
        lines.append(line)
        owed.append(now)
        worst.append(later)
    cap = terms.contract.cap if terms.contract else None
    lost = settle(owed, fee, cap).total
    return PeriodOutlook(
        tuple(lines),
        lost,
        settle(worst, fee, cap).total - lost,
        fee.currency if fee else None,
    )


def _line(
    obligation: Obligation,
    agreement: Agreement,
    period: DatedPeriod,
    records: Records,
    fee: PeriodFee | None,
) -> tuple[OutlookLine, Credit, Credit]:
    """A line, its credit if all goes well from now on, and if nothing does."""
    policy, commitment = agreement.policy, agreement.terms.commitment
    within = agreement.within(obligation, period)
    if obligation.of == "availability":
        whole = _if_up(obligation, agreement, period, records)
        left = seconds_left(whole, whole.n_decided)
        now = credit(obligation, whole, fee, commitment)
        return OutlookLine(obligation.name, whole, None, left, now), now, now
    found = assess(obligation, records, policy, within)
    ahead = forecast(obligation, found, fee, commitment)
    line = OutlookLine(obligation.name, found, ahead, None, ahead.now)
    return line, ahead.now, ahead.worst


def _if_up(
    obligation: Obligation, agreement: Agreement, period: DatedPeriod, records: Records
) -> Assessment:
    """Availability of the whole period if no further outage comes."""
    within = agreement.within(obligation, period)
    so_far = available(obligation, records, agreement.policy, within)
    later = Records(max(records.cut_off, period.until_at))
    agreed = available(obligation, later, agreement.policy, within).met
    return assessed(
        obligation,
        Tally(met=agreed - so_far.breached, breached=so_far.breached, breaches=so_far.breaches),
    )
