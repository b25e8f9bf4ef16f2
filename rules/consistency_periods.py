# SPDX-License-Identifier: GPL-3.0-or-later
"""Contracts against the periods of their obligations."""

from __future__ import annotations

from calendar import monthrange
from datetime import time
from typing import TYPE_CHECKING

from rules.calendar_zones import time_zone as zone_named

if TYPE_CHECKING:
    from datetime import date, datetime

    from rules.folder import Folder
    from rules.policy import Contract, Policy, Tier
    from rules.promises import Obligation, Period


def check_periods(
    folder: Folder, policy: Policy, tiers: list[Tier], contracts: list[Contract]
) -> None:
    """Report periods that have no beginning, or are cut without a rule for it."""
    by_name = {tier.name: tier for tier in tiers}
    for tier in tiers:
        _check_tier(folder, policy, tier)
    for contract in contracts:
        tier_of = by_name.get(contract.tier)
        own = contract.obligations
        names = own if own is not None else tier_of.obligations if tier_of else ()
        promised = [policy.obligations[name] for name in names if name in policy.obligations]
        _check_begin(folder, contract, promised)
        _check_cut(folder, policy, contract, promised)


def _check_tier(folder: Folder, policy: Policy, tier: Tier) -> None:
    """Customers of a tier without a contract have no day on which their months could start."""
    for name in tier.obligations:
        obligation = policy.obligations.get(name)
        if obligation and obligation.per == "contract_month":
            where = tier.places.get("obligations", tier.where)
            message = f'"{name}" counts by contract_month, but a tier has no from'
            hint = "promise it in customers, or per calendar_month"
            folder.problem(where, "STP116", f"tiers.{tier.name}", message, hint)


def _check_begin(folder: Folder, contract: Contract, promised: list[Obligation]) -> None:
    if contract.from_at is not None:
        return
    for obligation in promised:
        if obligation.per == "contract_month":
            message = f'"{obligation.name}" counts by contract_month, which needs a from'
            hint = f"{obligation.name} is at {obligation.where.file}:{obligation.where.line}"
            folder.problem(contract.where, "STP116", f"customers.{contract.name}", message, hint)
            return


def _check_cut(
    folder: Folder, policy: Policy, contract: Contract, promised: list[Obligation]
) -> None:
    if contract.partial is not None:
        return
    zone = zone_named(contract.period_zone or policy.settings.time_zone)
    start = contract.from_at.astimezone(zone) if contract.from_at else None
    end = contract.until_at.astimezone(zone) if contract.until_at else None
    for obligation in promised:
        if obligation.per is None:
            continue
        for key, edge in (("from", start), ("until", end)):
            if edge and _cuts(edge, obligation.per, start):
                where = contract.places.get("periods:", contract.where)
                message = f'"partial" is missing: {key} cuts a period of "{obligation.name}"'
                hint = "write periods: {partial: by_days}, full or none"
                folder.problem(where, "STP115", f"customers.{contract.name}", message, hint)
                return


def _cuts(edge: datetime, per: Period, start: datetime | None) -> bool:
    """Whether an instant lies inside a period instead of between two."""
    if edge.time() != time(0):
        return edge is not start or per != "contract_month"
    if per == "iso_week":
        return edge.isoweekday() != 1
    if per == "quarter":
        return edge.day != 1 or edge.month not in (1, 4, 7, 10)
    if per == "calendar_month" or start is None:
        return edge.day != 1
    return edge.day != _anniversary(start.date(), edge.date())


def _anniversary(start: date, month: date) -> int:
    """The day of `month`'s month on which a contract month begins."""
    return min(start.day, monthrange(month.year, month.month)[1])
