"""Honest answers of servers, built from the RFCs and from Microsoft's and SoftEther's protocols."""

import struct

from probes.vpn import ike, l2tp, openvpn, pptp

SSTP = (
    b"HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\nServer: Microsoft-HTTPAPI/2.0\r\n\r\n"
)
HELLO = (
    struct.pack("!II", 1, 6) + b"hello" + struct.pack("!III", 2, 1, 20) + b"SoftEther VPN Server"
)


def web(body: bytes, status: bytes = b"200 OK", kind: bytes = b"text/html") -> bytes:
    head = b"HTTP/1.1 %s\r\nServer: nginx\r\nContent-Type: %s\r\n" % (status, kind)
    return head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def start_reply(result: int = 1) -> bytes:
    """RFC 2637, section 2.2."""
    head = struct.pack("!HHIHH", 156, 1, pptp.MAGIC, pptp.START_REPLY, 0)
    middle = struct.pack("!HBBIIHH", 0x0100, result, 0, 3, 3, 0, 1)
    return head + middle + b"gate".ljust(64, b"\0") + b"acme".ljust(64, b"\0")


def stop_reply() -> bytes:
    """RFC 2637, section 2.4."""
    return struct.pack("!HHIHHBBH", 16, 1, pptp.MAGIC, pptp.STOP_REPLY, 0, 1, 0, 0)


def avp(kind: int, value: bytes) -> bytes:
    return struct.pack("!HHH", 0x8000 | (6 + len(value)), 0, kind) + value


def l2tp_message(tunnel: int, *avps: bytes) -> bytes:
    """RFC 2661, section 3.1: the first message to the one whose SCCRQ it acknowledges."""
    body = b"".join(avps)
    return struct.pack("!HHHHHH", 0xC802, 12 + len(body), tunnel, 0, 0, 1) + body


def sccrp(tunnel: int, theirs: int = 77) -> bytes:
    kind = avp(0, struct.pack("!H", l2tp.SCCRP))
    return l2tp_message(tunnel, kind, avp(7, b"gate"), avp(9, struct.pack("!H", theirs)))


def stop_ccn(tunnel: int) -> bytes:
    kind = avp(0, struct.pack("!H", l2tp.STOPCCN))
    return l2tp_message(tunnel, kind, avp(9, b"\0\1"), avp(1, struct.pack("!HH", 4, 0)))


def tunnel_of(request: bytes) -> int:
    """Return the asker's number for the tunnel: the last attribute of an SCCRQ."""
    return int.from_bytes(request[-2:])


def ike_message(
    spi: bytes,
    *,
    version: int = 0x20,
    exchange: int = 34,
    flags: int = 0x20,
    kind: int = 41,
    body: bytes = b"\0\0\0\x0e",
    theirs: bytes = bytes(8),
) -> bytes:
    """RFC 7296, section 3.1, with one payload; by default the notification NO_PROPOSAL_CHOSEN."""
    payload = struct.pack("!BBH", 0, 0, 4 + len(body)) + body
    head = struct.pack("!BBBBII", kind, version, exchange, flags, 0, 28 + len(payload))
    return spi + theirs + head + payload


def ike_v1_refusal(spi: bytes) -> bytes:
    """RFC 2408, section 3.14: an informational exchange with NO-PROPOSAL-CHOSEN."""
    body = struct.pack("!IBBH", 1, 1, 0, 14)
    return ike_message(spi, version=0x10, exchange=5, flags=0, kind=11, body=body)


def ike_v1_acceptance(spi: bytes) -> bytes:
    body = struct.pack("!II", 1, 1) + bytes(40)
    return ike_message(
        spi, version=0x10, exchange=2, flags=0, kind=1, body=body, theirs=b"\x01" * 8
    )


def server_reset(session: bytes, theirs: bytes = b"\x55" * 8) -> bytes:
    opcode = struct.pack("!B", openvpn.SERVER_RESET)
    return opcode + theirs + b"\x01\0\0\0\0" + session + b"\0\0\0\0"


def is_version_1(question: bytes) -> bool:
    return question.removeprefix(ike.NON_ESP)[17] >> 4 == 1
