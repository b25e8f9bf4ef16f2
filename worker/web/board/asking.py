# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody asks of the board, as it stands in the address, and the tickets that fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlencode

from worker.view.targets import state_of
from worker.web.board.snapshot import FACETS, urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from worker.store.board import OpenCycle, OpenTicket
    from worker.view.shapes import StateWord
    from worker.web.board.snapshot import Held

WINDOW: Final = 100
"""Rows that are shown at once, and so many more each time that more are asked for."""

MOST_ROWS: Final = 20_000
_LONGEST: Final = 200
_MOST_KNOWN: Final = 50

STATES: Final[tuple[StateWord, ...]] = ("breached", "at_risk", "on_track", "paused", "none")
"""The states that tickets are counted by; what has just passed its deadline counts as breached."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the board is narrowed to; None and an empty search are everything."""

    state: str | None = None
    search: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    rows: int = WINDOW

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the number of rows is asked for."""
        return bool(self.state or self.search or self.facets)

    def query(self) -> str:
        """The address after its question mark; the same question is the same text."""
        pairs = [("state", self.state), *((name, self.facets.get(name)) for name in FACETS)]
        pairs += [("q", self.search), ("rows", str(self.rows) if self.rows != WINDOW else None)]
        return urlencode([(name, value) for name, value in pairs if value])

    def with_state(self, state: str | None) -> Asked:
        """The same question about another state, from the first row on."""
        return replace(self, state=state, rows=WINDOW)


class Line(NamedTuple):
    """A ticket at an instant, and the cycle that it is shown for."""

    ticket: OpenTicket
    cycle: OpenCycle | None
    state: StateWord


class Due(NamedTuple):
    """When a running target is due, in epoch seconds, and the calendar that counts for it."""

    at: int
    calendar: str


@dataclass(frozen=True, slots=True)
class Found:
    """The tickets of those that are held that fit, in order.

    `counts` are by state, as if no state were asked for; `dues` those of all their running
    targets.
    """

    held: Held

    lines: list[Line]
    counts: Mapping[StateWord, int]
    dues: list[Due]


def asked_of(query: Mapping[str, str]) -> Asked:
    """What an address asks; words that mean nothing are left out."""
    state = query.get("state")
    rows = query.get("rows", "")
    return Asked(
        state=state if state in STATES else None,
        search=query.get("q", "").strip()[:_LONGEST],
        facets={name: query[name][:_LONGEST] for name in FACETS if query.get(name)},
        rows=min(max(int(rows), WINDOW), MOST_ROWS) if rows.isdecimal() and rows else WINDOW,
    )


def find(held: Held, asked: Asked, now: int) -> Found:
    """The tickets that fit at `now`, epoch seconds."""
    counts: dict[StateWord, int] = dict.fromkeys(STATES, 0)
    lines: list[Line] = []
    dues: list[Due] = []
    for ticket, place in _fitting(held, asked):
        cycle = ticket.cycles[place] if place < len(ticket.cycles) else None
        state = _state(cycle, now)
        counted: StateWord = "breached" if state == "overdue" else state
        counts[counted] += 1
        if asked.state is None or counted == asked.state:
            lines.append(Line(ticket, cycle, state))
            dues += [
                Due(one.due_at, one.calendar)
                for one in ticket.cycles
                if one.state == "running" and one.due_at is not None
            ]
    return Found(held, lines, counts, dues)


class Finder:
    """Finds, once for all who ask the same at the same second; for many threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[Held, int, Found]] = {}

    def find(self, account: str, held: Held, asked: Asked, now: int) -> Found:
        """As `find`."""
        key = (account, replace(asked, rows=WINDOW).query())
        before = self._known.get(key)
        if before is not None and before[0] is held and before[1] == now:
            return before[2]
        if len(self._known) >= _MOST_KNOWN:
            self._known = {}
        found = find(held, asked, now)
        self._known[key] = (held, now, found)
        return found


def _state(cycle: OpenCycle | None, now: int) -> StateWord:
    if cycle is None:
        return "none"
    return state_of(cycle.state, cycle.due_at, cycle.risk_at, now)


def _fitting(held: Held, asked: Asked) -> Iterator[tuple[OpenTicket, int]]:
    """The tickets that fit but for their state, each with the place of the cycle to show."""
    wanted = [(name, value) for name, value in asked.facets.items() if name != "measure"]
    measure = asked.facets.get("measure")
    words = asked.search.casefold().lstrip("#")
    fitting = [
        one
        for one in held.tickets
        if all(getattr(one, name) == value for name, value in wanted)
        and (not words or _mentions(one, words))
    ]
    if measure is None:
        return iter([(one, 0) for one in fitting])
    places = [(one, _place(one, measure)) for one in fitting]
    return iter(
        sorted(
            [(one, place) for one, place in places if place is not None],
            key=lambda found: urgency(*found),
        )
    )


def _mentions(ticket: OpenTicket, words: str) -> bool:
    if ticket.ticket_id.startswith(words):
        return True
    names = (ticket.customer, ticket.organization, ticket.group, ticket.assignee, ticket.tier)
    return any(words in name.casefold() for name in names if name)


def _place(ticket: OpenTicket, measure: str) -> int | None:
    places = (place for place, one in enumerate(ticket.cycles) if one.measure == measure)
    return next(places, None)
