"""A switch that takes orders over SNMP v1 and v2c, and disobeys, lies or falls silent as told."""

import asyncio
import select
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Self, TypeVar

import msgspec

from netguard.switches.snmp import SnmpSwitch
from probes.mibs.if_mib import IF_ADMIN_STATUS, IF_NAME, IF_OPER_STATUS
from probes.snmp import Credentials, open_session
from probes.snmp_link import Target
from tests.snmp_agent import (
    NO_ERROR,
    REPORT,
    SET,
    Handler,
    Mib,
    Oid,
    Request,
    agent,
    dotted,
    elements,
    failure,
    integer,
    octets,
    response,
    tlv,
    varbind,
)

UP, DOWN = 1, 2
NO_ACCESS = 6
READ, WRITE = "public", "private"

FOUNDRY = "1.3.6.1.4.1.1991.1.1.2.1"
SAVE_CONFIG, WRITE_NVRAM = f"{FOUNDRY}.73.0", f"{FOUNDRY}.3.0"
NORMAL, ERROR, WRITING = 1, 2, 4

CC_COPY = "1.3.6.1.4.1.9.9.96.1.1.1.1"
STATE, CAUSE, ROW_STATUS = 10, 13, 14
WAITING, RUNNING, SUCCESSFUL, FAILED = 1, 2, 3, 4
DESTROY = 6

Order = tuple[Oid, int]
Answer = TypeVar("Answer")


def number(encoded: bytes) -> int:
    return int.from_bytes(encoded[2:], "big", signed=True)


class SwitchAgent:
    """Ports by ifIndex, all up. `orders` are the SETs that arrived, whatever became of them.

    `obeys`: does what it is told. `answers`: the error-status it answers an order with, None for
    silence. `dies`: falls silent for good once it has had an order. `late`: seconds before it
    answers an order. `denies`: the error-status for a community that may only read.
    """

    def __init__(self, names: Mapping[int, str], *, column: str = IF_NAME) -> None:
        self.names = dict(names)
        self.orders: list[list[Order]] = []
        self.admin = dict.fromkeys(names, UP)
        self.obeys = True
        self.answers: int | None = NO_ERROR
        self.dies = False
        self.late = 0.0
        self.denies = NO_ACCESS
        self.garbage: bytes | None = None
        self._column = column

    def __call__(self, request: Request) -> Iterable[bytes]:
        if request.community.decode() not in {READ, WRITE} or (self.dies and self.orders):
            return []
        if request.pdu != SET:
            return Mib(self.objects())(request)
        return self._ordered(request)

    def objects(self) -> dict[Oid, bytes]:
        """What there is to read at this moment."""
        found: dict[Oid, bytes] = {}
        for index, name in self.names.items():
            found[*dotted(self._column), index] = octets(name.encode())
            found[*dotted(IF_ADMIN_STATUS), index] = integer(self.admin[index])
            found[*dotted(IF_OPER_STATUS), index] = integer(self.admin[index])
        return found

    def renumbered(self, names: Mapping[int, str]) -> None:
        self.names = dict(names)
        self.admin = dict.fromkeys(names, UP)

    def perform(self, order: list[Order]) -> None:
        """Do as told."""
        for oid, value in order:
            if oid[:-1] == dotted(IF_ADMIN_STATUS):
                self.admin[oid[-1]] = value

    def _ordered(self, request: Request) -> list[bytes]:
        order = list(zip(request.oids, map(number, request.values), strict=True))
        self.orders.append(order)
        if request.community.decode() == READ:
            return [failure(request, self.denies)]
        if self.obeys:
            self.perform(order)
        if self.dies or self.answers is None:
            return []
        time.sleep(self.late)
        if self.garbage is not None:
            return [self.garbage]
        pairs = [varbind(o, v) for o, v in zip(request.oids, request.values, strict=True)]
        return [response(request, pairs, error=self.answers, index=int(self.answers != NO_ERROR))]


