# SPDX-License-Identifier: GPL-3.0-or-later
"""The database: SQLite or PostgreSQL behind the same few calls."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

Row = TypeVar("Row", bound=tuple[object, ...])

_BUSY_TIMEOUT_MS = 10_000
_UPTIME = "seconds_since_start"
_SQLITE_LEASE_CLOCK = f"{_UPTIME}()"
_POSTGRESQL_LEASE_CLOCK = "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT)"


class StateFolderUnusable(OSError):
    """The folder of the SQLite file is not there and cannot be made."""


def _is_deadlock(fault: BaseException) -> bool:
    """Whether PostgreSQL ended this transaction so that another could go on."""
    return isinstance(fault, OperationalError) and getattr(fault.orig, "sqlstate", "") == "40P01"


again_after_deadlock = retry(
    retry=retry_if_exception(_is_deadlock),
    stop=stop_after_attempt(6),
    wait=wait_random(0, 0.5),
    reraise=True,
)
"""For a function that is one whole transaction, and changes more rows than it could lock in order.

Waits up to half a second of real time before each of at most five further tries.
"""


class Database:
    """Transactions, and the little in which the two databases differ.

    Leases are compared with one clock that all workers share, so that two whose
    clocks disagree cannot both hold one: PostgreSQL's own, and on SQLite, where
    all are on one machine, the seconds since it was started. Nobody sets those,
    so a jump of the machine's clock ends no lease. `lease_skew` (seconds) shifts
    that clock; tests let leases run out with it.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.lease_skew = 0
        self._writing = threading.Lock()
        self.engine = self._sqlite_engine() if self.is_sqlite else self._postgresql_engine()
        self._reader = self.engine.execution_options(sqlite_begin="BEGIN")

    @contextmanager
    def write(self, account: str) -> Iterator[Books]:
        """A transaction that may write; rolled back when the block raises."""
        with self._turn_to_write(), self.engine.begin() as connection:
            yield Books(self, connection, account)

    @contextmanager
    def read(self, account: str) -> Iterator[Books]:
        """A transaction that only reads; on SQLite it never waits for a writer."""
        with self._reader.begin() as connection:
            yield Books(self, connection, account)

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        """One writer at a time on SQLite, whose own way of waiting is to ask ever more seldom."""
        has_turn = self.is_sqlite and self._writing.acquire(timeout=_BUSY_TIMEOUT_MS / 1000)
        try:
            yield
        finally:
            if has_turn:
                self._writing.release()

    def lease_now(self) -> sa.ColumnElement[int]:
        """The seconds of the clock that leases go by, as an expression."""
        return lease_clock(self.is_sqlite, self.lease_skew)

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def for_claim(self, choice: sa.Select[Row]) -> sa.CTE:
        """The choice of a claim: where several workers choose, each skips what others hold.

        A common table expression is run once. As a plain subquery PostgreSQL
        may run it again for every row and so claim more than the limit.
        """
        locked = choice if self.is_sqlite else choice.with_for_update(skip_locked=True)
        return locked.cte("chosen")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _sqlite_engine(self) -> sa.Engine:
        if self.url.database and self.url.database != ":memory:":
            _make_folder(Path(self.url.database).parent)
        engine = sa.create_engine(
            self.url,
            hide_parameters=True,  # values of rows must not stand in errors
            connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgresql_engine(self) -> sa.Engine:
        return sa.create_engine(
            self.url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "application_name": "stipt"},
        )


def lease_clock(is_sqlite: bool, skew: int) -> sa.ColumnElement[int]:
    """What leases go by on that kind of database, in seconds, shifted by `skew` seconds."""
    text = _SQLITE_LEASE_CLOCK if is_sqlite else _POSTGRESQL_LEASE_CLOCK
    return sa.literal_column(text, sa.BigInteger) + skew


@dataclass(frozen=True, slots=True)
class Books:
    """One account's rows within one transaction."""

    database: Database
    tx: sa.Connection
    account: str

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT."""
        return self.database.insert(table)

    def of(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The condition that a row belongs to this account."""
        return table.c.account == self.account

    def rows(self, choice: sa.Select[Row]) -> Iterator[sa.RowMapping]:
        """The chosen rows, by the names of their columns."""
        return iter(self.tx.execute(choice).mappings().all())

    def lease_now(self) -> int:
        """The seconds of the clock that leases go by."""
        return int(self.tx.execute(sa.select(self.database.lease_now())).scalar_one())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise StateFolderUnusable(
            f"STIPT_STATE_DIR, or the path in STIPT_DATABASE_URL: the folder {folder} for the "
            f"database cannot be made: {fault.strerror}; name one that this user may write to"
        ) from None


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    # "Deterministic" means to SQLite: the same throughout one statement.
    connection.create_function(_UPTIME, 0, _uptime, deterministic=True)
    # Our own BEGIN decides when a transaction starts, not the driver's guess.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "cache_size = -64000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _uptime() -> int:
    return int(time.monotonic())


def _begin_sqlite(connection: sa.Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes later would fail
    # with "database is locked" where another one wrote in between.
    begin = connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE")
    connection.exec_driver_sql(begin)


def new_token() -> str:
    """A claim token that nobody else has."""
    return uuid.uuid4().hex


def epoch(at: datetime) -> int:
    """Whole epoch seconds of an aware instant."""
    return int(at.timestamp())


def instant(seconds: int) -> datetime:
    """The aware instant of epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def instant_or_none(seconds: int | None) -> datetime | None:
    """As `instant`; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
