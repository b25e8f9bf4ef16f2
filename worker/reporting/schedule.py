# SPDX-License-Identifier: GPL-3.0-or-later
"""When reports are due by e-mail: of a period when it is over, of the running one each week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from rules.evidence import Party
from rules.parties import agreement_of
from rules.periods import period_at
from rules.statements import GRACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rules.accounting import Agreement
    from rules.policy import Policy

Every = Literal["period", "week"]

_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One recipient of one customer's reports, as the rules order them."""

    customer: str
    every: Every
    recipient: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """One report that is due to one recipient.

    `of` names what it is sent for: the period, or the week that has ended.
    `label` is the period whose figures it shows; `ended_at` the instant up to
    which these should be known.
    """

    subscription: Subscription
    of: str
    label: str
    due_at: datetime
    ended_at: datetime


def subscriptions(policy: Policy) -> list[Subscription]:
    """Every recipient of every customer's reports."""
    return [
        Subscription(contract.name, order.every, recipient)
        for contract in policy.contracts
        for order in contract.reports
        for recipient in order.to
    ]


def occasions(
    subscription: Subscription, policy: Policy, since: datetime, now: datetime
) -> list[Occasion]:
    """What has come due after `since`, up to now, the oldest first.

    Every period has its report, however late. Of the weeks only the last one
    has: what was known at the end of an earlier one cannot be told any more.
    """
    agreement = agreement_of(Party(subscription.customer), policy)
    if agreement is None:
        return []
    found = _periods if subscription.every == "period" else _weeks
    due = [one for one in found(subscription, agreement, since, now) if since < one.due_at <= now]
    return sorted(due, key=lambda one: (one.due_at, one.label))


def _periods(
    subscription: Subscription, agreement: Agreement, since: datetime, now: datetime
) -> Iterator[Occasion]:
    for period in agreement.periods_at(now - GRACE):
        over = period.preceding()
        while over.until_at + GRACE > since and agreement.holds_in(over):
            due_at = over.until_at + GRACE
            yield Occasion(subscription, over.label, over.label, due_at, over.until_at)
            over = over.preceding()


def _weeks(
    subscription: Subscription, agreement: Agreement, since: datetime, now: datetime
) -> Iterator[Occasion]:
    del since
    week = period_at("iso_week", now, agreement.zone)
    monday = week.from_at
    for period in agreement.periods_at(monday - _MOMENT):
        if agreement.holds_in(period):
            yield Occasion(subscription, week.preceding().label, period.label, monday, monday)
