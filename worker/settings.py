# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings: every variable with its meaning, judged all at once, secrets masked."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from worker.clock import is_loopback
from worker.settings_sources import Gathered, Given, Names, gather, state_folder
from worker.settings_values import (
    Bind,
    DatabaseUrl,
    HelpdeskUrl,
    Host,
    Issuer,
    Level,
    LoopbackUrl,
    Networks,
    Place,
    PublicUrl,
    Share,
    SigningKey,
    Since,
    Span,
    Subdomain,
    Switch,
    Words,
    ZendeskUrl,
    place,
    span_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ACCOUNT = "default"
Reading = Literal["auto", "on", "off"]
_ACCOUNT_NAME = re.compile(r"[a-z0-9_]+")


class SettingsInvalid(Exception):
    """Settings are missing or wrong; `problems` names every one of them (exit code 78)."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _FromNames(BaseSettings):
    """Takes the values that were gathered by name; reads nothing by itself."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed over: the order of places is `settings_sources.gather`'s."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


Model = TypeVar("Model", bound=_FromNames)


class AccountSettings(_FromNames):
    """Settings of one helpdesk account."""

    name: str = DEFAULT_ACCOUNT
    helpdesk: Literal["zendesk", "request_tracker"] = Field("zendesk", alias="STIPT_HELPDESK")
    subdomain: Subdomain | None = Field(None, alias="ZENDESK_SUBDOMAIN")
    domain: Host | None = Field(None, alias="ZENDESK_DOMAIN")
    zendesk_url: ZendeskUrl | None = Field(None, alias="STIPT_ZENDESK_URL")
    client_id: str | None = Field(None, alias="ZENDESK_OAUTH_CLIENT_ID")
    client_secret: SecretStr | None = Field(None, alias="ZENDESK_OAUTH_CLIENT_SECRET")
    token: SecretStr | None = Field(None, alias="ZENDESK_OAUTH_TOKEN")
    email: str | None = Field(None, alias="ZENDESK_EMAIL")
    api_token: SecretStr | None = Field(None, alias="ZENDESK_API_TOKEN")
    rt_url: HelpdeskUrl | None = Field(None, alias="STIPT_RT_URL")
    rt_token: SecretStr | None = Field(None, alias="STIPT_RT_TOKEN")
    webhook_secret: SecretStr | None = Field(None, alias="STIPT_WEBHOOK_SECRET")
    webhook_secret_old: SecretStr | None = Field(None, alias="STIPT_WEBHOOK_SECRET_OLD")
    outages_token: SigningKey | None = Field(None, alias="STIPT_OUTAGES_TOKEN")
    rules_path: Path = Field(Path("sla"), alias="STIPT_RULES_PATH")
    write: Switch = Field("off", alias="STIPT_WRITE")
    write_budget: int = Field(500, alias="STIPT_WRITE_BUDGET", ge=0)
    api_share: Share = Field(Fraction(7, 10), alias="STIPT_API_SHARE")
    sync_from: Since = Field(timedelta(days=90), alias="STIPT_SYNC_FROM")
    poll_interval: Span = Field(timedelta(seconds=60), alias="STIPT_POLL_INTERVAL")
    history: Literal["events", "audits"] = Field("events", alias="STIPT_ZENDESK_HISTORY")
    records: Reading = Field("auto", alias="STIPT_RECORDS")

    @property
    def base_url(self) -> str:
        """The helpdesk's address without a path; the one host that is ever called."""
        if self.zendesk_url is not None:
            return self.zendesk_url
        return f"https://{self.domain or f'{self.subdomain}.zendesk.com'}"

    @property
    def place(self) -> Place:
        """Which helpdesk the settings name."""
        tracker = self.rt_url if self.helpdesk == "request_tracker" else None
        return place(self.helpdesk, tracker or self.base_url)

    def missing(self) -> list[str]:
        """What `run` needs and nobody gave, a sentence each."""
        if self.helpdesk == "request_tracker":
            found = [] if self.rt_url else ["STIPT_RT_URL is missing"]
            return found if self.rt_token else [*found, "STIPT_RT_TOKEN is missing"]
        found = []
        if not (self.subdomain or self.domain or self.zendesk_url):
            found.append("ZENDESK_SUBDOMAIN is missing: the account to work for")
        if not self._has_credentials():
            found.append(
                "ZENDESK_OAUTH_CLIENT_ID and ZENDESK_OAUTH_CLIENT_SECRET are missing: "
                "make a client in Admin Center, Apps and integrations, APIs, OAuth clients"
            )
        return found

    def _has_credentials(self) -> bool:
        return bool(
            (self.client_id and self.client_secret) or self.token or (self.email and self.api_token)
        )


class Settings(_FromNames):
    """All settings of this installation; `accounts` holds those of each account."""

    accounts: tuple[AccountSettings, ...] = ()
    config_file: Path | None = None
    origins: dict[str, str] = {}
    state_dir: Path = Field(Path(), alias="STIPT_STATE_DIR")
    database_url: DatabaseUrl = Field(SecretStr(""), alias="STIPT_DATABASE_URL")
    broker_url: SecretStr = Field(SecretStr(""), alias="STIPT_BROKER_URL")
    http_bind: Bind = Field("127.0.0.1:8080", alias="STIPT_HTTP_BIND")
    probe_bind: Bind = Field("127.0.0.1:9102", alias="STIPT_PROBE_BIND")
    public_url: PublicUrl | None = Field(None, alias="STIPT_PUBLIC_URL")
    auth: Literal["", "local", "proxy", "oidc"] = Field("", alias="STIPT_AUTH")
    auth_header: str = Field("X-Forwarded-User", alias="STIPT_AUTH_HEADER")
    auth_trusted: Networks = Field((), alias="STIPT_AUTH_TRUSTED")
    auth_operators: Words = Field((), alias="STIPT_AUTH_OPERATORS")
    oidc_issuer: Issuer | None = Field(None, alias="STIPT_OIDC_ISSUER")
    oidc_client_id: str | None = Field(None, alias="STIPT_OIDC_CLIENT_ID")
    oidc_client_secret: SecretStr | None = Field(None, alias="STIPT_OIDC_CLIENT_SECRET")
    oidc_hosts: Words = Field((), alias="STIPT_OIDC_HOSTS")
    oidc_scopes: Words = Field(("email", "profile"), alias="STIPT_OIDC_SCOPES")
    oidc_name_claim: str = Field("email", alias="STIPT_OIDC_NAME_CLAIM")
    oidc_role_claim: str = Field("groups", alias="STIPT_OIDC_ROLE_CLAIM")
    oidc_operators: Words = Field((), alias="STIPT_OIDC_OPERATORS")
    oidc_viewers: Words = Field((), alias="STIPT_OIDC_VIEWERS")
    drain_timeout: Span = Field(timedelta(seconds=25), alias="STIPT_DRAIN_TIMEOUT")
    mail_url: SecretStr | None = Field(None, alias="STIPT_MAIL_URL")
    signing_key: SigningKey | None = Field(None, alias="STIPT_SIGNING_KEY")
    allow_hosts: Words = Field((), alias="STIPT_ALLOW_HOSTS")
    allow_networks: Networks = Field((), alias="STIPT_ALLOW_NETWORKS")
    clock_url: LoopbackUrl | None = Field(None, alias="STIPT_CLOCK_URL")
    deadman_url: SecretStr | None = Field(None, alias="STIPT_DEADMAN_URL")
    log_level: Level = Field("info", alias="STIPT_LOG_LEVEL")
    log_format: Literal["", "console", "json"] = Field("", alias="STIPT_LOG_FORMAT")
    purge_after: Span = Field(timedelta(days=800), alias="STIPT_PURGE_AFTER")
    sentry_dsn: SecretStr | None = Field(None, alias="SENTRY_DSN")
    sentry_environment: str | None = Field(None, alias="SENTRY_ENVIRONMENT")

    def account(self, name: str | None = None) -> AccountSettings:
        """The account of that name, or the only one.

        Raises:
            SettingsInvalid: there is none of that name, or several to choose from.
        """
        known = ", ".join(one.name for one in self.accounts)
        if name is None:
            if len(self.accounts) == 1:
                return self.accounts[0]
            raise SettingsInvalid([f"there are several accounts ({known}); choose with --account"])
        for one in self.accounts:
            if one.name == name:
                return one
        raise SettingsInvalid([f"there is no account {name}; there are: {known}"])

    def shown(self) -> list[tuple[str, str, str]]:
        """Name, value with secrets masked, and origin of every setting."""
        rows = [*self._rows(self, ""), *(row for one in self.accounts for row in self._of(one))]
        return sorted(rows)

    def _of(self, account: AccountSettings) -> list[tuple[str, str, str]]:
        prefix = "" if account.name == DEFAULT_ACCOUNT else f"{account.name}: "
        return self._rows(account, prefix)

    def _rows(self, model: _FromNames, prefix: str) -> list[tuple[str, str, str]]:
        rows = []
        for field, info in type(model).model_fields.items():
            if info.alias is not None:
                name = prefix + info.alias
                value = getattr(model, field)
                rows.append((name, _shown(value), self.origins.get(name, "default")))
        return rows


def _shown(value: object) -> str:
    """A value as it would be written, so that it can be copied into a settings file."""
    if isinstance(value, SecretStr):
        return "****" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return " ".join(str(one) for one in value)
    if isinstance(value, timedelta):
        return span_text(value)
    if isinstance(value, Fraction):
        return f"{float(value):.0%}"
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def _aliases(model: type[_FromNames]) -> dict[str, str]:
    return {info.alias: name for name, info in model.model_fields.items() if info.alias}


def _secret_names(model: type[_FromNames]) -> set[str]:
    return {
        info.alias
        for info in model.model_fields.values()
        if info.alias and "SecretStr" in str(info.annotation)
    }


OF_ACCOUNT = frozenset(_aliases(AccountSettings))
NAMES = Names(
    all=OF_ACCOUNT | frozenset(_aliases(Settings)),
    secrets=frozenset(_secret_names(AccountSettings) | _secret_names(Settings)),
    of_account=OF_ACCOUNT,
)


def load_settings(
    flags: Mapping[str, str] | None = None,
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings in force: flag before environment before file before default.

    Args:
        flags: values from the command line, by variable name.
        config: the config file named by a flag.
        environment: instead of the process's own.

    Raises:
        SettingsInvalid: with every problem at once.
    """
    env = os.environ if environment is None else environment
    path = _config_file(config, env)
    found = gather(flags or {}, env, path if path and path.exists() else None, NAMES)
    problems = list(found.problems)
    if path is not None and not path.exists() and (config or env.get("STIPT_CONFIG")):
        problems.append(f"{path}: there is no such config file")
    problems += _outside_steering(env, found)
    accounts = _accounts(found, path, problems)
    general = {name: one for name, one in found.values.items() if name not in OF_ACCOUNT}
    settings = _judged(Settings, general, problems, "")
    if problems or settings is None:
        raise SettingsInvalid(problems)
    state_dir = settings.state_dir if "STIPT_STATE_DIR" in general else state_folder(env)
    return settings.model_copy(
        update={
            "accounts": tuple(accounts),
            "config_file": path,
            "state_dir": state_dir,
            "database_url": _database_url(settings, state_dir),
            "origins": _origins(found),
        }
    )


def _accounts(found: Gathered, path: Path | None, problems: list[str]) -> list[AccountSettings]:
    own = {name: one for name, one in found.values.items() if name in OF_ACCOUNT}
    if not found.accounts:
        one = _account(DEFAULT_ACCOUNT, own, path, problems)
        return [] if one is None else [one]
    if own:
        both = ", ".join(sorted(own))
        problems.append(f"{both}: given beside the accounts of the config file; keep one of them")
    accounts = []
    for name, values in found.accounts.items():
        if _ACCOUNT_NAME.fullmatch(name) is None:
            problems.append(f"accounts.{name}: a name has only a-z, 0-9 and _")
            continue
        one = _account(name, values, path, problems)
        if one is not None:
            accounts.append(one)
    return accounts


def _account(
    name: str, values: Mapping[str, Given], path: Path | None, problems: list[str]
) -> AccountSettings | None:
    prefix = "" if name == DEFAULT_ACCOUNT else f"accounts.{name}: "
    found = _judged(AccountSettings, values, problems, prefix)
    if found is None:
        return None
    beside = path is not None and path.exists() and "STIPT_RULES_PATH" not in values
    rules = path.parent / "sla" if path is not None and beside else found.rules_path
    return found.model_copy(update={"name": name, "rules_path": rules})


def _judged(
    model: type[Model], values: Mapping[str, Given], problems: list[str], prefix: str
) -> Model | None:
    try:
        return model.model_validate({name: one.value for name, one in values.items()})
    except ValidationError as fault:
        for one in fault.errors(include_input=False, include_url=False, include_context=False):
            name = one["loc"][0] if one["loc"] else ""
            problems.append(f"{prefix}{name}: {_wanted(one['type'], one['msg'])}")
        return None


def _wanted(kind: str, told: str) -> str:
    """What a value must be, in our words: pydantic's speak of input and quote every word."""
    if kind == "int_parsing":
        return "must be a whole number"
    if told.startswith("Value error, "):
        return f"not understood; expected {told.removeprefix('Value error, ')}"
    return told.replace("Input should be", "must be").replace("'', ", "").replace("'", "")


def _outside_steering(env: Mapping[str, str], found: Gathered) -> list[str]:
    url = found.values.get("STIPT_ZENDESK_URL")
    if url is not None and is_loopback(url.value):
        return []
    return [
        f"{name} is set: it would send the set-up commands to another host; unset it"
        for name in ("ZENPY_FORCE_SCHEME", "ZENPY_FORCE_NETLOC")
        if name in env
    ]


def _config_file(config: Path | None, env: Mapping[str, str]) -> Path | None:
    if config is not None:
        return config
    if env.get("STIPT_CONFIG"):
        return Path(env["STIPT_CONFIG"])
    home = env.get("XDG_CONFIG_HOME") or (env.get("HOME") and f"{env['HOME']}/.config")
    return Path(home) / "stipt" / "config.toml" if home else None


def _database_url(settings: Settings, state_dir: Path) -> SecretStr:
    if settings.database_url.get_secret_value():
        return settings.database_url
    return SecretStr(f"sqlite:///{state_dir / 'stipt.db'}")


def _origins(found: Gathered) -> dict[str, str]:
    origins = {name: one.origin for name, one in found.values.items()}
    for account, values in found.accounts.items():
        origins |= {f"{account}: {name}": one.origin for name, one in values.items()}
    return origins
