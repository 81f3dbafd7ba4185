"""Which addresses of a network its stations have."""

from collections.abc import Iterable
from ipaddress import IPv4Network

from netguard.inventory import IPNetwork
from probes.records import IPAddress


class Ranges:
    """The addresses in some networks that one station may have for itself.

    Odd devices answer for a network's own address, and for its broadcast address; in IPv6 the
    former is every router's (RFC 4291, section 2.6.1).
    """

    def __init__(self, networks: Iterable[IPNetwork]) -> None:
        self._ranges = tuple(map(_range, networks))

    def __contains__(self, ip: IPAddress) -> bool:
        version, number = ip.version, int(ip)
        return any(version == each and low <= number <= high for each, low, high in self._ranges)


def _range(network: IPNetwork) -> tuple[int, int, int]:
    """Return the IP version, and the first and last number of the addresses."""
    low, high = int(network.network_address), int(network.broadcast_address)
    several = network.num_addresses > 2  # noqa: PLR2004 - else both are stations' (RFC 3021, 6164)
    last = high - (several and isinstance(network, IPv4Network))
    return network.version, low + several, last
