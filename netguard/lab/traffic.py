"""What live hosts send by themselves: a word to the gateway now and then, or endless ARP Probes."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Mapping
from concurrent.futures import Executor

from netguard.lab.topology import Host
from netguard.lab.wiring import Network

_TICK = 0.15  # seconds
_SECOND = 7  # ticks, about
_CHATTER = 20 * _SECOND  # between two words; keeps the switches' and the router's tables filled
_DISCARD = 9


async def keep_talking(network: Network, kernel: Executor) -> None:
    """Send it all, until cancelled. `kernel` is the one thread that may touch the network."""
    talkers = {host.name: network.udp(host.name) for host in network.hosts.values() if host.gateway}
    with contextlib.ExitStack() as closing:
        for sock in talkers.values():
            closing.enter_context(sock)
        for tick in range(sys.maxsize):
            if tick % _CHATTER == 0:
                _say_a_word(talkers, network.hosts)
            await asyncio.get_running_loop().run_in_executor(kernel, _repeat, network, tick)
            await asyncio.sleep(_TICK)


def _say_a_word(talkers: Mapping[str, socket.socket], hosts: Mapping[str, Host]) -> None:
    for name, sock in talkers.items():
        with contextlib.suppress(OSError):  # no route while its link is down
            sock.sendto(b"", (str(hosts[name].gateway), _DISCARD))


def _repeat(network: Network, tick: int) -> None:
    due = [turns[0] for turns in network.in_turn.values()]
    for turns in network.in_turn.values():
        turns.rotate()
    if tick % _SECOND == 0:
        due += [(end, frame) for end, frames in network.repeated.items() for frame in frames]
    for end, frame in due:
        with contextlib.suppress(OSError):  # its link is down
            network.send(end, frame)
