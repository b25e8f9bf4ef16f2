# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole rule file, and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rules.format.base import Form
from rules.format.calendars import AnyCalendar
from rules.format.forms import Line, Name, Share, Version, When, Zone, words
from rules.format.obligations import ExclusionForm, ObligationForm
from rules.format.people import RecipientForm, StepForm
from rules.format.tiers import CustomerForm, TierForm

if TYPE_CHECKING:
    from rules.source import Tree


class WriteBackForm(Form):
    """Which of the helpdesk's own fields are written."""

    priority: Annotated[
        Literal["raise", "off"],
        *words("raise", "off"),
        Field(description="Raise priorities, or leave them alone."),
    ] = "raise"
    due_at: Annotated[
        Literal["tasks_only", "off"],
        *words("tasks_only", "off"),
        Field(description="Write the due date of tickets of type task, or none."),
    ] = "tasks_only"


class SettingsForm(Form):
    """What holds for the whole folder."""

    time_zone: Annotated[
        Zone | None, Field(description="For dates written without a zone; else UTC.")
    ] = None
    enforce_from: Annotated[
        When | None, Field(description="Cycles that started earlier are excluded.")
    ] = None
    write_back: Annotated[WriteBackForm | None, Field(description="What is written.")] = None
    at_risk: Annotated[
        Share | None, Field(description="Share of a target after which it is at risk.")
    ] = None
    bots: Annotated[
        list[Line] | None, Field(description="Ids of users whose comments are nobody's reply.")
    ] = None


class RulesFile(Form):
    """A file of rules; the files of a folder are merged by section."""

    version: Annotated[Version, Field(description="Version of the format.")]
    settings: Annotated[
        SettingsForm | None, Field(description="What holds for the whole folder.")
    ] = None
    calendars: Annotated[
        dict[Name, AnyCalendar],
        Field(default_factory=dict, description="Opening hours; `always` is built in."),
    ]
    recipients: Annotated[
        dict[Name, RecipientForm], Field(default_factory=dict, description="Who can be told.")
    ]
    escalations: Annotated[
        dict[Name, list[StepForm]],
        Field(default_factory=dict, description="Steps on a target's own clock."),
    ]
    tiers: Annotated[
        dict[Name, TierForm],
        Field(default_factory=dict, description="Levels of service; the first that matches wins."),
    ]
    customers: Annotated[
        dict[Name, CustomerForm],
        Field(default_factory=dict, description="Agreements of single customers."),
    ]
    obligations: Annotated[
        dict[Name, ObligationForm],
        Field(default_factory=dict, description="What is promised over a period."),
    ]
    exclusions: Annotated[
        list[ExclusionForm],
        Field(default_factory=list, description="Approved exceptions."),
    ]

    @classmethod
    def stand_ins(cls) -> dict[str, Tree]:
        """A file without a version is read as version 1, after saying so."""
        return {"version": "1"}
