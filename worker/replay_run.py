# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a replay over a file: scan, judge (on all cores where it pays), write in its order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from connector.history.jsonl import ticket_to_json
from connector.history.reader import Reading, lines_of
from connector.history.table import read_table
from worker.replay import Judged, Line, Scan, Summary, judge_lines, readable, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from datetime import datetime
    from pathlib import Path

    from connector.history.mapping import TableMapping
    from rules.policy import Policy

_BATCH_BYTES = 512 * 1024
_PAYS_FROM_BYTES = 16 * 1024 * 1024
"""Below this size one process is done before others would have started."""


class Stage(NamedTuple):
    """How far a replay is: its stage in a word, bytes done and bytes in all."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class JsonLinesHistory:
    """A JSON Lines file, read anew each time its lines are asked for.

    `progress` is told now and then how far the reading is.
    """

    path: Path
    progress: Callable[[Stage], None]

    def size(self) -> int:
        """Bytes of the file."""
        return self.path.stat().st_size

    def scan(self) -> Scan:
        """What the file holds."""
        return scan(self._lines("reading"))

    def lines(self) -> Iterator[Line]:
        """Every line with its number."""
        return self._lines("judging")

    def _lines(self, stage: str) -> Iterator[Line]:
        with self.path.open("rb") as file:
            lines = enumerate(lines_of(file), start=1)
            yield from _reported(lines, Stage(stage, 0, self.size()), self.progress)


class TableHistory:
    """A CSV file, read once; its tickets are handed on as lines of a history."""

    def __init__(self, path: Path, mapping: TableMapping) -> None:
        self._reading = Reading()
        with path.open(encoding=mapping.encoding, errors="surrogateescape", newline="") as file:
            tickets = read_table(file, mapping, self._reading)
        self._lines = [msgspec.json.encode(ticket_to_json(ticket)) for ticket in tickets]

    def size(self) -> int:
        """Bytes of the lines."""
        return sum(map(len, self._lines))

    def scan(self) -> Scan:
        """What the file held; rows that could not be read have no line."""
        return Scan(self._reading, frozenset())

    def lines(self) -> Iterator[Line]:
        """A line per ticket."""
        return enumerate(self._lines, start=1)


History = JsonLinesHistory | TableHistory


def replay(
    policy: Policy,
    history: History,
    *,
    now: datetime | None,
    write: Callable[[bytes], object],
    processes: int | None = None,
) -> Summary:
    """Judge the history and hand the rows to `write`, in the order of the file.

    Args:
        policy: what is promised.
        history: the tickets.
        now: instant of judging; None for the latest one that the history tells.
        write: takes rows as JSON Lines.
        processes: how many judge at once; None for one per core where it pays.

    Raises:
        OSError: the file cannot be read, or `write` raises it.
    """
    found = history.scan()
    now = now or found.reading.latest
    summary = Summary(policy=policy.hash, now=now, n_lines=found.reading.n_lines)
    summary.n_moved = found.reading.n_moved
    summary.bad = found.reading.bad
    if now is None:
        return summary
    lines = readable(history.lines(), found.refused)
    with _judges(policy, now, processes or _processes_for(history.size())) as judge:
        for judged in judge(_batches(lines)):
            write(judged.rows)
            summary.add(judged)
    return summary


def _processes_for(size: int) -> int:
    # Only fork hands the policy over without loading it again, and only Linux forks safely.
    return (os.cpu_count() or 1) if size >= _PAYS_FROM_BYTES and sys.platform == "linux" else 1


def _reported(
    lines: Iterable[Line], stage: Stage, progress: Callable[[Stage], None]
) -> Iterator[Line]:
    done = reported = 0
    for number, line in lines:
        done += len(line) + 1
        if done - reported >= _BATCH_BYTES:
            reported = done
            progress(stage._replace(done=min(done, stage.total)))
        yield number, line
    progress(stage._replace(done=stage.total))


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    size = 0
    for number, line in lines:
        batch.append((number, line))
        size += len(line)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _judges(
    policy: Policy, now: datetime, processes: int
) -> AbstractContextManager[Callable[[Iterable[Sequence[Line]]], Iterator[Judged]]]:
    if processes == 1:
        return nullcontext(lambda batches: (judge_lines(one, policy, now) for one in batches))
    return _Judges(policy, now, processes)


class _Judges:
    """Several processes that judge batches; answers come in the order of the questions."""

    def __init__(self, policy: Policy, now: datetime, processes: int) -> None:
        self._waiting = processes * 2
        self._pool = ProcessPoolExecutor(
            processes,
            mp_context=multiprocessing.get_context("fork"),
            initializer=_begin,
            initargs=(policy, now),
        )

    def __enter__(self) -> Callable[[Iterable[Sequence[Line]]], Iterator[Judged]]:
        return self._judge

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _judge(self, batches: Iterable[Sequence[Line]]) -> Iterator[Judged]:
        asked: deque[Future[Judged]] = deque()
        for batch in batches:
            asked.append(self._pool.submit(_judge_batch, batch))
            if len(asked) > self._waiting:
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()


_own: list[tuple[Policy, datetime]] = []
"""What a judging process was started with; empty in the process that starts it."""


def _begin(policy: Policy, now: datetime) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the starting process
    _own.append((policy, now))


def _judge_batch(batch: Sequence[Line]) -> Judged:
    policy, now = _own[-1]
    return judge_lines(batch, policy, now)
