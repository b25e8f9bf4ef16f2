# SPDX-License-Identifier: GPL-3.0-or-later
"""Storing judgements: verdicts, steps, messages, wanted changes and the next look, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.steps import firing_seconds
from worker.store.bulk import ManyRows, Row, for_both, insert_new, upsert
from worker.store.cycles import CYCLE_COLUMNS, cycle_values
from worker.store.database import epoch
from worker.store.decided_messages import store_messages, whom_it_tells
from worker.store.tables import steps, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rules.evidence import SolvedTicket
    from rules.steps import StepDue
    from rules.verdict import Verdict
    from worker.judging import Judgement
    from worker.store.database import Books


def store_judgements(
    books: Books, judgements: Sequence[Judgement], now: datetime, *, dry_run: bool
) -> int:
    """Store what was decided, in the caller's transaction; returns how many messages wait.

    In a dry run steps count as fired and their messages as dropped, so that
    switching on later sends no storm of old ones.
    """
    at = epoch(now)
    _store_cycles(books, judgements, at)
    _cancel_cycles(books, judgements, at)
    _store_steps(books, judgements, at, dry_run=dry_run)
    n_messages = store_messages(books, judgements, at, dry_run=dry_run)
    _store_looks(books, judgements, at)
    return n_messages


def _store_cycles(books: Books, judgements: Iterable[Judgement], now: int) -> None:
    rows: list[Row] = []
    for one in judgements:
        verdict = one.verdict
        owner = (verdict.organization_id, verdict.policy, now)
        rows += [
            (
                books.account,
                verdict.ticket_id,
                row.measure,
                row.cycle,
                *owner,
                *cycle_values(row),
            )
            for row in one.cycles
        ]
    _CYCLES[books.database.is_sqlite].run(books, rows)
    _MOVED.run(
        books,
        [
            (row.clock.elapsed, row.clock.paused, now, books.account, ident, row.measure, row.cycle)
            for one in judgements
            if one.moved and (ident := one.verdict.ticket_id)
            for row in one.moved
        ],
    )


def _cancel_cycles(books: Books, judgements: Iterable[Judgement], now: int) -> None:
    rows = [
        {"of_ticket": one.verdict.ticket_id, "of_measure": measure, "of_cycle": cycle}
        for one in judgements
        for measure, cycle in one.cancelled
    ]
    if not rows:
        return
    # A cycle that had been breached stays so: its record is not taken back.
    ended = sa.case((verdicts.c.state == "breached_open", "breached"), else_="cancelled")
    books.tx.execute(
        sa.update(verdicts)
        .where(
            books.of(verdicts),
            verdicts.c.ticket_id == sa.bindparam("of_ticket"),
            verdicts.c.measure == sa.bindparam("of_measure"),
            verdicts.c.cycle == sa.bindparam("of_cycle"),
        )
        .values(state=ended, ended_by="cancelled", judged_at=now),
        rows,
    )


def _store_steps(books: Books, judgements: Sequence[Judgement], now: int, *, dry_run: bool) -> None:
    rows: list[Row] = []
    for one in judgements:
        all_acted = dry_run or one.actions_done
        rows += [
            (
                books.account,
                one.verdict.ticket_id,
                due.measure,
                due.cycle,
                due.key,
                epoch(due.at),
                now,
                int(due.late_by.total_seconds()),
                one.verdict.policy,
                int(all_acted or not _has_actions(due)),
                len(set(whom_it_tells(due))),
            )
            for due in one.due
        ]
    _STEPS[books.database.is_sqlite].run(books, rows)
    done = [
        one.verdict.ticket_id
        for one in judgements
        if one.actions_done and one.ticket.sent != one.ticket.acted
    ]
    if done:
        mark_acted(books, done)


def mark_acted(books: Books, ticket_ids: Sequence[str], until: int | None = None) -> None:
    """The actions of these tickets' steps (fired up to `until`) need nothing more."""
    change = sa.update(steps).where(
        books.of(steps), steps.c.ticket_id.in_(ticket_ids), steps.c.acted == 0
    )
    if until is not None:
        change = change.where(steps.c.fired_at <= until)
    books.tx.execute(change.values(acted=1))


def _has_actions(due: StepDue) -> bool:
    step = due.step
    return bool(step.raise_priority or step.assign_group or step.assign_person or step.add_tags)


