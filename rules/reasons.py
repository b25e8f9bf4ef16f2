# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a condition holds or does not, in the words of the rule file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.in_words import condition_text
from rules.policy import AllOf, AnyOf, Not, PathIs
from rules.select import compile_condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.facts import Value
    from rules.policy import CalendarChooser, Condition
    from rules.verdict import Choice

_MOST_VALUES = 3


def why_chosen(choice: Choice) -> str:
    """One sentence: the rule's place and the values that made it match."""
    if choice.where is None or choice.match is None:
        return "no tier matches"
    return f"{choice.where}, {why_holds(choice.match, choice.state)}"


def why_holds(condition: Condition, state: Mapping[str, Value]) -> str:
    """The parts of a condition that hold, with the ticket's values."""
    if isinstance(condition, PathIs):
        return f"{condition.path} = {shown_value(state.get(condition.path))}"
    if isinstance(condition, Not):
        return f"not ({why_fails(condition.part, state)})"
    if isinstance(condition, AnyOf):
        for part in condition.parts:
            if compile_condition(part)(dict(state)):
                return why_holds(part, state)
    if not condition.parts:
        return "match: everything"
    return ", ".join(why_holds(part, state) for part in condition.parts)


def why_fails(condition: Condition, state: Mapping[str, Value]) -> str:
    """The first part of a condition that does not hold."""
    if isinstance(condition, PathIs):
        actual = shown_value(state.get(condition.path))
        return f"{condition.path} is {actual}, not {_wanted(condition)}"
    if isinstance(condition, Not):
        return why_holds(condition.part, state)
    if isinstance(condition, AllOf):
        for part in condition.parts:
            if not compile_condition(part)(dict(state)):
                return why_fails(part, state)
    return "; ".join(why_fails(part, state) for part in condition.parts)


def what_is_wanted(condition: Condition, state: Mapping[str, Value]) -> str:
    """What a condition that does not hold asks for, without the parts that hold."""
    if isinstance(condition, PathIs):
        return f"{condition.path} {_wanted(condition)}"
    if isinstance(condition, AnyOf):
        return " or ".join(what_is_wanted(part, state) for part in condition.parts)
    if isinstance(condition, AllOf):
        for part in condition.parts:
            if not compile_condition(part)(dict(state)):
                return what_is_wanted(part, state)
    return condition_text(condition)


def why_counted(chooser: CalendarChooser, calendar: str, state: Mapping[str, Value]) -> str:
    """Which case of a chooser chose the calendar, or that none did."""
    value = state.get(chooser.path)
    found = f"{chooser.path} is {shown_value(value)}"
    if isinstance(value, str) and chooser.cases.get(value) == calendar:
        place = chooser.places.get(f"cases.{value}", chooser.where)
        return f"{calendar} chosen by {chooser.name}: {found} ({place})"
    place = chooser.places.get("default", chooser.where)
    return f"{calendar} is the default of {chooser.name}: {found}, which is no case ({place})"


def _wanted(condition: PathIs) -> str:
    wanted = " or ".join(sorted(condition.values)[:_MOST_VALUES])
    more = len(condition.values) - _MOST_VALUES
    return f"{wanted} or {more} more" if more > 0 else wanted


def shown_value(value: Value) -> str:
    """A value as a person reads it; "nothing" where there is none."""
    if value is None or value == ():
        return "nothing"
    return value if isinstance(value, str) else ", ".join(value)
