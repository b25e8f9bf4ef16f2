# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema's versions: which one a database has, and bringing it up to date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from worker.store.database import Books, Database

SchemaState = Literal["empty", "behind", "current", "newer"]

# Two processes that start at once must not both create the tables.
_UPGRADE_LOCK = 7_461_993
_NEWER = "the database was made by a newer version of Stipt; upgrade Stipt"


class SchemaMismatch(Exception):
    """The database has another schema than this version of Stipt needs (exit code 78)."""


def schema_state(database: Database) -> SchemaState:
    """How the database's schema compares with the one that this version knows."""
    with database.engine.begin() as connection:
        return _state(connection)


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The schema's version before (None: there were no tables) and after an upgrade."""

    before: str | None
    after: str | None


def upgrade(database: Database) -> Upgraded:
    """Run all migrations that are missing: all of them, or none where one fails.

    Raises:
        SchemaMismatch: the database is newer than this version.
    """
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        # Only now: whoever held the lock before may have upgraded it.
        if _state(connection) == "newer":
            raise SchemaMismatch(_NEWER)
        before = _present(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return Upgraded(before, _present(connection))


def prepare(database: Database) -> None:
    """Make the database fit to run on: create an empty one, upgrade SQLite.

    Raises:
        SchemaMismatch: it is newer than this version, or a PostgreSQL database
            is behind: other processes may still run the old version there.
    """
    state = schema_state(database)
    if state == "newer":
        raise SchemaMismatch(_NEWER)
    if state == "behind" and not database.is_sqlite:
        raise SchemaMismatch("the database is behind; run `stipt db upgrade` once")
    if state != "current":
        upgrade(database)


def require_current(database: Database) -> None:
    """Refuse a database that cannot be read as it stands; it is left as it is.

    Raises:
        SchemaMismatch: it is newer, or has yet to be brought up to date.
    """
    state = schema_state(database)
    if state == "newer":
        raise SchemaMismatch(_NEWER)
    if state == "behind":
        raise SchemaMismatch("the database is behind; run `stipt db upgrade` once")
    if state == "empty":
        raise SchemaMismatch("the database is empty; stipt run --once fills it")


def needed_version() -> str | None:
    """The schema's version that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def held_version(books: Books) -> str | None:
    """The schema's version that the database has now; a quick question."""
    return books.tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _state(connection: sa.Connection) -> SchemaState:
    present = _present(connection)
    if present is None:
        return "empty"
    scripts = ScriptDirectory.from_config(_config())
    if present == scripts.get_current_head():
        return "current"
    known = {script.revision for script in scripts.walk_revisions()}
    return "behind" if present in known else "newer"


def _present(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
