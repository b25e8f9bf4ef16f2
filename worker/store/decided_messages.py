# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the outbox for the steps that a judgement fired, in the transaction that decided it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from worker.outbox import NOTE
from worker.store.bulk import ManyRows, Row, for_both, insert_new
from worker.store.database import epoch
from worker.store.facts_json import list_text
from worker.store.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from rules.facts import Measure
    from rules.steps import StepDue, StepKey
    from rules.verdict import CycleVerdict
    from worker.judging import Judgement
    from worker.store.database import Books

_CATCHING_UP = timedelta(seconds=60)
"""Steps that are found later than this were missed, not just waited for."""

_Fate = tuple[str, str | None, int | None]
"""State, detail and end of a message."""


def store_messages(
    books: Books, judgements: Iterable[Judgement], now: int, *, dry_run: bool
) -> int:
    """Store the messages that are due; returns how many of them wait to be sent.

    In a dry run they count as dropped.
    """
    first: _Fate = ("dropped", "dry run", now) if dry_run else ("ready", None, None)
    other: _Fate = ("dropped", "dry run", now) if dry_run else ("joined", None, now)
    rows: list[Row] = []
    n_messages = 0
    for one in judgements:
        if not one.due:
            continue
        for common, keys in _messages(books.account, one, now):
            rows += [(*common, key, *(other if number else first)) for number, key in keys]
            n_messages += 1
        rows += _untold(books.account, one, now)
    _MESSAGES[books.database.is_sqlite].run(books, rows)
    return 0 if dry_run else n_messages


def messages_of(judgement: Judgement) -> Iterator[tuple[str, list[StepDue]]]:
    """The messages of a judgement: a recipient, and the steps of which that one is told at once."""
    telling = [one for one in judgement.due if _key(one) not in judgement.stopped]
    for together in _told_together(telling):
        for recipient in _recipients(together):
            yield recipient, [one for one in together if recipient in whom_it_tells(one)]


def _messages(
    account: str, judgement: Judgement, now: int
) -> Iterator[tuple[Row, Iterable[tuple[int, str]]]]:
    """A row per step and recipient; steps that are told together are one message."""
    cycles = {(row.measure, row.cycle): row for row in judgement.verdict.cycles}
    for recipient, told in messages_of(judgement):
        row = cycles[told[0].measure, told[0].cycle]
        own = (
            recipient,
            epoch(told[0].at),
            int(told[0].late_by.total_seconds()),
            list_text(tuple(one.key for one in told)),
            # Repetitions of a step have its label.
            list_text(tuple(dict.fromkeys(one.label for one in told))),
        )
        common = _common(account, judgement, row, now)
        yield (*common, *own), enumerate([one.key for one in told])


def _untold(account: str, judgement: Judgement, now: int) -> Iterator[Row]:
    """Rows of the repetitions that nobody is told, with the reason: the record is complete."""
    if not judgement.stopped:
        return
    cycles = {(row.measure, row.cycle): row for row in judgement.verdict.cycles}
    for one in judgement.due:
        why = judgement.stopped.get(_key(one))
        if why is None:
            continue
        common = _common(account, judgement, cycles[one.measure, one.cycle], now)
        own = (epoch(one.at), int(one.late_by.total_seconds()))
        texts = (list_text((one.key,)), list_text((one.label,)))
        for recipient in whom_it_tells(one):
            yield (*common, recipient, *own, *texts, one.key, "dropped", why, now)


def _key(one: StepDue) -> StepKey:
    return one.measure, one.cycle, one.key


def _common(account: str, judgement: Judgement, row: CycleVerdict, now: int) -> Row:
    clock = row.clock
    return (
        account,
        judgement.verdict.ticket_id,
        row.measure,
        row.cycle,
        clock.cycle.start,
        None if clock.due is None else clock.due.shown,
        row.state,
        row.tier,
        row.customer,
        row.priority,
        judgement.group,
        judgement.assignee,
        row.calendar,
        judgement.verdict.policy,
        now,
        now,
    )


_MESSAGE_COLUMNS = (
    *("account", "ticket_id", "measure", "cycle", "started_at", "due_at", "cycle_state"),
    *("tier", "customer", "priority", "group_id", "assignee_id", "calendar", "policy"),
    *("created_at", "due"),
    *("recipient", "at", "late_by", "steps", "labels"),
    *("step", "state", "detail", "ended_at"),
)
_MESSAGES = for_both(
    lambda is_sqlite: ManyRows(
        insert_new(outbox, _MESSAGE_COLUMNS, is_sqlite=is_sqlite), _MESSAGE_COLUMNS
    )
)


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


def whom_it_tells(due: StepDue) -> tuple[str, ...]:
    """Whom a step tells: names of the rule file, `NOTE` among them."""
    return (*due.step.tell, NOTE) if due.step.note else due.step.tell


def _recipients(together: Iterable[StepDue]) -> list[str]:
    return list(dict.fromkeys(name for one in together for name in whom_it_tells(one)))
