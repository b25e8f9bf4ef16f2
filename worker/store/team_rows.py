# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdict rows of an account folded for a team's report; only what is needed leaves the database.

The trend, the solves and the policies are counted by the database itself. Durations need
every row once, because percentiles do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from rules.folds import DECIDED, SLOT_SECONDS, Calls, Cell, Facets, Holder, Load, Solve, load_of
from rules.indicators import WINDOW_DAYS
from worker.store.board import read_open
from worker.store.database import epoch, instant, instant_or_none
from worker.store.facts_json import organization_of
from worker.store.record_tables import calls
from worker.store.tables import organizations, policy_loads, tickets, verdicts

if TYPE_CHECKING:
    from datetime import datetime

    from rules.folds import Fold
    from rules.teamwork import Stretch
    from worker.store.database import Books

_AT_ONCE: Final = 10_000
_WORTH_AN_INDEX: Final = 3
"""SQLite reads a third of a table as quickly in its order as by an index."""

_DAY: Final = 86_400
_MARKET: Final = "market"
_row = verdicts.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are folded: those that fall due in a stretch.

    What was not stopped at its due before `cut_off` is open and overdue. With
    `policy`, a hash, only rows that it judged; `by_rule` tells rows apart by
    the place of their target too.
    """

    stretch: Stretch
    cut_off: datetime
    policy: str | None = None
    by_rule: bool = False


def fold_due(books: Books, fold: Fold, wanted: Wanted) -> None:
    """Fold the rows of a stretch, with the group, market and channel of their tickets."""
    market_of = _markets(books)
    choice = (
        sa.select(
            *(_row.measure, _row.tier, _row.priority),
            *(tickets.c.group_id, _row.organization_id, tickets.c.channel),
            _row.rule if wanted.by_rule else sa.null(),
            *(state_at(wanted.cut_off), _row.elapsed_seconds, _row.target_seconds),
            *(_row.paused_seconds, _row.ended_by == "solved"),
        )
        .join(
            tickets,
            sa.and_(tickets.c.account == _row.account, tickets.c.ticket_id == _row.ticket_id),
            isouter=True,
        )
        .where(*_due(books, wanted, wanted.stretch.from_at))
    )
    cells: dict[tuple[str | None, ...], Cell] = {}
    for measure, tier, priority, group, organization, channel, rule, *rest in books.tx.execute(
        choice, execution_options={"yield_per": _AT_ONCE}
    ):
        key = (measure, tier, priority, group, market_of.get(organization), channel, rule)
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = fold.cell(Facets(*key))
        cell.take(*rest)


def _markets(books: Books) -> dict[str | None, str]:
    """The market of each organization that has one, by its newest version."""
    rows = organizations.c
    choice = (
        sa.select(rows.organization_id, rows.body)
        .where(books.of(organizations))
        .order_by(rows.organization_id, rows.version)
    )
    newest: dict[str | None, str] = {ident: body for ident, body in books.tx.execute(choice)}  # noqa: C416 -- rows are no pairs to the type checker
    found = {ident: organization_of(body).fields.get(_MARKET) for ident, body in newest.items()}
    return {ident: market for ident, market in found.items() if isinstance(market, str)}


def state_at(cut_off: datetime) -> sa.Case[str]:
    """The state; what has passed its due but was not looked at again since is overdue."""
    is_over = sa.and_(_row.state == "running", _row.due_at < epoch(cut_off))
    return sa.case((is_over, "breached_open"), else_=_row.state)


def _due(books: Books, wanted: Wanted, since: datetime) -> list[sa.ColumnElement[bool]]:
    begin, end = epoch(since), epoch(wanted.stretch.until_at)
    due_at: sa.ColumnElement[int] = _row.due_at
    if books.database.is_sqlite and _are_most(books, begin, end):
        due_at = _row.due_at + 0  # so that no index is used: read in their order they come faster
    found = [books.of(verdicts), due_at >= begin, due_at < end]
    return found if wanted.policy is None else [*found, _row.policy == wanted.policy]


def _are_most(books: Books, begin: int, end: int) -> bool:
    """Whether a good part of all rows falls due in a time; the index alone tells."""
    counted = sa.select(sa.func.count()).select_from(verdicts).where(books.of(verdicts))
    meant = counted.where(_row.due_at >= begin, _row.due_at < end)
    n_all = int(books.tx.execute(counted).scalar_one())
    return int(books.tx.execute(meant).scalar_one()) * _WORTH_AN_INDEX > n_all


def fold_counts(books: Books, fold: Fold, wanted: Wanted) -> None:
    """Count what was met and missed in each period of the trend, and by each policy."""
    periods = wanted.stretch.periods
    place = sa.case(*((_row.due_at < epoch(one.until_at), n) for n, one in enumerate(periods)))
    keys = (_row.tier, _row.measure, _row.policy)
    choice = (
        sa.select(
            *(*keys, place.label("place"), state_at(wanted.cut_off).label("counted")),
            sa.func.count(),
        )
        .where(*_due(books, wanted, periods[0].from_at))
        .group_by(*keys, sa.text("place"), sa.text("counted"))
    )
    for tier, measure, policy, period, counted, n in books.tx.execute(choice):
        fold.take_trend(tier, measure, period, counted, n)
        if period >= wanted.stretch.first:
            fold.policies[policy] += n


def fold_hours(books: Books, fold: Fold, wanted: Wanted) -> None:
    """Count what was met and missed in each quarter of an hour."""
    slot = (_row.due_at - _row.due_at % SLOT_SECONDS).label("slot")
    is_late = sa.case((state_at(wanted.cut_off) == "met", 0), else_=1).label("late")
    choice = (
        sa.select(slot, is_late, sa.func.count())
        .where(
            *_due(books, wanted, wanted.stretch.from_at),
            state_at(wanted.cut_off).in_(sorted(DECIDED)),
        )
        .group_by(sa.text("slot"), sa.text("late"))
    )
    for at, late, n in books.tx.execute(choice):
        fold.take_due(at, n, is_late=bool(late))


def fold_solves(books: Books, fold: Fold, wanted: Wanted) -> None:
    """Count the first solves of a stretch, with the usual window of reopening."""
    row, window = tickets.c, WINDOW_DAYS * _DAY
    is_reopened = sa.case((row.reopened_at <= row.solved_at + window, 1), else_=0)
    is_over = sa.case((row.solved_at + window < epoch(wanted.cut_off), 1), else_=0)
    contacts = sa.case((row.contacts > 3, 3), else_=row.contacts)
    choice = (
        sa.select(
            *(row.tier, row.group_id, row.channel, contacts.label("n_contacts")),
            *(is_reopened.label("reopened"), is_over.label("over"), sa.func.count()),
        )
        .where(
            books.of(tickets),
            row.solved_at.is_not(None),
            row.solved_at >= epoch(wanted.stretch.from_at),
            row.solved_at < epoch(wanted.stretch.until_at),
            sa.func.coalesce(row.contacts, 0) >= 0,
        )
        .group_by(row.tier, row.group_id, row.channel, *map(sa.text, ("n_contacts", "reopened")))
        .group_by(sa.text("over"))
    )
    for tier, group, channel, n_contacts, reopened, over, n in books.tx.execute(choice):
        fold.solves[Solve(tier, group, channel, n_contacts, bool(reopened), bool(over))] += n


def fold_pauses(books: Books, fold: Fold, wanted: Wanted) -> None:
    """Count the pauses of tickets whose first solve falls in a stretch, by group."""
    row = tickets.c
    choice = (
        sa.select(row.group_id, sa.func.sum(row.pauses), sa.func.sum(row.hasty_pauses))
        .where(
            books.of(tickets),
            row.solved_at.is_not(None),
            row.solved_at >= epoch(wanted.stretch.from_at),
            row.solved_at < epoch(wanted.stretch.until_at),
            sa.func.coalesce(row.contacts, 0) >= 0,
            row.pauses > 0,
        )
        .group_by(row.group_id)
    )
    for group, total, hasty in books.tx.execute(choice):
        fold.take_pauses(group, int(total), int(hasty))


def fold_calls(books: Books, fold: Fold, wanted: Wanted) -> None:
    """Fold the calls of a stretch by line, as far as they were offered to somebody."""
    row = calls.c
    choice = sa.select(row.line, row.ended, row.wait_seconds).where(
        books.of(calls),
        row.at >= epoch(wanted.stretch.from_at),
        row.at < epoch(wanted.stretch.until_at),
        row.inbound == 1,
        row.outside_hours == 0,
        row.ended != "abandoned_in_ivr",
    )
    for line, ended, wait in books.tx.execute(choice, execution_options={"yield_per": _AT_ONCE}):
        fold.calls.setdefault(line, Calls()).take(ended, wait)


def fold_load(books: Books, fold: Fold, now: datetime, *, by_person: bool = False) -> None:
    """Count open tickets by group, and by assignee where that is asked for."""
    at = epoch(now)
    for ticket in read_open(books):
        if not ticket.cycles:
            continue
        dues = ((one.state, one.due_at) for one in ticket.cycles)
        holder = Holder(ticket.group, ticket.assignee if by_person else None)
        fold.load.setdefault(holder, Load()).add(load_of(dues, at))


def dues_of_policy(books: Books, policy: str) -> tuple[datetime, datetime] | None:
    """The first and the last due of rows that a policy judged; None where it judged none."""
    choice = sa.select(sa.func.min(_row.due_at), sa.func.max(_row.due_at)).where(
        books.of(verdicts), _row.policy == policy
    )
    first, last = (instant_or_none(one) for one in books.tx.execute(choice).one())
    return None if first is None or last is None else (first, last)


def times_in_force(books: Books, policy: str) -> list[tuple[datetime, datetime | None]]:
    """From when until when a policy was in force; None for as long as it still is."""
    choice = (
        sa.select(policy_loads.c.hash, policy_loads.c.loaded_at)
        .where(books.of(policy_loads))
        .order_by(policy_loads.c.id)
    )
    rows = [(name, begin) for name, begin in books.tx.execute(choice)]
    ends: list[int | None] = [begin for _, begin in rows[1:]]
    return [
        (instant(begin), instant_or_none(end))
        for (name, begin), end in zip(rows, [*ends, None], strict=True)
        if name == policy
    ]
