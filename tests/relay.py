"""A wire to a real SNMP agent that lies as told: it swallows, forges and rewrites what passes."""

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, Self

from netguard.lab import enter, namespaces
from netguard.lab.control import Lab
from tests.snmp_agent import NO_ERROR, SET, Oid, Request, parse, response, varbind

Address = tuple[str, int]
PATIENCE = 1.0  # seconds; the agents answer within milliseconds, or never


class Question(NamedTuple):
    """A request on its way. `forward` puts it to the agent; `ordered`: a SET came before it."""

    request: Request
    forward: Callable[[], bytes]
    ordered: bool


Manner = Callable[[Question], bytes | None]


def honest(question: Question) -> bytes:
    return question.forward()


class Relay:
    """Stands before the agent, in the network namespace of whoever makes it; v1 and v2c only.

    `manner` returns what the manager hears. `orders` are the SETs that the manager has sent.
    """

    def __init__(self, agent: Address, listen: str) -> None:
        self.manner: Manner = honest
        self.orders: list[Request] = []
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listener.bind((listen, 0))
        self._wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._wire.connect(agent)
        self._wire.settimeout(PATIENCE)
        self._over, self._end = socket.socketpair()
        self.address = f"{listen}:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._carry)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._thread.join()
        for one in (self._listener, self._wire, self._over):
            one.close()

    def _carry(self) -> None:
        while self._listener in select.select([self._listener, self._over], [], [])[0]:
            datagram, manager = self._listener.recvfrom(65535)
            with suppress(TimeoutError):
                answer = self._answer(datagram)
                if answer is not None:
                    self._listener.sendto(answer, manager)

    def _answer(self, datagram: bytes) -> bytes | None:
        def forward() -> bytes:
            self._wire.send(datagram)
            return self._wire.recv(65535)

        request = parse(datagram)
        question = Question(request, forward, ordered=bool(self.orders))
        if request.pdu == SET:
            self.orders.append(request)
        return self.manner(question)


@contextmanager
def relay(lab: Lab, host: str, agent: Address, listen: str) -> Iterator[Relay]:
    """Put a relay on a host of the practice network."""
    user, network = enter._namespaces(lab.directory, host)
    try:
        with namespaces.entered(network):
            wire = Relay(agent, listen)
    finally:
        os.close(user)
        os.close(network)
    with wire:
        yield wire


def echo(request: Request, *, error: int = NO_ERROR) -> bytes:
    """Answer an order as an agent does that has carried it out, or failed with this error."""
    pairs = [varbind(o, v) for o, v in zip(request.oids, request.values, strict=True)]
    return response(request, pairs, error=error, index=int(error != NO_ERROR))


def rewritten(said: bytes, column: Oid, value: bytes) -> bytes:
    """Put another value into every row of a column that an answer without an error has."""
    answer = parse(said)
    rows = zip(answer.oids, answer.values, strict=True)
    return response(answer, [varbind(o, value if o[:-1] == column else v) for o, v in rows])
