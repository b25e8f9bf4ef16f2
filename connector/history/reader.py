# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a history line by line: what can be read goes on, what cannot is counted and named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from connector.history.jsonl import moved_to_creation, ticket_from_json
from connector.history.quick import quick_line
from connector.history.values import HistoryLineError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from rules.facts import Ticket

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line. A ticket of ten thousand happenings takes about a tenth of this."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_decoder = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (from 1) that could not be read, and why."""

    number: int
    reason: str


class Glance(NamedTuple):
    """A readable line: its ticket, the latest instant it tells, how many happenings were moved."""

    ticket_id: str
    latest: datetime
    n_moved: int


@dataclass(slots=True)
class Reading:
    """What reading a history came to, filled while its tickets are taken.

    `n_lines` counts lines or rows that hold anything; `n_moved` happenings
    that lay before their ticket's creation and were moved to it; `latest` is
    the latest instant of the readable tickets.
    """

    n_lines: int = 0
    n_tickets: int = 0
    n_moved: int = 0
    latest: datetime | None = None
    bad: list[BadLine] = field(default_factory=list)

    def take(self, latest: datetime, n_moved: int) -> None:
        """Count a readable ticket by its latest instant."""
        self.n_tickets += 1
        self.n_moved += n_moved
        if self.latest is None or latest > self.latest:
            self.latest = latest


def latest_instant(ticket: Ticket) -> datetime:
    """The last thing that is known of the ticket: its creation or its last happening."""
    return ticket.happenings[-1].at if ticket.happenings else ticket.created_at


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file without their ends, never holding more than the longest line.

    A longer one comes cut, one byte over `LONGEST_LINE`, so that `read_line` refuses it.
    """
    first = True
    while line := file.readline(LONGEST_LINE + 2):
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = line[: LONGEST_LINE + 1]
            _skip_to_next_line(file)
        if first:
            line, first = line.removeprefix(_BYTE_ORDER_MARK), False
        yield line.rstrip(b"\r\n")


def _skip_to_next_line(file: BinaryIO) -> None:
    while (rest := file.readline(1024 * 1024)) and not rest.endswith(b"\n"):
        pass


def read_line(line: bytes) -> tuple[Ticket, int]:
    """The ticket of one line, and how many of its happenings were moved to its creation.

    Raises:
        HistoryLineError: the line is too long, is not JSON, or breaks the format.
    """
    quick = quick_line(line) if len(line) <= LONGEST_LINE else None
    return (quick.ticket(), 0) if quick else _read_the_long_way(line)


def glance(line: bytes) -> Glance:
    """What a history as a whole needs to know of a line, without making a ticket of it.

    Raises:
        HistoryLineError: just where `read_line` raises it.
    """
    quick = quick_line(line) if len(line) <= LONGEST_LINE else None
    if quick:
        return Glance(quick.id, quick.latest, 0)
    ticket, n_moved = _read_the_long_way(line)
    return Glance(ticket.id, latest_instant(ticket), n_moved)


def _read_the_long_way(line: bytes) -> tuple[Ticket, int]:
    if len(line) > LONGEST_LINE:
        raise HistoryLineError(f"longer than {LONGEST_LINE // 1024 // 1024} MB")
    try:
        document = _decoder.decode(line)
    except msgspec.DecodeError as mistake:
        raise HistoryLineError(f"not JSON: {mistake}") from None
    except UnicodeDecodeError:
        raise HistoryLineError("not JSON: the text is not UTF-8") from None
    except RecursionError:
        raise HistoryLineError("not JSON that anybody writes: nested too deeply") from None
    if not isinstance(document, dict):
        raise HistoryLineError(f"expected a ticket as a JSON object, found {shown(document)}")
    ticket = ticket_from_json(document)
    return ticket, moved_to_creation(document, ticket)


def read_history(lines: Iterable[bytes], reading: Reading) -> Iterator[Ticket]:
    """The tickets of a JSON Lines history, in its order.

    A bad line, or one that repeats the id of an earlier ticket, is noted in
    `reading` and the rest goes on. Empty lines say nothing.
    """
    for line in readable_lines(lines, reading):
        yield read_line(line)[0]


def readable_lines(lines: Iterable[bytes], reading: Reading) -> Iterator[bytes]:
    """The lines of a JSON Lines history that can be read, as `read_history` counts them."""
    line_of_ticket: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        reading.n_lines += 1
        try:
            seen = glance(line)
        except HistoryLineError as mistake:
            reading.bad.append(BadLine(number, str(mistake)))
            continue
        earlier = line_of_ticket.setdefault(seen.ticket_id, number)
        if earlier != number:
            reading.bad.append(BadLine(number, repeated(seen.ticket_id, earlier)))
            continue
        reading.take(seen.latest, seen.n_moved)
        yield line


def repeated(ticket_id: str, earlier: int) -> str:
    """The reason of a line whose ticket stands on an earlier line already."""
    return f"ticket {shown(ticket_id)} stands on line {earlier} already"
