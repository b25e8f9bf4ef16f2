# SPDX-License-Identifier: GPL-3.0-or-later
"""How an account stands in the running periods: what is kept, what is still at risk, at what cost.

Counted about once a minute from the same rows and by the same functions as reports and
statements, and kept for whoever shows it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from rules.evidence import Party
from rules.forecast import warnings_due
from rules.outlooks import period_outlook
from rules.parties import agreement_of
from rules.select import demanded_organizations
from rules.teamwork import GroupLine, SolveLine, month_around
from worker.reporting.evidence import Asked, EvidenceMissing
from worker.reporting.prospects import Prospect
from worker.reporting.team import TeamQuestion, stored_team
from worker.store.board import newest_organizations
from worker.store.standing import contracts_due, parties_due

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.accounting import Agreement
    from rules.credits import Credit
    from rules.forecast import Outlook
    from rules.outlooks import OutlookLine
    from rules.periods import DatedPeriod
    from rules.policy import Policy
    from rules.promises import Obligation
    from worker.reporting.stored import StoredSource

_LONGEST_PERIOD_DAYS = 93


class Money(msgspec.Struct, frozen=True):
    """Credits of all customers in one currency: owed already, and at risk on top."""

    currency: str
    owed: Decimal
    at_risk: Decimal


class Standing(msgspec.Struct, frozen=True):
    """The running periods at `cut_off`; figures of tiers are those of the running month.

    `doubts` say what could not be counted.
    """

    cut_off: datetime
    month: str
    measures: tuple[GroupLine, ...]
    tiers: tuple[GroupLine, ...]
    solves: tuple[SolveLine, ...]
    prospects: tuple[Prospect, ...]
    money: tuple[Money, ...]
    doubts: tuple[str, ...]


class Warned(NamedTuple):
    """Somebody who is to be told of a prospect."""

    recipient: str
    prospect: Prospect


class Counted(NamedTuple):
    """How an account stands, and whom the obligations want told of it."""

    standing: Standing
    warned: tuple[Warned, ...]


def count_standing(source: StoredSource, policy: Policy) -> Counted:
    """Count all running periods of an account's customers.

    Raises:
        NotConcrete: an obligation does not say enough to be counted.
    """
    prospects: list[Prospect] = []
    warned: list[Warned] = []
    money: dict[str, list[Decimal]] = {}
    doubts: dict[str, None] = {}
    agreements = [*_agreements(source, policy)]
    names, contracts = _names(source, agreements), _contracts(source, policy)
    for agreement in agreements:
        ident = agreement.party.organization_id or ""
        called = _Called(names.get(ident), contracts.get(ident))
        for period in filter(agreement.holds_in, agreement.periods_at(source.cut_off)):
            try:
                found = _Reckoning(source, agreement, period, called)
            except EvidenceMissing as missing:
                doubts[str(missing)] = None
                continue
            if called.outside is not None and not found.has_cases:
                continue  # the contract's own lines say all that there is to say
            prospects += found.prospects
            warned += found.warned
            if found.outlook.currency is not None:
                sums = money.setdefault(found.outlook.currency, [Decimal(0), Decimal(0)])
                sums[0] += found.outlook.owed
                sums[1] += found.outlook.at_risk
    month = month_around(source.cut_off, policy.settings.time_zone)
    team = stored_team(source.database, source.account, TeamQuestion(month), source.cut_off)
    return Counted(
        Standing(
            cut_off=source.cut_off,
            month=month.label,
            measures=team.measures,
            tiers=team.tables["tier"],
            solves=team.solves,
            prospects=tuple(sorted(prospects, key=_urgency)),
            money=tuple(Money(name, *sums) for name, sums in sorted(money.items())),
            doubts=tuple(doubts),
        ),
        tuple(warned),
    )


def _urgency(one: Prospect) -> tuple[int, int, str, str]:
    """Lost ones first, then those that the fewest breaches miss."""
    order = {"lost": 0, "at_risk": 1}
    left = 10**9 if one.breaches_left is None else one.breaches_left
    return order.get(one.outlook, 2), left, one.customer, one.obligation


def _agreements(source: StoredSource, policy: Policy) -> Iterator[Agreement]:
    """What holds for each contract, and for each organization of a tier that promises something."""
    parties = [Party(one.name) for one in policy.contracts]
    tiers = [tier.name for tier in policy.tiers if tier.obligations]
    if tiers:
        with source.database.read(source.account) as books:
            parties += parties_due(books, tiers, source.cut_off, _LONGEST_PERIOD_DAYS)
    for party in parties:
        found = agreement_of(party, policy)
        if found is not None and found.terms.obligations:
            yield found


def _names(source: StoredSource, agreements: Sequence[Agreement]) -> dict[str, str]:
    """Names of organizations by id, as the helpdesk told them last."""
    idents = {one.party.organization_id or "" for one in agreements} - {""}
    with source.database.read(source.account) as books:
        known = newest_organizations(books, idents)
    return {ident: one.name for ident, one in known.items() if one.name}


def _contracts(source: StoredSource, policy: Policy) -> dict[str, str]:
    """The running contract of each organization that has one.

    Told by its match where that names organizations, else by the tickets judged under it.
    """
    at = source.cut_off
    running = [
        one
        for one in policy.contracts
        if (one.from_at is None or one.from_at <= at)
        and (one.until_at is None or at < one.until_at)
    ]
    with source.database.read(source.account) as books:
        found = contracts_due(books, [one.name for one in running], at, _LONGEST_PERIOD_DAYS)
    named = {ident: one.name for one in running for ident in demanded_organizations(one.match)}
    return found | named


class _Called(NamedTuple):
    """An organization's name, and the running contract that its tickets are not all under."""

    name: str | None
    outside: str | None


