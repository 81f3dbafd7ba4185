"""Asks a server for every VPN service at once: at most 8 datagrams and 7 connections."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Literal

import msgspec

from probes.errors import LinkError, NoAnswer
from probes.records import Gap, IPAddress, Table
from probes.vpn import https, ike, l2tp, openvpn, pptp
from probes.vpn.sockets import check_route

Protocol = Literal["pptp", "l2tp", "ike", "openvpn", "sstp", "softether"]
Transport = Literal["tcp", "udp"]


class VpnPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port that answered in a VPN's own protocol. `detail` is what it said of itself, if much."""

    protocol: Protocol
    transport: Transport
    port: int
    detail: str


class Question(msgspec.Struct, frozen=True):
    """What is asked of one port; `ask` takes address, port and seconds.

    These are for a whole conversation over TCP, and for each of two tries over UDP.
    """

    protocol: Protocol
    transport: Transport
    port: int
    ask: Callable[[IPAddress, int, float], Awaitable[str | None]]


# Those of one port stand together: they are asked one after the other.
QUESTIONS = (
    Question("pptp", "tcp", 1723, pptp.ask),
    Question("l2tp", "udp", 1701, l2tp.ask),
    Question("ike", "udp", 500, ike.ask),
    Question("ike", "udp", 4500, ike.ask),
    Question("openvpn", "udp", 1194, openvpn.ask_udp),
    Question("openvpn", "tcp", 1194, openvpn.ask_tcp),
    Question("sstp", "tcp", 443, https.ask_sstp),
    Question("softether", "tcp", 443, https.ask_softether),
    Question("openvpn", "tcp", 443, openvpn.ask_tcp),
    Question("softether", "tcp", 992, https.ask_softether),
    Question("softether", "tcp", 5555, https.ask_softether),
)


async def vpn_ports(
    address: IPAddress,
    *,
    timeout: float = 2.0,  # noqa: ASYNC109 - of an answer, not of the call
) -> Table[VpnPort]:
    """Ask a server for the VPN services that it offers itself, in at most about twice `timeout`.

    The rows are the ports that answered in their protocol. What is missing was refused, silent or
    something else, unless a gap says that this machine could not ask: `no-route` (nothing was
    asked), or `not-permitted` and `no-resources` for single ports. Never raises for what the
    server does.
    """
    try:
        check_route(address)
    except LinkError as error:
        return Table((), (error.gap(),))
    ports = [tuple(same) for _, same in groupby(QUESTIONS, lambda q: (q.transport, q.port))]
    tables = await asyncio.gather(*(_port(address, port, timeout) for port in ports))
    return Table(
        tuple(row for table in tables for row in table.rows),
        tuple(gap for table in tables for gap in table.gaps),
    )


async def _port(address: IPAddress, questions: tuple[Question, ...], wait: float) -> Table[VpnPort]:
    """Ask one port its questions in turn, for as long as somebody listens there."""
    rows: list[VpnPort] = []
    gaps: tuple[Gap, ...] = ()
    try:
        for question in questions:
            row = await _asked(address, question, min(wait, 2 * wait / len(questions)))
            rows += [row] if row is not None else []
    except NoAnswer:
        pass
    except LinkError as error:
        gaps = (error.gap(),)
    return Table(tuple(rows), gaps)


async def _asked(address: IPAddress, question: Question, wait: float) -> VpnPort | None:
    try:
        detail = await question.ask(address, question.port, wait)
    except (OSError, EOFError, asyncio.LimitOverrunError):
        return None
    if detail is None:
        return None
    return VpnPort(
        protocol=question.protocol, transport=question.transport, port=question.port, detail=detail
    )
