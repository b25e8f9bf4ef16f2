# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one customer, from a history file that the rules judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from connector.history.reader import read_line
from rules.availability import read_outages
from rules.evaluate import evaluate
from rules.evidence import Evidence, rows_of
from rules.first_contact import solved_ticket
from rules.obligations import Records
from rules.populations import paths_of, values_of
from worker.team import Team, cores

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from connector.history.stretches import Part
    from rules.accounting import Agreement
    from rules.evidence import CycleRow, Outage, Party, SolvedTicket
    from rules.facts import Ticket
    from rules.policy import Policy
    from worker.histories import History

OF_SOLVED = frozenset({"first_contact_resolution", "reopened"})
"""Indicators that are counted from the first solve of tickets."""

OF_CALLS = frozenset({"phone_answer", "phone_abandoned"})
"""Indicators that are counted from phone calls."""


class EvidenceMissing(Exception):
    """Something that an obligation is counted from is not there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose evidence is wanted, for which time, and what kinds of it.

    `since` and `until` are the first instant and the one behind the last in
    which something may fall due that is counted. `lines` are the phone lines
    that obligations name: calls on them count without a ticket too. Of cycles
    that fall due before `whole_from` only what they count as is wanted, and
    open ones also up to `open_until`.
    """

    party: Party
    since: datetime
    until: datetime
    with_solved: bool = False
    with_calls: bool = False
    with_ratings: bool = False
    lines: frozenset[str] = frozenset()
    whole_from: datetime | None = None
    open_until: datetime | None = None

    @classmethod
    def of(cls, agreement: Agreement, since: datetime, until: datetime) -> Asked:
        """What the obligations of an agreement need."""
        obligations = agreement.terms.obligations
        kinds = {one.of for one in obligations}
        return cls(
            agreement.party,
            since,
            until,
            with_solved=bool(kinds & OF_SOLVED),
            with_calls=bool(kinds & OF_CALLS),
            with_ratings="satisfaction" in kinds,
            lines=frozenset(line for one in obligations for line in one.counting.lines or ()),
        )


class Source(Protocol):
    """Where evidence comes from. `doubts` say why a statement over it must not be closed yet."""

    @property
    def cut_off(self) -> datetime:
        """The instant up to which everything is known."""

    @property
    def cursor(self) -> str | None:
        """The position in the helpdesk's stream at that moment."""

    @property
    def complete_from(self) -> datetime | None:
        """What fell due before then may have been purged; None where nothing was."""

    @property
    def doubts(self) -> Sequence[str]:
        """What is known to be missing, in sentences."""

    def records(self, policy: Policy, asked: Asked) -> Records:
        """What was recorded of a customer, judged at the cut-off."""

    def lacks(self, asked: Asked) -> Sequence[str]:
        """What is asked for and not, or not fully, recorded, in sentences."""

    def parties(self, policy: Policy) -> dict[str, set[str]]:
        """Organizations with tickets, and the names under which something of them was judged."""

    def tickets(self, idents: Collection[str]) -> Iterable[Ticket]:
        """The facts of these tickets; those that are not there are left out."""


@dataclass(frozen=True)
class OutageFiles:
    """Outages by the name that rules give: of a file beside them, or of a log told over HTTP.

    `instead` is one file that is read in the place of all of them.
    """

    folder: Path
    instead: Path | None = None

    def read(
        self, policy: Policy, told: Mapping[str, Sequence[Outage]] | None = None
    ) -> dict[str, tuple[Outage, ...]]:
        """The outages of every name that obligations give.

        Args:
            policy: whose obligations.
            told: outages that were told over HTTP, by name.

        Raises:
            EvidenceMissing: a file is not there and nothing was told either, or a line
                of it cannot be read: what is not known is never taken for no outage.
        """
        names = {one.outages for one in policy.obligations.values() if one.outages}
        return {name: self._named(name, told or {}) for name in sorted(names)}

    def _named(self, name: str, told: Mapping[str, Sequence[Outage]]) -> tuple[Outage, ...]:
        path = self.folder / name
        if self.instead is not None:
            return _outages_in(self.instead)
        if name in told and not path.exists():
            return tuple(told[name])
        return (*_outages_in(path), *told.get(name, ()))


