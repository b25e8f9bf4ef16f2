# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ticket's SLA fields say at an instant."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from rules.changes import OWN_FIELDS
from worker.view.shapes import TONES, Notice, Saved, Saying, TargetView, View, Why
from worker.view.targets import CONFIRMED_WITHIN, rank, seconds, target_view, urgency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.view.shapes import Arguments, StateWord, Tone

_VERSION = 1
_KINDS = frozenset({"running", "paused", "met", "breached", "breached_open"})
_NUMBERS = ("of", "used", "left", "more", "over")
_INSTANTS = ("from", "due", "risk", "since", "end")
_ORDER: tuple[StateWord, ...] = (
    "breached",
    "overdue",
    "at_risk",
    "on_track",
    "paused",
    "missed",
    "met",
)

Json = dict[str, object]


def ticket_view(fields: Mapping[str, str | None] | None, saved: Saved, now: int) -> View:
    """The view of one ticket.

    Args:
        fields: values by key as the ticket holds them; a key that is absent is not on the
            ticket's form. None: nobody said which fields they are.
        saved: the ticket's status, and that of a form that is not saved yet.
        now: epoch seconds.
    """
    if fields is None:
        return _nothing("not_set_up", {})
    missing = [key for key in OWN_FIELDS if key not in fields]
    if len(missing) == len(OWN_FIELDS):
        return _nothing("not_on_form", {"fields": missing})
    notices = [_notice("missing_fields", "warn", {"fields": missing})] if missing else []
    detail, problem = _read_detail(fields.get("sla_detail"))
    if problem is not None:
        notices.append(problem)
    if detail is None:
        return _of_fields(fields, now, notices)
    return _of_detail(detail, saved, now, notices)


def _nothing(problem: str, args: Arguments) -> View:
    return View(
        source="nothing",
        state="unknown",
        tone="quiet",
        headline=Saying(f"headline.{problem}", args),
        tier=None,
        customer=None,
        commitment=None,
        next=None,
        targets=(),
        cut=0,
        notices=(),
        why=None,
        problem=problem,
    )


def _notice(key: str, tone: Tone, args: Arguments | None = None) -> Notice:
    return Notice(f"notice.{key}", tone, args or {})


def _read_detail(text: str | None) -> tuple[Json | None, Notice | None]:
    """The detail, or what is wrong with it; neither where there is none."""
    if not text:
        return None, None
    broken = _notice("detail_broken", "warn")
    try:
        detail = json.loads(text)
    except ValueError:
        return None, broken
    if not isinstance(detail, dict) or type(detail.get("v")) is not int:
        return None, broken
    if detail["v"] > _VERSION:
        return None, _notice("detail_newer", "warn", {"version": detail["v"]})
    targets = detail.get("targets")
    is_whole = isinstance(targets, list) and all(_is_target(row) for row in targets)
    return (detail, None) if is_whole or isinstance(detail.get("none"), str) else (None, broken)


