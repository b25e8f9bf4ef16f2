# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of values that settings have: spans, shares, addresses, lists; each from text."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from worker.clock import is_loopback

_SPAN = re.compile(r"(\d+)([smhd])")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


_SHORTEST_KEY = 32
_USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """Which helpdesk it is: its kind, and its host with the port where that is unusual."""

    kind: str
    host: str

    def __str__(self) -> str:
        """For people: "acme.zendesk.com (zendesk)"."""
        return f"{self.host} ({self.kind})"


def place(kind: str, url: str) -> Place:
    """The helpdesk at a URL, written so that the same one always reads the same."""
    parts = urlsplit(url)
    unusual = parts.port is not None and parts.port != _USUAL_PORTS.get(parts.scheme)
    port = f":{parts.port}" if unusual else ""
    return Place(kind, f"{parts.hostname}{port}{parts.path.rstrip('/')}")


def span(text: object) -> timedelta:
    """A span of settings: "25s", "60s", "5m", "2h", "90d".

    Raises:
        ValueError: anything else.
    """
    if isinstance(text, timedelta):
        return text
    match = _SPAN.fullmatch(str(text).strip())
    if match is None:
        raise ValueError('a span such as "25s", "5m", "2h" or "90d"')
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def span_text(length: timedelta) -> str:
    """A span as settings write it, in the largest unit that leaves no rest: "90d", "25s"."""
    seconds = round(length.total_seconds())
    for unit, size in sorted(_SECONDS.items(), key=lambda one: -one[1]):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def share(text: object) -> Fraction:
    """A share of settings: "70%".

    Raises:
        ValueError: anything else, or not above 0 % and at most 100 %.
    """
    if isinstance(text, Fraction):
        return text
    match = re.fullmatch(r"(\d{1,3})\s*%", str(text).strip())
    found = Fraction(int(match[1]), 100) if match else Fraction(0)
    if not 0 < found <= 1:
        raise ValueError('a share from "1%" to "100%"')
    return found


def instant_or_span(text: object) -> datetime | timedelta:
    """A date ("2026-11-01", midnight UTC), an instant with a zone, or a span."""
    if isinstance(text, datetime | timedelta):
        return text
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return span(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _bind(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError('an address such as "127.0.0.1:8080"')
    return text


def _issuer(text: str) -> str:
    _helpdesk_url(text)
    return text  # with the slash at its end, where the provider names itself so


def _helpdesk_url(text: str) -> str:
    parts = _url_parts(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL such as https://helpdesk.example.com")
    if "@" in parts.netloc:
        raise ValueError("a URL without a user and password; those have settings of their own")
    if parts.query or parts.fragment:
        raise ValueError("a URL without ? and #")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("https; http is allowed on a loopback address only")
    return text.rstrip("/")


def _public_url(text: str) -> str:
    parts = _url_parts(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL such as https://sla.example.com")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("a URL without a user, ? and #, such as https://sla.example.com")
    return text


def _url_without_path(text: str) -> str:
    if urlsplit(text).path:
        raise ValueError("a URL without a path, such as https://acme.zendesk.com")
    return text


def _url_parts(text: str) -> SplitResult | None:
    """The parts of a URL; None where it is none, or its port is no number."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _subdomain(text: str) -> str:
    if _LABEL.fullmatch(text) is None:
        raise ValueError('the first part of the address alone: "acme" of acme.zendesk.com')
    return text


def _host(text: str) -> str:
    labels = text.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("a host such as support.example.com, without https:// and without a path")
    return text


def _long_enough(key: SecretStr) -> SecretStr:
    """A key that nobody finds by trying."""
    if len(key.get_secret_value()) < _SHORTEST_KEY:
        raise ValueError(f"at least {_SHORTEST_KEY} characters, such as openssl rand -hex 32 gives")
    return key


def _database(url: SecretStr) -> SecretStr:
    if not url.get_secret_value():  # not set
        return url
    from sqlalchemy.engine import make_url  # noqa: PLC0415 -- slow; without the setting not needed
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 -- as above

    try:
        known = make_url(url.get_secret_value()).drivername in _DATABASES
    except (ArgumentError, ValueError):  # ValueError: the port is no number
        known = False
    if not known:  # the URL holds a password and is not repeated
        raise ValueError("sqlite:////path/stipt.db or postgresql+psycopg://user:password@host/name")
    return url


def _loopback_url(text: str) -> str:
    if not is_loopback(text):
        raise ValueError("a URL on a loopback address, as the sandbox prints it")
    return text


def _words(text: object) -> object:
    return tuple(text.replace(",", " ").split()) if isinstance(text, str) else text


def _networks(written: tuple[str, ...]) -> tuple[str, ...]:
    for one in written:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise ValueError(f'networks such as "10.1.0.0/16"; {one} is none') from None
    return written


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


Span = Annotated[timedelta, BeforeValidator(span)]
Share = Annotated[Fraction, BeforeValidator(share)]
Since = Annotated[datetime | timedelta, BeforeValidator(instant_or_span)]
Bind = Annotated[str, AfterValidator(_bind)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Networks = Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(_networks)]
HelpdeskUrl = Annotated[str, AfterValidator(_helpdesk_url)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Issuer = Annotated[str, AfterValidator(_issuer)]
ZendeskUrl = Annotated[HelpdeskUrl, AfterValidator(_url_without_path)]
Subdomain = Annotated[str, BeforeValidator(_lower), AfterValidator(_subdomain)]
Host = Annotated[str, BeforeValidator(_lower), AfterValidator(_host)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
SigningKey = Annotated[SecretStr, AfterValidator(_long_enough)]
LoopbackUrl = Annotated[str, AfterValidator(_loopback_url)]
Switch = Annotated[Literal["off", "on"], BeforeValidator(_lower)]
Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
