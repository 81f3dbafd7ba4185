"""What becomes of a probe in a `World`: who answers it, from how far away, and how late."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from probes.records import IPAddress, Probe, ReplyKind
from tests.netguard.forwarding.world import (
    EDGE_MAC,
    NEIGHBOUR_MAC,
    SERVER_MAC,
    Lie,
    Talk,
    World,
    edge,
    inner,
    neighbour,
    router,
)

ARP_GIVES_UP = 3.06
BURST = 6.0
_NO_ROUTE, _NOBODY, _PORT, _PROHIBITED = {4: 0, 6: 0}, {4: 1, 6: 3}, {4: 3, 6: 4}, {4: 13, 6: 1}
_STRANGER = 77
_NEVER_THERE = frozenset({"neighbour", "vacant", "unrouted", "astray", "router"})


class Said(NamedTuple):
    """An answer: who sends it, from how many hops away, and how many seconds later."""

    kind: ReplyKind
    source: IPAddress
    hops: int
    mac: str
    after: float = 0.0
    code: int = 0
    mtu: int | None = None


class Fates:
    """Tells the fate of each probe in one world; `clock` gives the time for who counts words."""

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self._world = world
        self._clock = clock
        self._tokens: dict[tuple[object, ...], tuple[float, float]] = {}
        self._chance = random.Random(world.seed)  # noqa: S311 - to be repeated, not to be secret

    def of(self, probe: Probe) -> Iterator[Said]:
        """Yield what is said about a probe."""
        world, end = self._world, self._world.end(probe.target)
        way = world.way(probe.target)
        left = probe.ttl - len(way)
        if end == "astray" and way and left >= 0:
            yield Said("time-exceeded", router(probe.target.version, 60 + left % 2), 9, EDGE_MAC)
        elif left < 0:
            yield from self._router(probe, way[probe.ttl - 1], probe.ttl, world.core)
        elif way and end in _NEVER_THERE and (left or end in {"router", "unrouted"}):
            yield from self._from_edge(probe, len(way))
        elif left == 0:
            yield from self._router(probe, way[-1], len(way), world.edge)
        else:
            yield from self._at_server(probe, left, len(way) + 1)

    def _router(self, probe: Probe, who: IPAddress, hops: int, talk: Talk) -> Iterator[Said]:
        if self._talks(talk, who, probe):
            yield Said("time-exceeded", who, hops, EDGE_MAC)

    def _from_edge(self, probe: Probe, hops: int) -> Iterator[Said]:
        """Tell what the edge does with what it does not give to the server."""
        target, version = probe.target, probe.target.version
        end, who = self._world.end(target), edge(version)
        if end == "router":
            yield from self._ends(probe, hops, EDGE_MAC)
        elif end == "neighbour":
            yield from self._ends(probe, hops + 1, NEIGHBOUR_MAC)
        elif end in {"unrouted", "vacant"} and self._talks(self._world.edge, who, probe):
            late, code = (ARP_GIVES_UP, _NOBODY) if end == "vacant" else (0.0, _NO_ROUTE)
            yield Said("unreachable", who, hops, EDGE_MAC, late, code[version])

    def _ends(self, probe: Probe, hops: int, mac: str, after: float = 0.0) -> Iterator[Said]:
        target = probe.target
        if probe.method == "icmp":
            yield Said("echo-reply", target, hops, mac, after)
        elif not self._world.policy.hushed and self._talks("rationed", target, probe):
            code = _PORT[target.version]
            yield Said("port-unreachable", target, hops, mac, after, code)

    def _at_server(self, probe: Probe, left: int, hops: int) -> Iterator[Said]:
        policy, end = self._world.policy, self._world.end(probe.target)
        if end == "bound":
            yield from self._ends(probe, hops, SERVER_MAC)
        elif not policy.routes or (end == "dropped" and not policy.filtered):
            return
        elif end == "refused" and not policy.filtered:  # no route is looked up before the hop limit
            yield from self._refusal(probe, _NO_ROUTE, hops)
        elif policy.feigns and probe.method == "icmp" and end in {"live", "dead"}:
            yield from self._ends(probe, hops, SERVER_MAC)
        elif policy.decrements and left == 1:
            if "echo-at-the-door" in policy.lies and probe.method == "icmp" and end == "live":
                yield from self._ends(probe, hops, SERVER_MAC)
            yield from self._exceeded(probe, hops)
        elif not policy.filtered:  # whose time exceeded comes before the filter
            yield from self._passed_on(probe, left - policy.decrements, hops)

    def _exceeded(self, probe: Probe, hops: int) -> Iterator[Said]:
        who = self._world.voice(probe.target.version)
        if self._talks(self._world.policy.exceeded, who, probe):
            named = probe.target if self._world.policy.translates else who
            yield from self._lied(probe, Said("time-exceeded", named, hops, SERVER_MAC))

    def _passed_on(self, probe: Probe, left: int, hops: int) -> Iterator[Said]:
        """Tell what becomes of a packet that has left the server with so many hops to go."""
        end = self._world.end(probe.target)
        if end in _NEVER_THERE:
            yield from self._out_again(probe, left, hops)
        elif end == "loop":
            yield from self._round(probe, left, hops)
        elif end in {"live", "dead"}:
            yield from self._behind(probe, left, hops)

    def _out_again(self, probe: Probe, left: int, hops: int) -> Iterator[Said]:
        """Tell what becomes of what only reached the server because its frame was sent there."""
        if left == 1:
            yield from self._router(probe, edge(probe.target.version), hops + 1, self._world.edge)
        elif left:
            yield from self._from_edge(probe, hops + 1)

    def _round(self, probe: Probe, left: int, hops: int) -> Iterator[Said]:
        """Tell who of server and edge has it when its hop limit is spent."""
        each = 1 + self._world.policy.decrements
        if left % each == 1 % each:
            yield from self._router(probe, edge(probe.target.version), hops - 1, self._world.edge)
        else:
            yield from self._exceeded(probe, hops)

    def _refusal(
        self, probe: Probe, code: dict[int, int], hops: int, after: float = 0.0
    ) -> Iterator[Said]:
        version = probe.target.version
        who = self._world.voice(version)
        if self._talks(self._world.policy.exceeded, who, probe):
            said = Said("unreachable", who, hops, SERVER_MAC, after, code[version])
            yield from self._lied(probe, said)

    def _behind(self, probe: Probe, left: int, hops: int) -> Iterator[Said]:
        policy, version = self._world.policy, probe.target.version
        if probe.large and policy.mtu is not None:
            who, code = self._world.voice(version), 4 if version == 4 else 0
            yield Said("fragmentation-needed", who, hops, SERVER_MAC, code=code, mtu=policy.mtu)
        elif policy.inner and left == 1:
            yield Said("time-exceeded", inner(version), hops + 1, SERVER_MAC, policy.far)
        elif self._world.end(probe.target) == "live":
            further = policy.decrements + policy.inner
            yield from self._ends(probe, hops + further, SERVER_MAC, policy.far)
        elif policy.ethernet and not policy.inner:
            yield from self._refusal(probe, _NOBODY, hops, ARP_GIVES_UP)

    def _lied(self, probe: Probe, truth: Said) -> Iterator[Said]:
        """Yield what the server says instead, if it lies."""
        version, lies = probe.target.version, self._world.policy.lies
        if "redirects" in lies:
            for number in range(5):
                yield truth._replace(kind="redirect", source=router(version, 100 + number), code=1)
        chosen = self._chance.choice(sorted(lies - {"redirects", "echo-at-the-door"}) or [None])
        yield truth if chosen is None else _lie(chosen, truth, probe)

    def _talks(self, talk: Talk, who: IPAddress, probe: Probe) -> bool:
        """Tell whether somebody has a word left for the asker; it is spent."""
        if talk != "rationed":
            return talk == "talks"
        now, key = self._clock(), (who, probe.source)
        tokens, last = self._tokens.get(key, (BURST, now))
        tokens = min(BURST, tokens + now - last)
        self._tokens[key] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1


def _lie(lie: Lie, truth: Said, probe: Probe) -> Said:
    version = probe.target.version
    what, name = lie.split("-by-")
    who = {
        "edge": edge(version),
        "neighbour": neighbour(version),
        "stranger": router(version, _STRANGER),
        "target": probe.target,
    }[name]
    if what == "exceeded":
        return truth._replace(source=who)
    codes = {"no-route": _NO_ROUTE, "nobody-there": _NOBODY, "prohibited": _PROHIBITED}
    return truth._replace(kind="unreachable", source=who, code=codes[what][version])
