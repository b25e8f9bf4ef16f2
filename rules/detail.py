# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of the field `sla_detail`: a verdict as compact JSON for the sidebar.

Version 1, at most 4,000 characters. Some members move with every judgement
although nothing happened; `is_same` leaves them out when it compares, and
`digest` names all the others without building the text.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from rules.detail_fit import ENDED, LONGEST, fitted, text_of
from rules.reasons import why_chosen
from rules.select import OWN_PAUSES, selector_of
from rules.steps import firing_seconds
from rules.timeline import instant_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from rules.changes import CurrentFields
    from rules.clocks import Clock
    from rules.detail_fit import Json
    from rules.policy import Policy
    from rules.steps import StepKey
    from rules.verdict import CycleVerdict, Verdict

__all__ = ["LONGEST", "counted_in", "detail", "digest", "is_same", "moves", "stamp"]

_WHY = 200
_SEGMENTS = 12
_VOLATILE = ("used", "open", "more")
_LEFT_OUT = frozenset({"cancelled", "excluded"})
_GOES_ON = frozenset({"running", "breached_open"})
_MAY_PAUSE = frozenset({"running", "paused"})
_DAY = 86_400


def detail(
    verdict: Verdict, policy: Policy, current: CurrentFields, sent: Collection[StepKey]
) -> str:
    """The verdict as the sidebar reads it; always whole JSON of at most 4,000 characters."""
    rows = [row for row in verdict.cycles if row.state not in _LEFT_OUT]
    head: Json = {
        "v": 1,
        "rev": policy.hash[:7],
        "at": stamp(verdict.judged_at),
        "seen": {
            "status": current.status,
            "updated": stamp(current.updated_at) if current.updated_at else None,
        },
    }
    choice = verdict.choice
    if choice.tier is not None:
        head["tier"] = choice.tier
    if choice.customer is not None:
        head["customer"] = choice.customer
    if choice.commitment is not None:
        head["commit"] = choice.commitment
    head["why"] = why_chosen(choice)[:_WHY]
    if not rows:
        head["none"] = verdict.nothing or "excluded"
        return text_of(head)
    head["targets"] = [_target(row, policy, sent) for row in rows]
    return fitted(head)


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


