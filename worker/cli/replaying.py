# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt replay`: judge a history with a rule folder, or compare two folders over it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import instant
from worker.cli.options import (
    AccountName,
    ConfigFile,
    HistoryFile,
    MappingFile,
    RulesFolder,
    rules_of,
)
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say, table
from worker.cli.progress import progress
from worker.cli.sources import opened_source
from worker.cli.written import Write, written_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.history.reader import BadLine
    from rules.verdict import State
    from worker.backtest import Backtest
    from worker.histories import History
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


_Now = Annotated[
    str | None,
    typer.Option(
        help="Judge as of this instant; else the latest in the file, or now.", metavar="TIME"
    ),
]
_Compare = Annotated[
    Path | None,
    typer.Option(help="Rule files after a change: show what it would do.", metavar="DIR"),
]
_Html = Annotated[
    Path | None,
    typer.Option(help="With --compare: a report with pictures.", metavar="FILE"),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        help="File for the rows; else standard output. With --compare: cycles that differ.",
        metavar="FILE",
    ),
]


def replay(
    *,
    rules: RulesFolder = None,
    history: HistoryFile = None,
    mapping: MappingFile = None,
    now: _Now = None,
    compare: _Compare = None,
    html: _Html = None,
    out: _Out = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
    config: ConfigFile = None,
    account: AccountName = None,
) -> None:
    """Judge every ticket of a history by rules, or show what a change of them would do."""
    judged_at = None if now is None else instant(now)
    if html is not None and compare is None:
        raise typer.BadParameter("a report is made with --compare", param_hint="--html")
    folder = rules or rules_of(config, account)
    with (
        progress(quiet=quiet) as tell,
        opened_source(history, mapping, config, account, tell) as source,
    ):
        summary, found = None, None
        if compare is None:
            summary = _judged(source, folder, judged_at, out, rows_too=not json)
        else:
            found = _compared(source, (folder, compare), judged_at, out)
    if summary is not None:
        _show_summary(summary, source.name, out, json=json, quiet=quiet)
    if found is not None:
        _show_comparison(found, html, out, json=json, quiet=quiet)


def _judged(
    source: "History", folder: Path, now: datetime | None, out: Path | None, *, rows_too: bool
) -> "Summary":
    from worker.replay import replay as run
    from worker.rule_folder import load_folder

    policy = load_folder(folder)
    with _rows_to(out, rows_too=rows_too) as write:
        return run(policy, source, now=now, write=write)


@contextmanager
def _rows_to(out: Path | None, *, rows_too: bool) -> Iterator[Write]:
    """Where rows go; nowhere when the summary is the answer and no file is named."""
    if out is None and not rows_too:
        yield len
        return
    with written_to(out) as write:
        yield write


def _compared(
    source: "History", folders: tuple[Path, Path], now: datetime | None, out: Path | None
) -> "Backtest":
    from dataclasses import replace

    from worker.backtest import backtest
    from worker.rule_folder import load_folder

    before, after = (load_folder(one) for one in folders)
    if out is None:
        found = backtest(before, after, source, now=now)
    else:
        with written_to(out) as write:
            found = backtest(before, after, source, now=now, write=write)
    return replace(found, names=(str(folders[0]), str(folders[1])))


def _show_comparison(
    found: "Backtest", html: Path | None, out: Path | None, *, json: bool, quiet: bool
) -> None:
    from worker.backtest_summary import to_json
    from worker.cli.comparing import comparison_lines
    from worker.report.backtest_page import backtest_page

    if html is not None and found.effects.n_tickets:
        with written_to(html) as write:
            write(backtest_page(found).encode())
    is_beside = "-" in (str(out), str(html))  # then standard output holds another answer
    if json and not is_beside:
        as_json(to_json(found))
    elif not (quiet and is_beside):
        to_output = say if is_beside else result
        for line in comparison_lines(found):
            to_output(line)
    _fail_on_nothing(found.history, len(found.reading.bad), found.effects.n_tickets)


def _show_summary(
    summary: "Summary", name: str, out: Path | None, *, json: bool, quiet: bool
) -> None:
    if json:
        as_json(summary.to_json())
    elif not quiet:
        to_output = result if out is not None and str(out) != "-" else say
        for line in summary_lines(summary, name):
            to_output(line)
    _fail_on_nothing(name, len(summary.bad), summary.n_tickets)


def _fail_on_nothing(name: str, n_bad: int, n_tickets: int) -> None:
    if n_bad and not n_tickets:
        raise CommandFailed(f"{name}: no line could be read")
    if not n_tickets:
        raise CommandFailed(f"{name}: no ticket was judged, so there is nothing to report")


def summary_lines(summary: "Summary", name: str) -> list[str]:
    """The summary as a person reads it."""
    document = summary.to_json()
    judged = f"{summary.n_tickets} tickets judged as of {document['now'] or 'no instant'}"
    lines = [
        f"{name}: {judged} by policy {summary.policy[:12]}",
        f"{len(summary.bad)} of {summary.n_lines} {summary.unit}s could not be read",
        *bad_lines(summary.bad),
    ]
    if summary.n_later:
        lines.append(f"{summary.n_later} tickets were created later and are left out")
    if summary.n_without_rows:
        lines.append(f"{summary.n_without_rows} tickets have no target")
    if summary.n_moved:
        lines.append(f"{summary.n_moved} happenings lay before their ticket's creation")
    lines += [f"{n} cycles are excluded: {_why(one)}" for one, n in summary.excluded.most_common()]
    return [*lines, "", *table(_counts(summary))]


def _why(reason: str) -> str:
    """The reason of an exclusion in words, and where it stands."""
    if reason == "before_enforce_from":
        return "they began before settings.enforce_from"
    if reason in ("merged", "deleted", "imported"):
        return f"their ticket was {reason}"
    return f"{reason.replace('_', ' ')}, by the exclusions of the rules"


def bad_lines(bad: "Sequence[BadLine]") -> list[str]:
    """The lines that could not be read, each with its reason; not all of very many."""
    lines = [f"  line {one.number}: {one.reason}" for one in bad[:_BAD_SHOWN]]
    if len(bad) > _BAD_SHOWN:
        lines.append(f"  and {len(bad) - _BAD_SHOWN} more; --json lists them all")
    return lines


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
