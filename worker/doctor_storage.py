# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor sees of the store: its schema, and what the worker went on in spite of."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from worker.doctor_finding import Finding, Outcome
from worker.store.accounts import standing_notices
from worker.store.database import Books, Database
from worker.store.places import kept_place
from worker.store.remarks import Counted, messages_dead, tickets_set_aside, words_unknown
from worker.store.schema import schema_state
from worker.store.summary import count_quarantined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.settings import AccountSettings, Settings
    from worker.store.schema import SchemaState

_LEAST_FREE_BYTES = 1024**3
_MOST_SHOWN = 5


def look_at_storage(settings: Settings, account: AccountSettings) -> Iterator[Finding]:
    """The database, its room, and what stands in it that somebody should see."""
    try:
        yield from _database(settings, account)
    except (SQLAlchemyError, OSError) as fault:
        # SQLAlchemy's own text quotes the statement; the driver's does not.
        seen = str(fault.orig) if isinstance(fault, DBAPIError) else str(fault)
        remedy = "check STIPT_DATABASE_URL and STIPT_STATE_DIR"
        yield Finding("storage", "database", "fail", seen.strip().splitlines()[0], remedy)


def _database(settings: Settings, account: AccountSettings) -> Iterator[Finding]:
    database = Database(settings.database_url.get_secret_value())
    try:
        path = Path(database.url.database or "")
        if database.is_sqlite and not path.exists():
            yield Finding("storage", "database", "ok", f"{path} will be made at the first run")
            return
        yield from _stored(database, account)
        if database.is_sqlite:
            yield _space(path.parent)
    finally:
        database.close()


def _stored(database: Database, account: AccountSettings) -> Iterator[Finding]:
    state = schema_state(database)
    if state != "current":
        yield _schema_differs(state, is_sqlite=database.is_sqlite)
        return
    yield Finding("storage", "database", "ok", "its schema is current")
    with database.read(account.name) as books:
        yield from _place(books, account)
        for name, text in standing_notices(books).items():
            yield Finding("storage", name, "warn", text, "the worker's log says more")
        yield from _remarks(books)


def _place(books: Books, account: AccountSettings) -> Iterator[Finding]:
    """Whether the rows are of the helpdesk that the settings name."""
    before = kept_place(books)
    if before is None:  # nothing was read yet, or only before this was kept
        return
    if before == account.place:
        yield Finding("storage", "helpdesk", "ok", f"filled from {before}")
        return
    seen = f"filled from {before}; the settings name {account.place}"
    remedy = "the setting as it was, or another database; stipt db accept-helpdesk if it only moved"
    yield Finding("storage", "helpdesk", "fail", seen, remedy)


def _schema_differs(state: SchemaState, *, is_sqlite: bool) -> Finding:
    seen = f"its schema is {state}"
    if state == "newer":
        return Finding("storage", "database", "fail", seen, "upgrade Stipt")
    if state == "behind" and not is_sqlite:  # stipt run refuses to start on it
        return Finding("storage", "database", "fail", seen, "stipt db upgrade, once")
    return Finding("storage", "database", "warn", seen, "stipt run brings it up to date")


def _remarks(books: Books) -> Iterator[Finding]:
    """What the worker went on in spite of."""
    unread = tickets_set_aside(books, _MOST_SHOWN)
    if unread.number:
        seen = f"{unread.number} could not be read: {_listed(unread)}"
        yield Finding("storage", "tickets set aside", "warn", seen, "they are tried again")
    words = words_unknown(books, _MOST_SHOWN)
    if words.number:
        seen = f"{words.number} taken for a fallback: {_listed(words)}"
        yield Finding("storage", "unknown words", "warn", seen, "tell the makers of Stipt")
    quarantined = count_quarantined(books)
    if quarantined:
        seen = f"{quarantined} tickets cannot be judged or written"
        remedy = "stipt quarantine show says why; stipt quarantine release tries them again"
        yield Finding("storage", "quarantine", "warn", seen, remedy)
    dead = messages_dead(books, _MOST_SHOWN)
    if dead.number:
        seen = f"{dead.number} will never arrive: {_listed(dead)}"
        yield Finding("storage", "messages", "warn", seen, "mend the reason for the next ones")


def _listed(found: Counted) -> str:
    more = found.number > len(found.shown) >= _MOST_SHOWN
    return "; ".join(found.shown) + ("; ..." if more else "")


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    seen = f"{free / 1024**3:.1f} GB free"
    outcome: Outcome = "ok" if free >= _LEAST_FREE_BYTES else "warn"
    return Finding("storage", "space", outcome, seen, "" if outcome == "ok" else "make room")
