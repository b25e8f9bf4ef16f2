# SPDX-License-Identifier: GPL-3.0-or-later
"""Of two transactions that wait for each other PostgreSQL ends one; it is begun again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from worker.store.database import Database, again_after_deadlock

pytestmark = pytest.mark.xdist_group("servers")


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A database with two counters."""
    made = Database(postgres_url)
    with made.write("default") as books:
        books.tx.execute(sa.text("CREATE TABLE counters (id INT PRIMARY KEY, n INT)"))
        books.tx.execute(sa.text("INSERT INTO counters VALUES (1, 0), (2, 0)"))
    yield made
    made.close()


def counted(database: Database) -> list[int]:
    with database.read("default") as books:
        return list(books.tx.execute(sa.text("SELECT n FROM counters ORDER BY id")).scalars())


def test_a_deadlock_is_tried_again_until_both_transactions_are_through(database: Database) -> None:
    have_first = threading.Barrier(2)
    tries: list[int] = []

    @again_after_deadlock
    def count(first: int, second: int) -> None:
        is_first_try = first not in tries
        tries.append(first)
        with database.write("default") as books:
            add = sa.text("UPDATE counters SET n = n + 1 WHERE id = :id")
            books.tx.execute(add, {"id": first})
            if is_first_try:
                have_first.wait(10)
            books.tx.execute(add, {"id": second})

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(count, 1, 2), pool.submit(count, 2, 1)]:
            done.result(30)
    assert counted(database) == [2, 2]
    assert len(tries) == 3


def test_another_fault_of_the_database_is_not_tried_again(database: Database) -> None:
    tries: list[int] = []

    @again_after_deadlock
    def fail() -> None:
        tries.append(1)
        with database.write("default") as books:
            books.tx.execute(sa.text("SELECT n / 0 FROM counters"))

    with pytest.raises(sa.exc.DataError):
        fail()
    assert tries == [1]
