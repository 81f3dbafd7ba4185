"""Capture files, pcap and pcapng, gzip or not: read as a stream, however large they are."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Protocol

from probes.errors import Malformed
from probes.listen.hearing import Packet
from probes.listen.pcapng import LARGEST, Pcapng

_PIECE = 1 << 16  # octets read at once: measured, twice as fast as a million
_ENOUGH = 24  # octets to tell the format by: a pcap file's header; pcapng's is longer
_GZIP = b"\x1f\x8b"
_GZIP_FORMAT = 31  # zlib's wbits

# The first four octets of a pcap file tell its byte order, and the nanoseconds of its fractions.
_MAGICS = {
    bytes.fromhex("a1b2c3d4"): (">", 1000),
    bytes.fromhex("d4c3b2a1"): ("<", 1000),
    bytes.fromhex("a1b23c4d"): (">", 1),
    bytes.fromhex("4d3cb2a1"): ("<", 1),
}
_VERSION = 2
_LINK_TYPE = 0xFFFF  # above stands how long the frame check sequences are
_SECOND = 1_000_000_000  # nanoseconds
_INTERFACE = "0"  # pcap knows no names; pcapng counts from here


def read(path: Path | None) -> Iterator[Packet]:
    """Yield the packets of a capture file, or of standard input where the path is None.

    The interface is named as in the file, or by its number there. Raises OSError where the file
    cannot be read, and Malformed where it is no capture; where it is cut off or broken, only after
    all packets before that, and with their number.
    """
    with FileIO(0 if path is None else path, closefd=path is not None) as file:
        name = "standard input" if path is None else str(path)
        yield from packets(iter(partial(file.read, _PIECE), b""), name)


def packets(pieces: Iterable[bytes], name: str) -> Iterator[Packet]:
    """Yield the packets of a capture that comes in pieces of any size; errors call it `name`."""
    count = 0
    try:
        for batch in _batches(_plain(iter(pieces))):
            count += len(batch)
            yield from batch
    except Malformed as error:
        before = f"; {count} packets were read before" if count else ""
        raise Malformed(name, f"{error.detail}{before}") from error


class _Format(Protocol):
    """What takes a capture apart.

    `take` returns the packets that stand whole at the start of what is there, and how many octets
    it is done with: none where it needs more. It raises Malformed only if what is wrong comes
    before any packet, so that none is lost.
    """

    def take(self, octets: bytes) -> tuple[list[Packet], int]: ...


def _batches(pieces: Iterable[bytes]) -> Iterator[list[Packet]]:
    rest, reader = b"", None
    for piece in pieces:
        rest += piece
        if reader is None and len(rest) >= _ENOUGH:
            reader = _format(rest)
        while reader is not None:
            batch, done = reader.take(rest)
            if not done:
                break
            rest = rest[done:]
            yield batch
    if reader is None:
        raise Malformed("capture", f"{len(rest)} octets are no capture")
    if rest:
        raise Malformed("capture", f"cut off within a packet, {len(rest)} octets after it began")


def _format(start: bytes) -> _Format:
    if start.startswith(Pcapng.MAGIC):
        return Pcapng()
    if start[:4] in _MAGICS:
        return _Pcap()
    raise Malformed("capture", f"neither pcap nor pcapng: it begins with {start[:4].hex(' ')}")


class _Pcap:
    """The format of libpcap (draft-ietf-opsawg-pcap)."""

    def __init__(self) -> None:
        self._header: struct.Struct | None = None

    def take(self, octets: bytes) -> tuple[list[Packet], int]:
        if self._header is None:
            self._open(octets)
            return [], _ENOUGH
        return self._packets(octets, self._header)

    def _open(self, octets: bytes) -> None:
        order, self._fraction = _MAGICS[octets[:4]]
        version, link_type = struct.unpack_from(f"{order}4xH14xI", octets)
        if version != _VERSION:
            raise Malformed("capture", f"pcap version {version} is not read")
        self._link_type = link_type & _LINK_TYPE
        self._header = struct.Struct(f"{order}IIII")

    def _packets(self, octets: bytes, header: struct.Struct) -> tuple[list[Packet], int]:
        fraction, link_type, unpack = self._fraction, self._link_type, header.unpack_from
        batch: list[Packet] = []
        at, available = 0, len(octets)
        start = header.size
        while start <= available:
            seconds, parts, captured, length = unpack(octets, at)
            end = start + captured
            if end > available:
                break
            time = seconds * _SECOND + parts * fraction
            batch.append((time, link_type, _INTERFACE, octets[start:end], length))
            at, start = end, end + header.size
        if not at and start <= available and captured > LARGEST:
            raise Malformed("capture", f"a packet that claims to have {captured} octets")
        return batch, at


def _plain(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip, where the capture begins as such."""
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= len(_GZIP):
            break
    if first.startswith(_GZIP):
        yield from _unpacked(first, pieces)
    else:
        yield first
        yield from pieces


def _unpacked(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack a gzip file, of several members also, never more than a piece at a time."""
    unpacker, packed = zlib.decompressobj(_GZIP_FORMAT), first
    while packed or (packed := next(pieces, b"")):
        if unpacker.eof:
            unpacker = zlib.decompressobj(_GZIP_FORMAT)
        try:
            yield unpacker.decompress(packed, _PIECE)
        except zlib.error as error:
            raise Malformed("capture", f"broken gzip: {error}") from error
        packed = unpacker.unconsumed_tail or unpacker.unused_data
    if not unpacker.eof:
        raise Malformed("capture", "cut off within gzip")
