# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts in, decisions stored: judges claimed tickets, a batch in one transaction.

Nothing is sent or written to the helpdesk here. Whatever woke a ticket, and
however often, the same facts give the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from worker.crash import crash_point
from worker.error_reports import report
from worker.judging import judge
from worker.logs import get_logger
from worker.store.facts import load_tickets
from worker.store.judgements import store_judgements
from worker.store.looks import (
    claim_looks,
    push_ahead,
    release_looks,
    still_owned,
)
from worker.store.wanted import store_wanted

if TYPE_CHECKING:
    from datetime import datetime

    from rules.policy import Policy
    from worker.clock import Clock
    from worker.judging import Judgement
    from worker.store.database import Books, Database
    from worker.store.facts import StoredTicket
    from worker.store.looks import Look

LEASE = 60
"""Seconds for which a batch is claimed; a batch takes a second or two."""

BATCH = 200
_log = get_logger(__name__)


class Policies(Protocol):
    """The policy in force, and earlier ones by their hash."""

    @property
    def policy(self) -> Policy:
        """The policy in force."""

    def by_hash(self, name: str) -> Policy | None:
        """An earlier policy, where its text is still known."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a batch came to. `stale` tickets got newer facts meanwhile and are due again."""

    judged: int = 0
    stale: int = 0
    failed: int = 0
    messages: int = 0
    changes: int = 0


class Reconciler:
    """Judges the tickets of one account.

    `dry_run` records changes and messages without letting them go out.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        policies: Policies,
        clock: Clock,
        *,
        dry_run: bool,
    ) -> None:
        self._database = database
        self._account = account
        self._policies = policies
        self._clock = clock
        self._dry_run = dry_run

    def claim(self, limit: int = BATCH) -> Look:
        """Claim tickets whose moment has come; none when no ticket is due."""
        with self._database.write(self._account) as books:
            look = claim_looks(books, self._clock.now(), limit, LEASE)
        if look.ticket_ids:
            crash_point("tick-claimed")
        return look

    def reconcile(self, look: Look) -> Reconciled:
        """Judge the claimed tickets and store everything that follows in one transaction."""
        if not look.ticket_ids:
            return Reconciled()
        now = self._clock.now()
        policy = self._policies.policy
        with self._database.read(self._account) as books:
            loaded = load_tickets(books, look.ticket_ids)
        judged: list[Judgement] = []
        failed: list[tuple[StoredTicket, Exception]] = []
        for one in loaded:
            try:
                judged.append(judge(one, policy, now, self._policies.by_hash))
            except Exception as fault:  # noqa: BLE001 -- one ticket must not stop the others
                failed.append((one, fault))
        with self._database.write(self._account) as books:
            found = self._store(books, look, judged, now)
            crash_point("tick-before-commit")
        self._contain(failed, look.token, now)
        return Reconciled(
            judged=found.judged,
            stale=found.stale,
            failed=len(failed),
            messages=found.messages,
            changes=found.changes,
        )

    def _store(
        self, books: Books, look: Look, judged: list[Judgement], now: datetime
    ) -> Reconciled:
        owned = still_owned(books, look)
        fresh = [one for one in judged if owned.get(one.ticket.id) == one.ticket.version]
        stale = [
            one.ticket.id
            for one in judged
            if one.ticket.id in owned and owned[one.ticket.id] != one.ticket.version
        ]
        messages = store_judgements(books, fresh, now, dry_run=self._dry_run)
        changes = store_wanted(books, fresh, now, dry_run=self._dry_run)
        release_looks(books, stale, look.token)
        return Reconciled(len(fresh), len(stale), 0, messages, changes)

    def _contain(
        self, failed: list[tuple[StoredTicket, Exception]], token: str, now: datetime
    ) -> None:
        """Push failed tickets ahead; tell of each kind of fault once, and of those given up."""
        told: dict[str, int] = {}
        for ticket, error in failed:
            # The kind only: an error's text might quote a ticket.
            reason = f"{type(error).__name__} while judging"
            with self._database.write(self._account) as books:
                pushed = push_ahead(books, ticket.id, token, reason, now)
            if pushed is None:
                continue
            if pushed.is_new and reason not in told:
                _log.error("ticket_failed", ticket_id=ticket.id, exc_info=error)
                report(error)
            told[reason] = told.get(reason, 0) + 1
            if pushed.is_quarantined:
                _log.error("ticket_quarantined", ticket_id=ticket.id, reason=reason)
        for reason, count in told.items():
            _log.error("tickets_failed", account=self._account, reason=reason, count=count)
