# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for a view: what a person reads, apart from how it is laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from worker.view.speech import listed, said, span, text, worked

if TYPE_CHECKING:
    from worker.view.shapes import Arguments, MomentView, StepView, TargetView, View

_ALWAYS = "always"
_SAME = 60
"""Seconds: the clock that counts and the one on the wall have the same left."""


class SaysWhen(Protocol):
    """Says an instant."""

    def at(self, instant: str) -> str:
        """The instant as a person reads it."""


class StepWords(Struct, frozen=True):
    """A step, and what became of it."""

    what: str
    state: str


class TargetWords(Struct, frozen=True):
    """The words for one target; a line that has nothing to say is None."""

    title: str
    state: str
    left: str | None
    due: str | None
    clock: str | None
    used: str | None
    paused: str | None
    ended: str | None
    on_save: str | None
    steps: tuple[StepWords, ...]


class Words(Struct, frozen=True):
    """The words for a ticket."""

    state: str
    headline: str
    notices: tuple[str, ...]
    targets: tuple[TargetWords, ...]
    commitment: str | None


def words(view: View, say: SaysWhen) -> Words:
    """What a person reads of a view."""
    return Words(
        state=text(f"state.{view.state}"),
        headline=text(view.headline.key, **_spoken(view.headline.args)),
        notices=tuple(text(one.key, **_spoken(one.args)) for one in view.notices),
        targets=tuple(target_words(one, say) for one in view.targets),
        commitment=None if view.commitment is None else said("commitment", view.commitment),
    )


def target_words(target: TargetView, say: SaysWhen) -> TargetWords:
    """The words for one target."""
    return TargetWords(
        title=title(target.measure, target.cycle),
        state=text(f"state.{target.state}"),
        left=left_words(target),
        due=_due_words(target, say),
        clock=_clock_words(target, say),
        used=_used_words(target),
        paused=_paused_words(target, say),
        ended=_ended_words(target, say),
        on_save=None if target.on_save is None else text(f"on_save.{target.on_save}"),
        steps=tuple(
            StepWords(_step_words(step), text(f"step.{step.state}")) for step in target.steps
        ),
    )


def title(measure: str, cycle: int) -> str:
    """A measure in words, with the number of its cycle from the second on."""
    named = said("measure", measure)
    return text("measure.numbered", measure=named, n=cycle) if cycle > 1 else named


def left_words(target: TargetView) -> str | None:
    """What is left, or by how much it is late."""
    if target.state == "paused":
        return None if target.left is None else text("left.paused", span=worked(target.left))
    if target.state == "missed":
        return None if target.over is None else text("left.over", span=worked(target.over))
    if target.wall is None:
        return None
    if target.wall == 0:
        return text("left.now")
    return text("left.running" if target.wall > 0 else "left.late", span=span(abs(target.wall)))


def _due_words(target: TargetView, say: SaysWhen) -> str | None:
    if target.due is None or target.state in ("missed", "met"):
        return None
    is_past = target.wall is not None and target.wall < 0
    return text("due.was" if is_past else "due.is", at=say.at(target.due))


def _clock_words(target: TargetView, say: SaysWhen) -> str | None:
    """The clock that counts: which one, what it has left, until when it stands still."""
    if target.calendar is None:
        return None
    named = text("clock.always") if target.calendar == _ALWAYS else target.calendar
    alone = text("clock.name", calendar=named)
    if target.state not in ("on_track", "at_risk") or target.left is None:
        return alone
    if target.wall is not None and abs(target.wall - target.left) < _SAME:
        return alone
    left = worked(target.left)
    if target.opens_at is not None:
        return text("clock.closed", calendar=named, span=left, at=say.at(target.opens_at))
    key = "clock.left" if target.left_is_exact else "clock.at_most"
    return text(key, calendar=named, span=left)


def _used_words(target: TargetView) -> str | None:
    if target.used is None or target.of is None:
        return None
    return text("used", used=worked(target.used), of=worked(target.of))


def _paused_words(target: TargetView, say: SaysWhen) -> str | None:
    if target.state != "paused":
        return None
    parts = [text("paused.since", at=say.at(target.since))] if target.since else []
    if target.pauses:
        statuses = listed([said("status", one) for one in target.pauses], "list.or")
        parts.append(text("paused.while", statuses=statuses))
    return " ".join(parts) or None


def _ended_words(target: TargetView, say: SaysWhen) -> str | None:
    if target.end is None:
        return None
    how = said("ended_by", target.ended_by or "unknown")
    return text("ended", at=say.at(target.end), how=how)


def _step_words(step: StepView) -> str:
    return listed([moment_words(one) for one in step.moments])


def moment_words(moment: MomentView) -> str:
    """When a step is: "When due", "1 h before due, no. 2"."""
    if moment.kind == "other":
        what = moment.label or ""
    else:
        length = "" if moment.seconds is None else worked(moment.seconds)
        percent = "" if moment.percent is None else moment.percent
        what = text(f"moment.{moment.kind}", span=length, percent=str(percent))
    return text("moment.again", what=what, n=moment.time) if moment.time else what


_GROUPS = {
    "measure": "measure",
    "measures": "measure",
    "status": "status",
    "was": "status",
    "fields": "field",
    "reason": "reason",
}


def _spoken(args: Arguments) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for name, value in args.items():
        if isinstance(value, int):
            found[name] = value
        elif isinstance(value, str):
            found[name] = said(_GROUPS[name], value) if name in _GROUPS else value
        else:
            found[name] = listed([said(_GROUPS.get(name, name), one) for one in value])
    return found
