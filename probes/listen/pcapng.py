"""Captures in the format pcapng (draft-ietf-opsawg-pcapng), as dumpcap and Wireshark write them."""

import struct
from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple

from probes.errors import Malformed
from probes.listen.hearing import Packet

LARGEST = 16 << 20  # octets that a block may have; more is no capture, but an attack on memory

_SECTION, _INTERFACE, _PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
_ORDERS = {bytes.fromhex("1a2b3c4d"): ">", bytes.fromhex("4d3c2b1a"): "<"}
_OPENING, _CLOSING = 8, 4  # octets of a block, before and after its body
_SMALLEST = _OPENING + _CLOSING
_ALIGNMENT = 4
_END, _IF_NAME, _IF_TSRESOL, _IF_TSOFFSET = 0, 2, 9, 14
_POWER_OF_TWO, _EXPONENT = 0x80, 0x7F
_SECOND = 1_000_000_000  # nanoseconds
_MICROSECONDS = 6
_MOST_INTERFACES = 1 << 16
_LONGEST_NAME = 64


class _Interface(NamedTuple):
    """A time stamp of it, times `numerator` / `denominator` and plus `offset`, is nanoseconds."""

    link_type: int
    snap_length: int
    name: str
    numerator: int
    denominator: int
    offset: int


class _Layouts:
    """The fixed parts of blocks in a section's byte order."""

    def __init__(self, order: str) -> None:
        self.opening = struct.Struct(f"{order}II")
        self.interface = struct.Struct(f"{order}H2xI")
        self.option = struct.Struct(f"{order}HH")
        self.offset = struct.Struct(f"{order}q")
        self.enhanced = struct.Struct(f"{order}IIIII")
        self.obsolete = struct.Struct(f"{order}H2xIIII")
        self.simple = struct.Struct(f"{order}I")


