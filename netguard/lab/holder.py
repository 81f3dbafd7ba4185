"""The one process that owns a lab: when it ends, by whatever means, the kernel removes the network.

`control.up` starts it as `python -m netguard.lab.holder DIRECTORY`, with the directory's lock as
file 3. It says in one line on stdout that the lab is up, or why not. It ends when told to, on a
signal, and when its stdin closes before anything was read from it: a lab does not outlive who
asked for it unless they say so.
"""

import asyncio
import contextlib
import os
import signal
import string
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import msgspec
from pyroute2.netlink.exceptions import NetlinkError

from netguard.errors import NetguardError
from netguard.lab import namespaces, state
from netguard.lab.agent import WRITE, answers
from netguard.lab.devices import Devices, start_agents
from netguard.lab.notifications import Notifications
from netguard.lab.report import Reply
from netguard.lab.service import Service
from netguard.lab.topology import AGENTS, CABLES, HOSTS, STATION
from netguard.lab.traffic import keep_talking
from netguard.lab.wiring import Network

_PATIENCE = 5.0  # seconds for programs inside to end


def main() -> None:
    """Hold a lab until it is over, and leave nothing."""
    directory = Path(sys.argv[1])
    try:
        be_allowed_namespaces()
        asyncio.run(_hold(directory))
    except NetguardError as error:
        _say(Reply(error=error.message, remedy=error.remedy))
    state.remove(directory)  # a crash leaves it, for its log; the next command cleans it


def be_allowed_namespaces() -> None:
    """Make sure that this process may make network namespaces, as root of its own if need be."""
    try:
        os.close(namespaces.create())
    except PermissionError:
        try:
            namespaces.become_root_in_user_namespace()
        except OSError as error:
            raise NetguardError(
                f"this user may not make network namespaces, nor a user namespace: {error}",
                remedy=(
                    "Run it as root, or allow user namespaces: sysctl -w"
                    " user.max_user_namespaces=10000 (Debian: kernel.unprivileged_userns_clone=1,"
                    " Ubuntu: kernel.apparmor_restrict_unprivileged_userns=0)."
                ),
            ) from error


def _say(reply: Reply) -> None:
    """Write the one line that `up` waits for, and let go of the pipe."""
    with contextlib.suppress(BrokenPipeError):  # who asked is gone: this will end, and tidy up
        os.write(sys.stdout.fileno(), msgspec.json.encode(reply) + b"\n")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


async def _hold(directory: Path) -> None:
    ended = asyncio.Event()
    _end_on_signals(ended)
    _end_with_owner(ended)
    with ThreadPoolExecutor(1, "kernel") as kernel:
        async with _network(kernel) as network, _agents(network, kernel):
            _write_files(directory)
            service = Service(directory, network, kernel)
            server = await service.listen(directory / state.CONTROL)
            talking = asyncio.create_task(keep_talking(network, kernel))
            _say(Reply())
            await asyncio.wait(
                {talking, asyncio.create_task(ended.wait())}, return_when="FIRST_COMPLETED"
            )
            server.close()
            talking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await talking


def _end_on_signals(ended: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)


def _end_with_owner(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if not os.read(0, 1):
            ended.set()
        loop.remove_reader(0)

    loop.add_reader(0, heard)


@contextlib.asynccontextmanager
async def _network(kernel: Executor) -> AsyncIterator[Network]:
    loop = asyncio.get_running_loop()
    try:
        network = await loop.run_in_executor(kernel, Network, HOSTS, CABLES)
    except (NetlinkError, OSError) as error:
        raise NetguardError(
            f"the kernel would not make the network: {error}",
            remedy="It is made of veth, bridge and macvlan: modprobe -a veth bridge macvlan.",
        ) from error
    try:
        yield network
    finally:
        end_programs_inside(network.files.values())
        await loop.run_in_executor(kernel, network.close)


@contextlib.asynccontextmanager
async def _agents(network: Network, kernel: Executor) -> AsyncIterator[None]:
    devices = Devices(network, kernel)
    agents, notifications = start_agents(network, devices), Notifications(network, devices)
    following = asyncio.create_task(notifications.follow_neighbours())
    try:
        for name, address in AGENTS.items():
            with network.udp(STATION) as sock:
                if not await answers(sock, address):
                    raise NetguardError(f"the SNMP agent of {name} does not answer")
        yield
    finally:
        following.cancel()
        notifications.close()
        for agent in agents:
            agent.close()


def end_programs_inside(files: Iterable[int]) -> None:
    """End the programs that still run inside these namespaces, and see them end if they do so soon.

    They are hung up on, as by a closed terminal; to a daemon that means something else, so it is
    asked to end as well.
    """
    ours = {os.fstat(fd).st_ino for fd in files}
    for process in _inside(ours):
        with contextlib.suppress(OSError):  # it is gone
            os.kill(process, signal.SIGHUP)
            os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while any(_inside(ours)) and time.monotonic() < deadline:
        time.sleep(0.02)


def _inside(ours: set[int]) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it is gone, or not ours to look at
            if (process / "ns/net").stat().st_ino in ours:
                yield int(process.name)


def _write_files(directory: Path) -> None:
    """Write the configuration and the write community, readable by this user alone."""
    template = resources.files("netguard.lab").joinpath(state.CONFIG).read_text("utf-8")
    texts = {
        state.CONFIG: string.Template(template).substitute(directory=directory),
        state.WRITE_COMMUNITY: WRITE,
    }
    for name, text in texts.items():
        path = directory / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
