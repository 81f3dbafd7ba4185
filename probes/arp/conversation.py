"""An ordinary host's part in a conversation: its question, and the address it asks from."""

from ipaddress import IPv4Address

from probes.arp.frames import BROADCAST, ETHERTYPE_ARP, NOBODY, REQUEST, UNSPECIFIED, packet
from probes.errors import LinkError
from probes.interfaces import own_addresses
from probes.link import Link


def question(
    link: Link, sender_ip: bytes, target_ip: bytes, destination: bytes = BROADCAST
) -> bytes:
    """Return the frame in which an ordinary host asks who has `target_ip`.

    With sender 0.0.0.0 it is an ARP Probe (RFC 5227).
    """
    header = destination + link.mac + ETHERTYPE_ARP.to_bytes(2)
    return header + packet(REQUEST, (link.mac, sender_ip), (NOBODY, target_ip))


def sender_for(link: Link, address: IPv4Address) -> bytes:
    """Return the address to ask from: the interface's own in the same network, else its first.

    Our own address is asked about from 0.0.0.0, as RFC 5227 says. Raises LinkError without any.
    """
    if address in own_addresses(link.interfaces):
        return UNSPECIFIED
    own = link.own.addresses
    if not own:
        raise no_address(link, str(address))
    near = (each for each in own if address in each.network)
    return next(near, own[0]).ip.packed


def no_address(link: Link, what: str) -> LinkError:
    """Say that this machine cannot ask about `what` as an ordinary host would."""
    name = link.own.name
    return LinkError(
        name,
        f"the interface has no IPv4 address to ask about {what} from",
        remedy=f"ip address add ADDRESS/LENGTH dev {name}, with a free address of {what}",
    )
