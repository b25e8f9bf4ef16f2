# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls over HTTP: who they are signed by, what is repeated, what is refused."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from msgspec import Raw

from connector.base import (
    Conflict,
    CredentialsRejected,
    Gone,
    Refused,
    Throttled,
    Unavailable,
)
from connector.zendesk.account import (
    AccessToken,
    ApiToken,
    ClientCredentials,
    Credentials,
    ZendeskAccount,
)
from connector.zendesk.calls import Call
from connector.zendesk.session import Session
from tests.connector.scripted import START, Reply, ScriptedServer, StandingClock

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/api/v2/things"
READ = Call("GET", PATH, "/things")
WRITE = Call("PUT", PATH, "/things", body={"a": 1})
TOKEN = AccessToken("secret-token")
CLIENT = ClientCredentials("stipt", "secret-of-client")


@dataclass
class Bench:
    """A scripted server, a standing clock and a session between them."""

    server: ScriptedServer
    clock: StandingClock

    def session(self, credentials: Credentials = TOKEN) -> Session:
        return Session(
            ZendeskAccount(
                account="default",
                base_url=self.server.url,
                credentials=credentials,
                clock=self.clock.now,
                pause=self.clock.pause,
            )
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ScriptedServer() as server:
        yield Bench(server, StandingClock())


def granted(name: str = "t1", life: int = 86400) -> Reply:
    return Reply(
        status=201, body={"access_token": name, "scope": "tickets:read", "expires_in": life}
    )


def test_an_answer_is_decoded_and_every_try_is_counted(bench: Bench):
    bench.server.on("GET", PATH, Reply(status=500), Reply(body={"x": 1}, zipped=True))
    session = bench.session()
    assert session.get(READ, dict[str, int]) == {"x": 1}
    assert session.calls_spent() == {"GET /things": 2}


def test_a_token_is_asked_for_with_an_explicit_life_and_renewed_before_its_end(bench: Bench):
    bench.server.on("POST", "/oauth/tokens", granted("t1"), granted("t2"))
    bench.server.on("GET", PATH, Reply())
    session = bench.session(CLIENT)
    session.get(READ, Raw)
    bench.clock.at += timedelta(seconds=0.79 * 86400)
    session.get(READ, Raw)
    bench.clock.at += timedelta(seconds=0.02 * 86400)
    session.get(READ, Raw)
    asked = bench.server.asked("/oauth/tokens", "POST")
    assert len(asked) == 2
    assert asked[0].body == {
        "grant_type": "client_credentials",
        "client_id": "stipt",
        "client_secret": "secret-of-client",
        "scope": (
            "tickets:read tickets:write users:read organizations:read"
            " sla_policies:read account_settings:read"
        ),
        "expires_in": 86400,
    }
    assert "Authorization" not in asked[0].headers
    signed = [item.headers["Authorization"] for item in bench.server.asked(PATH)]
    assert signed == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_a_token_that_ended_early_is_renewed_once_and_the_call_repeated(bench: Bench):
    bench.server.on("POST", "/oauth/tokens", granted("t1"), granted("t2"))
    bench.server.on("GET", PATH, Reply(status=401, body={"error": "invalid_token"}), Reply())
    bench.session(CLIENT).get(READ, Raw)
    assert [item.headers["Authorization"] for item in bench.server.asked(PATH)] == [
        "Bearer t1",
        "Bearer t2",
    ]


def test_a_second_401_ends_the_matter(bench: Bench):
    bench.server.on("POST", "/oauth/tokens", granted())
    bench.server.on("GET", PATH, Reply(status=401))
    with pytest.raises(CredentialsRejected):
        bench.session(CLIENT).get(READ, Raw)
    assert len(bench.server.asked(PATH)) == 2


def test_a_ready_made_token_is_not_renewed(bench: Bench):
    bench.server.on("GET", PATH, Reply(status=401))
    with pytest.raises(CredentialsRejected):
        bench.session(TOKEN).get(READ, Raw)
    assert len(bench.server.asked(PATH)) == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=401, body={"error": "invalid_client"}), id="wrong secret"),
        pytest.param(Reply(status=400, body={"error": "invalid_scope"}), id="scope not allowed"),
    ],
)
def test_a_client_that_is_not_accepted_is_credentials_rejected(bench: Bench, reply: Reply):
    bench.server.on("POST", "/oauth/tokens", reply)
    with pytest.raises(CredentialsRejected) as caught:
        bench.session(CLIENT).get(READ, Raw)
    assert "secret" not in str(caught.value)
    assert bench.server.asked(PATH) == []


