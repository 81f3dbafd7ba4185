"""Probes sent by another host's own `ping` and `traceroute`, started through its shell.

Nothing is installed there. Each ping is a process with an identifier of its own, lest it takes
another's reply for its own; so the flow is not constant, but balancers hash addresses, and few of
them what is inside ICMP.
"""

import asyncio
import itertools
import shlex
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from types import TracebackType
from typing import NamedTuple, Self

from probes.errors import ProbeError
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.shell_words import complaint, ping_replies, traceroute_replies

Run = Callable[[str], Awaitable[str]]
"""Runs a script in a POSIX shell and returns what it printed; raises ProbeError."""

_BATCH = 64  # processes at a time on a host that does other things
_AT_ONCE = 4  # scripts; an OpenSSH server allows ten on one connection
_MOST = 1 << 18  # characters of output that are looked at
_LINES = 64  # of one tool that are looked at
_LAST = 100  # characters of what came instead of an end
_HEADERS = {4: 28, 6: 48}  # octets of IP and ICMP around what a ping carries
_LOOPBACK = IPv4Address("127.0.0.1")
_WIDE = 64
_IDENTS = 65535

_HEAD = """\
LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
export LC_ALL PATH
try() { n=$1; shift; "$@" 2>&1 </dev/null | sed "s/^/$n /" & }
"""
_TAIL = "wait\necho end\n"


class _Tool(NamedTuple):
    """A way to send one probe: a command, how to read what it prints, and how long it takes."""

    command: str
    replies: Callable[[Probe, Iterable[str]], Iterator[HopReply]]
    patience: float = 1.5
    versions: tuple[int, ...] = (4, 6)  # of IP in which it keeps to the hop limit

    def line(self, probe: Probe, number: int) -> str:
        """Return the command for the wire's Nth probe; what is not a number is quoted."""
        version = probe.target.version
        size = 1500 - _HEADERS[version] if probe.large else 56
        return self.command.format(
            family="-6" if version == 6 else "",  # noqa: PLR2004 - IPv6
            ttl=int(probe.ttl),
            next=int(probe.ttl) + 1,
            size=size,
            ident=number % _IDENTS + 1,
            target=shlex.quote(str(probe.target)),
        )


# iputils. Where it has `-M probe`, it does not refuse what an earlier answer said is too large;
# where it has no `-e`, its identifiers are random, and two may be the same.
_ECHO = "ping {family} -n -c1 -W1 -s {size} -t {ttl} {target}"
_PING = _Tool(f"{_ECHO} -M probe -e {{ident}}", ping_replies)
_OLDER_PING = _Tool(f"{_ECHO} -M do -e {{ident}}", ping_replies)
_OLD_PING = _Tool(f"{_ECHO} -M do", ping_replies)
# BSD. In its ping `-t` is a time, and `-W` milliseconds.
_BSD_PING = _Tool("ping -n -c1 -W1000 -m {ttl} {target}", ping_replies, versions=(4,))
# busybox. It tells of echo replies only, and on IPv6 takes no notice of `-t`.
_SMALL_PING = _Tool("ping -c1 -W1 -t {ttl} {target}", ping_replies, versions=(4,))
# The usual one of Linux, which has `-N`. That of busybox takes the replies to others for its own,
# and fragments in spite of `-F`.
_TRACE = "traceroute {family} -n -q1 -w1 -N2 -f {ttl} -m {next}"
_TRACEROUTE = _Tool(f"{_TRACE} -I {{target}}", traceroute_replies, 2.5)
_LARGE_TRACEROUTE = _Tool(f"{_TRACE} -I -F {{target}} 1500", traceroute_replies, 2.5)
_UDP_TRACEROUTE = _Tool(f"{_TRACE} {{target}}", traceroute_replies, 2.5)
_LARGE_UDP_TRACEROUTE = _Tool(f"{_TRACE} -F {{target}} 1500", traceroute_replies, 2.5)

# For each kind of probe, as (method, large), what can send it: the best first.
_CHOICES: Mapping[tuple[Method, bool], tuple[_Tool, ...]] = {
    ("icmp", False): (_PING, _OLDER_PING, _OLD_PING, _TRACEROUTE, _BSD_PING, _SMALL_PING),
    ("icmp", True): (_PING, _LARGE_TRACEROUTE, _OLDER_PING, _OLD_PING),
    ("udp", False): (_UDP_TRACEROUTE,),
    ("udp", True): (_LARGE_UDP_TRACEROUTE,),
}


