# SPDX-License-Identifier: GPL-3.0-or-later
"""Many rows through one statement, at the speed of the driver.

A judgement writes half a dozen rows; putting each through SQLAlchemy's
parameter handling would cost more than judging. On SQLite the statement is
compiled once and the rows go to the driver as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from worker.store.database import Books

Row = tuple[object, ...]
Statement = sa.Insert | sa.Update


@dataclass(slots=True)
class ManyRows:
    """A statement whose parameters are the named `columns`, in the order of the rows."""

    statement: Statement
    columns: tuple[str, ...]
    _driver: tuple[str, Callable[[Row], Row]] | None = field(default=None, init=False)

    def run(self, books: Books, rows: Sequence[Row]) -> None:
        """Run the statement for each row."""
        if not rows:
            return
        if not books.database.is_sqlite:
            names = self.columns
            books.tx.execute(self.statement, [dict(zip(names, row, strict=True)) for row in rows])
            return
        sql, arrange = self._compiled()
        books.tx.exec_driver_sql(sql, [arrange(row) for row in rows])

    def _compiled(self) -> tuple[str, Callable[[Row], Row]]:
        if self._driver is None:
            compiled = self.statement.compile(dialect=sqlite.dialect())
            # The driver takes values by position, in the order of the text.
            places = [self.columns.index(name) for name in compiled.positiontup or ()]
            self._driver = str(compiled), itemgetter(*places)
        return self._driver


def for_both(make: Callable[[bool], ManyRows]) -> dict[bool, ManyRows]:
    """A statement for each kind of database, by whether that is SQLite."""
    return {is_sqlite: make(is_sqlite) for is_sqlite in (True, False)}


def upsert(table: sa.Table, keys: Sequence[str], *, is_sqlite: bool) -> Statement:
    """An INSERT of whole rows that replaces a row with the same keys."""
    insert = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    changed = {
        column.name: insert.excluded[column.name] for column in table.c if column.name not in keys
    }
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


def insert_new(table: sa.Table, columns: Sequence[str], *, is_sqlite: bool) -> Statement:
    """An INSERT of these columns that leaves rows alone which are there already."""
    insert = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    named = {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}
    return insert.values(named).on_conflict_do_nothing()
