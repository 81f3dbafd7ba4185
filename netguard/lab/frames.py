"""The ARP frames that programs on a host send by themselves (RFC 5227)."""

from ipaddress import IPv4Address

from probes.arp.frames import REPLY, REQUEST, ArpFrame, craft

_EVERYBODY = "ff:ff:ff:ff:ff:ff"
_NOBODY = "00:00:00:00:00:00"


def _broadcast(operation: int, mac: str, sender_ip: str, target_ip: str) -> bytes:
    return craft(
        ArpFrame(
            frame_destination=_EVERYBODY,
            frame_source=mac,
            operation=operation,
            sender_hw=mac,
            sender_ip=IPv4Address(sender_ip),
            target_hw=_NOBODY,
            target_ip=IPv4Address(target_ip),
        )
    )


def announcement(mac: str, address: str) -> bytes:
    """Return an ARP Announcement, as `arping -U` and many network start-up scripts send."""
    return _broadcast(REQUEST, mac, address, address)


def gratuitous_reply(mac: str, address: str) -> bytes:
    """Return the older form of the same, as `arping -A` and bonding drivers send."""
    return _broadcast(REPLY, mac, address, address)


def probe(mac: str, address: str) -> bytes:
    """Return an ARP Probe: is anyone using the address? Its sender address is zero."""
    return _broadcast(REQUEST, mac, "0.0.0.0", address)  # noqa: S104 - RFC 5227's zero, not a bind