class ShellWire:
    """A Wire over any host on which `run` runs a shell script; `subject` is that host's name.

    What the host has is found out on entering; raises ProbeError (`no-tools`) where nothing there
    can send an echo request with a chosen hop limit. What fails later is raised by the next call.
    """

    sources: tuple[IPAddress, ...] = ()
    batch = _BATCH
    dropped = 0

    def __init__(self, subject: str, run: Run) -> None:
        self.methods: frozenset[Method] = frozenset()
        self.patience = _PING.patience
        self.unroutable: dict[IPAddress, str] = {}
        self._subject = subject
        self._run = run
        self._tools: dict[tuple[Method, bool], _Tool] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._replies: list[HopReply] = []
        self._failure: Exception | None = None
        self._counter = itertools.count()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._tools = await self._found()
        self.methods = frozenset(method for method, _ in self._tools)
        self.patience = max(tool.patience for tool in self._tools.values())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send(self, probes: Sequence[Probe]) -> None:
        """Start the probes once there is room; a large one that no tool can send has no answer."""
        await self._room.acquire()
        if self._failure is not None:
            self._room.release()
            raise self._failure
        task = asyncio.create_task(self._ask(probes))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def receive(self, seconds: float) -> Sequence[HopReply]:
        """Return the replies that have come, waiting at most so long for the first."""
        if not self._replies and self._failure is None:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), seconds)
        replies, self._replies = self._replies, []
        if not replies and self._failure is not None:
            raise self._failure
        return replies

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _ask(self, probes: Sequence[Probe]) -> None:
        try:
            replies = await self._asked(probes)
            self._replies += replies
        except Exception as error:  # noqa: BLE001 - the next call raises it
            self._failure = error
        if self._replies or self._failure is not None:
            self._news.set()

    async def _asked(self, probes: Sequence[Probe]) -> list[HopReply]:
        asked = [(tool, probe) for probe in probes if (tool := self._tool(probe)) is not None]
        if not asked:
            return []
        replies: list[HopReply] = []
        for (tool, probe), lines in zip(asked, await self._say(asked), strict=True):
            heard = list(tool.replies(probe, lines))
            why = complaint(lines)
            if why and not heard:  # silence would be taken for the target's own
                self.unroutable[probe.target] = why
            replies += heard
        return replies

    def _tool(self, probe: Probe) -> _Tool | None:
        """Return what can send the probe; where nothing can, only a large one may go unasked."""
        usual = self._tools.get((probe.method, False))
        if usual is None or probe.target.version not in usual.versions:
            self.unroutable[probe.target] = f"no tool there can ask it by {probe.method}"
            return None
        return self._tools.get((probe.method, probe.large))

    async def _say(self, asked: Sequence[tuple[_Tool, Probe]]) -> Iterator[Sequence[str]]:
        """Run all the tools at once and return the lines that each printed."""
        lines = (tool.line(probe, next(self._counter)) for tool, probe in asked)
        tries = "".join(f"try {number} {line}\n" for number, line in enumerate(lines))
        output = (await self._run(f"{_HEAD}{tries}{_TAIL}"))[:_MOST]
        if not output.endswith("end\n"):
            last = "".join(c for c in output[-_LAST:].strip() if c.isprintable())
            raise ProbeError(
                self._subject,
                f"its shell did not run what was asked to the end{f': {last}' if last else ''}",
                kind="vantage-unreachable",
                remedy="Look whether this user has a shell there, and room for 64 processes.",
            )
        said = _by_number(output)
        return (said.get(number, ()) for number in range(len(asked)))

    async def _found(self) -> dict[tuple[Method, bool], _Tool]:
        """Return what works on that host: every tool is tried on its own loopback address."""
        keys = [(key, tool) for key, tools in _CHOICES.items() for tool in tools]
        asked = [
            (tool, Probe(target=_LOOPBACK, ttl=_WIDE, method=key[0], large=key[1]))
            for key, tool in keys
        ]
        found: dict[tuple[Method, bool], _Tool] = {}
        why = ""
        for (key, _), (tool, probe), lines in zip(keys, asked, await self._say(asked), strict=True):
            if any(reply.source == _LOOPBACK for reply in tool.replies(probe, lines)):
                found.setdefault(key, tool)
            why = complaint(lines) if tool is _OLD_PING else why
        if ("icmp", False) not in found:
            raise self._no_tools(why)
        return found

    def _no_tools(self, why: str) -> ProbeError:
        return ProbeError(
            self._subject,
            f"neither ping nor traceroute works there{f': {why}' if why else ''}",
            kind="no-tools",
            remedy=(
                "Install iputils-ping (Debian, Ubuntu) or iputils (Red Hat, SUSE, Alpine) there,"
                " and let this user run it."
            ),
        )


def _by_number(output: str) -> Mapping[int, Sequence[str]]:
    """Return the lines of each command; what bears no number is some greeting's."""
    said: dict[int, list[str]] = {}
    for line in output.splitlines():
        number, _, text = line.partition(" ")
        if number.isascii() and number.isdigit() and len(number) <= 3:  # noqa: PLR2004 - enough
            lines = said.setdefault(int(number), [])
            if len(lines) < _LINES:
                lines.append(text)
    return said
