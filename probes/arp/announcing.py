"""Tells a segment where an address really is, so that poisoned ARP caches are right again at once.

Only for an address whose MAC is known from elsewhere: a wrong announcement is the poison itself.
"""

import threading
from collections.abc import Iterator
from ipaddress import IPv4Address

from probes.arp.frames import NOBODY, REPLY, REQUEST, ArpFrame, craft
from probes.link import ARP_FRAME, Link
from probes.mac import canonical, from_bytes, to_bytes
from probes.mmsg import Slots

_BROADCAST = "ff:ff:ff:ff:ff:ff"
_GROUP_BIT = 0x01


def announce(
    interface: str,
    address: IPv4Address,
    mac: str,
    *,
    times: int = 3,
    spacing: float = 0.6,
    stop: threading.Event | None = None,
) -> int:
    """Tell every host on the segment that `address` is at `mac`; return the number of frames sent.

    Hosts that know the address correct it, others learn nothing, and this machine does not hear
    itself: its own cache stays as it is. Ends early, without an error, once `stop` is set. Raises
    LinkError as `sweep` does, ValueError for a MAC that can be no single station's.
    """
    station = _single(mac)
    stop = stop or threading.Event()
    with Link(interface) as link:
        frames = [craft(frame) for frame in announcements(from_bytes(link.mac), address, station)]
        outbox = Slots(len(frames), ARP_FRAME)
        outbox.buffer[:] = b"".join(frames)
        sent = 0
        # Several times, over more than a second: a frame may be lost, and older Linux kernels
        # ignore what comes within a second of an entry's last change.
        for number in range(times):
            if stop.wait(spacing if number else 0):
                break
            link.send(outbox, outbox.count)
            sent += outbox.count
        link.still_usable()
        return sent


def announcements(sender: str, address: IPv4Address, mac: str) -> Iterator[ArpFrame]:
    """Yield both forms in which `sender` can say that `address` is at `mac`.

    The ARP Announcement of RFC 5227, and the older gratuitous reply, which some systems heed alone;
    Linux takes a reply for gratuitous only if its target is its sender, hardware address included.
    """
    for operation, target_hw in ((REQUEST, from_bytes(NOBODY)), (REPLY, mac)):
        yield ArpFrame(
            frame_destination=_BROADCAST,
            # Our own, never `mac`: switches learn ports from the frame's source, and would send
            # everything for the gateway to us. What hosts believe is the packet's sender_hw.
            frame_source=sender,
            operation=operation,
            sender_hw=mac,
            sender_ip=address,
            target_hw=target_hw,
            target_ip=address,
        )


def _single(mac: str) -> str:
    octets = to_bytes(canonical(mac))
    if octets[0] & _GROUP_BIT or octets == NOBODY:
        raise ValueError(f"not the MAC of one station: {mac!r}")
    return from_bytes(octets)
