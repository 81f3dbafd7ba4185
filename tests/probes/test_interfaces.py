from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from time import monotonic, sleep

import pytest

from netguard.lab import namespaces
from probes.interfaces import (
    LocalInterface,
    ipv6_addresses,
    local_interfaces,
    own_addresses,
    own_macs,
)
from probes.mac import from_bytes
from tests.segment import OWN, OWN_MAC, Segment, address, mac, sysctl

pytestmark = pytest.mark.packets


def interfaces_of(fd: int) -> dict[str, LocalInterface]:
    with namespaces.entered(fd):
        return local_interfaces()


def without_carrier(fd: int, card: str) -> LocalInterface:
    """Wait for the kernel to notice: of two changes within a second it tells the second later."""
    until = monotonic() + 5
    while (seen := interfaces_of(fd)[card]).running and monotonic() < until:
        sleep(0.05)
    return seen


def test_an_interface_has_its_mac_its_state_and_all_its_addresses() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with segment.ip(prober) as ip:
            index = ip.link_lookup(ifname="eth1")[0]
            ip.addr("add", index=index, address="203.0.113.9", prefixlen=32, label="eth1:vip")
        own = interfaces_of(prober)["eth1"]
    assert from_bytes(own.mac or b"") == OWN_MAC
    assert own.addresses == (IPv4Interface(f"{OWN}/27"), IPv4Interface("203.0.113.9/32"))
    assert (own.up, own.running, own.hardware_type) == (True, True, 1)


def test_down_and_without_carrier_are_different_things() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with segment.ip(segment.switch) as ip:
            ip.link("set", index=ip.link_lookup(ifname="port1")[0], state="down")
        dark = without_carrier(prober, "eth1")
        with segment.ip(prober) as ip:
            ip.link("set", index=ip.link_lookup(ifname="eth1")[0], state="down")
        down = interfaces_of(prober)["eth1"]
    assert (dark.up, dark.running) == (True, False)
    assert (down.up, down.running) == (False, False)


def test_a_macvlan_and_a_down_bridge_are_this_machine_too() -> None:
    with Segment() as segment:
        prober = segment.prober()
        with segment.ip(prober) as ip:
            index = ip.link_lookup(ifname="eth1")[0]
            ip.link("add", ifname="mv0", kind="macvlan", link=index, address=mac(0x70))
            ip.link("add", ifname="br9", kind="bridge", address=mac(0x71))
            lower = ip.link_lookup(ifname="mv0")[0]
            ip.addr("add", index=lower, address=str(address(7)), prefixlen=27)
        everything = interfaces_of(prober)
    assert {from_bytes(each) for each in own_macs(everything)} == {OWN_MAC, mac(0x70), mac(0x71)}
    assert {OWN, address(7)} <= own_addresses(everything)


def test_only_the_namespace_of_the_calling_thread_is_listed() -> None:
    with Segment() as segment:
        prober, other = segment.prober(), segment.host(1, 1)
        assert set(interfaces_of(prober)) == {"lo", "eth1"}
        assert set(interfaces_of(other)) == {"lo", "eth0"}


def kernel_says(fd: int, flag: int) -> bool:
    """Tell whether one of the addresses has the flag (IFA_F_*), once it has; gives up late."""
    until = monotonic() + 20
    while monotonic() < until:
        with namespaces.entered(fd):
            lines = Path("/proc/thread-self/net/if_inet6").read_text(encoding="ascii").splitlines()
        if any(int(line.split()[4], 16) & flag for line in lines):
            return True
        sleep(0.02)
    return False


def test_an_ipv6_address_may_be_spoken_from_once_nobody_else_is_found_to_have_it() -> None:
    tentative, failed = 0x40, 0x08
    shared, own = IPv6Interface("2001:db8:226::9/64"), IPv6Interface("2001:db8:226::1/80")
    with Segment() as segment:
        prober, owner = segment.prober(), segment.host(1)
        for fd, card, dad in ((owner, "eth0", "0"), (prober, "eth1", "1")):
            sysctl(fd, f"ipv6/conf/{card}/accept_dad", dad)
            sysctl(fd, f"ipv6/conf/{card}/addr_gen_mode", "1")  # no link-local address
            sysctl(fd, f"ipv6/conf/{card}/disable_ipv6", "0")
        with segment.ip(owner) as ip:
            index = ip.link_lookup(ifname="eth0")[0]
            ip.addr("add", index=index, address=str(shared.ip), prefixlen=64)
        with segment.ip(prober) as ip:
            index = ip.link_lookup(ifname="eth1")[0]
            ip.addr("add", index=index, address=str(own.ip), prefixlen=80, flags=2)  # nodad
            ip.addr("add", index=index, address=str(shared.ip), prefixlen=64)
        assert kernel_says(prober, tentative | failed)
        with namespaces.entered(prober):
            early = ipv6_addresses()
        assert kernel_says(prober, failed)
        with namespaces.entered(prober):
            late = ipv6_addresses()
        with namespaces.entered(owner):
            there = ipv6_addresses()
    assert early["eth1"] == late["eth1"] == (own,)
    assert there["eth0"] == (shared,)
