# SPDX-License-Identifier: GPL-3.0-or-later
"""`calendars`: opening hours with holidays, and choosers among them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ModelWrapValidatorHandler, WithJsonSchema, WrapValidator

from rules.calendar_hours import time_of_day
from rules.format.base import Form, FormError, written, wrong, wrong_at
from rules.format.conditions import single_path
from rules.format.forms import Day, Line, Reference, YesNo, Zone, words
from rules.format.hours import DatedHours, WeekHours
from rules.format.messages import shown
from rules.holiday_dates import UnknownCountry, UnknownSubdivision, public_holidays
from rules.nearest import did_you_mean
from rules.source import Block

CHOOSER_KEYS = ("choose_by", "cases", "default")


def _time_of_day(text: str) -> int:
    try:
        return time_of_day(text)
    except ValueError as error:
        raise FormError("STP034", str(error), "write it like 15:00") from None


TimeOfDay = Annotated[
    int,
    written(_time_of_day),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2}$", "examples": ["15:00"]}),
]


class HolidaysForm(Form):
    """Dates on which nothing is open: a country's public holidays, less and more of them."""

    country: Annotated[
        Line | None, Field(description="ISO code of two letters.", examples=["NL", "US"])
    ] = None
    subdivision: Annotated[
        Line | None,
        Field(description="Part of the country with holidays of its own.", examples=["MA"]),
    ] = None
    observed: Annotated[
        YesNo,
        Field(description="Whether days that stand in for holidays on a weekend count too."),
    ] = True
    except_: Annotated[
        list[Day],
        Field(
            default_factory=list,
            alias="except",
            description="Holidays on which you work after all.",
        ),
    ]
    also: Annotated[
        list[Day],
        Field(default_factory=list, description="Further closed dates.", examples=[["2026-12-24"]]),
    ]

    def check(self) -> None:
        """Look the country up."""
        if self.country is None:
            if self.wrote("subdivision") and not self.wrote("country"):
                raise wrong("STP021", '"country" is missing', "a subdivision is part of one")
            return
        try:
            public_holidays(self.country, self.subdivision, observed=self.observed)
        except UnknownSubdivision as error:
            message = f'"{shown(error.name)}" is no part of {self.country} with holidays of its own'
            hint = did_you_mean(error.name, error.names) or "leave it out, or see ISO 3166-2"
            raise wrong_at((("subdivision",), wrong("STP027", message, hint))) from None
        except UnknownCountry as error:
            message = f'"{shown(error.name)}" is not a country whose holidays are known'
            upper = error.name.upper()
            hint = upper if upper in error.names else "write the ISO code of two letters, like NL"
            raise wrong_at((("country",), wrong("STP027", message, hint))) from None


class CalendarForm(Form):
    """Opening hours in one time zone."""

    time_zone: Annotated[Zone, Field(description="Zone in which the hours are written.")]
    hours: Annotated[
        WeekHours,
        Field(
            description="Hours by weekday; a day that is not named is closed.",
            examples=[{"mon-fri": ["09:00-12:30", "13:00-17:30"]}],
        ),
    ]
    holidays: Annotated[HolidaysForm | None, Field(description="Closed dates.")] = None
    breaks: Annotated[
        DatedHours,
        Field(
            default_factory=dict,
            description="Cut out of a date.",
            examples=[{"2026-12-31": ["15:00-24:00"]}],
        ),
    ]
    extra_hours: Annotated[
        DatedHours,
        Field(
            default_factory=dict,
            description="Replace a date's hours.",
            examples=[{"2026-12-19": ["10:00-14:00"]}],
        ),
    ]
    at_closing: Annotated[
        Literal["next_opening", "closing"],
        *words("next_opening", "closing"),
        Field(description="Where a target that ends exactly at closing is shown as due."),
    ] = "next_opening"
    cut_off: Annotated[
        TimeOfDay | None,
        Field(description="What starts later than this counts from the next open day."),
    ] = None

    def check(self) -> None:
        """Refuse a calendar that never opens."""
        open_at_all = any(self.hours.values()) or any(self.extra_hours.values())
        if not open_at_all and self.read_whole("hours", "extra_hours"):
            never = wrong("STP105", "this calendar never opens", "give at least one day hours")
            raise wrong_at((("hours",), never))


class ChooserForm(Form):
    """A calendar that depends on a value of the ticket."""

    choose_by: Annotated[
        str,
        written(single_path),
        WithJsonSchema({"type": "string"}),
        Field(description="The path whose value chooses.", examples=["organization.fields.market"]),
    ]
    cases: Annotated[
        dict[Line, Reference],
        Field(description="Calendar by value.", examples=[{"nl": "office_nl"}]),
    ]
    default: Annotated[Reference, Field(description="Calendar for every other value.")]


def _either(value: object, _handler: ModelWrapValidatorHandler[Form]) -> Form:
    """Choose by the keys that are present, so that one slip gives one problem."""
    if not isinstance(value, Block):
        raise wrong("STP022", "must be a block of keys", "write key: value")
    if "hours" not in value.keys_at and any(key in value.keys_at for key in CHOOSER_KEYS):
        return ChooserForm.model_validate(value)
    return CalendarForm.model_validate(value)


AnyCalendar = Annotated[CalendarForm | ChooserForm, WrapValidator(_either)]
