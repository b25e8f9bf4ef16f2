# SPDX-License-Identifier: GPL-3.0-or-later
"""A team's period, folded from the store of an account or from a history that the rules judge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connector.history.reader import read_line
from rules.evaluate import evaluate
from rules.evidence import rows_of
from rules.first_contact import solved_ticket
from rules.folds import DECIDED, Facets, Fold, Holder, Load, Solve, load_of
from rules.indicators import WINDOW_DAYS
from rules.populations import values_of
from rules.teamwork import TABLES, team_report
from rules.timeline import seconds_of
from rules.verdict import OPEN_STATES
from worker.reporting.evidence import EvidenceMissing
from worker.store.team_rows import (
    Wanted,
    fold_calls,
    fold_counts,
    fold_due,
    fold_hours,
    fold_load,
    fold_pauses,
    fold_solves,
)
from worker.store.verdict_rows import count_unjudged, known_until
from worker.team import Team, cores

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connector.history.stretches import Part
    from rules.evidence import CycleRow, SolvedTicket
    from rules.facts import Ticket, Value
    from rules.policy import Policy
    from rules.teamwork import Stretch, TeamReport
    from worker.histories import History
    from worker.store.database import Database

_MARKET = "organization.fields.market"
_PATHS = ("group", "channel", _MARKET)
_MOST_CONTACTS = 3


@dataclass(frozen=True, slots=True)
class TeamQuestion:
    """What is asked of a team.

    `policy`, a hash, narrows it to what that policy judged, by the places of
    its targets too; `by_person` says that open tickets are told by assignee.
    """

    stretch: Stretch
    policy: str | None = None
    by_person: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """The facets that figures are shown by."""
        return TABLES if self.policy is None else ("rule", *TABLES)


def known_of(database: Database, account: str) -> tuple[datetime, int]:
    """Up to when the store of an account is known, and how many tickets wait to be judged.

    Raises:
        EvidenceMissing: nothing was read to its end yet.
    """
    with database.read(account) as books:
        known, n_waiting = known_until(books), count_unjudged(books)
    if known is None:
        raise EvidenceMissing(f"{account}: the first sync is not done")
    return known.until, n_waiting


def stored_team(
    database: Database, account: str, question: TeamQuestion, cut_off: datetime
) -> TeamReport:
    """The figures as the store has them: closed cycles as they were judged."""
    fold = Fold()
    is_policy = question.policy is not None
    wanted = Wanted(question.stretch, cut_off, question.policy, by_rule=is_policy)
    with database.read(account) as books:
        fold_due(books, fold, wanted)
        fold_hours(books, fold, wanted)
        fold_counts(books, fold, wanted)
        if not is_policy:
            fold_solves(books, fold, wanted)
            fold_pauses(books, fold, wanted)
            fold_calls(books, fold, wanted)
            fold_load(books, fold, cut_off, by_person=question.by_person)
    return team_report(fold, question.stretch, cut_off, question.tables)


def judged_team(
    history: History, policy: Policy, question: TeamQuestion, cut_off: datetime
) -> TeamReport:
    """The figures of a history, every ticket judged by a policy at the cut-off."""
    fold = Fold()
    with Team(policy, cores() if history.is_large else 1) as team:
        parts = history.scan(team).told(history.tell)
        work = partial(_fold_part, question=question, cut_off=cut_off)
        for one in team.ask(work, parts):
            fold.add(one)
    return team_report(fold, question.stretch, cut_off, question.tables)


def _fold_part(policy: Policy, part: Part, *, question: TeamQuestion, cut_off: datetime) -> Fold:
    fold = Fold()
    for _, line in part.lines():
        ticket, _ = read_line(line)
        if ticket.created_at <= cut_off:
            _Folding(fold, question, cut_off).ticket(ticket, policy)
    return fold


@dataclass(frozen=True, slots=True)
class _Folding:
    """Folds tickets that are judged here and now."""

    fold: Fold
    question: TeamQuestion
    cut_off: datetime

    def ticket(self, ticket: Ticket, policy: Policy) -> None:
        """Judge a ticket and fold its rows, its solve, and the work that it is."""
        verdict = evaluate(ticket, policy, self.cut_off)
        values = values_of(ticket, _PATHS, self.cut_off)
        rows = rows_of(verdict, values)
        for row in rows:
            self._row(row, values)
        if self.question.policy is not None:
            return
        solved = solved_ticket(ticket, verdict)
        if solved is not None and solved.reason is None:
            self._solve(solved, values)
        dues = [
            (row.state, None if row.due_at is None else seconds_of(row.due_at))
            for row in rows
            if row.state in OPEN_STATES
        ]
        if dues:
            holder = Holder(_text(values["group"]))
            found = load_of(dues, seconds_of(self.cut_off))
            self.fold.load.setdefault(holder, Load()).add(found)

    def _row(self, row: CycleRow, values: Mapping[str, Value]) -> None:
        stretch = self.question.stretch
        if row.due_at is None or not stretch.periods[0].from_at <= row.due_at < stretch.until_at:
            return
        places = (n for n, one in enumerate(stretch.periods) if row.due_at < one.until_at)
        self.fold.take_trend(row.tier, row.measure, next(places), row.state)
        if row.due_at < stretch.from_at:
            return
        self.fold.policies[row.policy] += 1
        facets = Facets(
            *(row.measure, row.tier, row.priority),
            *(_text(values["group"]), _text(values[_MARKET]), _text(values["channel"])),
            row.rule if self.question.policy is not None else None,
        )
        self.fold.cell(facets).take(
            *(row.state, row.elapsed_seconds, row.target_seconds, row.paused_seconds),
            row.ended_by == "solved",
        )
        if row.state in DECIDED:
            self.fold.take_due(seconds_of(row.due_at), is_late=row.state != "met")

    def _solve(self, solved: SolvedTicket, values: Mapping[str, Value]) -> None:
        stretch, window = self.question.stretch, WINDOW_DAYS * 86_400
        if not stretch.from_at <= solved.solved_at < stretch.until_at:
            return
        end = seconds_of(solved.solved_at) + window
        reopened = None if solved.reopened_at is None else seconds_of(solved.reopened_at)
        key = Solve(
            tier=solved.tier,
            group=_text(values["group"]),
            channel=_text(values["channel"]),
            contacts=min(solved.contacts, _MOST_CONTACTS) if solved.by_end_user else None,
            is_reopened=reopened is not None and reopened <= end,
            is_over=end < seconds_of(self.cut_off),
        )
        self.fold.solves[key] += 1
        self.fold.take_pauses(key.group, solved.pauses, solved.hasty_pauses)


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
