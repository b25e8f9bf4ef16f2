# SPDX-License-Identifier: GPL-3.0-or-later
"""From written tiers and customers to tiers and contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.facts import PRIORITIES
from rules.policy import EVERYTHING, Contract, ReportOrder, Target, Tier
from rules.promises import Fee

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.folder import Folder
    from rules.format.targets import TargetForm
    from rules.format.tiers import CustomerForm, FeeForm, TierForm
    from rules.policy import Where


def resolve_tiers(folder: Folder, time_zone: str) -> tuple[Tier, ...]:
    """All tiers in the order in which they are tried."""
    found: dict[str, Tier] = {}
    for file in folder.rules:
        for name, form in file.tiers.items():
            if name not in found:
                found[name] = _tier(name, form, folder, time_zone)
    return tuple(found.values())


def _tier(name: str, form: TierForm, folder: Folder, time_zone: str) -> Tier:
    default = form.priority.default if form.priority else None
    floor = form.priority.floor if form.priority else None
    places = form.places()
    if default and floor and PRIORITIES.index(default) < PRIORITIES.index(floor):
        later = max(places["priority.default"], places["priority.floor"])
        message = f"the default {default} is below the floor {floor}"
        hint = f"write default: {floor} or lower the floor"
        folder.problem(later, "STP110", f"tiers.{name}.priority", message, hint)
    return Tier(
        name,
        form.match,
        resolve_targets(form.targets, folder, f"tiers.{name}", time_zone),
        folder.defined["tiers"][name],
        serves=tuple(dict.fromkeys(form.serves)) if form.serves else None,
        default_priority=default,
        floor_priority=floor,
        commitment=form.commitment,
        obligations=tuple(dict.fromkeys(form.obligations or ())),
        fee=fee(form.fee),
        places=places,
    )


def resolve_contracts(folder: Folder, time_zone: str) -> tuple[Contract, ...]:
    """All customers' contracts, in the order of their names' places."""
    found: dict[str, Contract] = {}
    for file in folder.rules:
        for name, form in file.customers.items():
            if name not in found:
                found[name] = _contract(name, form, folder, time_zone)
    return tuple(found.values())


def _contract(name: str, form: CustomerForm, folder: Folder, time_zone: str) -> Contract:
    what = f"customers.{name}"
    period_zone = form.periods.time_zone if form.periods else None
    zone = period_zone or time_zone
    places = form.places()
    from_at = form.from_.instant(zone) if form.from_ else None
    until_at = form.until.instant(zone) if form.until else None
    if from_at and until_at and until_at <= from_at:
        report_reversed(folder, what, places)
    if form.cap is not None and form.cap > 1:
        folder.problem(places["cap"], "STP112", what, "a cap is at most 100% of the fee")
    return Contract(
        name,
        form.match,
        form.tier,
        folder.defined["customers"][name],
        from_at=from_at,
        until_at=until_at,
        because=form.because,
        review_by=form.review_by,
        covers=tuple(form.covers or ()),
        targets=resolve_targets(form.targets or (), folder, what, zone),
        without=frozenset(form.without or ()),
        obligations=None if form.obligations is None else tuple(dict.fromkeys(form.obligations)),
        commitment=form.commitment,
        fee=fee(form.fee),
        period_zone=period_zone,
        partial=form.periods.partial if form.periods else None,
        cap=form.cap,
        reports=tuple(_report_orders(form, folder, what)),
        places=places,
    )


def _report_orders(form: CustomerForm, folder: Folder, what: str) -> Iterator[ReportOrder]:
    """Whom reports are sent to; a report goes by e-mail, whatever messages go by."""
    addressed = {
        name: one.email is not None
        for file in folder.rules
        for name, one in file.recipients.items()
    }
    for order in form.reports or ():
        for number, name in enumerate(order.to):
            if not addressed.get(name, True):
                where = order.places().get(f"to.{number}", order.where())
                message = f"{name} has no e-mail address of its own"
                hint = "a report goes to a recipient with email"
                folder.problem(where, "STP122", f"{what}.reports.to", message, hint)
        yield ReportOrder(order.every, tuple(dict.fromkeys(order.to)), order.where())


def resolve_targets(
    forms: Iterable[TargetForm], folder: Folder, what: str, zone: str
) -> tuple[Target, ...]:
    """The targets of one tier or contract, in the order in which they are tried."""
    return tuple(_target(form, folder, f"{what}.targets", zone) for form in forms)


def _target(form: TargetForm, folder: Folder, what: str, zone: str) -> Target:
    from_at = form.from_.instant(zone) if form.from_ else None
    until_at = form.until.instant(zone) if form.until else None
    places = form.places()
    if from_at and until_at and until_at <= from_at:
        report_reversed(folder, what, places)
    return Target(
        form.measure,
        form.spans(),
        form.counted,
        form.where(),
        when=form.when or EVERYTHING,
        by_closing=form.by is not None,
        pause_on=None if form.pause_on is None else tuple(dict.fromkeys(form.pause_on)),
        start_on=frozenset(form.start_on or ()),
        stop_on=frozenset(form.stop_on or ()),
        escalate=form.escalate,
        from_at=from_at,
        until_at=until_at,
        places=places,
    )


def report_reversed(folder: Folder, what: str, places: dict[str, Where]) -> None:
    """Say that `until` is not after `from`, at the later one."""
    first, later = sorted((places["from"], places["until"]))
    hint = f"the other is at {first.line}:{first.column}; until is exclusive"
    folder.problem(later, "STP114", what, "until is not after from", hint)


def fee(form: FeeForm | None) -> Fee | None:
    """A fee as it is computed with."""
    return Fee(form.amount, form.currency) if form else None
