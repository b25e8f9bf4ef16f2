# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of calls in the database: shared by processes, cheap, never overdrawn."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa

from connector.zendesk.budget import ACCOUNT, INCREMENTAL, TICKETS_UPDATE
from tests.worker.conftest import START
from worker.call_budget import SharedBudget
from worker.store.database import Database
from worker.store.schema import prepare

SHARE = Fraction(7, 10)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    prepare(opened)
    yield opened
    opened.close()


def a_process(database: Database, *, limit: int | None = 700) -> SharedBudget:
    """A budget of a process that has been told the plan's limit."""
    made = SharedBudget(database, "default", SHARE)
    if limit is not None:
        made.observe(ACCOUNT, limit, limit - 1, START)
    return made


def spend(budget: SharedBudget, *buckets: str, most: int = 10_000) -> int:
    """Calls that are allowed at one instant."""
    for calls in range(most):
        if budget.take(buckets or (ACCOUNT,), START)[0] > 0:
            return calls
    return most


def test_processes_together_keep_to_their_share_of_the_plan(database: Database) -> None:
    first, second = a_process(database), a_process(database)
    spent = spend(first, most=200) + spend(second, most=200)
    assert spent == 400
    assert 490 - 15 <= spent + spend(first) + spend(second) <= 490


def test_threads_of_many_processes_never_overdraw(database: Database) -> None:
    budgets = [a_process(database) for _ in range(4)]
    spent: list[int] = []
    threads = [
        threading.Thread(target=lambda budget=one: spent.append(spend(budget)))
        for one in budgets
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 490 - 4 * 15 <= sum(spent) <= 490


def test_exports_are_counted_one_by_one(database: Database) -> None:
    first, second = a_process(database), a_process(database)
    assert spend(first, ACCOUNT, INCREMENTAL, most=4) == 4
    assert spend(second, ACCOUNT, INCREMENTAL) == 5


def test_most_calls_cost_no_statement(database: Database) -> None:
    statements: list[str] = []
    budget = a_process(database)
    sa.event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: statements.append(statement),
    )
    assert spend(budget, most=150) == 150
    assert len([one for one in statements if "call_budgets" in one]) <= 3 * 11


def test_a_new_minute_begins_anew(database: Database) -> None:
    first, second = a_process(database), a_process(database)
    spend(first)
    wait, bucket = second.take([ACCOUNT], START + timedelta(seconds=20))
    assert (wait, bucket) == (40, ACCOUNT)
    assert second.take([ACCOUNT], START + timedelta(seconds=60)) == (0, "")


def test_a_refusal_holds_for_every_process(database: Database) -> None:
    first, second = a_process(database), a_process(database)
    first.refuse(INCREMENTAL, 30, START)
    assert second.take([INCREMENTAL], START) == (30, INCREMENTAL)
    later = START + timedelta(seconds=60)
    taken = 0
    while second.take([INCREMENTAL], later)[0] == 0:
        taken += 1
    assert taken == 7  # two less than nine, for ten minutes


def test_a_limit_that_one_process_was_told_is_known_to_the_next(database: Database) -> None:
    spend(a_process(database), most=1)
    assert spend(a_process(database, limit=None), most=400) == 400


def test_before_any_answer_the_smallest_plan_is_assumed(database: Database) -> None:
    assert spend(a_process(database, limit=None)) == 140


def test_what_the_helpdesk_says_is_left_goes_first(database: Database) -> None:
    budget = a_process(database)
    assert spend(budget, most=10) == 10
    budget.observe(ACCOUNT, 700, 0, START)
    assert budget.take([ACCOUNT], START) == (60, ACCOUNT)


def test_a_bucket_without_a_known_limit_is_not_bounded(database: Database) -> None:
    assert spend(a_process(database), ACCOUNT, TICKETS_UPDATE, most=300) == 300


def test_all_buckets_are_charged_or_none(database: Database) -> None:
    budget = a_process(database)
    assert spend(budget, ACCOUNT, INCREMENTAL) == 9
    with database.read("default") as books:
        used = dict(tuple(row) for row in books.tx.execute(sa.text(_USED)))
    assert used[INCREMENTAL] == 9
    assert used[ACCOUNT] == 15


_USED = "SELECT bucket, used FROM call_budgets"
