"""VPNs that dress up as a web server, Microsoft's SSTP and SoftEther: one HTTP request each."""

import asyncio
import re
from ipaddress import IPv6Address
from secrets import token_hex

import msgspec

from probes.records import IPAddress
from probes.vpn.sockets import MOST, printable, stream

# [MS-SSTP] 3.2.4.1: a request without end, and an answer without end.
ENDLESS = b"18446744073709551615"
SSTP_REQUEST = b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
SOFTETHER_REQUEST = b"POST /vpnsvc/connect.cgi HTTP/1.1\r\n"

_CONNECT = b"VPNCONNECT"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n")
# The element "hello" of SoftEther's answer: length of the name and a zero, name, type (text),
# number of values, length of the value, value.
_HELLO = re.compile(rb"\x00\x00\x00\x06hello\x00\x00\x00\x02\x00\x00\x00\x01(.{4})", re.DOTALL)
_OK = 200


class Head(msgspec.Struct, frozen=True):
    """The head of an HTTP answer; field names in lower case."""

    status: int
    fields: dict[bytes, bytes]


def parse_head(octets: bytes) -> Head | None:
    """Read the head of an HTTP answer, None where it is none."""
    status = _STATUS.match(octets)
    if status is None:
        return None
    split = (line.partition(b":") for line in octets[status.end() :].split(b"\r\n"))
    fields = {name.strip().lower(): value.strip() for name, colon, value in split if colon}
    return Head(int(status[1]), fields)


def parse_sstp(head: Head | None) -> str | None:
    """Return what the server calls itself, if this is how SSTP accepts.

    Many web servers answer 200 to whatever they are asked; none of them without end.
    """
    if head is None or head.status != _OK or head.fields.get(b"content-length") != ENDLESS:
        return None
    return printable(head.fields.get(b"server", b""))


def parse_hello(body: bytes) -> str | None:
    """Return what the server calls itself, if this is how SoftEther says hello."""
    hello = _HELLO.search(body)
    if hello is None:
        return None
    return printable(body[hello.end() :][: int.from_bytes(hello[1])])


async def ask_sstp(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - passed on
) -> str | None:
    """Return what the server calls itself, if the port speaks SSTP."""
    async with stream(address, port, timeout, tls=True) as (reader, writer):
        correlation = b"SSTPCORRELATIONID: {%s}\r\n" % token_hex(16).encode()
        length = b"Content-Length: %s\r\n" % ENDLESS
        writer.write(SSTP_REQUEST + _host(address) + length + correlation + b"\r\n")
        return parse_sstp(parse_head(await reader.readuntil(b"\r\n\r\n")))


async def ask_softether(
    address: IPAddress,
    port: int,
    timeout: float,  # noqa: ASYNC109 - passed on
) -> str | None:
    """Return what the server calls itself, if the port speaks SoftEther's own protocol."""
    async with stream(address, port, timeout, tls=True) as (reader, writer):
        fields = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(_CONNECT)
        writer.write(SOFTETHER_REQUEST + _host(address) + fields + _CONNECT)
        head = parse_head(await reader.readuntil(b"\r\n\r\n"))
        if head is None or head.status != _OK:
            return None
        return parse_hello(await _body(reader, head))


async def _body(reader: asyncio.StreamReader, head: Head) -> bytes:
    length = head.fields.get(b"content-length", b"")
    if not re.fullmatch(rb"\d{1,5}", length):
        return b""
    return await reader.readexactly(min(int(length), MOST))


def _host(address: IPAddress) -> bytes:
    text = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    return f"Host: {text}\r\n".encode()
