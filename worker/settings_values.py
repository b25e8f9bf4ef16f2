# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of values that settings have: spans, shares, addresses, lists; each from text."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from worker.clock import is_loopback

_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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


def _helpdesk_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL such as https://acme.zendesk.com")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("https; http is allowed on a loopback address only")
    return text.rstrip("/")


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
LoopbackUrl = Annotated[str, AfterValidator(_loopback_url)]
Switch = Annotated[Literal["off", "on"], BeforeValidator(_lower)]
Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
