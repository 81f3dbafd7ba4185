"""A tiny SNMP v1/v2c agent over UDP for tests: honest by default, able to lie byte by byte.

Real agents do not misbehave on demand, so the tests answer with frames made here. A handler gets
the parsed request and returns the datagrams to send back: none, one or several.
"""

import asyncio
import socket
import threading
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from probes.snmp import Credentials, Session, open_session

Answer = TypeVar("Answer")
Oid = tuple[int, ...]
PUBLIC = Credentials(version="2c", community="public")

GET, GET_NEXT, RESPONSE, SET, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA8
NO_ERROR, TOO_BIG, NO_SUCH_NAME, GEN_ERR = 0, 1, 2, 5

NULL = b"\x05\x00"
NO_SUCH_OBJECT = b"\x80\x00"
NO_SUCH_INSTANCE = b"\x81\x00"
END_OF_MIB_VIEW = b"\x82\x00"


class Request(NamedTuple):
    version: int
    community: bytes
    pdu: int
    request_id: bytes  # the INTEGER as it stood on the wire, so that it is echoed as it was
    repetitions: int
    oids: list[Oid]
    values: list[bytes]  # encoded, as they stood beside the names: only a SET has any but NULL


Handler = Callable[[Request], Iterable[bytes]]


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def ip_address(value: bytes) -> bytes:
    return tlv(0x40, value)


def object_id(oid: Oid) -> bytes:
    content = bytearray((oid[0] * 40 + oid[1],))
    for arc in oid[2:]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return tlv(0x06, bytes(content))


def dotted(text: str) -> Oid:
    return tuple(int(arc) for arc in text.split("."))


def varbind(oid: Oid, value: bytes) -> bytes:
    return tlv(0x30, object_id(oid) + value)


def _read(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the content at `at` and where the next element begins."""
    size = data[at + 1]
    at += 2
    if size & 0x80:
        width = size & 0x7F
        size = int.from_bytes(data[at : at + width], "big")
        at += width
    return data[at : at + size], at + size


def elements(data: bytes) -> Iterator[bytes]:
    """Yield the content of each element that stands in `data`."""
    at = 0
    while at < len(data):
        content, at = _read(data, at)
        yield content


def _oid(content: bytes) -> Oid:
    arcs, arc = [content[0] // 40, content[0] % 40], 0
    for octet in content[1:]:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    return tuple(arcs)


def parse(datagram: bytes) -> Request:
    """Read a v1 or v2c request that is known to be well formed: it comes from our own client."""
    message, _ = _read(datagram, 0)
    version, at = _read(message, 0)
    community, at = _read(message, at)
    pdu, body = message[at], _read(message, at)[0]
    request_id, _, repetitions, varbinds = elements(body)
    pairs = list(elements(varbinds))
    names = [next(elements(pair)) for pair in pairs]
    return Request(
        version=version[0],
        community=community,
        pdu=pdu,
        request_id=request_id,
        repetitions=int.from_bytes(repetitions, "big"),
        oids=[_oid(name) for name in names],
        values=[pair[_read(pair, 0)[1] :] for pair in pairs],
    )


def response(
    request: Request, varbinds: Iterable[bytes], *, error: int = NO_ERROR, index: int = 0
) -> bytes:
    body = tlv(0x02, request.request_id) + integer(error) + integer(index)
    pdu = tlv(RESPONSE, body + tlv(0x30, b"".join(varbinds)))
    return tlv(0x30, integer(request.version) + octets(request.community) + pdu)


def failure(request: Request, error: int) -> bytes:
    """An answer with an error-status: the request's own names come back, with NULL values."""
    return response(request, [varbind(oid, NULL) for oid in request.oids], error=error, index=1)


class Mib:
    """What an honest agent answers from: encoded values by OID, in order."""

    def __init__(self, objects: Mapping[Oid, bytes]) -> None:
        self._oids = sorted(objects)
        self._objects = dict(objects)
        self._pairs = [varbind(oid, objects[oid]) for oid in self._oids]

    def __call__(self, request: Request) -> list[bytes]:
        if request.pdu == GET:
            return [self._get(request)]
        if request.pdu == GET_NEXT:
            return [self._after(request, 1)]
        return [self._after(request, request.repetitions)]

    def _get(self, request: Request) -> bytes:
        values = [self._objects.get(oid) for oid in request.oids]
        if request.version == 0 and None in values:
            return failure(request, NO_SUCH_NAME)
        pairs = zip(request.oids, values, strict=True)
        return response(request, [varbind(oid, value or NO_SUCH_INSTANCE) for oid, value in pairs])

    def _after(self, request: Request, count: int) -> bytes:
        (oid,) = request.oids
        at = bisect_right(self._oids, oid)
        pairs = self._pairs[at : at + count]
        if not pairs and request.version == 0:
            return failure(request, NO_SUCH_NAME)
        return response(request, pairs or [varbind(oid, END_OF_MIB_VIEW)])


def _serve(listener: socket.socket, handler: Handler, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            datagram, peer = listener.recvfrom(65535)
        except TimeoutError:
            continue
        for answer in handler(parse(datagram)):
            listener.sendto(answer, peer)


@contextmanager
def agent(handler: Handler, address: str = "127.0.0.1") -> Iterator[int]:
    """Answer on a loopback port of the kernel's choosing for as long as the body runs."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    stop = threading.Event()
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.bind((address, 0))
        listener.settimeout(0.05)
        thread = threading.Thread(target=_serve, args=(listener, handler, stop))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def ask(
    handler: Handler,
    question: Callable[[Session], Awaitable[Answer]],
    *,
    credentials: Credentials = PUBLIC,
    timeout: float = 0.2,
    retries: int = 1,
    deadline: float = 20.0,
) -> Answer:
    """Put a question to an agent that answers by `handler`, with little patience."""

    async def put(port: int) -> Answer:
        async with open_session(
            "cat1",
            "127.0.0.1",
            port,
            credentials,
            timeout=timeout,
            retries=retries,
            deadline=deadline,
        ) as session:
            return await question(session)

    with agent(handler) as port:
        return asyncio.run(put(port))
