# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings: where they come from, what wins, and that everything wrong is told at once."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from worker.settings import NAMES, Settings, SettingsInvalid, load_settings

CREDENTIALS = {"ZENDESK_SUBDOMAIN": "acme", "ZENDESK_OAUTH_TOKEN": "canary-token"}


def loaded(tmp_path: Path, **environment: str) -> Settings:
    return load_settings(environment={"HOME": str(tmp_path), **environment})


def problems(tmp_path: Path, **environment: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        loaded(tmp_path, **environment)
    return caught.value.problems


def test_credentials_alone_are_enough(tmp_path: Path) -> None:
    settings = loaded(tmp_path, **CREDENTIALS)
    account = settings.account()
    assert account.missing() == []
    assert account.base_url == "https://acme.zendesk.com"
    assert account.write == "off"
    state = tmp_path / ".local/state/stipt"
    assert settings.database_url.get_secret_value() == f"sqlite:///{state / 'stipt.db'}"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    told = "\n".join(
        problems(
            tmp_path,
            STIPT_API_SHARE="0.7",
            STIPT_DRAIN_TIMEOUT="25",
            STIPT_HTTP_BIND="8080",
            STIPT_ZENDESK_URL="http://acme.example.com",
            STIPT_CLOCK_URL="http://198.51.100.7/clock",
            STIPT_WRITE="yes",
        )
    )
    for name in ("API_SHARE", "DRAIN_TIMEOUT", "HTTP_BIND", "ZENDESK_URL", "CLOCK_URL", "WRITE"):
        assert f"STIPT_{name}" in told


def test_an_unknown_name_is_an_error_with_the_nearest_one_as_a_hint(tmp_path: Path) -> None:
    assert problems(tmp_path, STIPT_WRITE_BUGDET="1") == [
        "STIPT_WRITE_BUGDET is not a setting; did you mean STIPT_WRITE_BUDGET?"
    ]


def test_names_of_tests_and_of_others_are_let_through(tmp_path: Path) -> None:
    loaded(tmp_path, STIPT_SHARED="/somewhere", STIPT_CRASH_AT="marked", OTHER="x", **CREDENTIALS)


def test_flag_beats_environment_beats_file(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('write_budget = 1\npoll_interval = "10s"\nlog_level = "debug"\n')
    settings = load_settings(
        {"STIPT_WRITE_BUDGET": "3"},
        config=config,
        environment={"STIPT_WRITE_BUDGET": "2", "STIPT_POLL_INTERVAL": "20s"},
    )
    account = settings.account()
    assert account.write_budget == 3
    assert account.poll_interval == timedelta(seconds=20)
    assert settings.log_level == "debug"
    origins = {name: origin for name, _, origin in settings.shown()}
    assert origins["STIPT_WRITE_BUDGET"] == "flag"
    assert origins["STIPT_POLL_INTERVAL"] == "environment"
    assert origins["STIPT_LOG_LEVEL"].startswith("file")
    assert origins["STIPT_API_SHARE"] == "default"


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file\n")
    settings = loaded(tmp_path, ZENDESK_OAUTH_TOKEN_FILE=str(secret))
    token = settings.account().token
    assert token is not None
    assert token.get_secret_value() == "from-file"


def test_a_secret_and_its_file_together_are_an_error(tmp_path: Path) -> None:
    twin = str(tmp_path / "no")
    told = problems(tmp_path, ZENDESK_OAUTH_TOKEN="x", ZENDESK_OAUTH_TOKEN_FILE=twin)
    assert "ZENDESK_OAUTH_TOKEN and ZENDESK_OAUTH_TOKEN_FILE are both set" in told[0]


def test_a_secret_in_the_config_file_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('zendesk_oauth_token = "canary"\n')
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(config=config, environment={})
    assert "zendesk_oauth_token_file" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_secrets_are_masked_wherever_settings_are_shown(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path, STIPT_MAIL_URL="mailtos://user:canary-mail@example.com", **CREDENTIALS
    )
    shown = repr(settings) + repr(settings.shown())
    assert "canary" not in shown
    assert "****" in shown


def test_several_accounts_come_from_the_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
        [accounts.acme]
        zendesk_subdomain = "acme"
        zendesk_oauth_client_id = "stipt"
        zendesk_oauth_client_secret_file = "{secret}"
        write = "on"
        [accounts.globex]
        zendesk_subdomain = "globex"
        """
    )
    settings = load_settings(config=config, environment={})
    assert [one.name for one in settings.accounts] == ["acme", "globex"]
    assert settings.account("acme").write == "on"
    with pytest.raises(SettingsInvalid, match="several accounts"):
        settings.account()


def test_accounts_in_the_file_and_variables_of_one_account_are_an_error(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[accounts.acme]\nzendesk_subdomain = "acme"\n')
    with pytest.raises(SettingsInvalid, match="ZENDESK_SUBDOMAIN"):
        load_settings(config=config, environment={"ZENDESK_SUBDOMAIN": "other"})


def test_steering_zenpy_from_outside_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, ZENPY_FORCE_NETLOC="evil.example.com", **CREDENTIALS)
    loaded(tmp_path, ZENPY_FORCE_NETLOC="127.0.0.1:1", STIPT_ZENDESK_URL="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("90d", timedelta(days=90), id="a span"),
        pytest.param("2026-10-01", datetime(2026, 10, 1, tzinfo=UTC), id="a date"),
    ],
)
def test_the_first_sync_begins_at_a_date_or_a_span_ago(
    tmp_path: Path, text: str, expected: object
) -> None:
    assert loaded(tmp_path, STIPT_SYNC_FROM=text).account().sync_from == expected


def test_a_share_is_an_exact_fraction(tmp_path: Path) -> None:
    assert loaded(tmp_path, STIPT_API_SHARE="35%").account().api_share == Fraction(7, 20)


def test_every_secret_has_a_file_twin() -> None:
    assert {
        "ZENDESK_OAUTH_CLIENT_SECRET",
        "ZENDESK_OAUTH_TOKEN",
        "ZENDESK_API_TOKEN",
        "STIPT_WEBHOOK_SECRET",
        "STIPT_DATABASE_URL",
        "STIPT_BROKER_URL",
        "STIPT_MAIL_URL",
        "SENTRY_DSN",
    } <= NAMES.secrets


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings({"STIPT_ALLOW_NETWORKS": "10.1.0.0/16 10.1.0.0/40"}, environment={})
    assert any("10.1.0.0/40 is none" in one for one in caught.value.problems)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STIPT_ZENDESK_URL", "https://u:canary@example.com/api", "without a user and password"),
        ("STIPT_ZENDESK_URL", "https://example.com/api", "without a path"),
        ("STIPT_ZENDESK_URL", "https://example.com?x=canary", "without ? and #"),
        ("STIPT_ZENDESK_URL", "https://example.com:canary", "a URL such as"),
        ("STIPT_ZENDESK_URL", "https://[canary", "a URL such as"),
        ("STIPT_RT_URL", "https://u:canary@example.com/rt", "without a user and password"),
        ("STIPT_DATABASE_URL", "canary", "postgresql+psycopg://"),
        ("STIPT_DATABASE_URL", "mysql://stipt:canary@db/stipt", "postgresql+psycopg://"),
        ("STIPT_DATABASE_URL", "postgresql://stipt:canary@db/stipt", "postgresql+psycopg://"),
        ("STIPT_DATABASE_URL", "postgresql+psycopg://u:canary@db:x/y", "postgresql+psycopg://"),
        ("ZENDESK_SUBDOMAIN", "evil.example/#", "the first part of the address alone"),
        ("ZENDESK_SUBDOMAIN", "acme.zendesk.com", "the first part of the address alone"),
        ("ZENDESK_DOMAIN", "https://support.example.com", "without https://"),
        ("ZENDESK_DOMAIN", "support.example.com/#", "without https://"),
        ("ZENDESK_DOMAIN", "evil@support.example.com", "without https://"),
    ],
)
def test_an_address_that_could_lead_elsewhere_is_refused_and_not_repeated(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    told = problems(tmp_path, **{name: value})
    assert len(told) == 1
    assert told[0].startswith(f"{name}: not understood; expected ")
    assert said in told[0]
    assert "canary" not in told[0]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("ZENDESK_SUBDOMAIN", "Acme-Support", "https://acme-support.zendesk.com"),
        ("ZENDESK_DOMAIN", "support.example.com", "https://support.example.com"),
        ("STIPT_ZENDESK_URL", "http://127.0.0.1:8765/", "http://127.0.0.1:8765"),
    ],
)
def test_addresses_of_accounts(tmp_path: Path, name: str, value: str, shown: str) -> None:
    assert loaded(tmp_path, **{name: value}).account().base_url == shown


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STIPT_WRITE", "yes", "must be off or on"),
        ("STIPT_AUTH", "none", "must be local, proxy or oidc"),
        ("STIPT_LOG_LEVEL", "loud", "must be debug, info, warning or error"),
        ("STIPT_WRITE_BUDGET", "many", "must be a whole number"),
        ("STIPT_WRITE_BUDGET", "-1", "must be greater than or equal to 0"),
    ],
)
def test_a_value_that_is_not_allowed_is_told_in_plain_words(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    assert problems(tmp_path, **{name: value}) == [f"{name}: {said}"]


def test_rules_lie_beside_a_config_file_that_is_there_else_in_the_working_directory(
    tmp_path: Path,
) -> None:
    assert loaded(tmp_path).account().rules_path == Path("sla")
    config = tmp_path / "etc" / "config.toml"
    config.parent.mkdir()
    config.write_text('zendesk_subdomain = "acme"\n')
    assert load_settings(config=config, environment={}).account().rules_path == (
        tmp_path / "etc" / "sla"
    )
    named = load_settings(config=config, environment={"STIPT_RULES_PATH": "/rules"})
    assert named.account().rules_path == Path("/rules")


def test_values_are_shown_as_they_would_be_written(tmp_path: Path) -> None:
    since = loaded(tmp_path, STIPT_SYNC_FROM="2026-11-01", STIPT_API_SHARE="7%")
    shown = {name: value for name, value, _ in loaded(tmp_path).shown()}
    assert shown["STIPT_SYNC_FROM"] == "90d"
    assert shown["STIPT_POLL_INTERVAL"] == "1m"
    assert shown["STIPT_DRAIN_TIMEOUT"] == "25s"
    assert shown["STIPT_API_SHARE"] == "70%"
    again = {name: value for name, value, _ in since.shown() if value and value != "****"}
    assert (again["STIPT_SYNC_FROM"], again["STIPT_API_SHARE"]) == (
        "2026-11-01T00:00:00+00:00",
        "7%",
    )
    # What is shown can be copied into a settings file.
    again.pop("STIPT_STATE_DIR")
    assert load_settings(environment=again).account().sync_from == since.account().sync_from