def test_an_api_token_works_and_warns_once(bench: Bench, caplog: pytest.LogCaptureFixture):
    bench.server.on("GET", PATH, Reply())
    with caplog.at_level(logging.WARNING, logger="stipt.zendesk"):
        bench.session(ApiToken("ann@example.com", "old-token")).get(READ, Raw)
    assert bench.server.asked(PATH)[0].headers["Authorization"].startswith("Basic ")
    assert [record.message for record in caplog.records] == ["zendesk_api_token"]
    assert "old-token" not in caplog.text


def test_secrets_do_not_show_in_representations():
    shown = repr([CLIENT, TOKEN, ApiToken("ann@example.com", "old-token")])
    assert "secret" not in shown
    assert "old-token" not in shown
    assert "ann@" not in shown


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [
        pytest.param("2", 2.0, id="seconds"),
        pytest.param("1.5", 1.5, id="a fraction"),
        pytest.param("0", 1.0, id="zero"),
        pytest.param(format_datetime(START + timedelta(seconds=3), usegmt=True), 3.0, id="a date"),
    ],
)
def test_a_short_429_is_waited_for(bench: Bench, retry_after: str, waited: float):
    refused = Reply(status=429, body=b"slow down", headers={"Retry-After": retry_after})
    bench.server.on("GET", PATH, refused, Reply())
    bench.session().get(READ, Raw)
    assert bench.clock.waits == [waited]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        pytest.param({"Retry-After": "93"}, 93.0, id="93 seconds"),
        pytest.param({"Retry-After": "99999"}, 900.0, id="hours are cut to a quarter"),
        pytest.param({}, 51.0, id="nothing said: the next clock minute"),
        pytest.param({"Retry-After": ""}, 51.0, id="empty"),
        pytest.param({"Retry-After": "soon"}, 51.0, id="nonsense"),
        pytest.param(
            {"Retry-After": format_datetime(START - timedelta(hours=1), usegmt=True)},
            51.0,
            id="a date in the past",
        ),
    ],
)
def test_a_long_429_is_raised_and_nobody_sleeps(bench: Bench, headers: dict[str, str], wait: float):
    bench.server.on(
        "GET",
        PATH,
        Reply(status=429, body=b"exceeded", headers={"Content-Type": "text/plain", **headers}),
    )
    with pytest.raises(Throttled) as caught:
        bench.session().get(READ, Raw)
    assert caught.value.retry_after == pytest.approx(wait)
    assert bench.clock.waits == []


def test_a_429_that_does_not_heal_is_raised_after_one_wait(bench: Bench):
    bench.server.on("GET", PATH, Reply(status=429, headers={"Retry-After": "0"}))
    with pytest.raises(Throttled):
        bench.session().get(READ, Raw)
    assert len(bench.server.asked(PATH)) == 2


def test_after_a_429_nothing_is_sent_until_its_time(bench: Bench):
    bench.server.on("GET", PATH, Reply(status=429, headers={"Retry-After": "93"}), Reply())
    session = bench.session()
    with pytest.raises(Throttled):
        session.get(READ, Raw)
    bench.clock.at += timedelta(seconds=60)
    with pytest.raises(Throttled) as caught:
        session.get(READ, Raw)
    assert caught.value.retry_after == pytest.approx(33.0)
    assert len(bench.server.asked(PATH)) == 1
    bench.clock.at += timedelta(seconds=33)
    session.get(READ, Raw)


def test_an_empty_bucket_is_told_by_the_headers(bench: Bench):
    headers = {"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "0"}
    bench.server.on("GET", PATH, Reply(headers=headers))
    session = bench.session()
    session.get(READ, Raw)
    with pytest.raises(Throttled) as caught:
        session.get(READ, Raw)
    assert (caught.value.retry_after, caught.value.bucket) == (50.0, "account")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=500), id="500"),
        pytest.param(Reply(status=502, body=b"<html>", headers={"Content-Type": "text/html"})),
        pytest.param(Reply(status=503), id="503"),
        pytest.param(Reply(status=503, headers={"Retry-After": "1"}), id="503, come back soon"),
        pytest.param(Reply(status=504), id="504"),
        pytest.param(Reply(status=520), id="520"),
        pytest.param(Reply(status=524), id="524"),
        pytest.param(Reply(status=409, body={"error": "DatabaseConflict"}), id="409"),
        pytest.param(Reply(body=b"<html>", headers={"Content-Type": "text/html"}), id="HTML 200"),
        pytest.param(Reply(body=b'{"things": [{"id": 1'), id="JSON cut short"),
        pytest.param(Reply(body={"x": 1}, cut=3), id="line cut in the body"),
        pytest.param(Reply(cut=0), id="reset before headers"),
    ],
)
def test_a_read_is_repeated_after_what_may_heal(bench: Bench, reply: Reply):
    bench.server.on("GET", PATH, reply, Reply(body={"x": 1}))
    assert bench.session().get(READ, dict[str, int]) == {"x": 1}
    assert len(bench.server.asked(PATH)) == 2


