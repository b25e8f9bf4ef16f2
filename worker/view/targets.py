# SPDX-License-Identifier: GPL-3.0-or-later
"""One target of a ticket's detail at an instant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from worker.view.shapes import ENDED, TONES, MomentView, StepView, TargetView

if TYPE_CHECKING:
    from worker.view.shapes import Saved, StateWord

CONFIRMED_WITHIN = 300
"""Seconds after a due in which the worker has written what became of it."""

_FINAL = frozenset({"solved", "closed"})
_LATE = frozenset({"overdue", "breached"})
_LABEL = re.compile(r"^(.*?)(?: \(\d+\))?(?: #(\d+))?$")
_PERCENT = re.compile(r"^([\d.]+)%$")
_OFFSET = re.compile(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)? (before|after)$")

Member = Mapping[str, object]


class _Clock(NamedTuple):
    left: int | None = None
    is_exact: bool = True
    is_open: bool | None = None
    opens_at: str | None = None


def seconds(text: object) -> int:
    """Epoch seconds of an ISO instant; 0 where there is none."""
    return int(datetime.fromisoformat(text).timestamp()) if isinstance(text, str) and text else 0


def iso(at: int) -> str:
    """`2026-11-23T15:30:00Z` of epoch seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def state_of(kind: str, due: int | None, risk: int | None, now: int) -> StateWord:
    """The word for a target that the engine calls `kind`; instants in epoch seconds."""
    if kind == "running":
        if due is not None and now > due:
            return "overdue"  # the due's own second is still in time
        return "at_risk" if risk is not None and now >= risk else "on_track"
    words: dict[str, StateWord] = {
        "paused": "paused",
        "met": "met",
        "breached_open": "breached",
        "breached": "missed",
    }
    return words[kind]


def target_view(row: Member, saved: Saved, now: int) -> TargetView:
    """A member of the detail's `targets`, read at `now`; it must be a sound one."""
    kind = str(row["s"])
    due, risk = _text(row, "due"), _text(row, "risk")
    state = state_of(kind, seconds(due) if due else None, seconds(risk) if risk else None, now)
    clock = _clock(row, kind, now)
    of = _number(row, "of")
    left = _number(row, "left") if kind == "paused" else clock.left
    used = _used(row, of, left, state)
    pauses = texts(row.get("pauses"))
    steps = row.get("steps")
    return TargetView(
        measure=str(row["m"]),
        cycle=_number(row, "c") or 1,
        state=state,
        tone=TONES[state],
        from_=_text(row, "from"),
        due=due,
        risk=risk,
        since=_text(row, "since"),
        end=_text(row, "end"),
        ended_by=_text(row, "ended_by"),
        wall=seconds(due) - now if due and state not in ENDED else None,
        of=of,
        used=used,
        left=left,
        left_is_exact=clock.is_exact,
        over=_number(row, "over"),
        share=_share(used, of, state),
        calendar=_text(row, "cal"),
        zone=_text(row, "tz"),
        is_open=clock.is_open,
        opens_at=clock.opens_at,
        pauses=pauses,
        on_save=_on_save(kind, pauses, saved),
        steps=tuple(_step(one, now) for one in steps) if isinstance(steps, list) else (),
        counts=texts(row.get("counts")),
        rule=_text(row, "rule"),
    )


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list; nothing of anything else."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def rank(one: TargetView) -> int:
    """0 with a deadline, 1 without (paused), 2 when it has ended."""
    if one.state in ENDED:
        return 2
    return 1 if one.due is None else 0


def urgency(one: TargetView) -> tuple[int, int, str, int]:
    """Sorts targets by how near they are to trouble."""
    place = rank(one)
    return (place, seconds(one.due) if place == 0 else -seconds(one.end), one.measure, one.cycle)


def _text(row: Member, key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) else None


def _number(row: Member, key: str) -> int | None:
    value = row.get(key)
    return value if isinstance(value, int) else None


def _clock(row: Member, kind: str, now: int) -> _Clock:
    """What the clock of a running target has left: its counted segments after now."""
    written = row.get("open")
    if kind != "running" or not isinstance(written, list):
        return _Clock()
    more = _number(row, "more") or 0
    spans = [(seconds(start), seconds(end)) for start, end in written]
    spans = [span for span in spans if span[1] > now]
    left = more + sum(end - max(start, now) for start, end in spans)
    if not spans:
        return _Clock(left, is_exact=more == 0)
    is_open = spans[0][0] <= now
    return _Clock(left, True, is_open, None if is_open else iso(spans[0][0]))


def _used(row: Member, of: int | None, left: int | None, state: StateWord) -> int | None:
    """Seconds used on the clock; None once it is late: then only the wall's clock is known."""
    if state in _LATE:
        return None
    return _number(row, "used") if of is None or left is None else max(0, of - left)


def _share(used: int | None, of: int | None, state: StateWord) -> int | None:
    if state in _LATE:
        return 1000
    return None if used is None or not of else min(1000, used * 1000 // of)


def _on_save(kind: str, pauses: tuple[str, ...], saved: Saved) -> Literal["pause", "resume"] | None:
    """What saving the form will do to the clock."""
    if not saved.form or saved.form == saved.status or saved.form in _FINAL:
        return None
    will_pause = saved.form in pauses
    if kind == "running" and will_pause:
        return "pause"
    is_paused_by_it = kind == "paused" and not will_pause and saved.status in pauses
    return "resume" if is_paused_by_it else None


def _step(written: list[object], now: int) -> StepView:
    at, label, sent = written
    when = at if isinstance(at, str) else None
    moments = tuple(moment_of(one) for one in str(label).split(", "))
    return StepView(when, moments, _step_state(when, bool(sent), now))


def _step_state(
    at: str | None,
    sent: bool,
    now: int,
) -> Literal["sent", "waiting", "coming", "sending", "not_sent"]:
    if sent:
        return "sent"
    if at is None:
        return "waiting"
    late = now - seconds(at)
    if late < 0:
        return "coming"
    return "sending" if late < CONFIRMED_WITHIN else "not_sent"


def moment_of(label: str) -> MomentView:
    """`75%`, `1h before`, `due`, `2h after #2`, as the rule file has it; others as they are."""
    found = _LABEL.match(label)
    words, number = (label, None) if found is None else found.groups()
    time = int(number) if number else None
    if words == "due":
        return MomentView("due", time=time)
    if percent := _PERCENT.match(words):
        share = float(percent[1])
        return MomentView("share", percent=int(share) if share.is_integer() else share, time=time)
    if offset := _OFFSET.match(words):
        hours, minutes, rest = (int(one or 0) for one in offset.groups()[:3])
        return MomentView(offset[4], seconds=hours * 3600 + minutes * 60 + rest, time=time)
    return MomentView("other", label=words, time=time)
