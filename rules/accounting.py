# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the statement of a customer for a period out of agreements and records."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING

from rules.calendar_zones import zone_data_release
from rules.credits import credit, period_fee, settle
from rules.exhibits import exhibits
from rules.fingerprint import calendars_fingerprint
from rules.obligations import assessed, available, counted, held
from rules.periods import billed_months, part_of, period_at
from rules.statements import (
    FORM,
    Excluded,
    Origin,
    Statement,
    StatementLine,
    identity,
    state_of,
)
from rules.tallies import tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rules.credits import CreditLine, PeriodFee
    from rules.evidence import Party
    from rules.obligations import Assessment, Records
    from rules.periods import DatedPeriod, Part
    from rules.policy import Policy
    from rules.promises import Obligation
    from rules.statements import Correction
    from rules.tallies import Counted
    from rules.terms import Terms


_OF_TIME = frozenset({"phone_answer", "phone_abandoned", "availability"})


@dataclass(frozen=True, slots=True)
class Agreement:
    """What holds for one customer, by a policy that has the calendars and exceptions."""

    party: Party
    terms: Terms
    policy: Policy

    @property
    def zone(self) -> str:
        """The zone in which the periods run."""
        contract = self.terms.contract
        return (contract.period_zone if contract else None) or self.policy.settings.time_zone

    def part_held(self, period: DatedPeriod) -> Part:
        """The part of a period for which the agreement holds."""
        contract = self.terms.contract
        if contract is None:
            return part_of(period, None, None)
        return part_of(period, contract.from_at, contract.until_at)

    def holds_in(self, period: DatedPeriod) -> bool:
        """Whether the agreement holds for any of a period."""
        part = self.part_held(period)
        return part.from_at < part.until_at

    def periods_at(self, at: datetime) -> Iterator[DatedPeriod]:
        """The periods that hold an instant, of each kind over which something is promised."""
        contract = self.terms.contract
        anchor = contract.from_at if contract else None
        for kind in sorted({one.per for one in self.terms.obligations if one.per is not None}):
            if kind != "contract_month" or anchor is not None:
                yield period_at(kind, at, self.zone, anchor)

    def within(self, obligation: Obligation, period: DatedPeriod) -> tuple[datetime, datetime]:
        """The instants of a period that count for an obligation.

        Calls and outages count while the agreement holds. Tickets are its own
        when they were created while it held, so they count when they fall due,
        even after it has ended.
        """
        part = self.part_held(period)
        is_of_time = obligation.of in _OF_TIME
        return held(obligation, (part.from_at, part.until_at if is_of_time else period.until_at))

    def fee_of(self, period: DatedPeriod) -> PeriodFee | None:
        """The fee of a period; None where none is agreed."""
        if self.terms.fee is None:
            return None
        partial = self.terms.contract.partial if self.terms.contract else None
        return period_fee(self.terms.fee, billed_months(period, self.part_held(period), partial))

    def promised(self, period: DatedPeriod) -> list[Obligation]:
        """The obligations that are counted over periods of this kind."""
        return [one for one in self.terms.obligations if one.per == period.kind]


@dataclass(frozen=True, slots=True)
class Made:
    """By which product, and up to which position of the helpdesk's stream."""

    product: str
    cursor: str | None = None


