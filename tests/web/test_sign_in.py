# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of Stipt's own: who gets in, how long, and what they may do there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests
import sqlalchemy as sa

from tests.web.people import PASSWORD, WRONG, Pages, give_up, pages_of
from worker.passwords import hashed, is_right, prepare
from worker.store.letters import Choice, count_letters
from worker.store.people import EVERYBODY, change_password, remove_person
from worker.store.people_tables import people, sessions, sign_in_tries
from worker.web.sign_in import gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import StringIO

    from tests.worker.conftest import Site


@pytest.fixture
def pages(site: Site) -> Iterator[Pages]:
    """Ada may act, Vera may look; one message was given up."""
    give_up(site)
    with pages_of(site, auth="local") as found:
        found.add("ada", "operator")
        found.add("vera", "viewer")
        yield found


def given_up(pages: Pages) -> int:
    with pages.site.database.read("default") as books:
        return count_letters(books, Choice(("dead",)))


@pytest.mark.parametrize("path", ["/", "/policy", "/messages", "/health", "/tickets/7", "/nothing"])
def test_a_stranger_is_sent_to_the_sign_in_page_and_learns_nothing(pages: Pages, path: str) -> None:
    answer = pages.browser().get(path)
    assert (answer.status_code, answer.text) == (303, "")
    onward = "" if path == "/" else f"?next={path.replace('/', '%2F')}"
    assert answer.headers["location"] == f"/sign-in{onward}"


@pytest.mark.parametrize("path", ["/board/rows", "/board/events", "/tickets/7/explanation.json"])
def test_what_scripts_read_is_refused_to_strangers(pages: Pages, path: str) -> None:
    answer = requests.get(pages.url + path, timeout=10)
    assert (answer.status_code, answer.text) == (401, "Unauthorized\n")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/static/board.css"])
def test_probes_and_styles_need_nobody(pages: Pages, path: str) -> None:
    assert requests.get(pages.url + path, timeout=10).status_code in (200, 503)


def test_name_and_password_open_the_page_that_was_asked_for(pages: Pages) -> None:
    browser = pages.browser()
    answer = browser.sign_in("Ada", onward="/messages?state=all")
    assert (answer.status_code, answer.headers["location"]) == (303, "/messages?state=all")
    page = browser.get("/messages")
    assert page.status_code == 200
    assert "Send again" in page.text
    assert ">ada</span>" in page.text
    assert browser.get("/sign-in").status_code == 303


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/sign-in",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x=y",
    ],
)
def test_no_address_leads_from_the_sign_in_page_elsewhere(pages: Pages, onward: str) -> None:
    assert pages.browser().sign_in("ada", onward=onward).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(pages: Pages) -> None:
    known, unknown = (pages.browser().sign_in(name, WRONG) for name in ("ada", "nobody"))
    told = [
        one.text.partition("<form")[0] + one.text.partition("Password</label>")[2][:80]
        for one in (known, unknown)
    ]
    assert known.status_code == unknown.status_code == 403
    assert told[0] == told[1]
    assert "The name or the password is not right." in known.text
    assert sorted(known.headers) == sorted(unknown.headers)


def test_an_unknown_name_takes_the_work_of_a_known_one() -> None:
    prepare()
    held = hashed("ada", PASSWORD)
    spent = []
    for one in (held, None):
        before = time.process_time()
        assert not is_right(WRONG, one)
        spent.append(time.process_time() - before)
    assert spent[1] > spent[0] / 3


