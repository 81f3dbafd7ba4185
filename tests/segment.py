"""A segment of real kernels: namespaces on a bridge, and stations in userland for odd manners."""

import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Self

from pyroute2 import IPRoute

from netguard import clock
from netguard.lab import namespaces
from probes.arp import ArpFrame, craft, parse
from probes.errors import Malformed

NETWORK = IPv4Network("198.51.100.0/27")
OWN_MAC = "00:00:5e:00:53:fe"
OWN = IPv4Address("198.51.100.30")
BROADCAST = "ff:ff:ff:ff:ff:ff"
NOBODY = "00:00:00:00:00:00"
ETH_P_ALL = 3
SO_TIMESTAMPNS = 35


def mac(number: int) -> str:
    """Return a documentation MAC (RFC 7042)."""
    return f"00:00:5e:00:53:{number:02x}"


def address(number: int) -> IPv4Address:
    return NETWORK[number]


class Segment:
    """One bridge; every host hangs on it by its own cards. Ends with the `with`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._ports = 0
        # The kernel begins to stamp frames some time after it was first asked to; a Tap needs it
        # from its first frame on.
        early = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        early.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.switch = self.namespace()
        with self.ip(self.switch) as ip:
            ip.link("add", ifname="br0", kind="bridge", br_stp_state=0, br_forward_delay=0)
            ip.link("set", index=ip.link_lookup(ifname="br0")[0], state="up")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def namespace(self) -> int:
        fd = namespaces.create()
        self._stack.callback(os.close, fd)
        sysctl(fd, "ipv6/conf/default/disable_ipv6", "1")
        with self.ip(fd) as ip:
            ip.link("set", index=1, state="up")
        return fd

    @staticmethod
    @contextmanager
    def ip(fd: int) -> Iterator[Any]:
        with namespaces.entered(fd), IPRoute() as ip:
            yield ip

    def card(self, fd: int, hw: str, *addresses: str, name: str = "eth0") -> str:
        """Put one more card of a host on the segment; return the name of its switch port."""
        self._ports += 1
        port = f"port{self._ports}"
        with self.ip(self.switch) as ip:
            ip.link("add", ifname=port, kind="veth", peer={"ifname": name, "net_ns_fd": fd})
            bridge = ip.link_lookup(ifname="br0")[0]
            ip.link("set", index=ip.link_lookup(ifname=port)[0], master=bridge, state="up")
        with self.ip(fd) as ip:
            index = ip.link_lookup(ifname=name)[0]
            ip.link("set", index=index, address=hw, state="up")
            for each in addresses:
                ip.addr("add", index=index, address=each, prefixlen=NETWORK.prefixlen)
        return port

    def host(self, number: int, *last_octets: int) -> int:
        """Add a host with one card, mac(number), and its addresses; return its namespace."""
        fd = self.namespace()
        self.card(fd, mac(number), *(str(address(octet)) for octet in last_octets))
        return fd

    def prober(self) -> int:
        fd = self.namespace()
        self.card(fd, OWN_MAC, str(OWN), name="eth1")
        return fd

    def station(
        self, number: int, answer: Callable[[ArpFrame], ArpFrame | None], *, delay: float = 0.0
    ) -> int:
        """Add a host without any address, whose answers to ARP a function makes, after `delay`."""
        fd = self.host(number)
        self.answer(fd, answer, delay=delay)
        return fd

    def answer(
        self, fd: int, answer: Callable[[ArpFrame], ArpFrame | None], *, delay: float = 0.0
    ) -> None:
        self._stack.enter_context(answering(fd, answer, delay=delay))


def sysctl(fd: int, key: str, value: str) -> None:
    with namespaces.entered(fd):
        Path("/proc/sys/net", key).write_text(value, encoding="ascii")


def proxy(segment: Segment, router: int) -> None:
    """Let a host answer for everything it would route out of another interface (RFC 1027)."""
    sysctl(router, "ipv4/ip_forward", "1")
    sysctl(router, "ipv4/conf/eth0/proxy_arp", "1")
    with segment.ip(router) as ip:
        ip.link("add", ifname="behind", kind="bridge")
        index = ip.link_lookup(ifname="behind")[0]
        ip.link("set", index=index, state="up")
        for half in NETWORK.subnets():
            ip.route("add", dst=str(half), oif=index)
        ip.route("add", dst=f"{OWN}/32", oif=ip.link_lookup(ifname="eth0")[0])


def raw(fd: int, interface: str = "eth0") -> socket.socket:
    """Open a packet socket in a namespace, independent of probes.link."""
    with namespaces.entered(fd):
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        link.bind((interface, ETH_P_ALL))
    return link


def claims_to_have(*addresses: IPv4Address, hw: str) -> Callable[[ArpFrame], ArpFrame | None]:
    """Answer for the addresses as an ordinary host would, if the frame is for us or for all."""

    def answer(asked: ArpFrame) -> ArpFrame | None:
        for_us = asked.frame_destination in {hw, BROADCAST}
        if asked.operation != 1 or asked.target_ip not in addresses or not for_us:
            return None
        return reply(asked, hw)

    return answer


def reply(asked: ArpFrame, hw: str) -> ArpFrame:
    return ArpFrame(
        frame_destination=asked.frame_source,
        frame_source=hw,
        operation=2,
        sender_hw=hw,
        sender_ip=asked.target_ip,
        target_hw=asked.sender_hw,
        target_ip=asked.sender_ip,
    )


def request(hw: str, sender: IPv4Address, target: IPv4Address) -> ArpFrame:
    return ArpFrame(
        frame_destination=BROADCAST,
        frame_source=hw,
        operation=1,
        sender_hw=hw,
        sender_ip=sender,
        target_hw=NOBODY,
        target_ip=target,
    )


def answering(
    fd: int, answer: Callable[[ArpFrame], ArpFrame | None], *, delay: float = 0.0
) -> AbstractContextManager[None]:
    def answer_frame(octets: bytes) -> bytes | None:
        try:
            said = answer(parse(octets))
        except Malformed:
            return None
        return None if said is None else craft(said)

    return answering_frames(fd, answer_frame, delay=delay)


@contextmanager
def answering_frames(
    fd: int, answer: Callable[[bytes], bytes | None], *, delay: float = 0.0
) -> Iterator[None]:
    """Answer whatever comes to a host's card, as a function says."""
    ended = threading.Event()
    with raw(fd) as link:
        thread = threading.Thread(target=_answer, args=(link, answer, delay, ended))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _answer(
    link: socket.socket,
    answer: Callable[[bytes], bytes | None],
    delay: float,
    ended: threading.Event,
) -> None:
    while not ended.is_set():
        if not select.select([link], [], [], 0.05)[0]:
            continue
        octets, (_, _, kind, _, _) = link.recvfrom(2048)
        said = answer(octets) if kind != socket.PACKET_OUTGOING else None
        if said is not None and not ended.wait(delay):
            link.send(said)


@contextmanager
def repeating(fd: int, frames: list[bytes], every: float = 0.05) -> Iterator[None]:
    """Send the frames over and over from a host's card."""
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(every):
            for frame in frames:
                link.send(frame)

    with raw(fd) as link:
        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class Tap:
    """A second pair of eyes on one switch port, with the kernel's own time stamps."""

    def __init__(self, fd: int, port: str) -> None:
        self._began = int(clock.now().timestamp())
        self._link = raw(fd, port)
        self._link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._link.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def frames(self) -> list[tuple[float, ArpFrame]]:
        """Return what has come in at the port: seconds since the start (kernel time), frame."""
        seen = []
        while select.select([self._link], [], [], 0)[0]:
            octets, ancillary, _, sender = self._link.recvmsg(2048, 64)
            if sender[2] != socket.PACKET_OUTGOING and octets[12:14] == b"\x08\x06":
                seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
                seen.append((seconds - self._began + nanoseconds / 1e9, parse(octets)))
        return seen
