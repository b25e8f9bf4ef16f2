# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags that several commands share, and what they lead to."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from worker.clock import Clock
    from worker.settings import Settings

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Config file; else STIPT_CONFIG.", metavar="FILE"),
]
AccountName = Annotated[
    str | None,
    typer.Option("--account", help="Which account, where there are several.", metavar="NAME"),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
RulesFolder = Annotated[
    Path | None,
    typer.Option(
        "--rules", help="Folder of rule files; else STIPT_RULES_PATH, else sla.", metavar="DIR"
    ),
]
HistoryFile = Annotated[
    Path | None,
    typer.Option(
        "--history",
        help="Tickets as JSON Lines, or as CSV with --mapping; else the store.",
        metavar="FILE",
    ),
]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", help="What the columns of a CSV file mean.", metavar="FILE"),
]
HistoryNow = Annotated[
    str | None,
    typer.Option(
        "--now", help="With --history: judge as of then; else the latest in it.", metavar="TIME"
    ),
]


def present(settings: "Settings") -> datetime:
    """The present instant of the machine, or of the sandbox whose clock the settings name."""
    return clock_of(settings).now().replace(microsecond=0)


def clock_of(settings: "Settings") -> "Clock":
    """The machine's clock, or that of the sandbox where the settings name it."""
    from worker.clock import SandboxClock, SystemClock

    return SystemClock() if settings.clock_url is None else SandboxClock(settings.clock_url)


def rules_of(config: Path | None, account: str | None) -> Path:
    """The folder of rules where the command line names none: STIPT_RULES_PATH, else `sla`.

    Every command asks here, so that all of them mean the same folder.

    Raises:
        SettingsInvalid: settings are wrong, or name several accounts.
    """
    from worker.settings import load_settings

    return load_settings(config=config).account(account).rules_path


def waiting(written: str) -> timedelta:
    """The span of `--wait`.

    Raises:
        typer.BadParameter: not a span such as "90s" or "5m".
    """
    from worker.settings_values import span

    try:
        return span(written)
    except ValueError as mistake:
        raise typer.BadParameter(f"expected {mistake}", param_hint="--wait") from None
