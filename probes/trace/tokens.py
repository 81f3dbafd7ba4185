"""What a probe carries so that its reply says which it was, and that nobody made it up.

Nothing is remembered per probe. Everything here is keyed with a secret that never leaves the
process: who has not seen a probe cannot write its token, and who has seen one cannot write
another's.
"""

from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

from probes.records import Method, Probe

MOST_HOPS = 127  # ttl: seven bits
MOST_ATTEMPTS = 16  # attempt: four bits
STAMP = 16  # octets: the time in microseconds, and its seal
SEQUENCE_PERIOD = 1 << 13  # milliseconds: as much time as fits a TCP sequence number

_AUTHENTICITY = 4  # bits of a mark that only the secret explains
_SEQUENCE_AUTHENTICITY = 7
_LOWEST_PORT = 0x8000

_METHODS: dict[Method, bytes] = {"icmp": b"\x01", "udp": b"\x11", "tcp": b"\x06"}


class Flow(NamedTuple):
    """All probes of one method between two packed addresses, and what they have in common.

    `seed` and what follows look like chance to everybody else: `identifier` and `checksum` are
    ICMP's, `port` is the source port, `label` IPv6's flow label; `mask` hides what a UDP checksum
    or a TCP sequence number carries.
    """

    source: bytes
    target: bytes
    method: Method
    seed: bytes
    identifier: int
    checksum: int
    port: int
    label: int
    mask: int


class Which(NamedTuple):
    """Which of a flow's probes it was."""

    ttl: int
    attempt: int
    large: bool


class Tokens:
    """Writes and reads tokens with one secret (any length; 16 random octets are plenty)."""

    def __init__(self, secret: bytes) -> None:
        self._key = blake2b(secret, digest_size=32).digest()

    def _keyed(self, octets: bytes, size: int) -> bytes:
        return blake2b(octets, key=self._key, digest_size=size).digest()

    def flow(self, source: bytes, target: bytes, method: Method) -> Flow:
        """Return the flow of a method between two packed addresses."""
        seed = self._keyed(_METHODS[method] + source + target, 16)
        number = int.from_bytes(seed)
        return Flow(
            source=source,
            target=target,
            method=method,
            seed=seed,
            identifier=number & 0xFFFF,
            # Neither of the two spellings of zero: not every stack takes them for the same.
            checksum=1 + (number >> 16) % 0xFFFE,
            port=_LOWEST_PORT | (number >> 32 & 0x7FFF),
            label=number >> 48 & 0xFFFFF,
            mask=number >> 80 & 0xFFFFFFFF,
        )

    def mark(self, flow: Flow, probe: Probe) -> int:
        """Return the 16 bits that tell a flow's probes apart: 12 of them say which, 4 prove it."""
        number = _number(probe)
        return number << _AUTHENTICITY | self._proof(flow, number) & 0xF

    def which(self, flow: Flow, mark: int) -> Which | None:
        """Return which probe a mark names; None if it is not the secret's."""
        number = mark >> _AUTHENTICITY
        return None if (mark ^ self._proof(flow, number)) & 0xF else _which(number)

    def _proof(self, flow: Flow, number: int) -> int:
        return self._keyed(flow.seed + number.to_bytes(4), 1)[0]

    def stamp(self, flow: Flow, mark: int, micros: int) -> bytes:
        """Return the sending time and a seal over it, the flow and the mark: `STAMP` octets."""
        time = micros.to_bytes(8)
        return time + self._keyed(flow.seed + mark.to_bytes(2) + time, 8)

    def stamped(self, flow: Flow, mark: int, stamp: bytes) -> int | None:
        """Return the sending time in microseconds; None if the seal is not ours."""
        micros = int.from_bytes(stamp[:8])
        return micros if compare_digest(stamp, self.stamp(flow, mark, micros)) else None

    def sequence(self, flow: Flow, probe: Probe, micros: int) -> int:
        """Return a TCP sequence number that says which probe it was and when, and proves it.

        Of the time only milliseconds below `SEQUENCE_PERIOD` fit: 8.192 seconds.
        """
        number = _number(probe) * SEQUENCE_PERIOD + micros // 1000 % SEQUENCE_PERIOD
        number = number << _SEQUENCE_AUTHENTICITY | self._proof(flow, number) & 0x7F
        return (number + flow.mask) & 0xFFFFFFFF

    def sequenced(self, flow: Flow, sequence: int) -> tuple[Which, int] | None:
        """Return which probe it was, and the 13 bits of milliseconds; None if it is not ours."""
        number = (sequence - flow.mask) & 0xFFFFFFFF
        said, number = number & 0x7F, number >> _SEQUENCE_AUTHENTICITY
        which = _which(number // SEQUENCE_PERIOD)
        if which is None or (said ^ self._proof(flow, number)) & 0x7F:
            return None
        return which, number % SEQUENCE_PERIOD


def _number(probe: Probe) -> int:
    if not 1 <= probe.ttl <= MOST_HOPS or not 0 <= probe.attempt < MOST_ATTEMPTS:
        raise ValueError(f"ttl {probe.ttl}, attempt {probe.attempt}: only 1-127 and 0-15 fit")
    return (probe.ttl - 1) << 5 | probe.attempt << 1 | probe.large


def _which(number: int) -> Which | None:
    ttl = (number >> 5) + 1
    return Which(ttl, number >> 1 & 0xF, bool(number & 1)) if ttl <= MOST_HOPS else None
