"""IKE: the first message of version 2 (RFC 7296), then of version 1 (RFC 2409).

Whatever a server answers in the protocol counts, a refusal too: what it would accept is not asked.
No exchange is ever carried on; the half-open state ends by itself within seconds.
"""

import struct
from collections.abc import Iterator
from itertools import product
from secrets import randbelow, token_bytes

from probes.records import IPAddress
from probes.vpn.sockets import datagrams, exchange

NAT_PORT = 4500
NON_ESP = bytes(4)  # in front of IKE on port 4500 (RFC 3948)
NOTIFICATIONS = {
    5: "INVALID_MAJOR_VERSION",
    7: "INVALID_SYNTAX",
    14: "NO_PROPOSAL_CHOSEN",
    17: "INVALID_KE_PAYLOAD",
    16390: "COOKIE",
}

_HEADER = struct.Struct("!8s8sBBBBII")
_GENERIC = struct.Struct("!BBH")
_INITIATOR, _RESPONSE = 0x08, 0x20
_SA_INIT = 34
_MAIN_MODE, _INFORMATIONAL = 2, 5
_V1, _V2 = 0x10, 0x20
_SA = {_V1: 1, _V2: 33}
_NOTIFY = {_V1: 11, _V2: 41}
_KE, _NONCE = 34, 40
_MODP_2048 = 14
_KEY_LENGTH = 0x800E
_PAYLOADS = 32  # looked at in one message


def first_message_v2(spi: bytes) -> bytes:
    """Return an IKE_SA_INIT request (RFC 7296, section 1.2); `spi` is 8 random octets."""
    # A power of the group's generator, as it must be, and smaller than its prime. It is no secret:
    # nobody will ever compute a key from it.
    public = (1 << (1024 + randbelow(1000))).to_bytes(256)
    payloads = (
        (_SA[_V2], _proposal_v2()),
        (_KE, struct.pack("!HH", _MODP_2048, 0) + public),
        (_NONCE, token_bytes(32)),
    )
    return _message(spi, _V2, _SA_INIT, _INITIATOR, payloads)


def first_message_v1(spi: bytes) -> bytes:
    """Return the first message of main mode (RFC 2409, section 5)."""
    return _message(spi, _V1, _MAIN_MODE, 0, ((_SA[_V1], _proposal_v1()),))


def _message(
    spi: bytes,
    version: int,
    exchange_type: int,
    flags: int,
    payloads: tuple[tuple[int, bytes], ...],
) -> bytes:
    following = [kind for kind, _ in payloads[1:]] + [0]
    body = b"".join(
        _payload(then, data) for then, (_, data) in zip(following, payloads, strict=True)
    )
    length = _HEADER.size + len(body)
    first = payloads[0][0]
    return _HEADER.pack(spi, bytes(8), first, version, exchange_type, flags, 0, length) + body


def _payload(following: int, data: bytes) -> bytes:
    return _GENERIC.pack(following, 0, _GENERIC.size + len(data)) + data


def _proposal_v2() -> bytes:
    """Return one proposal with what most servers have; any refusal is an answer as well."""
    aes_256, aes_128 = struct.pack("!HH", _KEY_LENGTH, 256), struct.pack("!HH", _KEY_LENGTH, 128)
    offers = (
        *((1, 12, aes_256), (1, 12, aes_128), (1, 3, b"")),  # AES-CBC, 3DES
        *((2, 5, b""), (2, 2, b"")),  # PRF: HMAC-SHA2-256, HMAC-SHA1
        *((3, 12, b""), (3, 2, b"")),  # integrity: HMAC-SHA2-256-128, HMAC-SHA1-96
        *((4, _MODP_2048, b""), (4, 19, b""), (4, 2, b"")),  # MODP-2048, ECP-256, MODP-1024
    )
    transforms = _chain(
        3, [struct.pack("!BxH", kind, number) + key for kind, number, key in offers]
    )
    return _payload(0, struct.pack("!BBBB", 1, 1, 0, len(offers)) + transforms)


def _proposal_v1() -> bytes:
    """Return what servers of that age have: three ciphers, two hashes, two groups, a shared key."""
    ciphers = (((1, 7), (14, 256)), ((1, 7), (14, 128)), ((1, 5),))  # AES-CBC, 3DES
    offers = tuple(product(ciphers, (4, 2), (_MODP_2048, 2)))  # SHA2-256, SHA1
    transforms = []
    for number, (cipher, hashing, group) in enumerate(offers, start=1):
        attributes = (*cipher, (2, hashing), (3, 1), (4, group), (11, 1), (12, 28_800))
        pairs = b"".join(struct.pack("!HH", 0x8000 | kind, value) for kind, value in attributes)
        transforms.append(struct.pack("!BBxx", number, 1) + pairs)
    proposal = struct.pack("!BBBB", 1, 1, 0, len(offers)) + _chain(3, transforms)
    return struct.pack("!II", 1, 1) + _payload(0, proposal)


def _chain(more: int, bodies: list[bytes]) -> bytes:
    return b"".join(_payload(more, each) for each in bodies[:-1]) + _payload(0, bodies[-1])


def parse(octets: bytes, *, spi: bytes) -> str | None:
    """Return what a server's answer to either message says, None for anything else.

    What comes back as it was sent is no answer: version 2 marks responses; version 1 has the
    responder's cookie in them, or a type that we never send.
    """
    if len(octets) < _HEADER.size:
        return None
    ours, theirs, first, version, exchange_type, flags, _, length = _HEADER.unpack_from(octets)
    major = version & 0xF0
    if ours != spi or length != len(octets) or not first or major not in _SA:
        return None
    if major == _V2 and (flags & (_RESPONSE | _INITIATOR)) != _RESPONSE:
        return None
    answers = exchange_type == _INFORMATIONAL or (exchange_type == _MAIN_MODE and any(theirs))
    if major == _V1 and not answers:
        return None
    return _told(major, dict(_payloads(first, octets[_HEADER.size :])))


def _told(major: int, payloads: dict[int, bytes]) -> str | None:
    name = f"IKEv{major >> 4}"
    if _SA[major] in payloads:
        return f"{name}, accepts a proposal"
    if _NOTIFY[major] not in payloads:
        return None
    number = _notification(major, payloads[_NOTIFY[major]])
    return f"{name}, {NOTIFICATIONS.get(number, f'notification {number}')}"


def _notification(major: int, data: bytes) -> int:
    at = 6 if major == _V1 else 2  # version 1 begins with the domain of interpretation
    return int.from_bytes(data[at : at + 2])


def _payloads(kind: int, octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the payloads up to the first that cannot be read."""
    for _ in range(_PAYLOADS):
        if not kind or len(octets) < _GENERIC.size:
            return
        following, _, length = _GENERIC.unpack_from(octets)
        if not _GENERIC.size <= length <= len(octets):
            return
        yield kind, octets[_GENERIC.size : length]
        kind, octets = following, octets[length:]


async def ask(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - of each question
) -> str | None:
    """Return what the server answers, if the port speaks IKE of either version."""
    spi = token_bytes(8)
    marker = NON_ESP if port == NAT_PORT else b""
    questions = (marker + first_message_v2(spi), marker + first_message_v1(spi))

    def read(octets: bytes) -> str | None:
        return parse(octets.removeprefix(marker), spi=spi) if octets.startswith(marker) else None

    with datagrams(address, port) as link:
        return await exchange(link, questions, read, timeout=timeout)
