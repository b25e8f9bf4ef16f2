# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules would write into the tickets as they stand now; nothing is written."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, cast, get_args

from connector.history.values import as_iso
from rules.changes import OWN_FIELDS, FieldChange, FieldKey, SystemField
from worker.judging import judge
from worker.policies import PolicyShelf
from worker.process_lock import AlreadyRunning, only_process
from worker.store.accounts import open_account
from worker.store.facts import load_tickets
from worker.store.open_tickets import open_ticket_ids
from worker.store.schema import prepare
from worker.sync import Poller

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from connector.base import Helpdesk
    from rules.policy import Policy
    from worker.clock import Clock
    from worker.judging import Judgement
    from worker.settings import AccountSettings
    from worker.store.database import Database

FORMAT = 1
_BATCH = 200
_FIELDS = frozenset({*OWN_FIELDS, *get_args(SystemField)})


class PlanUnreadable(Exception):
    """The file holds no plan that this version can carry out."""


class NotRead(Exception):
    """The helpdesk could not be read to its present end; a plan would be of the past."""


@dataclass(frozen=True, slots=True)
class PlannedTicket:
    """The changes of one ticket, judged as it stood at `seen_at`."""

    ticket_id: str
    seen_at: datetime
    tier: str | None
    customer: str | None
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes that a policy wants in an account's tickets at `made_at`."""

    account: str
    policy: str
    made_at: datetime
    n_judged: int
    tickets: tuple[PlannedTicket, ...]

    def by_field(self) -> dict[str, int]:
        """How many tickets get another value, by field."""
        counts = Counter(change.field for one in self.tickets for change in one.changes)
        return dict(sorted(counts.items()))

    def moved_dues(self) -> dict[str, int]:
        """How many tickets get a due, an earlier or a later one, or lose theirs."""
        counts = Counter(
            _movement(change)
            for one in self.tickets
            for change in one.changes
            if change.field == "sla_due_at"
        )
        return dict(sorted(counts.items()))

    def to_json(self) -> dict[str, object]:
        """The plan as one object, which `plan_from_json` reads again."""
        return {
            "format": FORMAT,
            "account": self.account,
            "policy": self.policy,
            "made_at": as_iso(self.made_at),
            "judged": self.n_judged,
            "changed": len(self.tickets),
            "fields": self.by_field(),
            "dues": self.moved_dues(),
            "tickets": [
                {
                    "ticket": one.ticket_id,
                    "seen_at": as_iso(one.seen_at),
                    "tier": one.tier,
                    "customer": one.customer,
                    "changes": [asdict(change) for change in one.changes],
                }
                for one in self.tickets
            ],
        }


def plan_from_json(written: bytes) -> Plan:
    """The plan of a file.

    Raises:
        PlanUnreadable: it is no plan, or of another version.
    """
    try:
        document = json.loads(written)
        if document["format"] != FORMAT:
            raise PlanUnreadable("the plan was made by another version of Stipt; make a new one")
        return Plan(
            account=str(document["account"]),
            policy=str(document["policy"]),
            made_at=datetime.fromisoformat(document["made_at"]),
            n_judged=int(document["judged"]),
            tickets=tuple(_planned_from_json(one) for one in document["tickets"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PlanUnreadable("this is no plan; stipt plan --out FILE makes one") from None


def _planned_from_json(document: dict[str, object]) -> PlannedTicket:
    changes = cast("list[dict[str, str | None]]", document["changes"])
    return PlannedTicket(
        ticket_id=str(document["ticket"]),
        seen_at=datetime.fromisoformat(str(document["seen_at"])),
        tier=cast("str | None", document["tier"]),
        customer=cast("str | None", document["customer"]),
        changes=tuple(_change_from_json(one) for one in changes),
    )


def _change_from_json(document: dict[str, str | None]) -> FieldChange:
    field = document["field"]
    if field not in _FIELDS:
        raise ValueError(f"unknown field {field}")
    because = document["because"] or ""
    return FieldChange(cast("FieldKey", field), document["old"], document["new"], because)


def read_afresh(
    database: Database, account: AccountSettings, helpdesk: Helpdesk, clock: Clock
) -> None:
    """Bring the store to the helpdesk's present state, unless a running worker does so anyway.

    Raises:
        NotRead: the helpdesk did not give everything.
    """
    prepare(database)
    now = clock.now()
    since = account.sync_from
    with database.write(account.name) as books:
        open_account(books, since if isinstance(since, datetime) else now - since, now)
    try:
        with only_process(database):
            poller = Poller(database, helpdesk, clock, lambda: False)
            polled = poller.poll()
            # A poll that brought no page met a fault or a used-up limit: waiting on would hang.
            while polled.pages and not polled.is_complete and polled.not_before is not None:
                _wait_until(polled.not_before, clock)
                polled = poller.poll()
    except AlreadyRunning:
        return
    if not polled.is_complete:
        raise NotRead("the helpdesk was not read to its end; stipt doctor says what it sees")


def _wait_until(at: datetime, clock: Clock) -> None:
    wait = at - clock.now()
    if wait > timedelta(minutes=5):
        raise NotRead(f"the helpdesk asks to wait until {as_iso(at)}")
    clock.pause(max(wait.total_seconds(), 0.2), Event())


def make_plan(
    database: Database,
    account: AccountSettings,
    policy: Policy,
    now: datetime,
    only: Sequence[str] = (),
) -> Plan:
    """What the policy wants in the stored tickets that are open.

    Args:
        database: holds the tickets.
        account: whose tickets.
        policy: need not be the one in force.
        now: the instant of judging.
        only: ids, where not all open tickets are meant.
    """
    with database.read(account.name) as books:
        idents = list(only) or open_ticket_ids(books)
    planned = [
        PlannedTicket(
            ticket_id=one.ticket.id,
            seen_at=one.ticket.updated_at,
            tier=one.verdict.choice.tier,
            customer=one.verdict.choice.customer,
            changes=one.changes,
        )
        for one in _judged(database, account, policy, now, idents)
        if one.changes
    ]
    return Plan(account.name, policy.hash, now, len(idents), tuple(planned))


def _judged(
    database: Database,
    account: AccountSettings,
    policy: Policy,
    now: datetime,
    idents: Sequence[str],
) -> Iterator[Judgement]:
    folder = cast("Path", account.rules_path)
    earlier = PolicyShelf(database, account.name, folder, _At(now))
    for start in range(0, len(idents), _BATCH):
        with database.read(account.name) as books:
            loaded = load_tickets(books, idents[start : start + _BATCH])
        for one in sorted(loaded, key=lambda ticket: (len(ticket.id), ticket.id)):
            yield judge(one, policy, now, earlier.by_hash)


class _At:
    """A clock that stands still: a plan is of one instant."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def pause(self, seconds: float, stop: object) -> bool:
        del seconds, stop
        return False


def _movement(change: FieldChange) -> str:
    if change.old is None:
        return "new"
    if change.new is None:
        return "removed"
    return "later" if change.new > change.old else "earlier"
