from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest

from netguard.config.values import (
    BadValue,
    address,
    duration,
    host_port,
    listener,
    mac,
    network,
    protected,
    switch_port,
)
from netguard.inventory import SwitchPort

UNDERSTOOD: list[tuple[Callable[[str], object], str, object]] = [
    (address, "198.51.100.20", ip_address("198.51.100.20")),
    (address, "2001:DB8::1", ip_address("2001:db8::1")),
    (network, "198.51.100.0/25", ip_network("198.51.100.0/25")),
    (network, "198.51.100.0/255.255.255.128", ip_network("198.51.100.0/25")),
    (network, "198.51.100.20", ip_network("198.51.100.20/32")),
    (network, "2001:db8::/64", ip_network("2001:db8::/64")),
    (mac, "0000.5E00.5320", "00:00:5e:00:53:20"),
    (host_port, "192.0.2.1", ("192.0.2.1", 161)),
    (host_port, "192.0.2.1:1161", ("192.0.2.1", 1161)),
    (host_port, "2001:db8::1", ("2001:db8::1", 161)),
    (host_port, "[2001:db8::1]", ("2001:db8::1", 161)),
    (host_port, "[2001:db8::1]:1161", ("2001:db8::1", 1161)),
    (host_port, "sw-1.example.net:1161", ("sw-1.example.net", 1161)),
    (listener, "udp:0.0.0.0:5514", ("0.0.0.0", 5514)),  # noqa: S104 - only read
    (listener, "udp:[::]:5162", ("::", 5162)),
    (switch_port, "cat1 Fa0/3", SwitchPort("cat1", "Fa0/3")),
    (switch_port, " edge1   ethernet 1/1 ", SwitchPort("edge1", "ethernet 1/1")),
    (duration, "30s", 30),
    (duration, "5m", 300),
    (duration, "24h", 86400),
    (duration, "7d", 604800),
    (duration, "0", 0),
    (protected, "198.51.100.1", ip_address("198.51.100.1")),
    (protected, "00-00-5E-00-53-01", "00:00:5e:00:53:01"),
    (protected, "cat1 Gi0/1", SwitchPort("cat1", "Gi0/1")),
]

REFUSED: list[tuple[Callable[[str], object], str, str]] = [
    (address, "198.51.100.300", "Write e.g. 198.51.100.20."),
    (address, "198.51.100.020", "Write e.g. 198.51.100.20."),
    (address, "198.51.100.20/25", "Write 198.51.100.20 without the prefix."),
    (address, "fe80::1%eth0", "Leave out %eth0."),
    (address, "", "Write e.g. 198.51.100.20."),
    (network, "198.51.100.20/25", "The network around it is 198.51.100.0/25."),
    (network, "198.51.100.0/33", "Write e.g. 198.51.100.0/25."),
    (network, "web", "Write e.g. 198.51.100.0/25."),
    (mac, "00:00:5e:00:53", "Write e.g. 00:00:5e:00:53:20."),
    (host_port, "", "Write e.g. 192.0.2.1"),
    (host_port, "192.0.2.1:", "Write e.g. 192.0.2.1"),
    (host_port, "192.0.2.1:snmp", "Write e.g. 192.0.2.1"),
    (host_port, "192.0.2.1:0", "Ports are 1 to 65535."),
    (host_port, "192.0.2.1:65536", "Ports are 1 to 65535."),
    (host_port, "[192.0.2.1", "Write e.g. 192.0.2.1"),
    (host_port, "[edge1]:161", "Write e.g. 192.0.2.1"),
    (host_port, "edge 1", "Write e.g. 192.0.2.1"),
    (listener, "tcp:0.0.0.0:5514", "Write e.g. udp:0.0.0.0:5514."),
    (listener, "udp:5514", "Write e.g. udp:0.0.0.0:5514."),
    (listener, "udp:0.0.0.0", "Write e.g. udp:0.0.0.0:5514."),
    (listener, "udp:localhost:5514", "Write e.g. 198.51.100.20."),
    (switch_port, "Fa0/3", "Write e.g. cat1 Fa0/3."),
    (switch_port, "", "Write e.g. cat1 Fa0/3."),
    (duration, "5", "Write e.g. 30s"),
    (duration, "-5m", "Write e.g. 30s"),
    (duration, "1.5h", "Write e.g. 30s"),
    (protected, "Gi0/1", "Write e.g. cat1 Gi0/1"),
]


@pytest.mark.parametrize(("parse", "text", "meaning"), UNDERSTOOD)
def test_a_text_is_understood(parse: Callable[[str], object], text: str, meaning: object) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize(("parse", "text", "remedy"), REFUSED)
def test_a_text_without_meaning_is_refused_with_a_remedy(
    parse: Callable[[str], object], text: str, remedy: str
) -> None:
    with pytest.raises(BadValue) as refused:
        parse(text)
    assert refused.value.remedy.startswith(remedy)