def _outages_in(path: Path) -> tuple[Outage, ...]:
    try:
        found, problems = read_outages(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EvidenceMissing(f"{path}: no such file; --outages names another one") from None
    if problems:
        raise EvidenceMissing(f"{path}: {problems[0]}")
    return found


class JudgedTicket(NamedTuple):
    """What a ticket adds to the records of a customer, and whose it is, with the values read."""

    cycles: list[CycleRow]
    solved: SolvedTicket | None
    whose: Evidence


def judged_ticket(
    ticket: Ticket, policy: Policy, asked: Asked, cut_off: datetime, paths: frozenset[str]
) -> JudgedTicket:
    """The rows of a ticket that belong to a customer, judged at the cut-off."""
    verdict = evaluate(ticket, policy, cut_off)
    values = values_of(ticket, paths, cut_off) if paths else {}
    cycles = [row for row in rows_of(verdict, values) if row.party == asked.party]
    solved = solved_ticket(ticket, verdict, values) if asked.with_solved else None
    if solved is not None and solved.party != asked.party:
        solved = None
    whose = Evidence(
        tier=verdict.choice.tier,
        customer=verdict.choice.customer,
        organization_id=verdict.organization_id,
        ticket_id=ticket.id,
        values=values,
    )
    return JudgedTicket(cycles, solved, whose)


@dataclass(frozen=True)
class HistorySource:
    """A history file; every ticket of it is judged at the cut-off, by the policy that is asked."""

    history: History
    cut_off: datetime
    outages: OutageFiles
    n_bad: int = 0
    cursor: str | None = field(default=None, init=False)
    complete_from: datetime | None = field(default=None, init=False)

    @classmethod
    def of(cls, history: History, outages: OutageFiles, now: datetime | None) -> HistorySource:
        """Look over a history. Without an instant the latest that it tells is the cut-off.

        Raises:
            EvidenceMissing: it tells no instant.
        """
        with Team(None, 1) as alone:
            reading = history.scan(alone).reading
        cut_off = now or reading.latest
        if cut_off is None:
            raise EvidenceMissing(f"{history.name}: there is nothing in it")
        return cls(history, cut_off, outages, len(reading.bad))

    @property
    def doubts(self) -> Sequence[str]:
        """Lines that could not be read may be tickets of the customer."""
        lines = "1 line" if self.n_bad == 1 else f"{self.n_bad} lines"
        return [f"{self.history.name}: {lines} could not be read"] if self.n_bad else []

    def lacks(self, asked: Asked) -> Sequence[str]:
        """A history is one of tickets: it has neither calls nor ratings."""
        missing = [(asked.with_calls, "phone calls"), (asked.with_ratings, "ratings")]
        return [f"{self.history.name} has no {what}" for is_asked, what in missing if is_asked]

    def records(self, policy: Policy, asked: Asked) -> Records:
        """What the history tells of a customer, judged at the cut-off."""
        cycles: list[CycleRow] = []
        solved: list[SolvedTicket] = []
        with Team(policy, cores() if self.history.is_large else 1) as team:
            parts = self.history.scan(team).told(self.history.tell)
            work = partial(_judge_part, asked=asked, cut_off=self.cut_off)
            for one in team.ask(work, parts):
                cycles += one[0]
                solved += one[1]
        return Records(self.cut_off, cycles, (), solved, (), self.outages.read(policy))

    def tickets(self, idents: Collection[str]) -> Iterable[Ticket]:
        """The facts of these tickets, read from the file once more."""
        with Team(None, cores() if self.history.is_large else 1) as team:
            work = partial(_tickets_of_part, idents=frozenset(idents))
            for found in team.ask(work, self.history.scan(team).parts):
                yield from found

    def parties(self, policy: Policy) -> dict[str, set[str]]:
        """As the history tells them."""
        found: dict[str, set[str]] = {}
        with Team(policy, cores() if self.history.is_large else 1) as team:
            parts = self.history.scan(team).told(self.history.tell)
            work = partial(_parties_of_part, cut_off=self.cut_off)
            for one in team.ask(work, parts):
                for ident, names in one.items():
                    found.setdefault(ident, set()).update(names)
        return found


def _tickets_of_part(given: None, part: Part, *, idents: frozenset[str]) -> list[Ticket]:
    del given
    tickets = (read_line(line)[0] for _, line in part.lines())
    return [one for one in tickets if one.id in idents]


def _parties_of_part(policy: Policy, part: Part, *, cut_off: datetime) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, line in part.lines():
        ticket, _ = read_line(line)
        if ticket.created_at > cut_off:
            continue
        verdict = evaluate(ticket, policy, cut_off)
        if verdict.organization_id is not None:
            names = found.setdefault(verdict.organization_id, set())
            names |= {row.party.name for row in rows_of(verdict, {}) if row.party}
    return found


def _judge_part(
    policy: Policy, part: Part, *, asked: Asked, cut_off: datetime
) -> tuple[list[CycleRow], list[SolvedTicket]]:
    paths = paths_of(policy)
    cycles: list[CycleRow] = []
    solved: list[SolvedTicket] = []
    for _, line in part.lines():
        ticket, _ = read_line(line)
        if ticket.created_at > cut_off:
            continue
        found = judged_ticket(ticket, policy, asked, cut_off, paths)
        cycles += found.cycles
        if found.solved is not None:
            solved.append(found.solved)
    return cycles, solved
