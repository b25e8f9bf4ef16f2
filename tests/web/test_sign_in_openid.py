# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign-in at an OpenID provider, over real HTTP with tokens that are really signed."""

from __future__ import annotations

import hmac
import json
import re
from base64 import urlsafe_b64encode
from contextlib import ExitStack
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from tests.web.openid_provider import CLIENT, KEY, NEXT_KEY, SECRET, FakeProvider, provider_at
from tests.web.people import Browser, Pages, give_up, pages_of
from worker.settings import SettingsInvalid, load_settings
from worker.store.people import EVERYBODY, Guest, add_person, begin_session, session_of
from worker.store.people_tables import sessions
from worker.web.binding import web_address
from worker.web.sign_in import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import StringIO

    import requests

    from tests.worker.conftest import Site


WELL_KNOWN = "/.well-known/openid-configuration"


@pytest.fixture
def provider(site: Site) -> Iterator[FakeProvider]:
    """Knows Ada."""
    with provider_at(site.clock.now) as found:
        yield found


@pytest.fixture
def opened(site: Site, provider: FakeProvider) -> Iterator[Callable[..., Pages]]:
    """Starts the application with these settings beside the provider's."""
    give_up(site)
    with ExitStack() as stack:

        def start(**settings: object) -> Pages:
            known = {
                "auth": "oidc",
                "oidc_issuer": provider.url,
                "oidc_client_id": CLIENT,
                "oidc_client_secret": SecretStr(SECRET),
                "public_url": "http://127.0.0.1:1",
            }
            return stack.enter_context(pages_of(site, **{**known, **settings}))

        yield start


@pytest.fixture
def pages(opened: Callable[..., Pages]) -> Pages:
    """Ada is an operator."""
    return opened(auth_operators=("ada@example.com",))


def begun(browser: Browser, onward: str = "/") -> str:
    """Set off; the provider's address that people are sent to."""
    answer = browser.get(f"/sign-in/begin?{urlencode({'next': onward})}")
    assert answer.status_code == 303
    return answer.headers["location"]


def back(browser: Browser, address: str) -> requests.Response:
    """Follow the provider back."""
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")


def signed_in(browser: Browser, provider: FakeProvider, onward: str = "/") -> requests.Response:
    """There and back."""
    return back(browser, provider.sign_in(begun(browser, onward)))


def test_who_signs_in_at_the_provider_is_in(pages: Pages, provider: FakeProvider) -> None:
    browser = pages.browser()
    assert browser.get("/messages").headers["location"] == "/sign-in?next=%2Fmessages"
    page = browser.get("/sign-in?next=%2Fmessages")
    assert 'href="/sign-in/begin?next=%2Fmessages"' in page.text
    assert urlsplit(provider.url).netloc in page.text
    answer = signed_in(browser, provider, "/messages")
    assert (answer.status_code, answer.headers["location"]) == (303, "/messages")
    shown = browser.get("/messages")
    assert "ada@example.com</span>" in shown.text
    assert "Send again" in shown.text
    assert browser.get("/sign-in").status_code == 303


