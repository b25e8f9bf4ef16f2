# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass over an account did, for `run --once`, the demo and its tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from worker.store.accounts import account_row, standing_notices
from worker.store.messages import count_messages
from worker.store.remarks import Unsent, messages_unsent
from worker.store.set_aside import count_set_aside
from worker.store.summary import (
    count_changes,
    count_quarantined,
    count_states,
    count_tickets,
    count_tiers,
    next_deadlines,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from worker.store.database import Books

_DEADLINES = 10

STATE_WORDS = {
    "breached": "breached",
    "at_risk": "at risk",
    "on_track": "on track",
    "paused": "paused",
    "missed": "missed",
    "met": "met",
    "none": "no promise",
    "unjudged": "not judged yet",
}
"""How a ticket's state reads, the most urgent first."""


@dataclass(frozen=True, slots=True)
class NextDeadline:
    """One of the deadlines that come next."""

    ticket_id: str
    measure: str
    due_at: str
    tier: str
    customer: str | None


@dataclass(frozen=True, slots=True)
class Work:
    """What a pass itself did."""

    pages: int = 0
    changed: int = 0
    judged: int = 0
    failed: int = 0
    writes: int = 0
    messages: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)

    def plus(self, more: Work) -> Work:
        """Both together."""
        return Work(
            pages=self.pages + more.pages,
            changed=self.changed + more.changed,
            judged=self.judged + more.judged,
            failed=self.failed + more.failed,
            writes=self.writes + more.writes,
            messages=self.messages + more.messages,
            outcomes=Counter(self.outcomes) + Counter(more.outcomes),
        )


@dataclass(frozen=True, slots=True)
class PassReport:
    """One pass over one account.

    `writes` and `messages` are those of this pass; `would_write` counts what a
    dry run only recorded; `states` and `tiers` count tickets that are not
    closed; `waiting` is what is left for later, by kind; `unsent` are messages
    that this pass could not send, by reason; `is_complete` says
    that the helpdesk had nothing more and that nothing is left; `cut_short`
    says what the helpdesk did that ended the pass before that.
    """

    account: str
    tickets: int
    changed: int
    judged: int
    failed: int
    writes: int
    outcomes: dict[str, int]
    would_write: int
    messages: int
    api_calls: int
    calls: dict[str, int]
    states: dict[str, int]
    tiers: dict[str, dict[str, int]]
    next_deadlines: list[NextDeadline]
    waiting: dict[str, int]
    set_aside: int
    quarantined: int
    unsent: Unsent
    paused: str | None
    notices: dict[str, str]
    is_complete: bool
    cut_short: str | None = None

    def unsent_text(self) -> str:
        """How many messages could not be sent and why; empty where all were."""
        if not self.unsent.number:
            return ""
        reasons = [
            *(f"{why} ({n}, given up)" for why, n in self.unsent.given_up.items()),
            *(f"{why} ({n}, to be tried again)" for why, n in self.unsent.tried_again.items()),
        ]
        noun = "message" if self.unsent.number == 1 else "messages"
        return f"{self.unsent.number} {noun} could not be sent: {'; '.join(reasons)}"

    def closed_or_deleted(self) -> int:
        """How many of the tickets have no state any more."""
        return self.tickets - sum(self.states.values())

    def tickets_text(self) -> str:
        """`300 tickets: 12 breached, 34 no promise, 254 closed or deleted`; they add up."""
        known = [
            *((words, self.states.get(state, 0)) for state, words in STATE_WORDS.items()),
            ("closed or deleted", self.closed_or_deleted()),
        ]
        parts = ", ".join(f"{n} {words}" for words, n in known if n)
        noun = "ticket" if self.tickets == 1 else "tickets"
        return f"{self.tickets} {noun}: {parts}" if parts else f"{self.tickets} {noun}"

    def to_json(self) -> dict[str, object]:
        """As one JSON object with stable keys."""
        return asdict(self)


def pass_report(  # noqa: PLR0913 -- whose pass, from when to when, and what it did
    books: Books,
    work: Work,
    calls: Mapping[str, int],
    now: datetime,
    *,
    begun_at: datetime,
    is_complete: bool,
) -> PassReport:
    """The report of a pass that began at `begun_at`, did `work` and spent `calls`."""
    changes = count_changes(books)
    messages = count_messages(books)
    waiting = {
        "writes": changes.get("ready", 0) + changes.get("writing", 0),
        "messages": messages.get("ready", 0) + messages.get("sending", 0),
    }
    return PassReport(
        account=books.account,
        tickets=count_tickets(books),
        changed=work.changed,
        judged=work.judged,
        failed=work.failed,
        writes=work.writes,
        outcomes=dict(work.outcomes),
        would_write=changes.get("dry_run", 0),
        messages=work.messages,
        api_calls=sum(calls.values()),
        calls=dict(calls),
        states=count_states(books),
        tiers=count_tiers(books),
        next_deadlines=[
            NextDeadline(one.ticket_id, one.measure, one.due_at.isoformat(), one.tier, one.customer)
            for one in next_deadlines(books, now, _DEADLINES)
        ],
        waiting=waiting,
        set_aside=count_set_aside(books),
        quarantined=count_quarantined(books),
        unsent=messages_unsent(books, begun_at),
        paused=account_row(books).paused_because,
        notices=standing_notices(books),
        is_complete=is_complete and not any(waiting.values()),
    )
