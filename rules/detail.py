# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of the field `sla_detail`: a verdict as compact JSON for the sidebar.

Version 1, at most 4,000 characters. Some members move with every judgement
although nothing happened; `is_same` leaves them out when it compares.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, cast

from rules.reasons import why_chosen
from rules.select import OWN_PAUSES, selector_of
from rules.timeline import instant_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rules.changes import CurrentFields
    from rules.clocks import Clock
    from rules.policy import Policy
    from rules.steps import StepKey
    from rules.verdict import CycleVerdict, Verdict

Json = dict[str, object]

LONGEST = 4000
_WHY = 200
_SHORT_WHY = 80
_SEGMENTS = 12
_VOLATILE = ("used", "open", "more")
_ENDED = frozenset({"met", "breached"})


def detail(
    verdict: Verdict, policy: Policy, current: CurrentFields, sent: Collection[StepKey]
) -> str:
    """The verdict as the sidebar reads it; always whole JSON of at most 4,000 characters."""
    rows = [row for row in verdict.cycles if row.state not in {"cancelled", "excluded"}]
    head: Json = {
        "v": 1,
        "rev": policy.hash[:7],
        "at": stamp(verdict.judged_at),
        "seen": {
            "status": current.status,
            "updated": stamp(current.updated_at) if current.updated_at else None,
        },
    }
    for key, value in (
        ("tier", verdict.choice.tier),
        ("customer", verdict.choice.customer),
        ("commit", verdict.choice.commitment),
    ):
        if value is not None:
            head[key] = value
    head["why"] = why_chosen(verdict.choice)[:_WHY]
    if not rows:
        head["none"] = verdict.nothing or "excluded"
        return _text(head)
    head["targets"] = [_target(row, policy, sent) for row in rows]
    return _fitted(head)


def is_same(old: str | None, new: str) -> bool:
    """Whether two details say the same, but for what moves with every judgement.

    The policy's revision alone is no difference: else any edit of the rules,
    be it another recipient, would rewrite every open ticket.
    """
    if old is None:
        return False
    try:
        before = json.loads(old)
    except ValueError:
        return False
    return isinstance(before, dict) and _lasting(before) == _lasting(json.loads(new))


def stamp(at: datetime) -> str:
    """`2026-11-23T15:30:00Z` of an instant in UTC."""
    return f"{at.isoformat()[:19]}Z"


def _lasting(read: Json) -> Json:
    kept = {key: value for key, value in read.items() if key not in {"at", "rev"}}
    seen = kept.get("seen")
    if isinstance(seen, dict):
        kept["seen"] = {key: value for key, value in seen.items() if key != "updated"}
    targets = kept.get("targets")
    if isinstance(targets, list):
        kept["targets"] = [
            {key: value for key, value in target.items() if key not in _VOLATILE}
            for target in targets
            if isinstance(target, dict)
        ]
    return kept


def _target(row: CycleVerdict, policy: Policy, sent: Collection[StepKey]) -> Json:
    found: Json = {
        "m": row.measure,
        "c": row.cycle,
        "s": row.state,
        "from": stamp(row.started_at),
    }
    if row.due_at is not None and row.state != "paused":
        found["due"] = stamp(row.due_at)
    if row.state == "paused" and row.since is not None:
        found["since"] = stamp(row.since)
    if row.state == "running" and row.risk_at is not None:
        found["risk"] = stamp(row.risk_at)
    found |= {"of": row.target_seconds, "used": row.elapsed_seconds}
    if row.state == "running":
        found |= _open_segments(row.clock, _SEGMENTS)
    if row.state == "paused":
        found["left"] = max(0, row.target_seconds - row.elapsed_seconds)
    if row.state in _ENDED:
        found |= _ending(row)
    found |= {"cal": row.calendar, "tz": row.time_zone, "rule": row.rule}
    pauses = row.target.pause_on or OWN_PAUSES.get(row.measure, ())
    if row.state == "paused" and pauses:
        found["pauses"] = list(pauses)
    counts = counted_in(row, policy)
    if counts:
        found["counts"] = counts
    steps = _steps(row, sent)
    if steps:
        found["steps"] = steps
    return found


def counted_in(row: CycleVerdict, policy: Policy) -> list[str]:
    """Names of the obligations in which the cycle's measure counts."""
    names = selector_of(policy).obligations_of(row.tier, row.customer)
    return [name for name in names if policy.obligations[name].of == row.measure]


def _ending(row: CycleVerdict) -> Json:
    ending: Json = {}
    if row.fulfilled_at is not None:
        ending["end"] = stamp(row.fulfilled_at)
    if row.ended_by is not None:
        ending["ended_by"] = row.ended_by
    if row.state == "breached" and row.clock.due is not None:
        ending["over"] = row.elapsed_seconds - row.clock.elapsed_at(row.clock.due.judged)
    return ending


def _open_segments(clock: Clock, most: int) -> Json:
    """The counted segments from now up to the due, and the seconds that are left out."""
    if clock.due is None:
        return {}
    spans = clock.counted_last.counting.open_spans(clock.stop, clock.due.judged)
    found: Json = {
        "open": [[stamp(instant_of(start)), stamp(instant_of(end))] for start, end in spans[:most]]
    }
    more = sum(end - start for start, end in spans[most:])
    if more:
        found["more"] = more
    return found


def _steps(row: CycleVerdict, sent: Collection[StepKey]) -> list[list[object]]:
    """`[when, label, sent]`; steps of one moment are one entry."""
    found: list[list[object]] = []
    for step in sorted(row.steps, key=lambda item: (item.at is None, item.at or row.started_at)):
        if step.at is None and row.state in _ENDED:
            continue
        when = None if step.at is None else stamp(step.at)
        was_sent = int((row.measure, row.cycle, step.key) in sent)
        if found and when is not None and found[-1][0] == when:
            found[-1][1] = f"{found[-1][1]}, {step.key}"
            found[-1][2] = min(cast("int", found[-1][2]), was_sent)
        else:
            found.append([when, step.key, was_sent])
    return found


def _text(read: Json) -> str:
    return json.dumps(read, separators=(",", ":"), ensure_ascii=False)


def _fitted(head: Json) -> str:
    """Shortened in a fixed order until it fits, always leaving valid JSON."""
    targets = cast("list[Json]", head["targets"])
    text = _text(head)
    shortenings: tuple[Callable[[], None], ...] = (
        lambda: _keep_segments(targets, 6),
        lambda: _keep_segments(targets, 2),
        lambda: _drop_ended_steps(targets),
        lambda: _drop_sent_steps(targets),
        lambda: _keep_coming_steps(targets, 2),
        lambda: _drop_words(head, targets),
    )
    for shorten in shortenings:
        if len(text) <= LONGEST:
            return text
        shorten()
        text = _text(head)
    while len(text) > LONGEST and targets:
        targets.remove(_least(targets))
        head["cut"] = cast("int", head.get("cut", 0)) + 1
        text = _text(head)
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
        if target["s"] in _ENDED:
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
    ended = [target for target in targets if target["s"] in _ENDED]
    if ended:
        return min(ended, key=lambda target: cast("str", target["from"]))
    return max(targets, key=lambda target: cast("str", target.get("due", "9")))
