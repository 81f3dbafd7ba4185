"""Who an SNMPv3 message says that it is from, found before its signature is looked at."""

from typing import NamedTuple

VERSION_3 = 3  # also the number of the User-based Security Model
UNSIGNED = 1  # the security level noAuthNoPriv; signed is one more, and encrypted another
_FLAGS = 0b11  # signed, encrypted


class Sender(NamedTuple):
    """A claim to have sent a message, and of how well this is protected."""

    engine_id: bytes  # the authoritative one
    user: str
    level: int
    digest: bytes


def sender(datagram: bytes) -> Sender | None:
    """Return who claims to have sent an SNMPv3 message (RFC 3412, RFC 3414)."""
    try:
        _, message = _opened(datagram, 0)
        version, header = _part(datagram, message)
        if int.from_bytes(version) != VERSION_3:
            return None
        _, security = _part(datagram, header)
        level = UNSIGNED + (_flags(datagram, header) & _FLAGS).bit_count()
        return _signer(datagram, security, level)
    except IndexError:
        return None


def _flags(octets: bytes, header: int) -> int:
    _, at = _opened(octets, header)
    _, at = _part(octets, at)  # the message's number
    _, at = _part(octets, at)  # how long an answer may be
    flags, _ = _part(octets, at)
    return flags[0]


def _signer(octets: bytes, security: int, level: int) -> Sender:
    _, parameters = _opened(octets, security)
    _, at = _opened(octets, parameters)
    engine_id, at = _part(octets, at)
    _, at = _part(octets, at)  # its boots
    _, at = _part(octets, at)  # its time
    user, at = _part(octets, at)
    digest, _ = _part(octets, at)
    return Sender(engine_id, user.decode(errors="replace"), level, digest)


def _part(octets: bytes, at: int) -> tuple[bytes, int]:
    """Return the contents of the BER value that begins here, and where the next one does."""
    length, start = _opened(octets, at)
    return octets[start : start + length], start + length


def _opened(octets: bytes, at: int) -> tuple[int, int]:
    """Return how long the contents of the BER value are that begins here, and where they begin."""
    length, start = octets[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(octets[at + 2 : start])
    return length, start
