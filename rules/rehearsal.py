# SPDX-License-Identifier: GPL-3.0-or-later
"""A ticket on a virtual clock: judged at every moment at which the worker would judge it.

Moments are the happenings and what each verdict names as the next one at
which time alone changes something. The priority, group and tags that fired
steps write come back as facts, as a helpdesk would tell them: without that a
step that hands a ticket to another group would leave it where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rules.changes import OWN_FIELDS, CurrentFields
from rules.evaluate import evaluate
from rules.facts import Happening
from rules.plan import plan
from rules.repeats import answered_repeats
from rules.steps import steps_due
from rules.timeline import instant_of, seconds_of
from rules.trial_steps import fired_together

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rules.changes import FieldChange
    from rules.facts import Ticket, Value
    from rules.policy import Policy
    from rules.steps import StepKey
    from rules.trial_steps import FiredSteps
    from rules.verdict import Verdict

_WRITTEN_AFTER = 1
"""Seconds until the helpdesk has what a step writes. Not 0: a step at the due that moves the
ticket on would end the cycle at its due, and equality is in time."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of a ticket. `verdicts` are those of every moment, the last one at the end.

    `current` are the fields at the end, with what the worker would have written.
    """

    verdicts: tuple[Verdict, ...]
    fired: tuple[FiredSteps, ...]
    current: CurrentFields

    @property
    def verdict(self) -> Verdict:
        """The verdict at the end."""
        return self.verdicts[-1]


def rehearse(ticket: Ticket, policy: Policy, until: datetime) -> Rehearsed:
    """Let the clock run from the ticket's creation to `until`, its own second included.

    Raises:
        ValueError: an instant lies in a year that no calendar counts.
    """
    stage = _Stage(ticket, policy, _at_creation(ticket))
    end = seconds_of(until)
    at: int | None = seconds_of(ticket.created_at)
    while at is not None and at < end:
        stage.look(at)
        at = stage.next_moment(at)
    stage.look(end)
    return Rehearsed(tuple(stage.verdicts), tuple(stage.fired), stage.current)


def _at_creation(ticket: Ticket) -> CurrentFields:
    return CurrentFields(
        own={},
        priority=ticket.priority,
        type=ticket.type,
        status=ticket.status,
        tags=ticket.tags,
        group=ticket.group,
        assignee=ticket.assignee,
    )


@dataclass
class _Stage:
    """The ticket as known so far; looked at in order of time."""

    ticket: Ticket
    policy: Policy
    current: CurrentFields
    looked_at: int | None = None
    is_deleted: bool = False
    sent: set[StepKey] = field(default_factory=set)
    verdicts: list[Verdict] = field(default_factory=list)
    fired: list[FiredSteps] = field(default_factory=list)

    def look(self, second: int) -> None:
        """What the worker does when it looks at the ticket: judge, warn, write."""
        for happening in self._news(second):
            self.current = _after(self.current, happening)
            if happening.kind in ("deleted", "restored"):
                self.is_deleted = happening.kind == "deleted"
        self.looked_at = second
        at = instant_of(second)
        verdict = evaluate(self.ticket, self.policy, at)
        due = steps_due(verdict, self.policy, self.sent, at)
        self.sent |= {(one.measure, one.cycle, one.key) for one in due}
        answered = answered_repeats(due, verdict, self.ticket, at)
        fired = [one for one in due if (one.measure, one.cycle, one.key) not in answered]
        self.fired += fired_together(at, fired)
        self.verdicts.append(verdict)
        if not self.is_deleted:
            changes = plan(verdict, self.policy, self.current, fired=fired, sent=self.sent)
            self._write([one for one in changes if one.field not in OWN_FIELDS], second)

    def next_moment(self, second: int) -> int | None:
        """The next one at which something happens or time alone changes something."""
        moments = [seconds_of(one.at) for one in self.ticket.happenings]
        look_at = self.verdicts[-1].look_at
        if look_at is not None:
            moments.append(seconds_of(look_at))
        return min((one for one in moments if one > second), default=None)

    def _news(self, second: int) -> list[Happening]:
        """Happenings since the last look, in order of time."""
        since = self.looked_at
        news = [
            one
            for one in self.ticket.happenings
            if seconds_of(one.at) <= second and (since is None or seconds_of(one.at) > since)
        ]
        return sorted(news, key=lambda one: one.at)

    def _write(self, changes: Iterable[FieldChange], second: int) -> None:
        at = instant_of(second + _WRITTEN_AFTER)
        for change in changes:
            to: Value = change.new
            if change.field == "tags":
                to = (*self.current.tags, *([change.new] if change.new else []))
            told = Happening(at, "field", "stipt", field=change.field, to=to)
            self.current = _after(self.current, told)
            if change.field in ("group", "tags"):  # a raised priority never chooses a target
                self.ticket = self.ticket.with_happenings((*self.ticket.happenings, told))


def _after(current: CurrentFields, happening: Happening) -> CurrentFields:
    """The fields once this has happened."""
    name, to = happening.field, happening.to
    if happening.kind == "status":
        return replace(current, status=_one(to))
    if happening.kind == "merged":
        return replace(current, status="closed")
    if name == "tags":
        return replace(current, tags=(to,) if isinstance(to, str) else to or ())
    return replace(
        current,
        priority=_one(to) if name == "priority" else current.priority,
        type=_one(to) if name == "type" else current.type,
        due_at=_one(to) if name == "due_at" else current.due_at,
        group=_one(to) if name == "group" else current.group,
        assignee=_one(to) if name == "assignee" else current.assignee,
    )


def _one(value: Value) -> str | None:
    if isinstance(value, tuple):
        return value[0] if value else None
    return value
