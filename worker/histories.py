# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories that can be judged: a JSON Lines file, a CSV file, the store of an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from connector.history.jsonl import ticket_to_json
from connector.history.reader import Gathering, Look, Reading, look_over, read_line
from connector.history.stretches import FileStretch, HeldStretch, Part, stretches_of
from connector.history.table import read_table
from connector.history.values import EARLIEST
from worker.store.export import stored_ticket_ids, stored_tickets
from worker.team import Given, Team

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from connector.history.mapping import TableMapping
    from rules.facts import Ticket
    from worker.store.database import Database

Progress = Callable[[str, int, int | None], None]
"""Told what is being done, how many megabytes are done, and of how many where that is known."""

_PAYS_FROM_BYTES = 8 * 1024 * 1024
"""Below this size one process is done before others would have started."""

_PAYS_FROM_TICKETS = 5_000
_HELD_BYTES = 1024 * 1024
_MEGABYTE = 1_000_000

_encode = msgspec.json.Encoder().encode


def no_progress(what: str, done: int, total: int | None) -> None:
    """For those who want to hear nothing."""
    del what, done, total


@dataclass(frozen=True, slots=True)
class Scan:
    """What a history holds, learnt before anything is judged.

    `parts` can be taken once; `size` are the bytes in all of them, where known.
    """

    reading: Reading
    parts: Iterable[Part]
    size: int | None

    def told(self, tell: Progress) -> Iterator[Part]:
        """The parts, with the progress of judging told as they are taken."""
        done = 0
        for part in self.parts:
            _tell_bytes(tell, "judging", done, self.size)
            yield part
            done += part.size
        _tell_bytes(tell, "judging", done, self.size)


def _tell_bytes(tell: Progress, what: str, done: int, total: int | None) -> None:
    """Tell bytes as megabytes."""
    in_all = None if total is None else max(1, total // _MEGABYTE)
    tell(f"{what}, MB", done // _MEGABYTE, in_all)


class History(Protocol):
    """Tickets that can be judged; `name` is for people, `tell` is told of the progress."""

    @property
    def name(self) -> str:
        """What the history is called."""

    @property
    def tell(self) -> Progress:
        """Told of the progress."""

    @property
    def is_large(self) -> bool:
        """Whether it pays to read it with several processes."""

    def scan(self, team: Team[Given]) -> Scan:
        """What the history holds; `team` may read it."""


@dataclass(frozen=True)
class JsonLinesHistory:
    """A JSON Lines file; it is read twice."""

    path: Path
    tell: Progress = no_progress

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def is_large(self) -> bool:
        """Whether it pays to read it with several processes."""
        return self.path.stat().st_size >= _PAYS_FROM_BYTES

    def scan(self, team: Team[Given]) -> Scan:
        """Look over every line: which can be read, and what is the latest instant."""
        gathering = Gathering()
        stretches = stretches_of(self.path)
        size = sum(one.size for one in stretches)
        parts: list[Part] = []
        done = 0
        for stretch, look in zip(stretches, team.ask(_look_over, stretches), strict=True):
            parts.append(Part(stretch, *gathering.add(look)))
            done += stretch.size
            _tell_bytes(self.tell, "reading", done, size)
        return Scan(gathering.reading, parts, size)


def _look_over(_given: object, stretch: FileStretch) -> Look:
    return look_over(stretch.lines())


class TableHistory:
    """A CSV file, read once; its tickets are handed on as lines of a history."""

    def __init__(self, path: Path, mapping: TableMapping, tell: Progress = no_progress) -> None:
        self.name = path.name
        self.tell = tell
        self._path = path
        self._mapping = mapping

    @property
    def is_large(self) -> bool:
        """Whether it pays to judge it with several processes."""
        return self._path.stat().st_size >= _PAYS_FROM_BYTES

    def scan(self, team: Team[Given]) -> Scan:
        """Read the table; rows that could not be read have no line."""
        del team
        self.tell("reading", 0, None)
        reading, lines = self._read
        return Scan(reading, held_parts(lines), sum(map(len, lines)))

    @cached_property
    def _read(self) -> tuple[Reading, list[bytes]]:
        reading = Reading()
        encoding = self._mapping.encoding
        with self._path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            tickets = read_table(file, self._mapping, reading)
        return reading, [line_of(ticket) for ticket in tickets]


class StoreHistory:
    """The store of an account, judged at a given instant unless another one is asked for."""

    def __init__(
        self, database: Database, account: str, now: datetime, tell: Progress = no_progress
    ) -> None:
        self.name = f"store of {account}"
        self.tell = tell
        self._database = database
        self._account = account
        self._now = now
        with database.read(account) as books:
            self._idents = stored_ticket_ids(books)
        database.close()  # processes that begin now must not share the connection

    @property
    def is_large(self) -> bool:
        """Whether it pays to judge it with several processes."""
        return len(self._idents) >= _PAYS_FROM_TICKETS

    def scan(self, team: Team[Given]) -> Scan:
        """Count the tickets; all of them can be read."""
        del team
        n_tickets = len(self._idents)
        reading = Reading(n_tickets, n_tickets, latest=self._now, unit="ticket")
        tickets = stored_tickets(self._database, self._account, self._idents)
        return Scan(reading, held_parts(map(line_of, tickets)), None)


def line_of(ticket: Ticket) -> bytes:
    """The ticket as a line of a history, without the line's end."""
    return _encode(ticket_to_json(ticket))


def held_parts(lines: Iterable[bytes]) -> Iterator[Part]:
    """Lines put together into parts of a handy size."""
    held: list[bytes] = []
    size = before = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _HELD_BYTES:
            yield Part(HeldStretch(tuple(held)), before)
            before += len(held)
            held, size = [], 0
    if held:
        yield Part(HeldStretch(tuple(held)), before)


class Found(NamedTuple):
    """A ticket of a history, the latest instant of the whole history, or why there is none."""

    ticket: Ticket | None
    latest: datetime
    reason: str


def find(ident: str, history: History) -> Found:
    """The ticket with this id, and the instant at which a replay would judge it."""
    with Team(None, 1) as alone:
        found = history.scan(alone)
    latest = found.reading.latest or EARLIEST
    mark = ident.encode()
    for part in found.parts:
        for _, line in part.lines():
            # A cheap look first: most lines do not hold the id anywhere.
            if mark in line and (ticket := read_line(line)[0]).id == ident:
                return Found(ticket, latest, "")
    n_bad = len(found.reading.bad)
    unread = f"; {n_bad} lines could not be read" if n_bad else ""
    return Found(None, latest, f'there is no ticket "{ident}" in it{unread}')
