# SPDX-License-Identifier: GPL-3.0-or-later
"""`tests`: a ticket, what happens to it, and what the rules should make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator

from rules.facts import AUTHORS, CHANNELS, MEASURES, PRIORITIES
from rules.format.base import Form, FormError, written, wrong, wrong_at
from rules.format.conditions import match_path
from rules.format.forms import (
    TEXT_SCHEMA,
    AuthorName,
    Channel,
    LaterWhen,
    Line,
    Priority,
    Prose,
    Reference,
    Version,
    When,
    YesNo,
    line,
    one_of,
    words,
)
from rules.source import START, Block, Items

if TYPE_CHECKING:
    from rules.source import Tree

ACTIONS = ("comment", "note", "status", "set", "merged", "deleted", "restored", "private")
ExpectedState = Literal[
    "running",
    "paused",
    "met",
    "breached",
    "breached_open",
    "cancelled",
    "excluded",
    "none",
]
STATES: tuple[ExpectedState, ...] = get_args(ExpectedState)


_CLOSED = {
    "priority": ("a priority", PRIORITIES),
    "channel": ("a channel", CHANNELS),
    "created_by": ("an author", AUTHORS),
}


def _value_or_list(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    if isinstance(value, str):
        return line(value) if value.strip() else ""
    if isinstance(value, Items):
        return tuple(handler(value))
    raise wrong("STP022", "must be a value or a list of values")


FieldValue = Annotated[
    str | list[Line],
    WrapValidator(_value_or_list),
    WithJsonSchema({"anyOf": [TEXT_SCHEMA, {"type": "array", "items": TEXT_SCHEMA}]}),
]


class OrganizationForm(Form):
    """The ticket's customer as the helpdesk knows it."""

    id: Annotated[Line | None, Field(description="Its id.")] = None
    name: Annotated[Line | None, Field(description="Its name.")] = None
    fields: Annotated[
        dict[Line, FieldValue], Field(default_factory=dict, description="Values by field key.")
    ]
    tags: Annotated[list[Line], Field(default_factory=list, description="Its tags.")]


class RequesterForm(Form):
    """Who asked."""

    role: Annotated[
        Literal["end_user", "agent", "light_agent", "admin"],
        *words("end_user", "agent", "light_agent", "admin"),
        Field(description="Role in the helpdesk."),
    ] = "end_user"
    language: Annotated[Line | None, Field(description="Language code.")] = None
    tags: Annotated[list[Line], Field(default_factory=list, description="The user's tags.")]


class TicketForm(Form):
    """A ticket as it was created."""

    created: Annotated[
        When,
        Field(description="When; with a zone.", examples=["2026-12-23 16:00 Europe/Amsterdam"]),
    ]
    id: Annotated[Line | None, Field(description="Its id.")] = None
    channel: Annotated[Channel, Field(description="Where it came in.")] = "email"
    priority: Annotated[Priority | None, Field(description="Its priority, if any.")] = None
    status: Annotated[Line, Field(description="Category or custom status.")] = "new"
    type: Annotated[Line | None, Field(description="Its type.")] = None
    brand: Annotated[Line | None, Field(description="Its brand.")] = None
    group: Annotated[Line | None, Field(description="Its group.")] = None
    form: Annotated[Line | None, Field(description="Its form.")] = None
    assignee: Annotated[Line | None, Field(description="Who has it.")] = None
    tags: Annotated[list[Line], Field(default_factory=list, description="Its tags.")]
    fields: Annotated[
        dict[Line, FieldValue], Field(default_factory=dict, description="Values by field key.")
    ]
    organization: Annotated[OrganizationForm | None, Field(description="Its customer.")] = None
    requester: Annotated[RequesterForm | None, Field(description="Who asked.")] = None
    created_by: Annotated[AuthorName, Field(description="Who created it.")] = "end_user"
    created_public: Annotated[YesNo, Field(description="Whether its first text is public.")] = True


def _settable(text: str) -> str:
    if text in ("assignee", "organization"):
        return text
    return match_path(text)


