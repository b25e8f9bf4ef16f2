# SPDX-License-Identifier: GPL-3.0-or-later
"""Cycles of every measure: when each starts and ends, before any target is known.

The rules are Zendesk's, as settled in docs/semantics.md: solving ends reply
cycles; a reopening continues the time-in-status measures and starts no reply
cycle; a cycle that would start and end in one update does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Literal

import msgspec

from rules.facts import Measure
from rules.timeline import (
    AGENT_NOTE,
    AGENT_PUBLIC,
    END_USER_NOTE,
    END_USER_PUBLIC,
    LIGHT_AGENT_NOTE,
    REQUESTER_NOTE,
    REQUESTER_PUBLIC,
)

if TYPE_CHECKING:
    from rules.facts import Ticket
    from rules.timeline import Timeline, Update

Options = Callable[["Measure", int], frozenset[str]]
"""The `start_on` and `stop_on` names in force for a measure at an instant."""

_CUSTOMER_PUBLIC = REQUESTER_PUBLIC | END_USER_PUBLIC
_STAFF = frozenset({"agent", "light_agent", "stipt"})
_SOLVED = frozenset({"solved", "closed"})
_REPLIES: frozenset[Measure] = frozenset({"first_reply", "next_reply"})
_UPDATES: tuple[Measure, ...] = ("periodic_update", "pausable_update")
TIME_IN_STATUS: frozenset[Measure] = frozenset({"requester_wait", "agent_work", "resolution"})
_AGENT_ROLES = frozenset({"agent", "admin"})


class Cycle(msgspec.Struct, gc=False):
    """One run of a measure, in epoch seconds; `end` is None while it is open."""

    measure: Measure
    number: int
    start: int
    end: int | None = None
    ended_by: Literal["reply", "solved", "reassigned"] | None = None

    def close(self, at: int, ended_by: Literal["reply", "solved", "reassigned"]) -> None:
        """End the cycle."""
        self.end = at
        self.ended_by = ended_by


class StatusSpan(msgspec.Struct, gc=False):
    """A stretch of one status, half-open; `end` is None for the present one."""

    start: int
    end: int | None
    status: str
    custom: str | None


class Life(msgspec.Struct, gc=False):
    """A ticket's cycles and the statuses it went through."""

    cycles: dict[Measure, list[Cycle]]
    statuses: list[StatusSpan]
    solved: list[tuple[int, int | None]]


def no_options(_measure: Measure, _at: int) -> frozenset[str]:
    """The default: nothing but the measure's own start and stop."""
    return frozenset()


def life(
    ticket: Ticket,
    line: Timeline,
    measures: Collection[Measure],
    options: Options = no_options,
) -> Life:
    """The cycles of these measures up to the end of the ticket's timeline."""
    statuses = _statuses(ticket, line)
    solved = _solved_spans(statuses)
    replies = _Replies(ticket, line, options)
    updates = [_Updates(measure, options) for measure in _UPDATES if measure in measures]
    ownership = _Ownership(ticket.group) if "group_ownership" in measures else None
    has_replies = not _REPLIES.isdisjoint(measures)
    now_solved = ticket.status in _SOLVED
    was_solved: bool | None = None  # until the creation's own update
    for update in line.updates:
        if update.has_status:
            now_solved = update.status in _SOLVED
        comments = update.comments
        turns = now_solved is not was_solved
        if has_replies and (comments or turns):
            replies.update(update.at, comments, now_solved)
        if updates and (comments or turns):
            if was_solved is None:
                comments |= _creation_comment(ticket, line.created_public)
            for measure in updates:
                measure.update(update.at, comments, now_solved)
        if ownership is not None and (update.changes or turns):
            ownership.update(update.at, _new_group(update, ownership.group), now_solved)
        was_solved = now_solved
    cycles: dict[Measure, list[Cycle]] = {
        "first_reply": replies.first,
        "next_reply": replies.later,
        **{item.measure: item.cycles for item in updates},
        "group_ownership": ownership.cycles if ownership else [],
    }
    for measure_in_status in TIME_IN_STATUS.intersection(measures):
        cycles[measure_in_status] = _time_in_status(measure_in_status, line.updates[0].at, solved)
    return Life(cycles, statuses, solved)


def _creation_comment(ticket: Ticket, public: bool) -> int:
    """The creation's own comment as the update measures see it."""
    if public:
        return AGENT_PUBLIC if ticket.created_by in _STAFF else 0
    return AGENT_NOTE if ticket.created_by == "agent" else 0


def _statuses(ticket: Ticket, line: Timeline) -> list[StatusSpan]:
    """The statuses in turn; what the creation's own update says holds from the creation."""
    created = line.updates[0]
    last = StatusSpan(created.at, None, ticket.status, ticket.custom_status)
    if created.has_status:
        last.status, last.custom = created.status, created.custom
    spans = [last]
    for update in line.updates:
        if update.has_status and (update.status != last.status or update.custom != last.custom):
            last.end = update.at
            last = StatusSpan(update.at, None, update.status, update.custom)
            spans.append(last)
    return spans


def _solved_spans(statuses: list[StatusSpan]) -> list[tuple[int, int | None]]:
    """Stretches in which the ticket was solved or closed, joined."""
    spans: list[tuple[int, int | None]] = []
    for span in statuses:
        if span.status not in _SOLVED:
            continue
        if spans and spans[-1][1] == span.start:
            spans[-1] = (spans[-1][0], span.end)
        else:
            spans.append((span.start, span.end))
    return spans


