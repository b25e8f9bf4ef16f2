# SPDX-License-Identifier: GPL-3.0-or-later
"""`stipt demo`: everything at work on one machine, without an account."""

import os
import signal
import sys
import threading
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.exit_codes import CommandFailed, ExitCode
from worker.cli.output import JsonFlag, QuietFlag, as_json, result, say, table

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from rich.console import RenderableType

    from worker.demo import Demo, Passed
    from worker.pass_report import PassReport, Work

_EVERY_S = 1.0
_PLAIN_EVERY = 5
_SHOWN = 8


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Do one complete pass, say what came of it, and end.")
    ] = False,
    tickets: Annotated[int, typer.Option(help="How many tickets there are.", min=1)] = 300,
    seed: Annotated[int, typer.Option(help="The same seed makes the same helpdesk.")] = 1,
    speed: Annotated[
        float, typer.Option(help="How many times faster the clock runs.", min=1, max=3600)
    ] = 60.0,
    log: Annotated[
        Path | None, typer.Option(help="File for the worker's log; else none.", metavar="FILE")
    ] = None,
    open_board: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open",
            help="Open the board in a browser; else done on a terminal of a desktop.",
        ),
    ] = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Start a sandbox and a worker, and show tiers, states, deadlines, writes and messages."""
    if json and not once:
        message = "needs --once: a living demo has no end to report"
        raise typer.BadParameter(message, param_hint="--json")
    from worker.demo import Demo, DemoSettings
    from worker.logs import configure_logs

    signal.signal(signal.SIGTERM, _terminated)
    with (log or Path(os.devnull)).open("a", encoding="utf-8") as stream:
        configure_logs(log_format="json", stream=stream)
        try:
            with Demo(DemoSettings(tickets, seed, 0.0 if once else speed)) as running:
                if once:
                    _once(running, json=json, quiet=quiet)
                else:
                    _live(running, open_board=_has_desktop() if open_board is None else open_board)
        except KeyboardInterrupt:
            say("The demo has ended; nothing is left behind.")
            raise typer.Exit(ExitCode.INTERRUPTED if once else ExitCode.DONE) from None


def _terminated(*_: object) -> None:
    raise typer.Exit(ExitCode.TERMINATED)


def _once(running: "Demo", *, json: bool, quiet: bool) -> None:
    with _progress(quiet=quiet or json) as progress:
        passed = running.once(progress)
    if json:
        as_json(passed.to_json())
    else:
        for line in _passed_lines(passed):
            result(line)
    if not passed.to_json()["is_complete"]:
        raise CommandFailed("the pass did not get to its end; --log FILE keeps what happened")


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Callable[[str, Work], None]]":
    """Shows what a pass has done so far, on a terminal alone."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda _, work: status.update(
            f"{work.changed} facts read, {work.judged} tickets judged, "
            f"{work.writes} written, {work.messages} messages sent"
        )


def _passed_lines(passed: "Passed") -> list[str]:
    last = passed.first[-1]
    document = passed.to_json()
    gone = f"{last.closed_or_deleted()} of them closed or deleted"
    return [
        f"{last.tickets} tickets read and judged, {gone}, {document['api_calls']} API calls",
        f"{document['writes']} tickets written, {document['messages']} messages sent",
        f"a second pass judged {passed.second.judged} again and wrote {passed.second.writes}",
        "",
        *table(_tier_rows(last)),
        "",
        "next deadlines",
        *table(_deadline_rows(last)),
    ]


def _tier_rows(report: "PassReport") -> list[list[str]]:
    from worker.pass_report import STATE_WORDS

    present = [state for state in STATE_WORDS if report.states.get(state)]
    rows = [["tier", *(STATE_WORDS[state] for state in present)]]
    for tier, counts in sorted(report.tiers.items()):
        rows.append([tier, *(str(counts.get(state, 0)) for state in present)])
    rows.append(["all not closed", *(str(report.states.get(state, 0)) for state in present)])
    return rows


def _deadline_rows(report: "PassReport") -> list[list[str]]:
    rows = [["ticket", "measure", "due (UTC)", "tier", "customer"]]
    for one in report.next_deadlines[:_SHOWN]:
        due = datetime.fromisoformat(one.due_at).strftime("%a %d %b %H:%M:%S")
        rows.append([f"#{one.ticket_id}", one.measure, due, one.tier, one.customer or "-"])
    return rows


def _has_desktop() -> bool:
    """Whether somebody sits here who can be shown a browser's window."""
    has_screen = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return sys.stdout.isatty() and has_screen


def _live(running: "Demo", *, open_board: bool) -> None:
    running.set_up()

    def on_board(address: str) -> None:
        say(f"The board: {address}")
        if open_board:
            _open(address)
        say(f"A sandbox with a busy fictional helpdesk runs at {running.url}; Ctrl-C ends it.")

    # Closed at the end, whatever ends it: only then has the worker finished what it had begun.
    with closing(running.live(_EVERY_S, threading.Event(), on_board)) as reports:
        if sys.stdout.isatty():
            _show_screens(running, reports)
        else:
            for number, report in enumerate(reports):
                if number % _PLAIN_EVERY == 0:
                    result(_plain_line(running, report))


def _open(address: str) -> None:
    """Show a page in the browser; a browser that takes its time holds nothing up."""
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _show_screens(running: "Demo", reports: "Generator[PassReport, None, None]") -> None:
    from rich.live import Live

    with Live("reading the helpdesk", auto_refresh=False) as live:
        for report in reports:
            live.update(_screen(running, report), refresh=True)


def _plain_line(running: "Demo", report: "PassReport") -> str:
    return (
        f"{running.clock.now():%Y-%m-%dT%H:%M:%SZ} {report.tickets_text()}; "
        f"{report.writes} written, {report.messages} messages, {report.api_calls} API calls"
    )


def _screen(running: "Demo", report: "PassReport") -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    arrived = [f"{one.way} to {one.to}: {one.subject}" for one in running.mailbox.received()]
    return Group(
        Text(f"{running.clock.now():%a %d %b %Y %H:%M:%S} UTC in the sandbox", style="bold"),
        _grid("Tickets by tier and state", _tier_rows(report)),
        _grid("Next deadlines", _deadline_rows(report)),
        Text(
            f"{report.tickets} tickets, {report.writes} written, {report.messages} messages, "
            f"{report.api_calls} API calls"
        ),
        Text("\n".join(arrived[-5:]), style="dim", no_wrap=True, overflow="ellipsis"),
    )


def _grid(title: str, rows: list[list[str]]) -> "RenderableType":
    from rich.table import Table

    grid = Table(title=title, title_justify="left", expand=False)
    for name in rows[0]:
        grid.add_column(name, no_wrap=True)
    for row in rows[1:]:
        grid.add_row(*row)
    return grid
