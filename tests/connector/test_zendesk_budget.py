# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of calls: fixed clock minutes, shares, what headers and refusals teach."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from connector.zendesk.budget import ACCOUNT, INCREMENTAL, MemoryBudget, readings
from tests.connector.zendesk_rows import at

NOW = at("2026-11-24 15:00:10")


def a_budget() -> MemoryBudget:
    return MemoryBudget(Fraction(7, 10))


def spend(budget: MemoryBudget, bucket: str, moment: datetime = NOW) -> int:
    """Calls until the bucket is empty."""
    calls = 0
    while budget.take((ACCOUNT, bucket), moment)[0] == 0:
        calls += 1
    return calls


def test_one_export_a_minute_is_left_for_other_tools():
    budget = a_budget()
    assert spend(budget, INCREMENTAL) == 9
    assert budget.take((ACCOUNT, INCREMENTAL), NOW) == (50.0, INCREMENTAL)


def test_a_window_ends_at_the_full_clock_minute_not_a_minute_after_the_first_call():
    budget = a_budget()
    spend(budget, INCREMENTAL, at("2026-11-24 15:00:59"))
    assert spend(budget, INCREMENTAL, at("2026-11-24 15:01:00")) == 9


def test_a_call_that_must_wait_for_one_bucket_is_counted_in_none():
    budget = a_budget()
    spend(budget, INCREMENTAL)
    for _ in range(50):
        budget.take((ACCOUNT, INCREMENTAL), NOW)
    others = 0
    while budget.take((ACCOUNT,), NOW)[0] == 0:
        others += 1
    assert others == 140 - 9


def test_the_share_of_the_plan_is_taken_from_the_limit_that_headers_tell():
    budget = a_budget()
    budget.observe(ACCOUNT, 700, 699, NOW)
    calls = 0
    while budget.take((ACCOUNT,), NOW)[0] == 0:
        calls += 1
    assert calls == 490


def test_what_others_used_up_is_respected_until_the_minute_ends():
    budget = a_budget()
    budget.observe("tickets-update", 100, 0, NOW)
    assert budget.take((ACCOUNT, "tickets-update"), NOW)[0] == 50.0
    assert budget.take((ACCOUNT, "tickets-update"), NOW + timedelta(seconds=50))[0] == 0


def test_a_refused_export_makes_us_take_less_for_ten_minutes():
    budget = a_budget()
    budget.refuse(INCREMENTAL, 50, NOW)
    assert budget.take((INCREMENTAL,), NOW + timedelta(seconds=49))[0] == pytest.approx(1.0)
    assert spend(budget, INCREMENTAL, NOW + timedelta(seconds=60)) == 7
    assert spend(budget, INCREMENTAL, NOW + timedelta(seconds=700)) == 9


def test_the_per_ticket_window_ends_at_the_full_ten_minutes():
    budget = a_budget()
    budget.observe("per-ticket-updates", 30, 0, NOW)
    assert budget.take(("per-ticket-updates",), NOW)[0] == 590.0


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        pytest.param(
            {"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "696"},
            [(ACCOUNT, 700, 696)],
            id="x- pair",
        ),
        pytest.param(
            {"ratelimit-limit": "700", "ratelimit-remaining": "5", "ratelimit-reset": "9"},
            [(ACCOUNT, 700, 5)],
            id="spelling since 2024",
        ),
        pytest.param(
            {"rate-limit": "700", "rate-limit-remaining": "5"}, [(ACCOUNT, 700, 5)], id="2023"
        ),
        pytest.param(
            {"zendesk-rate-limit-tickets-update": "total=20; remaining=19; resets=59"},
            [("tickets-update", 20, 19)],
            id="endpoint, 2023",
        ),
        pytest.param(
            {"Zendesk-RateLimit-tickets-index": "total=100; remaining=99; resets=41"},
            [("tickets-index", 100, 99)],
            id="endpoint, 2024",
        ),
        pytest.param({"X-Rate-Limit": "many"}, [], id="nonsense"),
        pytest.param({}, [], id="nothing"),
    ],
)
def test_headers_are_read_in_both_spellings(
    headers: dict[str, str], told: list[tuple[str, int, int]]
):
    assert readings(headers) == told
