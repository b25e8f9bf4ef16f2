# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a view: numbers, ISO instants in UTC and keys of texts, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Tone = Literal["ok", "warn", "bad", "pause", "quiet"]
StateWord = Literal[
    "on_track",
    "at_risk",
    "overdue",
    "breached",
    "paused",
    "met",
    "missed",
    "none",
    "unknown",
]

TONES: dict[StateWord, Tone] = {
    "on_track": "ok",
    "met": "ok",
    "at_risk": "warn",
    "overdue": "bad",
    "breached": "bad",
    "missed": "bad",
    "paused": "pause",
    "none": "quiet",
    "unknown": "quiet",
}
ENDED: frozenset[StateWord] = frozenset({"met", "missed"})
"""States of targets that no longer run."""

Arguments = dict[str, str | int | Sequence[str]]


class Saying(Struct, frozen=True):
    """A text by its key, and what is put into it."""

    key: str
    args: Arguments


class Notice(Struct, frozen=True):
    """A text that is told besides, with its tone."""

    key: str
    tone: Tone
    args: Arguments


class MomentView(Struct, frozen=True, omit_defaults=True):
    """When a step fires: `share`, `before`, `due`, `after`, or `other` words as they are."""

    kind: str
    percent: float | int | None = None
    seconds: int | None = None
    label: str | None = None
    time: int | None = None


class StepView(Struct, frozen=True):
    """Steps of one moment, and whether they were sent."""

    at: str | None
    moments: tuple[MomentView, ...]
    state: Literal["sent", "waiting", "coming", "sending", "not_sent"]


class TargetView(Struct, frozen=True, rename={"from_": "from"}):
    """One target at one instant.

    `wall` are seconds up to the due by the wall's clock, negative once it is
    late; `of`, `used`, `left` and `over` are seconds on the target's own
    clock; `share` are thousandths of it that are used.
    """

    measure: str
    cycle: int
    state: StateWord
    tone: Tone
    from_: str | None
    due: str | None
    risk: str | None
    since: str | None
    end: str | None
    ended_by: str | None
    wall: int | None
    of: int | None
    used: int | None
    left: int | None
    left_is_exact: bool
    over: int | None
    share: int | None
    calendar: str | None
    zone: str | None
    is_open: bool | None
    opens_at: str | None
    pauses: tuple[str, ...]
    on_save: Literal["pause", "resume"] | None
    steps: tuple[StepView, ...]
    counts: tuple[str, ...]
    rule: str | None


class Why(Struct, frozen=True):
    """What the verdict rests on, as far as the fields tell."""

    reason: str | None
    chosen: str | None
    revision: str | None
    judged_at: str | None


class View(Struct, frozen=True):
    """One ticket at one instant; `next` is the place of the target to look at first."""

    source: Literal["nothing", "fields", "detail"]
    state: StateWord
    tone: Tone
    headline: Saying
    tier: str | None
    customer: str | None
    commitment: str | None
    next: int | None
    targets: tuple[TargetView, ...]
    cut: int
    notices: tuple[Notice, ...]
    why: Why | None
    problem: str | None


class Saved(Struct, frozen=True):
    """The ticket's status as it was saved, and as a form that is not saved yet has it."""

    status: str | None
    form: str | None = None
