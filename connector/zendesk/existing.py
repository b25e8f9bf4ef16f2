# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what an account says of its agreements: native SLA policies, schedules, customer fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from connector.base import Gone, Unavailable
from connector.existing import (
    Existing,
    ExistingCalendar,
    ExistingField,
    ExistingPolicy,
    ExistingTarget,
)
from connector.zendesk.calls import Call
from connector.zendesk.directory import Directory
from connector.zendesk.errors import Forbidden
from connector.zendesk.policy_filters import conditions
from connector.zendesk.schedules import read_schedules
from connector.zendesk.session import Session
from connector.zendesk.wire import OptionRow, RowUnreadable
from rules.facts import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connector.zendesk.account import ZendeskAccount
    from connector.zendesk.names import Names
    from rules.facts import Measure

T = TypeVar("T")

_MEASURES: Final[dict[str, Measure]] = {
    "first_reply_time": "first_reply",
    "next_reply_time": "next_reply",
    "periodic_update_time": "periodic_update",
    "pausable_update_time": "pausable_update",
    "requester_wait_time": "requester_wait",
    "agent_work_time": "agent_work",
    "total_resolution_time": "resolution",
    "group_ownership_time": "group_ownership",
}
_MOST_POLICIES: Final = 1000


class _Metric(Struct):
    metric: str
    priority: str | None = None
    target: int | None = None
    target_in_seconds: int | None = None
    business_hours: bool | None = False


class _Filter(Struct):
    all: list[dict[str, object]] | None = None
    any: list[dict[str, object]] | None = None


class _Policy(Struct):
    title: str
    id: int | None = None
    description: str | None = None
    position: int | None = None
    filter: _Filter | None = None
    policy_metrics: list[_Metric] = []
    metric_settings: dict[str, object] | None = None


class _Policies(Struct):
    sla_policies: list[_Policy]
    next_page: str | None = None


class _CustomerField(Struct):
    key: str | None = None
    title: str = ""
    type: str = ""
    active: bool | None = True
    custom_field_options: list[OptionRow] | None = None


class _CustomerFields(Struct):
    organization_fields: list[_CustomerField]


def read_existing(account: ZendeskAccount) -> Existing:
    """What the account says of its agreements; reads alone, a dozen calls.

    Raises:
        HelpdeskError: it cannot be read, or a schedule's zone is not known.
    """
    session = Session(account)
    directory = Directory(session)
    try:
        names = directory.ready()
        policies = _optional(lambda: _policies(session, names))
        calendars = _optional(lambda: _calendars(session))
        fields = _optional(lambda: _fields(session)) or ()
    except RowUnreadable as error:
        raise Unavailable(str(error)) from None
    zone = calendars[0].time_zone if calendars else None
    return Existing(policies, calendars, fields, zone)


def _optional(read: Callable[[], T]) -> T | None:
    """What a read gives; None where the plan lacks it or we may not read it."""
    try:
        return read()
    except (Forbidden, Gone):
        return None


def _policies(session: Session, names: Names) -> tuple[ExistingPolicy, ...]:
    rows: list[_Policy] = []
    for page in range(1, _MOST_POLICIES // 100 + 1):
        call = Call(
            "GET",
            "/api/v2/slas/policies",
            "/slas/policies",
            params={"per_page": "100", "page": f"{page}"},
        )
        found = session.get(call, _Policies)
        known = {row.id for row in rows}
        rows += [row for row in found.sla_policies if row.id is None or row.id not in known]
        if found.next_page is None:
            break
    rows.sort(key=lambda row: row.position or 0)
    return tuple(_policy(row, names) for row in rows)


def _policy(row: _Policy, names: Names) -> ExistingPolicy:
    given = row.filter or _Filter()
    targets, unread = [], []
    for metric in row.policy_metrics:
        target = _target(metric)
        if target is None:
            unread.append(f"{metric.metric} for {metric.priority}")
        else:
            targets.append(target)
    remarks = [f"not known to Stipt: {', '.join(unread)}"] if unread else []
    advanced = sorted(_switched_on(row.metric_settings or {}))
    if advanced:
        remarks.append(f"advanced settings that are on: {', '.join(advanced)}")
    return ExistingPolicy(
        title=row.title,
        description=row.description or "",
        all_of=conditions(given.all or [], names),
        any_of=conditions(given.any or [], names),
        targets=tuple(targets),
        remarks=tuple(remarks),
    )


def _target(metric: _Metric) -> ExistingTarget | None:
    measure = _MEASURES.get(metric.metric)
    # The official examples mix minutes and seconds in `target`; this one says what it is.
    seconds = metric.target_in_seconds or (metric.target or 0) * 60
    for priority in PRIORITIES:
        if measure is not None and priority == metric.priority and seconds > 0:
            return ExistingTarget(measure, priority, seconds, bool(metric.business_hours))
    return None


def _switched_on(settings: dict[str, object], inside: str = "") -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _switched_on(value, f"{inside}{name}.")
        elif value is True:
            yield f"{inside}{name}"


def _calendars(session: Session) -> tuple[ExistingCalendar, ...]:
    return tuple(
        ExistingCalendar(one.title, one.time_zone, one.hours, one.holiday_names)
        for one in read_schedules(session)
    )


def _fields(session: Session) -> tuple[ExistingField, ...]:
    call = Call("GET", "/api/v2/organization_fields", "/organization_fields")
    rows = session.get(call, _CustomerFields).organization_fields
    return tuple(
        ExistingField(row.key, row.title, tuple(one.value for one in row.custom_field_options))
        for row in rows
        if row.key and row.type == "dropdown" and row.active and row.custom_field_options
    )
