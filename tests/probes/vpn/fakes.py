"""Small servers at the socket, for what no daemon does on purpose."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import cast

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[bytes], Iterable[bytes]]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer, heard: list[bytes]) -> None:
        self._answer = answer
        self._heard = heard

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard.append(data)
        for answer in self._answer(data):
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def udp(port: int, answer: Answer, heard: list[bytes] | None = None) -> AsyncIterator[None]:
    """Answer every datagram; what came stands in `heard`, in the end also what came last."""
    heard = [] if heard is None else heard
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(answer, heard), local_addr=("127.0.0.1", port)
    )
    try:
        yield
        await asyncio.sleep(0.05)  # a farewell may still be under way
    finally:
        transport.close()


@asynccontextmanager
async def tcp(port: int, talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    """Talk to whoever connects, and close."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", port, ssl=tls)
    try:
        yield
        await asyncio.sleep(0.05)
    finally:
        server.close()


def says(text: bytes) -> Talk:
    """Say the same to everybody, once something has been asked, and wait for the end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(text)
        await reader.read()

    return talk


def greets(text: bytes) -> Talk:
    """Say the same to everybody at once, as SSH does."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await reader.read()

    return talk


async def never_ends(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 4096)
        await writer.drain()


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


def silence(_: bytes) -> Iterable[bytes]:
    return ()


def echo(data: bytes) -> Iterable[bytes]:
    return (data,)