def _is_target(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("m"), str):
        return False
    return (
        row.get("s") in _KINDS
        and all(_is_number(row[key]) for key in _NUMBERS if key in row)
        and all(_is_instant(row[key]) for key in _INSTANTS if key in row)
        and all(_is_span(span) for span in row.get("open") or ())
        and all(_is_step(step) for step in row.get("steps") or ())
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _is_span(span: object) -> bool:
    return isinstance(span, list) and len(span) == 2 and all(map(_is_instant, span))


def _is_step(step: object) -> bool:
    if not isinstance(step, list) or len(step) != 3:
        return False
    return step[0] is None or _is_instant(step[0])


def _of_detail(detail: Json, saved: Saved, now: int, notices: list[Notice]) -> View:
    rows = detail.get("targets")
    found = [target_view(row, saved, now) for row in rows] if isinstance(rows, list) else []
    targets = sorted(found, key=urgency)
    state = _overall(targets)
    following = next((place for place, one in enumerate(targets) if rank(one) < 2), None)
    reason = _text(detail, "none")
    cut = detail.get("cut")
    told = _told(detail, targets, saved, now)
    return View(
        source="detail",
        state=state,
        tone=TONES[state],
        headline=_headline(state, None if following is None else targets[following], reason),
        tier=_text(detail, "tier"),
        customer=_text(detail, "customer"),
        commitment=_text(detail, "commit"),
        next=following,
        targets=tuple(targets),
        cut=cut if isinstance(cut, int) else 0,
        notices=(*notices, *told),
        why=Why(reason, _text(detail, "why"), _text(detail, "rev"), _text(detail, "at")),
        problem=None,
    )


def _headline(state: StateWord, following: TargetView | None, reason: str | None) -> Saying:
    if state == "none":
        return Saying("headline.none", {"reason": reason or "unknown"})
    return Saying(f"headline.{state}", {"measure": following.measure} if following else {})


def _overall(targets: Sequence[TargetView]) -> StateWord:
    """The first word that holds; the order in which the worker chooses the field's value."""
    states = {one.state for one in targets}
    return next((word for word in _ORDER if word in states), "none")


def _told(detail: Json, targets: Sequence[TargetView], saved: Saved, now: int) -> list[Notice]:
    found: list[Notice] = []
    for kind in ("pause", "resume"):
        measures = [one.measure for one in targets if one.on_save == kind]
        if measures:
            args: Arguments = {"status": saved.form or "", "measures": measures}
            found.append(_notice(f"will_{kind}", "pause", args))
    late = next((one for one in targets if _is_unconfirmed(one, now)), None)
    if late is not None:
        found.append(_notice("not_confirmed", "warn", {"measure": late.measure}))
    seen = detail.get("seen")
    was = _text(seen, "status") if isinstance(seen, dict) else None
    if was and saved.status and was != saved.status:
        found.append(_notice("status_changed", "warn", {"was": was, "status": saved.status}))
    cut = detail.get("cut")
    if isinstance(cut, int) and cut:
        found.append(_notice("cut", "quiet", {"n": cut}))
    return found


def _is_unconfirmed(one: TargetView, now: int) -> bool:
    return one.state == "overdue" and now - seconds(one.due) > CONFIRMED_WITHIN


def _of_fields(fields: Mapping[str, str | None], now: int, notices: list[Notice]) -> View:
    """The plain fields alone: one target without a clock, or none."""
    word = _plain(fields, "sla_state")
    due = fields.get("sla_due_at")
    due = due if _is_instant(due) else None
    state: StateWord = next((one for one in TONES if one == word), "unknown")
    if due and now > seconds(due) and TONES[state] != "bad":
        state = "overdue"
    measure = _plain(fields, "sla_target")
    targets = (_bare(measure, due, state, now),) if due and measure else ()
    return View(
        source="fields" if word or due else "nothing",
        state=state,
        tone=TONES[state],
        headline=_headline(state, targets[0] if targets else None, None),
        tier=_plain(fields, "sla_tier"),
        customer=None,
        commitment=None,
        next=0 if targets else None,
        targets=targets,
        cut=0,
        notices=tuple(notices),
        why=None,
        problem=None,
    )


def _bare(measure: str, due: str, state: StateWord, now: int) -> TargetView:
    return TargetView(
        measure=measure,
        cycle=1,
        state=state,
        tone=TONES[state],
        from_=None,
        due=due,
        risk=None,
        since=None,
        end=None,
        ended_by=None,
        wall=seconds(due) - now,
        of=None,
        used=None,
        left=None,
        left_is_exact=True,
        over=None,
        share=None,
        calendar=None,
        zone=None,
        is_open=None,
        opens_at=None,
        pauses=(),
        on_save=None,
        steps=(),
        counts=(),
        rule=None,
    )


def _plain(fields: Mapping[str, str | None], key: str) -> str | None:
    """A drop-down's value without the prefix that makes its tag unique."""
    return (fields.get(key) or "").removeprefix(f"{key}_") or None


def _text(row: Json, key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) else None
