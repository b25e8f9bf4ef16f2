# SPDX-License-Identifier: GPL-3.0-or-later
"""The agreements that a helpdesk account holds already, as far as it tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rules.facts import Measure, Priority


@dataclass(frozen=True, slots=True)
class ExistingCondition:
    """A condition in match paths; `path` is None where rule files cannot say it.

    `told` is the condition in the account's own words.
    """

    told: str
    path: str | None = None
    values: tuple[str, ...] = ()
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class ExistingTarget:
    """A promise for one priority. `seconds` run in business hours or round the clock."""

    measure: Measure
    priority: Priority
    seconds: int
    in_business_hours: bool


@dataclass(frozen=True, slots=True)
class ExistingPolicy:
    """An SLA policy of the account, which is tried in the order of the list.

    `remarks` name what it says beyond its conditions and targets.
    """

    title: str
    description: str
    all_of: tuple[ExistingCondition, ...]
    any_of: tuple[ExistingCondition, ...]
    targets: tuple[ExistingTarget, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExistingCalendar:
    """A schedule of the account. `hours` by weekday, `closed` names its holidays by date."""

    title: str
    time_zone: str
    hours: Mapping[str, tuple[str, ...]]
    closed: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExistingField:
    """A drop-down field of organizations with the values it can hold."""

    key: str
    title: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Existing:
    """What an account says of its agreements.

    `policies` and `calendars` are None where the plan has none or we may not
    read them, `time_zone` where no schedule tells it.
    """

    policies: tuple[ExistingPolicy, ...] | None
    calendars: tuple[ExistingCalendar, ...] | None
    fields: tuple[ExistingField, ...]
    time_zone: str | None
