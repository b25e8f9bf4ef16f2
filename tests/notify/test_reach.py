# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts messages may go to."""

import ipaddress

import pytest

from worker.notify.channel import NotDelivered
from worker.notify.reach import Reach, as_address, is_public, networks
from worker.notify.services import HTTPS_PORTS

PUBLIC = "93.184.216.34"


def reach(*answers: str, hosts: tuple[str, ...] = ("hook.example.com",), **more: object) -> Reach:
    return Reach(frozenset(hosts), resolve=lambda _host: answers or (PUBLIC,), **more)  # type: ignore[arg-type] - typed by the caller


def refusal(where: Reach, host: str, port: int = 443, *, secure: bool = True) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        where.check(host, port, secure=secure, ports=HTTPS_PORTS)
    return caught.value


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104 - to be refused, nothing is bound
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "fe80::1",
        "fc00::1",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
    ],
)
def test_an_inner_address_is_refused_however_it_is_written(address: str):
    assert not is_public(ipaddress.ip_address(address))
    assert "STIPT_ALLOW_NETWORKS" in refusal(reach(), f"[{address}]").detail
    listed = reach(hosts=(address, f"[{address}]"))
    assert "STIPT_ALLOW_NETWORKS" in refusal(listed, address).detail
    named = reach(address)
    assert "STIPT_ALLOW_NETWORKS" in refusal(named, "hook.example.com").detail


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111"])
def test_a_public_address_is_public(address: str):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0", "0177.0.0.1", "localhost"])
def test_other_spellings_of_an_address_are_names_and_need_to_be_listed(host: str):
    assert as_address(host) is None
    allowed = reach("127.0.0.1", networks=networks(["127.0.0.0/8"]))
    assert "STIPT_ALLOW_HOSTS" in refusal(allowed, host).detail


def test_one_bad_answer_among_good_ones_refuses_the_name():
    assert "STIPT_ALLOW_NETWORKS" in refusal(reach(PUBLIC, "10.0.0.1"), "hook.example.com").detail


def test_every_call_resolves_again():
    answers = iter([(PUBLIC,), ("127.0.0.1",)])
    rebinding = Reach(frozenset({"hook.example.com"}), resolve=lambda _host: next(answers))
    rebinding.check("hook.example.com", 443, secure=True, ports=HTTPS_PORTS)
    refusal(rebinding, "hook.example.com")


def test_a_name_that_cannot_be_resolved_may_work_later():
    def unknown(_host: str) -> tuple[str, ...]:
        raise OSError("no such name")

    gone = Reach(frozenset({"hook.example.com"}), resolve=unknown)
    assert refusal(gone, "hook.example.com").failure == "temporary"


def test_a_public_host_is_reached_encrypted_and_on_the_usual_ports_only():
    assert "encrypted" in refusal(reach(), "hook.example.com", secure=False).detail
    assert "port 22" in refusal(reach(), "hook.example.com", 22).detail
    reach().check("hook.example.com", 8443, secure=True, ports=HTTPS_PORTS)


def test_a_host_that_is_not_listed_is_refused():
    for host in ("evil.example.com", "example.com", "hook.example.com.evil.org"):
        assert refusal(reach(), host).failure == "setting"


def test_a_star_stands_for_all_names_below():
    below = reach(hosts=("*.example.com",))
    below.check("a.b.EXAMPLE.com.", 443, secure=True, ports=HTTPS_PORTS)
    refusal(below, "example.com")
    refusal(below, "badexample.com")


def test_an_allowed_network_may_be_reached_by_address_on_any_port():
    inside = reach(networks=networks(["10.1.0.0/16", "fd00::/8"]))
    inside.check("10.1.2.3", 8080, secure=False, ports=HTTPS_PORTS)
    inside.check("::ffff:10.1.2.3", 8080, secure=False, ports=HTTPS_PORTS)
    inside.check("[fd00::5]", 80, secure=False, ports=HTTPS_PORTS)
    refusal(inside, "10.2.0.1")


def test_a_listed_name_may_lead_into_an_allowed_network():
    inside = reach("10.1.2.3", networks=networks(["10.1.0.0/16"]))
    inside.check("hook.example.com", 8080, secure=False, ports=HTTPS_PORTS)


def test_a_name_half_inside_must_still_be_reached_as_a_public_one():
    mixed = reach("10.1.2.3", PUBLIC, networks=networks(["10.1.0.0/16"]))
    mixed.check("hook.example.com", 443, secure=True, ports=HTTPS_PORTS)
    refusal(mixed, "hook.example.com", secure=False)


def test_behind_a_proxy_only_the_list_of_hosts_counts():
    def never(_host: str) -> tuple[str, ...]:
        raise AssertionError("names are the proxy's to resolve")

    behind = Reach(frozenset({"hook.example.com"}), resolve=never, proxied=True)
    behind.check("hook.example.com", 443, secure=True, ports=HTTPS_PORTS)
    refusal(behind, "other.example.com")
    refusal(behind, "hook.example.com", secure=False)
