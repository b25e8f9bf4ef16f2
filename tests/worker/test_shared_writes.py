# SPDX-License-Identifier: GPL-3.0-or-later
"""Small transactions of several threads that are committed as one."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from worker.store.database import Books, Database
from worker.store.schema import upgrade
from worker.store.shared_writes import SharedWrites
from worker.store.tables import unknown_words

WAIT_S = 20.0


class Counted:
    """Transactions of a database, counted; the first one waits until it is let go."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'stipt.db'}")
        upgrade(self.database)
        self.number = 0
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    @contextmanager
    def write(self) -> Iterator[Books]:
        """A transaction."""
        self.number += 1
        with self.database.write("default") as books:
            yield books
            self.has_begun.set()
            assert self.may_go_on.wait(WAIT_S)

    def words(self) -> set[str]:
        """What is stored."""
        with self.database.read("default") as books:
            return set(books.tx.execute(sa.select(unknown_words.c.word)).scalars())


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    one = Counted(tmp_path)
    yield one
    one.database.close()


def add(books: Books, word: str) -> str:
    if word == "bad":
        raise ValueError(word)
    books.tx.execute(sa.insert(unknown_words).values(account="default", word=word, seen_at=0))
    return word.upper()


def test_what_comes_during_a_commit_is_committed_together(counted: Counted) -> None:
    shared = SharedWrites(counted.write)
    words = ["one", "two", "three", "four"]
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(shared.run, lambda books: add(books, "first"))
        assert counted.has_begun.wait(WAIT_S)
        others = [pool.submit(shared.run, lambda books, w=w: add(books, w)) for w in words]
        while shared.n_waiting < len(words):
            counted.may_go_on.wait(0.005)
        counted.may_go_on.set()
        assert first.result(WAIT_S) == "FIRST"
        assert [one.result(WAIT_S) for one in others] == ["ONE", "TWO", "THREE", "FOUR"]
    assert counted.number == 2
    assert counted.words() == {"first", *words}


def test_one_that_fails_takes_no_others_with_it(counted: Counted) -> None:
    shared = SharedWrites(counted.write)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(shared.run, lambda books: add(books, "first"))
        assert counted.has_begun.wait(WAIT_S)
        good = pool.submit(shared.run, lambda books: add(books, "good"))
        bad = pool.submit(shared.run, lambda books: add(books, "bad"))
        while shared.n_waiting < 2:
            counted.may_go_on.wait(0.005)
        counted.may_go_on.set()
        assert first.result(WAIT_S) == "FIRST"
        assert good.result(WAIT_S) == "GOOD"
        with pytest.raises(ValueError, match="bad"):
            bad.result(WAIT_S)
    assert counted.words() == {"first", "good"}
