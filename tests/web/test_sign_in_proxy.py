# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a reverse proxy tells, and pages that are shown without any sign-in."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import requests

from tests.web.people import Pages, give_up, pages_of
from worker.settings import SettingsInvalid, load_settings
from worker.web.binding import web_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.worker.conftest import Site

PROXY = "127.0.0.2"
ADA = {"X-Forwarded-User": "Ada@example.com"}


@pytest.fixture
def proxied(site: Site) -> Iterator[Pages]:
    """A proxy at 127.0.0.2 is believed; Ada and Grace may act; one message was given up."""
    give_up(site)
    settings = {"auth_trusted": (f"{PROXY}/32",), "auth_operators": ("ada@example.com", "grace")}
    with pages_of(site, auth="proxy", **settings) as found:
        yield found


@pytest.fixture
def unguarded(site: Site) -> Iterator[Pages]:
    """No sign-in is set up."""
    with pages_of(site) as found:
        yield found


def test_whom_the_proxy_names_is_in(proxied: Pages) -> None:
    page = proxied.browser(PROXY, **ADA).get("/messages")
    assert page.status_code == 200
    assert "Ada@example.com</span>" in page.text
    assert "Sign out" not in page.text


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.3"])
@pytest.mark.parametrize("path", ["/", "/messages", "/board/events", "/nothing"])
def test_the_header_is_ignored_from_any_other_address(
    proxied: Pages, address: str, path: str
) -> None:
    forged = {**ADA, "X-Forwarded-For": PROXY, "X-Real-IP": PROXY, "Forwarded": f"for={PROXY}"}
    answer = proxied.browser(address, **forged).get(path)
    assert (answer.status_code, answer.text) == (401, "Unauthorized\n")


def test_another_header_names_nobody(proxied: Pages) -> None:
    for forged in ({}, {"X-Forwarded-User": ""}, {"X-Remote-User": "ada@example.com"}):
        assert proxied.browser(PROXY, **forged).get().status_code == 401


def test_a_header_that_stands_there_twice_names_nobody(proxied: Pages) -> None:
    port = int(proxied.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10, (PROXY, 0)) as connection:
        named = "X-Forwarded-User: ada@example.com\r\n"
        head = f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{named}{named}\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_who_is_no_operator_is_a_viewer(proxied: Pages) -> None:
    vera = proxied.browser(PROXY, **{"X-Forwarded-User": "vera"})
    ada = proxied.browser(PROXY, **ADA)
    token = ada.form_token("/messages")
    assert vera.form_token("/messages") == ""
    for who, code in ((vera, 403), (ada, 303)):
        assert who.post("/messages/retry", {"form_token": token}).status_code == code


def test_a_form_that_was_shown_to_somebody_else_is_refused(proxied: Pages) -> None:
    other = proxied.browser(PROXY, **{"X-Forwarded-User": "grace"}).form_token("/messages")
    assert other
    answer = proxied.browser(PROXY, **ADA).post("/messages/retry", {"form_token": other})
    assert answer.status_code == 403


def test_there_is_no_sign_in_page_beside_the_proxy(proxied: Pages) -> None:
    assert proxied.browser(PROXY, **ADA).get("/sign-in").status_code == 404


def test_without_a_sign_in_this_machine_sees_and_does_everything(unguarded: Pages) -> None:
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert unguarded.browser().get("/", Host=host).status_code == 200
    assert "Sign out" not in unguarded.browser().get().text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Host": "evil.example:8080"}, id="a name of another site that leads here"),
        pytest.param({"Host": "127.0.0.1.evil.example"}, id="a name that only looks like ours"),
        pytest.param({"X-Forwarded-For": "203.0.113.9"}, id="a proxy that serves others"),
        pytest.param({"Forwarded": "for=203.0.113.9"}, id="a proxy, by the standard"),
    ],
)
def test_without_a_sign_in_nobody_else_sees_anything(
    unguarded: Pages, headers: dict[str, str]
) -> None:
    for path in ("/", "/messages", "/board/events", "/nothing"):
        answer = unguarded.browser().get(path, **headers)
        assert answer.status_code == 403
        assert "STIPT_AUTH is not set" in answer.text
    assert unguarded.browser().get("/livez", **headers).status_code in (200, 503)


def test_a_form_of_another_site_does_nothing_without_a_sign_in_either(unguarded: Pages) -> None:
    answer = requests.post(f"{unguarded.url}/messages/retry", data={}, timeout=10)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"STIPT_AUTH": "oidc"}, "STIPT_OIDC_ISSUER is missing"),
        ({"STIPT_AUTH": "proxy"}, "STIPT_AUTH_TRUSTED is missing"),
        ({"STIPT_HTTP_BIND": "0.0.0.0:80"}, "STIPT_AUTH is not set"),
        ({"STIPT_HTTP_BIND": "[::]:80"}, "STIPT_AUTH is not set"),
        ({"STIPT_HTTP_BIND": "10.0.0.5:80"}, "STIPT_AUTH is not set"),
    ],
)
def test_half_a_sign_in_is_refused_at_the_start(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsInvalid, match=told):
        web_address(load_settings(given, environment={}))


def test_a_trusted_address_that_is_none_is_told_with_the_other_settings() -> None:
    with pytest.raises(SettingsInvalid, match=r"STIPT_AUTH_TRUSTED.*proxy\.example is none"):
        load_settings({"STIPT_AUTH_TRUSTED": "proxy.example"}, environment={})


def test_tries_are_counted_for_the_caller_that_a_trusted_proxy_names(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.web.sign_in.limits.PER_ADDRESS", 1)

    def tried(pages: Pages, address: str, caller: str) -> int:
        named = {"X-Forwarded-For": caller}
        return pages.browser(address, **named).sign_in("nobody", "wrong").status_code

    with pages_of(site, auth="local", auth_trusted=(PROXY,)) as pages:
        assert [tried(pages, PROXY, f"203.0.113.{n}") for n in (1, 2, 2)] == [403, 403, 429]
        site_of_one = [tried(pages, PROXY, f"2001:db8::{n}") for n in (1, 2)]
        assert site_of_one == [403, 429]
