# SPDX-License-Identifier: GPL-3.0-or-later
"""Shortens a detail, in a fixed order, until it fits into its field; it stays valid JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, cast

import msgspec

from rules.timeline import seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, object]

LONGEST = 4000
_SHORT_WHY = 80
ENDED = frozenset({"met", "breached"})


def text_of(read: Json) -> str:
    """A detail as compact JSON."""
    try:
        return msgspec.json.encode(read).decode()
    except UnicodeEncodeError:  # half a character, which somebody's history file may hold
        return json.dumps(read, separators=(",", ":"))


def fitted(head: Json) -> str:
    """The text of a detail, at most `LONGEST` characters."""
    text = text_of(head)
    if len(text) <= LONGEST:
        return text
    targets = cast("list[Json]", head["targets"])
    shortenings: tuple[Callable[[], None], ...] = (
        lambda: _keep_segments(targets, 6),
        lambda: _keep_segments(targets, 2),
        lambda: _drop_ended_steps(targets),
        lambda: _drop_sent_steps(targets),
        lambda: _keep_coming_steps(targets, 2),
        lambda: _drop_words(head, targets),
    )
    for shorten in shortenings:
        shorten()
        text = text_of(head)
        if len(text) <= LONGEST:
            return text
    while len(text) > LONGEST and targets:
        targets.remove(_least(targets))
        head["cut"] = cast("int", head.get("cut", 0)) + 1
        text = text_of(head)
    return text


def _keep_segments(targets: list[Json], most: int) -> None:
    for target in targets:
        spans = cast("list[list[str]]", target.get("open", []))
        left_out = spans[most:]
        if left_out:
            target["open"] = spans[:most]
            more = sum(_length(span) for span in left_out)
            target["more"] = cast("int", target.get("more", 0)) + more


def _length(span: list[str]) -> int:
    start, end = (datetime.fromisoformat(text) for text in span)
    return seconds_of(end) - seconds_of(start)


def _drop_ended_steps(targets: list[Json]) -> None:
    for target in targets:
        if target["s"] in ENDED:
            target.pop("steps", None)


def _drop_sent_steps(targets: list[Json]) -> None:
    for target in targets:
        steps = cast("list[list[object]]", target.get("steps", []))
        if steps:
            target["steps"] = [step for step in steps if not step[2]]


def _keep_coming_steps(targets: list[Json], most: int) -> None:
    for target in targets:
        steps = cast("list[list[object]]", target.get("steps", []))
        if steps:
            target["steps"] = steps[:most]


def _drop_words(head: Json, targets: list[Json]) -> None:
    for target in targets:
        target.pop("pauses", None)
        target.pop("counts", None)
    head["why"] = cast("str", head["why"])[:_SHORT_WHY]


def _least(targets: list[Json]) -> Json:
    """What is left out first: ended targets, oldest first, then open ones with the latest due."""
    ended = [target for target in targets if target["s"] in ENDED]
    if ended:
        return min(ended, key=lambda target: cast("str", target["from"]))
    return max(targets, key=lambda target: cast("str", target.get("due", "9")))
