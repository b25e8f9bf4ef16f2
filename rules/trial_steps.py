# SPDX-License-Identifier: GPL-3.0-or-later
"""Fired steps as tests write them: `2026-11-30 10:00 first_reply 50%, 1h before`.

One entry stands for all steps of one target that fire at one moment, as they
become one message. A repetition carries its number: `2h after #2`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, cast

from rules.calendar_zones import time_zone
from rules.duration import DurationError, parse_moment
from rules.facts import MEASURES
from rules.format.base import FormError
from rules.format.forms import any_moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from rules.facts import Measure
    from rules.steps import StepDue

_ENTRY = re.compile(rf"(.+?)\s+({'|'.join(MEASURES)})\s+(.+)")
_REPETITION = re.compile(r"(.+?) ?(#[1-9][0-9]{0,8})?")
# Two steps of one escalation may share a moment: "due", "due (2)". People see one.
_SAME_MOMENT = re.compile(r" \([0-9]+\)")
_EXAMPLE = "write it like 2026-11-30 10:00 first_reply 50%, 1h before"


@dataclass(frozen=True, slots=True)
class StepsEntry:
    """One entry of a list of steps; labels have no order."""

    at: datetime
    measure: Measure
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class FiredSteps:
    """Steps of one target that fired together.

    `at` is when they fired on the virtual clock; that is later than their own
    moment where a target came late.
    """

    at: datetime
    steps: tuple[StepDue, ...]

    @property
    def measure(self) -> Measure:
        """What their target measures."""
        return self.steps[0].measure

    @property
    def cycle(self) -> int:
        """The cycle that they warn of."""
        return self.steps[0].cycle

    @property
    def late_by(self) -> timedelta:
        """How long after their own moment they fired."""
        return self.steps[0].late_by

    @property
    def labels(self) -> tuple[str, ...]:
        """The moments in the order of the rule file, each once."""
        return tuple(dict.fromkeys(_SAME_MOMENT.sub("", one.key) for one in self.steps))

    @property
    def entry(self) -> StepsEntry:
        """What a test must name."""
        return StepsEntry(self.at, self.measure, frozenset(self.labels))

    def written(self, zone: str) -> str:
        """The entry as a test would write it, with the local time of `zone`."""
        return f"{local_text(self.at, zone)} {self.measure} {', '.join(self.labels)}"


def fired_together(at: datetime, due: Iterable[StepDue]) -> tuple[FiredSteps, ...]:
    """Steps that fired at `at`, those of one target and moment together."""
    ordered = sorted(due, key=_moment)
    return tuple(FiredSteps(at, tuple(group)) for _, group in groupby(ordered, key=_moment))


def _moment(due: StepDue) -> tuple[datetime, int, int]:
    return due.at, MEASURES.index(due.measure), due.cycle


def read_entry(text: str, zone: str) -> StepsEntry:
    """The steps that a test expects.

    Args:
        text: a time, a measure and moments; `60m before` and `1h before` are the same.
        zone: where a time without a zone is meant.

    Raises:
        FormError: it is no such entry; `message` and `hint` say why.
    """
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise FormError("STP022", "is no entry of steps", _EXAMPLE)
    when, measure, moments = found.groups()
    try:
        at = any_moment(when).instant(zone)
        labels = [_label(part.strip()) for part in moments.split(",")]
    except DurationError as error:
        raise FormError(error.code, error.message, error.hint) from None
    except OverflowError:
        raise FormError("STP026", f'"{when}" is out of reach', _EXAMPLE) from None
    return StepsEntry(at, cast("Measure", measure), frozenset(labels))


def _label(text: str) -> str:
    found = _REPETITION.fullmatch(text)
    moment, repetition = found.groups() if found else (text, None)
    label = parse_moment(moment).label
    return f"{label} {repetition}" if repetition else label


def local_text(at: datetime, zone: str) -> str:
    """The local time of an instant, in a form that reads back as this instant.

    Where clocks are set back, the second of two equal times carries its offset.
    """
    local = at.astimezone(time_zone(zone))
    text = local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
    if not local.fold:
        return text
    offset = local.strftime("%z")
    return f"{text}{offset[:3]}:{offset[3:5]}"
