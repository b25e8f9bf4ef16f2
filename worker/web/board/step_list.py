# SPDX-License-Identifier: GPL-3.0-or-later
"""The escalation steps of a cycle: when each is due, and what became of telling people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from worker.view.speech import listed, span, text
from worker.view.targets import CONFIRMED_WITHIN, moment_of
from worker.view.words import moment_words
from worker.web.board.icons import icon
from worker.web.board.markup import Html, e, together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rules.explain import Explanation, Told
    from rules.steps import StepInstant, StepKey
    from rules.verdict import CycleVerdict
    from worker.web.board.layout import Scene

_MOST: Final = 40
_LATE_S: Final = 60
_ICONS: Final = {
    "sent": "check",
    "done": "check",
    "coming": "clock",
    "sending": "clock",
    "waiting": "pause",
    "not_sent": "alert",
    "failed": "alert",
}
_FATES: Final = {
    "waiting": "waits to be sent",
    "failed": "given up",
    "not sent": "not sent",
    "nobody": "nobody to tell",
}


class _Became(NamedTuple):
    """What became of a step: a word for its look, and a sentence for each fate."""

    state: str
    lines: list[str]


def step_list(
    scene: Scene, found: Explanation, row: CycleVerdict, fired_at: Mapping[StepKey, datetime]
) -> Html | None:
    """All steps that have a moment, and those that will get one while the cycle is open."""
    shown = [one for one in row.steps if one.at is not None or row.is_open]
    if not shown:
        return None
    items = [_item(scene, found, row, one, fired_at) for one in shown[:_MOST]]
    left = len(shown) - len(items)
    more = e("li", f"and {left} more", class_="soft") if left else None
    return together(e("h3", "Escalation"), e("ol", *items, more, class_="steps"))


def _item(
    scene: Scene,
    found: Explanation,
    row: CycleVerdict,
    step: StepInstant,
    fired_at: Mapping[StepKey, datetime],
) -> Html:
    key = (row.measure, row.cycle, step.key)
    is_fired = found.fired is not None and key in found.fired
    became = (
        _fired(scene, step, found.fates(key), fired_at.get(key))
        if is_fired
        else _unfired(scene, step)
    )
    tells = listed(list(step.step.tell)) if step.step.tell and not is_fired else ""
    return e(
        "li",
        icon(_ICONS[became.state]),
        e(
            "span",
            e("span", moment_words(moment_of(step.key)), class_="what"),
            e("span", f" tells {tells}", class_="soft") if tells else None,
        ),
        e("span", *(e("span", one) for one in became.lines), class_="soft"),
        data_state=became.state,
    )


def _unfired(scene: Scene, step: StepInstant) -> _Became:
    """A step still to come, or one whose moment has passed without it."""
    if step.at is None:
        return _Became("waiting", [text("step.waiting")])
    at = int(step.at.timestamp())
    late = scene.second - at
    state = "coming" if late < 0 else "sending" if late < CONFIRMED_WITHIN else "not_sent"
    return _Became(state, [f"{text(f'step.{state}')}, {scene.say.at(at)}"])


def _fired(
    scene: Scene, step: StepInstant, told: Sequence[Told], fired_at: datetime | None
) -> _Became:
    """What was sent when and to whom; what was not, and why."""
    if not told:  # a step that changes the ticket and tells nobody
        return _Became("done", ["".join(_moment(scene, "done", step, fired_at))])
    alike: dict[tuple[str, str], list[str]] = {}
    for one in told:
        alike.setdefault(_fate(scene, step, one), []).append(one.recipient)
    fates = {one.fate for one in told}
    state = "failed" if "failed" in fates else "sending" if "waiting" in fates else "sent"
    if fates == {"not sent"}:
        state = "not_sent"
    lines = [f"{said}{listed(names)}{late}" for (said, late), names in alike.items()]
    return _Became(state, lines)


def _fate(scene: Scene, step: StepInstant, one: Told) -> tuple[str, str]:
    """What stands before the names of those who were or were not told, and after them."""
    if one.fate == "sent":
        said, late = _moment(scene, "sent", step, one.at)
        return f"{said} to ", late
    reason = f" ({one.detail})" if one.detail else ""
    return f"{_FATES[one.fate]}{reason} for ", ""


def _moment(scene: Scene, word: str, step: StepInstant, at: datetime | None) -> tuple[str, str]:
    """When it was really done, and how late where that is worth a word."""
    if at is None:
        return word, ""
    second = int(at.timestamp())
    late = 0 if step.at is None else second - int(step.at.timestamp())
    by = f", {span(late)} late" if late >= _LATE_S else ""
    return f"{word} {scene.say.at(second)}", by