def _time_in_status(
    measure: Measure, created: int, solved: list[tuple[int, int | None]]
) -> list[Cycle]:
    """requester_wait, agent_work and resolution keep cycle 1 for ever."""
    cycle = Cycle(measure, 1, created)
    if solved and solved[-1][1] is None:
        cycle.close(solved[-1][0], "solved")
    return [cycle]


class _Replies:
    """first_reply and next_reply: one waits for the other.

    Until the first reply is given or ended, the customer's messages belong to
    it; only then do they start next_reply cycles.
    """

    def __init__(self, ticket: Ticket, line: Timeline, options: Options) -> None:
        self.first: list[Cycle] = []
        self.later: list[Cycle] = []
        self._ticket = ticket
        self._public = line.created_public
        self._options = options
        self._first_over = False
        self._starts_now = self._created(line.updates[0].at)

    def update(self, at: int, comments: int, now_solved: bool) -> None:
        if self._first_over:
            self._later(at, comments, now_solved)
        else:
            self._first(at, comments, now_solved)

    def _created(self, at: int) -> bool:
        """Whether the creation starts first_reply; marks it as over where it never will."""
        ticket = self._ticket
        options = self._options("first_reply", at)
        for_end_user = ticket.requester.role == "end_user"
        is_forward = ticket.created_by == "light_agent" and ticket.channel == "email"
        if is_forward and "light_agent_forward" in options:
            return True
        if ticket.created_by not in _STAFF:
            return self._public
        if not self._public:
            by_agent = ticket.created_by == "agent"
            return "agent_created_with_note" in options and by_agent and for_end_user
        for_self = ticket.created_by == "agent" and ticket.requester.role in _AGENT_ROLES
        if "agent_created" in options and for_end_user:
            return True
        if "agent_created_for_self" in options and for_self:
            return True
        self._first_over = True
        return False

    def _first(self, at: int, comments: int, now_solved: bool) -> None:
        options = self._options("first_reply", at)
        answers = AGENT_PUBLIC
        if "agent_note" in options:
            answers |= AGENT_NOTE | LIGHT_AGENT_NOTE
        answered = comments & answers
        if self.first:
            if answered or now_solved:
                self.first[0].close(at, "reply" if answered else "solved")
                self._first_over = True
            return
        asked = self._starts_now or comments & _asking(options)
        self._starts_now = False
        if answered or (asked and now_solved):
            self._first_over = True  # given or ended in the update that would have started it
        elif asked:
            self.first.append(Cycle("first_reply", 1, at))

    def _later(self, at: int, comments: int, now_solved: bool) -> None:
        cycle = self.later[-1] if self.later else None
        is_waiting = cycle is not None and cycle.end is None
        if not is_waiting and (now_solved or not comments):
            return
        options = self._options("next_reply", at)
        answers = AGENT_PUBLIC | (AGENT_NOTE if "agent_note" in options else 0)
        if cycle is not None and is_waiting:
            if comments & answers:
                cycle.close(at, "reply")
            elif now_solved:
                cycle.close(at, "solved")
        elif comments & self._asking_again(options) and not comments & answers:
            self.later.append(Cycle("next_reply", len(self.later) + 1, at))

    def _asking_again(self, options: frozenset[str]) -> int:
        """Comments that start a next_reply cycle (Zendesk: rules 18 to 22)."""
        asking = _asking(options)
        role = self._ticket.requester.role
        if "customer_note" in options:
            asking |= END_USER_NOTE | (REQUESTER_NOTE if role == "end_user" else 0)
        if "agent_requester_comment" in options and role in _AGENT_ROLES:
            asking |= REQUESTER_PUBLIC | REQUESTER_NOTE
        if "light_agent_note" in options:
            asking |= LIGHT_AGENT_NOTE | (REQUESTER_NOTE if role == "light_agent" else 0)
        return asking


def _asking(options: frozenset[str]) -> int:
    """A public comment of somebody on the customer's side."""
    return REQUESTER_PUBLIC if "requester_only" in options else _CUSTOMER_PUBLIC


class _Updates:
    """periodic_update and pausable_update: from one public agent reply to the next."""

    def __init__(self, measure: Measure, options: Options) -> None:
        self.cycles: list[Cycle] = []
        self.measure = measure
        self._options = options

    def update(self, at: int, comments: int, now_solved: bool) -> None:
        answered = bool(comments & AGENT_PUBLIC)
        if self.cycles and self.cycles[-1].end is None:
            if not answered and not now_solved:
                return
            self.cycles[-1].close(at, "reply" if answered else "solved")
        starts = answered
        if comments & AGENT_NOTE and "agent_note" in self._options(self.measure, at):
            starts = True
        if starts and not now_solved:
            self.cycles.append(Cycle(self.measure, len(self.cycles) + 1, at))


class _Ownership:
    """group_ownership: each assignment is a cycle of its own."""

    def __init__(self, group: str | None) -> None:
        self.cycles: list[Cycle] = []
        self.group = group

    def update(self, at: int, group: str | None, now_solved: bool) -> None:
        moved = group != self.group
        self.group = group
        running = bool(self.cycles) and self.cycles[-1].end is None
        if running and (moved or now_solved):
            self.cycles[-1].close(at, "reassigned" if moved else "solved")
            running = False
        if not running and group is not None and not now_solved:
            self.cycles.append(Cycle("group_ownership", len(self.cycles) + 1, at))


def _new_group(update: Update, group: str | None) -> str | None:
    """The group after the update."""
    for change in update.changes:
        if change.field == "group":
            group = change.to if isinstance(change.to, str) else None
    return group
