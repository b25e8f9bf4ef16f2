# SPDX-License-Identifier: GPL-3.0-or-later
r"""The tables of what a statement counted, as CSV: anybody can count again from them.

UTF-8, lines end with `\n`, instants in UTC, seconds as whole numbers. The same
records always give the same bytes. A text cell that a spreadsheet would take
for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, TypeVar

from rules.evidence import Evidence
from rules.facts import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from rules.evidence import Call, CycleRow, Outage, Rating, SolvedTicket
    from rules.facts import Value
    from rules.obligations import Records

E = TypeVar("E", bound=Evidence)
Span = tuple[datetime, datetime]
Cell = str | int | None

_PHONE = frozenset({"phone_answer", "phone_abandoned"})
_SOLVED = frozenset({"first_contact_resolution", "reopened"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OF_CYCLES = (
    "ticket",
    "measure",
    "cycle",
    "state",
    "reason",
    "started_at",
    "due_at",
    "stopped_at",
    "ended_by",
    "breached_at",
    "target_seconds",
    "elapsed_seconds",
    "paused_seconds",
    "priority",
    "tier",
    "customer",
    "organization",
    "calendar",
    "rule",
    "policy",
)
_OF_CALLS = (
    "call",
    "at",
    "ended",
    "wait_seconds",
    "inbound",
    "outside_hours",
    "connected",
    "line",
    "ticket",
    "tier",
    "customer",
    "organization",
)
_OF_SOLVED = (
    "ticket",
    "solved_at",
    "contacts",
    "reopened_at",
    "by_end_user",
    "reason",
    "tier",
    "customer",
    "organization",
)
_OF_RATINGS = ("ticket", "at", "score", "tier", "customer", "organization")


def exhibits(records: Records, kinds: Iterable[str], spans: Iterable[Span]) -> dict[str, str]:
    """CSV texts by name (`cycles`, `calls`, `solved`, `ratings`, `outages`).

    Args:
        records: what was recorded.
        kinds: what the obligations are of; only their tables are given.
        spans: the stretches in which the obligations hold; what lies outside
            all of them is left out. Cycles without a due are kept.
    """
    wanted, is_inside = set(kinds), _inside(set(spans))
    found: dict[str, str] = {}
    measures = wanted.intersection(MEASURES)
    if measures:
        found["cycles"] = cycles_csv(
            row for row in records.cycles if row.measure in measures and is_inside(row.due_at)
        )
    if wanted & _PHONE:
        found["calls"] = calls_csv(call for call in records.calls if is_inside(call.at))
    if wanted & _SOLVED:
        found["solved"] = solved_csv(one for one in records.solved if is_inside(one.solved_at))
    if "satisfaction" in wanted:
        found["ratings"] = ratings_csv(one for one in records.ratings if is_inside(one.at))
    if "availability" in wanted:
        every = [one for name in sorted(records.outages or {}) for one in _named(records, name)]
        found["outages"] = outages_csv(every)
    return found


def _named(records: Records, name: str) -> Sequence[Outage]:
    return (records.outages or {})[name]


def _inside(spans: Collection[Span]) -> Callable[[datetime | None], bool]:
    """Whether an instant lies in any of the spans; what has none does."""
    if not spans:
        return lambda at: at is None
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    # Most rows of a report lie before its period: they are told by one comparison.
    return lambda at: (
        at is None or (first <= at < last and any(begin <= at < end for begin, end in spans))
    )


def cycles_csv(rows: Iterable[CycleRow]) -> str:
    """Verdict rows in order of ticket, measure and cycle, with the values that were read."""

    def cells(row: CycleRow) -> list[Cell]:
        return [
            *(_safe(row.ticket_id), row.measure, row.cycle, row.state, row.reason),
            *(_at(row.started_at), _at(row.due_at), _at(row.stopped_at), row.ended_by),
            *(_at(row.breached_at), row.target_seconds, row.elapsed_seconds, row.paused_seconds),
            *(row.priority, row.tier, row.customer, _safe(row.organization_id), row.calendar),
            *(row.rule, row.policy),
        ]

    ordered = sorted(rows, key=lambda row: (row.ticket_id or "", row.measure, row.cycle))
    return _table(_OF_CYCLES, ordered, cells)


def calls_csv(calls: Iterable[Call]) -> str:
    """Calls in order of time."""

    def cells(call: Call) -> list[Cell]:
        return [
            *(
                _safe(call.call_id),
                _at(call.at),
                call.ended,
                call.wait_seconds,
                int(call.is_inbound),
            ),
            *(int(call.outside_hours), int(call.connected), _safe(call.line), *_whose(call)),
        ]

    return _table(_OF_CALLS, sorted(calls, key=lambda call: (call.at, call.call_id)), cells)


def solved_csv(solved: Iterable[SolvedTicket]) -> str:
    """Solved tickets in order of their ids."""

    def cells(one: SolvedTicket) -> list[Cell]:
        return [
            *(_safe(one.ticket_id), _at(one.solved_at), one.contacts, _at(one.reopened_at)),
            *(int(one.by_end_user), one.reason, *_whose(one)[1:]),
        ]

    return _table(_OF_SOLVED, sorted(solved, key=lambda one: one.ticket_id or ""), cells)


def ratings_csv(ratings: Iterable[Rating]) -> str:
    """Ratings in order of time."""

    def cells(one: Rating) -> list[Cell]:
        return [_safe(one.ticket_id), _at(one.at), one.score, *_whose(one)[1:]]

    return _table(
        _OF_RATINGS, sorted(ratings, key=lambda one: (one.at, one.ticket_id or "")), cells
    )


def outages_csv(outages: Iterable[Outage]) -> str:
    """Outages in order of time, in the form in which they are read."""
    ordered = sorted(outages, key=lambda one: (one.from_at, one.because))
    lines = [[_at(one.from_at), _at(one.until_at), _safe(one.because)] for one in ordered]
    return _text([["from", "until", "because"], *lines])


def _whose(one: Evidence) -> list[Cell]:
    return [_safe(one.ticket_id), one.tier, one.customer, _safe(one.organization_id)]


def _table(head: Sequence[str], rows: Sequence[E], cells: Callable[[E], list[Cell]]) -> str:
    paths = sorted(set().union(*{tuple(row.values) for row in rows}))
    lines = [[*cells(row), *(_value(row.values.get(path)) for path in paths)] for row in rows]
    return _text([[*head, *paths], *lines])


def _text(lines: Iterable[Sequence[Cell]]) -> str:
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows(lines)
    return written.getvalue()


def _safe(text: str | None) -> str | None:
    """Text of others; what we name ourselves never begins like a formula."""
    return f"'{text}" if text and text.startswith(_FORMULA) else text


def _value(value: Value) -> str | None:
    return _safe(value if value is None or isinstance(value, str) else " ".join(value))


def _at(at: datetime | None) -> str | None:
    if at is None:
        return None
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return f"{at.isoformat()[:-6]}Z"
