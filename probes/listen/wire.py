"""An interface listened to whole: all VLANs with their tags, and all stations' multicast."""

import ctypes
import socket
import struct
from collections.abc import Iterator

from probes.link import Link
from probes.listen.filter import HEARD
from probes.listen.frames import ETHERNET
from probes.listen.hearing import Packet
from probes.mmsg import Messages

_SO_TIMESTAMPNS = 35
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_AUXDATA = 8
_PACKET_MR_PROMISC = 1
_MEMBERSHIP = struct.Struct("=iHH8x")  # packet_mreq

# What comes with each frame, always in this order and each behind a header (cmsg(3)): the kernel's
# time of it; and tpacket_auxdata, which has the length on the wire and as captured, and the tag
# that was taken off.
_HEADER = struct.calcsize("@Nii")
_CONTROL = struct.Struct(f"@{_HEADER}x ll 0N {_HEADER}x III4xHH 0N")
_VLAN_VALID, _TPID_VALID = 0x10, 0x40
_TPID = 0x8100  # of an 802.1Q tag
_TAG = struct.Struct("!HH")
_ADDRESSES = 12  # octets of a frame before its tag
_SECOND = 1_000_000_000  # nanoseconds


class Wire(Link):
    """An interface open to listen, not to send: promiscuous, so that the card filters nothing."""

    _inbox: "_Inbox"

    def __init__(self, interface: str) -> None:
        super().__init__(interface, HEARD)
        try:
            self._prepare()
        except OSError as error:
            self._socket.close()
            raise self._broken(error.strerror) from error

    def _prepare(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        index = socket.if_nametoindex(self.own.name)
        everything = _MEMBERSHIP.pack(index, _PACKET_MR_PROMISC, 0)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, everything)

    def _new_inbox(self, count: int, size: int) -> "_Inbox":
        return _Inbox(count, size)

    def packets(self) -> Iterator[Packet]:
        """Return the frames that wait, at most 1,024, as they were on the wire.

        To be used up before the next call.
        """
        return self._inbox.packets(self._fill_inbox(), self.own.name)


class _Inbox(Messages):
    """Slots of which each tells when its frame came, and in which VLAN."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__(count, size, name=0, control=_CONTROL.size)

    def receive(self, fd: int) -> int:
        ctypes.memmove(self._headers, self._empty, len(self._empty))
        return super().receive(fd)

    def packets(self, count: int, interface: str) -> Iterator[Packet]:
        """Yield the first `count` frames, each with the tag that the kernel took off."""
        controls = memoryview(self._controls)[: count * _CONTROL.size]
        frames, size = memoryview(self.buffer), self.size
        start = 0
        for seconds, parts, status, length, captured, tci, tpid in _CONTROL.iter_unpack(controls):
            octets = bytes(frames[start : start + min(captured, size)])
            lacking = max(length - size, 0)
            if status & _VLAN_VALID:
                tag = _TAG.pack(tpid if status & _TPID_VALID else _TPID, tci)
                octets = octets[:_ADDRESSES] + tag + octets[_ADDRESSES:]
            time = seconds * _SECOND + parts
            yield time, ETHERNET, interface, octets, len(octets) + lacking
            start += size
