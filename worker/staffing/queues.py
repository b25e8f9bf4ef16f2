# SPDX-License-Identifier: GPL-3.0-or-later
"""People needed on the phone and in chat, where customers wait in a queue."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.arrivals import profile
from rules.line_plan import Line, LinePlan, line_plan
from rules.staffing import LinePromise
from rules.terms import all_terms
from worker.staffing.setting import levels, open_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.arrivals import Profile
    from rules.phone_history import PhoneHistory
    from rules.policy import Policy
    from rules.rosters import Work
    from worker.staffing.first_replies import Arrived
    from worker.staffing.setting import Assumed, Setting


@dataclass(frozen=True, slots=True)
class Promised:
    """What callers are promised, and which tiers and contracts promise it."""

    names: tuple[str, ...]
    promise: LinePromise


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """People needed in a queue. `plan` keeps every promise; `of_each` are those of each alone."""

    work: Work
    handling_seconds: int
    patience_seconds: int | None
    promised: tuple[Promised, ...]
    of_each: tuple[LinePlan, ...]
    plan: LinePlan
    profile: Profile
    history: PhoneHistory | None = None


def plan_phone(history: PhoneHistory, setting: Setting) -> QueuePlan | None:
    """People needed on the phone; None where no call was answered."""
    assumed = setting.assumed
    handling = assumed.handling_seconds or history.usual_handling
    if not history.n_offered or handling is None:
        return None
    patience = assumed.patience_seconds or history.patience_seconds
    promised = _phone_promises(setting.policy, assumed, patience)
    line = Line(handling, promised[0].promise, assumed.shrinkage)
    if assumed.handling_seconds is None:
        line = replace(line, handling=history.handling)
    plan = _queue_plan("phone", history.profile, line, promised, setting)
    return replace(plan, history=history, patience_seconds=patience)


def _phone_promises(policy: Policy, assumed: Assumed, patience: int | None) -> tuple[Promised, ...]:
    """What each tier and contract promises on the phone, those with the same promise together."""
    names: dict[LinePromise, list[str]] = defaultdict(list)
    for terms in all_terms(policy):
        within, answered, abandoned = assumed.within_seconds, None, None
        for one in terms.obligations:
            if one.of == "phone_answer" and one.within and one.within.unit == "seconds":
                within, answered = one.within.amount, one.at_least
            elif one.of == "phone_abandoned" and patience is not None:
                abandoned = one.at_most
        if answered is not None or abandoned is not None:
            promise = LinePromise(
                within, answered, abandoned, None, patience, occupancy=assumed.occupancy
            )
            names[promise].append(terms.contract.name if terms.contract else terms.tier.name)
    if not names:
        promise = LinePromise(
            assumed.within_seconds,
            assumed.answered,
            patience_seconds=patience,
            occupancy=assumed.occupancy,
        )
        return (Promised((), promise),)
    return tuple(Promised(tuple(found), promise) for promise, found in names.items())


def plan_chat(arrived: Arrived, setting: Setting) -> QueuePlan | None:
    """People needed in chat, one conversation at a time; None where none came in."""
    assumed = setting.assumed
    if not arrived.chats:
        return None
    level = levels(setting.policy, assumed.level)
    promised = [
        Promised(
            (name,),
            LinePromise(
                min(seconds for _, seconds in chats), level[name], occupancy=assumed.occupancy
            ),
        )
        for name, chats in sorted(arrived.chats.items())
    ]
    usual = profile((at for chats in arrived.chats.values() for at, _ in chats), setting.over)
    line = Line(assumed.chat_seconds, promised[0].promise, assumed.shrinkage)
    return _queue_plan("chat", usual, line, promised, setting)


def _queue_plan(
    work: Work, usual: Profile, line: Line, promised: Sequence[Promised], setting: Setting
) -> QueuePlan:
    over, roster = setting.over, setting.roster
    expected = usual.grown(setting.assumed.growth)
    on_duty = None if roster is None else roster.of(work).by_slot(over.interval_minutes)
    slots = open_slots(setting.calendar, over) | set(on_duty or ())
    plans = [
        line_plan(expected, replace(line, promise=one.promise), on_duty, slots) for one in promised
    ]
    strictest = LinePlan(
        tuple(
            max(same, key=lambda one: one.needed.agents)
            for same in zip(*(one.intervals for one in plans), strict=True)
        )
    )
    return QueuePlan(
        work,
        round(line.handling_seconds),
        line.promise.patience_seconds,
        tuple(promised),
        tuple(plans),
        strictest,
        usual,
    )
