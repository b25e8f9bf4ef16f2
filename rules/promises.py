# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract promises over a period, and what follows when it is missed.

Frozen values with exact shares and exact money. A key that a promise lacks is
None here: it is readable, and `rules.lint` says that it is not concrete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal
    from fractions import Fraction

    from rules.facts import Measure
    from rules.policy import Condition, Span, Where

Indicator = Literal[
    "phone_answer",
    "phone_abandoned",
    "first_contact_resolution",
    "reopened",
    "satisfaction",
    "availability",
]
Period = Literal["calendar_month", "contract_month", "quarter", "iso_week"]
Reason = Literal[
    "planned_maintenance",
    "force_majeure",
    "customer_delay",
    "wrong_priority",
    "duplicate",
    "merged",
    "deleted",
    "imported",
    "before_enforce_from",
    "test",
    "agreed",
]

INDICATORS: tuple[Indicator, ...] = get_args(Indicator)
PERIODS: tuple[Period, ...] = get_args(Period)
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class Fee:
    """What the customer pays a month; the fee of a period is the months in it times this."""

    amount: Decimal
    currency: str
    per: Literal["month"] = "month"


@dataclass(frozen=True, slots=True)
class CreditBand:
    """A credit of `share_of_fee` when the result is `edge` (below or above) `level`."""

    edge: Literal["below", "above"]
    level: Fraction
    share_of_fee: Fraction
    where: Where


@dataclass(frozen=True, slots=True)
class PerBreach:
    """A credit for each breach: a share of the period's fee or an amount, exactly one."""

    share_of_fee: Fraction | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BeyondCredit:
    """Damages on top of the credit: printed, never computed. `amount` with `capped` only."""

    kind: Literal["excluded", "as_law", "capped"]
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows a miss. Without bands and `per_breach` it is the answer `none`.

    `claim` says whether the customer has to ask for a credit, None where
    nothing says it; `claim_days` is the term for asking, from the day on which
    the statement is closed.
    """

    credit: tuple[CreditBand, ...] = ()
    per_breach: PerBreach | None = None
    cap: Fraction | None = None
    settled: Literal["next_invoice"] | None = None
    claim: Literal["automatic", "on_request"] | None = None
    claim_days: int | None = None
    beyond_credit: BeyondCredit | None = None

    @property
    def gives_credit(self) -> bool:
        """Whether a miss costs anything."""
        return bool(self.credit) or self.per_breach is not None


@dataclass(frozen=True, slots=True)
class ForecastWarning:
    """Who is told when a running period is `more_breaches` away from a miss."""

    more_breaches: int
    tell: tuple[str, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class Counting:
    """How an indicator is counted; None is the indicator's own default.

    `ignore_under` is in seconds, `window` in days. `lines` are numbers or ids of
    phone lines.
    """

    ivr: bool | None = None
    outside_hours: bool | None = None
    callback: Literal["other", "answered_if_connected"] | None = None
    ignore_under: int | None = None
    window: int | None = None
    lines: tuple[str, ...] | None = field(default=None, metadata={"later": True})


@dataclass(frozen=True, slots=True)
class Obligation:
    """A level promised over a period.

    `of` is a measure or an indicator. `excluding` is None where nothing was
    said and empty where nothing is excluded. `places` holds where the values
    of keys stand.
    """

    name: str
    where: Where
    of: Measure | Indicator | None = None
    tickets: Condition | None = None
    within: Span | None = None
    counted: str | None = None
    outages: str | None = None
    at_least: Fraction | None = None
    at_most: Fraction | None = None
    per: Period | None = None
    minimum_tickets: int | None = None
    unit: Literal["cycle", "ticket"] = "cycle"
    excluding: tuple[Reason, ...] | None = None
    warn: tuple[ForecastWarning, ...] = ()
    otherwise: Consequence | None = None
    counting: Counting = field(default_factory=Counting)
    from_at: datetime | None = None
    until_at: datetime | None = None
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An approved exception: the cycles of some tickets, or all that fall due in a window.

    `from_at` is inclusive, `until_at` exclusive.
    """

    reason: Reason
    by: str
    approved_on: date
    because: str
    where: Where
    tickets: frozenset[str] = frozenset()
    from_at: datetime | None = None
    until_at: datetime | None = None
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)
