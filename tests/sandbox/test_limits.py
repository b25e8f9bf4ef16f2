# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits: fixed clock windows, their headers, and what a refused call is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.sandbox import Limits, SandboxSettings
from tests.sandbox.builders import a_sandbox

HALF_PAST = datetime(2026, 11, 24, 15, 4, 41, tzinfo=UTC)


# zendesk.md 14.1: rate headers, and windows that end at the full clock minute
def test_headers_tell_limit_rest_and_the_end_of_the_clock_minute() -> None:
    with a_sandbox(now=HALF_PAST) as client:
        headers = client.get("users/me").headers
    assert headers["x-rate-limit"] == headers["ratelimit-limit"] == "700"
    assert headers["x-rate-limit-remaining"] == headers["ratelimit-remaining"] == "699"
    assert headers["ratelimit-reset"] == "19"


def test_an_endpoint_bucket_has_a_header_of_its_own() -> None:
    with a_sandbox(now=HALF_PAST) as client:
        client.new_ticket()
        listed = client.get("tickets").headers
        updated = client.put("tickets/1", {"ticket": {"priority": "low"}}).headers
    assert listed["zendesk-ratelimit-tickets-index"] == "total=100; remaining=99; resets=19"
    assert updated["zendesk-ratelimit-tickets-update"] == "total=100; remaining=99; resets=19"
    assert updated["zendesk-ratelimit-per-ticket-updates"] == "total=30; remaining=29; resets=319"


def test_the_window_ends_with_the_clock_minute_not_a_minute_after_the_first_call() -> None:
    with a_sandbox(now=HALF_PAST, limits=Limits(plan=2)) as client:
        statuses = [client.get("users/me").status_code for _ in range(3)]
        client.sandbox.advance(timedelta(seconds=18))
        statuses.append(client.get("users/me").status_code)
        client.sandbox.advance(timedelta(seconds=1))
        statuses.append(client.get("users/me").status_code)
    assert statuses == [200, 200, 429, 429, 200]


def test_all_exports_share_one_bucket_of_ten() -> None:
    paths = ("incremental/tickets/cursor", "incremental/ticket_events", "incremental/users")
    with a_sandbox(now=HALF_PAST) as client:
        answers = [client.get(paths[n % 3], start_time=0) for n in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    refused = answers[-1]
    assert refused.headers["Retry-After"] == "19"
    # the plan's own rest is high all the same
    assert refused.headers["x-rate-limit-remaining"] == "689"
    assert refused.json() == {
        "error": "APIRateLimitExceeded",
        "description": "Number of allowed incremental export API requests per minute exceeded",
    }


@pytest.mark.parametrize(
    ("profile", "plan", "exports", "update"),
    [("default", 700, 10, 100), ("high_volume", 2500, 30, 300), ("trial", 700, 10, 20)],
)
def test_profiles_set_the_documented_limits(
    profile: str, plan: int, exports: int, update: int
) -> None:
    limits = SandboxSettings(profile=profile).effective_limits
    assert (limits.plan, limits.exports, limits.ticket_update) == (plan, exports, update)


def test_one_ticket_takes_thirty_updates_in_ten_minutes() -> None:
    with a_sandbox(now=HALF_PAST) as client:
        client.new_ticket()
        answers = [client.put("tickets/1", {"ticket": {}}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert answers[-1].headers["Retry-After"] == "319"


# zendesk.md 14.1: 429 for one user's updates is plain text
def test_too_many_updates_of_one_user_are_refused_in_plain_text() -> None:
    with a_sandbox() as client:
        path = f"users/{client.sandbox.account.owner_id}"
        answers = [client.put(path, {"user": {"notes": "x"}}) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Content-Type"].startswith("text/plain")
    with pytest.raises(ValueError, match="Expecting value"):
        answers[-1].json()


def test_exports_can_be_freed_of_their_limit() -> None:
    with a_sandbox(faults=("unlimited_exports",)) as client:
        statuses = {client.get("incremental/users", start_time=0).status_code for _ in range(15)}
    assert statuses == {200}


def test_webhook_answers_carry_only_the_older_pair_of_headers() -> None:
    with a_sandbox() as client:
        headers = client.get("webhooks").headers
    assert (headers["x-rate-limit"], headers["x-rate-limit-remaining"]) == ("100", "99")
    assert "ratelimit-limit" not in headers
    assert "etag" not in headers


def test_deep_pages_by_number_are_refused_for_good() -> None:
    with a_sandbox() as client:
        answer = client.get("tickets", page=101)
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers
    assert "offset" in answer.json()["description"]
