# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a command takes tickets from: a history file, else the store of an account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from worker.cli.exit_codes import CommandFailed
from worker.cli.instants import instant
from worker.cli.options import present

if TYPE_CHECKING:
    from worker.histories import History, Progress
    from worker.settings import AccountSettings, Settings
    from worker.store.database import Database


@dataclass(frozen=True)
class Store:
    """The store of an account, and the present instant there."""

    settings: "Settings"
    account: "AccountSettings"
    database: "Database"

    def now(self) -> datetime:
        """The present instant."""
        return present(self.settings)


@contextmanager
def opened_database(
    settings: "Settings", make_fit: "Callable[[Database], None] | None" = None
) -> "Iterator[Database]":
    """The database of the settings, closed at the end.

    Args:
        settings: which database.
        make_fit: what is done before it is used; else it is refused where it is not up to date.

    Raises:
        SchemaMismatch: the database is of another version.
    """
    from worker.store.database import Database
    from worker.store.schema import require_current

    database = Database(settings.database_url.get_secret_value())
    try:
        (make_fit or require_current)(database)
        yield database
    finally:
        database.close()


@contextmanager
def opened_store(config: Path | None, account: str | None) -> Iterator[Store]:
    """The store that the settings name; closed at the end.

    Raises:
        CommandFailed: nothing has been stored yet.
        SchemaMismatch: the database is of another version.
    """
    from worker.settings import load_settings

    settings = load_settings(config=config)
    chosen = settings.account(account)
    with opened_database(settings, _require_filled) as database:
        yield Store(settings, chosen, database)


def _require_filled(database: "Database") -> None:
    from worker.store.schema import require_current

    if database.is_sqlite and not Path(database.url.database or "").exists():
        raise CommandFailed("nothing has been read from the helpdesk yet: stipt run --once does")
    require_current(database)


@contextmanager
def opened_source(
    history: Path | None,
    mapping: Path | None,
    config: Path | None,
    account: str | None,
    tell: "Progress",
) -> "Iterator[History]":
    """The history of a file, else that of the store."""
    from worker.histories import StoreHistory

    if history is not None:
        yield opened_history(history, mapping, tell)
        return
    if mapping is not None:
        raise CommandFailed("--mapping says what a CSV file means; name it with --history")
    with opened_store(config, account) as store:
        yield StoreHistory(store.database, store.account.name, store.now(), tell)


def judged_at(now: str | None, history: Path | None) -> datetime | None:
    """The instant of `--now`, which only a history file can be judged as of.

    Raises:
        BadParameter: no instant, or there is no history.
    """
    if now is not None and history is None:
        raise typer.BadParameter("the store is as of its last sync", param_hint="--now")
    return None if now is None else instant(now)


def opened_history(
    history: Path, mapping: Path | None, tell: "Progress | None" = None
) -> "History":
    """The history of a file, read with a mapping where it is CSV."""
    from connector.history.mapping import read_mapping
    from worker.histories import JsonLinesHistory, TableHistory, no_progress

    tell = tell or no_progress
    if history.exists() and not history.is_file():
        raise CommandFailed(f"{history}: a history is read twice, so it must be a file")
    if mapping is not None:
        return TableHistory(history, read_mapping(mapping.read_bytes()), tell)
    if history.suffix.lower() == ".csv":
        raise CommandFailed(f"{history}: a CSV file needs --mapping FILE (see docs/history.md)")
    return JsonLinesHistory(history, tell)
