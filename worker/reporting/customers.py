# SPDX-License-Identifier: GPL-3.0-or-later
"""One customer's period: who it is, which period, and the statement of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from rules.accounting import Made, statement_of
from rules.calendar_zones import time_zone
from rules.corrections import corrections
from rules.evidence import Party
from rules.exhibits import exhibits
from rules.nearest import nearest
from rules.parties import agreement_of
from rules.periods import period_named
from worker.reporting.evidence import Asked, EvidenceMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rules.accounting import Agreement
    from rules.obligations import Records
    from rules.periods import DatedPeriod
    from rules.policy import Policy
    from rules.promises import Period
    from rules.statements import Correction, Statement
    from worker.reporting.evidence import Source

TREND = 12
"""So many periods a report looks at, the last of which is its own."""


_MOST_NAMED = 12
_ANY_DAY = date(2000, 1, 1)


class NothingPromised(Exception):
    """There is no such customer, or nothing is promised to it over such a period."""


def agreement_named(name: str, policy: Policy) -> Agreement:
    """What holds for a contract, or for an organization under a tier (`premium-360001`).

    Raises:
        NothingPromised: the rules know neither.
    """
    parties = [Party(name)] + [
        Party(None, tier.name, name.removeprefix(f"{tier.name}-"))
        for tier in policy.tiers
        if name.startswith(f"{tier.name}-")
    ]
    for party in parties:
        found = agreement_of(party, policy)
        if found is not None:
            return found
    contracts = sorted(one.name for one in policy.contracts)
    near = nearest(name, contracts)
    tiers = ", ".join(one.name for one in policy.tiers)
    hint = (
        f'did you mean "{near}"?'
        if near
        else f"contracts are: {_some(contracts)}; an organization without one is named by its tier "
        f"({tiers}) and id, such as premium-360001"
    )
    raise NothingPromised(f'there is no customer "{name}"; {hint}')


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED]) or "none"
    return f"{shown} and {more} more" if more > 0 else shown


def is_period(label: str) -> bool:
    """Whether a label is one of a period of any kind, whatever is promised over it."""
    for kind in _FORMS:
        try:
            period_named(kind, label, "UTC", _ANY_DAY)
        except ValueError:
            continue
        return True
    return False


def period_of(agreement: Agreement, label: str) -> DatedPeriod:
    """The period with this label, of the kinds over which something is promised.

    Raises:
        NothingPromised: the label is of none of them.
    """
    contract = agreement.terms.contract
    anchor = contract.from_at if contract else None
    kinds = sorted({one.per for one in agreement.terms.obligations if one.per is not None})
    for kind in kinds:
        try:
            return period_named(kind, label, agreement.zone, anchor)
        except ValueError:
            continue
    name = agreement.party.name
    if not kinds:
        raise NothingPromised(f"{name} is promised nothing over periods")
    told = ", ".join(_FORMS[kind] for kind in kinds)
    raise NothingPromised(f'"{label}" is no period of {name}; it has: {told}')


_FORMS: dict[Period, str] = {
    "calendar_month": "calendar months (2026-11)",
    "contract_month": "contract months (2026-11-16)",
    "quarter": "quarters (2026-Q4)",
    "iso_week": "weeks (2026-W48)",
}


@dataclass(frozen=True)
class Account:
    """A customer's period with its records and its statement, still open.

    `periods` are those that a trend shows, the last one is that of the
    statement. `doubts` say why it must not be closed yet. `source` is where
    the facts of tickets can be had.
    """

    agreement: Agreement
    periods: tuple[DatedPeriod, ...]
    records: Records
    statement: Statement
    doubts: tuple[str, ...]
    source: Source | None = None

    @property
    def period(self) -> DatedPeriod:
        """The period of the statement."""
        return self.periods[-1]

    def tables(self) -> dict[str, str]:
        """What was counted, as CSV texts by name."""
        promised = self.agreement.promised(self.period)
        spans = [self.agreement.within(one, self.period) for one in promised]
        return exhibits(self.records, {one.of for one in promised if one.of}, spans)


@dataclass(frozen=True, slots=True)
class Kept:
    """Closed statements of a customer, the oldest first, and how their rules are found again."""

    statements: Sequence[Statement] = ()
    policy_of: Callable[[str], Policy | None] = lambda _: None


def account_of(
    agreement: Agreement, period: DatedPeriod, source: Source, kept: Kept | None = None
) -> Account:
    """A customer's period, counted from a source.

    Args:
        agreement: what holds for the customer.
        period: which period.
        source: where the evidence comes from.
        kept: closed statements, whose later changes become entries in this one.

    Raises:
        EvidenceMissing: the period has not begun, or an outage file cannot be read.
        NothingPromised: nothing is known of such a customer.
        NotConcrete: an obligation does not say enough to be counted.
    """
    if period.from_at > source.cut_off:
        known = source.cut_off.astimezone(time_zone(period.zone))
        raise EvidenceMissing(
            f"{period.label} has not begun: what is known ends on {known:%Y-%m-%d at %H:%M} "
            f"{period.zone}"
        )
    kept = kept or Kept()
    whole = source.complete_from
    periods = _trend(agreement, period, whole)
    earlier = [
        one
        for one in kept.statements
        if one.period == period.kind
        and one.until_at <= period.from_at
        and (whole is None or one.from_at >= whole)
    ]
    since = min([periods[0].from_at, *(one.from_at for one in earlier)])
    asked = replace(
        Asked.of(agreement, since, period.until_at),
        whole_from=period.from_at,
        open_until=period.following().until_at,
    )
    records = source.records(agreement.policy, asked)
    if agreement.party.customer is None and _is_empty(records) and not kept.statements:
        _require_known(agreement, source)
    entries, doubts = _entries(agreement, earlier, (source, asked, records), kept)
    made = Made(product(), source.cursor)
    statement = statement_of(agreement, period, records, made, entries)
    return Account(
        agreement,
        periods,
        records,
        statement,
        (*source.doubts, *doubts, *source.lacks(asked), *_purged(statement, whole)),
        source,
    )


def _is_empty(records: Records) -> bool:
    return not (records.cycles or records.calls or records.solved or records.ratings)


def _require_known(agreement: Agreement, source: Source) -> None:
    """Refuse a report of an organization that does not exist, or that goes by another name.

    Raises:
        NothingPromised: no ticket of it is known, or some are and all under other names.
    """
    party = agreement.party
    known = source.parties(agreement.policy)
    own = known.get(party.organization_id or "")
    if own is not None and (not own or party.name in own):
        return
    if own:
        raise NothingPromised(
            f"{party.name} has no tickets; the organization is known as {_some(sorted(own))}"
        )
    near = nearest(party.organization_id or "", known)
    names = sorted(known[near] if near else set().union(*known.values()))
    hint = f"did you mean {_some(names)}?" if near else f"customers with tickets: {_some(names)}"
    raise NothingPromised(f"no ticket of an organization {party.organization_id} is known; {hint}")


def _purged(statement: Statement, whole: datetime | None) -> list[str]:
    if whole is None or statement.from_at >= whole:
        return []
    return [f"{statement.ident}: tickets of the period were purged, its figures are not complete"]


def _trend(
    agreement: Agreement, period: DatedPeriod, whole: datetime | None
) -> tuple[DatedPeriod, ...]:
    """The period and those before it in which the contract held, as far as all is known."""
    contract = agreement.terms.contract
    begin = contract.from_at if contract else None
    found = [period]
    while len(found) < TREND:
        before = found[0].preceding()
        if begin is not None and before.until_at <= begin:
            break
        if whole is not None and before.from_at < whole:
            break
        found.insert(0, before)
    return tuple(found)


def _entries(
    agreement: Agreement,
    earlier: Sequence[Statement],
    known: tuple[Source, Asked, Records],
    kept: Kept,
) -> tuple[tuple[Correction, ...], list[str]]:
    """What facts of now change in closed statements, and what could not be compared."""
    source, asked, records = known
    entries: list[Correction] = []
    doubts: list[str] = []
    said = [entry for one in kept.statements for entry in one.corrections]
    for closed in earlier:
        is_same = closed.origin.policy == agreement.policy.hash
        policy = agreement.policy if is_same else kept.policy_of(closed.origin.policy)
        then = None if policy is None else agreement_of(agreement.party, policy)
        if policy is None or then is None:
            doubts.append(f"{closed.ident}: the rules that it was closed under are not kept")
            continue
        facts = records if is_same else source.records(policy, asked)
        again = statement_of(then, period_of(then, closed.label), facts, Made(product()))
        entries += corrections(closed, again, said)
    return tuple(entries), doubts


@cache
def product() -> str:
    """The version that makes statements."""
    return version("stipt")
