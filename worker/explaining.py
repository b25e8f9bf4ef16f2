# SPDX-License-Identifier: GPL-3.0-or-later
"""Explains a stored ticket: its verdict now, what was sent, and what stays on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.evaluate import evaluate
from rules.explain import Explanation, KeptVerdict, explain
from rules.verdict import OPEN_STATES
from worker.store.cycles import CYCLE_COLUMNS, cycle_values
from worker.store.database import instant_or_none
from worker.store.facts import load_tickets
from worker.store.fates import fates_of, fired_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rules.policy import Policy
    from rules.steps import StepKey
    from rules.verdict import CycleVerdict
    from worker.store.database import Books
    from worker.store.facts import StoredTicket


@dataclass(frozen=True, slots=True)
class Explained:
    """A stored ticket and its explanation; `fired_at` is when its steps were carried out."""

    stored: StoredTicket
    explanation: Explanation
    fired_at: Mapping[StepKey, datetime]


def explain_stored(books: Books, ticket_id: str, policy: Policy, now: datetime) -> Explained | None:
    """The explanation of a ticket at `now`; None where it is not in the store."""
    found = load_tickets(books, [ticket_id])
    if not found:
        return None
    stored, told = found[0], fates_of(books, ticket_id)
    ticket = stored.assembled()
    now = ticket.present(now)
    kept = kept_verdicts(stored, policy, now)
    found_at = fired_at(books, ticket_id)
    return Explained(stored, explain(ticket, policy, now, stored.sent, kept, told=told), found_at)


def kept_verdicts(stored: StoredTicket, policy: Policy, now: datetime) -> list[KeptVerdict]:
    """Closed cycles that an earlier policy judged, and differently from this one."""
    verdict = evaluate(stored.assembled(), policy, now)
    rows: dict[tuple[str, int], CycleVerdict] = {
        (row.measure, row.cycle): row for row in verdict.cycles
    }
    kept: list[KeptVerdict] = []
    for (measure, cycle), before in sorted(stored.verdicts.items()):
        row = rows.get((measure, cycle))
        if before.policy == policy.hash or before.state in OPEN_STATES:
            continue
        if row is not None and cycle_values(row) == before.values:
            continue
        held = dict(zip(CYCLE_COLUMNS, before.values, strict=True))
        due = held["due_at"]
        kept.append(
            KeptVerdict(
                measure=measure,
                cycle=cycle,
                state=before.state,
                due_at=instant_or_none(due if isinstance(due, int) else None),
                rule=str(held["rule"]),
                policy=before.policy,
            )
        )
    return kept
