# SPDX-License-Identifier: GPL-3.0-or-later
"""`targets` of tiers and customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from rules.duration import parse_span
from rules.facts import PRIORITIES, Measure
from rules.format.base import Form, FormError, read_text, written, wrong, wrong_at
from rules.format.conditions import WhenCondition
from rules.format.forms import TEXT_SCHEMA, MeasureName, Reference, SpanText, When, line, words
from rules.format.messages import shown
from rules.nearest import did_you_mean, distance
from rules.source import Block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import PydanticCustomError

    from rules.facts import Priority
    from rules.policy import Span

PAUSES = ("new", "open", "pending", "hold")
_STOPS = ("solved", "closed")

_UPDATES = ("agent_note",)
START_NAMES: Mapping[Measure, tuple[str, ...]] = {
    "first_reply": (
        "agent_created",
        "agent_created_with_note",
        "light_agent_forward",
        "agent_created_for_self",
        "requester_only",
    ),
    "next_reply": (
        "customer_note",
        "agent_requester_comment",
        "light_agent_note",
        "requester_only",
    ),
    "periodic_update": _UPDATES,
    "pausable_update": _UPDATES,
}
STOP_NAMES: Mapping[Measure, tuple[str, ...]] = {
    "first_reply": ("agent_note",),
    "next_reply": ("agent_note",),
}


_SpanOf = Annotated[SpanText | None, Field(description="For tickets of this priority.")]


class WithinForm(Form):
    """A duration for each priority."""

    urgent: _SpanOf = None
    high: _SpanOf = None
    normal: _SpanOf = None
    low: _SpanOf = None
    otherwise: Annotated[
        SpanText | None, Field(description="For the priorities that are not named.")
    ] = None

    def check(self) -> None:
        """Every priority has a duration."""
        if not self.wrote("otherwise") and not all(self.wrote(word) for word in PRIORITIES):
            lacking = [word for word in PRIORITIES if not self.wrote(word)]
            hint = f"or give all four; {', '.join(lacking)} not named"
            raise wrong("STP021", '"otherwise" is missing', hint)

    def spans(self) -> dict[Priority, Span]:
        """The duration of each priority that has one."""
        given = {
            "urgent": self.urgent, "high": self.high, "normal": self.normal, "low": self.low
        }  # fmt: skip
        found = {word: given[word] or self.otherwise for word in PRIORITIES}
        return {word: span for word, span in found.items() if span is not None}


def _within(value: object, _handler: ValidatorFunctionWrapHandler) -> object:
    if isinstance(value, Block):
        return WithinForm.model_validate(value)
    if isinstance(value, str) and value:
        return read_text(parse_span, value)
    raise wrong("STP022", "must be a duration or a block by priority")


Within = Annotated[SpanText | WithinForm, WrapValidator(_within)]


def _pause(text: str) -> str:
    """A status category, or the name of a custom status that cannot be mistaken for one."""
    found = line(text)
    if found in PAUSES:
        return found
    plain = found.lower().replace("-", "").replace(" ", "").replace("_", "")
    if plain == "onhold":
        raise FormError("STP031", f'"{shown(found)}" is not a status category', "write hold")
    for category in (*PAUSES, *_STOPS):
        if distance(plain, category, 2) <= (1 if len(category) < 4 else 2):
            if category in _STOPS:
                raise FormError("STP031", f'"{shown(found)}" stops a clock, it never pauses it')
            message = f'"{shown(found)}" is not a status category'
            raise FormError("STP031", message, f"write {category}")
    return found


Pause = Annotated[str, written(_pause), WithJsonSchema(TEXT_SCHEMA)]


class TargetForm(Form):
    """A promise for one measure."""

    measure: Annotated[MeasureName, Field(description="What is timed.")]
    when: Annotated[
        WhenCondition | None,
        Field(description="Only for tickets like these.", examples=[{"channel": "phone"}]),
    ] = None
    within: Annotated[Within, Field(description="How long, for all priorities or by priority.")]
    counted: Annotated[
        Reference,
        Field(description="Calendar on which the time runs.", examples=["always", "office_nl"]),
    ]
    by: Annotated[
        Literal["closing"] | None,
        *words("closing"),
        Field(description="Move a due in days to that day's closing."),
    ] = None
    pause_on: Annotated[
        list[Pause] | None,
        Field(
            description="Status categories or custom statuses in which the clock stands still.",
            examples=[["pending", "hold"]],
        ),
    ] = None
    start_on: Annotated[
        list[Reference] | None, Field(description="Further events that start the clock.")
    ] = None
    stop_on: Annotated[
        list[Reference] | None, Field(description="Further events that stop the clock.")
    ] = None
    escalate: Annotated[Reference | None, Field(description="Name of an escalation.")] = None
    from_: Annotated[
        When | None, Field(alias="from", description="For tickets created from then on.")
    ] = None
    until: Annotated[When | None, Field(description="For tickets created before then.")] = None

    def check(self) -> None:
        """Options that this measure has, and days where days are needed."""
        errors = [
            *_unknown_options("start_on", self.start_on, START_NAMES.get(self.measure, ())),
            *_unknown_options("stop_on", self.stop_on, STOP_NAMES.get(self.measure, ())),
        ]
        if self.by and any(span.unit == "seconds" for span in self.spans().values()):
            hint = 'write "1 working days" or "1 calendar days"'
            error = wrong("STP119", "by: closing needs a duration in days", hint)
            errors.append((("by",), error))
        if errors:
            raise wrong_at(*errors)

    def spans(self) -> dict[Priority, Span]:
        """The duration of each priority."""
        if isinstance(self.within, WithinForm):
            return self.within.spans()
        return dict.fromkeys(PRIORITIES, self.within)


def _unknown_options(
    key: str, given: Sequence[str] | None, known: tuple[str, ...]
) -> list[tuple[tuple[str | int, ...], PydanticCustomError]]:
    errors: list[tuple[tuple[str | int, ...], PydanticCustomError]] = []
    for i, option in enumerate(given or ()):
        if option not in known:
            message = f'"{shown(option)}" is not known for this measure'
            hint = did_you_mean(option, known) if known else f"this measure has no {key}"
            errors.append(((key, i), wrong("STP031", message, hint)))
    return errors
