"""Answers the control socket: one line asked, one line answered, one request a connection."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

import msgspec
from pyroute2.netlink.exceptions import NetlinkError

from netguard.errors import NetguardError
from netguard.lab import state
from netguard.lab.faces import port_name
from netguard.lab.faults import Faults
from netguard.lab.live import Snapshot
from netguard.lab.report import HostStatus, InterfaceStatus, Reply, Request, Status
from netguard.lab.topology import Host
from netguard.lab.wiring import Network

ResultT = TypeVar("ResultT")


class Service:
    """What can be asked of the network. `kernel` is the one thread that may touch it."""

    def __init__(self, directory: Path, network: Network, kernel: Executor) -> None:
        self._config = str(directory / state.CONFIG)
        self._network = network
        self._kernel = kernel
        self._faults = Faults(network)

    async def listen(self, path: Path) -> asyncio.Server:
        """Open the control socket; only this user can reach the directory it lies in."""
        with state.short_path(path) as short:
            return await asyncio.start_unix_server(self._serve, short)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            try:
                request = msgspec.json.decode(await reader.readline(), type=Request)
                reply = await self._answer(request)
            except NetguardError as error:
                request, reply = None, Reply(error=error.message, remedy=error.remedy)
            except (NetlinkError, OSError) as error:
                remedy = "`netguard lab status` shows what is; `netguard lab mend` undoes it."
                request, reply = None, Reply(error=f"the kernel refused: {error}", remedy=remedy)
            except msgspec.DecodeError as error:
                request, reply = None, Reply(error=f"not a request: {error}")
            if request and request.do == "enter":
                self._pass_namespaces(writer, str(request.name))
            writer.write(msgspec.json.encode(reply) + b"\n")
            await writer.drain()

    async def _answer(self, request: Request) -> Reply:
        mended: tuple[str, ...] = ()
        match request.do:
            case "enter":
                return self._known_host(str(request.name))
            case "break":
                await self._in_kernel(self._faults.break_, str(request.name))
            case "mend":
                mended = tuple(await self._in_kernel(self._faults.mend, request.name))
        # Apart from the deed: the agents may want to look at the kernel in between.
        return Reply(status=await self._in_kernel(self._status), mended=mended)

    async def _in_kernel(self, work: Callable[..., ResultT], *arguments: object) -> ResultT:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._kernel, work, *arguments)

    def _known_host(self, name: str) -> Reply:
        hosts = [host.name for host in self._network.hosts.values() if host.role != "wire"]
        if name not in hosts:
            raise NetguardError(
                f"{name} is no host of the lab", remedy=f"Its hosts are {', '.join(hosts)}."
            )
        return Reply()

    def _pass_namespaces(self, writer: asyncio.StreamWriter, host: str) -> None:
        user = os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with writer.get_extra_info("socket").dup() as sock:
                socket.send_fds(sock, [b"\n"], [user, self._network.files[host]])
        finally:
            os.close(user)

    def _status(self) -> Status:
        return Status(
            pid=os.getpid(),
            config=self._config,
            hosts=tuple(
                host_status(host, self._network.look(host.name))
                for host in self._network.hosts.values()
                if host.role != "wire"
            ),
            broken=tuple(self._faults.names),
        )


def host_status(host: Host, seen: Snapshot) -> HostStatus:
    """Say what a host is and has, in the words of the devices that it hangs on."""
    return HostStatus(
        name=host.name,
        role=host.role,
        interfaces=tuple(
            InterfaceStatus(
                name=port_name(host.name, link.name),
                mac=link.mac,
                addresses=tuple(str(own) for index, own in seen.addresses if index == link.index),
                up=link.admin_up and link.carrier,
                wire=_wire(link.alias),
            )
            for link in seen.links
        ),
    )


def _wire(alias: str) -> str | None:
    other, _, interface = alias.partition(" ")
    return f"{other} {port_name(other, interface)}" if interface else None