def _store_looks(books: Books, judgements: Iterable[Judgement], now: int) -> None:
    rows: list[Row] = []
    for one in judgements:
        verdict = one.verdict
        look_at = None if verdict.look_at is None else epoch(verdict.look_at)
        rows.append(
            (
                books.account,
                verdict.ticket_id,
                now,
                look_at,
                look_at,
                _next_step_at(verdict, now),
                verdict.policy,
                one.sla_tier,
                one.sla_state,
                one.detail_mark,
                one.channel,
                one.group,
                *_solve(one.solved),
            )
        )
    _LOOKS.run(books, rows)


def _solve(solved: SolvedTicket | None) -> tuple[int | None, ...]:
    """When it was first solved and reopened, and after how many contacts and pauses."""
    if solved is None:
        return None, None, None, None, None
    reopened_at = None if solved.reopened_at is None else epoch(solved.reopened_at)
    contacts = solved.contacts if solved.by_end_user else None
    counted = contacts if solved.reason is None else EXCLUDED
    return epoch(solved.solved_at), reopened_at, counted, solved.pauses, solved.hasty_pauses


def _next_step_at(verdict: Verdict, now: int) -> int | None:
    """The next step of any cycle; not taken from `look_at`, so that each can check the other."""
    moments = [
        at
        for row in verdict.cycles
        if row.is_open
        for _, at in firing_seconds(row.clock)
        if at is not None and at > now
    ]
    return min(moments, default=None)


EXCLUDED = -1
"""Stands for the contacts of a ticket that counts for nobody."""

_CYCLE_KEYS = ("account", "ticket_id", "measure", "cycle")
_CYCLES = for_both(
    lambda is_sqlite: ManyRows(
        upsert(verdicts, _CYCLE_KEYS, is_sqlite=is_sqlite),
        (*_CYCLE_KEYS, "organization_id", "policy", "judged_at", *CYCLE_COLUMNS),
    )
)
_MOVED = ManyRows(
    sa.update(verdicts)
    .where(
        verdicts.c.account == sa.bindparam("of_account"),
        verdicts.c.ticket_id == sa.bindparam("of_ticket"),
        verdicts.c.measure == sa.bindparam("of_measure"),
        verdicts.c.cycle == sa.bindparam("of_cycle"),
    )
    .values(
        elapsed_seconds=sa.bindparam("elapsed"),
        paused_seconds=sa.bindparam("paused"),
        judged_at=sa.bindparam("now"),
    ),
    ("elapsed", "paused", "now", "of_account", "of_ticket", "of_measure", "of_cycle"),
)
_STEP_COLUMNS = (*_CYCLE_KEYS, "step", "at", "fired_at", "late_by", "policy", "acted", "tells")
_STEPS = for_both(
    lambda is_sqlite: ManyRows(insert_new(steps, _STEP_COLUMNS, is_sqlite=is_sqlite), _STEP_COLUMNS)
)
_LOOKS = ManyRows(
    sa.update(tickets)
    .where(
        tickets.c.account == sa.bindparam("of_account"),
        tickets.c.ticket_id == sa.bindparam("of_ticket"),
    )
    .values(
        judged_at=sa.bindparam("now"),
        look_at=sa.bindparam("next_look"),
        judged_look_at=sa.bindparam("next_moment"),
        step_at=sa.bindparam("next_step"),
        judged_by=sa.bindparam("by_policy"),
        tier=sa.bindparam("in_tier"),
        sla_state=sa.bindparam("in_state"),
        detail_mark=sa.bindparam("with_mark"),
        channel=sa.bindparam("by_channel"),
        group_id=sa.bindparam("in_group"),
        solved_at=sa.bindparam("first_solved"),
        reopened_at=sa.bindparam("first_reopened"),
        contacts=sa.bindparam("n_contacts"),
        pauses=sa.bindparam("n_pauses"),
        hasty_pauses=sa.bindparam("n_hasty"),
        news=sa.text("0"),
        tries=sa.text("0"),
        claim=sa.null(),
        lease_until=sa.null(),
        error=sa.null(),
        quarantined_at=sa.null(),
    ),
    (
        "of_account",
        "of_ticket",
        "now",
        "next_look",
        "next_moment",
        "next_step",
        "by_policy",
        "in_tier",
        "in_state",
        "with_mark",
        *("by_channel", "in_group", "first_solved", "first_reopened", "n_contacts"),
        *("n_pauses", "n_hasty"),
    ),
)