def test_reads_that_never_heal_end_as_unavailable(bench: Bench):
    bench.server.on("GET", PATH, Reply(status=500))
    with pytest.raises(Unavailable):
        bench.session().get(READ, Raw)
    assert len(bench.server.asked(PATH)) == 4


def test_a_long_maintenance_is_a_time_to_come_back(bench: Bench):
    bench.server.on("GET", PATH, Reply(status=503, headers={"Retry-After": "120"}))
    with pytest.raises(Throttled) as caught:
        bench.session().get(READ, Raw)
    assert caught.value.retry_after == 120.0


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=500), id="500"),
        pytest.param(Reply(status=503, headers={"Retry-After": "1"}), id="503"),
        pytest.param(Reply(body=b"{"), id="JSON cut short"),
        pytest.param(Reply(cut=0), id="reset"),
    ],
)
def test_a_write_with_an_unclear_end_is_never_repeated_by_itself(bench: Bench, reply: Reply):
    bench.server.on("PUT", PATH, reply)
    with pytest.raises(Unavailable):
        bench.session().send(WRITE, Raw)
    assert len(bench.server.asked(PATH, "PUT")) == 1


def test_a_write_that_collided_in_the_helpdesks_database_is_repeated(bench: Bench):
    bench.server.on(
        "PUT", PATH, Reply(status=409, body={"error": "DatabaseConflict"}), Reply(body={"x": 1})
    )
    assert bench.session().send(WRITE, dict[str, int]) == {"x": 1}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(status=403), CredentialsRejected, id="403"),
        pytest.param(Reply(status=404), Gone, id="404"),
        pytest.param(Reply(status=400), Refused, id="400"),
        pytest.param(Reply(status=413), Refused, id="413"),
        pytest.param(Reply(status=422), Refused, id="422"),
        pytest.param(Reply(status=409, body={"error": "UpdateConflict"}), Conflict, id="409"),
    ],
)
def test_other_refusals_have_an_error_of_their_own(
    bench: Bench, reply: Reply, error: type[Exception]
):
    bench.server.on("PUT", PATH, reply)
    with pytest.raises(error):
        bench.session().send(WRITE, Raw)


def test_the_keys_of_a_refusal_are_kept_and_its_prose_is_dropped(bench: Bench):
    body = {
        "error": "RecordInvalid",
        "description": "PLANTED",
        "details": {"status": [{"description": "PLANTED"}]},
    }
    bench.server.on("PUT", PATH, Reply(status=422, body=body))
    with pytest.raises(Refused) as caught:
        bench.session().send(WRITE, Raw)
    assert caught.value.keys == ("status",)
    assert "PLANTED" not in str(caught.value)


def test_a_redirect_is_refused_and_the_other_host_hears_nothing(bench: Bench):
    with ScriptedServer() as other:
        other.on("GET", PATH, Reply())
        bench.server.on("GET", PATH, Reply(status=302, headers={"Location": f"{other.url}{PATH}"}))
        with pytest.raises(Refused):
            bench.session().get(READ, Raw)
        assert other.requests == []


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/api", "//evil.example/api", "api/v2", "/a\\b", "/x/http://evil.example"],
)
def test_an_address_is_never_taken_for_a_path(bench: Bench, path: str):
    with pytest.raises(ValueError, match="a path"):
        bench.session().get(replace(READ, path=path), Raw)
    assert bench.server.requests == []


def test_dripped_bytes_do_not_hold_a_call_beyond_its_deadline(bench: Bench):
    bench.server.on("PUT", PATH, Reply(body={"x": "y" * 500}, drip=0.02))
    with pytest.raises(Unavailable, match="longer than"):
        bench.session().send(replace(WRITE, total_s=0.2), Raw)


def test_a_body_beyond_the_cap_is_not_read_to_its_end(bench: Bench):
    bench.server.on("PUT", PATH, Reply(body={"x": "y" * 500_000}, zipped=True))
    with pytest.raises(Unavailable, match="larger than"):
        bench.session().send(replace(WRITE, most_bytes=100_000), Raw)


def test_a_stop_ends_a_wait(bench: Bench):
    bench.clock.stopped = True
    bench.server.on("GET", PATH, Reply(status=500))
    with pytest.raises(Unavailable, match="stopped"):
        bench.session().get(READ, Raw)


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.zendesk.com",
        "ftp://127.0.0.1",
        "https://acme.zendesk.com/api",
        "https://ann:pw@acme.zendesk.com",
        "https://",
    ],
)
def test_an_address_that_credentials_must_not_reach_is_refused(url: str):
    with pytest.raises(ValueError, match="address"):
        ZendeskAccount(account="a", base_url=url, credentials=TOKEN, clock=StandingClock().now)
