"""The texts that people write: addresses, networks, ports, durations. Each is read in one place."""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import NamedTuple, TypeVar

from netguard.config.settings import LogSource
from netguard.inventory import IPNetwork, SwitchPort
from probes import mac as macs
from probes.records import IPAddress

ValueT = TypeVar("ValueT")

SNMP_PORT = 161
_LAST_PORT = 65535
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d{1,9})([smhd])")
_LONGEST = 36500  # days; no date is so far back that it cannot be reckoned
_HOST_PORT = re.compile(
    r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>\d{1,5}))?"
)
_SSH_USER = re.compile(r"|[^-\s@:][^\s@:]*")


class BadValue(ValueError):
    """A text that cannot mean what it should; `key` and `value` say where it stood."""

    def __init__(self, detail: str, *, remedy: str, key: str = "", value: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.key = key
        self.value = value


def at(key: str, parse: Callable[[str], ValueT], text: str) -> ValueT:
    """Parse the text of a key; a `BadValue` then names the key, and the text as it may be shown."""
    try:
        return parse(text)
    except BadValue as bad:
        raise BadValue(bad.detail, remedy=bad.remedy, key=key, value=bad.value or text) from None


def each(key: str, parse: Callable[[str], ValueT], texts: Iterable[str]) -> tuple[ValueT, ...]:
    """Parse every text in the list of a key."""
    return tuple(at(key, parse, text) for text in texts)


def address(text: str) -> IPAddress:
    """Read an IPv4 or IPv6 address without prefix and without zone."""
    try:
        found = ip_address(text)
    except ValueError:
        bare = text.partition("/")[0]
        remedy = (
            f"Write {bare} without the prefix." if bare != text else "Write e.g. 198.51.100.20."
        )
        raise BadValue("not an IP address", remedy=remedy) from None
    if found.version == 6 and found.scope_id is not None:  # noqa: PLR2004 - IPv6
        raise BadValue("an address with a zone", remedy=f"Leave out %{found.scope_id}.")
    return found


def network(text: str) -> IPNetwork:
    """Read a network whose host bits are zero; a bare address is a network of one."""
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise BadValue("not a network", remedy="Write e.g. 198.51.100.0/25.") from None
    raise BadValue("has host bits set", remedy=f"The network around it is {meant}.")


def mac(text: str) -> str:
    """Read a MAC in any usual spelling and return the canonical one."""
    try:
        return macs.canonical(text)
    except ValueError:
        raise BadValue("not a MAC address", remedy="Write e.g. 00:00:5e:00:53:20.") from None


def host_port(text: str) -> tuple[str, int]:
    """Read `host` or `host:port`, IPv6 in brackets where a port follows; SNMP's port by default."""
    wrong = BadValue(
        "not host or host:port",
        remedy="Write e.g. 192.0.2.1, sw1.example.net:1161, 2001:db8::1 or [2001:db8::1]:1161.",
    )
    host, port = _host_and_port(text, wrong)
    return host, SNMP_PORT if port is None else port


def _host_and_port(text: str, wrong: BadValue) -> tuple[str, int | None]:
    try:
        return str(ip_address(text)), None
    except ValueError:
        match = _HOST_PORT.fullmatch(text)
    if match is None:
        raise wrong
    port = None if match["port"] is None else int(match["port"])
    if port is not None and not 0 < port <= _LAST_PORT:
        raise BadValue(f"port {port} does not exist", remedy=f"Ports are 1 to {_LAST_PORT}.")
    if match["host"]:
        return match["host"], port
    try:
        return str(address(match["ipv6"])), port
    except BadValue:
        raise wrong from None


class SshTarget(NamedTuple):
    """Where to log in; None for what a login says."""

    user: str | None
    host: str
    port: int | None


def ssh_target(text: str) -> SshTarget:
    """Read `[user@]host[:port]`, IPv6 in brackets where a port follows."""
    user, _, place = text.rpartition("@")
    wrong = BadValue(
        "not user@host or user@host:port",
        remedy="Write e.g. netguard@192.0.2.77, or netguard@[2001:db8::77]:2222.",
    )
    if ":" in user:
        raise BadValue(
            "a password may not be written here",
            value=f"{user.partition(':')[0]}:***@{place}",
            remedy="Name a login: an [ssh.NAME] with the key, or the password by reference.",
        )
    # What begins with a dash, programs take for an option.
    if not _SSH_USER.fullmatch(user) or place.startswith("-") or (not user and "@" in text):
        raise wrong
    host, port = _host_and_port(place, wrong)
    return SshTarget(user or None, host, port)


def listener(text: str) -> tuple[str, int]:
    """Read where to listen, `udp:0.0.0.0:5162`, as address and port."""
    transport, _, rest = text.partition(":")
    if transport != "udp" or ":" not in rest:
        raise BadValue("not udp:ADDRESS:PORT", remedy="Write e.g. udp:0.0.0.0:5162.")
    return address_port(rest)


def log_source(text: str) -> LogSource:
    """Read where log lines come from: `udp:0.0.0.0:5514`, `tcp:...` or `file:/var/log/messages`."""
    transport, _, rest = text.partition(":")
    if transport == "file" and rest.startswith("/") and rest.isprintable():
        return LogSource("file", rest)
    if transport not in {"udp", "tcp"} or ":" not in rest:
        remedy = "Write e.g. udp:0.0.0.0:5514, tcp:0.0.0.0:5514 or file:/var/log/messages."
        raise BadValue("not udp:ADDRESS:PORT, tcp:ADDRESS:PORT or file:/PATH", remedy=remedy)
    return LogSource("udp" if transport == "udp" else "tcp", *address_port(rest))


def address_port(text: str) -> tuple[str, int]:
    """Read `127.0.0.1:9477`, or `[::1]:9477`."""
    wrong = BadValue("not ADDRESS:PORT", remedy="Write e.g. 127.0.0.1:9477 or [::1]:9477.")
    host, port = _host_and_port(text, wrong)
    if port is None:
        raise wrong
    return str(address(host)), port


def switch_port(text: str) -> SwitchPort:
    """Read a device's name and a port's, `cat1 Fa0/3`."""
    device, _, port = text.strip().partition(" ")
    if not port.strip():
        raise BadValue("not a device and a port", remedy="Write e.g. cat1 Fa0/3.")
    return SwitchPort(device, port.strip())


def duration(text: str) -> float:
    """Read `30s`, `5m`, `24h`, `7d` or `0` as seconds."""
    if text == "0":
        return 0
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadValue("not a duration", remedy="Write e.g. 30s, 5m, 24h, 7d or 0.")
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST * _SECONDS["d"]:
        raise BadValue("longer than a hundred years", remedy=f"Write at most {_LONGEST}d.")
    return seconds


def interval(text: str) -> float:
    """Read a duration that is not 0."""
    seconds = duration(text)
    if not seconds:
        raise BadValue("not an interval", remedy="Write e.g. 1m.")
    return seconds


def protected(text: str) -> SwitchPort | IPAddress | str:
    """Read what must never be closed: a port, an address, or a MAC (returned as canonical text)."""
    for parse in (address, mac, switch_port):
        try:
            return parse(text)
        except BadValue:
            continue
    raise BadValue(
        "not a port, address or MAC",
        remedy="Write e.g. cat1 Gi0/1, 198.51.100.1 or 00:00:5e:00:53:01.",
    )
