"""A server in a namespace of its own: where it stands, and what its real daemons are."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from time import monotonic, sleep

from pyroute2 import IPRoute

from netguard.lab import namespaces
from probes.records import Table
from probes.vpn import VpnPort, vpn_ports

Fake = AbstractAsyncContextManager[object]
Said = set[tuple[str, str, int]]

_PATIENCE = 20.0


class Place:
    """A namespace with nothing but its loopback, where servers are started and asked."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def ask(self, *fakes: Fake, address: str = "127.0.0.1", timeout: float = 5.0) -> Table[VpnPort]:
        """Ask an address, while the fakes stand there too; nothing may go wrong unnoticed."""
        wrong: list[str] = []

        async def asked() -> Table[VpnPort]:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: wrong.append(str(context)))
            async with AsyncExitStack() as stack:
                for fake in fakes:
                    await stack.enter_async_context(fake)
                return await vpn_ports(ip_address(address), timeout=timeout)

        with namespaces.entered(self.fd):
            table = asyncio.run(asked())
        assert not wrong
        return table

    @contextmanager
    def daemon(
        self, command: list[str], *listening: tuple[str, int], log: Path, **variables: str
    ) -> Iterator[None]:
        """Run a program until the end of the `with`, which begins when it listens."""
        with log.open("w") as output, namespaces.entered(self.fd):
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **variables},
            )
        try:
            eventually(lambda: set(listening) <= self.ports(), log)
            yield
        finally:
            process.kill()
            process.wait()

    def ports(self) -> set[tuple[str, int]]:
        """Return the transport and number of all ports that are bound."""
        with namespaces.entered(self.fd):
            tables = {
                name: Path("/proc/thread-self/net", name).read_text().splitlines()[1:]
                for name in ("tcp", "tcp6", "udp", "udp6")
            }
        return {
            (name[:3], int(line.split()[1].rpartition(":")[2], 16))
            for name, lines in tables.items()
            for line in lines
            if name.startswith("udp") or line.split()[3] == "0A"
        }

    def run(self, *command: str, **variables: str) -> str:
        environment = {**os.environ, **variables}
        with namespaces.entered(self.fd):
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, env=environment
            )
        return done.stdout


@contextmanager
def place() -> Iterator[Place]:
    fd = namespaces.create()
    try:
        with namespaces.entered(fd), IPRoute() as ip:
            ip.link("set", index=1, state="up")
        yield Place(fd)
    finally:
        os.close(fd)


def eventually(condition: Callable[[], bool], log: Path) -> None:
    end = monotonic() + _PATIENCE
    while not condition():
        assert monotonic() < end, log.read_text()
        sleep(0.02)


def said(table: Table[VpnPort]) -> Said:
    return {(row.protocol, row.transport, row.port) for row in table.rows}


def details(table: Table[VpnPort]) -> Mapping[tuple[str, int], str]:
    return {(row.protocol, row.port): row.detail for row in table.rows}
