"""What this machine says itself: where that comes back, it is no news; but others may say it."""

import math
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv6Interface
from time import monotonic

from probes.heard import ArpClaim, Heard, NeighborClaim, RouterAdvert, VirtualHello
from probes.interfaces import LocalInterface, ipv6_addresses, local_interfaces, own_macs
from probes.mac import from_bytes
from probes.records import IPAddress

_FRESH = 0.1  # seconds: under a flood the addresses are not read for each frame
_IPV6 = 6

Had = frozenset[tuple[str | None, IPAddress]]


class Ours:
    """This machine's MACs, as they were at first, and its addresses, as they are just now."""

    def __init__(self, interfaces: dict[str, LocalInterface]) -> None:
        self.macs = frozenset(map(from_bytes, own_macs(interfaces)))
        self._had: Had = frozenset()
        self._read = -math.inf

    def said(self, record: Heard, guarded: Callable[[IPAddress], bool]) -> bool:
        """Tell whether something was said by us, or by who may be: a container with our MAC.

        It was not where a `guarded` address is claimed that we have not, or a router is advertised.
        """
        who = record.frame_source if isinstance(record, VirtualHello) else record.sender_hw
        if who not in self.macs:
            return False
        match record:
            case ArpClaim() | NeighborClaim():
                return not guarded(record.sender_ip) or self._has(who, record.sender_ip)
            case RouterAdvert():
                return self._has(who, record.router)
            case _:
                return True

    def _has(self, mac: str, ip: IPAddress) -> bool:
        if monotonic() - self._read >= _FRESH:
            self._had = had(local_interfaces(), ipv6_addresses())
            self._read = monotonic()
        return _key(mac, ip) in self._had


def had(
    interfaces: Mapping[str, LocalInterface], ipv6: Mapping[str, Iterable[IPv6Interface]]
) -> Had:
    """Return what our stations may claim: every address by any of our MACs, as kernels answer.

    But a link-local one by the MAC of its interface alone: bridges for containers have fe80::1, and
    so may a gateway.
    """
    v4 = ((None, each.ip) for one in interfaces.values() for each in one.addresses)
    macs = {name: from_bytes(one.mac) for name, one in interfaces.items() if one.mac}
    v6 = (_key(macs.get(name, ""), each.ip) for name, own in ipv6.items() for each in own)
    return frozenset((*v4, *v6))


def _key(mac: str, ip: IPAddress) -> tuple[str | None, IPAddress]:
    return (mac if ip.version == _IPV6 and ip.is_link_local else None, ip)