def test_signing_out_ends_the_session_and_does_not_begin_another(
    pages: Pages, provider: FakeProvider
) -> None:
    browser = pages.browser()
    signed_in(browser, provider)
    token = browser.session.cookies["stipt_session"]
    answer = browser.post("/sign-out", {"form_token": browser.form_token("/messages")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    browser.session.cookies.set("stipt_session", token)
    assert browser.get().headers["location"] == "/sign-in"
    assert browser.get("/sign-in").status_code == 200


def left_to(answer: requests.Response) -> str:
    """The address that the page after signing out goes on to."""
    assert answer.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)
    assert found is not None
    assert f'href="{found[1]}"' in answer.text
    return unescape(found[1])


def test_signing_out_ends_the_providers_session_too_where_it_offers_that(
    pages: Pages, provider: FakeProvider
) -> None:
    provider.told = {"end_session_endpoint": f"{provider.url}/logout"}
    browser = pages.browser()
    signed_in(browser, provider)
    assert "stipt_id_token" in browser.session.cookies

    answer = browser.post("/sign-out", {"form_token": browser.form_token("/messages")})

    assert provider.sign_out(left_to(answer)) == "http://127.0.0.1:1/sign-in"
    assert provider.ended == ["u-1"]
    assert not browser.session.cookies.keys()
    assert browser.get().headers["location"] == "/sign-in"


def test_a_token_too_long_for_a_cookie_is_not_kept(pages: Pages, provider: FakeProvider) -> None:
    provider.told = {"end_session_endpoint": f"{provider.url}/logout?p=1"}
    provider.claims["groups"] = ["g" * 40] * 100
    browser = pages.browser()
    signed_in(browser, provider)
    assert "stipt_id_token" not in browser.session.cookies

    answer = browser.post("/sign-out", {"form_token": browser.form_token("/messages")})

    assert left_to(answer).startswith(f"{provider.url}/logout?p=1&client_id=")
    provider.sign_out(left_to(answer))
    assert provider.ended == [None]


@pytest.mark.parametrize(
    "endpoint", ["https://elsewhere.example.com/logout", "javascript:alert(1)", "//", "http://["]
)
def test_nobody_is_sent_to_a_way_out_on_a_host_that_is_not_named(
    endpoint: str, pages: Pages, provider: FakeProvider, captured_logs: StringIO
) -> None:
    provider.told = {"end_session_endpoint": endpoint}
    browser = pages.browser()
    signed_in(browser, provider)

    answer = browser.post("/sign-out", {"form_token": browser.form_token("/messages")})

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert browser.get().headers["location"] == "/sign-in"
    assert "session_kept_at_provider" in captured_logs.getvalue()


def test_a_session_ends_after_half_a_day_however_much_it_is_used(
    pages: Pages, provider: FakeProvider
) -> None:
    browser = pages.browser()
    signed_in(browser, provider)
    for _ in range(11):
        pages.site.wait(hours=1)
        assert browser.get().status_code == 200
    pages.site.wait(hours=1)
    assert browser.get().status_code == 303


@pytest.mark.parametrize(
    ("settings", "claims", "role"),
    [
        pytest.param({}, {}, "viewer", id="everybody may look"),
        pytest.param({"auth_operators": ("ADA@example.com",)}, {}, "operator", id="by name"),
        pytest.param(
            {"oidc_operators": ("sla",)}, {"groups": ["all", "sla"]}, "operator", id="by group"
        ),
        pytest.param(
            {"oidc_operators": ("sla",)}, {"groups": "sla"}, "operator", id="by a single word"
        ),
        pytest.param({"oidc_operators": ("sla",)}, {"groups": ["SLA"]}, "viewer", id="as written"),
        pytest.param(
            {"oidc_operators": ("sla",), "oidc_role_claim": "realm_access.roles"},
            {"realm_access": {"roles": ["sla"]}},
            "operator",
            id="by a path",
        ),
        pytest.param(
            {"oidc_viewers": ("support",)}, {"groups": ["support"]}, "viewer", id="those may look"
        ),
        pytest.param({"oidc_viewers": ("support",)}, {"groups": ["hr"]}, None, id="others not"),
        pytest.param({"oidc_viewers": ("support",)}, {"groups": 7}, None, id="no words at all"),
        pytest.param(
            {"oidc_viewers": ("support",), "auth_operators": ("ada@example.com",)},
            {},
            "operator",
            id="an operator needs no group",
        ),
    ],
)
def test_what_the_provider_tells_decides_what_somebody_may(
    opened: Callable[..., Pages],
    provider: FakeProvider,
    settings: dict[str, Any],
    claims: dict[str, Any],
    role: str | None,
) -> None:
    pages = opened(**settings)
    provider.claims |= claims
    browser = pages.browser()
    answer = signed_in(browser, provider)
    if role is None:
        assert answer.status_code == 403
        assert "may not see Stipt" in answer.text
        assert browser.get("/messages").status_code == 303
    else:
        assert ("Send again" in browser.get("/messages").text) is (role == "operator")


def test_what_the_token_leaves_out_is_asked_for(
    opened: Callable[..., Pages], provider: FakeProvider
) -> None:
    pages = opened(oidc_operators=("sla",))
    provider.claims = {"sub": "u-1"}
    provider.info = {"sub": "u-1", "email": "ada@example.com", "groups": ["sla"]}
    browser = pages.browser()
    signed_in(browser, provider)
    assert "Send again" in browser.get("/messages").text
    provider.info["sub"] = "u-2"
    assert signed_in(pages.browser(), provider).status_code == 502


@pytest.mark.parametrize(
    "claims",
    [
        {"email": None},
        {"email": ""},
        {"email": "ada@example.com", "email_verified": False},
        {"email": "ada@example.com", "email_verified": "false"},
        {"email": ["ada@example.com"]},
        {"email": "ada\u202e@example.com"},
        {"email": "a" * 201},
    ],
)
def test_who_has_no_name_to_be_sure_of_stays_outside(
    pages: Pages, provider: FakeProvider, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    provider.info = {"sub": "u-1"}
    answer = signed_in(pages.browser(), provider)
    assert answer.status_code == 403
    assert "does not tell Stipt who you are" in answer.text


def spoiled(**claims: Any) -> Callable[[dict[str, Any]], None]:
    """A token with other claims; None is one that lacks it."""

    def spoil(held: dict[str, Any]) -> None:
        for name, value in claims.items():
            held.pop(name, None)
            if value is not None:
                held[name] = value

    return spoil


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"iss": "https://evil.example"}, "invalid_claim iss"),
        ({"iss": None}, "missing_claim iss"),
        ({"aud": "another-client"}, "invalid_claim aud"),
        ({"aud": None}, "missing_claim aud"),
        ({"aud": [CLIENT, "another"]}, "invalid_claim azp"),
        ({"azp": "another"}, "invalid_claim azp"),
        ({"exp": 1_700_000_000}, "expired_token exp"),
        ({"exp": None}, "missing_claim exp"),
        ({"iat": 4_000_000_000}, "invalid_claim iat"),
        ({"nbf": 4_000_000_000}, "invalid_claim nbf"),
        ({"nonce": "of another sign-in"}, "invalid_claim nonce"),
        ({"nonce": None}, "missing_claim nonce"),
        ({"sub": None}, "missing_claim sub"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    pages: Pages,
    provider: FakeProvider,
    captured_logs: StringIO,
    claims: dict[str, Any],
    told: str,
) -> None:
    provider.spoil = spoiled(**claims)
    answer = signed_in(pages.browser(), provider)
    assert answer.status_code == 502
    assert "stipt_session" not in answer.headers.get("set-cookie", "")
    assert told in captured_logs.getvalue()


