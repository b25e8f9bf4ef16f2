# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call: OAuth tokens, scopes, roles, and what strangers are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from connector.sandbox.auth import Grant
from tests.sandbox.builders import Client, a_sandbox


def ask_token(client: Client, **changes: object) -> requests.Response:
    body = {
        "grant_type": "client_credentials",
        "client_id": "stipt",
        "client_secret": "sandbox-secret",
        "scope": "tickets:read users:read",
        "expires_in": 3600,
    }
    url = f"{client.sandbox.base_url}/oauth/tokens"
    return requests.post(url, json=body | changes, timeout=10)


def test_client_credentials_give_a_token_without_a_refresh_token() -> None:
    with a_sandbox() as client:
        answer = ask_token(client)
        assert answer.status_code in {200, 201}
        granted = answer.json()
        client.headers = {"Authorization": f"Bearer {granted['access_token']}"}
        assert client.get("tickets").status_code == 200
    assert list(granted) == ["access_token", "token_type", "scope", "expires_in"]
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 3600)


def test_a_token_ends_when_it_said_it_would() -> None:
    with a_sandbox() as client:
        token = ask_token(client).json()["access_token"]
        client.headers = {"Authorization": f"Bearer {token}"}
        client.sandbox.advance(timedelta(seconds=3599))
        assert client.get("tickets").status_code == 200
        client.sandbox.advance(timedelta(seconds=1))
        refused = client.get("tickets")
    assert refused.status_code == 401
    assert refused.json()["error"] == "invalid_token"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        pytest.param({"client_secret": "wrong"}, 401, "invalid_client", id="wrong secret"),
        pytest.param({"client_id": "nobody"}, 401, "invalid_client", id="unknown client"),
        pytest.param({"scope": "write"}, 400, "invalid_scope", id="scope beyond the client's"),
        pytest.param({"expires_in": 60}, 400, "invalid_request", id="life too short"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", id="grant type"),
    ],
)
def test_a_bad_token_request_is_refused(
    changes: dict[str, object], status: int, error: str
) -> None:
    with a_sandbox(allowed_scopes=("tickets:read", "users:read")) as client:
        answer = ask_token(client, **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


# zendesk.md 14.2: a misspelt scope yields a token; every later call answers 403
def test_a_misspelt_scope_gives_a_token_that_opens_nothing() -> None:
    with a_sandbox() as client:
        answer = ask_token(client, scope="ticket:read users:read")
        assert answer.status_code in {200, 201}
        client.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        statuses = {client.get(path).status_code for path in ("tickets", "users", "ticket_fields")}
    assert statuses == {403}


def test_a_missing_scope_closes_its_endpoints_only() -> None:
    with a_sandbox() as client:
        token = ask_token(client, scope="tickets:read").json()["access_token"]
        client.headers = {"Authorization": f"Bearer {token}"}
        statuses = [client.get(path).status_code for path in ("tickets", "organizations")]
        statuses.append(client.post("tickets", {"ticket": {}}).status_code)
    assert statuses == [200, 403, 403]


# zendesk.md 14.2: users/me of a stranger is a 200
def test_users_me_of_a_stranger_is_a_200_without_an_id() -> None:
    with a_sandbox() as client:
        for headers in ({}, {"Authorization": "Basic bm9ib2R5OnB3"}):
            client.headers = headers
            answer = client.get("users/me")
            assert answer.status_code == 200
            assert answer.json()["user"]["id"] is None
            assert answer.json()["user"]["name"] == "Anonymous user"


def test_everything_else_wants_credentials() -> None:
    with a_sandbox() as client:
        client.headers = {"Authorization": "Basic bm9ib2R5OnB3"}
        answer = client.get("tickets")
    assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


@pytest.mark.parametrize(
    ("faults", "now", "status"),
    [
        pytest.param((), datetime(2026, 11, 24, tzinfo=UTC), 401, id="new account"),
        pytest.param(("old_account",), datetime(2026, 11, 24, tzinfo=UTC), 200, id="old account"),
        pytest.param(("old_account",), datetime(2027, 5, 1, tzinfo=UTC), 401, id="after the end"),
    ],
)
def test_api_tokens_work_on_old_accounts_until_they_end(
    faults: tuple[str, ...], now: datetime, status: int
) -> None:
    with a_sandbox(faults=faults, now=now) as client:
        login = ("stipt.service@example.com/token", client.sandbox.settings.api_token)
        url = f"{client.sandbox.base_url}/api/v2/tickets"
        assert requests.get(url, auth=login, timeout=10).status_code == status


def test_a_refresh_token_works_once() -> None:
    with a_sandbox() as client:
        authority = client.sandbox.site.authority
        authority.refresh_tokens["first"] = Grant(client.sandbox.account.owner_id, frozenset())
        grant = {"grant_type": "refresh_token", "refresh_token": "first"}
        first, second = ask_token(client, **grant), ask_token(client, **grant)
    assert first.json()["refresh_token"] != "first"
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")


def test_admin_endpoints_refuse_agents() -> None:
    with a_sandbox() as client:
        agent = next(user for user in client.sandbox.account.staff() if user.role == "agent")
        client.sandbox.site.authority.tokens["agent"] = Grant(agent.id, frozenset({"read"}))
        client.headers = {"Authorization": "Bearer agent"}
        statuses = [
            client.get("incremental/tickets/cursor", start_time=0).status_code,
            client.get("slas/policies").status_code,
            client.get("tickets").status_code,
        ]
    assert statuses == [403, 403, 200]


def test_a_team_plan_has_no_policies_and_no_schedules() -> None:
    with a_sandbox(faults=("team",)) as client:
        statuses = [
            client.get(path).status_code for path in ("slas/policies", "business_hours/schedules")
        ]
        features = client.get("account/settings").json()["settings"]["active_features"]
    assert statuses == [403, 403]
    assert features["business_hours"] is False
