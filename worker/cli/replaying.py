# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt replay`: judge a history with a rule folder."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import instant
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say, table
from worker.cli.progress import progress

if TYPE_CHECKING:
    from rules.verdict import State
    from worker.histories import History, Progress
    from worker.replay import Summary

_BAD_SHOWN = 20
_STATES: "tuple[State, ...]" = (
    "met",
    "breached",
    "breached_open",
    "running",
    "paused",
    "cancelled",
    "excluded",
)


def replay(
    *,
    rules: Annotated[Path, typer.Option(help="Folder of rule files.", metavar="DIR")],
    history: Annotated[
        Path, typer.Option(help="Tickets as JSON Lines, or as CSV with --mapping.", metavar="FILE")
    ],
    mapping: Annotated[
        Path | None, typer.Option(help="What the columns of a CSV file mean.", metavar="FILE")
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(help="Judge as of this instant; else the latest in the file.", metavar="TIME"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the rows; else standard output.", metavar="FILE"),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Judge every ticket of a history: one line per target and cycle, and a summary."""
    from worker.replay import replay as run
    from worker.rule_folder import load_folder

    judged_at = None if now is None else instant(now)
    policy = load_folder(rules)
    with progress(quiet=quiet) as tell, _rows_to(out, summary_is_answer=json) as write:
        source = opened_history(history, mapping, tell)
        summary = run(policy, source, now=judged_at, write=write)
    if json:
        as_json(summary.to_json())
    elif not quiet:
        to_output = result if out is not None and str(out) != "-" else say
        for line in summary_lines(summary, history):
            to_output(line)
    if summary.bad and not summary.n_tickets:
        raise CommandFailed(f"{history}: no line could be read")


def opened_history(
    history: Path, mapping: Path | None, tell: "Progress | None" = None
) -> "History":
    """The history of a file, read with a mapping where it is CSV."""
    from connector.history.mapping import read_mapping
    from worker.histories import JsonLinesHistory, TableHistory, no_progress

    tell = tell or no_progress
    if mapping is not None:
        return TableHistory(history, read_mapping(mapping.read_bytes()), tell)
    if history.suffix.lower() == ".csv":
        raise CommandFailed(f"{history}: a CSV file needs --mapping FILE (see docs/history.md)")
    return JsonLinesHistory(history, tell)


@contextmanager
def _rows_to(out: Path | None, *, summary_is_answer: bool) -> Iterator[Callable[[bytes], object]]:
    """Where rows go: a file that appears when it is complete, standard output, or nowhere."""
    if out is None and summary_is_answer:
        yield len
    elif out is None or str(out) == "-":
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
    elif out.exists() and not out.is_file():
        with out.open("wb") as file:  # a pipe or a device is written to, never replaced
            yield file.write
    else:
        with _complete_or_absent(out) as write:
            yield write


@contextmanager
def _complete_or_absent(out: Path) -> Iterator[Callable[[bytes], object]]:
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file.write
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def summary_lines(summary: "Summary", history: Path) -> list[str]:
    """The summary as a person reads it."""
    document = summary.to_json()
    judged = f"{summary.n_tickets} tickets judged as of {document['now']}"
    lines = [
        f"{history.name}: {judged} by policy {summary.policy[:12]}",
        f"{len(summary.bad)} of {summary.n_lines} lines could not be read",
    ]
    lines += [f"  line {bad.number}: {bad.reason}" for bad in summary.bad[:_BAD_SHOWN]]
    if len(summary.bad) > _BAD_SHOWN:
        lines.append(f"  and {len(summary.bad) - _BAD_SHOWN} more; --json lists them all")
    if summary.n_later:
        lines.append(f"{summary.n_later} tickets were created later and are left out")
    if summary.n_without_rows:
        lines.append(f"{summary.n_without_rows} tickets have no target")
    if summary.n_moved:
        lines.append(f"{summary.n_moved} happenings lay before their ticket's creation")
    return [*lines, "", *table(_counts(summary))]


def _counts(summary: "Summary") -> list[list[str]]:
    present = [state for state in _STATES if any(kind[2] == state for kind in summary.kinds)]
    rows = [["tier, measure", *present, "all"]]
    pairs = sorted({(tier, measure) for tier, measure, _ in summary.kinds})
    for tier, measure in pairs:
        counts = [summary.kinds.get((tier, measure, state), 0) for state in present]
        rows.append([f"{tier} {measure}", *map(str, counts), str(sum(counts))])
    totals = [sum(n for kind, n in summary.kinds.items() if kind[2] == state) for state in present]
    rows.append(["all", *map(str, totals), str(sum(totals))])
    return rows
