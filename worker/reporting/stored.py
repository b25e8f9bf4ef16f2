# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one customer, from the verdicts that the worker stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from rules.evidence import Call, Rating
from rules.obligations import Records
from rules.populations import paths_of
from worker.reporting.evidence import EvidenceMissing, JudgedTicket, OutageFiles, judged_ticket
from worker.reporting.waiting import waiting_tickets
from worker.store.export import stored_tickets
from worker.store.outages import told_outages
from worker.store.purging import purged_until
from worker.store.record_rows import calls_told, ratings_told
from worker.store.records import progress
from worker.store.verdict_rows import (
    OPEN_STATES,
    Span,
    known_until,
    parties_known,
    rows_due,
    solves_of,
    tickets_touched,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from connector.records import Stream
    from rules.evidence import CycleRow, Party, SolvedTicket
    from rules.facts import Ticket
    from rules.policy import Policy
    from worker.reporting.evidence import Asked
    from worker.store.database import Books, Database
    from worker.store.record_rows import Told

_LATE = timedelta(hours=2)
"""Calls and ratings are read less often than tickets; what is older than this is told."""


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
    complete_from: datetime | None = None

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
            doubts = waiting_tickets(books)
            purged = purged_until(books)
        if known is None:
            raise EvidenceMissing(f"{account}: the first sync is not done")
        cut_off, cursor = known.until, known.cursor
        return cls(database, account, in_force, outages, cut_off, cursor, doubts, purged)

    def records(self, policy: Policy, asked: Asked) -> Records:
        """What was recorded of a customer up to the cut-off."""
        read = paths_of(policy) - {"priority"}
        kept = _Kept("channel" in read, not read - {"channel"})
        with self.database.read(self.account) as books:
            rows, solved, others = kept.rows(books, asked)
            told, outages = _told(books, asked), told_outages(books)
        again = self._judged(policy, asked, kept.unsure(rows), [*others, *_to_judge(told, policy)])
        settled = {one.ticket_id for one in solved}
        solved += [
            one.solved
            for ident, one in again.items()
            if one.solved is not None and ident not in settled
        ]
        cycles = _as_of_cut_off(rows, again)
        calls, ratings = (
            [owned for one in kind if (owned := _owned(one, asked.party, again)) is not None]
            for kind in told
        )
        return Records(
            self.cut_off,
            cycles,
            [one for one in calls if isinstance(one, Call)],
            solved,
            [one for one in ratings if isinstance(one, Rating)],
            self.outages.read(policy, outages),
        )

    def lacks(self, asked: Asked) -> Sequence[str]:
        """Calls and ratings that were never read, or not up to the end of the period."""
        found = []
        wanted: list[tuple[bool, Stream, str]] = [
            (asked.with_calls, "calls", "phone calls"),
            (asked.with_ratings, "ratings", "satisfaction ratings"),
        ]
        with self.database.read(self.account) as books:
            for is_asked, stream, what in wanted:
                read_at = progress(books, stream).complete_at
                if is_asked and read_at is None:
                    found.append(f"{what} are promised, and none were read from the helpdesk")
                elif is_asked and read_at is not None and read_at < min(asked.until, self.cut_off):
                    lag = self.cut_off - read_at
                    if asked.until <= self.cut_off or lag > _LATE:
                        found.append(f"{what} are known up to {read_at:%Y-%m-%d %H:%M} UTC only")
        return found

    def parties(self, policy: Policy) -> dict[str, set[str]]:  # noqa: ARG002 -- a history's needs it
        """As the store knows them."""
        with self.database.read(self.account) as books:
            return parties_known(books)

    def tickets(self, idents: Collection[str]) -> Iterable[Ticket]:
        """The facts of these tickets."""
        return stored_tickets(self.database, self.account, sorted(idents))

    def _judged(
        self, policy: Policy, asked: Asked, needed: set[str], others: list[str]
    ) -> dict[str, JudgedTicket]:
        """Tickets whose facts are needed, as they are at the cut-off."""
        paths = paths_of(policy)
        idents = sorted(needed | set(others))
        return {
            ticket.id: judged_ticket(ticket, self.in_force, asked, self.cut_off, paths)
            for ticket in stored_tickets(self.database, self.account, idents)
            if ticket.created_at <= self.cut_off
        }


class _Kept(NamedTuple):
    """What rows tell without the facts: whether the channel is read, and if that is all.

    Everything else that obligations read of a ticket stands in its facts alone.
    """

    with_channel: bool
    is_enough: bool

    def rows(
        self, books: Books, asked: Asked
    ) -> tuple[list[CycleRow], list[SolvedTicket], list[str]]:
        """Rows of a customer, its first solves, and tickets whose solve must be judged."""
        party, since, until = asked.party, asked.since, asked.until
        is_known = self.is_enough and self.with_channel
        span = Span(since, until, asked.whole_from, asked.open_until)
        rows = rows_due(books, party, span, with_channel=is_known)
        if not asked.with_solved:
            return rows, [], []
        if not self.is_enough:
            return rows, [], tickets_touched(books, party, since)
        return rows, *solves_of(books, party, since, until, with_channel=is_known)

    def unsure(self, rows: list[CycleRow]) -> set[str]:
        """Tickets whose facts are needed: open ones, and those of which too little is known."""
        return {
            row.ticket_id
            for row in rows
            if row.ticket_id
            and (_is_open(row) or not self.is_enough or (self.with_channel and not row.values))
        }


def _told(books: Books, asked: Asked) -> tuple[list[Told], list[Told]]:
    """Calls and ratings that are, or may be, the customer's, as far as they are asked for."""
    party, since, until = asked.party, asked.since, asked.until
    calls = calls_told(books, party, since, until, asked.lines) if asked.with_calls else []
    ratings = ratings_told(books, party, since, until) if asked.with_ratings else []
    return calls, ratings


def _to_judge(told: tuple[list[Told], list[Told]], policy: Policy) -> list[str]:
    """Tickets without which it is not known whose a row is, or what obligations read of it."""
    reads_values = bool(paths_of(policy) - {"priority"})
    return [
        one.row.ticket_id
        for kind in told
        for one in kind
        if one.row.ticket_id is not None and (reads_values or one.whose is None)
    ]


def _owned(one: Told, party: Party, again: Mapping[str, JudgedTicket]) -> Call | Rating | None:
    """The row with its customer and the values read; None where it is somebody else's."""
    judged = again.get(one.row.ticket_id or "")
    whose = one.whose or (judged.whose if judged else None)
    if whose is None or whose.party != party:
        return None
    return replace(
        one.row,
        tier=whose.tier,
        customer=whose.customer,
        organization_id=whose.organization_id,
        values=judged.whose.values if judged else {},
    )


def _is_open(row: CycleRow) -> bool:
    return row.state in OPEN_STATES


def _as_of_cut_off(rows: list[CycleRow], again: dict[str, JudgedTicket]) -> list[CycleRow]:
    """Stored rows with the values that were read; open ones as they are at the cut-off."""
    if not again:
        return rows
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
