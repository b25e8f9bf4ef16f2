# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts messages may go to: an address in a setting must not open the inner network."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from worker.notify.channel import NotDelivered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# `is_global` alone calls these public (Python 3.11): they lead inside, or nowhere.
NEVER_PUBLIC: tuple[Network, ...] = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's metadata host
    ipaddress.ip_network("64:ff9b::/96"),  # NAT64, any IPv4 address behind it
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("2002::/16"),  # 6to4, likewise
    ipaddress.ip_network("::/96"),  # IPv4-compatible
    ipaddress.ip_network("fec0::/10"),  # site-local
)

_INSIDE = "the host is in a private network that is not allowed (STIPT_ALLOW_NETWORKS)"


def system_resolver(host: str) -> Sequence[str]:
    """All addresses of a name, as the system sees them.

    Raises:
        OSError: the name is not known at present.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(entry[4][0]) for entry in found})


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Networks from their CIDR form (`10.1.0.0/16`, `127.0.0.1`).

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ipaddress.ip_network(one.strip()) for one in written if one.strip())


def as_address(host: str) -> Address | None:
    """The IP address that a host is written as, IPv4 in IPv6 clothing unwrapped; None for a name.

    Forms that only some resolvers take for an address (`127.1`, `0x7f.1`,
    `2130706433`) are names here, and so need to be on the list of hosts.
    """
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return _unwrapped(address)


def _unwrapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet and to a single host there."""
    plain = _unwrapped(address)
    if any(plain.version == one.version and plain in one for one in NEVER_PUBLIC):
        return False
    return plain.is_global and not plain.is_multicast


@dataclass(frozen=True, slots=True)
class Reach:
    """The hosts and networks that messages may go to.

    `hosts` are names, `*.example.com` for all below one. `networks` are
    private networks allowed besides. `proxied`: requests leave through a
    proxy, which resolves names itself, so only the list of hosts can count.
    """

    hosts: frozenset[str]
    networks: tuple[Network, ...] = ()
    resolve: Callable[[str], Sequence[str]] = system_resolver
    proxied: bool = False

    def check(self, host: str, port: int, *, secure: bool, ports: frozenset[int]) -> None:
        """Let a target pass, or say why not; as `checked`."""
        self.checked(host, port, secure=secure, ports=ports)

    def checked(
        self, host: str, port: int, *, secure: bool, ports: frozenset[int]
    ) -> tuple[str, ...]:
        """The addresses of a target that may be reached; none behind a proxy, which finds them.

        Args:
            host: name or address, without brackets.
            port: of the target.
            secure: whether the connection is encrypted and verified.
            ports: the ports that public hosts may be asked on.

        Raises:
            NotDelivered: setting for a target that is not allowed, temporary
                for a name that cannot be resolved now.
        """
        address = as_address(host)
        if address is not None and self._inside(address):
            return (str(address),)
        if address is not None and not is_public(address):
            raise NotDelivered("setting", _INSIDE)
        if not self._listed(host):
            raise NotDelivered(
                "setting", "the host is not on the list of allowed hosts (STIPT_ALLOW_HOSTS)"
            )
        addresses = [] if self.proxied else self._addresses(host, address)
        found = tuple(str(one) for one in addresses)
        for one in addresses:
            if not (self._inside(one) or is_public(one)):
                raise NotDelivered("setting", _INSIDE)
        if addresses and all(self._inside(one) for one in addresses):
            return found
        if not secure:
            raise NotDelivered("setting", "the connection to a public host must be encrypted")
        if port not in ports:
            allowed = ", ".join(str(one) for one in sorted(ports))
            raise NotDelivered("setting", f"port {port} is not allowed; allowed are {allowed}")
        return found

    def _listed(self, host: str) -> bool:
        name = host.lower().rstrip(".")
        parents = name.split(".")[1:]
        wildcards = (f"*.{'.'.join(parents[start:])}" for start in range(len(parents)))
        return name in self.hosts or any(one in self.hosts for one in wildcards)

    def _inside(self, address: Address) -> bool:
        return any(address.version == one.version and address in one for one in self.networks)

    def _addresses(self, host: str, address: Address | None) -> list[Address]:
        if address is not None:
            return [address]
        try:
            answers = self.resolve(host)
        except (OSError, UnicodeError):
            answers = ()
        found = [one for one in map(as_address, answers) if one is not None]
        if not found:
            raise NotDelivered("temporary", "the name of the host cannot be resolved")
        return found
