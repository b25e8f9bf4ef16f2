# SPDX-License-Identifier: GPL-3.0-or-later
"""What `stipt doctor` says of the sign-in to the web pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.openid_provider import provider_at
from tests.worker.memory_helpdesk import at
from worker.doctor_sign_in import look_at_sign_in
from worker.settings import SettingsInvalid, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.openid_provider import FakeProvider

WHOLE = {
    "STIPT_AUTH": "oidc",
    "STIPT_PUBLIC_URL": "https://sla.example.com",
    "STIPT_OIDC_CLIENT_ID": "stipt",
    "STIPT_OIDC_CLIENT_SECRET": "secret",
}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider on loopback."""
    with provider_at(lambda: at("2026-11-24T12:00:00Z")) as found:
        yield found


def found(**variables: str) -> list[tuple[str, str, str]]:
    settings = load_settings(environment=variables)
    return [(one.outcome, one.name, one.seen) for one in look_at_sign_in(settings)]


def test_without_a_sign_in_it_is_said_who_sees_the_pages() -> None:
    [(outcome, _, seen)] = found()
    assert (outcome, seen.split(":")[0]) == ("ok", "none")


def test_everything_that_half_an_openid_configuration_lacks_is_named() -> None:
    told = found(STIPT_AUTH="oidc", STIPT_OIDC_ISSUER="https://sso.example.com")
    assert [one[0] for one in told] == ["fail"] * 3
    assert [one[2].split(" is missing")[0] for one in told] == [
        "STIPT_OIDC_CLIENT_ID",
        "STIPT_OIDC_CLIENT_SECRET",
        "STIPT_PUBLIC_URL",
    ]


def test_settings_of_openid_that_nothing_uses_are_named() -> None:
    unused, _ = found(STIPT_OIDC_ISSUER="https://sso.example.com", STIPT_OIDC_OPERATORS="ops")
    assert unused == (
        "warn",
        "unused settings",
        "STIPT_OIDC_ISSUER, STIPT_OIDC_OPERATORS without STIPT_AUTH=oidc: nobody signs in that way",
    )


def test_pages_that_others_reach_without_a_sign_in_are_told() -> None:
    [(outcome, _, seen)] = found(STIPT_HTTP_BIND="0.0.0.0:8080")
    assert outcome == "fail"
    assert "STIPT_AUTH is not set" in seen


def test_a_provider_that_answers_is_well(provider: FakeProvider) -> None:
    told = found(**WHOLE, STIPT_OIDC_ISSUER=provider.url)
    assert [one[:2] for one in told] == [("ok", "sign-in"), ("ok", "provider")]


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ({"issuer": "https://other.example"}, "the provider calls itself by another name"),
        ({"authorization_endpoint": "https://evil.example/a"}, "STIPT_OIDC_HOSTS does not name"),
        ({"jwks_uri": "https://evil.example/k"}, "keys: the provider's address is on a host"),
        ({"token_endpoint": "https://evil.example/t"}, "token: the provider's address is on a"),
        ({"userinfo_endpoint": "https://evil.example/u"}, "userinfo: the provider's address is"),
    ],
)
def test_what_is_wrong_with_a_provider_is_told(
    provider: FakeProvider, told: dict[str, str], seen: str
) -> None:
    provider.told = told
    outcome, name, said = found(**WHOLE, STIPT_OIDC_ISSUER=provider.url)[-1]
    assert (outcome, name) == ("fail", "provider")
    assert seen in said


@pytest.mark.parametrize("url", ["foo", "sla.example.com", "ftp://a.example", "https://u:p@a.b"])
def test_a_public_address_must_be_a_url(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="STIPT_PUBLIC_URL"):
        load_settings(environment={"STIPT_PUBLIC_URL": url})
