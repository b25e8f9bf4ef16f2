# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a history line by line: what can be read goes on, what cannot is counted and named."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from connector.history.jsonl import moved_to_creation, ticket_from_json
from connector.history.quick import quick_line
from connector.history.values import HistoryLineError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.facts import Ticket

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line. A ticket of ten thousand happenings takes about a tenth of this."""

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

    `n_lines` counts lines or rows that hold anything, or what `unit` says; `n_moved` happenings
    that lay before their ticket's creation and were moved to it; `latest` is
    the latest instant of the readable tickets.
    """

    n_lines: int = 0
    n_tickets: int = 0
    n_moved: int = 0
    latest: datetime | None = None
    bad: list[BadLine] = field(default_factory=list)
    unit: str = "line"

    def take(self, latest: datetime, n_moved: int) -> None:
        """Count a readable ticket by its latest instant."""
        self.n_tickets += 1
        self.n_moved += n_moved
        if self.latest is None or latest > self.latest:
            self.latest = latest


def latest_instant(ticket: Ticket) -> datetime:
    """The last thing that is known of the ticket: its creation or its last happening."""
    return ticket.happenings[-1].at if ticket.happenings else ticket.created_at


def lines_of(file: BinaryIO, n_bytes: int | None = None) -> Iterator[bytes]:
    """The lines of a file without their ends, never holding more than the longest line.

    A longer one comes cut, one byte over `LONGEST_LINE`, so that `read_line` refuses it.

    Args:
        file: stands at the beginning of a line.
        n_bytes: how far to read, to the end of a line; None for the whole rest.
    """
    left = n_bytes
    while (left is None or left > 0) and (line := file.readline(LONGEST_LINE + 2)):
        n_read = len(line)
        if n_read > LONGEST_LINE and not line.endswith(b"\n"):
            line = line[: LONGEST_LINE + 1]
            n_read += skip_to_next_line(file)
        if left is not None:
            left -= n_read
        yield line.rstrip(b"\r\n")


def skip_to_next_line(file: BinaryIO) -> int:
    """Read on to the beginning of the next line or to the end; how many bytes that were."""
    n_read = 0
    while rest := file.readline(1024 * 1024):
        n_read += len(rest)
        if rest.endswith(b"\n"):
            break
    return n_read


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
        why = str(mistake).removeprefix("JSON is malformed: ")
        raise HistoryLineError(f"not JSON: {why}") from None
    except UnicodeDecodeError:
        raise HistoryLineError("not JSON: the text is not UTF-8") from None
    except RecursionError:
        raise HistoryLineError("not JSON that anybody writes: nested too deeply") from None
    if not isinstance(document, dict):
        raise HistoryLineError(f"expected a ticket as a JSON object, found {shown(document)}")
    ticket = ticket_from_json(document)
    return ticket, moved_to_creation(document, ticket)


@dataclass(slots=True)
class Look:
    """What a look over some lines found; numbers count from 1 within these lines.

    `n_lines` are those that hold anything, `n_all` the empty ones as well.
    Readable ones have their `numbers`, the `ids` of their tickets and the
    `latest` instant of each in epoch seconds; `moved` tells how many
    happenings of a line were moved to the creation.
    """

    n_all: int = 0
    n_lines: int = 0
    numbers: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    latest: list[int] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)
    bad: list[BadLine] = field(default_factory=list)


def look_over(lines: Iterable[bytes]) -> Look:
    """Read every line once: which are readable, and what they tell. Empty lines say nothing."""
    look = Look()
    for number, line in enumerate(lines, start=1):
        look.n_all = number
        if not line.strip():
            continue
        look.n_lines += 1
        try:
            seen = glance(line)
        except HistoryLineError as mistake:
            look.bad.append(BadLine(number, str(mistake)))
            continue
        look.numbers.append(number)
        look.ids.append(seen.ticket_id)
        look.latest.append(int(seen.latest.timestamp()))
        if seen.n_moved:
            look.moved[number] = seen.n_moved
    return look


class Gathering:
    """Looks over consecutive lines put together: a ticket counts where it comes first."""

    def __init__(self) -> None:
        self.reading = Reading()
        self._n_all = 0
        self._line_of: dict[str, int] = {}

    def add(self, look: Look) -> tuple[int, frozenset[int]]:
        """Take the next look in.

        Returns:
            The number of the line before its first one, and the numbers within
            it that are refused.
        """
        before = self._n_all
        bad = [BadLine(before + one.number, one.reason) for one in look.bad]
        repeats: set[int] = set()
        for ident, number in zip(look.ids, look.numbers, strict=True):
            earlier = self._line_of.setdefault(ident, before + number)
            if earlier != before + number:
                repeats.add(number)
                bad.append(BadLine(before + number, repeated(ident, earlier)))
        self._count(look, repeats)
        self.reading.bad += sorted(bad, key=attrgetter("number"))
        self._n_all += look.n_all
        return before, frozenset(repeats.union(one.number for one in look.bad))

    def _count(self, look: Look, repeats: set[int]) -> None:
        reading = self.reading
        reading.n_lines += look.n_lines
        reading.n_tickets += len(look.ids) - len(repeats)
        reading.n_moved += sum(n for number, n in look.moved.items() if number not in repeats)
        told = look.latest
        if repeats:
            both = zip(look.numbers, look.latest, strict=True)
            told = [at for number, at in both if number not in repeats]
        if told:
            latest = datetime.fromtimestamp(max(told), UTC)
            reading.latest = max(latest, reading.latest or latest)


def repeated(ticket_id: str, earlier: int) -> str:
    """The reason of a line whose ticket stands on an earlier line already."""
    return f"ticket {shown(ticket_id)} stands on line {earlier} already"