class FoundryAgent(SwitchAgent):
    """Saves by one object, whose state goes through `course` once it was told to."""

    def __init__(self, course: Iterable[int], oid: str = SAVE_CONFIG) -> None:
        super().__init__({3: "ethernet1/3"})
        self.course = list(course)
        self.saving = False
        self._oid = dotted(oid)

    def objects(self) -> dict[Oid, bytes]:
        state = NORMAL
        if self.saving:
            state = self.course.pop(0) if len(self.course) > 1 else self.course[0]
        return super().objects() | {self._oid: integer(state)}

    def perform(self, order: list[Order]) -> None:
        super().perform(order)
        self.saving |= (self._oid, 3) in order


class CatalystAgent(SwitchAgent):
    """Saves by a row that the manager makes, and that is gone once he has destroyed it."""

    def __init__(self, course: Iterable[int], cause: int = 0) -> None:
        super().__init__({10103: "Fa0/3"})
        self.course = list(course)
        self.cause = cause
        self.rows: dict[int, dict[int, int]] = {}

    def objects(self) -> dict[Oid, bytes]:
        found = super().objects()
        for row, columns in self.rows.items():
            state = self.course.pop(0) if len(self.course) > 1 else self.course[0]
            shown = columns | {STATE: state, CAUSE: self.cause}
            found |= {(*dotted(CC_COPY), c, row): integer(v) for c, v in shown.items()}
        return found

    def perform(self, order: list[Order]) -> None:
        super().perform(order)
        for oid, value in order:
            *entry, column, row = oid
            if tuple(entry) != dotted(CC_COPY):
                continue
            self.rows.setdefault(row, {})[column] = value
            if (column, value) == (ROW_STATUS, DESTROY):
                del self.rows[row]


def use(
    handler: Handler,
    question: Callable[[SnmpSwitch], Awaitable[Answer]],
    *,
    version: str = "2c",
    community: str = WRITE,
    host: str = "127.0.0.1",
    platform: str = "generic",
) -> Answer:
    """Put a driver with little patience to an agent that answers by `handler`."""

    def credentials(secret: str) -> Credentials:
        return msgspec.convert({"version": version, "community": secret}, Credentials)

    async def put(port: int) -> Answer:
        target = Target("cat1", host, port, 0.2, 1)
        session = open_session(
            "cat1", "127.0.0.1", port, credentials(READ), timeout=0.2, retries=1, deadline=20
        )
        switch = SnmpSwitch(session, target, credentials(community), platform, save_within=1)
        try:
            return await question(switch)
        finally:
            await switch.close()

    with agent(handler) as port:
        return asyncio.run(put(port))


class Relay:
    """A wire to a real agent on loopback. `heard` are the requests, of which none is ever lost.

    `answer` sees a request and what the agent says to it, and returns what the manager gets.
    """

    def __init__(self, agent_port: int) -> None:
        self.heard: list[bytes] = []
        self.answer: Callable[[bytes, bytes], bytes | None] = lambda _request, said: said
        self._agent = ("127.0.0.1", agent_port)
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listener.bind(("127.0.0.1", 0))
        self._over, self._end = socket.socketpair()
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._carry)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._thread.join()
        self._listener.close()
        self._over.close()

    def _carry(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.settimeout(1)
            while self._listener in select.select([self._listener, self._over], [], [])[0]:
                request, manager = self._listener.recvfrom(65535)
                self.heard.append(request)
                wire.sendto(request, self._agent)
                with suppress(TimeoutError):
                    answer = self.answer(request, wire.recv(65535))
                    if answer is not None:
                        self._listener.sendto(answer, manager)


def unknown_user(request: bytes) -> bytes:
    """Return the report, which nobody authenticates, that the user of an SNMPv3 request is none."""
    _, header, parameters, *_ = elements(next(elements(request)))
    message_id = tlv(0x02, next(elements(header)))
    engine, boots, uptime, *_ = elements(next(elements(parameters)))
    security = octets(engine) + tlv(0x02, boots) + tlv(0x02, uptime) + octets(b"") * 3
    counter = varbind(dotted("1.3.6.1.6.3.15.1.1.3.0"), tlv(0x41, b"\x01"))
    report = tlv(REPORT, integer(0) * 3 + tlv(0x30, counter))
    return tlv(
        0x30,
        integer(3)
        + tlv(0x30, message_id + integer(65507) + octets(b"\x00") + integer(3))
        + octets(tlv(0x30, security))
        + tlv(0x30, octets(engine) + octets(b"") + report),
    )
