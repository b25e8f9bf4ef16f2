# SPDX-License-Identifier: GPL-3.0-or-later
"""`tiers` and `customers`: levels of service, and the agreements of single customers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from rules.format.base import Form, wrong
from rules.format.conditions import Match
from rules.format.forms import (
    Amount,
    Channel,
    Commitment,
    Currency,
    Day,
    MeasureName,
    Priority,
    Prose,
    Reference,
    Share,
    When,
    Zone,
    words,
)
from rules.format.targets import TargetForm
from rules.source import Items


class PriorityForm(Form):
    """The priorities of a tier's tickets."""

    default: Annotated[Priority | None, Field(description="For a ticket that has no priority.")] = (
        None
    )
    floor: Annotated[
        Priority | None, Field(description="No ticket counts or is written lower than this.")
    ] = None


class FeeForm(Form):
    """What the customer pays."""

    amount: Annotated[Amount, Field(description="Exact amount.", examples=["2000.00"])]
    currency: Annotated[Currency, Field(description="ISO 4217 code.")]
    per: Annotated[Literal["month"], *words("month"), Field(description="Always month.")]


class PeriodsForm(Form):
    """How the periods of a contract run."""

    time_zone: Annotated[
        Zone | None, Field(description="Zone of the periods; else settings.time_zone.")
    ] = None
    partial: Annotated[
        Literal["by_days", "full", "none"] | None,
        *words("by_days", "full", "none"),
        Field(description="How a first or last period that is cut counts."),
    ] = None


def _some(value: object) -> object:
    if isinstance(value, Items) and not value:
        raise wrong("STP022", "serves no channel", "name the channels or leave the key out")
    return value


class TierForm(Form):
    """A level of service; the first tier whose match holds is the ticket's."""

    match: Annotated[
        Match,
        Field(
            description="Which tickets; `everything` for the last tier.",
            examples=[{"organization.fields.sla_tier": "premium"}],
        ),
    ]
    serves: Annotated[
        list[Channel] | None,
        BeforeValidator(_some),
        Field(description="Channels on which this tier is served.", examples=[["email", "web"]]),
    ] = None
    priority: Annotated[PriorityForm | None, Field(description="Default and floor.")] = None
    commitment: Annotated[
        Commitment | None, Field(description="Whether this is promised or aimed at.")
    ] = None
    obligations: Annotated[
        list[Reference] | None, Field(description="Names of obligations, kept per customer.")
    ] = None
    fee: Annotated[FeeForm | None, Field(description="What credits are shares of.")] = None
    targets: Annotated[
        list[TargetForm],
        Field(description="For each measure the first whose `when` and dates fit."),
    ]


class ReportForm(Form):
    """Who is sent a customer's report, and how often."""

    every: Annotated[
        Literal["period", "week"],
        *words("period", "week"),
        Field(description="Of each period once it is over, or each week of the running one."),
    ]
    to: Annotated[
        list[Reference],
        Field(description="Recipients with an e-mail address; each reads its own language."),
    ]


class CustomerForm(Form):
    """A customer's agreement."""

    match: Annotated[
        Match,
        Field(description="Whose tickets.", examples=[{"organization.id": "360001234567"}]),
    ]
    tier: Annotated[Reference, Field(description="The tier it builds on.")]
    from_: Annotated[
        When | None, Field(alias="from", description="First day, judged by the ticket's creation.")
    ] = None
    until: Annotated[
        When | None, Field(description="The day after the last, judged in the same way.")
    ] = None
    because: Annotated[
        Prose | None, Field(description="Where it is written.", examples=["Contract 2026-014"])
    ] = None
    review_by: Annotated[Day | None, Field(description="When to look at it again.")] = None
    covers: Annotated[list[Prose] | None, Field(description="Services, printed in reports.")] = None
    targets: Annotated[list[TargetForm] | None, Field(description="Tried before the tier's.")] = (
        None
    )
    without: Annotated[
        list[MeasureName] | None,
        Field(description="Measures of the tier that this contract does not have."),
    ] = None
    obligations: Annotated[
        list[Reference] | None, Field(description="Replaces the tier's list.")
    ] = None
    commitment: Annotated[Commitment | None, Field(description="Overrides the tier's.")] = None
    fee: Annotated[FeeForm | None, Field(description="What credits are shares of.")] = None
    periods: Annotated[PeriodsForm | None, Field(description="How its periods run.")] = None
    cap: Annotated[
        Share | None, Field(description="All credits of a period together, as a share of the fee.")
    ] = None
    reports: Annotated[
        list[ReportForm] | None,
        Field(
            description="Reports by e-mail.",
            examples=[[{"every": "period", "to": ["key_accounts"]}]],
        ),
    ] = None