def test_the_cookie_is_hidden_from_scripts_and_other_sites(pages: Pages) -> None:
    cookie = pages.browser().sign_in("ada").headers["set-cookie"]
    assert "stipt_session=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_on_any_other_host_the_cookie_is_for_https_and_that_host_alone(pages: Pages) -> None:
    cookie = pages.browser().get("/sign-in", Host="stipt.example.com").headers["set-cookie"]
    assert cookie.startswith("__Host-stipt_form=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_a_browser_that_keeps_no_cookie_is_told_so(pages: Pages) -> None:
    answer = pages.browser().post("/sign-in", {"name": "ada", "password": PASSWORD})
    assert answer.status_code == 403
    assert "sent no cookie" in answer.text


def test_the_sign_in_form_of_another_visitor_or_site_is_refused(pages: Pages) -> None:
    stolen = pages.browser().form_token("/sign-in")
    browser = pages.browser()
    own = browser.form_token("/sign-in")
    values = {"name": "ada", "password": PASSWORD}
    for token, origin in ((stolen, pages.url), (own, "https://evil.example")):
        answer = browser.post("/sign-in", {**values, "form_token": token}, Origin=origin)
        assert answer.status_code == 403
        assert "session" not in answer.headers.get("set-cookie", "")


def test_the_database_holds_neither_tokens_nor_passwords(pages: Pages) -> None:
    browser = pages.browser()
    browser.sign_in("ada")
    token = browser.session.cookies["stipt_session"]
    with pages.site.database.read(EVERYBODY) as books:
        rows = [
            str(row)
            for table in (people, sessions, sign_in_tries)
            for row in books.tx.execute(sa.select(table)).all()
        ]
    assert rows
    assert not any(token in row or PASSWORD in row for row in rows)
    assert any("$argon2id$" in row for row in rows)


def test_logs_never_hold_what_was_typed(pages: Pages, captured_logs: StringIO) -> None:
    browser = pages.browser()
    browser.sign_in("canary-name", WRONG)
    browser.sign_in(WRONG, WRONG)
    browser.sign_in("ada")
    browser.get(f"/sign-in?next=/{WRONG}")
    browser.post("/sign-in", {"password": WRONG, "name": WRONG, "form_token": WRONG})
    told = captured_logs.getvalue()
    assert '"sign_in_refused"' in told
    assert '"signed_in"' in told
    assert "canary" not in told.lower()
    assert "ada" not in told


def test_nothing_that_was_typed_comes_back(pages: Pages) -> None:
    answer = pages.browser().sign_in('"><script>', WRONG, onward='/"><script>')
    assert WRONG not in answer.text
    assert "<script" not in answer.text


def test_signing_out_ends_the_session_and_not_only_the_cookie(pages: Pages) -> None:
    browser = pages.browser()
    browser.sign_in("vera")
    kept = dict(browser.session.cookies)
    answer = browser.post("/sign-out", {"form_token": browser.form_token()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "stipt_session" not in browser.session.cookies
    again = requests.get(pages.url, cookies=kept, timeout=10, allow_redirects=False)
    assert again.status_code == 401


def test_a_session_ends_unused_and_after_a_week_in_any_case(pages: Pages) -> None:
    unused, used = pages.browser(), pages.browser()
    for one in (unused, used):
        one.sign_in("ada")
    for hours in range(11, 7 * 24, 11):
        pages.site.wait(hours=11)
        assert used.get().status_code == 200
        assert hours < 12 or unused.get().status_code == 303
    pages.site.wait(hours=5)
    assert used.get().status_code == 303


@pytest.mark.parametrize("deed", ["removed", "new password"])
def test_whoever_is_removed_or_changed_is_out_at_once(pages: Pages, deed: str) -> None:
    browser = pages.browser()
    browser.sign_in("ada")
    assert browser.get().status_code == 200
    with pages.site.database.write(EVERYBODY) as books:
        if deed == "removed":
            remove_person(books, "ada")
        else:
            change_password(books, "ada", hashed("ada", WRONG), pages.site.clock.now())
    assert browser.get().status_code == 303


def test_an_open_board_ends_with_the_session(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "LOOK_AGAIN_S", 0.0)
    browser = pages.browser()
    browser.sign_in("ada")
    stream = browser.session.get(f"{pages.url}/board/events", stream=True, timeout=20)
    assert stream.status_code == 200
    rest = stream.iter_content(None)
    assert next(rest)
    with pages.site.database.write(EVERYBODY) as books:
        remove_person(books, "ada")
    assert len(list(rest)) < 5  # it ends; otherwise this would wait for ever


def test_a_session_of_before_is_over_once_somebody_signs_in_anew(pages: Pages) -> None:
    browser = pages.browser()
    browser.sign_in("ada")
    before = browser.session.cookies["stipt_session"]
    token = browser.form_token()
    browser.session.cookies.set("stipt_session", "made-up", domain="127.0.0.1", path="/")
    assert browser.get().status_code == 303
    assert token
    browser.sign_in("ada")
    assert browser.session.cookies["stipt_session"] not in (before, "made-up")


def test_a_viewer_may_look_and_not_act(pages: Pages) -> None:
    browser = pages.browser()
    browser.sign_in("vera")
    page = browser.get("/messages")
    assert page.status_code == 200
    assert "Send again" not in page.text
    assert browser.post("/messages/retry", {"form_token": browser.form_token()}).status_code == 403
    assert given_up(pages) == 1


def test_an_operator_acts_by_a_form_of_this_session_only(pages: Pages) -> None:
    browser, other = pages.browser(), pages.browser()
    browser.sign_in("ada")
    other.sign_in("ada")
    for token in ("", "0" * 64, other.form_token("/messages")):
        assert browser.post("/messages/retry", {"form_token": token}).status_code == 403
    own = browser.form_token("/messages")
    assert browser.post("/messages/retry", {"form_token": own}, Origin="null").status_code == 403
    assert given_up(pages) == 1
    assert browser.post("/messages/retry", {"form_token": own}).status_code == 303
    assert given_up(pages) == 0


def test_scripts_may_name_the_token_in_a_header(pages: Pages) -> None:
    browser = pages.browser()
    browser.sign_in("ada")
    headers = {"X-Stipt-Form": browser.form_token()}
    assert browser.post("/messages/retry", {}, **headers).status_code == 303


def test_a_body_without_end_is_refused(pages: Pages) -> None:
    browser = pages.browser()
    assert browser.post("/sign-in", {"name": "x" * 70_000}).status_code == 413
    browser.sign_in("ada")
    assert browser.post("/messages/retry", {"id": "x" * 70_000}).status_code == 413


def test_what_is_not_there_is_not_found_rather_than_forbidden(pages: Pages) -> None:
    browser = pages.browser()
    browser.sign_in("vera")
    for path in ("/?account=other", "/tickets/999", "/nothing"):
        answer = browser.get(path)
        assert (answer.status_code, answer.text) == (404, "Not Found\n")


def test_every_page_forbids_what_it_does_not_need(pages: Pages) -> None:
    headers = pages.browser().get("/sign-in").headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


def test_a_name_is_shut_out_for_a_while_and_others_are_not(pages: Pages) -> None:
    for number in range(10):
        assert pages.browser(f"127.0.1.{number + 1}").sign_in("ada", WRONG).status_code == 403
    shut = pages.browser("127.0.2.1").sign_in("ada")
    assert shut.status_code == 429
    assert 0 < int(shut.headers["retry-after"]) <= 900
    assert pages.browser("127.0.2.1").sign_in("vera").status_code == 303
    pages.site.wait(minutes=15)
    assert pages.browser("127.0.2.1").sign_in("ada").status_code == 303


def test_an_address_is_shut_out_whatever_names_it_tries(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.web.sign_in.limits.PER_ADDRESS", 4)
    browser = pages.browser("127.0.3.1")
    codes = [browser.sign_in(f"name-{number}", WRONG).status_code for number in range(6)]
    assert codes == [403, 403, 403, 403, 429, 429]
    assert pages.browser("127.0.3.1").sign_in("ada").status_code == 429
    assert pages.browser("127.0.3.2").sign_in("ada").status_code == 303


def test_signing_in_rightly_is_never_too_often(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.web.sign_in.limits.PER_ADDRESS", 2)
    monkeypatch.setattr("worker.web.sign_in.limits.PER_NAME", 2)
    assert [pages.browser().sign_in("ada").status_code for _ in range(5)] == [303] * 5


def test_who_comes_over_https_is_told_to_come_so_always(site: Site) -> None:
    for url, told in (
        ("https://stipt.example.com", "max-age=31536000"),
        ("http://127.0.0.1:8080", None),
        (None, None),
    ):
        with pages_of(site, auth="local", public_url=url) as pages:
            for path in ("/sign-in", "/", "/livez", "/nothing"):
                answer = pages.browser().get(path)
                assert answer.headers.get("strict-transport-security") == told