def test_a_token_that_names_us_among_others_and_was_made_for_us_is_taken(
    pages: Pages, provider: FakeProvider
) -> None:
    provider.spoil = spoiled(aud=["another", CLIENT], azp=CLIENT)
    assert signed_in(pages.browser(), provider).status_code == 303


def test_a_token_a_little_old_is_taken_for_clocks_differ(
    pages: Pages, provider: FakeProvider
) -> None:
    now = int(pages.site.clock.now().timestamp())
    for exp, status in ((now - 30, 303), (now - 90, 502)):
        provider.spoil = spoiled(exp=exp)
        assert signed_in(pages.browser(), provider).status_code == status


def test_a_token_that_another_has_signed_is_refused(pages: Pages, provider: FakeProvider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": KEY.kid})
    assert signed_in(pages.browser(), provider).status_code == 502


def test_a_token_signed_with_what_everybody_knows_is_refused(
    pages: Pages, provider: FakeProvider
) -> None:
    for secret in (KEY.as_pem(private=False), SECRET.encode()):
        provider.sign = partial(_with_secret, secret)
        assert signed_in(pages.browser(), provider).status_code == 502


def _with_secret(secret: bytes, claims: dict[str, Any]) -> str:
    parts = [
        urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=")
        for one in ({"alg": "HS256", "kid": KEY.kid}, claims)
    ]
    proof = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join([*parts, urlsafe_b64encode(proof).rstrip(b"=")]).decode()


def test_a_token_that_nobody_signed_is_refused(pages: Pages, provider: FakeProvider) -> None:
    whole = provider.sign

    def unsigned(claims: dict[str, Any]) -> str:
        return f"eyJhbGciOiJub25lIn0.{whole(claims).split('.')[1]}."

    provider.sign = unsigned
    assert signed_in(pages.browser(), provider).status_code == 502


def test_a_provider_that_changes_its_key_is_followed(pages: Pages, provider: FakeProvider) -> None:
    signed_in(pages.browser(), provider)
    provider.key, provider.published = NEXT_KEY, [NEXT_KEY]
    # Strangers who name keys that nobody has must not make us ask all the time.
    assert signed_in(pages.browser(), provider).status_code == 502
    assert provider.asked.count("/keys") == 1


def test_keys_and_addresses_are_asked_for_once(pages: Pages, provider: FakeProvider) -> None:
    for _ in range(3):
        assert signed_in(pages.browser(), provider).status_code == 303
    assert provider.asked.count("/keys") == 1
    assert provider.asked.count("/.well-known/openid-configuration") == 1


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    pages: Pages, provider: FakeProvider
) -> None:
    attacker, victim = pages.browser(), pages.browser()
    address = provider.sign_in(begun(attacker))
    assert "sent no cookie" in back(victim, address).text
    begun(victim)
    answer = back(victim, address)
    assert answer.status_code == 403
    assert "stipt_session" not in victim.session.cookies
    assert "/token" not in provider.asked


