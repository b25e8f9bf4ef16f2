# SPDX-License-Identifier: GPL-3.0-or-later
"""The forecast of an obligation, and how it reads on the board and in warnings."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from rules.duration import format_share
from rules.forecast import Outlook
from rules.obligations import Edge
from worker.reporting.wording import share_against

if TYPE_CHECKING:
    from worker.reporting.language import Language


class Prospect(msgspec.Struct, frozen=True):
    """One obligation to a customer while its period runs, and what may become of it.

    `customer` is the contract's name, or tier and organization; `name` is the organization's own.
    `now` is owed already, `then` after `breaches_left` more breaches; `share_of_fee`
    is the band that `then` falls into, None where something else makes the amount.
    `seconds_left` is of availability alone. `outside` is the contract that the organization has
    and that these tickets are not under.
    """

    customer: str
    tier: str
    obligation: str
    of: str
    kind: str
    period: str
    until_at: datetime
    outlook: Outlook
    breaches_left: int | None
    seconds_left: int | None
    edge: Edge | None
    level: Fraction | None
    numerator: int
    n_decided: int
    n_open: int
    now: Decimal
    then: Decimal
    share_of_fee: Fraction | None
    fee: Decimal | None
    currency: str | None
    name: str | None = None
    outside: str | None = None

    @property
    def called(self) -> str:
        """The customer as people know it."""
        return self.name or self.customer


_UNDECIDED: Final[dict[Outlook, str]] = {
    "nothing": "forecast.nothing",
    "too_few": "forecast.too_few",
    "no_level": "forecast.undecided",
}


def sentence(one: Prospect, language: Language) -> str:
    """`4 more breaches this month bring acme below 95 %: 5 % of 2,000.00 EUR`."""
    values = {
        "customer": one.called,
        "when": language.name("during", one.kind),
        "side": _side(one, language),
        "cost": _cost(one, language),
    }
    if one.outlook == "lost":
        return language.say("forecast.lost", **values)
    if one.seconds_left is not None:
        return language.say("forecast.outage", left=language.hours(one.seconds_left), **values)
    if one.breaches_left is None or one.outlook in _UNDECIDED:
        return language.say(_UNDECIDED.get(one.outlook, "forecast.undecided"), **values)
    if one.outlook == "safe":
        return language.say("forecast.safe", **values)
    key = "forecast.one_more" if one.breaches_left == 1 else "forecast.more"
    return language.say(key, n=language.number(one.breaches_left), **values)


def warning(one: Prospect, language: Language) -> list[str]:
    """What a warning says: how many breaches are left, whatever is still open."""
    as_risk = one.outlook == "safe" and one.breaches_left
    said = sentence(_at_risk(one) if as_risk else one, language)
    return [f"{said}.", so_far(one, language)]


def _at_risk(one: Prospect) -> Prospect:
    return replace(one, outlook="at_risk")


def so_far(one: Prospect, language: Language) -> str:
    """What was kept so far, and how many cases are open."""
    return language.say(
        "forecast.so_far", measured=measured(one, language), n=language.number(one.n_open)
    )


def measured(one: Prospect, language: Language) -> str:
    """`93.4 % (128 of 137)`, or `n/a`."""
    if not one.n_decided:
        return language.say("words.not_available")
    return language.say(
        "words.share_of",
        share=language.percent(share_against(one.numerator, one.n_decided, one.level)),
        part=language.number(one.numerator),
        whole=language.number(one.n_decided),
    )


def subject(one: Prospect, language: Language) -> str:
    """One line: whose promise over which period."""
    return language.say(
        "forecast.subject", customer=one.called, obligation=one.obligation, period=one.period
    )


def percent(share: Fraction, language: Language) -> str:
    """`95 %`."""
    return language.percent(format_share(share).rstrip("% "))


def _side(one: Prospect, language: Language) -> str:
    if one.level is None:
        return ""
    key = "forecast.below" if one.edge == "at_least" else "forecast.above"
    return language.say(key, level=percent(one.level, language))


def _cost(one: Prospect, language: Language) -> str:
    if not one.then or one.currency is None:
        return language.words["forecast.no_credit"]
    if one.share_of_fee is not None:
        fee = language.money(one.fee, one.currency)
        share = percent(one.share_of_fee, language)
        return language.say("forecast.share_of_fee", share=share, fee=fee)
    return language.say("forecast.amount", amount=language.money(one.then, one.currency))