class _Reckoning:
    """One customer's running period."""

    def __init__(
        self, source: StoredSource, agreement: Agreement, period: DatedPeriod, called: _Called
    ) -> None:
        asked = Asked.of(agreement, period.from_at, period.until_at)
        records = source.records(agreement.policy, asked)
        self._agreement, self._period, self._called = agreement, period, called
        self._fee = agreement.fee_of(period)
        self.outlook = period_outlook(agreement, period, records)
        self.prospects: list[Prospect] = []
        self.warned: list[Warned] = []
        for obligation, line in zip(agreement.promised(period), self.outlook.lines, strict=True):
            self._take(obligation, line)

    @property
    def has_cases(self) -> bool:
        """Whether any case is decided or open; outages are of everybody and no cases."""
        return any(
            line.forecast is not None
            and (line.assessment.n_decided or line.assessment.tally.n_open)
            for line in self.outlook.lines
        )

    def _take(self, obligation: Obligation, line: OutlookLine) -> None:
        prospect = self._prospect(obligation, line)
        self.prospects.append(prospect)
        if line.forecast is not None:
            names = [n for one in warnings_due(obligation, line.forecast) for n in one.tell]
            self.warned += [Warned(name, prospect) for name in dict.fromkeys(names)]

    def _prospect(self, obligation: Obligation, line: OutlookLine) -> Prospect:
        found, ahead = line.assessment, line.forecast
        then = line.owed if ahead is None else ahead.then
        level = found.level
        return Prospect(
            customer=self._agreement.party.name,
            tier=self._agreement.terms.tier.name,
            obligation=obligation.name,
            of=obligation.of or "",
            kind=self._period.kind,
            period=self._period.label,
            until_at=self._period.until_at,
            outlook=_of_time(line) if ahead is None else ahead.outlook,
            breaches_left=None if ahead is None else ahead.breaches_left,
            seconds_left=line.seconds_left,
            edge=None if level is None else level.edge,
            level=None if level is None else level.share,
            numerator=found.numerator,
            n_decided=found.n_decided,
            n_open=found.tally.n_open,
            now=_money(line.owed.amount),
            then=_money(then.amount),
            share_of_fee=_band(obligation, then, self._fee_amount),
            fee=None if self._fee is None else _money(self._fee.amount),
            currency=None if self._fee is None else self._fee.currency,
            name=self._called.name,
            outside=self._called.outside,
        )

    @property
    def _fee_amount(self) -> Fraction:
        return Fraction(0) if self._fee is None else self._fee.amount


def _of_time(line: OutlookLine) -> Outlook:
    """The outlook of availability: misses are time there, of which some may be left."""
    if line.seconds_left is None:
        return "no_level"
    return "at_risk" if line.seconds_left else "lost"


def _money(amount: Fraction) -> Decimal:
    """Cents, for reading: nothing is paid by a forecast."""
    return Decimal(round(amount * 100)) / 100


def _band(obligation: Obligation, then: Credit, fee: Fraction) -> Fraction | None:
    """The share of the fee that a credit is, where a band says so."""
    amount = then.amount
    if not fee or not amount or obligation.otherwise is None:
        return None
    share = amount / fee
    bands = {one.share_of_fee for one in obligation.otherwise.credit}
    return share if share in bands else None