def test_a_code_of_another_sign_in_is_worth_nothing(pages: Pages, provider: FakeProvider) -> None:
    attacker, victim = pages.browser(), pages.browser()
    stolen = dict(parse_qsl(urlsplit(provider.sign_in(begun(attacker))).query))["code"]
    own = dict(parse_qsl(urlsplit(begun(victim)).query))["state"]
    query = urlencode({"code": stolen, "state": own, "iss": provider.url})
    assert victim.get(f"/sign-in/callback?{query}").status_code == 502


def test_a_sign_in_cannot_be_ended_twice(pages: Pages, provider: FakeProvider) -> None:
    browser = pages.browser()
    address = provider.sign_in(begun(browser))
    assert back(browser, address).status_code == 303
    assert back(browser, address).status_code == 403


def test_who_stays_at_the_provider_for_too_long_begins_anew(
    pages: Pages, provider: FakeProvider
) -> None:
    browser = pages.browser()
    address = provider.sign_in(begun(browser))
    pages.site.wait(minutes=11)
    assert "open for too long" in back(browser, address).text


def test_an_answer_that_names_another_provider_is_refused(
    pages: Pages, provider: FakeProvider
) -> None:
    for named in ("https://evil.example", None):
        browser = pages.browser()
        address = provider.sign_in(begun(browser))
        query = dict(parse_qsl(urlsplit(address).query))
        del query["iss"]
        query |= {"iss": named} if named else {}
        assert browser.get(f"/sign-in/callback?{urlencode(query)}").status_code == 502


def test_who_is_refused_at_the_provider_is_told_so(pages: Pages, provider: FakeProvider) -> None:
    browser = pages.browser()
    state = dict(parse_qsl(urlsplit(begun(browser)).query))["state"]
    query = {"error": "access_denied", "state": state, "iss": provider.url}
    answer = browser.get(f"/sign-in/callback?{urlencode(query)}")
    assert answer.status_code == 403
    assert "did not let you in" in answer.text
    assert 'href="/sign-in/begin"' in answer.text


@pytest.mark.parametrize(
    ("path", "answer", "told"),
    [
        (WELL_KNOWN, (500, b""), "discovery: answered 500"),
        (WELL_KNOWN, (200, b"<html>"), "not what OpenID wants"),
        (
            "/.well-known/openid-configuration",
            (302, b"http://127.0.0.1/"),
            "discovery: answered 302",
        ),
        ("/token", (400, b'{"error": "invalid_grant"}'), "token: answered 400 (invalid_grant)"),
        ("/token", (401, b'{"error": "CANARY is wrong"}'), "token: answered 401"),
        ("/token", (200, b"{}"), "token: the answer is not what OpenID wants"),
        ("/token", (200, b'{"id_token": "a.b.c"}'), "sign_in_refused"),
        ("/keys", (200, b'{"keys": []}'), "keys: the provider has none"),
        ("/keys", (200, b'{"keys": [{"kty": "oct", "k": "QQ"}]}'), "keys: the provider has none"),
        ("/keys", (200, b"x" * 600_000), "keys: no answer (OSError)"),
    ],
)
def test_a_provider_out_of_order_is_told_in_the_log(
    pages: Pages,
    provider: FakeProvider,
    captured_logs: StringIO,
    *,
    path: str,
    answer: tuple[int, bytes],
    told: str,
) -> None:
    provider.answers[path] = answer
    browser = pages.browser()
    page = browser.get("/sign-in/begin")
    if page.status_code == 303:
        page = back(browser, provider.sign_in(page.headers["location"]))
    assert page.status_code == 502
    assert "The reason stands in Stipt" in page.text
    assert told in captured_logs.getvalue()
    assert "CANARY" not in captured_logs.getvalue()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"issuer": "https://evil.example"}, "calls itself by another name"),
        ({"authorization_endpoint": "https://evil.example/a"}, "STIPT_OIDC_HOSTS"),
        ({"token_endpoint": "http://127.0.0.1:1/token"}, "STIPT_OIDC_HOSTS"),
        ({"jwks_uri": "file:///etc/passwd"}, "not https"),
    ],
)
def test_a_provider_that_names_other_hosts_is_not_followed(
    pages: Pages,
    provider: FakeProvider,
    captured_logs: StringIO,
    told: dict[str, str],
    reason: str,
) -> None:
    provider.told = told
    browser = pages.browser()
    answer = browser.get("/sign-in/begin")
    if answer.status_code == 303:
        answer = back(browser, provider.sign_in(answer.headers["location"]))
    assert answer.status_code == 502
    assert reason in captured_logs.getvalue()