class Pcapng:
    """Takes a capture apart, block by block; those of other kinds are passed over.

    A Simple Packet Block tells no time: its packets are of 1970.
    """

    MAGIC: ClassVar[bytes] = _SECTION.to_bytes(4)

    def __init__(self) -> None:
        self._layouts = _Layouts(">")
        self._interfaces: list[_Interface] = []
        self._readers: dict[int, Callable[[bytes, int, int], Packet | None]] = {
            _SECTION: self._section,
            _INTERFACE: self._interface,
            _PACKET: self._obsolete,
            _SIMPLE: self._simple,
            _ENHANCED: self._enhanced,
        }

    def take(self, octets: bytes) -> tuple[list[Packet], int]:
        """Return the packets in the whole blocks, and the octets of these; none: more is needed.

        Raises Malformed where the first block is wrong.
        """
        batch: list[Packet] = []
        at = 0
        try:
            while end := self._end(octets, at):
                kind = self._layouts.opening.unpack_from(octets, at)[0]
                reader = self._readers.get(kind)
                if reader and (packet := reader(octets, at + _OPENING, end - _CLOSING)):
                    batch.append(packet)
                at = end
        except Malformed:
            if not at:
                raise
        return batch, at

    def _end(self, octets: bytes, at: int) -> int:
        """Return where the block at `at` ends, 0 if that is not there yet."""
        if len(octets) < at + _SMALLEST:
            return 0
        kind, size = self._layouts.opening.unpack_from(octets, at)
        if kind == _SECTION:  # the same in either byte order
            self._turn(octets[at + _OPENING : at + _SMALLEST])
            size = self._layouts.opening.unpack_from(octets, at)[1]
        if not _SMALLEST <= size <= LARGEST or size % _ALIGNMENT:
            raise Malformed("capture", f"a pcapng block that claims to have {size} octets")
        end = int(at + size)
        if end > len(octets):
            return 0
        if octets[at + _CLOSING : at + _OPENING] != octets[end - _CLOSING : end]:
            raise Malformed("capture", "a pcapng block whose two lengths differ")
        return end

    def _turn(self, magic: bytes) -> None:
        """Read on in the byte order of the section that begins."""
        if magic not in _ORDERS:
            raise Malformed("capture", f"no byte order in a pcapng section: {magic.hex(' ')}")
        self._layouts = _Layouts(_ORDERS[magic])

    def _section(self, _octets: bytes, _start: int, _stop: int) -> None:
        self._interfaces = []

    def _interface(self, octets: bytes, start: int, stop: int) -> None:
        body = octets[start:stop]
        if len(self._interfaces) == _MOST_INTERFACES:
            raise Malformed("capture", f"more than {_MOST_INTERFACES} interfaces")
        link_type, snap_length = _fixed(self._layouts.interface, body)
        options = dict(self._options(body[self._layouts.interface.size :]))
        numerator, denominator = _resolution(options.get(_IF_TSRESOL, b""))
        offset = options.get(_IF_TSOFFSET, b"")
        self._interfaces.append(
            _Interface(
                link_type=link_type,
                snap_length=snap_length or LARGEST,
                name=_name(options.get(_IF_NAME, b"")) or str(len(self._interfaces)),
                numerator=numerator,
                denominator=denominator,
                offset=_fixed(self._layouts.offset, offset)[0] * _SECOND if offset else 0,
            )
        )

    def _options(self, octets: bytes) -> Iterator[tuple[int, bytes]]:
        at, layout = 0, self._layouts.option
        while at + layout.size <= len(octets):
            code, length = layout.unpack_from(octets, at)
            at += layout.size
            if code == _END:
                return
            if at + length > len(octets):
                raise Malformed("capture", f"option {code} of a pcapng interface is cut off")
            yield code, octets[at : at + length]
            at += length + -length % _ALIGNMENT

    def _enhanced(self, octets: bytes, start: int, stop: int) -> Packet:
        return self._stamped(octets, start, stop, self._layouts.enhanced)

    def _obsolete(self, octets: bytes, start: int, stop: int) -> Packet:
        return self._stamped(octets, start, stop, self._layouts.obsolete)

    def _stamped(self, octets: bytes, start: int, stop: int, layout: struct.Struct) -> Packet:
        begin = start + layout.size
        if begin > stop:
            raise _short(stop - start)
        number, high, low, captured, length = layout.unpack_from(octets, start)
        end = begin + captured
        if end > stop:
            raise Malformed("capture", f"a packet of {captured} octets in a smaller pcapng block")
        link_type, _, name, numerator, denominator, offset = self._from(number)
        time = (high << 32 | low) * numerator // denominator + offset
        return time, link_type, name, octets[begin:end], length

    def _simple(self, octets: bytes, start: int, stop: int) -> Packet:
        (length,) = _fixed(self._layouts.simple, octets[start:stop])
        from_ = self._from(0)
        begin = start + self._layouts.simple.size
        end = min(begin + min(length, from_.snap_length), stop)
        return from_.offset, from_.link_type, from_.name, octets[begin:end], length

    def _from(self, number: int) -> _Interface:
        if number >= len(self._interfaces):
            raise Malformed("capture", f"a packet from interface {number}, which is not described")
        return self._interfaces[number]


def _fixed(layout: struct.Struct, body: bytes) -> tuple[int, ...]:
    if len(body) < layout.size:
        raise _short(len(body))
    return layout.unpack_from(body)


def _short(size: int) -> Malformed:
    return Malformed("capture", f"a pcapng block, or part of one, of {size} octets")


def _resolution(option: bytes) -> tuple[int, int]:
    """Return by what to multiply, and to divide, a time stamp to get nanoseconds."""
    exponent = option[0] if option else _MICROSECONDS
    parts = 2 ** (exponent & _EXPONENT) if exponent & _POWER_OF_TWO else 10**exponent
    return (_SECOND // parts, 1) if _SECOND % parts == 0 else (_SECOND, parts)


def _name(option: bytes) -> str:
    """Return an interface's name without what a terminal would obey."""
    text = option.decode("utf-8", "replace")[:_LONGEST_NAME]
    return "".join(character for character in text if character.isprintable())