class HappeningForm(Form):
    """One change of a ticket; exactly one of its short forms."""

    at: Annotated[LaterWhen, Field(description="When; without a zone in that of `created`.")]
    comment: Annotated[AuthorName | None, Field(description="A public comment by this one.")] = None
    note: Annotated[AuthorName | None, Field(description="An internal note by this one.")] = None
    status: Annotated[Line | None, Field(description="Category or custom status.")] = None
    set: Annotated[
        dict[
            Annotated[str, written(_settable), WithJsonSchema({"type": "string"})],
            FieldValue | OrganizationForm,
        ]
        | None,
        WrapValidator(lambda value, _: _changes(value)),
        Field(description="New values by path.", examples=[{"priority": "high"}]),
    ] = None
    merged: Annotated[Line | None, Field(description="Merged into the ticket with this id.")] = None
    deleted: Annotated[YesNo | None, Field(description="The ticket was deleted.")] = None
    restored: Annotated[YesNo | None, Field(description="The ticket came back.")] = None
    private: Annotated[
        LaterWhen | None, Field(description="The comment of that instant was made private.")
    ] = None
    by: Annotated[AuthorName | None, Field(description="Who did it.")] = None
    via: Annotated[Line | None, Field(description="How a comment came in.")] = None

    def check(self) -> None:
        """One short form."""
        given = [key for key in ACTIONS if self.wrote(key)]
        if not given:
            raise wrong("STP021", "nothing happens here", f"give one of {', '.join(ACTIONS)}")
        if len(given) > 1:
            later = max(given, key=self.key_place)
            error = wrong("STP022", "one change each", "write a second happening at the same time")
            raise wrong_at(((later,), error))


def _changes(value: object) -> dict[str, str | tuple[str, ...] | OrganizationForm]:
    if not isinstance(value, Block):
        raise wrong("STP022", "must be a block of paths", "write {priority: high}")
    found: dict[str, str | tuple[str, ...] | OrganizationForm] = {}
    for key, part in value.items():
        try:
            _settable(key)
        except FormError as error:
            failed = wrong(error.code, error.message, error.hint)
            raise wrong_at(((key, "[key]"), failed)) from None
        if key == "organization":
            found[key] = OrganizationForm.model_validate(part)
        elif isinstance(part, Block):
            raise wrong_at(((key,), wrong("STP022", "must be a value or a list of values")))
        elif isinstance(part, str):
            found[key] = _word(key, part)
        else:
            found[key] = tuple(str(each) for each in part)
    return found


def _word(path: str, text: str) -> str:
    """The new value of a path; only known words where the path knows no others."""
    closed = _CLOSED.get(path)
    if closed is None or not text:
        return text
    try:
        return one_of(*closed)(text)
    except FormError as error:
        raise wrong_at(((path,), wrong(error.code, error.message, error.hint))) from None


class CycleForm(Form):
    """What one measure should have come to."""

    state: Annotated[
        ExpectedState | None,
        *words(*STATES),
        Field(description="Its state; none when the measure has no target."),
    ] = None
    due: Annotated[LaterWhen | None, Field(description="When it is due.")] = None
    breached: Annotated[LaterWhen | None, Field(description="When it was breached.")] = None
    fulfilled: Annotated[LaterWhen | None, Field(description="When it was fulfilled.")] = None
    calendar: Annotated[Reference | None, Field(description="Calendar it is counted on.")] = None


_Cycle = Annotated[CycleForm | None, Field(description="What this measure should come to.")]


class ExpectForm(Form):
    """What is compared; what is not named is not."""

    tier: Annotated[Reference | None, Field(description="The tier chosen.")] = None
    customer: Annotated[Reference | None, Field(description="The contract chosen, or none.")] = None
    priority: Annotated[Priority | None, Field(description="The priority written.")] = None
    steps: Annotated[
        list[Line] | None,
        Field(
            description="The complete list of steps up to `until`.",
            examples=[["2026-11-30 10:00 first_reply 50%, 1h before"]],
        ),
    ] = None
    first_reply: _Cycle = None
    next_reply: _Cycle = None
    periodic_update: _Cycle = None
    pausable_update: _Cycle = None
    requester_wait: _Cycle = None
    agent_work: _Cycle = None
    resolution: _Cycle = None
    group_ownership: _Cycle = None

    def cycles(self) -> dict[str, CycleForm]:
        """The measures that are compared."""
        found = {measure: getattr(self, measure) for measure in MEASURES}
        return {measure: form for measure, form in found.items() if isinstance(form, CycleForm)}


class TrialForm(Form):
    """One test of the rules."""

    name: Annotated[Prose, Field(description="What it shows, as a sentence.")]
    ticket: Annotated[TicketForm, Field(description="The ticket at its creation.")]
    happenings: Annotated[
        list[HappeningForm], Field(default_factory=list, description="What happens then.")
    ]
    until: Annotated[
        LaterWhen | None, Field(description="Where the clock stops; else the last instant named.")
    ] = None
    expect: Annotated[ExpectForm, Field(description="What should come of it.")]


class TrialsFile(Form):
    """A file of tests."""

    version: Annotated[Version, Field(description="Version of the format.")]
    tests: Annotated[list[TrialForm], Field(description="The tests.")]

    @classmethod
    def stand_ins(cls) -> dict[str, Tree]:
        """A file without a version is read as version 1, without tests as having none."""
        return {"version": "1", "tests": Items(START)}
