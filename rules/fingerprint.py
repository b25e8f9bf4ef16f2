# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash of what rules mean: the same for every way of writing the same rules."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

from rules.policy import Calendar, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.calendar_hours import Pair
    from rules.policy import Policy

_FORM = 1  # raise it when the canonical form changes, so that old hashes never mean new things
_NO_MEANING = frozenset({"where", "places", "named_at", "secrets", "trials", "hash", "warnings"})

Plain = str | int | bool | None | list["Plain"] | dict[str, "Plain"]


def fingerprint(policy: Policy) -> str:
    """64 hex digits that name the meaning of a policy.

    Where something is written, in which file, how it is quoted, and the tests
    have no part in it; the dates of all holidays have.
    """
    meaning = {"form": _FORM, "policy": _plain(policy)}
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()


def calendars_fingerprint(policy: Policy) -> str:
    """64 hex digits that name the calendars of a policy: hours, holidays, zones, choosers."""
    meaning = {
        "form": _FORM,
        "calendars": _plain(dict(policy.calendars)),
        "choosers": _plain(dict(policy.choosers)),
    }
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()


def _plain(value: object) -> Plain:
    """A value as text, numbers, lists and mappings; sets in order."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (Fraction, Decimal, date)):
        return _text(value)
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(each) for each in value), key=json.dumps)
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return _mapping(value)
    return _fields(value)


def _text(value: Fraction | Decimal | date) -> str:
    if isinstance(value, date):  # an instant is a date too
        return value.isoformat()
    return str(value.normalize() if isinstance(value, Decimal) else value)


def _fields(value: object) -> Plain:
    if isinstance(value, Calendar):
        return _calendar(value)
    if not is_dataclass(value) or isinstance(value, (type, Where)):
        raise TypeError(f"{type(value).__name__} has no canonical form")
    found: dict[str, Plain] = {"": type(value).__name__}
    for each in fields(value):
        # What came to the format later means nothing where it is not written: hashes stay.
        is_unwritten = "later" in each.metadata and getattr(value, each.name) == each.default
        if each.name not in _NO_MEANING and not is_unwritten:
            found[each.name] = _unordered(each.name, getattr(value, each.name))
    return found


def _unordered(name: str, value: object) -> Plain:
    """Contracts and exclusions have no order: files may be named as one likes."""
    plain = _plain(value)
    if name in ("contracts", "exclusions") and isinstance(plain, list):
        return sorted(plain, key=lambda each: json.dumps(each, sort_keys=True))
    return plain


def _mapping(value: Mapping[object, object]) -> Plain:
    return {
        key if isinstance(key, str) else str(_plain(key)): _plain(each)
        for key, each in value.items()
    }


def _calendar(calendar: Calendar) -> Plain:
    """The hours as written and the closed dates, without the holidays' names."""
    business = calendar.business
    return {
        "name": calendar.name,
        "time_zone": business.time_zone,
        "at_closing": business.at_closing,
        "week": _hours(calendar.week),
        "holidays": _plain(frozenset(calendar.holiday_names)),
        "extra_hours": _hours(calendar.extra_hours),
        "breaks": _hours(calendar.breaks),
        "cut_off": calendar.cut_off,
    }


def _hours(hours: Mapping[str, tuple[Pair, ...]] | Mapping[date, tuple[Pair, ...]]) -> Plain:
    """Hours by day, those of a day in order."""
    return {str(day): _plain(sorted(pairs)) for day, pairs in hours.items()}