def moves(old: str | None, new: str | None) -> list[tuple[str, str | None, str | None]]:
    """What differs between two details, member by member: its dotted path, old and new value.

    What moves with every judgement is left out, so is everything where one of
    the texts is no detail.
    """
    before, after = (_members(text) for text in (old, new))
    if before is None or after is None:
        return []
    paths = [*before, *(path for path in after if path not in before)]
    return [
        (path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    ]


def _members(text: str | None) -> dict[str, str] | None:
    """The lasting members of a detail by their dotted paths."""
    try:
        read = None if text is None else json.loads(text)
    except ValueError:
        return None
    return dict(_flat(_lasting(read), "")) if isinstance(read, dict) else None


def _flat(node: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, node if isinstance(node, str) else json.dumps(node)


def digest(
    verdict: Verdict, policy: Policy, current: CurrentFields, sent: Collection[StepKey]
) -> str:
    """A name for what `detail` would say, but for what moves with every judgement.

    Equal digests mean details that are the same; it takes a tenth of the time
    that the text would. It names what the text is worked out from: the rules,
    the values that chose them, the stretches that have been counted, and the
    steps that were sent.
    """
    choice = verdict.choice
    read = (
        policy.hash,
        current.status,
        (choice.tier, choice.customer, choice.commitment, choice.where),
        sorted(choice.state.items()),
        verdict.nothing,
        [_counted(row) for row in verdict.cycles],
        sorted(sent),
    )
    return blake2b(repr(read).encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()


def stamp(at: datetime) -> str:
    """`2026-11-23T15:30:00Z` of an instant in UTC."""
    return f"{at.isoformat()[:19]}Z"


def counted_in(row: CycleVerdict, policy: Policy) -> list[str]:
    """Names of the obligations in which the cycle's measure counts."""
    if not policy.obligations:
        return []
    names = selector_of(policy).obligations_of(row.tier, row.customer)
    return [name for name in names if policy.obligations[name].of == row.measure]


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


def _counted(row: CycleVerdict) -> tuple[object, ...]:
    """What everything that is told of a cycle follows from, given the rules."""
    clock, state = row.clock, row.state
    application, last, breach = clock.application, clock.counted_last, clock.breach
    pieces = [(start, end, before) for start, end, _, before, _ in clock.pieces]
    if state in _GOES_ON and pieces and pieces[-1][1] == clock.stop:
        pieces[-1] = (pieces[-1][0], 0, pieces[-1][2])  # it runs on, and ends now
    return (
        (row.measure, row.cycle, state, clock.cycle.start, clock.cycle.end, row.ended_by),
        (application.tier, application.customer, application.calendar.name),
        (str(application.target.where), str(last.target.where), last.calendar.name),
        (clock.target_seconds, clock.since, None if clock.due is None else clock.due.shown),
        None if breach is None else (breach.at, breach.due.judged),
        None if state in _GOES_ON else clock.elapsed,
        pieces,
    )


def _target(row: CycleVerdict, policy: Policy, sent: Collection[StepKey]) -> Json:
    clock, state = row.clock, row.state
    application = clock.application
    found: Json = {
        "m": row.measure,
        "c": row.cycle,
        "s": state,
        "from": _stamp(clock.cycle.start),
    }
    if clock.due is not None and state != "paused":
        found["due"] = _stamp(clock.due.shown)
    if state == "paused" and clock.since is not None:
        found["since"] = _stamp(clock.since)
    if state == "running" and (risk := row.risk_second) is not None:
        found["risk"] = _stamp(risk)
    found["of"], found["used"] = clock.target_seconds, clock.elapsed
    if state == "running":
        _add_open_segments(found, clock)
    elif state == "paused":
        found["left"] = max(0, clock.whole - clock.elapsed)
    elif state in ENDED:
        _add_ending(found, row)
    found["cal"], found["tz"] = application.calendar.name, application.calendar.business.time_zone
    found["rule"] = str(application.target.where)
    if state in _MAY_PAUSE and (pauses := _pausing(row)):
        found["pauses"] = list(pauses)
    if counts := counted_in(row, policy):
        found["counts"] = counts
    if steps := _steps(row, sent):
        found["steps"] = steps
    return found


def _pausing(row: CycleVerdict) -> tuple[str, ...]:
    """The statuses that pause the cycle, as the rule names them."""
    written = row.clock.application.target.pause_on
    return OWN_PAUSES.get(row.measure, ()) if written is None else tuple(written)


def _add_ending(found: Json, row: CycleVerdict) -> None:
    clock = row.clock
    if clock.cancelled_at is None and clock.cycle.end is not None:
        found["end"] = _stamp(clock.cycle.end)
    if row.ended_by is not None:
        found["ended_by"] = row.ended_by
    if row.state == "breached" and clock.due is not None:
        found["over"] = clock.elapsed - clock.elapsed_at(clock.due.judged)


def _add_open_segments(found: Json, clock: Clock) -> None:
    """The counted segments from now up to the due, and the seconds that are left out."""
    if clock.due is None:
        return
    spans = clock.counted_last.counting.open_spans(clock.stop, clock.due.judged)
    found["open"] = [[_stamp(start), _stamp(end)] for start, end in spans[:_SEGMENTS]]
    more = sum(end - start for start, end in spans[_SEGMENTS:])
    if more:
        found["more"] = more


def _steps(row: CycleVerdict, sent: Collection[StepKey]) -> list[list[object]]:
    """`[when, label, sent]`; steps of one moment are one entry."""
    found: list[list[object]] = []
    unknown: list[list[object]] = []
    measure, number = row.measure, row.cycle
    coming: list[tuple[int, int, str, int]] = []
    for firing, at in firing_seconds(row.clock):
        was_sent = int((measure, number, firing.key) in sent)
        if at is not None:
            coming.append((at, len(coming), firing.key, was_sent))
        elif row.state not in ENDED:
            unknown.append([None, firing.key, was_sent])
    coming.sort()
    before: int | None = None
    for at, _, key, was_sent in coming:
        if at == before:
            entry = found[-1]
            entry[1], entry[2] = f"{entry[1]}, {key}", min(int(bool(entry[2])), was_sent)
        else:
            found.append([_stamp(at), key, was_sent])
            before = at
    return found + unknown


def _stamp(second: int) -> str:
    day, left = divmod(second, _DAY)
    return f"{_day(day)}{_clock(left // 60)}{_SECONDS[left % 60]}"


_SECONDS = tuple(f"{second:02}Z" for second in range(60))


@lru_cache(maxsize=8192)
def _day(number: int) -> str:
    return f"{instant_of(number * _DAY).date().isoformat()}T"


@lru_cache(maxsize=1440)
def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}:"
