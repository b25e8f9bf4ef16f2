# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and addresses: this machine, and the proxies that are believed."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine itself, with or without a port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_trusted(address: str, networks: Sequence[str]) -> bool:
    """Whether an address lies in one of the networks."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(one) for one in networks)


def peer_of(request: Request) -> str:
    """The address at the other end of the connection; empty where there is none."""
    return request.client.host if request.client else ""


def counted_address(request: Request, networks: Sequence[str]) -> str:
    """For whom tries are counted: a trusted proxy's caller, and all of an IPv6 site as one."""
    peer = peer_of(request)
    named = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    address = named if named and is_trusted(peer, (*networks, "127.0.0.0/8", "::1")) else peer
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return peer
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
