# SPDX-License-Identifier: GPL-3.0-or-later
"""What loaded rule files mean: tiers, customers, targets, steps, calendars.

Frozen values with every name resolved and every duration in seconds or days.
`rules.load` builds them; the rest of the engine only reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from rules.calendars import BusinessCalendar
    from rules.facts import Measure, Priority
    from rules.promises import Exclusion, Fee, Obligation
    from rules.trials import Trial

SpanUnit = Literal["seconds", "working_days", "calendar_days"]
Commitment = Literal["guarantee", "best_effort"]


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """Position in a rule file, from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """`file:line`, the form that verdicts carry as `rule`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Span:
    """A promised duration: running seconds, or a number of days of its own kind."""

    unit: SpanUnit
    amount: int


@dataclass(frozen=True, slots=True)
class PathIs:
    """The value at `path` is one of `values` (for lists: shares one of them)."""

    path: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; no parts hold always (`match: everything`)."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = PathIs | AllOf | AnyOf | Not
EVERYTHING = AllOf()


@dataclass(frozen=True, slots=True)
class Calendar:
    """A named calendar.

    `cut_off`: seconds after local midnight; what starts later has no running
    time before the next open date. `holiday_names` are for people;
    `known_until` is the last date for which the country's holidays are known.
    The hours are kept as written too: `week` by weekday, the others by date.
    `excepted` and `added` are the dates that an admin took out of the holidays
    and added to them; `idle_exceptions` are dates taken out that are none.
    `places` holds where the values of keys stand, here and in every block below.
    """

    name: str
    business: BusinessCalendar
    where: Where
    cut_off: int | None = None
    holiday_names: Mapping[date, str] = field(default_factory=dict)
    known_until: date | None = None
    week: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    extra_hours: Mapping[date, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    breaks: Mapping[date, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    country: str | None = None
    excepted: tuple[date, ...] = ()
    added: tuple[date, ...] = ()
    idle_exceptions: tuple[date, ...] = ()
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CalendarChooser:
    """A calendar that depends on a ticket's value: `cases` of `path`, else `default`."""

    name: str
    path: str
    cases: Mapping[str, str]
    default: str
    where: Where
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told. Exactly one of `ticket`, `email`, `url_name` is set.

    `ticket` is `assignee` or `group`; `url_name` is the name of the
    environment variable that holds an Apprise URL, never the URL. What may
    have arrived is sent again (`resend`) or kept for an operator (`hold`).
    """

    name: str
    where: Where
    ticket: str | None = None
    email: str | None = None
    url_name: str | None = None
    language: str | None = None
    only_during: str | None = None
    on_ambiguous: Literal["resend", "hold"] = "resend"
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StepMoment:
    """When a step fires, on the target's own clock.

    share: after `share` of the target. before, after: `seconds` from the due.
    `label` is the written form ("75%", "1h before", "due", "2h after").
    """

    kind: Literal["share", "before", "due", "after"]
    label: str
    share: Fraction = Fraction(0)
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One escalation step. `repeat_every` is in seconds of the target's clock."""

    at: StepMoment
    where: Where
    tell: tuple[str, ...] = ()
    note: bool = False
    raise_priority: Priority | None = None
    assign_group: str | None = None
    assign_person: str | None = None
    add_tags: tuple[str, ...] = ()
    repeat_every: int | None = None
    repeat_times: int = 0
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """A promise for one measure.

    `within` holds a span for each priority (a plain `within` stands there four
    times). `counted` names a calendar or a chooser. `pause_on` is None where
    the measure's own pauses hold. `from_at` (inclusive) and `until_at`
    (exclusive) are compared with the ticket's creation.
    """

    measure: Measure
    within: Mapping[Priority, Span]
    counted: str
    where: Where
    when: Condition = EVERYTHING
    by_closing: bool = False
    pause_on: tuple[str, ...] | None = None
    start_on: frozenset[str] = frozenset()
    stop_on: frozenset[str] = frozenset()
    escalate: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of service; tiers are tried in order and the first match wins."""

    name: str
    match: Condition
    targets: tuple[Target, ...]
    where: Where
    serves: tuple[str, ...] | None = None
    default_priority: Priority | None = None
    floor_priority: Priority | None = None
    commitment: Commitment | None = None
    obligations: tuple[str, ...] = ()
    fee: Fee | None = None
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """Who is sent a customer's report, by the names of recipients, and how often.

    `period`: of every period of its obligations, when it is over; `week`: of
    the running period, at the beginning of each week.
    """

    every: Literal["period", "week"]
    to: tuple[str, ...]
    where: Where = field(compare=False)


@dataclass(frozen=True, slots=True)
class Contract:
    """A customer's agreement: a tier with targets of its own tried first.

    `from_at` (inclusive) and `until_at` (exclusive) are compared with the
    ticket's creation. `obligations` is None where the tier's list holds.
    """

    name: str
    match: Condition
    tier: str
    where: Where
    from_at: datetime | None = None
    until_at: datetime | None = None
    because: str | None = None
    review_by: date | None = None
    covers: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    without: frozenset[Measure] = frozenset()
    obligations: tuple[str, ...] | None = None
    commitment: Commitment | None = None
    fee: Fee | None = None
    period_zone: str | None = None
    partial: Literal["by_days", "full", "none"] | None = None
    cap: Fraction | None = None
    reports: tuple[ReportOrder, ...] = field(default=(), metadata={"later": True})
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a rule folder. `at_risk` is a share of the target."""

    time_zone: str
    enforce_from: datetime | None = None
    write_priority: Literal["raise", "off"] = "raise"
    write_due_at: Literal["tasks_only", "off"] = "tasks_only"
    at_risk: Fraction = Fraction(4, 5)
    bots: frozenset[str] = frozenset()
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Policy:
    """A whole rule folder. `hash` names its meaning: 64 hex digits.

    Two loads of one folder are two policies with the same hash; compare hashes.
    """

    hash: str
    settings: Settings
    calendars: Mapping[str, Calendar]
    choosers: Mapping[str, CalendarChooser]
    recipients: Mapping[str, Recipient]
    escalations: Mapping[str, tuple[Step, ...]]
    tiers: tuple[Tier, ...]
    contracts: tuple[Contract, ...]
    obligations: Mapping[str, Obligation]
    exclusions: tuple[Exclusion, ...] = ()
    warnings: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    where: Where = field(default_factory=lambda: Where("", 1, 1))
    named_at: Mapping[str, Where] = field(default_factory=dict)
    secrets: tuple[tuple[Where, str], ...] = ()
