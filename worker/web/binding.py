# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address is listened on, and which are refused."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Final

from worker.settings import SettingsInvalid

if TYPE_CHECKING:
    from worker.settings import Settings

_BACKLOG: Final = 128


class AddressTaken(Exception):
    """The address is in use, or not one of this machine's."""


def web_address(settings: Settings) -> tuple[str, int]:
    """Where pages and webhooks are served.

    Raises:
        SettingsInvalid: an address that others reach, and no sign-in is set up, or
            half of one.
    """
    problems = _sign_in_problems(settings)
    if problems:
        raise SettingsInvalid(problems)
    host, port = split_address(settings.http_bind)
    if not _is_loopback(host) and not settings.auth:
        problem = (
            f"STIPT_HTTP_BIND: {settings.http_bind} can be reached from other machines, and "
            "STIPT_AUTH is not set; bind 127.0.0.1 behind a proxy, or set up a sign-in"
        )
        raise SettingsInvalid([problem])
    return host, port


def _sign_in_problems(settings: Settings) -> list[str]:
    """What a sign-in lacks, a sentence each."""
    if settings.auth == "oidc":
        return _missing_of_provider(settings)
    if settings.auth == "proxy" and not settings.auth_trusted:
        whose = f"the addresses of the proxy whose {settings.auth_header} is believed"
        return [f"STIPT_AUTH_TRUSTED is missing: {whose}"]
    return []


def _missing_of_provider(settings: Settings) -> list[str]:
    """What a sign-in by OpenID Connect lacks."""
    needed = [
        ("STIPT_OIDC_ISSUER", settings.oidc_issuer, "the provider's address"),
        ("STIPT_OIDC_CLIENT_ID", settings.oidc_client_id, "the client made there for Stipt"),
        ("STIPT_OIDC_CLIENT_SECRET", settings.oidc_client_secret, "that client's secret"),
        ("STIPT_PUBLIC_URL", settings.public_url, "where the provider sends people back to"),
    ]
    return [f"{name} is missing: {what}" for name, value, what in needed if not value]


def split_address(bind: str) -> tuple[str, int]:
    """Host and port of a setting such as "127.0.0.1:8080" or "[::1]:8080"."""
    host, _, port = bind.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def listen(name: str, host: str, port: int) -> socket.socket:
    """A socket that listens; from here on nobody is turned away.

    Args:
        name: the setting, for the error.
        host: an address of this machine, or a name of it.
        port: 0 takes a free one.

    Raises:
        AddressTaken: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only on sockets that name their protocol
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as fault:
        listener.close()
        raise AddressTaken(f"{name}: {host}:{port} cannot be used: {fault.strerror}") from None
    return listener


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: nobody knows to which address it leads tomorrow
        return False