def test_a_host_that_the_settings_name_is_opened(
    opened: Callable[..., Pages], provider: FakeProvider
) -> None:
    provider.told = {"authorization_endpoint": "http://accounts.example.com/a?tenant=1"}
    pages = opened(oidc_hosts=("accounts.example.com",))
    assert begun(pages.browser()).startswith("http://accounts.example.com/a?tenant=1&client_id=")


def test_a_client_may_name_its_secret_in_the_form(pages: Pages, provider: FakeProvider) -> None:
    provider.told = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert signed_in(pages.browser(), provider).status_code == 303


def test_too_many_failures_from_an_address_are_refused(
    pages: Pages, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PER_ADDRESS", 2)
    for _ in range(3):
        assert signed_in(pages.browser(), provider).status_code == 303
    provider.spoil = spoiled(nonce=None)
    told = [signed_in(pages.browser(), provider) for _ in range(3)]
    assert [one.status_code for one in told] == [502, 502, 429]
    assert int(told[-1].headers["retry-after"]) > 0


def test_a_session_of_another_provider_or_of_an_account_is_nobodys(
    site: Site, opened: Callable[..., Pages], provider: FakeProvider
) -> None:
    pages = opened()
    guest = pages.browser()
    signed_in(guest, provider)
    token = guest.session.cookies["stipt_session"]
    with pages_of(site, auth="local") as local:
        assert local.browser().get(Cookie=f"stipt_session={token}").status_code == 303
        local.add("ada", "operator")
        browser = local.browser()
        browser.sign_in("ada")
        account = browser.session.cookies["stipt_session"]
    with provider_at(site.clock.now) as another:
        for url, held, status in (
            (provider.url, token, 200),
            (provider.url, account, 303),
            (another.url, token, 303),
        ):
            with pages_of(site, auth="oidc", oidc_issuer=url) as now:
                answer = now.browser().get(Cookie=f"stipt_session={held}")
                assert answer.status_code == status


def test_the_journey_s_cookie_is_hidden_and_for_https_on_any_other_host(pages: Pages) -> None:
    cookie = pages.browser().get("/sign-in/begin", Host="stipt.example.com").headers["set-cookie"]
    assert cookie.startswith("__Host-stipt_journey=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Max-Age=600"):
        assert part in cookie


def test_neither_logs_nor_the_database_hold_what_was_given(
    pages: Pages, provider: FakeProvider, captured_logs: StringIO
) -> None:
    browser = pages.browser()
    signed_in(browser, provider)
    token = browser.session.cookies["stipt_session"]
    with pages.site.database.read(EVERYBODY) as books:
        rows = [str(row) for row in books.tx.execute(sa.select(sessions)).all()]
    assert rows
    assert not any(token in row or "CANARY" in row for row in rows)
    told = captured_logs.getvalue()
    assert "signed_in" in told
    assert "CANARY" not in told
    assert "ada" not in told


def test_nobody_is_sent_elsewhere_after_signing_in(pages: Pages, provider: FakeProvider) -> None:
    for onward in ("https://evil.example/", "//evil.example", "/sign-in/begin", "/\\evil.example"):
        answer = signed_in(pages.browser(), provider, onward)
        assert answer.headers["location"] == "/"


def test_what_the_provider_s_settings_lack_is_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as told:
        web_address(load_settings({"STIPT_AUTH": "oidc"}, environment={}))
    names = [one.partition(" ")[0] for one in told.value.problems]
    assert names == [
        "STIPT_OIDC_ISSUER",
        "STIPT_OIDC_CLIENT_ID",
        "STIPT_OIDC_CLIENT_SECRET",
        "STIPT_PUBLIC_URL",
    ]


@pytest.mark.parametrize(
    "issuer", ["http://sso.example.com", "sso.example.com", "https://a:b@sso.example.com"]
)
def test_a_provider_is_reached_over_https_alone(issuer: str) -> None:
    with pytest.raises(SettingsInvalid, match="STIPT_OIDC_ISSUER"):
        load_settings({"STIPT_OIDC_ISSUER": issuer}, environment={})


def test_either_database_knows_guests_from_people_with_an_account(any_site: Site) -> None:
    now = any_site.clock.now()
    with any_site.database.write(EVERYBODY) as books:
        add_person(books, "ada", "operator", "hash", now)
        begin_session(books, "1", "ada", now)
        begin_session(books, "2", "ada", now, Guest("https://sso.example.com", "viewer"))
        begin_session(books, "3", "eve", now)
    with any_site.database.read(EVERYBODY) as books:
        found = [session_of(books, token) for token in ("1", "2", "3", "4")]
    assert [one and (one.role, one.issuer) for one in found] == [
        ("operator", None),
        ("viewer", "https://sso.example.com"),
        None,
        None,
    ]
