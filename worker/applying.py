# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a plan: only where ticket and verdict still stand as judged, and in bulk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.base import Throttled
from rules.changes import OWN_FIELDS, TicketChange
from worker.store.wanted import Wanted
from worker.store.writes import mark_unwritable, record_written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connector.base import Helpdesk, TicketState, WriteResult
    from rules.changes import CurrentFields, FieldChange
    from worker.clock import Clock
    from worker.patience import Patience
    from worker.planning import Plan, PlannedTicket
    from worker.store.database import Database

BATCH = 300
"""Three bulk jobs side by side."""

DONE = frozenset({"written", "equal"})
_FINAL = frozenset({"unwritable", "gone"})


@dataclass(slots=True)
class Applied:
    """What became of a plan's tickets.

    Outcomes are the connector's, and two for tickets that are left as they
    are: `changed`, somebody changed it since the plan was made; `outdated`,
    time alone has changed its verdict since.
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


@dataclass(frozen=True, slots=True)
class Applier:
    """Writes plans into one account.

    `patience` bounds the waits; `on_batch` is told how many tickets of how
    many are dealt with.
    """

    database: Database
    helpdesk: Helpdesk
    clock: Clock
    patience: Patience
    on_batch: Callable[[int, int], None]

    def apply(self, plan: Plan, applied: Applied) -> None:
        """Write the changes of a plan, adding to `applied` what became of each ticket.

        Tickets are read afresh before each batch. What already holds the
        planned values is `equal`, so that a plan that was cut off can be
        applied again.

        Raises:
            HelpdeskError: a batch could not be carried out; earlier ones are.
            TookTooLong: the helpdesk made us wait longer than allowed.
        """
        for start in range(0, len(plan.tickets), BATCH):
            self._batch(plan, plan.tickets[start : start + BATCH], applied)
            self.patience.progressed()
            self.on_batch(min(start + BATCH, len(plan.tickets)), len(plan.tickets))

    def _batch(self, plan: Plan, batch: Sequence[PlannedTicket], applied: Applied) -> None:
        while True:
            try:
                done = self._try(plan, batch)
            except Throttled as wait:
                # What was written before the limit was met is found equal next time.
                self.patience.wait_until(self.clock.now() + timedelta(seconds=wait.retry_after))
                self.patience.pause(0.05)
            else:
                for ident, outcome, detail in done:
                    applied.add(ident, outcome, detail)
                return

    def _try(self, plan: Plan, batch: Sequence[PlannedTicket]) -> list[tuple[str, str, str]]:
        now = self.clock.now()
        found = self.helpdesk.tickets([one.ticket_id for one in batch])
        states = {state.facts.id: state for state in found}
        done: list[tuple[str, str, str]] = []
        wanted: list[TicketChange] = []
        for one in batch:
            state = states.get(one.ticket_id)
            met = _before_writing(one, state, now)
            if met is not None:
                done.append((one.ticket_id, *met))
            elif state is not None:
                wanted.append(TicketChange(one.ticket_id, one.changes, state.updated_at))
        results = self.helpdesk.write(wanted) if wanted else []
        self._record(plan, wanted, results, now)
        return done + [(one.ticket_id, one.outcome, one.detail) for one in results]

    def _record(
        self,
        plan: Plan,
        wanted: Sequence[TicketChange],
        results: Sequence[WriteResult],
        begun_at: datetime,
    ) -> None:
        """Tell the store, so that a running worker takes these writes for our own."""
        outcomes = {one.ticket_id: one.outcome for one in results}
        rows = [_row(plan, one) for one in wanted]
        written = [one for one in rows if outcomes.get(one.ticket_id) in DONE]
        final = [one for one in rows if outcomes.get(one.ticket_id) in _FINAL]
        with self.database.write(plan.account) as books:
            record_written(books, written, begun_at, self.clock.now())
            mark_unwritable(books, final)


def _row(plan: Plan, change: TicketChange) -> Wanted:
    """The change as the store's own rows have it; it waits nowhere."""
    return Wanted(
        id=0,
        ticket_id=change.ticket_id,
        changes=change.fields,
        cause="policy",
        tries=1,
        is_ambiguous=False,
        seen_at=change.seen_at,
        created_at=plan.made_at,
        claim="",
    )


def _before_writing(
    one: PlannedTicket, state: TicketState | None, now: datetime
) -> tuple[str, str] | None:
    """What there is to say of a ticket without writing it; None: it is to be written."""
    if state is None or state.life == "deleted":
        return "gone", "the ticket is deleted"
    if all(_holds(state.current, change) for change in one.changes):
        return "equal", ""
    if state.updated_at != one.seen_at:
        at = f"{state.updated_at:%Y-%m-%dT%H:%M:%SZ}"
        return "changed", f"somebody changed the ticket at {at}, after the plan was made"
    if one.holds_until is not None and one.holds_until <= now:
        at = f"{one.holds_until:%Y-%m-%dT%H:%M:%SZ}"
        return "outdated", f"at {at} a step, a risk or a breach came due; make a new plan"
    return None


def _holds(current: CurrentFields, change: FieldChange) -> bool:
    if change.field == "tags":
        return change.new in current.tags
    for own in OWN_FIELDS:
        if change.field == own:
            return current.own.get(own) == change.new
    value: object = getattr(current, change.field)
    return value == change.new
