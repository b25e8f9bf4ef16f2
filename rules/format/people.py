# SPDX-License-Identifier: GPL-3.0-or-later
"""`recipients` and `escalations`: who is told what, and when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rules.format.base import Form, wrong, wrong_at
from rules.format.forms import (
    Email,
    EnvironmentName,
    Language,
    Line,
    Number,
    Priority,
    Reference,
    Running,
    StepTime,
    YesNo,
    words,
)

_ADDRESSES = ("ticket", "email", "url")
_ACTIONS = ("tell", "note", "raise_priority", "add_tags", "assign")


class RecipientForm(Form):
    """Somebody who can be told: one of `ticket`, `email`, `url`."""

    ticket: Annotated[
        Literal["assignee", "group"] | None,
        *words("assignee", "group"),
        Field(description="Whoever has the ticket at that moment."),
    ] = None
    email: Annotated[
        Email | None, Field(description="An e-mail address.", examples=["lead@example.com"])
    ] = None
    url: Annotated[
        EnvironmentName | None,
        Field(description="An Apprise URL, by the name of its environment variable."),
    ] = None
    language: Annotated[Language | None, Field(description="Language of the messages.")] = None
    only_during: Annotated[
        Reference | None, Field(description="Calendar outside whose hours nothing is sent.")
    ] = None
    on_ambiguous: Annotated[
        Literal["resend", "hold"] | None,
        *words("resend", "hold"),
        Field(description="What to do with a message that may have arrived and may not."),
    ] = None

    def check(self) -> None:
        """Exactly one address."""
        given = [key for key in _ADDRESSES if self.wrote(key)]
        if not given:
            raise wrong("STP021", "no address", "give one of ticket, email, url")
        if len(given) > 1:
            later = max(given, key=self.key_place)
            first = next(key for key in given if key != later)
            error = wrong("STP022", f"one address only: {first} stands here too")
            raise wrong_at(((later,), error))


_MOST_REPEATS = 1000


class AssignForm(Form):
    """Who gets the ticket."""

    group: Annotated[Line | None, Field(description="Name of a group.")] = None
    person: Annotated[Line | None, Field(description="E-mail address or id of an agent.")] = None

    def check(self) -> None:
        """Somebody has to get it."""
        if not self.wrote("group") and not self.wrote("person"):
            raise wrong("STP021", "assigns to nobody", "give group or person")


class RepeatForm(Form):
    """How often a step is repeated after its first time."""

    every: Annotated[Running, Field(description="Running time of the target's own clock.")]
    times: Annotated[Number, Field(description="How many times after the first.", examples=[3])]

    def check(self) -> None:
        """An end that somebody will live to see."""
        if self.times > _MOST_REPEATS:
            error = wrong("STP022", f"more than {_MOST_REPEATS:,} repeats", "write fewer")
            raise wrong_at((("times",), error))


class StepForm(Form):
    """One step of an escalation."""

    at: Annotated[StepTime, Field(description="When, on the target's own clock.")]
    tell: Annotated[
        list[Reference] | None, Field(description="Recipients.", examples=[["assignee"]])
    ] = None
    note: Annotated[YesNo | None, Field(description="Add an internal note to the ticket.")] = None
    raise_priority: Annotated[
        Priority | None, Field(description="Raise the ticket's priority to this; never lowers.")
    ] = None
    add_tags: Annotated[list[Line] | None, Field(description="Tags to add.")] = None
    assign: Annotated[AssignForm | None, Field(description="Who gets the ticket.")] = None
    repeat: Annotated[
        RepeatForm | None,
        Field(description="Repeat the step.", examples=[{"every": "4h", "times": 3}]),
    ] = None

    def check(self) -> None:
        """A step does something."""
        if not any(self.wrote(key) for key in _ACTIONS):
            raise wrong("STP021", "this step does nothing", f"give one of {', '.join(_ACTIONS)}")
