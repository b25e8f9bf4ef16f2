# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules would write into the tickets as they stand now; nothing is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.plan import next_deadline
from rules.reasons import why_chosen
from worker.judging import judge
from worker.plan_groups import groups, movement
from worker.policies import PolicyArchive
from worker.store.decided_messages import messages_of
from worker.store.facts import load_tickets
from worker.store.open_tickets import count_open_tickets, open_ticket_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from rules.changes import FieldChange
    from rules.policy import Policy
    from worker.judging import Judgement
    from worker.plan_groups import Group
    from worker.store.database import Database

_BATCH = 200


@dataclass(frozen=True, slots=True)
class PlannedTicket:
    """The changes of one ticket, judged as it stood at `seen_at`.

    `holds_until` is when time alone changes the verdict; None when only an
    event can. `reason` says why the tier or contract was chosen; `calendar`
    and `time_zone` are those of the deadline that is shown.
    """

    ticket_id: str
    seen_at: datetime
    holds_until: datetime | None
    tier: str | None
    customer: str | None
    reason: str
    calendar: str | None
    time_zone: str | None
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes that a policy wants in an account's tickets at `made_at`.

    `n_open` counts the account's open tickets, `n_judged` those that were
    looked at; `missing` are tickets that were asked for and are not stored.
    `messages` counts by recipient what would be sent at once, were this live.
    """

    account: str
    policy: str
    made_at: datetime
    n_open: int
    n_judged: int
    tickets: tuple[PlannedTicket, ...]
    missing: tuple[str, ...] = ()
    messages: Mapping[str, int] = field(default_factory=dict)

    def by_field(self) -> dict[str, int]:
        """How many tickets get another value, by field."""
        counts = Counter(
            key for one in self.tickets for key in {change.field for change in one.changes}
        )
        return dict(sorted(counts.items()))

    def moved_dues(self) -> dict[str, int]:
        """How many tickets get a due, an earlier or a later one, or lose theirs."""
        counts = Counter(
            movement(change)
            for one in self.tickets
            for change in one.changes
            if change.field == "sla_due_at"
        )
        return dict(sorted(counts.items()))

    def groups(self) -> tuple[Group, ...]:
        """What happens to how many tickets because of which rule, the largest group first."""
        return groups(self.tickets)


def make_plan(  # noqa: PLR0913 -- whose tickets, by which rules, when, which, and who is told
    database: Database,
    account: str,
    policy: Policy,
    now: datetime,
    *,
    only: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """What the policy wants in the stored tickets that are open.

    Args:
        database: holds the tickets.
        account: whose tickets.
        policy: need not be the one in force.
        now: the instant of judging.
        only: ids, where not all open tickets are meant.
        on_progress: told how many tickets of how many are judged.
    """
    with database.read(account) as books:
        idents = list(dict.fromkeys(only)) or open_ticket_ids(books)
        n_open = count_open_tickets(books)
    planned: list[PlannedTicket] = []
    seen: set[str] = set()
    messages: Counter[str] = Counter()
    for one in _judged(database, account, policy, now, idents):
        seen.add(one.ticket.id)
        messages.update(recipient for recipient, _ in messages_of(one))
        if one.changes:
            planned.append(_planned(one))
        if on_progress is not None:
            on_progress(len(seen), len(idents))
    missing = tuple(ident for ident in idents if ident not in seen) if only else ()
    told = dict(messages.most_common())
    return Plan(account, policy.hash, now, n_open, len(seen), tuple(planned), missing, told)


def _judged(
    database: Database, account: str, policy: Policy, now: datetime, idents: Sequence[str]
) -> Iterator[Judgement]:
    earlier = PolicyArchive(database, account)
    for start in range(0, len(idents), _BATCH):
        with database.read(account) as books:
            loaded = load_tickets(books, idents[start : start + _BATCH])
        for one in sorted(loaded, key=lambda ticket: (len(ticket.id), ticket.id)):
            yield judge(one, policy, now, earlier.by_hash)


def _planned(judgement: Judgement) -> PlannedTicket:
    verdict = judgement.verdict
    row = next_deadline(verdict)
    return PlannedTicket(
        ticket_id=judgement.ticket.id,
        seen_at=judgement.ticket.updated_at,
        holds_until=verdict.look_at,
        tier=verdict.choice.tier,
        customer=verdict.choice.customer,
        reason=why_chosen(verdict.choice),
        calendar=None if row is None else row.calendar,
        time_zone=None if row is None else row.time_zone,
        changes=judgement.changes,
    )
