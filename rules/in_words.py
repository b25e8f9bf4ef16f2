# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a policy in the words of rule files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch
from typing import TYPE_CHECKING

from rules.duration import format_running, format_share, format_span
from rules.policy import AllOf, AnyOf, Not, PathIs, Span
from rules.promises import BeyondCredit, CreditBand, Fee, ForecastWarning, PerBreach

if TYPE_CHECKING:
    from rules.policy import Condition

NOTHING = "nothing"
"""What was not said."""

EMPTY = "none"
"""A list that was said to be empty."""

NO_MEANING = frozenset({"where", "places", "name"})
"""Attributes that say where something stands or how it is called, not what it is."""

_IN_ONE_WORD = (PathIs, AllOf, AnyOf, Not, Span, Fee, PerBreach, BeyondCredit)
_DURATIONS = frozenset({"repeat_every", "ignore_under"})
_TIMES_OF_DAY = frozenset({"cut_off"})
_KEYS = {
    "default_priority": "priority.default",
    "floor_priority": "priority.floor",
    "from_at": "from",
    "until_at": "until",
    "write_priority": "write_back.priority",
    "write_due_at": "write_back.due_at",
    "url_name": "url",
    "period_zone": "periods.time_zone",
    "partial": "periods.partial",
    "assign_group": "assign.group",
    "assign_person": "assign.person",
    "repeat_every": "repeat.every",
    "repeat_times": "repeat.times",
    "claim_days": "claim.within_days",
}


def condition_text(condition: Condition) -> str:
    """What must hold, such as "channel is phone or email"."""
    if isinstance(condition, PathIs):
        return f"{condition.path} is {' or '.join(sorted(condition.values))}"
    if isinstance(condition, Not):
        return f"not ({condition_text(condition.part)})"
    if not condition.parts:
        return "everything"
    joint = " or " if isinstance(condition, AnyOf) else " and "
    return joint.join(_inner(part) for part in condition.parts)


def _inner(part: Condition) -> str:
    text = condition_text(part)
    is_compound = isinstance(part, AllOf | AnyOf) and len(part.parts) > 1
    return f"({text})" if is_compound else text


def key_of(attribute: str) -> str:
    """The key of a rule file behind an attribute of the policy."""
    return _KEYS.get(attribute, attribute)


def attributes(block: object, *, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Every attribute of a block that has a meaning, by key and in words."""
    if not is_dataclass(block) or isinstance(block, type):
        raise TypeError(f"{type(block).__name__} is no block of a policy")
    found: dict[str, str] = {}
    for each in fields(block):
        if each.name in NO_MEANING | without:
            continue
        key, value = key_of(each.name), getattr(block, each.name)
        if is_dataclass(value) and not isinstance(value, (type, *_IN_ONE_WORD)):
            found |= {f"{key}.{inner}": text for inner, text in attributes(value).items()}
        else:
            found[key] = value_text(value, each.name)
    return found


def value_text(value: object, attribute: str = "") -> str:
    """A value in words; `attribute` tells what its seconds mean."""
    if isinstance(value, int) and attribute in _DURATIONS:
        return format_running(value)
    if isinstance(value, int) and attribute in _TIMES_OF_DAY:
        return f"{value // 3600:02}:{value % 3600 // 60:02}"
    return _text(value)


@singledispatch
def _text(value: object) -> str:
    """A block within a block: its keys and values."""
    return "; ".join(f"{key} {text}" for key, text in attributes(value).items() if text != NOTHING)


@_text.register
def _(value: None) -> str:
    del value
    return NOTHING


@_text.register
def _(value: str) -> str:
    return value or NOTHING


@_text.register
def _(value: int) -> str:
    return str(value)


@_text.register
def _(value: bool) -> str:
    return "yes" if value else "no"


@_text.register
def _(value: Decimal) -> str:
    return str(value)


@_text.register
def _(value: Fraction) -> str:
    try:
        return format_share(value)
    except ValueError:
        return str(value)


@_text.register
def _(value: date) -> str:
    return value.isoformat()


@_text.register
def _(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@_text.register
def _(value: Span) -> str:
    return format_span(value)


@_text.register
def _(value: Fee) -> str:
    return f"{value.amount} {value.currency} per {value.per}"


@_text.register
def _(value: CreditBand) -> str:
    return f"{value.edge} {_text(value.level)}: {_text(value.share_of_fee)} of the fee"


@_text.register
def _(value: PerBreach) -> str:
    if value.share_of_fee is not None:
        return f"{_text(value.share_of_fee)} of the fee"
    return _text(value.amount)


@_text.register
def _(value: BeyondCredit) -> str:
    return value.kind if value.amount is None else f"{value.kind} at {value.amount}"


@_text.register
def _(value: ForecastWarning) -> str:
    return f"at {value.more_breaches} more breaches tell {_text(value.tell)}"


@_text.register(PathIs)
@_text.register(AllOf)
@_text.register(AnyOf)
@_text.register(Not)
def _(value: Condition) -> str:
    return condition_text(value)


@_text.register(tuple)
@_text.register(list)
def _(value: Sequence[object]) -> str:
    return ", ".join(map(_text, value)) or EMPTY


@_text.register(frozenset)
@_text.register(set)
def _(value: AbstractSet[object]) -> str:
    return ", ".join(sorted(map(_text, value))) or EMPTY


@_text.register(Mapping)
def _(value: Mapping[object, object]) -> str:
    """One text where all keys say the same (a `within` for every priority), else each."""
    texts = {_text(key): _text(one) for key, one in value.items()}
    alike = set(texts.values())
    if len(alike) == 1 and len(texts) > 1:
        return alike.pop()
    return ", ".join(f"{key} {text}" for key, text in texts.items()) or EMPTY
