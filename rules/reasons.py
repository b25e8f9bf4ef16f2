# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a condition holds or does not, in the words of the rule file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.policy import AllOf, AnyOf, Not, PathIs
from rules.select import compile_condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.facts import Value
    from rules.policy import Condition
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
        wanted = " or ".join(sorted(condition.values)[:_MOST_VALUES])
        more = len(condition.values) - _MOST_VALUES
        tail = f" or {more} more" if more > 0 else ""
        return f"{condition.path} is {shown_value(state.get(condition.path))}, not {wanted}{tail}"
    if isinstance(condition, Not):
        return why_holds(condition.part, state)
    if isinstance(condition, AllOf):
        for part in condition.parts:
            if not compile_condition(part)(dict(state)):
                return why_fails(part, state)
    return "; ".join(why_fails(part, state) for part in condition.parts)


def shown_value(value: Value) -> str:
    """A value as a person reads it; "nothing" where there is none."""
    if value is None or value == ():
        return "nothing"
    return value if isinstance(value, str) else ", ".join(value)
