"""OpenVPN: the first packet of its control channel, and the server's answer to it.

A server with tls-auth or tls-crypt stays silent, because we hold no key of it: that is "no answer",
never "not there". The protocol has no word for breaking off so early; a server that keeps state for
us forgets it when its handshake window ends, or sooner at a closed port.
"""

import struct
from functools import partial
from secrets import token_bytes

from probes.records import IPAddress
from probes.vpn.sockets import datagrams, exchange, stream

CLIENT_RESET = 7 << 3  # P_CONTROL_HARD_RESET_CLIENT_V2, key 0
SERVER_RESET = 8 << 3  # P_CONTROL_HARD_RESET_SERVER_V2, key 0

_RESET = struct.Struct("!B8sBI")  # opcode, own session, no acknowledgements, packet number
_ANSWER = struct.Struct("!B8sBI8sI")  # ... one acknowledgement, the other's session, number
_ACKNOWLEDGED = 1
_LENGTH = 2  # octets in front of every packet over TCP


def reset(session: bytes) -> bytes:
    """Return a client's first packet without tls-auth; `session` is 8 random octets."""
    return _RESET.pack(CLIENT_RESET, session, 0, 0)


def parse(octets: bytes, *, session: bytes) -> str | None:
    """Return what a server's answer to our packet says, None for anything else."""
    if len(octets) < _ANSWER.size:
        return None
    opcode, theirs, count, acknowledged, ours, _ = _ANSWER.unpack_from(octets)
    if (opcode, count, acknowledged, ours) != (SERVER_RESET, _ACKNOWLEDGED, 0, session):
        return None
    return None if theirs == session else "without tls-auth"


async def ask_udp(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - of each question
) -> str | None:
    """Return what there is to say, if the port speaks OpenVPN over UDP."""
    session = token_bytes(8)
    read = partial(parse, session=session)
    with datagrams(address, port) as link:
        return await exchange(link, (reset(session),) * 2, read, timeout=timeout)


async def ask_tcp(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - passed on
) -> str | None:
    """Return what there is to say, if the port speaks OpenVPN over TCP."""
    session = token_bytes(8)
    async with stream(address, port, timeout) as (reader, writer):
        writer.write(framed(reset(session)))
        length = int.from_bytes(await reader.readexactly(_LENGTH))
        return parse(await reader.readexactly(length), session=session)


def framed(packet: bytes) -> bytes:
    """Return a packet as it goes over TCP."""
    return len(packet).to_bytes(_LENGTH) + packet
