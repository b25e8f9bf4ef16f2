# SPDX-License-Identifier: GPL-3.0-or-later
"""How answers look on the wire: paths, compression, headers, hosts."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from connector.sandbox import SandboxSettings
from tests.sandbox.builders import Client, a_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Iterator[Client]:
    with a_sandbox() as client:
        yield client


def test_a_path_means_the_same_with_and_without_its_suffix(client: Client) -> None:
    client.new_ticket()
    for path in ("tickets/1", "users/me", "ticket_fields"):
        assert client.get(path).json() == client.get(f"{path}.json").json()


def test_found_and_not_found_are_compressed_and_chunked(client: Client) -> None:
    for path in ("users/me", "tickets/999"):
        headers = client.get(path).headers
        assert headers["Content-Encoding"] == "gzip"
        assert headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in headers


def test_created_and_bad_requests_are_not_compressed(client: Client) -> None:
    created = client.post("tickets", {"ticket": {"comment": {"body": "x"}}})
    refused = client.post("tickets/create_many", {"tickets": [{}] * 101})
    assert (created.status_code, refused.status_code) == (201, 400)
    for answer in (created, refused):
        assert "Content-Encoding" not in answer.headers
        assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_a_client_that_takes_no_gzip_gets_plain_text(client: Client) -> None:
    answer = client.send("GET", "users/me", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers


def test_an_empty_answer_has_neither_length_nor_type(client: Client) -> None:
    client.new_ticket()
    answer = client.delete("tickets/1")
    assert answer.status_code == 204
    assert not {"Content-Length", "Content-Type", "Content-Encoding"} & set(answer.headers)


def test_support_answers_carry_the_recorded_headers(client: Client) -> None:
    headers = client.get("tickets").headers
    assert headers["x-zendesk-api-version"] == "v2"
    assert headers["cache-control"] == "max-age=0, private, must-revalidate"
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', headers["etag"])
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert client.get("tickets/9").headers["cache-control"] == "no-cache"


def test_the_date_header_follows_the_sandbox_clock(client: Client) -> None:
    date = parsedate_to_datetime(client.get("users/me").headers["Date"])
    assert date == client.sandbox.now().replace(microsecond=0)


# zendesk.md 14.1: URLs show another host than the one called
def test_urls_name_another_host_than_the_one_called(client: Client) -> None:
    client.new_ticket()
    client.new_ticket()
    called = urlsplit(client.sandbox.base_url).hostname
    page = client.send("GET", "tickets?page[size]=1").json()
    export = client.get("incremental/tickets/cursor", start_time=0).json()
    job = client.put("tickets/update_many", {"tickets": [{"id": 1}]}).json()["job_status"]
    urls = [page["tickets"][0]["url"], page["links"]["next"], export["after_url"], job["url"]]
    assert all(urlsplit(url).hostname not in {called, None} for url in urls)
    assert {urlsplit(url).hostname for url in urls} == {"localhost"}


def test_a_created_record_names_the_host_that_was_called(client: Client) -> None:
    answer = client.post("tickets", {"ticket": {"comment": {"body": "x"}}})
    assert answer.json()["ticket"]["url"].startswith(client.sandbox.base_url)
    assert answer.headers["location"] == answer.json()["ticket"]["url"]


def test_the_other_host_can_be_chosen() -> None:
    with a_sandbox(other_host="https://acme-renamed.zendesk.com") as client:
        client.new_ticket()
        shown = client.get("tickets/1").json()["ticket"]["url"]
    assert shown == "https://acme-renamed.zendesk.com/api/v2/tickets/1.json"


def test_unknown_keys_are_ignored_and_named_in_the_warn_header(client: Client) -> None:
    client.new_ticket()
    answer = client.put("tickets/1", {"ticket": {"id": 1, "colour": "red", "priority": "low"}})
    assert answer.status_code == 200
    assert answer.json()["ticket"]["priority"] == "low"
    assert answer.headers["X-Zendesk-API-Warn"] == (
        '{:allowed_parameters=>{:controller=>"tickets", :action=>"update", '
        ':unpermitted_keys=>["ticket.colour", "ticket.id"], :invalid_values=>[]}}'
    )


def test_the_warn_header_stands_beside_a_404_and_on_a_delete_with_a_body(client: Client) -> None:
    client.new_ticket()
    missing = client.put("tickets/99", {"ticket": {"id": 99}})
    gone = client.delete("tickets/1", {"ticket": {"id": 1}})
    assert (missing.status_code, gone.status_code) == (404, 204)
    assert '["ticket.id"]' in missing.headers["X-Zendesk-API-Warn"]
    assert '["ticket.id", "ticket"]' in gone.headers["X-Zendesk-API-Warn"]


def test_another_subdomain_is_not_served(client: Client) -> None:
    answer = client.send("GET", "users/me", headers={"Host": "nobody.zendesk.com"})
    assert answer.status_code == 404


def test_the_older_spelling_of_the_rate_headers_is_a_switch() -> None:
    with a_sandbox(SandboxSettings(tickets=0, speed=0, era="2023")) as client:
        headers = client.get("tickets").headers
    assert headers["rate-limit"] == "700"
    assert "ratelimit-limit" not in headers
    assert "zendesk-rate-limit-tickets-index" in headers


def test_calls_are_counted_by_the_host_they_came_to(client: Client) -> None:
    client.get("users/me")
    assert list(client.sandbox.ledger.hosts) == [client.sandbox.base_url.removeprefix("http://")]
