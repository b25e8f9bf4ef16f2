# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one customer, from the verdicts that the worker stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rules.obligations import Records
from rules.populations import paths_of
from worker.reporting.evidence import EvidenceMissing, JudgedTicket, OutageFiles, judged_ticket
from worker.store.export import stored_tickets
from worker.store.verdict_rows import (
    OPEN_STATES,
    count_unjudged,
    known_until,
    rows_due,
    tickets_touched,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rules.evidence import CycleRow
    from rules.policy import Policy
    from worker.reporting.evidence import Asked
    from worker.store.database import Database


@dataclass(frozen=True)
class StoredSource:
    """The store of an account.

    What has ended is taken as it was judged. What is open is judged again at
    the cut-off by the policy in force, as the worker does.
    """

    database: Database
    account: str
    in_force: Policy
    outages: OutageFiles
    cut_off: datetime
    cursor: str | None
    doubts: Sequence[str]

    @classmethod
    def of(
        cls, database: Database, account: str, in_force: Policy, outages: OutageFiles
    ) -> StoredSource:
        """The store with its cut-off: when everything had last been read to its end.

        Raises:
            EvidenceMissing: nothing was read to its end yet.
        """
        with database.read(account) as books:
            known = known_until(books)
            n_waiting = count_unjudged(books)
        if known is None:
            raise EvidenceMissing(f"{account}: the first sync is not done")
        wait = "1 ticket waits" if n_waiting == 1 else f"{n_waiting} tickets wait"
        doubts = [f"{wait} to be judged"] if n_waiting else []
        return cls(database, account, in_force, outages, known.until, known.cursor, doubts)

    def records(self, policy: Policy, asked: Asked) -> Records:
        """What was recorded of a customer up to the cut-off."""
        with self.database.read(self.account) as books:
            rows = rows_due(books, asked.party, asked.since, asked.until)
            touched: list[str] = []
            if asked.with_solved:
                touched = tickets_touched(books, asked.party, asked.since)
        again = self._judged(policy, asked, rows, touched)
        solved = [one.solved for one in again.values() if one.solved is not None]
        cycles = _as_of_cut_off(rows, again)
        return Records(self.cut_off, cycles, (), solved, (), self.outages.read(policy))

    def _judged(
        self, policy: Policy, asked: Asked, rows: list[CycleRow], touched: list[str]
    ) -> dict[str, JudgedTicket]:
        """Tickets whose facts are needed: open ones, and all where obligations read values."""
        paths = paths_of(policy)
        reads_values = bool(paths - {"priority"})
        needed = {
            row.ticket_id for row in rows if row.ticket_id and (reads_values or _is_open(row))
        }
        idents = sorted(needed | set(touched))
        return {
            ticket.id: judged_ticket(ticket, self.in_force, asked, self.cut_off, paths)
            for ticket in stored_tickets(self.database, self.account, idents)
            if ticket.created_at <= self.cut_off
        }


def _is_open(row: CycleRow) -> bool:
    return row.state in OPEN_STATES


def _as_of_cut_off(rows: list[CycleRow], again: dict[str, JudgedTicket]) -> list[CycleRow]:
    """Stored rows with the values that were read; open ones as they are at the cut-off."""
    fresh = {
        (row.ticket_id, row.measure, row.cycle): row for one in again.values() for row in one.cycles
    }
    values = {ident: one.cycles[0].values for ident, one in again.items() if one.cycles}
    found = []
    for row in rows:
        now = fresh.get((row.ticket_id, row.measure, row.cycle))
        if now is not None and _is_open(row):
            found.append(now)
        else:
            known = values.get(row.ticket_id or "")
            found.append(row if known is None else replace(row, values=known))
    return found
