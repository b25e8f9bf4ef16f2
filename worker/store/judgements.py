# SPDX-License-Identifier: GPL-3.0-or-later
"""Storing judgements: verdicts, steps, messages, wanted changes and the next look, at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.outbox import NOTE
from worker.store.bulk import ManyRows, upsert
from worker.store.cycles import CYCLE_COLUMNS, cycle_values
from worker.store.database import epoch
from worker.store.facts_json import list_text
from worker.store.tables import outbox, steps, tickets, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from rules.facts import Measure
    from rules.steps import StepDue
    from rules.verdict import CycleVerdict
    from worker.judging import Judgement
    from worker.store.database import Books

_CATCHING_UP = timedelta(seconds=60)
"""Steps that are found later than this were missed, not just waited for."""


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
    n_messages = _store_messages(books, judgements, at, dry_run=dry_run)
    _store_looks(books, judgements, at)
    return n_messages


def _store_cycles(books: Books, judgements: Iterable[Judgement], now: int) -> None:
    rows: list[tuple[object, ...]] = []
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
    rows = [
        {
            "account": books.account,
            "ticket_id": one.verdict.ticket_id,
            "measure": due.measure,
            "cycle": due.cycle,
            "step": due.key,
            "at": epoch(due.at),
            "fired_at": now,
            "late_by": int(due.late_by.total_seconds()),
            "policy": one.verdict.policy,
            "acted": int(dry_run or one.actions_done or not _has_actions(due)),
        }
        for one in judgements
        for due in one.due
    ]
    if rows:
        books.tx.execute(books.insert(steps).on_conflict_do_nothing(), rows)
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


def _store_messages(
    books: Books, judgements: Iterable[Judgement], now: int, *, dry_run: bool
) -> int:
    rows = [row for one in judgements for row in _messages(books.account, one, now)]
    if not rows:
        return 0
    if dry_run:
        for row in rows:
            row |= {"state": "dropped", "detail": "dry run", "ended_at": now}
    books.tx.execute(books.insert(outbox).on_conflict_do_nothing(), rows)
    return sum(row["state"] == "ready" for row in rows)


def _messages(account: str, judgement: Judgement, now: int) -> Iterator[dict[str, object]]:
    """A row per step and recipient; steps that are told together are one message."""
    cycles = {(row.measure, row.cycle): row for row in judgement.verdict.cycles}
    for together in _told_together(judgement.due):
        row = cycles[together[0].measure, together[0].cycle]
        for recipient in _recipients(together):
            told = [one for one in together if recipient in _told(one)]
            common = _common(account, judgement, row, now) | {
                "recipient": recipient,
                "due": now,
                "at": epoch(told[0].at),
                "late_by": int(told[0].late_by.total_seconds()),
                "steps": list_text(tuple(one.key for one in told)),
                # Repetitions of a step have its label.
                "labels": list_text(tuple(dict.fromkeys(one.label for one in told))),
            }
            for number, one in enumerate(told):
                state = "ready" if number == 0 else "joined"
                ended_at = None if number == 0 else now
                yield common | {
                    "step": one.key,
                    "state": state,
                    "detail": None,
                    "ended_at": ended_at,
                }


def _common(account: str, judgement: Judgement, row: CycleVerdict, now: int) -> dict[str, object]:
    return {
        "account": account,
        "ticket_id": judgement.verdict.ticket_id,
        "measure": row.measure,
        "cycle": row.cycle,
        "started_at": epoch(row.started_at),
        "due_at": None if row.due_at is None else epoch(row.due_at),
        "cycle_state": row.state,
        "tier": row.tier,
        "customer": row.customer,
        "priority": row.priority,
        "group_id": judgement.group,
        "assignee_id": judgement.assignee,
        "policy": judgement.verdict.policy,
        "created_at": now,
    }


def _told_together(due: Iterable[StepDue]) -> list[list[StepDue]]:
    """Steps of one cycle at one moment; all that come late are one group, the latest first.

    After a stretch in which nothing ran, a message for every step that passed
    meanwhile would be a storm of which only the last says how it stands.
    """
    groups: dict[tuple[Measure, int, datetime | None], list[StepDue]] = {}
    for one in sorted(due, key=lambda step: (step.measure, step.cycle, step.at)):
        moment = None if one.late_by > _CATCHING_UP else one.at
        groups.setdefault((one.measure, one.cycle, moment), []).append(one)
    return [sorted(group, key=lambda step: step.at, reverse=True) for group in groups.values()]


def _told(due: StepDue) -> tuple[str, ...]:
    return (*due.step.tell, NOTE) if due.step.note else due.step.tell


def _recipients(together: Iterable[StepDue]) -> list[str]:
    return list(dict.fromkeys(name for one in together for name in _told(one)))


def _store_looks(books: Books, judgements: Iterable[Judgement], now: int) -> None:
    rows: list[tuple[object, ...]] = []
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
                verdict.policy,
                one.sla_tier,
                one.sla_state,
                one.detail_mark,
            )
        )
    _LOOKS.run(books, rows)


_CYCLE_KEYS = ("account", "ticket_id", "measure", "cycle")
_CYCLES = {
    is_sqlite: ManyRows(
        upsert(verdicts, _CYCLE_KEYS, is_sqlite=is_sqlite),
        (*_CYCLE_KEYS, "organization_id", "policy", "judged_at", *CYCLE_COLUMNS),
    )
    for is_sqlite in (True, False)
}
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
        judged_by=sa.bindparam("by_policy"),
        tier=sa.bindparam("in_tier"),
        sla_state=sa.bindparam("in_state"),
        detail_mark=sa.bindparam("with_mark"),
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
        "by_policy",
        "in_tier",
        "in_state",
        "with_mark",
    ),
)
