# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a plan: only where the ticket still stands as it was judged, and in bulk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.changes import OWN_FIELDS, TicketChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.base import Helpdesk, TicketState
    from rules.changes import CurrentFields, FieldChange
    from worker.planning import Plan, PlannedTicket

BATCH = 100
"""Tickets of one bulk job."""

DONE = frozenset({"written", "equal"})


@dataclass(slots=True)
class Applied:
    """What became of a plan's tickets.

    Outcomes are the connector's, and `changed` for a ticket that somebody
    changed since the plan was made; it is left as it is.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    left: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, ticket_id: str, outcome: str, detail: str = "") -> None:
        """Count one ticket; those that were not done are kept with the reason."""
        self.outcomes[outcome] += 1
        if outcome not in DONE:
            self.left.append((ticket_id, outcome, detail))

    def to_json(self) -> dict[str, object]:
        """One object with stable keys."""
        return {
            "outcomes": dict(sorted(self.outcomes.items())),
            "left": [
                {"ticket": ident, "outcome": outcome, "detail": detail}
                for ident, outcome, detail in self.left
            ],
        }


def apply_plan(plan: Plan, helpdesk: Helpdesk, on_batch: Callable[[int, int], None]) -> Applied:
    """Write the changes of a plan.

    Tickets are read afresh before each batch. What already holds the planned
    values is `equal`, so that a plan that was cut off can be applied again.

    Args:
        plan: what to write.
        helpdesk: where to.
        on_batch: told how many tickets of how many are dealt with.

    Raises:
        HelpdeskError: a batch could not be carried out; earlier ones are.
    """
    applied = Applied()
    for start in range(0, len(plan.tickets), BATCH):
        batch = plan.tickets[start : start + BATCH]
        _apply_batch(batch, helpdesk, applied)
        on_batch(min(start + BATCH, len(plan.tickets)), len(plan.tickets))
    return applied


def _apply_batch(batch: Sequence[PlannedTicket], helpdesk: Helpdesk, applied: Applied) -> None:
    states = {state.facts.id: state for state in helpdesk.tickets([one.ticket_id for one in batch])}
    wanted: list[TicketChange] = []
    for one in batch:
        state = states.get(one.ticket_id)
        outcome = _outcome_before_writing(one, state)
        if outcome is not None or state is None:
            applied.add(one.ticket_id, outcome or "gone")
        else:
            wanted.append(TicketChange(one.ticket_id, one.changes, state.updated_at))
    for result in helpdesk.write(wanted) if wanted else ():
        applied.add(result.ticket_id, result.outcome, result.detail)


def _outcome_before_writing(one: PlannedTicket, state: TicketState | None) -> str | None:
    """What there is to say of a ticket without writing it; None: it is to be written."""
    if state is None or state.life == "deleted":
        return "gone"
    if all(_holds(state.current, change) for change in one.changes):
        return "equal"
    if state.updated_at != one.seen_at:
        return "changed"
    return None


def _holds(current: CurrentFields, change: FieldChange) -> bool:
    if change.field == "tags":
        return change.new in current.tags
    for own in OWN_FIELDS:
        if change.field == own:
            return current.own.get(own) == change.new
    value: object = getattr(current, change.field)
    return value == change.new
