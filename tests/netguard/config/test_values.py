from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest

from netguard.config.settings import LogSource
from netguard.config.values import (
    BadValue,
    address,
    address_port,
    duration,
    host_port,
    interval,
    listener,
    log_source,
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
    (log_source, "udp:192.0.2.9:514", LogSource("udp", "192.0.2.9", 514)),
    (log_source, "tcp:[2001:DB8::9]:5514", LogSource("tcp", "2001:db8::9", 5514)),
    (log_source, "file:/var/log/my messages", LogSource("file", "/var/log/my messages")),
    (log_source, "file:/var/log/a:b", LogSource("file", "/var/log/a:b")),
    (address_port, "127.0.0.1:9477", ("127.0.0.1", 9477)),
    (address_port, "[::1]:9477", ("::1", 9477)),
    (switch_port, "cat1 Fa0/3", SwitchPort("cat1", "Fa0/3")),
    (switch_port, " edge1   ethernet 1/1 ", SwitchPort("edge1", "ethernet 1/1")),
    (duration, "30s", 30),
    (duration, "5m", 300),
    (duration, "24h", 86400),
    (duration, "7d", 604800),
    (duration, "0", 0),
    (duration, "36500d", 3153600000),
    (interval, "1s", 1),
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
    (listener, "tcp:0.0.0.0:5514", "Write e.g. udp:0.0.0.0:5162."),
    (listener, "udp:5514", "Write e.g. udp:0.0.0.0:5162."),
    (listener, "udp:0.0.0.0", "Write e.g. udp:0.0.0.0:5162."),
    (listener, "udp:[::1]", "Write e.g. 127.0.0.1:9477 or [::1]:9477."),
    (listener, "udp:::1", "Write e.g. 127.0.0.1:9477 or [::1]:9477."),
    (listener, "udp:localhost:5514", "Write e.g. 198.51.100.20."),
    (log_source, "udp", "Write e.g. udp:0.0.0.0:5514, tcp:0.0.0.0:5514 or file:"),
    (log_source, "UDP:0.0.0.0:5514", "Write e.g. udp:0.0.0.0:5514, tcp:"),
    (log_source, "udp::5514", "Write e.g. 127.0.0.1:9477 or"),
    (log_source, "file:", "Write e.g. udp:0.0.0.0:5514, tcp:"),
    (log_source, "file:/var/log/a\0b", "Write e.g. udp:0.0.0.0:5514, tcp:"),
    (address_port, "", "Write e.g. 127.0.0.1:9477"),
    (address_port, ":9477", "Write e.g. 127.0.0.1:9477"),
    (address_port, "127.0.0.1", "Write e.g. 127.0.0.1:9477"),
    (address_port, "[::1]", "Write e.g. 127.0.0.1:9477"),
    (address_port, "::1:9477", "Write e.g. 127.0.0.1:9477"),
    (address_port, "127.0.0.1:99999", "Ports are 1 to 65535."),
    (address_port, "localhost:9477", "Write e.g. 198.51.100.20."),
    (switch_port, "Fa0/3", "Write e.g. cat1 Fa0/3."),
    (switch_port, "", "Write e.g. cat1 Fa0/3."),
    (duration, "5", "Write e.g. 30s"),
    (duration, "-5m", "Write e.g. 30s"),
    (duration, "1.5h", "Write e.g. 30s"),
    (duration, "36501d", "Write at most 36500d."),
    (interval, "0s", "Write e.g. 1m."),
    (protected, "Gi0/1", "Write e.g. cat1 Gi0/1"),
]


@pytest.mark.parametrize(("parse", "text", "meaning"), UNDERSTOOD)
def test_a_text_is_understood(parse: Callable[[str], object], text: str, meaning: object) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize(
    "text", ["udp:0.0.0.0:5514", "tcp:[2001:db8::9]:5514", "file:/var/log/messages"]
)
def test_where_log_lines_come_from_is_said_as_it_is_written(text: str) -> None:
    assert str(log_source(text)) == text


@pytest.mark.parametrize(("parse", "text", "remedy"), REFUSED)
def test_a_text_without_meaning_is_refused_with_a_remedy(
    parse: Callable[[str], object], text: str, remedy: str
) -> None:
    with pytest.raises(BadValue) as refused:
        parse(text)
    assert refused.value.remedy.startswith(remedy)
