# SPDX-License-Identifier: GPL-3.0-or-later
"""`obligations` and `exclusions`: promises over a period, and approved exceptions."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    Field,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from rules.facts import MEASURES, Measure
from rules.format.base import Form, FormError, written, wrong, wrong_at
from rules.format.conditions import Population
from rules.format.forms import (
    Amount,
    Day,
    Days,
    Line,
    Number,
    Prose,
    Reference,
    Running,
    Share,
    SpanText,
    When,
    YesNo,
    one_of,
    words,
)
from rules.format.messages import shown
from rules.promises import INDICATORS, PERIODS, REASONS, Indicator, Period, Reason
from rules.source import Block

_FORECAST = re.compile(r"([0-9]{1,4}) more breach(?:es)?")
_PROMISED = (*MEASURES, *INDICATORS)


class BandForm(Form):
    """A credit that is due when the result is worse than a level."""

    below: Annotated[Share | None, Field(description="For `at_least`.")] = None
    above: Annotated[Share | None, Field(description="For `at_most`.")] = None
    share_of_fee: Annotated[Share, Field(description="Share of the period's fee.")]

    def check(self) -> None:
        """One level."""
        _one_of(self, "below", "above")


def _one_of(form: Form, first: str, second: str) -> None:
    if not form.wrote(first) and not form.wrote(second):
        raise wrong("STP021", f'"{first}" or "{second}" is missing')
    if form.wrote(first) and form.wrote(second):
        later = max(first, second, key=form.key_place)
        other = first if later == second else second
        error = wrong("STP022", f"give {first} or {second}, not both", f"{other} stands here too")
        raise wrong_at(((later,), error))


class PerBreachForm(Form):
    """A credit for each breach."""

    share_of_fee: Annotated[Share | None, Field(description="Of the period's fee.")] = None
    amount: Annotated[Amount | None, Field(description="In the fee's currency.")] = None

    def check(self) -> None:
        """One size."""
        _one_of(self, "share_of_fee", "amount")


class ClaimForm(Form):
    """The customer has to ask for the credit."""

    within: Annotated[Days, Field(description="Days after the statement is closed.")]


class CappedForm(Form):
    """Damages beyond the credit have an upper limit."""

    capped: Annotated[Amount, Field(description="In the fee's currency.", examples=["5000.00"])]


def _word_or_block(word: tuple[str, ...], form: type[Form]) -> WrapValidator:
    """Choose by shape, so that one slip gives one problem."""

    def read(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        if isinstance(value, Block):
            return form.model_validate(value)
        if isinstance(value, str) and value not in word:
            message = f'"{shown(value)}" is not known here'
            raise wrong("STP031", message, f"write {', '.join(word)} or a block")
        if isinstance(value, str):
            return value
        return handler(value)

    return WrapValidator(read)


class OtherwiseForm(Form):
    """What follows when the level is missed."""

    credit: Annotated[
        list[BandForm] | None,
        Field(
            description="Bands, from the mildest to the worst.",
            examples=[[{"below": "95%", "share_of_fee": "5%"}]],
        ),
    ] = None
    per_breach: Annotated[PerBreachForm | None, Field(description="Credit per breach.")] = None
    cap: Annotated[Share | None, Field(description="At most this share of the period's fee.")] = (
        None
    )
    settled: Annotated[
        Literal["next_invoice"] | None,
        *words("next_invoice"),
        Field(description="How a credit is given."),
    ] = None
    claim: Annotated[
        Literal["automatic"] | ClaimForm | None,
        _word_or_block(("automatic",), ClaimForm),
        Field(description="Whether the customer has to ask, and how long."),
    ] = None
    beyond_credit: Annotated[
        Literal["excluded", "as_law"] | CappedForm | None,
        _word_or_block(("excluded", "as_law"), CappedForm),
        Field(description="Damages on top of the credit; printed, never computed."),
    ] = None

    def check(self) -> None:
        """Bands or an amount per breach, not both; nothing at all is written `none`."""
        if self.wrote("credit") and self.wrote("per_breach"):
            later = max("credit", "per_breach", key=self.key_place)
            error = wrong("STP022", "give credit or per_breach, not both")
            raise wrong_at(((later,), error))


class CountingForm(Form):
    """How an indicator is counted."""

    ivr: Annotated[YesNo | None, Field(description="Count callers who leave in the menu.")] = None
    outside_hours: Annotated[
        YesNo | None, Field(description="Count calls outside opening hours.")
    ] = None
    callback: Annotated[
        Literal["other", "answered_if_connected"] | None,
        *words("other", "answered_if_connected"),
        Field(description="What a callback counts as."),
    ] = None
    ignore_under: Annotated[
        Running | None, Field(description="Ignore callers who leave sooner.", examples=["5s"])
    ] = None
    lines: Annotated[
        list[Line] | None,
        Field(description="Phone numbers, or ids of lines, that are meant."),
    ] = None
    window: Annotated[
        Days | None, Field(description="Days in which a reopening counts.", examples=["7 days"])
    ] = None


def _forecast(text: str) -> int:
    found = _FORECAST.fullmatch(text)
    if not found or int(found[1]) == 0:
        raise FormError("STP022", f'"{shown(text)}" is not a forecast', 'write "3 more breaches"')
    return int(found[1])


class WarnForm(Form):
    """Who is told before a running period is missed."""

    when: Annotated[
        int,
        written(_forecast),
        WithJsonSchema({"type": "string", "pattern": "^[0-9]+ more breach(es)?$"}),
        Field(description="How far away the miss is.", examples=["3 more breaches"]),
    ]
    tell: Annotated[list[Reference], Field(description="Recipients.")]


class ObligationForm(Form):
    """What is promised over a period, and what happens otherwise."""

    of: Annotated[
        Measure | Indicator | None,
        written(one_of("a measure or an indicator", _PROMISED)),
        WithJsonSchema({"type": "string", "enum": list(_PROMISED)}),
        Field(description="What is measured."),
    ] = None
    tickets: Annotated[
        Population | None,
        Field(description="For which tickets.", examples=[{"channel": ["email", "web"]}]),
    ] = None
    within: Annotated[SpanText | None, Field(description="Limit per case, for an indicator.")] = (
        None
    )
    counted: Annotated[
        Reference | None,
        Field(description="Calendar, for availability; opening hours, for the phone."),
    ] = None
    outages: Annotated[Line | None, Field(description="CSV file of outages, for availability.")] = (
        None
    )
    at_least: Annotated[Share | None, Field(description="Level that is to be reached.")] = None
    at_most: Annotated[Share | None, Field(description="Level that is not exceeded.")] = None
    per: Annotated[
        Period | None,
        written(one_of("a period", PERIODS)),
        WithJsonSchema({"type": "string", "enum": list(PERIODS)}),
        Field(description="Over which period."),
    ] = None
    minimum_tickets: Annotated[
        Number | None, Field(description="With fewer, no verdict.", examples=[20])
    ] = None
    unit: Annotated[
        Literal["cycle", "ticket"],
        *words("cycle", "ticket"),
        Field(description="What is counted; a ticket is kept when all its cycles are."),
    ] = "cycle"
    excluding: Annotated[
        list[
            Annotated[
                Reason,
                written(one_of("a reason", REASONS)),
                WithJsonSchema({"type": "string", "enum": list(REASONS)}),
            ]
        ]
        | None,
        Field(description="Approved reasons that do not count; [] for none."),
    ] = None
    warn: Annotated[list[WarnForm] | None, Field(description="Warnings before a miss.")] = None
    otherwise: Annotated[
        Literal["none"] | OtherwiseForm | None,
        _word_or_block(("none",), OtherwiseForm),
        Field(description="What follows a miss; none is an answer."),
    ] = None
    counting: Annotated[CountingForm | None, Field(description="How it is counted.")] = None
    from_: Annotated[When | None, Field(alias="from", description="From then on.")] = None
    until: Annotated[When | None, Field(description="Until then, exclusive.")] = None

    def check(self) -> None:
        """One level, and a possible one."""
        if self.wrote("at_least") and self.wrote("at_most"):
            later = max("at_least", "at_most", key=self.key_place)
            error = wrong("STP120", "give at_least or at_most, not both")
            raise wrong_at(((later,), error))
        for key, level in (("at_least", self.at_least), ("at_most", self.at_most)):
            if level is not None and level > 1:
                raise wrong_at(((key,), wrong("STP036", "a level is at most 100%")))


class ExclusionForm(Form):
    """An approved exception, with who and why."""

    tickets: Annotated[
        list[Line] | None, Field(description="Ids of tickets.", examples=[["4711"]])
    ] = None
    from_: Annotated[
        When | None, Field(alias="from", description="Begin of a window, inclusive.")
    ] = None
    until: Annotated[When | None, Field(description="End of a window, exclusive.")] = None
    reason: Annotated[
        Reason,
        written(one_of("a reason", REASONS)),
        WithJsonSchema({"type": "string", "enum": list(REASONS)}),
        Field(description="One of the agreed reasons."),
    ]
    by: Annotated[Line, Field(description="Who approved it.", examples=["ops@example.com"])]
    approved_on: Annotated[Day, Field(description="When it was approved.")]
    because: Annotated[Prose, Field(description="Why, with a pointer to the evidence.")]

    def check(self) -> None:
        """Tickets or a window."""
        for key, other in (("from", "until"), ("until", "from")):
            if self.wrote(key) and not self.wrote(other):
                raise wrong("STP021", f'"{other}" is missing')
        if not self.wrote("tickets") and not self.wrote("from"):
            raise wrong("STP021", '"tickets" is missing', "or from with until")