def statement_of(
    agreement: Agreement,
    period: DatedPeriod,
    records: Records,
    made: Made,
    corrected: Sequence[Correction] = (),
) -> Statement:
    """The statement of one customer for a period, open or provisional.

    Args:
        agreement: what holds for the customer.
        period: which period; only obligations counted over this kind are in it.
        records: what was recorded of the customer.
        made: what made it.
        corrected: what is corrected in earlier statements.

    Raises:
        NotConcrete: an obligation does not say enough to be counted.
    """
    terms, fee = agreement.terms, agreement.fee_of(period)
    contract = terms.contract
    found = [
        _Outcome.of(one, records, agreement.policy, agreement.within(one, period))
        for one in agreement.promised(period)
    ]
    owed = [credit(one.obligation, one.assessment, fee, terms.commitment) for one in found]
    settlement = settle(owed, fee, contract.cap if contract else None)
    pairs = zip(found, settlement.lines, strict=True)
    return Statement(
        form=FORM,
        ident=identity(agreement.party, period),
        state=state_of(period.until_at, records.cut_off),
        party=agreement.party,
        tier=terms.tier.name,
        contract=contract.because if contract else None,
        covers=contract.covers if contract else (),
        commitment=terms.commitment,
        period=period.kind,
        label=period.label,
        zone=period.zone,
        from_at=period.from_at,
        until_at=period.until_at,
        fee=fee.amount if fee else None,
        currency=fee.currency if fee else None,
        cap=contract.cap if contract else None,
        lines=tuple(_line(outcome, credited, fee) for outcome, credited in pairs),
        corrections=tuple(corrected),
        total=settlement.total,
        is_capped=settlement.is_capped,
        balance=settlement.total + sum((one.amount for one in corrected), Decimal(0)),
        origin=_origin(agreement, period, records, made),
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """An obligation, what it came to, and its cases (none for availability)."""

    obligation: Obligation
    assessment: Assessment
    cases: Sequence[Counted]

    @classmethod
    def of(
        cls,
        obligation: Obligation,
        records: Records,
        policy: Policy,
        within: tuple[datetime, datetime],
    ) -> _Outcome:
        if obligation.of == "availability":
            seconds = available(obligation, records, policy, within)
            return cls(obligation, assessed(obligation, seconds), ())
        cases = counted(obligation, records, policy, within)
        return cls(obligation, assessed(obligation, tally(cases)), cases)


def _line(outcome: _Outcome, credited: CreditLine, fee: PeriodFee | None) -> StatementLine:
    obligation, assessment = outcome.obligation, outcome.assessment
    consequence = obligation.otherwise
    beyond = consequence.beyond_credit if consequence else None
    return StatementLine(
        obligation=obligation.name,
        of=obligation.of or "",
        unit=obligation.unit,
        rule=str(obligation.where),
        edge=assessment.level.edge if assessment.level else None,
        level=assessment.level.share if assessment.level else None,
        minimum=obligation.minimum_tickets,
        numerator=assessment.numerator,
        n_decided=assessment.n_decided,
        result=assessment.result,
        counts=_counts(assessment),
        breached_cases=tuple(
            sorted(one.case for one in outcome.cases if one.counted_as == "breached")
        ),
        excluded=_excluded(outcome.cases),
        credit=credited.amount if fee else None,
        because=credited.because,
        steps=credited.steps,
        is_capped=credited.is_capped,
        settled=consequence.settled if consequence else None,
        claim_days=consequence.claim_days if consequence else None,
        beyond_credit=beyond.kind if beyond else None,
        beyond_amount=beyond.amount if beyond else None,
    )


def _counts(assessment: Assessment) -> dict[str, int]:
    """All numbers of a tally by name, parts of them included."""
    found = assessment.tally
    whole = {
        "met": found.met,
        "breached": found.breached,
        "breaches": found.breaches,
        "not_due": found.not_due,
        "paused": found.paused,
        "excluded": found.excluded,
        "cancelled": found.cancelled,
        "left_out": found.left_out,
    }
    return whole | {f"of_which_{name}": n for name, n in found.details.items()}


def _excluded(cases: Sequence[Counted]) -> tuple[Excluded, ...]:
    found = [(one.case, one.exemption) for one in cases if one.counted_as == "excluded"]
    return tuple(
        Excluded(case, why.reason, why.by, why.approved_on, why.because)
        for case, why in sorted(found, key=lambda each: each[0])
        if why is not None
    )


def _origin(agreement: Agreement, period: DatedPeriod, records: Records, made: Made) -> Origin:
    promised = agreement.promised(period)
    spans = [agreement.within(one, period) for one in promised]
    texts = exhibits(records, {one.of for one in promised if one.of}, spans)
    return Origin(
        policy=agreement.policy.hash,
        calendars=calendars_fingerprint(agreement.policy),
        evidence={name: sha256(text.encode()).hexdigest() for name, text in texts.items()},
        cut_off=records.cut_off,
        cursor=made.cursor,
        zone_data=zone_data_release(),
        product=made.product,
    )
